#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""--sql and --to-sqlite: view_sql.py TTLOG-VIEW. Run from the top of the tree.

What tables hold is compared with `--format json`, what queries give with the same made here.
"""
import decimal
import json
import os
import pty
import random
import re
import resource
import select
import signal
import sqlite3
import subprocess
import sys
import tempfile
import termios
import time

sys.path.insert(0, "tests")
sys.dont_write_bytecode = True

import make_snapshot as make  # noqa: E402
from format_fixture import FILES  # noqa: E402
from view_harness import DEADLINE_S, VIEW, events_of, run, texts_of, view  # noqa: E402

GOLDEN = "tests/golden/golden.bin"
OVERLAP = FILES["overlapping"]
LEVELS = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"]
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


# ---- Tables ----


def check_events(*files):
    events, rows = texts_of(*files), texts("SELECT * FROM events", *files)
    assert len(events) == len(rows) > 0
    for event, row in zip(events, rows):
        for key in FIXED:
            assert row[key] == event[key], (key, event, row)
        assert row["fields"] == event["fields"]
        assert row["duration_ns"] == event.get("duration_ns")
        assert row["level_number"] == str(LEVELS.index(event["level"]))
        for key, value in event["fields"].items():
            if key not in FIXED:
                yield key, value, row[key]


def test_events():
    """Every event, in order, once, with all that --format json says of it."""
    compared = 0
    for files in ([GOLDEN], ["tests/golden/packed.bin"], ["tests/golden/small.bin"], OVERLAP,
                  OVERLAP[::-1], [GOLDEN] + OVERLAP):  # fmt: skip
        for key, value, got in check_events(*files):
            compared += 1
            if key in ("f32", "scaled32"):  # a float as a double has more digits
                assert value is got is None or abs(float(value) - float(got)) < 1e-6 * abs(float(got)) + 1e-9
            elif key == "blob" and value is not None:
                assert value.rstrip("\u2026") == got
            else:
                assert value == got or float(value) == float(got), (key, value, got)
    assert compared > 100


def test_names():
    """Fields that are called as fixed columns, or alike but for their case; and nothing at all."""
    fields = [("pid", "u32"), ("A", "str"), ("a", "u8"), ('k "\n', "str"), ("", "bool"),
              ("fields.pid", "u8")]  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        path = made(folder, [make.site("event", "INFO", "odd", "Odd", 1, fields)],
                    [(10, 0, 0, [1, "x", 2, "k", 1, 7])])  # fmt: skip
        (row,) = sql("SELECT * FROM events", path)
        assert row["pid"] == 5 and row["fields.pid"] == 1 and row["A"] == "x" and row["fields.a"] == 2
        assert row['k "\n'] == "k" and row["fields."] is True and row["fields.fields.pid"] == 7
        assert one('SELECT "k ""\n" FROM events', path) == "k"


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


WHERES = [
    ("mono_ns >= 50000", lambda e: int(e["mono_ns"]) >= 50000),
    ("mono_ns > 50000 AND mono_ns <= 70010", lambda e: 50000 < int(e["mono_ns"]) <= 70010),
    ("mono_ns < -1", lambda e: False),
    ("mono_ns > -1", lambda e: True),
    ("mono_ns = 12340", lambda e: int(e["mono_ns"]) == 12340),
    ("mono_ns = NULL", lambda e: False),
    ("mono_ns < '50000'", lambda e: int(e["mono_ns"]) < 50000),
    ("mono_ns < 50000.5", lambda e: int(e["mono_ns"]) < 50001),
    ("mono_ns < 50000.0", lambda e: int(e["mono_ns"]) < 50000),
    ("tid = 7.0", lambda e: e["tid"] == "7"),
    ("tid = -7.0", lambda e: False),
    ("level_number BETWEEN 3.0 AND 3e0", lambda e: e["level"] == "WARN"),
    ("line IN (2.0, 1e300)", lambda e: e["line"] == "2"),
    ("level = 'ERROR'", lambda e: e["level"] == "ERROR"),
    ("level >= 'WARN'", lambda e: e["level"] in ("WARN", "ERROR")),
    ("level < 'warn'", lambda e: e["level"] == "DEBUG"),
    ("level IN ('ERROR', 'DEBUG', NULL)", lambda e: e["level"] in ("ERROR", "DEBUG")),
    ("level NOT IN ('ERROR', 'DEBUG')", lambda e: e["level"] == "WARN"),
    ("level_number >= level('warn')", lambda e: e["level"] in ("WARN", "ERROR")),
    ("tid = 7 AND probe = 'price'", lambda e: e["tid"] == "7" and e["probe"] == "price"),
    ("tid = '7'", lambda e: e["tid"] == "7"),
    ("tid IN (SELECT tid FROM threads WHERE comm = 'two')", lambda e: e["tid"] == "7"),
    ("comm <> 'main' OR line = 3", lambda e: e["comm"] != "main" or e["line"] == "3"),
    ("probe > 'm' AND target = 'orders'", lambda e: e["probe"] > "m"),
    ("msg LIKE 'pri%' COLLATE NOCASE", lambda e: e["msg"] == "Price"),
    ("name = 'name-4'", lambda e: e["fields"].get("name") == "name-4"),
    ("n BETWEEN 100 AND 200", lambda e: "n" in e["fields"] and 100 <= int(e["fields"]["n"]) <= 200),
    ("price > 12.5", lambda e: "price" in e["fields"] and decimal.Decimal(e["fields"]["price"]) > decimal.Decimal("12.5")),
    ("price = '-5'", lambda e: "price" in e["fields"] and decimal.Decimal(e["fields"]["price"]) == -5),
    ("CAST(big AS TEXT) = '18446744073709549617'", lambda e: e["fields"].get("big") == "18446744073709549617"),
    ("big > 9223372036854775807", lambda e: "big" in e["fields"]),
    ("json_extract(fields, '$.n') = 12", lambda e: e["fields"].get("n") == "12"),
    ("snapshot = 'nowhere'", lambda e: False),
]  # fmt: skip


def test_where():
    """What a WHERE lets through, whether we decide or SQLite does."""
    with tempfile.TemporaryDirectory() as folder:
        path = big(folder)
        events = texts_of(path)
        for where, keeps in WHERES:
            expected = [e["mono_ns"] for e in events if keeps(e)]
            for text in (where, "+(%s)" % where, "%s ORDER BY ts" % where, "%s ORDER BY mono_ns" % where):
                got = [row["mono_ns"] for row in texts("SELECT mono_ns FROM events WHERE " + text, path)]
                assert got == expected, (text, len(got), len(expected))
        for at in (0, 1, 5000, 9999):
            ts = events[at]["ts"]
            for text in (ts, ts[:-1], ts[:-4], ts[:19], ts + "x", "", "2026", "9999"):
                meant = text + (".000000000Z"[len(text) - 19 :] if 19 <= len(text) < 30 else "")
                for op in ("<", "<=", "=", ">=", ">"):
                    expected = sum(eval({"=": "=="}.get(op, op).join(("a", "b")), {"a": e["ts"], "b": meant})
                                   for e in events)  # fmt: skip
                    where = "FROM events WHERE ts %s '%s'" % (op, text)
                    assert one("SELECT count(*) " + where, path) == expected, where


def plan(statement, *files):
    return "\n".join(row["detail"] for row in sql("EXPLAIN QUERY PLAN " + statement, *files))


def test_times():
    """Moments are compared as moments, however they are written: with and without pushdown."""
    stamps = [event["ts"] for event in events_of(GOLDEN)]
    at = stamps[len(stamps) // 2]
    later = sum(stamp > at for stamp in stamps)
    assert 0 < later < len(stamps)
    hour = int(at[11:13])
    assert hour < 22
    for text in (
        at,
        at.replace("T", " "),
        at.rstrip("Z"),
        at[:11] + "%02d" % (hour + 2) + at[13:-1] + "+02:00",
        at[11:],
        "@%d.%s" % (int(one("SELECT ts_ns('%s')" % at, GOLDEN)) // 10**9, at[20:-1]),
    ):
        for column in ("ts", "+ts"):
            query = "SELECT count(*) FROM events WHERE %s > '%s'" % (column, text)
            assert one(query, GOLDEN) == later, query
        assert one("SELECT count(*) FROM events WHERE ts IN ('%s')" % text, GOLDEN) == stamps.count(at)
    last = one("SELECT max(ts_ns) FROM events", GOLDEN)
    assert one("SELECT count(*) FROM events WHERE ts >= '-1us'", GOLDEN) == one(
        "SELECT count(*) FROM events WHERE ts_ns >= %d" % (last - 1000), GOLDEN
    )
    # what is no time is compared letter by letter
    for text, cnt in (
        (at[:4], len(stamps)),
        (at[:7], len(stamps)),
        ("%d" % (int(at[:4]) + 1), 0),
        ("", len(stamps)),
        ("soon", 0),
    ):
        assert one("SELECT count(*) FROM events WHERE ts > '%s'" % text, GOLDEN) == cnt, text
    assert one("SELECT count(*) FROM spans WHERE ts > '2000-01-01 00:00'", GOLDEN) > 0
    assert one("SELECT count(*) FROM spans WHERE ts > '2500-01-01 00:00'", GOLDEN) == 0
    assert one("SELECT count(*) FROM snapshots WHERE first_ts < '2500-01-01 00:00'", GOLDEN) == 1


def test_levels_of_sites():
    worse = sum(LEVELS.index(row["level"]) >= 3 for row in sql("SELECT level FROM sites", GOLDEN))
    assert worse and one("SELECT count(*) FROM sites WHERE level >= 'warn'", GOLDEN) == worse


def test_pushdown():
    """The plan says what is decided by us, and what lies outside a time is not decoded."""
    text = plan("SELECT * FROM events WHERE ts > '2026' AND level IN ('ERROR', 'FATAL') AND tid = 3 "
                "ORDER BY ts", GOLDEN)  # fmt: skip
    assert "ts>, level in, tid=" in text and "ORDER BY" not in text, text
    assert "ORDER BY" not in plan("SELECT * FROM events ORDER BY ts DESC", GOLDEN)
    assert "ORDER BY" not in plan("SELECT * FROM events ORDER BY ts DESC", *OVERLAP)
    assert "ORDER BY" in plan("SELECT * FROM events ORDER BY mono_ns", GOLDEN, *OVERLAP)
    with tempfile.TemporaryDirectory() as folder:
        path = big(folder)
        for where, most in (("1", 10), ("mono_ns BETWEEN 25000 AND 34990", 2), ("ts > '9'", 0),
                            ("mono_ns = 10", 1), ("level = 'FATAL'", 10)):  # fmt: skip
            rows = sql("SELECT count(*) AS n FROM events WHERE %s; SELECT decoded() AS n" % where, path)
            assert rows[1]["n"] == most, (where, rows)


def test_backward():
    """The last events are found without the rest: those that the order of time puts last, of any files."""
    with tempfile.TemporaryDirectory() as folder:
        path = big(folder)
        other = made(folder, [make.site("event", "INFO", "other", "Other", 1)],
                     [(i * 30, 0, 0, []) for i in range(3000)], "other.bin")  # fmt: skip
        for files in ([path], [path, other], [other, path], OVERLAP):
            events = texts_of(*files)
            for where, keeps in (("1", lambda e: True), ("probe <> 'tick' AND +tid = 7", lambda e: e["probe"] != "tick" and e["tid"] == "7"),
                                 ("level >= 'WARN'", lambda e: LEVELS.index(e["level"]) >= 3),
                                 ("mono_ns BETWEEN 20000 AND 41000.0", lambda e: 20000 <= int(e["mono_ns"]) <= 41000),
                                 ("tid = 7.0", lambda e: e["tid"] == "7"), ("pid = 1", lambda e: False)):  # fmt: skip
                expected = sorted((e["ts"] for e in events if keeps(e)), reverse=True)
                for column in ("ts", "ts_ns"):
                    got = texts("SELECT ts, rowid FROM events WHERE %s ORDER BY %s DESC" % (where, column), *files)
                    assert [row["ts"] for row in got] == expected, (files, where, column)
                    assert len({row["rowid"] for row in got}) == len(got)
                    forward = texts("SELECT ts, rowid FROM events WHERE %s" % where, *files)
                    assert sorted(map(str, got)) == sorted(map(str, forward)), (files, where)
                    assert texts("SELECT max(%s) AS m FROM events WHERE %s" % (column, where), *files) == \
                        texts("SELECT max(+%s) AS m FROM events WHERE %s" % (column, where), *files)  # fmt: skip
        for what in ("ts FROM events ORDER BY ts DESC LIMIT 3", "max(ts_ns) FROM events",
                     "ts FROM events WHERE level = 'ERROR' ORDER BY mono_ns DESC LIMIT 1"):  # fmt: skip
            rows = sql("SELECT %s; SELECT decoded() AS n" % what, path)
            assert rows[-1]["n"] == 1, (what, rows)
        assert "mono_ns>, backward" in plan("SELECT 1 FROM events WHERE mono_ns > 7 ORDER BY ts DESC", path)


LOOK_UPS = ["n = 8", "n = 3", "n = -1", "n = '8'", "n = 8.0", "n = 8.5", "n = NULL", "n IN (8, 3, 9000, NULL, 8)",
            "n = 10 AND name = 'name-10'", "n = 10 OR name = 'name-3'", "name = 'name-4'", "name = 4", "name = ''",
            "name = x'6e616d652d34'", "name = 'NAME-4' COLLATE NOCASE", "big = 9223372036854775807", "big = -1000",
            "big = '18446744073709550616'", "n = 31 AND tid = 7", "name = 'name-4' AND mono_ns < 5000",
            "n = (SELECT max(n) FROM events WHERE price IS NOT NULL)", "price = 12.5", "price = '-5.0'"]  # fmt: skip


def test_look_up():
    """What an index gives is what a scan does, in its order, whatever type the value has."""
    with tempfile.TemporaryDirectory() as folder:
        path = big(folder)
        found = 0
        for where in LOOK_UPS:
            for order in ("", " ORDER BY ts"):
                statement = "SELECT *, rowid FROM %s WHERE " + where + order
                scan = "(SELECT *, rowid FROM events LIMIT -1 OFFSET 0)"  # nothing is pushed into it
                got, expected = texts(statement % "events", path), texts(statement % scan, path)
                if " IN " in where or " OR " in where:
                    got, expected = (sorted(rows, key=str) for rows in (got, expected))
                assert got == expected, (where, len(got), len(expected))
                found += len(got)
        assert found > 1000, found
        assert "index of n" in plan("SELECT * FROM events WHERE n = 3", path)
        assert "ORDER" not in plan("SELECT * FROM events WHERE n = 3 ORDER BY ts", path)
        for where in ("price = 3", "name = 'x' COLLATE NOCASE", "n = 3 AND ts > '2026'"):
            assert "index" not in plan("SELECT * FROM events WHERE " + where, path).replace("TABLE INDEX", "")
        join = ("CREATE TABLE keys(k, s); INSERT INTO keys VALUES (3, 'name-3'), (4, 'name-4'), (4, NULL), (NULL, 'x'),"
                " ('5', 6), (6.0, 'name-6'); SELECT keys.rowid AS r, e.mono_ns AS m, e.n, e.name FROM keys JOIN %s e"
                " ON %s ORDER BY r, m")  # fmt: skip
        for on in ("e.n = keys.k", "e.name = keys.s", "e.name = keys.s AND e.n = keys.k", "e.n = e.tid + keys.k"):
            assert texts(join % ("events", on), path) == texts(join % (scan, on), path), on
    for where in ("n = 8", "n IN (1, 2, 3)"):
        got, expected = (texts("SELECT * FROM %s WHERE %s ORDER BY ts" % (table, where), *OVERLAP)
                         for table in ("events", "(SELECT * FROM events LIMIT -1 OFFSET 0)"))  # fmt: skip
        assert got == expected and got, where


def keyed(folder):
    """Keys of each shape an index has, in 1,500 events of two chunks; some have none."""
    fields = [("seq", "u64"), ("pair", "i32"), ("odd", "u64"), ("far", "i64"), ("flag", "bool"), ("id", "str")]
    sites = [make.site("event", "INFO", "keyed", "Keyed", 1, fields), make.site("event", "INFO", "bare", "Bare", 2, [])]
    encoders = {0: [make.plain] * 6, 1: []}
    events = []
    for i in range(1500):
        if i % 5 == 3:
            events.append((i * 10, 1, 0, []))
            continue
        far = (i % 500 * 0x9E3779B97F4A7C15) % 2**64 - 2**63
        odd = 2**64 - 1 - i if i % 4 else i  # most are beyond what SQLite has for an integer
        events.append((i * 10, 0, i % 2, [i + 7, i // 2 - 700, odd, far, i % 2 == 1, "id-%d" % (i // 3)]))
    return made(folder, sites, events, encoders=encoders)


# What SQL says is equal to an integer, and what is not: reals, texts that are numbers, blobs.
EQUALS = ["8", "8.0", "'8'", "' 8 '", "'8.0'", "'8e0'", "'0x8'", "'8x'", "8.5", "x'38'", "NULL", "TRUE", "0", "-700",
          "-700.0", "'-7e2'", "799", "-701", "800", "9007199254740993", "9007199254740992.0", "9223372036854775807",
          "9223372036854775807.0", "9223372036854775808", "'9223372036854775808'", "1.8446744073709552e19",
          "'18446744073709551614'", "18446744073709551614", "1e300", "-1e300", "9e999", "-9e999", "-9223372036854775808",
          "-9223372036854775808.0", "''", "'id-8'"]  # fmt: skip


def test_look_up_types():
    """An index finds what a scan does, for a value of any type, as a literal and out of a column."""
    with tempfile.TemporaryDirectory() as folder:
        path, far = keyed(folder), [str(-2**63), str(0x9E3779B97F4A7C15 - 2**63)]
        scan = "(SELECT *, rowid FROM events LIMIT -1 OFFSET 0)"
        values = ", ".join("(%s)" % value for value in EQUALS + far)
        joined = 0
        for field in ("seq", "pair", "odd", "far", "flag", "id"):
            ask = "; ".join("SELECT count(*) AS n, total(rowid) AS r, min(mono_ns) AS m FROM %%s WHERE %s = %s"
                            % (field, value) for value in EQUALS + far)  # fmt: skip
            got, expected = (sql(ask.replace("%s", table), path) for table in ("events", scan))
            for value, row, want in zip(EQUALS + far, got, expected):
                assert row == want, (field, value, row, want)
            for kind in ("", "TEXT", "REAL"):
                join = ("CREATE TABLE k(v %s); INSERT INTO k VALUES %s; SELECT k.rowid AS k, e.rowid AS e, e.seq, e.id"
                        " FROM k CROSS JOIN %%s e ON e.%s = k.v ORDER BY 1, 2" % (kind, values, field))  # fmt: skip
                got, expected = texts(join % "events", path), texts(join % scan, path)
                assert got == expected, (field, kind)
                joined += len(got)
            assert "index of " + field in plan("SELECT * FROM events WHERE %s = 8" % field, path)
        assert joined > 2000, joined


def test_look_up_rows():
    """Rows of the same key are in the order of time, each once, in several files, too."""
    with tempfile.TemporaryDirectory() as folder:
        path = keyed(folder)
        events = [e for e in texts_of(path) if e["probe"] == "keyed"]
        for field in ("pair", "flag", "far", "id"):
            by_key = {}
            for event in events:
                by_key.setdefault(event["fields"][field], []).append(event["mono_ns"])
            value = "CASE WHEN %s THEN 'true' ELSE 'false' END" % field if field == "flag" else field
            got = {}
            for row in texts("CREATE TABLE k AS SELECT DISTINCT %s AS v FROM events; SELECT %s AS v, mono_ns FROM k"
                             " CROSS JOIN events e ON e.%s = k.v" % (field, value, field), path):  # fmt: skip
                got.setdefault(row["v"], []).append(row["mono_ns"])
            assert {str(key).lower(): rows for key, rows in got.items()} == \
                {str(key).lower(): rows for key, rows in by_key.items()}, field  # fmt: skip
        join = ("CREATE TABLE k AS SELECT DISTINCT n AS v FROM events; SELECT k.v, e.ts, e.rowid FROM k CROSS JOIN %s e"
                " ON e.n = k.v ORDER BY k.v, e.ts, e.rowid")  # fmt: skip
        scan = "(SELECT *, rowid FROM events LIMIT -1 OFFSET 0)"
        for files in (OVERLAP, OVERLAP[::-1]):
            got = texts(join % "events", *files)
            assert got == texts(join % scan, *files) and len(got) > 10


def test_decimals():
    """Compared, put in order and added exactly."""
    with tempfile.TemporaryDirectory() as folder:
        path = big(folder)
        prices = [decimal.Decimal(e["fields"]["price"]) for e in texts_of(path) if "price" in e["fields"]]
        with decimal.localcontext() as context:
            context.prec = 60
            assert decimal.Decimal(one("SELECT dec_sum(price) FROM events", path)) == sum(prices)
        got = [decimal.Decimal(row["price"]) for row in
               texts("SELECT price FROM events WHERE price IS NOT NULL ORDER BY price", path)]  # fmt: skip
        assert got == sorted(prices)
        assert decimal.Decimal(one("SELECT max(price) FROM events", path)) == max(prices)
        assert one("SELECT count(DISTINCT price) FROM events", path) == len(set(prices))
        got = [row["big"] for row in texts("SELECT big FROM events WHERE big IS NOT NULL ORDER BY big", path)]
        assert got == sorted(got, key=int) and len(got) == 10
    for sums, expected in ((("0.1", "0.2"), "0.3"), (("1e3", "-0.001"), "999.999"), (("-1", "1.00"), "0.00"),
                           (("-0.5", "0.25"), "-0.25"), (("9" * 40, "1"), "1" + "0" * 40),
                           (("1e-250", "-1"), "-0." + "9" * 250)):  # fmt: skip
        values = ", ".join("('%s')" % value for value in sums)
        assert one("SELECT dec_sum(column1) FROM (VALUES %s)" % values, GOLDEN) == expected, sums
    for a, b, order in (("1", "1.0", 0), ("10", "9", 1), ("-10", "9", -1), ("1e2", "100", 0), ("x", "1", 1),
                        ("0.1", "0.01", 1), ("-0", "0", 0), ("x", "y", -1), (".5", "0.50", 0)):  # fmt: skip
        assert one("SELECT dec_cmp('%s', '%s')" % (a, b), GOLDEN) == order, (a, b)
    assert "no number" in message("--sql", "SELECT dec_sum('x')", GOLDEN, status=2)


def test_mixed_numbers():
    """A field that is of one type here and of another there: in the order of numbers all the same."""
    for kinds, values in ((("u64", "f64"), [2**64 - 1, 9300000000000000001, 2**63, 7.5, 8, 9300000000000000000, 1e15]),
                          (("decimal", "f64"), [(15025, 2), float("-inf"), (-3, 0), 151.5, (9, 40), float("inf"), 1e300])):
        sites = [make.site("event", "INFO", "mixed", "Mixed", i + 1, [("v", kind)]) for i, kind in enumerate(kinds)]
        events = [(10 * i, int(isinstance(value, float)), 0, [value]) for i, value in enumerate(values)]
        plain = [value[0] / 10 ** value[1] if isinstance(value, tuple) else value for value in values]
        with tempfile.TemporaryDirectory() as folder:
            path = made(folder, sites, events, encoders={0: [make.decimal_each if kinds[0] == "decimal" else make.plain],
                                                         1: [make.plain]})  # fmt: skip
            wanted = sorted(range(len(plain)), key=plain.__getitem__)
            got = [row["m"] // 10 for row in sql("SELECT mono_ns AS m FROM events ORDER BY v", path)]
            assert got == wanted, (kinds, got, wanted)
            (row,) = sql("SELECT (SELECT mono_ns FROM events WHERE v = (SELECT max(v) FROM events)) AS m", path)
            assert row["m"] // 10 == wanted[-1], (kinds, row)
            assert one("SELECT count(*) FROM events WHERE v > 10", path) == sum(v > 10 for v in plain), kinds


def test_functions():
    for call, value in (("ns('5ms')", 5000000), ("ns('1.5s')", 1500000000), ("ns(NULL)", None),
                        ("level('WARN')", 3), ("ts(0)", "1970-01-01T00:00:00.000000000Z"),
                        ("ts_ns('2026-11-21T06:00:00.5Z')", 1795240800500000000)):  # fmt: skip
        assert one("SELECT " + call, GOLDEN) == value, call
    assert one("SELECT ts_ns(ts) - ts_ns FROM events LIMIT 1", GOLDEN) == 0
    assert "unit" in message("--sql", "SELECT ns('x') AS n", GOLDEN, status=2)


def test_spans():
    """Begins and ends together: those that are whole, cut at the begin, and at the end."""
    ended = [e for e in events_of(GOLDEN) if "duration_ns" in e]
    rows = sql("SELECT * FROM spans", GOLDEN)
    assert len(ended) == sum(row["state"] in ("ended", "begin unseen") for row in rows) > 0
    for row in rows:
        if row["state"] == "ended":
            assert row["end_mono_ns"] - row["mono_ns"] == row["duration_ns"]
    sites = [make.site("span", "INFO", "work", "work", 1, [("id", "u32")]),
             make.site("span_end", "INFO", "work", "work", 1, [("duration_ns", "u64")]),
             make.site("span", "INFO", "in", "in", 2)]  # fmt: skip
    events = [(100, 1, 0, [40]), (1000000, 0, 0, [1]), (2000000, 2, 0, []), (3000000, 1, 0, [2000000]),
              (4000000, 0, 0, [2]), (5000000, 0, 1, [3])]  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        rows = sql("SELECT * FROM spans", made(folder, sites, events))
    got = [(row["state"], row["probe"], row["mono_ns"], row["duration_ns"], row["fields"].get("id"), row["depth"])
           for row in rows]  # fmt: skip
    assert got == [("begin unseen", "work", 60, 40, None, 0), ("end unseen", "in", 2000000, None, None, 1),
                   ("ended", "work", 1000000, 2000000, 1, 0), ("open", "work", 4000000, None, 2, 0),
                   ("open", "work", 5000000, None, 3, 0)], got  # fmt: skip


def test_spans_columns():
    """The begin's fields are columns as those of events are, in every file by its own sites."""
    fields = [("id", "u32"), ("state", "str"), ("price", "decimal"), ("ID", "u32")]
    begin = make.site("span", "INFO", "work", "work", 1, fields)
    end = make.site("span_end", "INFO", "work", "work", 1, [("duration_ns", "u64")])
    plain = make.site("event", "INFO", "tick", "tick", 1, [("only", "u32"), ("id", "u32")])
    with tempfile.TemporaryDirectory() as folder:
        encoders = [[make.plain, make.indexed, make.decimal_each, make.plain], [make.plain]]
        events = [(1000000, 0, 0, [1, "idle", (950, 2), 7]), (2000000, 1, 0, [1000000])]
        one_file = made(folder, [begin, end], events, encoders=dict(enumerate(encoders)))
        events = [(3000000, 0, 0, [9, 9]), (4000000, 1, 0, [2, "busy", (10500, 2), 8])]
        encoders = dict(enumerate([[make.plain] * 2] + encoders))
        two = made(folder, [plain, begin, end], events, "two.bin", encoders=encoders)
        statement = 'SELECT id, "fields.state", state, price, "fields.ID" FROM spans %s ORDER BY mono_ns'
        rows = [list(row.values()) for row in texts(statement % "", one_file, two)]
        assert rows == [["1", "idle", "ended", "9.50", "7"], ["2", "busy", "open", "105.00", "8"]], rows
        assert one("SELECT id FROM spans WHERE price > 9.6", one_file, two) == 2
        assert "only" in message("--sql", "SELECT only FROM spans", two, status=2)
        target = os.path.join(folder, "to.db")
        view("--to-sqlite", target, one_file, two)
        db = sqlite3.connect(target)
        got = db.execute('SELECT id, "fields.state", state, "fields.ID" FROM spans WHERE price > 9.4 ORDER BY price')
        assert got.fetchall() == [(1, "idle", "ended", 7), (2, "busy", "open", 8)]
        db.close()


def test_other_tables():
    info = json.loads(view("--info", "--format", "json", GOLDEN))
    (row,) = sql("SELECT * FROM snapshots", GOLDEN)
    for key in ("service", "host", "kernel", "pid", "comm", "exe", "build_id", "reason", "created_at", "first_ts",
                "last_ts", "events", "emitted", "recorded", "overwritten"):  # fmt: skip
        assert row[key] == info[key], key
    assert row["lost"] == info["lost"]["total"] and row["crash_signal"] == info["crash"]["signal"]
    frames = sql("SELECT * FROM frames ORDER BY number", GOLDEN)
    assert [f["ip"] for f in frames] == [f["ip"] for f in info["crash"]["frames"]]
    assert [f["symbol"] for f in frames] == [f.get("symbol") for f in info["crash"]["frames"]]
    assert {r["name"]: r["value"] for r in sql("SELECT * FROM registers", GOLDEN)} == info["crash"]["registers"]
    losses = {r["cause"]: r["count"] for r in sql("SELECT * FROM losses", GOLDEN)}
    assert losses == {k: v for k, v in info["lost"].items() if k != "total"}
    tids = {(e["pid"], e["tid"], e["comm"]) for e in events_of(*OVERLAP)}
    got = {(t["pid"], t["tid"], t["comm"]) for t in sql("SELECT * FROM threads", *OVERLAP)}
    assert tids <= got
    assert one("SELECT count(*) FROM snapshots", *OVERLAP) == 3
    sites = {(e["probe"], e["line"], e["level"]) for e in events_of(GOLDEN)}
    assert sites <= {(s["probe"], s["line"], s["level"]) for s in sql("SELECT * FROM sites", GOLDEN)}


def test_join():
    """Two cursors stand in the same file at once."""
    with tempfile.TemporaryDirectory() as folder:
        path = big(folder)
        got = one("SELECT count(*) FROM events a JOIN events b ON b.mono_ns = a.mono_ns + 10 "
                  "WHERE a.level = 'ERROR'", path)  # fmt: skip
        assert got == 9
        got = one("SELECT count(*) FROM events e JOIN threads t USING (pid, tid) JOIN sites s USING "
                  "(probe, line)", path)  # fmt: skip
        assert got == 10000
        got = sql("CREATE TABLE t AS SELECT n, name FROM events WHERE n IS NOT NULL; CREATE INDEX i ON t(n);"
                  "SELECT name FROM t WHERE n = 15", path)  # fmt: skip
        assert got == [{"name": "name-4"}]


def test_join_by_time():
    """A row of a join goes to the events of its moment, not over the chunk that they are in."""
    with tempfile.TemporaryDirectory() as folder:
        path = big(folder)
        for column in ("mono_ns", "ts_ns", "ts"):
            for on, cnt in (("b.%s = a.%s", 10000), ("b.%s = a.%s AND b.tid = 7", 4990),
                            ("b.%s = a.%s AND b.level = 'ERROR'", 10)):  # fmt: skip
                (joined, work) = sql("SELECT count(*) AS n FROM events a CROSS JOIN events b ON %s; "
                                     "SELECT passed() AS n, decoded() AS chunks" % (on % (column, column)), path)  # fmt: skip
                assert joined["n"] == cnt, (column, on, joined)
                # those of the outer table, and for each the one event
                assert work["n"] <= 10000 + 10000 and work["chunks"] == 10, (column, on, work)
        (joined, work) = sql("SELECT count(*) AS n FROM events a CROSS JOIN events b ON b.mono_ns BETWEEN "
                             "a.mono_ns - 10 AND a.mono_ns + 10; SELECT passed() AS n", path)  # fmt: skip
        assert joined["n"] == 29998 and work["n"] <= 10000 + 30000, (joined, work)
        got = sql("SELECT a.mono_ns - (SELECT b.mono_ns FROM events b WHERE b.mono_ns BETWEEN a.mono_ns - 35 AND "
                  "a.mono_ns - 1 ORDER BY b.mono_ns DESC LIMIT 1) AS d, count(*) AS n FROM events a GROUP BY d", path)  # fmt: skip
        assert got == [{"d": None, "n": 1}, {"d": 10, "n": 9999}], got


def test_numbers_of_found():
    """What a look-up reads beside its key is what a scan reads, of numbers of all kinds, each time."""
    kinds = {"i64": [0, -1, 7, 2**63 - 1, -(2**63)], "u64": [0, 2**64 - 1, 2**63, 7, 2**64 - 5], "u8": [0, 255, 3, 4, 9],
             "bool": [0, 1, 1, 0, 1]}  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        for types in (["i64"], ["u64"], ["i64", "u8"], ["i64", "u64"], ["u8", "bool", "u64"], ["bool"]):
            sites = [make.site("event", "INFO", "p%d" % i, "P", i, [("k", "u32"), ("v", kind)])
                     for i, kind in enumerate(types)]  # fmt: skip
            sites.append(make.site("event", "INFO", "without", "Without", 9, [("k", "u32")]))
            events, rng = [], random.Random(len(types))
            for i in range(3000):
                site = rng.randrange(len(sites))
                v = [] if site == len(types) else [rng.choice(kinds[types[site]])]
                events.append((i * 10, site, 0, [i // 2, *v]))
            encoders = {i: [make.plain] * len(site["types"]) for i, site in enumerate(sites)}
            path = made(folder, sites, events, encoders=encoders)
            keys = "CREATE TABLE keys AS SELECT DISTINCT k AS k FROM events ORDER BY random(); "
            read = "SELECT e.k, typeof(e.v) AS t, e.v FROM keys CROSS JOIN events e ON e.k = keys.k ORDER BY e.rowid; "
            rows = texts(keys + read + read, path)
            expected = texts("SELECT k, typeof(v) AS t, v FROM events ORDER BY rowid", path)
            assert rows == expected + expected, types


# ---- The command line ----


def test_words():
    """A word with a blank is a statement, another one a file."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "with blank.bin")
        with open(GOLDEN, "rb") as source, open(path, "wb") as to:
            to.write(source.read())
        for args in (["--sql", "SELECT 1", GOLDEN], [GOLDEN, "--sql", "SELECT 1"], ["--sql=SELECT 1", GOLDEN]):
            assert view("--format", "csv", *args) == "1\r\n1\r\n"
        for args in (["--sql", GOLDEN], ["--sql", path], [GOLDEN, "--sql"]):
            result = subprocess.run([VIEW, *args, "--format", "csv"], capture_output=True, timeout=DEADLINE_S, text=True,
                                    input="SELECT\n1;SELECT 2;\n SELECT ';' AS x")  # fmt: skip
            assert (result.returncode, result.stdout) == (0, "1\n1\n2\n2\nx\n;\n"), result


def test_mistakes():
    text = message("--sql", "SELECT * FRM events", GOLDEN, status=2)
    assert 'near "FRM": syntax error' in text and "\n           ^\n" in text, text
    assert "no such column" in message("--sql", "SELECT nix FROM events", GOLDEN, status=2)
    message("--sql", "SELECT 1", "--filter", "level=INFO", GOLDEN, status=2)
    message("--sql", "SELECT 1", "--stats", GOLDEN, status=2)
    message("--sql", "SELECT 1", "--format", "chrome", GOLDEN, status=2)
    assert sql("SELECT 1 AS a; SELECT x; SELECT 2 AS a", GOLDEN, status=2) == [{"a": 1}]


def test_confined():
    """No statement gets at another file."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "x")
        for statement in ("ATTACH '%s' AS x", "VACUUM INTO '%s'", "PRAGMA temp_store_directory = '%s'",
                          "SELECT load_extension('%s')", "SELECT writefile('%s', 'x')",
                          "CREATE VIRTUAL TABLE f USING fts5('%s')", "PRAGMA journal_mode = DELETE --%s"):  # fmt: skip
            message("--sql", statement % path, GOLDEN, status=2)
        assert not os.path.exists(path)
        message("--sql", "DELETE FROM events", GOLDEN, status=2)


def test_damaged():
    """What is readable is there, and the status says that not all is."""
    with open(GOLDEN, "rb") as file:
        whole = file.read()
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "cut.bin")
        for cut in (len(whole) - 1, len(whole) // 2, 3000, 10, 0):
            with open(path, "wb") as file:
                file.write(whole[:cut])
            expected = len(events_of(path, status=1))
            assert sql("SELECT count(*) AS n FROM events", path, status=1) == [{"n": expected}], cut
        assert sql("SELECT 1 AS a", "/nonexistent", GOLDEN, status=1) == [{"a": 1}]


def test_hostile():
    """Nothing that a terminal would act on comes out, in any form."""
    evil = "\x1b[2J\u202e\x9b31m"
    sites = [make.site("event", "INFO", evil, evil, 1, [(evil, "str"), ("b\x00c", "str")])]
    with tempfile.TemporaryDirectory() as folder:
        path = made(folder, sites, [(10, 0, 0, [evil, b"\xff\x1b"])], encoders={0: [make.plain] * 2})
        for form in ("text", "csv", "json"):
            text = view("--format", form, "--sql", "SELECT * FROM events", path)
            assert not set(text) & set("\x1b\u202e\x9b\x00"), (form, text)
            text = view("--format", form, "--sql", "SELECT \"%s\" AS \"%s\" FROM events" % (evil, evil), path)
            assert not set(text) & set("\x1b\u202e\x9b"), (form, text)
        text = message("--sql", 'SELECT "%s" FROM events WHERE nix' % evil, path, status=2)
        assert not set(text) & set("\x1b\u202e\x9b"), text


def test_forms():
    statement = "SELECT 1 AS a, 'x,\"y' AS b, NULL AS c, 1.5 AS d, x'00ff' AS e"
    assert view("--format", "csv", "--sql", statement, GOLDEN) == 'a,b,c,d,e\r\n1,"x,""y",,1.5,00ff\r\n'
    assert sql(statement, GOLDEN) == [{"a": 1, "b": 'x,"y', "c": None, "d": 1.5, "e": "00ff"}]
    text = view("--sql", "SELECT 'a' AS name, 10 AS n UNION ALL SELECT 'long', 7", GOLDEN)
    assert text == "name   n\na     10\nlong   7\n", text
    many = "WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c LIMIT 2000) SELECT i FROM c"
    assert [int(line) for line in view("--sql", many, GOLDEN).splitlines()[1:]] == list(range(1, 2001))


# ---- --to-sqlite ----


def test_to_sqlite():
    """Python's sqlite3 and the sqlite3 program read what --sql shows."""
    with tempfile.TemporaryDirectory() as folder:
        path, target = big(folder), os.path.join(folder, "to.db")
        assert view("--to-sqlite", target, path) == ""
        db = sqlite3.connect("file:%s?mode=ro" % target, uri=True)
        rows = sql("SELECT * FROM events", path)
        names = [column[0] for column in db.execute("SELECT * FROM events LIMIT 1").description]
        assert names == list(rows[0])
        for row, copied in zip(rows, db.execute("SELECT * FROM events ORDER BY rowid")):
            for name, value in zip(names, copied):
                if name == "fields":
                    value = json.loads(value)
                elif name == "big" and value is not None:
                    # beyond 2^63 - 1 a column of integers makes a double of it; `fields` is exact
                    assert float(value) == float(row[name])
                    continue
                assert value == row[name], (name, value, row[name])
        assert db.execute("SELECT count(*) FROM events").fetchone() == (len(rows),)
        plan_text = str(db.execute("EXPLAIN QUERY PLAN SELECT * FROM events WHERE ts = '2'").fetchall())
        assert "events_ts" in plan_text, plan_text
        db.close()
        text = subprocess.run(["sqlite3", "-readonly", target, "PRAGMA integrity_check", "SELECT sum(n) FROM events"],
                              capture_output=True, text=True, timeout=DEADLINE_S, check=True).stdout  # fmt: skip
        assert text.split() == ["ok", str(sum(r["n"] or 0 for r in rows))]
        # never over a file, and nothing half is left
        before = os.stat(target)
        assert "already" in message("--to-sqlite", target, GOLDEN, status=1)
        assert os.stat(target).st_mtime_ns == before.st_mtime_ns
        message("--to-sqlite", os.path.join(folder, "no", "x.db"), GOLDEN, status=1)
        assert sorted(os.listdir(folder)) == ["made.bin", "to.db"]
        with open(GOLDEN, "rb") as source, open(path, "wb") as to:
            to.write(source.read()[:-100])
        text = message("--to-sqlite", os.path.join(folder, "cut.db"), path, status=1)
        assert path in text and os.path.exists(os.path.join(folder, "cut.db"))


def test_to_sqlite_tables():
    """The other tables, row by row."""
    with tempfile.TemporaryDirectory() as folder:
        target = os.path.join(folder, "to.db")
        view("--to-sqlite", target, GOLDEN, *OVERLAP)
        db = sqlite3.connect(target)
        for table in ("spans", "threads", "sites", "frames", "registers", "losses", "snapshots"):
            expected = sql("SELECT * FROM %s" % table, GOLDEN, *OVERLAP)
            got = db.execute("SELECT * FROM %s" % table).fetchall()
            assert len(got) == len(expected) > 0, table
            for row, values in zip(expected, got):
                for (name, want), value in zip(row.items(), values):
                    assert (json.loads(value) if name == "fields" else value) == want, (table, name)
        db.close()


def test_to_sqlite_where_there_are_no_hard_links():
    """A file system may have no hard links, as vfat, or not know RENAME_NOREPLACE, as NFS, or neither, as exFAT."""
    injected = {"linkat": "EPERM", "renameat2": "EINVAL"}

    def write(target, *names):
        rules = ["inject=%s:error=%s" % (name, injected[name]) for name in names]
        return subprocess.run(["strace", "-f", "-o", "/dev/null", *("-e" + rule for rule in rules), VIEW, "--to-sqlite", target,
                               GOLDEN], capture_output=True, timeout=DEADLINE_S).returncode  # fmt: skip

    with tempfile.TemporaryDirectory() as folder:
        for names in (["linkat"], ["renameat2"], ["linkat", "renameat2"]):
            target = os.path.join(folder, "-".join(names) + ".db")
            assert write(target, *names) == 0
            assert sqlite3.connect(target).execute("SELECT count(*) FROM events").fetchone() == (14,)
            # what is there stays
            with open(target, "wb") as file:
                file.write(b"another")
            assert write(target, *names) == 1
            with open(target, "rb") as file:
                assert file.read() == b"another"
        assert sorted(os.listdir(folder)) == ["linkat-renameat2.db", "linkat.db", "renameat2.db"]


def test_out_of_memory():
    """It is said, and is no mistake in the statement."""

    def limit():
        resource.setrlimit(resource.RLIMIT_DATA, (100 << 20, 100 << 20))

    for statement in ("SELECT length(hex(zeroblob(400000000)))", "SELECT zeroblob(90000000) AS a"):
        told = subprocess.run([VIEW, "--sql=" + statement, GOLDEN], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                              timeout=DEADLINE_S, preexec_fn=limit)  # fmt: skip
        assert told.returncode == 1 and b"memory" in told.stderr, (statement, told)


# ---- The shell ----


class Shell:
    """ttlog-view --sql on a terminal."""

    def __init__(self, folder, *args):
        self.pid, self.fd = pty.fork()
        if not self.pid:
            os.environ.update(XDG_STATE_HOME=folder, TERM="dumb", LC_ALL="C.UTF-8")
            os.execv(VIEW, [VIEW, "--sql", *args])
        self.text, self.at = "", 0

    def until(self, what):
        """What came up to that, from where the last one ended."""
        deadline = time.monotonic() + DEADLINE_S
        while what not in self.text[self.at:]:
            ready, _, _ = select.select([self.fd], [], [], max(0, deadline - time.monotonic()))
            assert ready, (what, self.text)
            self.text += os.read(self.fd, 65536).decode()
        end = self.text.index(what, self.at) + len(what)
        text, self.at = self.text[self.at:end], end
        return text

    def send(self, text):
        os.write(self.fd, text.encode())

    def say(self, line, answer, prompt="ttlog> "):
        self.send(line + "\r")
        text = self.until(prompt)
        assert answer in text, (line, text)

    def end(self):
        try:
            while os.read(self.fd, 65536):
                pass
        except OSError:
            pass
        os.close(self.fd)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


def busy(pid):
    """Until the process has used some time: its statement runs."""
    deadline, begin = time.monotonic() + DEADLINE_S, None
    while time.monotonic() < deadline:
        with open("/proc/%d/stat" % pid) as file:
            used = int(file.read().rsplit(")", 1)[1].split()[11])
        begin = used if begin is None else begin
        if used > begin + 5:
            return
        time.sleep(0.01)
    raise AssertionError("it does not run")


def test_regexp():
    events = events_of(GOLDEN)
    for pattern in ("^Trade|Slow", "exec.t", "nothing at all", "(?i)trade"):
        wanted = sum(bool(re.search(pattern, event["msg"])) for event in events)
        assert one("SELECT count(*) FROM events WHERE msg REGEXP '%s'" % pattern, GOLDEN) == wanted, pattern
        assert one("SELECT count(*) FROM events WHERE msg NOT REGEXP '%s'" % pattern, GOLDEN) == len(events) - wanted
    # a pattern of each row's own; a number as its text; NULL is neither
    assert one("SELECT count(*) FROM events WHERE msg REGEXP '^' || substr(msg, 1, 3)", GOLDEN) > 5
    assert sql("SELECT 15 REGEXP '^1' AS a, NULL REGEXP 'x' AS b, 'x' REGEXP NULL AS c", GOLDEN) == [
        {"a": 1, "b": None, "c": None}
    ]
    assert "parenthesis" in message("--sql", "SELECT 'x' REGEXP '('", GOLDEN, status=2)
    # one that would take for ever is given up
    query = "SELECT replace(hex(zeroblob(40)), '0', 'a') || 'c' REGEXP '^(a+)+[%s]' AS a"
    assert sql(query % "cd", GOLDEN) == [{"a": 1}] and sql(query % "bd", GOLDEN) == [{"a": None}]


def test_commands():
    """What the shell knows is known without a terminal, too."""
    tables = view("--sql", ".tables", GOLDEN).split()
    assert tables[0] == "name" and {"events", "spans", "frames"} <= set(tables)
    assert [row["column"] for row in sql(".schema losses", GOLDEN)] == ["snapshot", "cause", "count"]
    told = subprocess.run([VIEW, "--sql", GOLDEN, "--format", "table"], capture_output=True, timeout=DEADLINE_S,
                          input=b".mode csv\n\nSELECT 1 AS a,\n2 AS b;\n.tables\n.quit\nSELECT 3;\n")  # fmt: skip
    assert told.returncode == 0 and told.stdout.split()[:3] == [b"a,b", b"1,2", b"name"] and b"3" not in told.stdout
    assert "no such command" in message("--sql", ".nothing", GOLDEN, status=2)
    assert "no such command" in message("--sql", GOLDEN, status=2, stdin=".nothing\nSELECT 1;")
    assert "No such file" in message("--sql", "./nothing.bin", status=1)


def test_shell():
    with tempfile.TemporaryDirectory() as folder:
        shell = Shell(folder, GOLDEN)
        shell.until("ttlog> ")
        shell.say(".tables", "snapshots")
        shell.say(".schema frames", "build_id")
        shell.say("SELECT count(*) AS n", "", prompt="...> ")
        shell.say("FROM events;", "14")
        shell.say(".mode json", "")
        shell.say("SELECT 'x' AS a;", '{"a":"x"}')
        shell.say("SELECT 'x' AS a;", '{"a":"x"}')
        shell.say("SELEC;", "syntax error")
        shell.say(".nothing", "no such command")
        shell.say("SELECT 'gr\u00fc\u00df' AS \u4e2d;", '{"\u4e2d":"gr\u00fc\u00df"}')
        # a statement that would take for ever, and a line, are ended by Ctrl-C
        shell.send("WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c) SELECT max(i) FROM c;\r")
        shell.until("FROM c;")
        busy(shell.pid)
        os.kill(shell.pid, signal.SIGINT)
        assert "interrupted" in shell.until("ttlog> ")
        shell.say("SELECT", "", prompt="...> ")
        shell.send("\x03")
        shell.until("ttlog> ")
        # what changed is read anew
        shell.say("CREATE TABLE t(i);", "")
        for n in (0, 1, 2):
            shell.say("SELECT count(*) AS n FROM t;", '{"n":%d}' % n)
            shell.say("SELECT count(*) AS n FROM t;", '{"n":%d}' % n)
            shell.say("INSERT INTO t VALUES (1);", "")
        shell.send(".quit\r")
        assert shell.end() == 0
        history = os.path.join(folder, "ttlog", "sql_history")
        with open(history) as file:
            assert "count" in file.read()
        assert os.stat(history).st_mode & 0o77 == 0


def wait_until(condition):
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_ctrl_c_while_a_line_is_drawn():
    """It ends the line where a key is waited for, and nowhere else: the editor may be in the middle of anything."""

    def status_of(pid, name):
        with open("/proc/%d/%s" % (pid, name)) as file:
            return file.read()

    with tempfile.TemporaryDirectory() as folder:
        shell = Shell(folder, GOLDEN)
        shell.until("ttlog> ")
        slave = os.open("/proc/%d/fd/0" % shell.pid, os.O_RDWR | os.O_NOCTTY)
        termios.tcflow(slave, termios.TCOOFF)
        shell.send("SELECT 1")
        wait_until(lambda: re.search("wait_woken|tty_write", status_of(shell.pid, "wchan")))
        blocked = int(re.search(r"SigBlk:\s*(\w+)", status_of(shell.pid, "status")).group(1), 16)
        os.kill(shell.pid, signal.SIGINT)
        termios.tcflow(slave, termios.TCOON)
        os.close(slave)
        shell.until("^C")
        shell.until("ttlog> ")
        shell.say("SELECT 'gr\u00fc\u00df' AS a;", "gr\u00fc\u00df")
        # what is no character is left out, and costs no other
        os.write(shell.fd, b"SELECT 'x\xffy\xc3z' AS a;\r")
        assert "xyz" in shell.until("ttlog> ").rsplit("AS a;", 1)[1]
        shell.send("\x04")
        assert shell.end() == 0
        assert blocked & 1 << signal.SIGINT - 1, hex(blocked)


if __name__ == "__main__":
    run(globals())
