#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""--format chrome: view_chrome.py TTLOG-VIEW. Run from the top of the tree.

Compares the output with `--format json` of the same files, through another project's parser.
"""
import json
import os
import re
import sys
import tempfile

sys.path.insert(0, "tests")
sys.dont_write_bytecode = True

import make_snapshot as make  # noqa: E402
from format_fixture import DAY_NS, FILES, GOLDEN, GOLDEN_DEATH, GOLDEN_STACK, MS, NESTED, TORN  # noqa: E402
from format_fixture import ABORT_DEATH, abort_file, death_file, no_escapes, odd_file, span_file  # noqa: E402
from view_harness import run, texts_of, view  # noqa: E402


def to_ns(event, key):
    text = event[key]
    assert re.fullmatch(r"[0-9]+\.[0-9]{3}", text), text
    return int(text.replace(".", ""))


def chrome(*args, status=0):
    text = view("--format", "chrome", *args, status=status)
    no_escapes(text)
    json.loads(text, parse_constant=lambda name: 1 / 0)  # no NaN
    # numbers as they are written
    return json.loads(text, parse_int=str, parse_float=str)["traceEvents"]


def chrome_number(shown, is_drawn=False):
    """The text in JSON, or that of the double that Perfetto reads. Integers that it can't hold are
    quoted, which parse_int hides, or drawn as doubles; a NUL is shown as its symbol."""
    if isinstance(shown, str) and "\0" in shown:
        return shown.replace("\0", "\u2400")
    digits = re.fullmatch(r"-?[0-9]+(?:\.([0-9]{19,}))?", shown) if isinstance(shown, str) else None
    is_beyond = digits and (digits[1] or (is_drawn and shown.isdigit() and int(shown) >= 2**63))
    return repr(float(shown)) if is_beyond else shown


def check_nested(events):
    """In each thread, of any two slices one is in the other, or they are apart."""
    threads = {}
    for event in events:
        if event["ph"] == "X":
            at = to_ns(event, "ts")
            threads.setdefault((event["pid"], event["tid"]), []).append((at, at + to_ns(event, "dur")))
    for slices in threads.values():
        ends = []
        for begin, end in sorted(slices, key=lambda pair: (pair[0], -pair[1])):
            while ends and ends[-1] <= begin:
                ends.pop()
            assert not ends or end <= ends[-1], (begin, end, ends)
            ends.append(end)


def test_events():
    """Every event that is not of a span is an instant, with all its fields, to the nanosecond."""
    for files in FILES.values():
        events = chrome(*files)
        lines = [line for line in texts_of(*files) if "duration_ns" not in line]
        instants = [event for event in events if event["ph"] == "i" and event["cat"] != "crash"]
        spans = {event["args"]["ttlog"]["line"] for event in events if event["ph"] == "X"}
        lines = [line for line in lines if line["line"] not in spans]
        assert len(instants) == len(lines) > 0
        for event, line in zip(instants, lines):
            args = dict(event["args"])
            place = args.pop("ttlog")
            assert args == {key: chrome_number(value) for key, value in line["fields"].items()}, (args, line)
            assert place == {key: line[key] for key in ("level", "probe", "file", "line", "func")}
            assert (event["name"], event["cat"], event["s"]) == (line["msg"] or line["probe"],
                                                                 line["target"], "t")  # fmt: skip
            assert (event["pid"], event["tid"]) == (line["pid"], line["tid"])
            if len(files) == 1:
                assert to_ns(event, "ts") == int(line["mono_ns"])
        check_nested(events)


def test_odd():
    with tempfile.TemporaryDirectory() as folder:
        path = odd_file(folder)
        lines = texts_of(path)
        assert [event["args"] for event in chrome(path) if event["ph"] == "i" and event["args"].pop("ttlog")] == \
            [{key: chrome_number(value) for key, value in line["fields"].items()} for line in lines]  # fmt: skip
        assert chrome(path)[-1]["args"]["b"] == "\x1b[2J\u2400"


def test_names():
    events = [event for event in chrome(*GOLDEN) if event["ph"] == "M"]
    named = {(event["name"], event["pid"], event["tid"]): event["args"] for event in events}
    assert named["process_name", "1234", "1234"] == {"name": "orders"}, named
    assert named["thread_name", "1234", "1234"] == {"name": "orderd"}, named
    assert named["thread_name", "1234", "1240"] == {"name": "worker-3"}, named


def test_spans():
    with tempfile.TemporaryDirectory() as folder:
        path = span_file(folder, NESTED)
        events = chrome(path)
        slices = {(e["tid"], e["name"], to_ns(e, "ts")): e for e in events if e["ph"] == "X"}
        got = {key: to_ns(event, "dur") for key, event in slices.items()}
        assert got == {
            ("7", "a", 10 * MS): 11 * MS, ("7", "b", 12 * MS + 1): 6 * MS - 1,
            ("7", "c", 15 * MS + 7): 2 * MS + 116, ("7", "b", 19 * MS): MS,
            ("8", "a", 11 * MS): 5 * MS,
        }, got  # fmt: skip
        for number, (at, thread, what) in enumerate(NESTED):
            if what[0] == "+":
                args = slices[str(7 + thread), what[1], at]["args"]
                assert (args["n"], args["what"]) == (str(number), what), args
                assert "unfinished" not in args["ttlog"]
        check_nested(events)
        # Cut at any place, the file is whole JSON with slices that nest.
        for cut in range(len(NESTED) + 1):
            for option in ("--limit", "--head"):
                events = chrome(path, option, cut)
                check_nested(events)
                ends = [what for _, _, what in (NESTED[-cut:] if option == "--limit" else NESTED[:cut])
                        if cut and what[0] == "-"]  # fmt: skip
                assert len([event for event in events if event["ph"] == "X"]) == len(ends)


def test_torn_spans():
    with tempfile.TemporaryDirectory() as folder:
        events = chrome(span_file(folder, TORN))
        check_nested(events)
        got = [(e["ph"], e["name"], to_ns(e, "ts"), "dur" in e and to_ns(e, "dur"), e["args"].get("what"),
                e["args"]["ttlog"].get("unfinished", False)) for e in events if e["ph"] in "XB"]  # fmt: skip
        assert got == [
            ("X", "c", 6 * MS, 4 * MS, None, False),
            ("X", "a", 11 * MS, 4 * MS, "+a", False),
            ("X", "b", 12 * MS, 3 * MS, "+b", True),
            ("B", "a", 16 * MS, False, "+a", True),
            ("B", "b", 17 * MS, False, "+b", True),
        ], got
        # an end without a start ends the spans inside it
        rows = [(10 * MS, 0, "+a"), (12 * MS, 0, "+b"), (15 * MS, 0, "-c 4000000"), (16 * MS, 0, "-a")]
        events = chrome(span_file(folder, rows))
        check_nested(events)
        got = {e["name"]: (to_ns(e, "ts"), to_ns(e, "dur")) for e in events if e["ph"] == "X"}
        assert got == {"a": (10 * MS, 6 * MS), "b": (12 * MS, 3 * MS), "c": (11 * MS, 4 * MS)}, got


def test_ends_before_begins():
    """A damaged file: no slice is as long as 64 bits."""
    sites = [make.site("span", "INFO", "t", "t", 1, []),
             make.site("span_end", "INFO", "t", "t", 1, [("duration_ns", "u64")])]  # fmt: skip
    header = {"clock": {"mono_ns": 10**12, "real_ns": make.REAL}, "pid": 5}
    made = make.Snapshot(header, sites, [{"pid": 5, "tid": 6, "comm": "c"}], {0: [], 1: [make.array("Q")]})
    made.chunk([(10**9, 0, 0, [])])
    made.chunk([(10**8, 1, 0, [2**64 - 9 * 10**8])])
    made.end()
    with tempfile.TemporaryDirectory() as folder:
        path = made.save(os.path.join(folder, "back.bin"))
        (shown,) = [event for event in chrome(path, status=1) if event["ph"] == "X"]
        assert shown["dur"] == "0.000", shown


def test_long_uptime():
    """Readers hold times as doubles: no nanosecond may be lost, however long ago the boot is."""
    rows = [(0, 0, "+a"), (7, 0, "!"), (15, 0, "+b"), (22, 0, "-b"), (28, 0, "-a"), (40, 0, "-c 90000000000")]
    for start in (MS, 99 * DAY_NS, 101 * DAY_NS, 3000 * DAY_NS):
        with tempfile.TemporaryDirectory() as folder:
            path = span_file(folder, [(start + at, *what) for at, *what in rows], mono_ns=start + 100)
            trace = json.loads(view("--format", "chrome", path))
            other = trace["otherData"]
            base = int(other["mono_ns_at_0"])
            assert (base == 0) == (start < 100 * DAY_NS)
            assert int(other["unix_ns_at_0"]) == make.REAL - start - 100 + base
            got = {e["name"]: (base + round(e["ts"] * 1000) - start, e["ph"] == "X" and round(e["dur"] * 1000))
                   for e in trace["traceEvents"] if e["ph"] in "iX"}  # fmt: skip
            assert got.pop("c") == ((40 - 90 * 10**9, 90 * 10**9) if start > MS else (-MS, MS + 40)), got
            assert got == {"a": (0, 28), "Work": (7, False), "b": (15, 7)}, got


def test_numbers():
    """Perfetto would read integers beyond 64 bits as negative ones, and holds 18 digits after the
    point."""
    fields = [("u", "u64"), ("i", "i64"), ("near", "decimal"), ("far", "decimal")]
    sites = [make.site("event", "INFO", "n", "n", 1, fields)]
    snapshot = make.Snapshot({"clock": {"mono_ns": 9, "real_ns": make.REAL}, "pid": 5}, sites,
                             [{"pid": 5, "tid": 6, "comm": "c"}],
                             {0: [make.plain, make.plain, make.decimal_each, make.decimal_each]})  # fmt: skip
    snapshot.chunk([(1, 0, 0, [2**63 - 1, -(2**63), (2**63 - 1, 18), (7, 40)]),
                    (2, 0, 0, [2**63, 5, (-5, 18), (2**63 - 1, 19)]),
                    (3, 0, 0, [2**64 - 1, 0, (150, 2), (0, 19)])])  # fmt: skip
    snapshot.end()
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "numbers.bin")
        with open(path, "wb") as file:
            file.write(snapshot.file())
        text = view("--format", "chrome", "--counters", "u,near,far", path)
        got = [[event["args"][key] for key in ("u", "i", "near", "far")]
               for event in json.loads(text, parse_float=str)["traceEvents"] if event["ph"] == "i"]  # fmt: skip
        assert got == [
            [2**63 - 1, -(2**63), "9.223372036854775807", "7e-40"],
            [str(2**63), 5, "-0.000000000000000005", "0.9223372036854776"],
            [str(2**64 - 1), 0, "1.50", "0.0"],
        ], got
        drawn = [event["args"]["value"] for event in json.loads(text)["traceEvents"] if event["ph"] == "C"]
        assert drawn == [2**63 - 1, float(2**63 - 1) / 10**18, 7e-40, 2.0**63, -5e-18, 0.9223372036854776,
                         2.0**64, 1.5, 0]  # fmt: skip


def nested_as_read(events):
    """(name, begin, duration, the slice around it), as readers find them that sort by start and
    length."""
    found, stack = [], []
    slices = [event for event in events if event["ph"] in "XB"]
    longest = 10**18
    for event in sorted(slices, key=lambda e: (to_ns(e, "ts"), -(to_ns(e, "dur") if "dur" in e else longest))):
        begin, dur = to_ns(event, "ts"), to_ns(event, "dur") if "dur" in event else longest
        while stack and stack[-1][1] < begin + dur:
            stack.pop()
        found.append((event["name"], begin, dur if dur < longest else None, stack[-1][0] if stack else None))
        stack.append((event["name"], begin + dur))
    return found


def test_spans_of_one_moment():
    """A span that starts and ends with the span around it is inside it for a reader, too."""
    with tempfile.TemporaryDirectory() as folder:
        def shape(*rows):
            return nested_as_read(chrome(span_file(folder, [(10 + at, 0, what) for at, what in rows])))

        down = [(0, "+a"), (0, "+b"), (0, "+c")]
        assert shape(*down, (5, "-c"), (5, "-b"), (5, "-a")) == \
            [("a", 10, 5, None), ("b", 10, 5, "a"), ("c", 10, 5, "b")]  # fmt: skip
        assert shape(*down, (0, "-c"), (0, "-b"), (0, "-a")) == \
            [("a", 10, 0, None), ("b", 10, 0, "a"), ("c", 10, 0, "b")]  # fmt: skip
        # left by longjmp; and not at all
        assert shape(*down, (5, "-a")) == [("a", 10, 5, None), ("b", 10, 5, "a"), ("c", 10, 5, "b")]
        assert shape(*down, (5, "-c")) == [("a", 10, None, None), ("b", 10, None, "a"), ("c", 10, 5, "b")]
        # one after the other, and one that starts later
        assert shape((0, "+a"), (0, "+b"), (3, "-b"), (3, "+c"), (5, "-c"), (5, "-a"), (6, "+b"), (6, "-b")) == \
            [("a", 10, 5, None), ("b", 10, 3, "a"), ("c", 13, 2, "a"), ("b", 16, 0, None)]  # fmt: skip
        # two spans without length, then one inside a third
        assert shape((0, "+a"), (0, "+b"), (0, "-b"), (0, "+c"), (0, "+b"), (4, "-b"), (4, "-c"), (9, "-a")) == \
            [("a", 10, 9, None), ("c", 10, 4, "a"), ("b", 10, 4, "c"), ("b", 10, 0, "b")]  # fmt: skip
        # more than may wait: all are there
        rows = [(1, 0, "+a")] + [(1, 0, "+b"), (1, 0, "-b")] * 40_000 + [(2, 0, "-a")]
        events = chrome(span_file(folder, rows))
        assert sum(event["ph"] == "X" for event in events) == 40_001


def test_deep_spans():
    """Starts that are too many to be kept are still shown, and the slices stay right."""
    depth = 300
    down = [((10 + i) * MS, 0, "+" + "abc"[i % 3]) for i in range(depth)]
    up = [((1000 + i) * MS, 0, "-" + "abc"[(depth - 1 - i) % 3]) for i in range(depth)]
    with tempfile.TemporaryDirectory() as folder:
        events = chrome(span_file(folder, down + up, threads=1))
        slices = sorted((to_ns(e, "ts"), to_ns(e, "dur")) for e in events if e["ph"] == "X")
        assert slices == [((10 + i) * MS, (990 + depth - 1 - 2 * i) * MS) for i in range(depth)]
        whats = [e["args"]["n"] for e in events if "n" in e.get("args", {})]
        assert sorted(map(int, whats)) == list(range(depth)), "every begin's fields, once"


def test_machines():
    """The same pid on two machines is two processes, each with its spans, on one time axis."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [span_file(folder, NESTED, name="one.bin"),
                 span_file(folder, NESTED, name="two.bin", host="other", ahead=3 * MS)]  # fmt: skip
        events = chrome(*paths)
        check_nested(events)
        slices = {}
        for event in events:
            if event["ph"] == "X":
                found = (event["tid"], event["name"], to_ns(event, "ts"), to_ns(event, "dur"))
                slices.setdefault(event["pid"], set()).add(found)
        assert len(slices) == 2 and len(slices["7"]) == 5
        ((other, found),) = ((pid, found) for pid, found in slices.items() if pid != "7")
        assert found == {(tid, name, at + 3 * MS, dur) for tid, name, at, dur in slices["7"]}
        named = [event["pid"] for event in events if event["name"] == "process_name"]
        assert sorted(named) == sorted(slices)


def test_spans_over_files():
    """Snapshots of one process: a span that starts in one and ends in the next is one span."""
    with tempfile.TemporaryDirectory() as folder:
        whole = chrome(span_file(folder, NESTED, name="whole.bin"))
        # the second was written later, by a clock that was set meanwhile
        paths = [span_file(folder, NESTED[:8], name="one.bin"),
                 span_file(folder, NESTED, name="two.bin", ahead=123)]  # fmt: skip
        events = chrome(*paths)
        check_nested(events)
        assert [event for event in events if event["ph"] == "X"] == \
            [event for event in whole if event["ph"] == "X"]  # fmt: skip


def test_death():
    """The cause of the process's death, in its thread, with the stack; once only; also for a thread
    without events."""
    want = {"signal": "SIGSEGV", "address": "0x10", "stack": GOLDEN_STACK}
    for files in ([*GOLDEN, "--limit", 0], GOLDEN * 2, GOLDEN):
        (death,) = [event for event in chrome(*files) if event.get("cat") == "crash"]
        assert (death["name"], death["args"]) == (GOLDEN_DEATH, want), death
        assert (death["pid"], death["tid"]) == ("1234", "1240")
    assert to_ns(death, "ts") == max(int(line["mono_ns"]) for line in texts_of(*GOLDEN))
    with tempfile.TemporaryDirectory() as folder:
        (death,) = chrome(death_file(folder))
        assert (death["name"], death["pid"], death["tid"], to_ns(death, "ts")) == ("SIGKILL", "9", "10", 77)
        assert death["args"]["stack"] == []
        (death,) = [event for event in chrome(abort_file(folder)) if event.get("cat") == "crash"]
        assert death["name"] == ABORT_DEATH, "where the program's own code is"


def test_counters():
    events = chrome("--counters", "latency_us,f,symbol,u64,duration_ns,real,each", *GOLDEN)
    got = [(e["name"], to_ns(e, "ts"), e["args"]) for e in events if e["ph"] == "C"]
    want = []
    for line in texts_of(*GOLDEN):
        at = int(line["mono_ns"])
        fields = line["fields"]
        want += [(key, at, {"value": chrome_number(fields[key], True)}) for key in ("latency_us", "u64", "each", "f")
                 if key in fields]  # fmt: skip
        if "duration_ns" in line:
            want.append(("duration_ns", at, {"value": line["duration_ns"]}))
    assert got == want and len(got) > 10, (got, want)


def test_mistakes():
    view("--format", "json", "--counters", "a", *GOLDEN, status=2)
    for keys in ("", ",", "a,", ",a", "a,,b"):
        view("--format", "chrome", "--counters", keys, *GOLDEN, status=2)


if __name__ == "__main__":
    run(globals())
