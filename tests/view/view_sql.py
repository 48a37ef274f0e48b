#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""--sql: view_sql.py TTLOG-VIEW. Run from the top of the tree.

The contents of tables are compared with `--format json`, the results of queries with the same
computed here.
"""
import decimal
import json
import os
import re
import sqlite3
import subprocess
import sys
import tempfile

sys.path.insert(0, "tests")
sys.dont_write_bytecode = True

import make_snapshot as make  # noqa: E402
from sql_fixture import FIXED, GOLDEN, OVERLAP, big, made, message, one, plan, sql, texts  # noqa: E402
from view_harness import DEADLINE_S, VIEW, events_of, run, texts_of, view  # noqa: E402

LEVELS = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"]


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
    """Every event, in order, once, with everything that --format json has."""
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
    """Fields with the names of fixed columns, or names that differ only in case; and no fields."""
    fields = [("pid", "u32"), ("A", "str"), ("a", "u8"), ('k "\n', "str"), ("", "bool"),
              ("fields.pid", "u8")]  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        path = made(folder, [make.site("event", "INFO", "odd", "Odd", 1, fields)],
                    [(10, 0, 0, [1, "x", 2, "k", 1, 7])])  # fmt: skip
        (row,) = sql("SELECT * FROM events", path)
        assert row["pid"] == 5 and row["fields.pid"] == 1 and row["A"] == "x" and row["fields.a"] == 2
        assert row['k "\n'] == "k" and row["fields."] is True and row["fields.fields.pid"] == 7
        assert one('SELECT "k ""\n" FROM events', path) == "k"


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
    """The rows that a WHERE passes, whether our code decides or SQLite."""
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


def test_times():
    """Times are compared as times, however they are written: with and without pushdown."""
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
    # a text that is no time is compared letter by letter
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
    """The plan shows what our code decides, and chunks outside a time range are not decoded."""
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
    """The last events are found without the rest: the last in the order of time, of any files."""
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


def test_functions():
    for call, value in (("ns('5ms')", 5000000), ("ns('1.5s')", 1500000000), ("ns(NULL)", None),
                        ("level('WARN')", 3), ("ts(0)", "1970-01-01T00:00:00.000000000Z"),
                        ("ts_ns('2026-11-21T06:00:00.5Z')", 1795240800500000000)):  # fmt: skip
        assert one("SELECT " + call, GOLDEN) == value, call
    assert one("SELECT ts_ns(ts) - ts_ns FROM events LIMIT 1", GOLDEN) == 0
    assert "unit" in message("--sql", "SELECT ns('x') AS n", GOLDEN, status=2)


def test_spans():
    """Starts and ends joined: whole spans, spans cut at the start, and at the end."""
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
    """The fields of the start are columns like those of events, in every file by its own sites."""
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
    """Two cursors are in the same file at once."""
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
    """A row of a join goes to the events of its time, not over their whole chunk."""
    with tempfile.TemporaryDirectory() as folder:
        path = big(folder)
        for column in ("mono_ns", "ts_ns", "ts"):
            for on, cnt in (("b.%s = a.%s", 10000), ("b.%s = a.%s AND b.tid = 7", 4990),
                            ("b.%s = a.%s AND b.level = 'ERROR'", 10)):  # fmt: skip
                (joined, work) = sql("SELECT count(*) AS n FROM events a CROSS JOIN events b ON %s; "
                                     "SELECT passed() AS n, decoded() AS chunks" % (on % (column, column)), path)  # fmt: skip
                assert joined["n"] == cnt, (column, on, joined)
                # the rows of the outer table, and one event for each
                assert work["n"] <= 10000 + 10000 and work["chunks"] == 10, (column, on, work)
        (joined, work) = sql("SELECT count(*) AS n FROM events a CROSS JOIN events b ON b.mono_ns BETWEEN "
                             "a.mono_ns - 10 AND a.mono_ns + 10; SELECT passed() AS n", path)  # fmt: skip
        assert joined["n"] == 29998 and work["n"] <= 10000 + 30000, (joined, work)
        got = sql("SELECT a.mono_ns - (SELECT b.mono_ns FROM events b WHERE b.mono_ns BETWEEN a.mono_ns - 35 AND "
                  "a.mono_ns - 1 ORDER BY b.mono_ns DESC LIMIT 1) AS d, count(*) AS n FROM events a GROUP BY d", path)  # fmt: skip
        assert got == [{"d": None, "n": 1}, {"d": 10, "n": 9999}], got


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
    """No statement can access another file."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "x")
        for statement in ("ATTACH '%s' AS x", "VACUUM INTO '%s'", "PRAGMA temp_store_directory = '%s'",
                          "SELECT load_extension('%s')", "SELECT writefile('%s', 'x')",
                          "CREATE VIRTUAL TABLE f USING fts5('%s')", "PRAGMA journal_mode = DELETE --%s"):  # fmt: skip
            message("--sql", statement % path, GOLDEN, status=2)
        assert not os.path.exists(path)
        message("--sql", "DELETE FROM events", GOLDEN, status=2)


def test_damaged():
    """The readable part is there, and the status says that it is not all."""
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
    """No control character of a terminal comes out, in any form."""
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


def test_regexp():
    events = events_of(GOLDEN)
    for pattern in ("^Trade|Slow", "exec.t", "nothing at all", "(?i)trade"):
        wanted = sum(bool(re.search(pattern, event["msg"])) for event in events)
        assert one("SELECT count(*) FROM events WHERE msg REGEXP '%s'" % pattern, GOLDEN) == wanted, pattern
        assert one("SELECT count(*) FROM events WHERE msg NOT REGEXP '%s'" % pattern, GOLDEN) == len(events) - wanted
    # each row has a pattern of its own; a number as its text; NULL is neither
    assert one("SELECT count(*) FROM events WHERE msg REGEXP '^' || substr(msg, 1, 3)", GOLDEN) > 5
    assert sql("SELECT 15 REGEXP '^1' AS a, NULL REGEXP 'x' AS b, 'x' REGEXP NULL AS c", GOLDEN) == [
        {"a": 1, "b": None, "c": None}
    ]
    assert "parenthesis" in message("--sql", "SELECT 'x' REGEXP '('", GOLDEN, status=2)
    # a pattern that would take forever is given up
    query = "SELECT replace(hex(zeroblob(40)), '0', 'a') || 'c' REGEXP '^(a+)+[%s]' AS a"
    assert sql(query % "cd", GOLDEN) == [{"a": 1}] and sql(query % "bd", GOLDEN) == [{"a": None}]


if __name__ == "__main__":
    run(globals())
