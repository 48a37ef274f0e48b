#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""`--diff A B`: view_diff.py TTLOG-VIEW. Run from the top of the tree.

Two artificial runs with known differences, in the order in which they must be reported.
"""
import json
import math
import os
import random
import subprocess
import sys
import tempfile

sys.path.insert(0, "tests")
sys.dont_write_bytecode = True

import make_snapshot as make  # noqa: E402
from view_harness import DEADLINE_S, VIEW, hostile_files, run, view  # noqa: E402

GOLDEN = "tests/golden/golden.bin"
S = 10**9
TRADE, SPAN, SPAN_END, RETRY, TICK, NOTE = range(6)
NOTHING = "Nothing differs beyond chance."


def sites(moved=0):
    """moved: the lines by which sites are shifted, as in a program that was built again."""
    result = [
        make.site("event", "INFO", "trade", "Trade", 10, [("latency_us", "u32"), ("side", "str"), ("price", "decimal"),
                                                          ("seq", "u64"), ("id", "str"), ("ok", "bool")]),
        make.site("span", "INFO", "handle", "handle", 20, [("path", "str")], target="net.http"),
        make.site("span_end", "INFO", "handle", "handle", 20, [("duration_ns", "u64")], target="net.http"),
        make.site("event", "ERROR", "retry", "Retrying \x1b[1m", 30, [("why", "str")], target="payment"),
        make.site("event", "DEBUG", "tick", "", 40, [("n", "i64")]),
        make.site("event", "WARN", "note", "Note", 50, [("f", "f64"), ("blob", "bytes"), ("c", "char")]),
    ]  # fmt: skip
    for site in result:
        site["line"] += moved
    return result


ENCODERS = {
    TRADE: [make.array("I"), make.indexed, make.decimal_each, make.array("Q"), make.plain, make.array("B")],
    SPAN: [make.indexed], SPAN_END: [make.array("Q")], RETRY: [make.plain], TICK: [make.array("q")],
    NOTE: [make.array("d"), make.plain, make.array("B")],
}  # fmt: skip


def write(folder, name, seed, moved=0, slow=1, late=1, side=0, retries=0, ticks=1000, worker=True, end=None, trades=10_000):
    """A run of ten seconds. slow: the factor of the slowest spans; late: of all trades' latency;
    side: in how many of a hundred trades the side differs."""
    rand = random.Random(seed)
    rows = []
    for i in range(trades):
        other = rand.randrange(100) < side
        rows.append((rand.randrange(10 * S), TRADE, i % 3 if worker else i % 2, [
            late * rand.randrange(40, 60), "SHORT" if other else rand.choice(["BUY", "SELL"]),
            (rand.randrange(10_000, 20_000), rand.randrange(3)), None, "%x" % rand.getrandbits(60),
            rand.randrange(2)]))  # fmt: skip
    for i in range(2000):
        at, took = rand.randrange(10 * S - S // 10), rand.randrange(900_000, 1_100_000)
        took *= 10 * slow if i % 50 == 0 else 1
        rows.append((at, SPAN, 0, [rand.choice(["/a", "/b"])]))
        rows.append((at + took, SPAN_END, 0, [took]))
    rows += [(rand.randrange(10 * S), RETRY, 0, ["timeout"]) for _ in range(retries)]
    rows += [(rand.randrange(10 * S), TICK, 0, [rand.randrange(-50, 50)]) for _ in range(ticks)]
    rows += [(rand.randrange(10 * S), NOTE, 0, [rand.gauss(0, 1), bytes([rand.randrange(4)]), 65 + rand.randrange(3)])
             for _ in range(1000)]  # fmt: skip
    rows.sort(key=lambda row: row[0])
    # from the same first event to the same last event
    rows[0] = (0, *rows[0][1:])
    rows[-1] = (10 * S, *rows[-1][1:])
    for number, row in enumerate(rows):
        if row[1] == TRADE:
            row[3][3] = seed * 10**6 + number
    header = {"clock": {"mono_ns": 0, "real_ns": make.REAL + seed * 3600 * S}, "pid": seed, "host": "h",
              "reason": "crash" if end else "timer", **(end or {})}  # fmt: skip
    threads = [{"pid": seed, "tid": seed + i, "comm": comm} for i, comm in enumerate(["main", "worker-1", "worker-2"])]
    snapshot = make.Snapshot(header, sites(moved), threads, ENCODERS)
    for start in range(0, len(rows), 5000):
        snapshot.chunk(rows[start : start + 5000])
    snapshot.end()
    return snapshot.save(os.path.join(folder, name))


CRASH = {
    "crash": {"signal": "SIGSEGV", "number": 11, "code": 1, "address": 0, "tid": 2, "thread": "main", "frames": [
        {"ip": 4096}, {"ip": 5000, "symbol": "parse_order+0x1f", "file": "src/orders.c", "line": 88}]},
    "exit": {"signal": "SIGSEGV", "number": 11},
}  # fmt: skip


def diff(*args, status=0):
    return [json.loads(line) for line in view("--diff", "--format", "json", *args, status=status).splitlines()]


def where(finding):
    return finding["kind"], finding.get("probe") or finding.get("thread") or finding.get("level"), \
        finding.get("field"), finding.get("value")  # fmt: skip


class Runs:
    """A good run and a bad one, in a directory of their own."""

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory()
        good = write(self.folder.name, "good.bin", 1)
        bad = write(self.folder.name, "bad.bin", 2, moved=7, slow=10, late=4, side=10, retries=412, ticks=3000,
                    worker=False, end=CRASH)  # fmt: skip
        return self.folder.name, good, bad

    def __exit__(self, *_):
        self.folder.cleanup()


PLANTED = [
    ("crash", None, None, None),
    ("event", "retry", None, None),
    ("value", "trade", "side", "SHORT"),
    ("thread", "worker-2", None, None),
    ("duration", "handle", None, None),
    ("number", "trade", "latency_us", None),
    ("event", "tick", None, None),
]


def test_planted():
    """All known differences, nothing else, in the order of their weight."""
    with Runs() as (_, good, bad):
        found = diff(good, bad)
        assert [where(item) for item in found if item["kind"] != "thread" or item["thread"] == "worker-2"] == PLANTED, \
            [(item["score"], where(item)) for item in found]  # fmt: skip
        scores = [item["score"] for item in found]
        assert scores == sorted(scores, reverse=True) and scores[-1] > 0
        # the other threads do the work of the missing one
        assert len(found) - len(PLANTED) <= 1 and found[:4] == found[: len(PLANTED[:4])]
        # with the runs exchanged the result is the same, but "more" is "less"
        back = diff(bad, good)
        assert [(item["score"], where(item), item["b"], item["a"]) for item in back] == \
            [(item["score"], where(item), item["a"], item["b"]) for item in found]  # fmt: skip


def test_figures():
    """Both numbers of each difference, and the score as in the manual page."""
    with Runs() as (_, good, bad):
        crash, retry, side, worker, handle, latency, tick = [item for item in diff(good, bad)
                                                              if where(item) in PLANTED]  # fmt: skip
        assert (crash["a"], crash["b"]) == ("no crash", "SIGSEGV in parse_order (src/orders.c:88)"), crash
        assert retry["a"] == {"events": 0, "per_second": 0} and retry["b"] == {"events": 412, "per_second": 41.2}
        assert (retry["level"], retry["target"], retry["line"]) == ("ERROR", "payment", 37)
        # an event in only one run counts as ten doublings; errors count twice
        assert retry["score"] == round(10 * math.log10(413) * 2, 3)
        assert side["a"] == {"events": 0, "of": 10_000} and side["b"]["of"] == 10_000 and 900 < side["b"]["events"] < 1100
        assert side["score"] == round(10 * math.log10(1 + side["b"]["events"]), 3)
        assert worker["a"]["events"] == 3333 and worker["b"]["events"] == 0
        assert worker["score"] == round(5 * math.log10(3334), 3), "threads are sums: half"
        assert handle["figure"] == "p99" and handle["a"]["values"] == handle["b"]["values"] == 2000
        assert 9e6 <= handle["a"]["p99"] <= 11e6 and 9e7 <= handle["b"]["p99"] <= 11e7, handle
        assert latency["figure"] == "p50" and abs(latency["b"]["p50"] / latency["a"]["p50"] - 4) < 0.1, latency
        assert latency["a"]["min"] == 40 and latency["b"]["max"] == 236
        assert latency["score"] == round(math.log2(latency["b"]["p50"] / latency["a"]["p50"]) * math.log10(10_001), 3)
        assert tick["a"]["events"] == 1000 and tick["b"]["events"] == 3000


def test_text():
    with Runs() as (_, good, bad):
        text = view("--diff", good, bad)
        lines = text.splitlines()
        assert lines[0].startswith("A  " + good + ": ") and lines[0].endswith(" events in 10 s (1,600/s), timer"), lines
        assert lines[1].startswith("B  " + bad + ": ") and lines[1].endswith(", crash")
        assert "\x1b" not in text
        assert lines[4] == " 1000.0  crash     no crash -> SIGSEGV in parse_order (src/orders.c:88)"
        assert lines[5] == ('   52.3  event     payment:retry "Retrying \\x1b[1m" (ERROR, src/orders.c:37): '
                            "0 -> 412 events (0/s -> 41.2/s), only in B"), lines[5]  # fmt: skip
        assert " value     orders:trade side=SHORT: 0 % -> " in lines[6] and "(0 of 10,000 -> " in lines[6]
        assert lines[7].endswith(" thread    worker-2: 3,333 -> 0 events (333/s -> 0/s), only in A"), lines[7]
        assert " duration  net.http:handle: p99 10." in lines[8] and "ms, p50 " in lines[8], lines[8]
        assert lines[8].endswith(" (2,000 -> 2,000 spans)")
        assert " number    orders:trade latency_us: p50 " in text and "(10,000 -> 10,000 values)" in text


def test_nothing():
    """The same file twice; the same program twice; and built again, with other lines."""
    with tempfile.TemporaryDirectory() as folder:
        one = write(folder, "one.bin", 1)
        assert view("--diff", one, one).splitlines()[2:] == ["", NOTHING]
        for seed, moved in ((2, 0), (3, 0), (4, 0), (5, 9), (6, 9)):
            other = write(folder, "other.bin", seed, moved=moved)
            assert diff(one, other) == [], seed
        # half as long is not half as much; the rate counts
        assert diff("--filter", "ts<%s" % make.time_text(make.REAL + 3600 * S + 5 * S), one, one) == []
        assert view("--diff", GOLDEN, GOLDEN).splitlines()[-1] == NOTHING


def test_choice():
    """--filter, --since and --until apply to both; the latter by each run's own end."""
    with Runs() as (_, good, bad):
        found = diff("--filter", "target=payment", good, bad)
        assert [where(item) for item in found] == PLANTED[:2], found
        assert found[1]["b"] == {"events": 412, "per_second": 41.2}, "the time is that of the run"
        found = diff("--since", "-5s", "--filter", "probe=tick or probe=retry", good, bad)
        tick = found[[where(item) for item in found].index(PLANTED[-1])]
        assert 400 < tick["a"]["events"] < 600 and 1400 < tick["b"]["events"] < 1600, tick
        assert 90 < tick["a"]["per_second"] < 120, tick
        assert [where(item) for item in diff("--filter", "latency_us>70", good, bad)][1:2] == [("event", "trade", None, None)]
        assert [where(item) for item in diff("--filter", "ts>-5s and probe=tick", good, bad)] == [PLANTED[0], PLANTED[-1]]
        assert [where(item) for item in diff("--top", 2, good, bad)] == PLANTED[:2]
        lines = view("--diff", "--top", 2, good, bad).splitlines()
        assert len(lines) == 7 and lines[-1].endswith(" differences more"), lines
        assert diff("--top", 0, good, bad) == []


def test_ends():
    with tempfile.TemporaryDirectory() as folder:
        crash = write(folder, "crash.bin", 1, end=CRASH)
        assert diff(crash, write(folder, "again.bin", 2, end=CRASH)) == []
        frames = [{"ip": 1, "symbol": "main+0x3"}]
        other = write(folder, "other.bin", 3, end={"crash": dict(CRASH["crash"], frames=frames)})
        (found,) = diff(crash, other)
        assert found["b"] == "SIGSEGV in main" and found["score"] == 1000
        # a mark with a field through a bad pointer, in C++
        frames = [{"ip": "0x9", "symbol": "ttlog_value ttlog_detail::of<int, 7u>(int const&, ttlog_detail::tag<7u>)",
                   "file": "ttlog/field.h", "line": 468},
                  {"ip": "0x9", "symbol": "handle", "file": "payd.cc", "line": 61}, {"ip": "0x9", "symbol": "main+0x3"}]  # fmt: skip
        mark = write(folder, "mark.bin", 3, end={"crash": dict(CRASH["crash"], frames=frames)})
        (found,) = diff(crash, mark)
        assert found["b"] == "SIGSEGV in handle (payd.cc:61)", found
        zero, one = (write(folder, "%d.bin" % code, 1, end={"exit": {"code": code}}) for code in (0, 1))
        (found,) = diff(zero, one)
        assert (found["kind"], found["a"], found["b"]) == ("exit", "exit status 0", "exit status 1"), found
        assert diff(zero, write(folder, "lives.bin", 1)) == [], "one that lives says nothing of how it will end"


def test_one_error():
    """A single error that the other run lacks is reported, however rare it is."""
    with tempfile.TemporaryDirectory() as folder:
        found = diff(write(folder, "a.bin", 1), write(folder, "b.bin", 1, retries=1))
        assert [where(item) for item in found] == [("event", "retry", None, None)], found


def small(folder, name, level, twice, cnt=200):
    """One mark of that level with a key twice: a few texts, and in the fraction `twice` of the
    events another one."""
    site = make.site("event", level, "again", "Again", 10, [("side", "str"), ("side", "str"), ("side", "i32")])
    header = {"clock": {"mono_ns": 0, "real_ns": make.REAL}, "pid": 7, "host": "h", "reason": "timer"}
    snapshot = make.Snapshot(header, [site], [{"pid": 7, "tid": 7, "comm": "main"}],
                             {0: [make.plain, make.plain, make.array("i")]})  # fmt: skip
    snapshot.chunk([(i * S // cnt, 0, 0, ["ab"[i % 2], "cd"[i % 100 < twice], -i]) for i in range(cnt)])
    snapshot.end()
    return snapshot.save(os.path.join(folder, name))


def test_a_key_twice():
    """Each field of a key is compared with its own, not with the first of them."""
    with tempfile.TemporaryDirectory() as folder:
        good = small(folder, "good.bin", "INFO", 10)
        assert diff(good, good) == []
        (finding,) = diff(good, small(folder, "bad.bin", "INFO", 90))
        assert finding["field"] == "side" and finding["value"] in "cd" and finding["a"]["of"] == 200, finding


def test_another_level():
    """A mark that was raised to a worse level: its events count in the run with that level."""
    with tempfile.TemporaryDirectory() as folder:
        good, bad = (small(folder, level, level, 10) for level in ("INFO", "WARN"))
        told = {finding["level"]: (finding["a"]["events"], finding["b"]["events"])
                for finding in diff(good, bad) if finding["kind"] == "level"}  # fmt: skip
        assert told == {"INFO": (200, 0), "WARN": (0, 200)}, told


def test_mistakes():
    for args in ([], [GOLDEN], [GOLDEN] * 3, ["--limit", 1, GOLDEN, GOLDEN], ["--head", 1, GOLDEN, GOLDEN],
                 ["--stats", GOLDEN, GOLDEN], ["--format", "csv", GOLDEN, GOLDEN]):  # fmt: skip
        view("--diff", *args, status=2)
    view("--top", 1, GOLDEN, status=2)
    assert view("--diff", GOLDEN, "/nonexistent", status=1) == ""


def test_hostile():
    with tempfile.TemporaryDirectory() as folder:
        for path in hostile_files(folder):
            for args in ([GOLDEN, path], [path, GOLDEN], [path, path, "--filter", "n>1"]):
                result = subprocess.run([VIEW, "--diff", "--format", "json", *args], capture_output=True, timeout=DEADLINE_S)
                assert result.returncode in (0, 1), (args, result)
                [json.loads(line) for line in result.stdout.splitlines()]


if __name__ == "__main__":
    run(globals())
