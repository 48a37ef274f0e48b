# SPDX-License-Identifier: MIT
"""What the suites of SQL share: queries, and files to query."""
import json
import os
import subprocess
import sys

sys.path.insert(0, "tests")
sys.dont_write_bytecode = True

import make_snapshot as make  # noqa: E402
from format_fixture import FILES  # noqa: E402
from view_harness import DEADLINE_S, VIEW, view  # noqa: E402

GOLDEN = "tests/golden/golden.bin"
OVERLAP = FILES["overlapping"]
FIXED = ["ts", "mono_ns", "level", "target", "probe", "msg", "pid", "tid", "comm", "file", "line",
         "func"]  # fmt: skip


def sql(statement, *files, status=0, **how):
    text = view("--format", "json", "--sql", statement, *files, status=status)
    return [json.loads(line, **how) for line in text.splitlines()]


def texts(statement, *files):
    return sql(statement, *files, parse_int=str, parse_float=str)


def one(statement, *files):
    (row,) = sql(statement, *files)
    (value,) = row.values()
    return value


def message(*args, status, stdin=None):
    result = subprocess.run([VIEW, *args], capture_output=True, timeout=DEADLINE_S, input=stdin, text=True)
    assert result.returncode == status, (args, result)
    return result.stderr


def made(folder, sites, events, name="made.bin", threads=None, encoders=None):
    encoders = encoders or {
        i: [make.indexed if kind == "str" else make.plain for kind in site["types"]]
        for i, site in enumerate(sites)
    }
    header = {"clock": {"mono_ns": 1000, "real_ns": make.REAL}, "pid": 5, "host": "h", "comm": "m"}
    threads = threads or [{"pid": 5, "tid": 6, "comm": "main"}, {"pid": 5, "tid": 7, "comm": "two"}]
    snapshot = make.Snapshot(header, sites, threads, encoders)
    for at in range(0, len(events), 1000):
        snapshot.chunk(events[at : at + 1000])
    snapshot.end()
    return snapshot.save(os.path.join(folder, name))


def big(folder):
    """10,000 events of three sites and two threads in ten chunks."""
    sites = [
        make.site("event", "DEBUG", "tick", "Tick", 1, [("n", "u32"), ("name", "str")]),
        make.site("event", "WARN", "price", "Price", 2, [("price", "decimal"), ("n", "u32")]),
        make.site("event", "ERROR", "large", "Large", 3, [("big", "u64")]),
    ]
    encoders = {0: [make.plain, make.indexed], 1: [make.decimal_each, make.plain], 2: [make.plain]}
    events = []
    for i in range(10000):
        if i % 1000 == 999:
            events.append((i * 10, 2, 0, [2**64 - 1 - i]))
        elif i % 7 == 3:
            events.append((i * 10, 1, i % 2, [(i * 37 - 5000, i % 5), i]))
        else:
            events.append((i * 10, 0, i % 2, [i, "name-%d" % (i % 11)]))
    return made(folder, sites, events, encoders=encoders)


def plan(statement, *files):
    return "\n".join(row["detail"] for row in sql("EXPLAIN QUERY PLAN " + statement, *files))


def keyed(folder):
    """Keys of each shape that an index has, in 1,500 events of two chunks; some have none."""
    fields = [("seq", "u64"), ("pair", "i32"), ("odd", "u64"), ("far", "i64"), ("flag", "bool"), ("id", "str")]
    sites = [make.site("event", "INFO", "keyed", "Keyed", 1, fields), make.site("event", "INFO", "bare", "Bare", 2, [])]
    encoders = {0: [make.plain] * 6, 1: []}
    events = []
    for i in range(1500):
        if i % 5 == 3:
            events.append((i * 10, 1, 0, []))
            continue
        far = (i % 500 * 0x9E3779B97F4A7C15) % 2**64 - 2**63
        odd = 2**64 - 1 - i if i % 4 else i  # most are larger than SQLite's integers
        events.append((i * 10, 0, i % 2, [i + 7, i // 2 - 700, odd, far, i % 2 == 1, "id-%d" % (i // 3)]))
    return made(folder, sites, events, encoders=encoders)
