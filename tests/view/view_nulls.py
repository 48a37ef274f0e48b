#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Numbers that are null, and the return values of spans, in every output: view_nulls.py VIEWER"""
import json
import sys

sys.path.insert(0, "tests")
sys.dont_write_bytecode = True

from view_harness import run, view  # noqa: E402

NULLS = "tests/golden/nulls.bin"


def count(expression):
    return len(view("--filter", expression, "--format", "json", NULLS).splitlines())


def test_a_filter_takes_null_as_it_takes_that_of_text():
    for key in ("i32", "u64", "b", "f64", "price", "s"):
        nulls = count(key + "=null")
        # a null is no number: it differs from each
        assert nulls and count("has(%s)" % key) == 27 == nulls + count(key + "!=null"), key
    assert count("i32=-7") == count("i32<0") == 16
    assert count("i32>=0") == count("i32=0") == 0
    assert count("ret=-1") == 1 and count("ret=null") == 2 and count("took>10ns") == 4


def test_statistics_leave_nulls_out():
    rows = [json.loads(line) for line in
            view("--stats", "--group-by", "probe", "--format", "json", NULLS).splitlines()]
    fields = {row["group"]["probe"]: row for row in rows if "group" in row}
    numbers = fields["foreign"]["fields"]
    assert numbers["i32"]["count"] == 16 and numbers["i32"]["min"] == numbers["i32"]["max"] == -7
    assert fields["fn"]["fields"]["ret"]["count"] == 1
    assert fields["fn"]["duration_ns"]["count"] == 2
    groups = view("--stats", "--group-by", "i32", "--format", "json", NULLS).splitlines()
    assert sorted(json.loads(line)["events"] for line in groups if "events" in line)[:2] == [8, 11]


def test_sql_has_null():
    def rows(query):
        return json.loads("[" + ",".join(view("--sql", query, "--format", "json", NULLS).splitlines()) + "]")

    spans = rows("SELECT probe, duration_ns, ret, fields FROM spans ORDER BY end_mono_ns")
    assert [(row["probe"], row["duration_ns"], row["ret"]) for row in spans] == [
        ("name", 40, "why"), ("fn", 100, -1), ("name", 40, None), ("fn", 100, None)], spans
    assert rows("SELECT count(*) n FROM events WHERE i32 IS NULL AND probe = 'foreign'") == [{"n": 11}]
    assert rows("SELECT sum(u8) n, avg(i32) a FROM events") == [{"n": 4018, "a": -7.0}]


def test_slices_have_the_return_value():
    trace = json.loads(view("--format", "chrome", NULLS))
    ends = [event["args"] for event in trace["traceEvents"] if event["ph"] == "X"]
    assert [args["ret"] for args in ends if "n" in args] == [-1, None], ends
    spans = view("--format", "otlp-json", NULLS)
    assert '{"key":"ret","value":{"intValue":"-1"}}' in spans and '{"key":"ret","value":{}}' in spans


run(globals())
