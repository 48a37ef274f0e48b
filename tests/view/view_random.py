#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Random queries with known answers: view_random.py TTLOG-VIEW. Run from the top of the tree.

Statements over table events run again over a subquery into which nothing is pushed, filters of
events are evaluated here, two snapshots are compared in both orders. The queries are the same in
every run.
"""
import json
import os
import random
import sqlite3
import sys
import tempfile
from fractions import Fraction

sys.path.insert(0, "tests")
sys.dont_write_bytecode = True

import make_snapshot as make  # noqa: E402
from view_harness import run, view  # noqa: E402

LEVELS = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"]
WHOLE = [0, 1, 2, 7, 10, 2**31 - 1]
LARGE = [0, 7, 2**53 + 1, 2**63 - 1, 2**63, 2**64 - 1]
REALS = [0.0, -0.0, 0.5, 7.0, -1.5, 2.0**53, 1e300, 5e-324, float("inf"), float("-inf"), float("nan")]
DECIMALS = [(0, 2), (7, 0), (700, 2), (-15, 1), (15025, 2), (150250, 3), (1, 18), (2**63 - 1, 0), (5, 40)]
TEXTS = ["", "a", "A", "7", "7.0", "null", "caf\u00e9", "a'b", "x*y", b"\xffa", None, ["cut"]]
VALUES = {"i32": WHOLE + [-1, -(2**31)], "u64": LARGE, "f64": REALS, "decimal": DECIMALS, "str": TEXTS, "bool": [0, 1]}
ENCODERS = {"i32": make.array("i"), "u64": make.array("Q"), "f64": make.plain, "decimal": make.decimal_each,
            "str": make.plain, "bool": make.array("B")}  # fmt: skip
# Fields that are always of one type, and others.
FIELDS = [("n", ["i32"]), ("name", ["str"]), ("id", ["u64"]), ("price", ["decimal"]), ("flag", ["bool"]),
          ("x", ["f64", "i32"]), ("mixed", ["decimal", "f64", "u64", "str"])]  # fmt: skip


class Made:
    """A snapshot and the values from which it was made."""

    def __init__(self, folder, seed, name="made.bin", count=300):
        rng = random.Random(seed)
        self.sites = []
        for number in range(4):
            fields = [(key, rng.choice(types)) for key, types in rng.sample(FIELDS, rng.randrange(1, 5))]
            if number == 3:
                fields += fields[:1]  # a key twice
            self.sites.append(make.site("event", LEVELS[1 + number], "probe-%d" % (number % 2), "Text", number, fields))
        self.threads = [{"pid": 5, "tid": 5 + i, "comm": "t%d" % i} for i in range(2)]
        encoders = {i: [ENCODERS[kind] for kind in site["types"]] for i, site in enumerate(self.sites)}
        header = {"clock": {"mono_ns": 0, "real_ns": make.REAL}, "pid": 5, "host": "h", "comm": "random"}
        snapshot = make.Snapshot(header, self.sites, self.threads, encoders)
        self.events, at = [], 1000
        for _ in range(count):
            at += rng.choice([0, 1, rng.randrange(10**6)])
            site = rng.choices(range(4), (1, 1 + seed % 5, 2, 4 - seed % 4))[0]
            self.events.append((at, site, rng.randrange(2), [rng.choice(VALUES[kind]) for kind in self.sites[site]["types"]]))
        for start in range(0, count, 100):
            snapshot.chunk(self.events[start : start + 100])
        snapshot.end()
        self.path = snapshot.save(os.path.join(folder, name))


# ---- SQL ----

LITERALS = ["0", "7", "7.0", "'7'", "7.5", "-1", "2", "2.0", "5.0", "6", "NULL", "TRUE", "'a'", "'A'", "''", "x'37'",
            "9e999", "'7.00'", "150.25", "'WARN'", "'warn'", "'t1'", "'probe-1'", "9223372036854775807", "'-1us'",
            "9223372036854775808", "18446744073709551615", "'18446744073709551614'", "1795240800123500000",
            "1795240800123500000.0", "'2026-11-21T06:00:00.1235'", "'2026-11-21 06:00'", "'2026'", "500000.0"]  # fmt: skip
COLUMNS = ["ts", "ts_ns", "mono_ns", "level", "level_number", "target", "probe", "pid", "tid", "comm", "line",
           "snapshot", "n", "name", "id", "price", "flag", "x", "mixed"]  # fmt: skip


def condition(rng, columns, depth=0):
    kind = rng.random()
    if depth < 2 and kind < 0.4:
        word = rng.choice([" AND ", " AND ", " OR "])
        return "(%s)" % word.join(condition(rng, columns, depth + 1) for _ in range(2))
    if depth < 2 and kind < 0.5:
        return "NOT (%s)" % condition(rng, columns, depth + 1)
    column, literals = rng.choice(columns), [rng.choice(LITERALS) for _ in range(3)]
    if kind < 0.6:
        return "%s %sIN (%s)" % (column, rng.choice(["", "NOT "]), ", ".join(literals))
    if kind < 0.7:
        return "%s BETWEEN %s AND %s" % (column, *literals[:2])
    if kind < 0.75:
        return "%s%s COLLATE NOCASE = %s" % (rng.choice(["", "+"]), column, literals[0])
    return "%s %s %s" % (column, rng.choice(["=", "=", "<", "<=", ">", ">=", "<>", "IS"]), literals[0])


def statement(rng, columns):
    column, where, kind = rng.choice(columns), condition(rng, columns), rng.random()
    if kind < 0.4:
        return "SELECT {row}, quote(%s) AS v FROM {table} WHERE %s" % (column, where), False
    if kind < 0.6:
        order = rng.choice(["ts", "ts_ns DESC", "mono_ns DESC", "%s" % column, "%s DESC" % column])
        return "SELECT {row} FROM {table} WHERE %s ORDER BY %s, {row} LIMIT 20" % (where, order), True
    if kind < 0.8:
        order = rng.choice(["ts", "ts DESC", "mono_ns", "mono_ns DESC"])
        return "SELECT ts FROM {table} WHERE %s ORDER BY %s LIMIT %d" % (where, order, rng.choice([1, 5, 500])), True
    if kind < 0.95:
        return "SELECT count(*) AS a, min({row}) AS b FROM {table} WHERE %s GROUP BY %s" % (where, column), False
    key = rng.choice(["n", "name"])
    return "SELECT a.{row} AS a, b.{row} AS b FROM {table} a JOIN {table} b ON a.%s = b.%s AND b.tid = 6.0 " \
           "WHERE a.level = 'ERROR' LIMIT 99 OFFSET 0" % (key, key), False  # fmt: skip


def test_statements():
    """Pushed down, looked up in an index, or read backward: the result is the same as SQLite's
    alone."""
    some = 0
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(4):
            files = [Made(folder, seed, "%d.bin" % i, 300).path for i in range(1 + seed % 2)]
            names = [line.split(",")[0] for line in
                     view("--format", "csv", "--sql", "SELECT name FROM pragma_table_info('events')", *files).split()[1:]]  # fmt: skip
            rng = random.Random(seed)
            asked = [statement(rng, [c for c in COLUMNS if c in names]) for _ in range(100)]
            asked = [one for one in asked if " JOIN " not in one[0] or {"n", "name"} <= set(names)]
            marked = "; ".join("SELECT %d AS mark; %s; SELECT %d AS mark; %s" % (
                i, text.format(table="events", row="rowid"), -i - 1,
                text.format(table="(SELECT *, rowid AS r FROM events LIMIT -1 OFFSET 0)", row="r"))
                for i, (text, _) in enumerate(asked))  # fmt: skip
            rows = {}
            for line in view("--format", "json", "--sql", marked, *files).splitlines():
                if line.startswith('{"mark":'):
                    answer = rows.setdefault(json.loads(line)["mark"], [])
                else:
                    answer.append(str(json.loads(line, object_pairs_hook=lambda pairs: [v for _, v in pairs])))
            for i, (text, is_ordered) in enumerate(asked):
                got, wanted = rows[i], rows[-i - 1]
                if " JOIN " in text:
                    assert len(got) == len(wanted), (seed, text, len(got), len(wanted))
                elif is_ordered:
                    assert got == wanted, (seed, text, got, wanted)
                else:
                    assert sorted(got) == sorted(wanted), (seed, text, len(got), len(wanted))
                some += bool(wanted)
    assert some > 150, some


def number_of(value):
    """The number, if it is one: the manual page says which are doubles in a database."""
    try:
        return str(float(value) + 0.0)
    except (TypeError, ValueError):
        return value


def test_database():
    """--to-sqlite writes what --sql shows, value by value."""
    compared = 0
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(3):
            files, target = [Made(folder, seed, "%d.bin" % i).path for i in range(2)], os.path.join(folder, "%d.db" % seed)
            view("--to-sqlite", target, *files)
            names = view("--format", "csv", "--sql", "SELECT name FROM pragma_table_info('events')", *files).split()[1:]
            query = "SELECT %s FROM events" % ", ".join('typeof("%s") AS t%d, "%s" AS v%d' % (name, i, name, i)
                                                        for i, name in enumerate(names))  # fmt: skip
            rows = [list(json.loads(line).values()) for line in view("--format", "json", "--sql", query, *files).splitlines()]
            db = sqlite3.connect(target)
            copied = db.execute(query + " ORDER BY rowid").fetchall()
            db.close()
            assert len(rows) == len(copied) == 300, (len(rows), len(copied))
            for row, copy in zip(rows, copied):
                for i, name in enumerate(names):
                    (kind, value), (copied_kind, copied_value) = row[2 * i : 2 * i + 2], copy[2 * i : 2 * i + 2]
                    compared += 1
                    if name == "fields":
                        value, copied_value = str(value), str(json.loads(copied_value))
                    elif name in ("price", "id", "x", "mixed"):
                        value, copied_value = number_of(value), number_of(copied_value)
                    elif name != "flag":
                        assert kind == copied_kind, (seed, name, row, copy)
                    assert value == copied_value, (seed, name, value, copied_value)
    assert compared > 10000


# ---- Filters ----


def order(a, b):
    return (a > b) - (a < b)


def holds_order(op, way):
    return {"=": way == 0, "!=": way != 0, "<": way < 0, "<=": way <= 0, ">": way > 0, ">=": way >= 0}[op]


def holds_value(kind, value, op, text, number):
    """By the manual page, for one field."""
    if kind == "str" or value is None or number is None:
        shown = value[0] if isinstance(value, list) else "null" if value is None else value
        if kind == "bool":
            shown = "true" if value else "false"
        elif kind != "str":
            return op == "!="
        shown = shown if isinstance(shown, bytes) else shown.encode()
        if op in ("=", "!="):
            return (shown == text.encode()) == (op == "=")
        return number is None and value is not None and kind == "str" and holds_order(op, order(shown, text.encode()))
    if kind == "decimal":
        return holds_order(op, order(Fraction(value[0], 10 ** value[1]), number))
    if kind == "f64" and value != value:
        return op == "!="
    if kind == "f64" and value in (float("inf"), float("-inf")):
        return holds_order(op, 1 if value > 0 else -1)
    if kind == "f64" and value == float(number) and (value or not number):
        return holds_order(op, 0)
    return holds_order(op, order(Fraction(value), number))


def holds(tree, made, event):
    word, *rest = tree
    if word in ("and", "or"):
        return (all if word == "and" else any)([holds(one, made, event) for one in rest])
    if word == "not":
        return not holds(rest[0], made, event)
    key, op, text, number = rest
    site, thread = made.sites[event[1]], made.threads[event[2]]
    if key == "level":
        return holds_order(op, order(LEVELS.index(site["level"]), LEVELS.index(text)))
    if key == "tid":
        return holds_order(op, order(thread["tid"], number))
    found = [(kind, value) for name, kind, value in zip(site["keys"], site["types"], event[3]) if name == key]
    return bool(found) if op == "has" else any(holds_value(*one, op, text, number) for one in found)


NUMBERS = ["0", "7", "7.00", "-1", "0.5", "150.25", "9007199254740993", "9223372036854775808", "18446744073709551615",
           "18446744073709551615.5", "-0.00", "1e300", "0x7", "1e-18"]  # fmt: skip


def expression(rng, depth=0):
    kind = rng.random()
    if depth < 3 and kind < 0.4:
        return (rng.choice(["and", "or"]), expression(rng, depth + 1), expression(rng, depth + 1))
    if depth < 3 and kind < 0.5:
        return ("not", expression(rng, depth + 1))
    op = rng.choice(["=", "=", "!=", "<", "<=", ">", ">="])
    if kind < 0.6:
        return ("term", "level", op, rng.choice(LEVELS), None)
    if kind < 0.7:
        return ("term", "tid", op, "6", 6)
    key = rng.choice(FIELDS)[0]
    if kind < 0.75:
        return ("term", key, "has", None, None)
    if kind < 0.85:
        return ("term", key, op, rng.choice(["a", "A", "caf\u00e9", "null", "cut", "true"]), None)
    text = rng.choice(NUMBERS)
    return ("term", key, op, text, Fraction(int(text, 16)) if text.startswith("0x") else Fraction(text))


def written(tree):
    word, *rest = tree
    if word in ("and", "or"):
        return "(%s %s %s)" % (written(rest[0]), word, written(rest[1]))
    if word == "not":
        return "not (%s)" % written(rest[0])
    return "has(%s)" % rest[0] if rest[1] == "has" else "%s%s%s" % tuple(rest[:3])


def test_filters():
    """A filter passes exactly the events for which its expression is true."""
    some = 0
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(4):
            made, rng = Made(folder, seed), random.Random(seed)
            for _ in range(25):
                tree = expression(rng)
                wanted = [event[0] for event in made.events if holds(tree, made, event)]
                got = view("--format", "csv", "--filter", written(tree), made.path).splitlines()[1:]
                got = [int(line.split(",")[1]) for line in got]
                assert got == wanted, (seed, written(tree), len(got), len(wanted))
                some += 0 < len(wanted) < 300
    assert some > 40, some


# ---- Comparing ----


def test_both_ways_round():
    """A snapshot does not differ from itself; two snapshots differ in the same way in both
    orders."""
    found = 0
    with tempfile.TemporaryDirectory() as folder:
        paths = [Made(folder, seed, "%d.bin" % seed, 900).path for seed in range(6)]
        for a, b in zip(paths[::2], paths[1::2]):
            assert view("--diff", "--format", "json", a, a) == ""
            there, back = ([json.loads(line) for line in view("--diff", "--format", "json", *files).splitlines()]
                           for files in ((a, b), (b, a)))  # fmt: skip
            assert sorted((one["kind"], str(one["a"])) for one in there) == \
                sorted((one["kind"], str(one["b"])) for one in back), (a, b)  # fmt: skip
            found += len(there)
    assert found > 3, found


if __name__ == "__main__":
    run(globals())
