#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""More files than may be open at once, and more events than there is memory for: view_many.py
TTLOG-VIEW. Run from the top of the tree."""
import collections
import json
import os
import re
import resource
import sqlite3
import subprocess
import sys
import tempfile

sys.path.insert(0, "tests")
sys.dont_write_bytecode = True

import cbor2  # noqa: E402
import make_snapshot as make  # noqa: E402
from view_harness import DEADLINE_S, VIEW, run  # noqa: E402

CNT = 3000
DESCRIPTORS = 256
# Each file's two chunks are so far apart that all files are read in turn, twice.
CHUNKS = [[1000, 1000 + CNT], [10**9, 10**9 + CNT]]
PER_FILE = sum(map(len, CHUNKS))
SITES = [make.site("event", "INFO", "tick", "Tick", 5, [("n", "u32")])]
CLOCK = {"mono_ns": 0, "real_ns": make.REAL}


def pack(items):
    """A frame for each item, by one run of lz4."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [os.path.join(folder, "%d" % i) for i in range(len(items))]
        for path, item in zip(paths, items):
            with open(path, "wb") as file:
                file.write(cbor2.dumps(item))
        subprocess.run(["lz4", "-q", "-m", "-B4", "-BI", "-BX", "--content-size", *paths], check=True)
        frames = []
        for path in paths:
            with open(path + ".lz4", "rb") as file:
                frames.append(file.read())
        return frames


def make_files(folder, cnt):
    """Files of so many processes, whose events are interleaved."""
    made = make.Snapshot({"clock": CLOCK, "pid": 1}, SITES, [{"pid": 1, "tid": 1, "comm": "c"}], {0: [make.array("I")]})
    for times in CHUNKS:
        made.chunk([(time, 0, 0, [time % 1000]) for time in times])
    made.end()
    headers = []
    for i in range(cnt):
        clock = dict(CLOCK, real_ns=make.REAL + i * 7 % cnt)
        threads = [{"pid": i + 1, "tid": i + 1, "comm": "c"}]
        headers.append(dict(made.header, clock=clock, pid=i + 1, threads=threads))
    rest = b"".join(made.frames[1:])
    paths = []
    for i, header in enumerate(pack(headers)):
        paths.append(os.path.join(folder, "%04d.bin" % i))
        with open(paths[-1], "wb") as file:
            file.write(header + rest)
    return paths


def limit(descriptors):
    return lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, descriptors))


def view(descriptors, *args, status=0):
    result = subprocess.run([VIEW, *args], capture_output=True, text=True, timeout=DEADLINE_S,
                            preexec_fn=limit(descriptors))  # fmt: skip
    assert result.returncode == status, (args[:4], result.returncode, result.stderr[:500])
    return result


def test_thousands():
    """All events, in order, and no message."""
    with tempfile.TemporaryDirectory() as folder:
        paths = make_files(folder, CNT)
        result = view(DESCRIPTORS, "--format", "json", *paths)
        assert not result.stderr, result.stderr[:500]
        events = list(map(json.loads, result.stdout.splitlines()))
        assert [e["ts"] for e in events] == sorted(e["ts"] for e in events)
        assert collections.Counter(e["pid"] for e in events) == {pid + 1: PER_FILE for pid in range(CNT)}
        result = view(DESCRIPTORS, "--info", "--format", "json", *paths)
        assert not result.stderr, result.stderr[:500]
        assert [json.loads(line)["pid"] for line in result.stdout.splitlines()] == list(range(1, CNT + 1))
        target = os.path.join(folder, "to.db")
        assert not view(DESCRIPTORS, "--to-sqlite", target, *paths).stderr
        db = sqlite3.connect(target)
        assert db.execute("SELECT count(*), count(DISTINCT pid) FROM events").fetchone() == (CNT * PER_FILE, CNT)
        db.close()


def test_replaced_in_between():
    """A file that was replaced when its turn comes again: one message says so, and none of it is
    shown. The viewer waits for a full pipe, with only the first file's events written."""
    cnt, few = 60, 16
    site = make.site("event", "INFO", "long", "x" * 200, 5, [("n", "u32")])
    first = make.Snapshot({"clock": dict(CLOCK, real_ns=make.REAL - 10**12), "pid": 999}, [site],
                          [{"pid": 999, "tid": 999, "comm": "c"}], {0: [make.array("I")]})  # fmt: skip
    first.chunk([(i, 0, 0, [i]) for i in range(20000)])
    first.end()
    with tempfile.TemporaryDirectory() as folder:
        paths = [first.save(os.path.join(folder, "first.bin"))] + make_files(folder, cnt)
        with subprocess.Popen([VIEW, "--format", "json", *paths], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              bufsize=0, preexec_fn=limit(few)) as process:  # fmt: skip
            begin = process.stdout.read(100)
            os.rename(paths[20], paths[20] + ".old")
            os.link(paths[21], paths[20])
            os.truncate(paths[30], 50)
            os.unlink(paths[40])
            rest, said = process.communicate(timeout=DEADLINE_S)
    lines = said.decode().splitlines()
    assert process.returncode == 1 and len(lines) == 3, (process.returncode, said[:1000])
    for line, changed in zip(lines, (20, 30, 40)):
        assert re.search(re.escape(paths[changed]) + ": .*changed, replaced or removed", line), line
    shown = collections.Counter(json.loads(line)["pid"] for line in (begin + rest).splitlines())
    wanted = {pid: PER_FILE for pid in range(1, cnt + 1) if pid not in (20, 30, 40)}
    assert shown == {999: 20000, **wanted}, shown


def test_one_message():
    """For thousands of files that don't exist."""
    result = view(DESCRIPTORS, "--format", "json", *["/nonexistent/%d" % i for i in range(CNT)], status=1)
    lines = result.stderr.splitlines()
    assert len(lines) == 11, (len(lines), lines[:20])
    assert "/nonexistent/0: " in lines[0] and "%d more" % (CNT - 10) in lines[-1], lines


def test_to_sqlite_memory():
    """It does not grow with the events."""
    chunk_cnt, n, memory = 125, 4000, 64 << 20
    made = make.Snapshot({"clock": CLOCK, "pid": 1}, SITES, [{"pid": 1, "tid": 1, "comm": "c"}], {})
    fields = [[make.ints("I", range(n))]]
    chunks = [
        {
            "item": "chunk", "n": n, "first_ns": i * n, "last_ns": i * n + n - 1, "count": [[0, n]],
            "site": {"const": 0}, "time": make.ints("I", [0] + [1] * (n - 1)), "thread": {"const": 0}, "fields": fields,
        }
        for i in range(chunk_cnt)
    ]  # fmt: skip
    made.frames += pack(chunks)
    made.events, made.first, made.last = chunk_cnt * n, 0, chunk_cnt * n - 1
    made.end()
    with tempfile.TemporaryDirectory() as folder:
        path, target = made.save(os.path.join(folder, "long.bin")), os.path.join(folder, "to.db")
        subprocess.run([VIEW, "--to-sqlite", target, path], check=True, timeout=DEADLINE_S,
                       preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_DATA, (memory, memory)))  # fmt: skip
        db = sqlite3.connect(target)
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        found = db.execute("SELECT count(*), min(ts), max(ts), sum(n) FROM events").fetchone()
        last = make.time_text(make.REAL + made.last)
        assert found == (made.events, make.time_text(make.REAL), last, chunk_cnt * n * (n - 1) // 2), found
        for where, index in (("ts > '2026'", "events_ts"), ("level_number >= 3", "events_level")):
            plan = str(db.execute("EXPLAIN QUERY PLAN SELECT * FROM events WHERE " + where).fetchall())
            assert index in plan, plan
        db.close()


if __name__ == "__main__":
    run(globals())
