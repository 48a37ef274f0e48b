#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Files of several hosts, whose clocks may be off: view_hosts.py TTLOG-VIEW"""
import json
import os
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, "tests")
sys.dont_write_bytecode = True

import make_snapshot as make  # noqa: E402
from format_fixture import file_of_host  # noqa: E402
from screen_fixture import on_screen  # noqa: E402
from view_harness import DEADLINE_S, VIEW, run, view  # noqa: E402

MS = 10**6
FOLDER = tempfile.TemporaryDirectory()


def host_file(*args, **more):
    return file_of_host(FOLDER.name, *args, **more)


def shown(*args):
    done = subprocess.run([VIEW, *args], capture_output=True, timeout=DEADLINE_S, text=True)
    assert done.returncode == 0, done
    return done.stdout, done.stderr


def marks(*files):
    """Of each event, by how much two clocks may differ; and what is said of all."""
    out, err = shown(*files)
    return [(re.findall(r" order=\+-(\S+)$", line) or [None])[0] for line in out.splitlines()], err


def test_events_that_are_closer_than_the_clocks():
    """Also with events of the same host between them; not within a host, nor further apart."""
    one = host_file(1, "h1", [0, MS, 2 * MS, 50 * MS, 51 * MS], 2 * MS)
    two = host_file(2, "h2", [MS // 2, 30 * MS, 54 * MS - 1], MS)
    # h1 0, h2 .5, h1 1, h1 2, h2 30, h1 50, h1 51, h2 53.999999
    order, err = marks(one, two)
    assert order == [None, "3.000ms", "3.000ms", "3.000ms", None, None, None, "3.000ms"], order
    assert "not certain for 4 of 8 events" in err and "h1 2.000ms, h2 1.000ms" in err, err
    assert err.startswith("ttlog-view: order across hosts: ") and err.count("\n") == 1, err
    same, _ = marks(two, one)
    assert same == order
    # exactly as far apart as the clocks may differ: later in any case
    assert marks(host_file(3, "h1", [0], 2 * MS), host_file(4, "h2", [3 * MS], MS)) == ([None, None], "")


def test_where_nothing_is_said():
    sure = ([None] * 4, "")
    assert marks(host_file(1, "h1", [0, 10], MS), host_file(2, "h1", [5, 15], MS)) == sure, "one host"
    assert marks(host_file(1, "h1", [0, 10], MS), host_file(2, "h2", [5, 15])) == sure, "not known"
    assert marks(host_file(1, "h1", [0, 10], 0), host_file(2, "h2", [5, 15], 0)) == sure, "no error"
    assert marks(host_file(1, "h1", [0, 10], MS)) == ([None] * 2, ""), "one file"


def test_many_hosts():
    """The one that reaches furthest decides, until it is the event's own; errors without end."""
    files = [host_file(1, "h1", [0, 80 * MS], 100 * MS), host_file(2, "h2", [10 * MS], 0),
             host_file(3, "h3", [120 * MS], 0), host_file(4, "h4", [90 * MS], 5 * MS),
             host_file(5, "h5", [500 * MS], 0)]  # fmt: skip
    # h1 0, h2 10, h1 80 (h2: -20..), h4 90, h3 120 (h1: ..180), h5 500
    order, err = marks(*files)
    assert order == [None, "100.000ms", "100.000ms", "105.000ms", "100.000ms", None], order
    assert "and 1 more" in err and "h4" in err and "h5" not in err, err
    order, err = marks(host_file(1, "h1", [0], 2**64 - 1), host_file(2, "h2", [10**18], 2**64 - 1, True))
    assert order[0] is None and order[1] and "(not synchronised)" in err, (order, err)


def test_other_formats():
    """The lines are as ever, and the same is said."""
    files = [host_file(1, "h1", [0, 10], MS), host_file(2, "h2", [5, 15], MS, True)]
    for name in ("json", "logfmt", "csv", "chrome", "html", "otlp-json", "perfetto"):
        done = subprocess.run([VIEW, "--format", name, *files], capture_output=True, timeout=DEADLINE_S)
        err = done.stderr.decode()
        assert done.returncode == 0 and "not certain for 3 of 4 events" in err and err.count("\n") == 1, err
    # h1 0, h2 5, h1 10, h2 15
    events = [json.loads(line) for line in view("--format", "json", *files).splitlines()]
    schema = json.loads(view("--format", "schema"))
    assert set(events[1]) <= set(schema["properties"]), events[1]
    assert [event.get("order_error_ns") for event in events] == [None, 2 * MS, 2 * MS, 2 * MS], events
    lines = view("--format", "logfmt", *files).splitlines()
    assert [line.endswith(" order_error_ns=2000000") for line in lines] == [False, True, True, True], lines
    assert not any("order_error_ns" in line for line in view("--format", "json", files[0]).splitlines())
    # of what is shown
    assert "of 2 events" in shown("--limit", "2", *files)[1]
    assert shown("--filter", "pid=1", *files)[1] == "" == shown("--stats", *files)[1]


def test_timeline():
    """Says when the clocks may be off by more than an interval."""
    files = [host_file(1, "h1", [0, 4 * 10**9], 30 * MS), host_file(2, "h2", [5], 5 * MS)]
    assert shown("--timeline", *files)[1] == ""
    files = [host_file(1, "h1", [0, 10**8], 30 * MS), host_file(2, "h2", [5], 5 * MS)]
    out, err = shown("--timeline", "--format", "json", *files)
    assert all(json.loads(line)["interval_ns"] < 35 * MS for line in out.splitlines())
    assert "other intervals" in err and "h1 30.000ms, h2 5.000ms" in err, err


def test_sql():
    paths = [host_file(1, "h1", [0], 1234567), host_file(2, "h2", [0], signature="0011223344556677")]
    rows = view("--sql", "SELECT host, clock_error_ns e, signature s FROM snapshots ORDER BY host", "--format", "json",
                *paths).splitlines()  # fmt: skip
    assert [json.loads(row) for row in rows] == [
        {"host": "h1", "e": 1234567, "s": None}, {"host": "h2", "e": None, "s": "0011223344556677"}], rows


def test_sql_of_times():
    """Said once, if a statement reads times, of several hosts whose clocks may be off."""
    files = [host_file(1, "h1", [0], 2 * MS), host_file(2, "h2", [MS], MS, True)]
    ordered = "SELECT ts, pid FROM events ORDER BY ts; SELECT max(ts_ns) FROM events"
    err = shown("--sql", ordered, *files)[1]
    assert "do not tell which was first" in err and "h1 2.000ms, h2 1.000ms (not synchronised)" in err, err
    assert err.count("\n") == 1, err
    assert shown("--sql", "SELECT pid, count(*) FROM events GROUP BY pid", *files)[1] == ""
    assert shown("--sql", ordered, files[0])[1] == ""
    assert shown("--sql", ordered, host_file(3, "h1", [0]), host_file(4, "h2", [0]))[1] == ""
    # two events are in order if their clocks can't be off by as much
    close = view("--sql", "SELECT count(*) n FROM events a, events b, snapshots s, snapshots t WHERE a.pid = s.pid AND "
                 "b.pid = t.pid AND a.ts_ns < b.ts_ns AND b.ts_ns - a.ts_ns < s.clock_error_ns + t.clock_error_ns",
                 "--format", "json", *files)  # fmt: skip
    assert json.loads(close) == {"n": 1}, close


def test_screen():
    """The title says how far two clocks may be off, the event's lines which."""
    files = [host_file(1, "h1", [0], 2 * MS), host_file(2, "h2", [MS], MS)]
    with on_screen(*files, shows=[r"^ 2 files: .*  order of hosts \+-3\.000ms$"], size=(100, 30)) as terminal:
        terminal.keys("Enter")
        terminal.wait(r"^ *clock +of h2, off by at most 1\.000ms$")
    with on_screen(files[0], shows=[r"^ 1\.bin .*exit$"], size=(100, 30)) as terminal:
        terminal.keys("Enter")
        terminal.wait(r"^ *time +2026")
        assert not any("clock" in line for line in terminal.lines())


def test_info():
    path = host_file(1, "h1", [0], 1234567)
    info = json.loads(view("--info", "--format", "json", path))
    assert info["clock_error_ns"] == 1234567 and "clock_unsynchronised" not in info, info
    assert re.search(r"clock error +at most 1\.235ms, by the kernel's estimate$", view("--info", path), re.M)
    path = host_file(1, "h1", [0], 16 * 10**9, True)
    info = json.loads(view("--info", "--format", "json", path))
    assert info["clock_error_ns"] == 16 * 10**9 and info["clock_unsynchronised"] is True, info
    assert "not synchronised" in view("--info", path)
    assert "clock error" not in view("--info", host_file(1, "h1", [0]))


def test_of_another_type():
    """A header with such a key is not valid, as with any other."""
    for keys in ({"clock_error_ns": "many"}, {"clock_error_ns": -1}, {"clock_unsynchronised": 1}):
        made = make.process(9, "h", 200, 10**9, [(100, 0, 1)])
        made.header.update(keys)
        made.frames[0] = make.frame(made.header)
        path = made.save(os.path.join(FOLDER.name, "wrong.bin"))
        done = subprocess.run([VIEW, path], capture_output=True, timeout=DEADLINE_S)
        assert done.returncode == 1 and b"header" in done.stderr, (keys, done)


run(globals())
