#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Header fields that not every file has: view_info.py TTLOG-VIEW. Run from the top of the tree."""
import json
import os
import re
import sys
import tempfile

sys.path.insert(0, "tests")
sys.dont_write_bytecode = True

import make_snapshot as make  # noqa: E402
from view_harness import run, view  # noqa: E402

FOLDER = tempfile.TemporaryDirectory(prefix="ttlog-info-")


def header_file(**more):
    header = {"clock": {"mono_ns": make.MONO, "real_ns": make.REAL}, "pid": 7, "host": "h", "comm": "pool", **more}
    snapshot = make.Snapshot(header, [make.site("event", "INFO", "tick", "Tick", 1, [("n", "u64")])],
                             [{"pid": 7, "tid": 7, "comm": "pool"}], {0: [make.array("Q")]})  # fmt: skip
    snapshot.chunk([(make.MONO + i, 0, 0, [i]) for i in range(3)])
    snapshot.end()
    return snapshot.save(os.path.join(FOLDER.name, "header.bin"))


def left_out(value):
    """The line of --info, without its label; None: there is none."""
    lines = [line for line in view("--info", header_file(left_out=value)).splitlines() if line.startswith("  left out")]
    assert len(lines) <= 1, lines
    return lines[0][len("  left out") :].strip() if lines else None


def test_left_out():
    """What a header had no room for is shown, in words and in JSON."""
    everything = {"threads": 123456, "mappings": 9, "text_bytes": 64, "sites": 2}
    assert left_out(everything) == ("123,456 threads (their events have tid 0), 9 mappings, what texts of sites have "
                                    "beyond 64 bytes, 2 sites (their events are lost)")  # fmt: skip
    assert json.loads(view("--info", "--format", "json", header_file(left_out=everything)))["left_out"] == everything
    assert left_out({"mappings": 1, "threads": 0}) == "1 mappings"
    # of other values it shows nothing
    for other in ({}, {"threads": "\x1b[31m"}, {"threads": [1]}, "threads", 5, [], {"other": 5}):
        assert left_out(other) is None, other
    assert "left out" not in view("--info", header_file())


def trigger_line(**keys):
    (line,) = [line for line in view("--info", header_file(**keys)).splitlines() if line.startswith("  trigger ")]
    return line.removeprefix("  trigger").strip()


def test_trigger():
    """Which watch fired, and on what."""
    event = {"on": "event:level>=ERROR", "probe": "failed\x1b[31m", "mono_ns": 0, "tid": 42}
    line = trigger_line(trigger=event)
    assert re.fullmatch(r"event:level>=ERROR: failed\\x1b\[31m in thread 42 at 20[-0-9T:.Z]+", line), line
    slow = {"on": "slow:req*>1ms", "probe": "request", "mono_ns": 5, "tid": 42, "duration_ns": 2500000, "open": True}
    line = trigger_line(trigger=slow)
    assert re.fullmatch(r"slow:req\*>1ms: request in thread 42, begun at 20\S+, took 2\.5\S*ms and had not ended", line), line
    assert trigger_line(trigger={"on": "fill>90%", "bytes": 1234567}) == "fill>90%: 1,234,567 bytes were in no snapshot"
    assert json.loads(view("--info", "--format", "json", header_file(trigger=slow)))["trigger"] == slow
    # of other values it shows nothing, or what it can
    assert trigger_line(trigger={"on": 5, "tid": "x"}) == ""
    for other in (5, [], "text", {}):
        assert "trigger" not in view("--info", header_file(trigger=other)), other


def test_gdb_choices():
    """It is about whole files; what is missing is said, and is the status."""
    path = header_file(exe="/nowhere/\x1b[31mpool", build_id="ab" * 20)
    for args in (["--limit", "1"], ["--format", "json"], ["--filter", "n=1"], ["--info"]):
        view("--gdb", *args, path, status=2)
    assert view("--gdb", path, status=1) == ""


def test_suppressed():
    info = view("--info", header_file(suppressed_snapshots=12))
    assert re.search(r"\n  suppressed +12 triggers since the snapshot before", info), info
    assert "suppressed" not in view("--info", header_file())
    assert "suppressed" not in view("--info", header_file(suppressed_snapshots="many"))


def test_tags():
    """What the user of the collector put there; of other types nothing."""
    tags = {"env": "prod", "rack": "7 \x1b[31m", "empty": ""}
    path = header_file(tags={**tags, "number": 5, "map": {"a": "b"}})
    assert "  tags        env=prod, rack=7 \\x1b[31m, empty=\n" in view("--info", path), view("--info", path)
    assert json.loads(view("--info", "--format", "json", header_file(tags=tags)))["tags"] == tags
    for other in (5, ["a", "b"], "text", {}):
        assert "tags" not in view("--info", header_file(tags=other)), other
    assert "tags" not in view("--info", header_file())


def test_where_it_runs():
    """Its control group, and what that says; the number of the group is cgroup_id then."""
    keys = {"cgroup_path": "/system.slice/api.service", "unit": "api.service", "container": "c0ffee", "ns_pid": 7}
    path = header_file(cgroup=77, pid=4321, boot_id="b-1", start_time=12345, **keys)
    text = view("--info", path)
    assert re.search(r"process +4321.* \(7 in its pid namespace\)\n", text), text
    for line in ("unit +api.service", "container +c0ffee", "cgroup +/system.slice/api.service"):
        assert re.search(rf"\n  {line}\n", text), text
    info = json.loads(view("--info", "--format", "json", path))
    want = {"cgroup": "/system.slice/api.service", "cgroup_id": 77, "unit": "api.service", "container": "c0ffee",
            "ns_pid": 7, "boot_id": "b-1", "start_time": 12345}
    assert {key: info[key] for key in want} == want, info
    # a number alone, as in files of before
    assert json.loads(view("--info", "--format", "json", header_file(cgroup=77)))["cgroup"] == 77


run(globals())
