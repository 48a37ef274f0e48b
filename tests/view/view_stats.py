#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""--stats, --histogram and --timeline: view_stats.py TTLOG-VIEW. Run from the top of the tree.

Compares the output with the same sums over `--format json` of the same files.
"""
import calendar
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from fractions import Fraction

sys.path.insert(0, "tests")
sys.dont_write_bytecode = True

import make_snapshot as make  # noqa: E402
from format_fixture import FILES, GOLDEN, NESTED, span_file  # noqa: E402
from view_harness import DEADLINE_S, VIEW, events_of, run, view  # noqa: E402

ERROR = 1 / 128 + 1e-12
DISTINCT_MAX = 48
LEVELS = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"]
SITE_KEYS = ("level", "target", "probe", "msg", "file", "func", "line", "pid", "tid", "comm")


def lines_of(*args):
    return [json.loads(line) for line in view(*args, "--format", "json").splitlines()]


def varied_file(folder, events=6000):
    """Several sites, threads and chunks; integers, decimals, floats, NaN, spans."""
    rng = random.Random(5)
    fields = [("symbol", "str"), ("n", "i64"), ("price", "decimal"), ("x", "f64"), ("id", "u64")]
    sites = [
        make.site("event", "INFO", "order", "Order", 1, fields),
        make.site("event", "WARN", "slow", "Slow", 2, [("n", "u32")], target="net"),
        make.site("span_end", "INFO", "span", "span", 3, [("duration_ns", "u64")], target="net"),
        make.site("event", "ERROR", "mark", "Mark", 4),
    ]  # fmt: skip
    encoders = {
        0: [make.indexed, make.array("q"), make.decimal_one("i"), make.plain, make.array("Q")],
        1: [make.array("I")],
        2: [make.array("Q")],
    }
    header = {"clock": {"mono_ns": 1000, "real_ns": make.REAL}, "pid": 5, "host": "h", "comm": "varied"}
    threads = [{"pid": 5, "tid": 6 + i, "comm": "t%d" % i} for i in range(3)]
    snapshot = make.Snapshot(header, sites, threads, encoders)
    at, chunk = 5000, []
    for number in range(events):
        at += rng.randrange(2_000_000)
        site = rng.choices(range(4), (6, 3, 2, 1))[0]
        real = rng.choice([float("nan"), float("inf"), 0.0]) if rng.random() < 0.02 else rng.gauss(0, 1e3)
        values = [
            [rng.choice(["AAPL", "MSFT", "X"]), rng.randrange(-500, 500),
             (rng.randrange(-10**6, 10**6), 2), real, number],
            [int(rng.expovariate(1e-4))],
            [int(rng.lognormvariate(13, 2))],
            [],
        ]  # fmt: skip
        chunk.append((at, site, rng.randrange(3), values[site]))
        if len(chunk) == 1500:
            snapshot.chunk(chunk)
            chunk = []
    if chunk:
        snapshot.chunk(chunk)
    snapshot.end()
    return snapshot.save(os.path.join(folder, "varied.bin"))


# ---- --stats ----


def values_of(event):
    """Its numbers by field; a span's duration under None."""
    if "duration_ns" in event:
        yield None, event["duration_ns"]
    for key, value in event["fields"].items():
        if isinstance(value, bool):
            continue
        if isinstance(value, (int, float, Fraction)):
            yield key, value


def check_figures(what, figures, values):
    values = sorted(values)
    assert figures["count"] == len(values), (what, figures, len(values))
    if not values:
        return
    for name, exact in (("min", values[0]), ("max", values[-1])):
        # decimals with different scales are compared in floating point
        slack = abs(exact) * Fraction(1, 2**52) if what[-1] == "each" else 0
        assert abs(figures[name] - exact) <= slack, (what, figures)
    mean = sum(values) / len(values)
    assert abs(figures["mean"] - mean) <= max(1e-6, abs(mean) * Fraction(1, 10**7)), (what, figures, mean)
    for percent in (50, 90, 99):
        exact = values[-(-percent * len(values) // 100) - 1]
        told = figures["p%d" % percent]
        assert abs(told - exact) <= abs(exact) * ERROR, (what, percent, told, exact)
        if len(set(values)) <= DISTINCT_MAX:
            assert abs(told - exact) <= slack, (what, percent, told, exact)
        if exact == int(exact) and abs(exact) < 128 and all(value == int(value) for value in values):
            assert told == exact, (what, percent, told, exact)


def check_stats(*args, keys):
    exact = {"parse_float": Fraction}
    events = events_of(*args, **exact)
    groups, numbers = defaultdict(list), defaultdict(lambda: defaultdict(list))
    for event in events:
        # a field that is null, and a missing one
        group = tuple(event[key] if key in SITE_KEYS
                      else (event["fields"][name], event["fields"][name] is None)
                      if (name := key.removeprefix("fields.")) in event["fields"] else (None, False)
                      for key in keys)  # fmt: skip
        groups[group].append(event["ts"])
        for key, value in values_of(event):
            numbers[group][key].append(value)
    text = view(*args, "--stats", "--group-by", ",".join(keys), "--format", "json")
    told = [json.loads(line, **exact) for line in text.splitlines()]
    assert len(told) == len(groups), (len(told), len(groups))
    assert [line["events"] for line in told] == sorted((line["events"] for line in told), reverse=True)
    for line in told:
        group = tuple(value if key in SITE_KEYS else (value, key in line.get("null", []))
                      for key, value in line["group"].items())  # fmt: skip
        assert line["events"] == len(groups[group]), (group, line)
        assert line["first_ts"] == min(groups[group]) and line["last_ts"] == max(groups[group])
        figures = {key: value for key, value in line["fields"].items() if value["count"]}
        if "duration_ns" in line:
            figures[None] = line["duration_ns"]
        assert set(figures) == set(numbers[group]), (group, set(figures), set(numbers[group]))
        for key, value in figures.items():
            check_figures((args, group, key), value, numbers[group][key])


def test_stats():
    """All aggregates, of groups by site, by thread, by a field, and one by one."""
    for name, files in FILES.items():
        check_stats(*files, keys=["level", "target", "probe"])
        check_stats(*files, keys=["tid", "comm"])
    with tempfile.TemporaryDirectory() as folder:
        path = varied_file(folder)
        for keys in (["level", "target", "probe"], ["target"], ["tid"], ["symbol"], ["symbol", "pid", "tid"],
                     ["id"], ["n", "symbol"], ["n"], ["n", "tid"], ["n", "id"], ["line", "func"],
                     ["symbol", "fields.n"]):  # fmt: skip
            check_stats(path, keys=keys)
        for choice in (["--filter", "n>100"], ["--filter", "symbol=X and x>0"], ["--head", "1700"],
                       ["--limit", "100"], ["--since", "-1s"], ["--filter", "tid=7"]):  # fmt: skip
            check_stats(path, *choice, keys=["probe"])
            check_stats(path, *choice, keys=["symbol"])


def test_stats_keys():
    """A field with the name of something else, as in a filter; and keys by which no group can be
    made."""
    site = make.site("event", "WARN", "p", "m", 7, [("level", "str"), ("line", "u32")])
    snapshot = make.Snapshot({"clock": {"mono_ns": 0, "real_ns": make.REAL}, "pid": 5}, [site],
                             [{"pid": 5, "tid": 6, "comm": "main"}], {0: [make.indexed, make.plain]})  # fmt: skip
    snapshot.chunk([(i, 0, 0, ["loud" if i % 3 else "low", i % 2]) for i in range(30)])
    snapshot.end()
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "names.bin")
        with open(path, "wb") as file:
            file.write(snapshot.file())
        for keys, groups in (("level", [("WARN", 30)]), ("fields.level", [("loud", 20), ("low", 10)]),
                             ("line", [(7, 30)]), ("fields.line", [(0, 15), (1, 15)])):  # fmt: skip
            told = lines_of(path, "--stats", "--group-by", keys)
            assert [(line["group"][keys], line["events"]) for line in told] == groups, told
        for source, cnt in (("line=7", 30), ("line>7", 0), ("fields.line=1", 15), ("not line=7", 0)):
            assert len(events_of(path, "--filter", source)) == cnt, source
        view(path, "--stats", "--group-by", "level,ts", status=2)


def test_stats_null_and_no_field():
    """A field that is null is another group than a missing one."""
    fields = [("symbol", "str")]
    sites = [make.site("event", "INFO", "p", "m", 7, fields), make.site("event", "INFO", "q", "m", 8)]
    snapshot = make.Snapshot({"clock": {"mono_ns": 0, "real_ns": make.REAL}, "pid": 5}, sites,
                             [{"pid": 5, "tid": 6, "comm": "main"}], {0: [make.plain]})  # fmt: skip
    names = [None, "null", "", None, None]
    events = [(i, 0, 0, [name]) for i, name in enumerate(names)] + [(9, 1, 0, [])] * 4
    snapshot.chunk(events)
    snapshot.end()
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "null.bin")
        with open(path, "wb") as file:
            file.write(snapshot.file())
        told = lines_of(path, "--stats", "--group-by", "symbol,probe")
        shown = {(*line["group"].values(), *line.get("null", [])): line["events"] for line in told}
        assert shown == {(None, "q"): 4, (None, "p", "symbol"): 3, ("null", "p"): 1, ("", "p"): 1}, told
        text = view(path, "--stats", "--group-by", "symbol", "--top", "2").splitlines()
        groups = [line.split()[-1] for line in text if line.split()[:1] in (["4"], ["3"])]
        assert groups == ["-", "null"], text


def test_stats_by_duration():
    """A span's duration is a group like any other value; a field of that name is something else."""
    with tempfile.TemporaryDirectory() as folder:
        path = span_file(folder, NESTED)
        took = Counter(event.get("duration_ns") for event in events_of(path))
        assert len(took) > 3 and took[None], took
        for key in ("duration", "took", "duration_ns"):
            told = lines_of(path, "--stats", "--group-by", key)
            assert {line["group"][key]: line["events"] for line in told} == took, (key, told)
        (line,) = lines_of(path, "--stats", "--group-by", "fields.duration")
        assert line["group"] == {"fields.duration": None}, line


def test_stats_of_endless_durations():
    """A span whose end is before its start took nearly 2^64 ns, and not 0."""
    endless, site = "5124095h34m33s", make.site("span_end", "INFO", "s", "s", 5, [("duration_ns", "u64")])
    header = {"clock": {"mono_ns": 0, "real_ns": make.REAL}, "pid": 5, "host": "h"}
    paths = []
    with tempfile.TemporaryDirectory() as folder:
        for name, took in (("good", 5), ("bad", 2**64 - 3)):
            snapshot = make.Snapshot(header, [site], [{"pid": 5, "tid": 6, "comm": "main"}], {0: [make.array("Q")]})
            snapshot.chunk([(1000 * i, 0, 0, [took]) for i in range(300)])
            snapshot.end()
            paths.append(snapshot.save(os.path.join(folder, name + ".bin")))
        (figures,) = [line.split() for line in view(paths[1], "--stats").splitlines() if " duration " in line]
        assert figures[1:7] == [endless] * 6, figures
        title = view(paths[1], "--histogram", "duration").splitlines()[0]
        assert title.count(endless) == 6, title
        told = view("--diff", *paths)
        assert "p50 5ns -> %s, p99 5ns -> %s" % (endless, endless) in told, told


def test_stats_nan():
    with tempfile.TemporaryDirectory() as folder:
        path = varied_file(folder)
        told = lines_of(path, "--stats", "--group-by", "probe", "--filter", "probe=order")[0]["fields"]["x"]
        seen = Counter(event["fields"]["x"] for event in events_of(path, "--filter", "probe=order")
                       if isinstance(event["fields"]["x"], str))  # fmt: skip
        assert told["nan"] == seen["NaN"] > 0 and told["infinite"] == seen["Infinity"] > 0, (told, seen)


def test_stats_top():
    with tempfile.TemporaryDirectory() as folder:
        path = varied_file(folder)
        every = lines_of(path, "--stats", "--group-by", "id")
        assert lines_of(path, "--stats", "--group-by", "id", "--top", "7") == every[:7]
        text = view(path, "--stats", "--group-by", "symbol", "--top", "2").splitlines()
        assert text[3].endswith("Z") and "in 4 groups, the first 2 shown" in text[3], text
        assert lines_of(path, "--stats", "--top", "0") == []


def crash_file(folder, pid, host, service, signature, events):
    """A file of a process that crashed, or did not."""
    more = dict(service and {"service": service}, **signature and {"signature": signature})
    header = {"clock": {"mono_ns": 5000, "real_ns": make.REAL}, "pid": pid, "host": host, "comm": "serve",
              "reason": "crash", "created_at": make.time_text(make.REAL), **more}
    sites = [make.site("event", "INFO", "ask", "Ask", 5, [("host", "str")])]
    made = make.Snapshot(header, sites, [{"pid": pid, "tid": pid, "comm": "serve"}], {0: [make.plain]})
    if events:
        made.chunk([(1000 + i, 0, 0, ["db%d" % (i % 2)]) for i in range(events)])
    made.end()
    return made.save(os.path.join(folder, "%d.bin" % pid))


def test_stats_by_what_the_files_say():
    """Host, service and signature of a file; equal crashes are one group, files without events count."""
    with tempfile.TemporaryDirectory() as folder:
        one, two = "0011223344556677", "8899aabbccddeeff"
        files = [crash_file(folder, 7 + i, *row) for i, row in enumerate([
            ("h1", "shop", one, 4), ("h2", "shop", one, 3), ("h1", {}, two, 50), ("h2", {}, {}, 2),
            ("h2", "shop", one, 0), ("h3", "idle", {}, 0)])]  # fmt: skip
        rows = lines_of("--stats", "--group-by", "signature", *files)
        assert [(row["group"]["signature"], row["files"], row["events"]) for row in rows] == [
            (one, 3, 7), (None, 2, 2), (two, 1, 50)], rows
        rows = lines_of("--stats", "--group-by", "host,service", *files)
        assert {(*row["group"].values(), row["files"], row["events"]) for row in rows} == {
            ("h1", "shop", 1, 4), ("h2", "shop", 2, 3), ("h1", "serve", 1, 50), ("h2", "serve", 1, 2),
            ("h3", "idle", 1, 0)}, rows  # fmt: skip
        assert {"first_ts", "last_ts"} & rows[-1].keys() == set() and rows[-1]["group"]["host"] == "h3"
        # with keys of events it is events that count, and a field is reached as in a filter
        rows = lines_of("--stats", "--group-by", "signature,probe,fields.host", *files)
        assert len(rows) == 6 and sum(row["events"] for row in rows) == 59 and "files" not in rows[0], rows
        table = view("--stats", "--group-by", "host,service", *files).splitlines()
        assert table[0].split()[-3:] == ["files", "host", "service"], table[0]
        assert [line.split()[-3:] for line in table[1:6]][0] == ["2", "h2", "shop"], table
        assert re.search(r"^ +0 +0\.0% +- +- +- +1  h3    idle$", "\n".join(table), re.M), table
        done = subprocess.run([VIEW, "--stats", "--group-by", "host,signature", files[0]], capture_output=True,
                              timeout=DEADLINE_S)  # fmt: skip
        assert not done.stderr and done.returncode == 0, done.stderr
        bins = lines_of("--histogram", "n", "--group-by", "host", files[0], "tests/golden/small.bin")
        assert bins and all(row["group"] == {"host": "h"} for row in bins), bins


def test_stats_table():
    """A line for each group, then a line for each field, aligned, in 100 columns; times of one day
    without the date."""
    with tempfile.TemporaryDirectory() as folder:
        lines = view(varied_file(folder), "--stats").splitlines()
    head = lines.index("")
    assert all(len(line) <= 100 for line in lines), max(lines, key=len)
    for table in (lines[: head - 1], lines[head + 1 :]):
        last = table[0].index("probe")
        assert all(line[last - 1] == " " and line[last] != " " for line in table), table
    assert re.search(r"^ +\d+ .* duration  +INFO +net +span$", "\n".join(lines), re.M), lines
    assert re.search(r"in 4 groups, 2026-11-21T.*Z to 2026-11-21T.*Z$", lines[head - 1])


def test_stats_table_large():
    """Numbers of many digits are printed in full, not as 1.8447e+19."""
    site = make.site("event", "INFO", "p", "m", 7, [("id", "u64"), ("low", "i64"), ("sum", "decimal"), ("n", "u32")])
    snapshot = make.Snapshot({"clock": {"mono_ns": 0, "real_ns": make.REAL}, "pid": 5}, [site],
                             [{"pid": 5, "tid": 6, "comm": "main"}],
                             {0: [make.plain, make.plain, make.decimal_each, make.plain]})  # fmt: skip
    ids, lows, sums = (2**64 - 1, 2**64 - 3), (-(2**63), -(2**63) + 7), ((1234567890, 2), (1234567899, 2))
    snapshot.chunk([(i, 0, 0, [ids[i], lows[i], sums[i], (485000, 485800)[i]]) for i in range(2)])
    snapshot.end()
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "large.bin")
        with open(path, "wb") as file:
            file.write(snapshot.file())
        fields = {line.split()[7]: line.split() for line in view(path, "--stats").splitlines() if "values" not in line
                  and len(line.split()) > 8 and line.split()[7] in ("id", "low", "sum", "n")}  # fmt: skip
    for name, low, high in (("id", ids[1], ids[0]), ("low", lows[0], lows[1]), ("sum", "12345678.90", "12345678.99")):
        assert fields[name][1] == str(low) and fields[name][6] == str(high), fields
    assert fields["n"][2] == "485400", fields


def test_stats_are_bounded():
    """Any number of groups have counts, and aggregates as long as there is room."""
    with tempfile.TemporaryDirectory() as folder:
        fields = [("id", "u64")] + [("f%d" % i, "f64") for i in range(15)]
        snapshot = make.Snapshot(
            {"clock": {"mono_ns": 0, "real_ns": make.REAL}, "pid": 1, "host": "h"},
            [make.site("event", "INFO", "p", "m", 1, fields)], [{"pid": 1, "tid": 1, "comm": "c"}],
            {0: [make.array("Q")] + [make.array("d")] * 15})  # fmt: skip
        for chunk in range(4):
            first = chunk * 5000
            snapshot.chunk([(i + 1, 0, 0, [i] + [5e-300 if i % 2 else 1e300] * 15)
                            for i in range(first, first + 5000)])  # fmt: skip
        snapshot.end()
        path = snapshot.save(os.path.join(folder, "wide.bin"))
        told_path = os.path.join(folder, "told")
        args = [VIEW, path, "--stats", "--group-by", "id", "--format", "json", "-o", told_path]
        process = subprocess.Popen(args)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        assert process.returncode == 0 and usage.ru_maxrss < 100 << 10, (status, usage.ru_maxrss)
        with open(told_path) as file:
            told = [json.loads(line) for line in file]
        assert len(told) == 20000 and all(line["events"] == 1 for line in told)
        without = sum(line.get("fields_left_out", False) for line in told)
        assert 0 < without < 20000, without
        text = view(path, "--stats", "--group-by", "id", "--top", "20000").splitlines()[-1]
        assert "too much memory" in text, text


def test_stats_of_many_small_groups():
    """Values that wait for more of their group, over chunks, of several sites and scales."""
    rng = random.Random(7)
    fields = [("shard", "u16"), ("size", "i64"), ("price", "decimal"), ("load", "f64")]
    sites = [make.site("event", "INFO", "one", "One", 1, fields),
             make.site("event", "INFO", "two", "Two", 2, [("size", "i64"), ("shard", "i32")])]  # fmt: skip
    encoders = {0: [make.array("H"), make.array("q"), make.decimal_one("i"), make.array("d")],
                1: [make.array("q"), make.array("i")]}  # fmt: skip
    header = {"clock": {"mono_ns": 1000, "real_ns": make.REAL}, "pid": 5, "host": "h", "comm": "small"}
    snapshot = make.Snapshot(header, sites, [{"pid": 5, "tid": 6, "comm": "t"}], encoders)
    at = 5000
    for number in range(12):
        scale, chunk = 3 if number == 7 else 2, []
        for _ in range(1000):
            at += rng.randrange(1000)
            shard, size = rng.randrange(400), int(rng.gauss(0, 200))
            price, load = (rng.randrange(10**6), scale), rng.lognormvariate(0, 3)
            site = rng.random() < 0.3
            chunk.append((at, int(site), 0, [size, shard] if site else [shard, size, price, load]))
        snapshot.chunk(chunk)
    snapshot.end()
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "small.bin")
        with open(path, "wb") as file:
            file.write(snapshot.file())
        for keys in (["shard"], ["shard", "probe"], ["size"]):
            check_stats(path, keys=keys)
        check_stats(path, "--filter", "size>0", keys=["shard"])


# ---- --histogram ----


def check_histogram(values, bins):
    assert sum(part["values"] for part in bins) == len(values), (len(values), bins)
    assert len(bins) <= 48
    assert bins[0]["from"] <= min(values) and max(values) < bins[-1]["to"], bins
    for before, after in zip(bins, bins[1:]):
        assert before["to"] == after["from"] > before["from"]
    # values near the end of a bin may be on the other side of it
    for part in bins:
        low, high = part["from"], part["to"]
        surely = sum(low + abs(low) * ERROR * 2 <= value < high - abs(high) * ERROR * 2 for value in values)
        perhaps = sum(low - abs(low) * ERROR * 2 <= value < high + abs(high) * ERROR * 2 for value in values)
        assert surely <= part["values"] <= perhaps, (part, surely, perhaps)


def test_histogram():
    with tempfile.TemporaryDirectory() as folder:
        path = varied_file(folder)
        events = events_of(path)
        for field in ("n", "price", "x", "id", "fields.n"):
            values = [event["fields"].get(field.split(".")[-1]) for event in events]
            values = [value for value in values if isinstance(value, (int, float))]
            check_histogram(values, lines_of(path, "--histogram", field))
        durations = [event["duration_ns"] for event in events if "duration_ns" in event]
        bins = lines_of(path, "--histogram", "duration")
        check_histogram(durations, bins)
        assert bins[-1]["to"] / bins[-1]["from"] >= 2, "durations over many magnitudes: log bins"
        assert {part["field"] for part in bins} == {"duration_ns"}
        groups = defaultdict(list)
        for part in lines_of(path, "--histogram", "n", "--group-by", "target,symbol"):
            groups[tuple(part["group"].values())].append(part)
        assert len(groups) == 4, groups.keys()
        for (target, symbol), bins in groups.items():
            check_histogram([event["fields"]["n"] for event in events if event["target"] == target
                             and "n" in event["fields"] and event["fields"].get("symbol") == symbol],
                            bins)  # fmt: skip
        some = lines_of(path, "--histogram", "n", "--filter", "n>=0 and n<10")
        assert [(part["from"], part["to"]) for part in some] == [(i, i + 1) for i in range(10)]
        exact = Counter(event["fields"]["n"] for event in events if 0 <= event["fields"].get("n", -1) < 10)
        assert [part["values"] for part in some] == [exact[i] for i in range(10)]


def drawn(path, *args, **environment):
    env = {key: value for key, value in os.environ.items() if not key.startswith("L") and key != "COLUMNS"}
    env.update(environment)
    result = subprocess.run([VIEW, path, *args], capture_output=True, timeout=DEADLINE_S, env=env, check=True)
    return result.stdout.decode().splitlines()


def test_histogram_narrow():
    """Without room for bars there are none (there was a bug: endless bars)."""
    most = 1 << 20
    for columns in ("40", "41", "42", "43", "1", "junk"):
        env = dict(os.environ, COLUMNS=columns, LC_ALL="C")
        with subprocess.Popen([VIEW, GOLDEN[0], "--histogram", "latency_us"], stdout=subprocess.PIPE, env=env) as view_:
            text = view_.stdout.read(most).decode()
            if len(text) == most:
                view_.kill()
        assert view_.returncode == 0 and 2 < len(text.splitlines()) < 50, (columns, len(text))
        assert text.count("#") == (2 if columns == "43" else 0), text


def test_histogram_drawing():
    with tempfile.TemporaryDirectory() as folder:
        path = varied_file(folder)
        for columns in (60, 80, 200):
            for locale, sign in (("C", "#"), ("C.UTF-8", "\u2588")):
                lines = drawn(path, "--histogram", "duration", LANG=locale, COLUMNS=str(columns))
                bars = [line.count(sign) for line in lines[1:]]
                assert max(len(line) for line in lines[1:]) == columns, lines
                assert max(bars) == columns - 42 and min(map(len, lines)) > 0, (columns, bars)
                assert (locale == "C") == all(line.isascii() for line in lines)
                assert lines[0].startswith("duration: ") and re.search(r" - 1ms +\d+ ", "\n".join(lines))
    assert drawn(GOLDEN[0], "--histogram", "nothing") == ["no numbers in that field"]


# ---- --timeline ----


def seconds_of(text):
    second, rest = text.rstrip("Z").split(".")
    return calendar.timegm(time.strptime(second, "%Y-%m-%dT%H:%M:%S")) + Fraction("0." + rest)


def check_timeline(*args):
    intervals = lines_of(*args, "--timeline")
    events = events_of(*args)
    assert 0 < len(intervals) <= 50
    length = Fraction(intervals[0]["interval_ns"], 10**9)
    for before, after in zip(intervals, intervals[1:]):
        assert seconds_of(after["from"]) - seconds_of(before["from"]) == length
    wanted = Counter()
    for event in events:
        wanted[seconds_of(event["ts"]) // length, event["level"]] += 1
    told = Counter()
    for interval in intervals:
        assert seconds_of(interval["from"]) % length == 0
        assert interval["events"] == sum(interval["levels"].values())
        for level, cnt in interval["levels"].items():
            told[seconds_of(interval["from"]) // length, level] += cnt
    assert told == wanted, args
    assert intervals[0]["events"] and intervals[-1]["events"]


def test_timeline():
    for files in FILES.values():
        check_timeline(*files)
    with tempfile.TemporaryDirectory() as folder:
        path = varied_file(folder)
        for choice in ([], ["--filter", "level>=WARN"], ["--head", "1"], ["--limit", "40"], ["--head", "3000"],
                       ["--since", "-20ms"], ["--filter", "symbol=X", "--until", "-1s"]):  # fmt: skip
            check_timeline(path, *choice)
    assert view(*GOLDEN, "--timeline", "--head", "0") == ""


def test_timeline_drawing():
    with tempfile.TemporaryDirectory() as folder:
        path = varied_file(folder)
        intervals = lines_of(path, "--timeline")
        for locale in ("C", "C.UTF-8"):
            lines = drawn(path, "--timeline", LANG=locale, COLUMNS="90")
            assert len(lines) == len(intervals) + 1 and max(map(len, lines)) == 90, lines
            assert lines[0].split()[2:] == ["events", "INFO", "WARN", "ERROR"], lines[0]
            for line, interval in zip(lines[1:], intervals):
                words = line.split()
                assert words[0] == interval["from"] and int(words[1]) == interval["events"]
                assert list(map(int, words[2:5])) == [interval["levels"].get(level, 0) for level in LEVELS[2:5]]
                assert re.fullmatch("I*W*E*" if locale == "C" else "\u2588*", "".join(words[5:])), line


if __name__ == "__main__":
    run(globals())
