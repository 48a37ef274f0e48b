#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""SQL rows that an index finds, and numbers of every kind: view_sql_look_up.py TTLOG-VIEW. Run from
the top of the tree. The results of queries are compared with the same computed here.
"""
import decimal
import random
import sys
import tempfile

sys.path.insert(0, "tests")
sys.dont_write_bytecode = True

import make_snapshot as make  # noqa: E402
from sql_fixture import GOLDEN, OVERLAP, big, keyed, made, message, one, plan, sql, texts  # noqa: E402
from view_harness import run, texts_of  # noqa: E402

LOOK_UPS = ["n = 8", "n = 3", "n = -1", "n = '8'", "n = 8.0", "n = 8.5", "n = NULL", "n IN (8, 3, 9000, NULL, 8)",
            "n = 10 AND name = 'name-10'", "n = 10 OR name = 'name-3'", "name = 'name-4'", "name = 4", "name = ''",
            "name = x'6e616d652d34'", "name = 'NAME-4' COLLATE NOCASE", "big = 9223372036854775807", "big = -1000",
            "big = '18446744073709550616'", "n = 31 AND tid = 7", "name = 'name-4' AND mono_ns < 5000",
            "n = (SELECT max(n) FROM events WHERE price IS NOT NULL)", "price = 12.5", "price = '-5.0'"]  # fmt: skip


def test_look_up():
    """An index gives the same as a scan, in the same order, for a value of any type."""
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


# Values that SQL treats as equal to an integer, and others: reals, texts that are numbers, blobs.
EQUALS = ["8", "8.0", "'8'", "' 8 '", "'8.0'", "'8e0'", "'0x8'", "'8x'", "8.5", "x'38'", "NULL", "TRUE", "0", "-700",
          "-700.0", "'-7e2'", "799", "-701", "800", "9007199254740993", "9007199254740992.0", "9223372036854775807",
          "9223372036854775807.0", "9223372036854775808", "'9223372036854775808'", "1.8446744073709552e19",
          "'18446744073709551614'", "18446744073709551614", "1e300", "-1e300", "9e999", "-9e999", "-9223372036854775808",
          "-9223372036854775808.0", "''", "'id-8'"]  # fmt: skip


def test_look_up_types():
    """An index finds the same as a scan, for a value of any type, as a literal and from a
    column."""
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
    """Compared, sorted and added exactly."""
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
    """A field with different types at different sites is still in the order of numbers."""
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


def test_numbers_of_found():
    """The other columns of a look-up are the same as a scan's, for numbers of all kinds, each
    time."""
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


if __name__ == "__main__":
    run(globals())
