# SPDX-License-Identifier: MIT
"""Who may read snapshots: --group."""
import grp
import os
import stat

from harness import check, equal, view

GROUP = "daemon"
GID = grp.getgrnam(GROUP).gr_gid


def mode_of(path):
    st = os.stat(path)
    return st.st_gid, oct(stat.S_IMODE(st.st_mode))


def test_group_may_read(t):
    """Also what the next collector writes for one that was killed."""
    collector = t.collect("--group", GROUP, "--on", "exit", "--", t.app("trade"), 1, 10).end()
    path = collector.only_file()
    equal(mode_of(t.out), (GID, "0o750"), "directory")
    equal(mode_of(path), (GID, "0o640"), "file")
    check(view("--head", "1", path), "it can be read")
    app, killed = t.start_recorded(t.app("crash"), "--wait", 1, 10)
    app.say()
    app.out.wait("ready")
    killed.signal(9)
    killed.wait()
    os.chmod(t.out, 0o755)
    t.collect("--group", GROUP, "--", "/bin/true").end()
    equal(mode_of(t.out), (GID, "0o750"), "directory")
    (recovered,) = [name for name in os.listdir(t.out) if "recovered" in name]
    equal(mode_of(os.path.join(t.out, recovered)), (GID, "0o640"), "recovered file")


def test_group_that_cannot_be(t):
    collector = t.collect("--group", "no-such-group", "--", "/bin/true").end(2)
    check("--group: there is no group 'no-such-group' here" in collector.err.text(),
          collector.err.text())
    os.mkdir(t.out)
    os.chmod(t.out, 0o777)
    collector = t.collect("--group", GROUP, "--", "/bin/touch", t.path("started")).end(125)
    check(f"can't give {t.out} to the group of --group: Operation not permitted (it must belong"
          in collector.err.text(), collector.err.text())
    equal(mode_of(t.out)[1], "0o777", "its mode")
    check(not os.path.exists(t.path("started")), "the command has not run")
