# SPDX-License-Identifier: MIT
"""Tags of a collector are in what it writes: --tag."""
from harness import check, equal


def test_tag(t):
    collector = t.collect("--tag", "env=prod", "--tag", "rack=7", "--tag", "env=test", "--on", "exit",
                          "--", t.app("trade"), 1, 10).end()
    equal(t.only_snapshot().info["tags"], {"env": "test", "rack": "7"}, "tags")
    check(collector.only_file(), "file")
    app, killed = t.start_recorded(t.app("crash"), "--wait", 1, 10)
    app.say()
    app.out.wait("ready")
    killed.signal(9)
    killed.wait()
    t.collect("--tag", "env=later", "--", "/bin/true").end()
    (recovered,) = [one for one in t.snapshots() if one.info["reason"] == "recovered"]
    equal(recovered.info["tags"], {"env": "later"}, "tags of the collector that writes it")


def test_tag_that_cannot_be(t):
    for text, word in (("env", "KEY=VALUE"), ("1=2", "KEY=VALUE"), ("a=" + "v" * 257, "256"), ("a=\n", "control")):
        collector = t.collect("--tag", text, "--", "/bin/true").end(2)
        check("--tag: " in collector.err.text() and word in collector.err.text(), collector.err.text())
