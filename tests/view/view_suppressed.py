#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Calls that were left out (TTLOG_PROBE_EVERY, _LIMIT), in every output: view_suppressed.py VIEWER"""
import csv
import io
import json
import sys

sys.path.insert(0, "tests")
sys.dont_write_bytecode = True

from view_harness import run, view  # noqa: E402

SUPPRESSED, NONE = "tests/golden/suppressed.bin", "tests/golden/small.bin"
TOTAL = 2**40 + 700


def lines(*arguments):
    return [json.loads(line) for line in view(*arguments, "--format", "json", SUPPRESSED).splitlines()]


EVENTS = lines()
COUNTS = [event.get("suppressed", 0) for event in EVENTS]


def matching(expression):
    return [event["mono_ns"] for event in lines("--filter", expression)]


def expected(holds):
    return [event["mono_ns"] for event, count in zip(EVENTS, COUNTS) if holds(count, event["fields"])]


def test_filter():
    """The count, or a field with that key; an event without either has none."""
    def number(fields):
        return fields["suppressed"] if isinstance(fields.get("suppressed"), int) else None

    assert sum(COUNTS) == 2**40 + 439 and COUNTS.count(0) == 7, COUNTS
    for expression, holds in [
        ("suppressed>5", lambda count: count > 5), ("suppressed=9", lambda count: count == 9),
        ("suppressed<=3", lambda count: count <= 3), ("suppressed>=1099511627776", lambda count: count >= 2**40),
        ("suppressed<2", lambda count: count < 2),
    ]:  # fmt: skip
        wanted = expected(lambda count, fields: any(
            value and holds(value) for value in (count, number(fields))) or
            ("=9" in expression and fields.get("suppressed") == "9"))
        assert wanted and matching(expression) == wanted, expression
    assert matching("fields.suppressed=9") == expected(lambda count, fields: str(fields.get("suppressed")) == "9")
    some = expected(lambda count, fields: count or "suppressed" in fields)
    assert matching("has(suppressed)") == some
    assert len(matching("not has(suppressed)")) == len(EVENTS) - len(some)
    # by row, where the filter is not applied by column
    assert matching("suppressed=7 or n=20") == expected(lambda count, fields: count == 7 or fields.get("n") == 20)
    assert matching("suppressed=some") == expected(lambda count, fields: fields.get("suppressed") == "some")


def test_lines():
    text, logfmt = view(SUPPRESSED).splitlines(), view("--format", "logfmt", SUPPRESSED).splitlines()
    for event, count, one, other in zip(EVENTS, COUNTS, text, logfmt):
        assert one.endswith(" suppressed=%d" % count) == bool(count) or "suppressed" in event["fields"], one
        keys = [pair.split("=")[0] for pair in other.split()]
        assert other.endswith(" suppressed=%d" % count) if count else keys.count("suppressed") <= 1, other
        assert len(keys) == len(set(keys)), other
    # a field is called as ever where the event has no count
    assert " suppressed=9" in logfmt[2] and " fields.suppressed=some suppressed=99" in logfmt[4]


def test_csv():
    rows = list(csv.DictReader(io.StringIO(view("--format", "csv", SUPPRESSED), newline="")))
    assert [int(row["suppressed"] or 0) for row in rows] == COUNTS
    assert [row["fields.suppressed"] for row in rows[2:6]] == ["9", "9", "some", "9"]
    assert "suppressed" not in view("--format", "csv", NONE).splitlines()[0]


def test_sql():
    def rows(query):
        return [json.loads(line) for line in
                view("--sql", query, "--format", "json", SUPPRESSED).splitlines()]

    assert rows("SELECT sum(suppressed) s, count(suppressed) n FROM events") == [{"s": sum(COUNTS), "n": 14}]
    assert rows('SELECT "fields.suppressed" f FROM events WHERE suppressed = 7') == [{"f": 9}]
    assert rows("SELECT count(*) n FROM spans") == [{"n": 0}]
    assert rows("SELECT suppressed s FROM snapshots") == [{"s": TOTAL}]


def test_statistics():
    groups = {row["group"]["probe"]: row for row in lines("--stats", "--group-by", "probe")}
    assert {probe: row.get("suppressed", 0) for probe, row in groups.items()} == {
        "tick": 2**40 + 333, "own": 99, "numbered": 7}, groups
    some = lines("--stats", "--group-by", "probe", "--filter", "suppressed=7")
    assert [row["suppressed"] for row in some] == [7]
    by_tid = {row["group"]["tid"]: row["suppressed"] for row in lines("--stats", "--group-by", "tid")}
    assert sum(by_tid.values()) == sum(COUNTS) and len(by_tid) == 2
    table = view("--stats", SUPPRESSED).splitlines()
    assert table[0].split()[:5] == ["events", "share", "per", "second", "suppressed"]
    assert str(2**40 + 333) in table[1] and len(table[1].split()) == 9, table[1]
    assert "suppressed" not in view("--stats", NONE)
    assert "suppressed" not in view("--stats", "--format", "json", NONE)


def test_info():
    assert json.loads(view("--info", "--format", "json", SUPPRESSED))["suppressed"] == TOTAL
    assert "suppressed" not in json.loads(view("--info", "--format", "json", NONE))
    (line,) = [line for line in view("--info", SUPPRESSED).splitlines() if "left out" in line]
    assert line.split()[:2] == ["suppressed", "1,099,511,628,476"], line


def test_traces():
    trace = json.loads(view("--format", "chrome", SUPPRESSED))["traceEvents"]
    assert [event["args"]["ttlog"].get("suppressed", 0) for event in trace if event["ph"] == "i"] == COUNTS
    logs = json.loads("[" + ",".join(view("--format", "otlp-json", SUPPRESSED).splitlines()) + "]")
    records = [record for item in logs for group in item.get("resourceLogs", ())
               for scope in group["scopeLogs"] for record in scope["logRecords"]]  # fmt: skip
    found = [{pair["key"]: pair["value"] for pair in record["attributes"]} for record in records]
    counts = [int(one["ttlog.suppressed"]["intValue"]) if "ttlog.suppressed" in one else 0 for one in found]
    assert counts[: len(COUNTS)] == COUNTS and not any(counts[len(COUNTS) :])


def test_explained():
    words = view("--explain", "--filter", "suppressed>5 and has(suppressed)", SUPPRESSED)
    assert "number" in words and "left out" in words, words


run(globals())
