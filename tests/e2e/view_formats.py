#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The formats that other tools read: view_formats.py TTLOG-VIEW. Run from the top of the tree.

What each says is compared with `--format json` of the same files, through a parser that is not ours.
"""
import base64
import csv
import io
import json
import os
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, "tests")
sys.dont_write_bytecode = True

import jsonschema  # noqa: E402
import make_snapshot as make  # noqa: E402
from read_snapshot import UNSAFE  # noqa: E402
from view_harness import VIEW, events_of, hostile_files, run, texts_of, view, view_bytes  # noqa: E402

FIXED = ["ts", "mono_ns", "level", "target", "probe", "msg", "pid", "tid", "comm", "file", "line",
         "func", "duration_ns"]  # fmt: skip
FORMATS = ["csv", "logfmt", "chrome", "otlp-json"]
GOLDEN = ["tests/golden/golden.bin"]
FILES = {
    "golden": GOLDEN,
    "packed": ["tests/golden/packed.bin"],
    "overlapping": ["tests/golden/overlap-%s.bin" % name for name in ("first", "second", "other")],
}


def names(event):
    """A field's key, and what it is called beside the fixed ones."""
    return {key: "fields." * (key in FIXED) + key for key in event["fields"]}


def no_escapes(text):
    assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f]", text), "control characters"
    assert not UNSAFE.search(text), "characters that a terminal acts on"


def odd_file(folder):
    """Fields that are called as fixed columns, the same key twice, keys that need care, two files."""
    fields = [("pid", "u32"), ("a", "str"), ("a", "u8"), ('k "=\', \u001b\n', "str"), ("", "bool")]
    sites = [make.site("event", "INFO", "odd", "Odd, 'so'", 1, fields),
             make.site("event", "WARN", "warn", "", 2, [("b", "str"), ("a", "str")])]  # fmt: skip
    encoders = {0: [make.plain] * 5, 1: [make.plain] * 2}
    header = {"clock": {"mono_ns": 1000, "real_ns": make.REAL}, "pid": 5, "host": "h", "comm": "odd"}
    threads = [{"pid": 5, "tid": 6, "comm": "x,y=z"}]
    snapshot = make.Snapshot(header, sites, threads, encoders)
    snapshot.chunk([
        (10, 0, 0, [1, "", 2, "v", 1]),
        (11, 1, 0, ["x=y", ","]),
        (12, 0, 0, [3, None, 4, "null", 0]),
        (13, 1, 0, ["'", "a'b"]),
        (14, 1, 0, ["\x1b[2J\x00", "l1\r\nl2"]),
    ])  # fmt: skip
    snapshot.end()
    return snapshot.save(os.path.join(folder, "odd.bin"))


# what golden.bin's process died of
GOLDEN_DEATH = "SIGSEGV in execute (src/orders.c:12)"
GOLDEN_STACK = ["execute+0x1a at src/orders.c:12 in /usr/bin/orderd+0x1f3a",
                "0x7f0000001234 in /usr/lib/libc.so.6+0x2234", "0xdead"]  # fmt: skip


def death_file(folder):
    """A process that was killed before a thread had an event."""
    header = {"clock": {"mono_ns": 77, "real_ns": make.REAL}, "pid": 9, "reason": "crash",
              "crash": {"signal": "SIGKILL", "number": 9, "tid": 10}}  # fmt: skip
    snapshot = make.Snapshot(header, [], [], {})
    snapshot.end()
    return snapshot.save(os.path.join(folder, "death.bin"))


# ---- schema ----


def test_schema():
    """Every line that there is obeys it, and what is no event does not."""
    text = view("--format", "schema")
    assert text == view("--format", "schema", "/nonexistent"), "no file is read"
    schema = json.loads(text)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    with tempfile.TemporaryDirectory() as folder:
        events = [event for files in [*FILES.values(), [odd_file(folder)]] for event in events_of(*files)]
    for event in events:
        validator.validate(event)
    assert {key for event in events for key in event} == set(schema["properties"])

    def refuses(event, **changes):
        event = {key: value for key, value in dict(event, **changes).items() if value is not ...}
        return not validator.is_valid(event)

    begin, end = (next(e for e in events if ("duration_ns" in e) == is_end) for is_end in (False, True))
    for key in begin:
        assert refuses(begin, **{key: ...}) and refuses(begin, **{key: []}), key
    for changes in ({"level": "LOUD"}, {"ts": "2026-11-21T06:00:00Z"}, {"pid": -1}, {"mono_ns": 2**64},
                    {"mono_ns": 1.5}, {"other": 1}, {"fields": {"a": [1]}}, {"fields": {"a": {}}},
                    {"duration_ns": "1"}):  # fmt: skip
        assert refuses(begin, **changes), changes
    assert refuses(end, fields={"a": 1}), "the end of a span has no fields"


# ---- csv ----


def csv_shown(value):
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    shown = re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f]", lambda m: "\\x%02x" % ord(m.group()),
                   value.replace("\r", "\\r"))
    return UNSAFE.sub(lambda m: ("\\x%02x" if ord(m.group()) < 128 else "\\u%04x") % ord(m.group()),
                      shown)  # fmt: skip


def csv_rows(text):
    assert text.endswith("\r\n")
    no_escapes(text.replace("\r\n", "\n"))
    assert "\r" not in text.replace("\r\n", ""), "a carriage return that ends no line"
    rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    assert {len(row) for row in rows} == {len(rows[0])}, "lines of different length"
    return rows


def test_csv():
    for name, files in FILES.items():
        head, *rows = csv_rows(view("--format", "csv", *files))
        events = texts_of(*files)
        keys = [key for event in events for key in names(event).values()]
        assert head[: len(FIXED)] == FIXED and len(set(head)) == len(head), name
        assert set(head[len(FIXED) :]) == set(keys), name
        assert len(rows) == len(events) > 0, name
        for row, event in zip(rows, events):
            got = {key: value for key, value in zip(head, row) if value}
            want = {key: csv_shown(event[key]) for key in FIXED if key in event}
            want.update((names(event)[key], csv_shown(value)) for key, value in event["fields"].items())
            assert got == {key: value for key, value in want.items() if value}, (name, got, want)


def test_csv_columns():
    """In the order of the sites, whatever is chosen; twice the same key is two columns."""
    with tempfile.TemporaryDirectory() as folder:
        text = view("--format", "csv", odd_file(folder))
        head, *rows = csv_rows(text)
        assert head[len(FIXED) :] == ["fields.pid", "a", "a", "k \"=', \\x1b\n", "", "b"], head
        assert rows[0][len(FIXED) :] == ["1", "", "2", "v", "true", ""], rows[0]
        assert rows[1][len(FIXED) :] == ["", ",", "", "", "", "x=y"], rows[1]
        assert rows[4][len(FIXED) :] == ["", "l1\\r\nl2", "", "", "", "\\x1b[2J\\x00"], rows[4]
        # null and empty text differ, for those that care
        assert ',1,"",2,v,true,\r\n' in text and ",3,,4,null,false,\r\n" in text
    head, *rows = csv_rows(view("--format", "csv", *GOLDEN, "--filter", "level=ERROR"))
    assert "symbol" in head and len(rows) == 1
    assert len(csv_rows(view("--format", "csv", *GOLDEN, "--limit", 0))) == 1


# ---- logfmt ----


def logfmt_pairs(line):
    """By the rules of go-logfmt's decoder: whatever it would refuse fails here."""
    pairs, at = [], 0
    while at < len(line):
        if line[at] <= " ":
            at += 1
            continue
        key = re.compile("[^\x00-\x20=\"']+").match(line, at)
        assert key and "\ufffd" not in key.group() and line[key.end()] == "=", (line, at)
        at = key.end() + 1
        if line[at : at + 1] == '"':
            value = re.compile(r'"(?:[^"\\]|\\.)*"').match(line, at)
            pairs.append((key.group(), json.loads(value.group())))
        else:
            value = re.compile("[^\x00-\x20=\"']*").match(line, at)
            pairs.append((key.group(), value.group()))
        at = value.end()
        assert line[at : at + 1] in ("", " "), (line, at)
    return pairs


def logfmt_shown(value):
    return {None: "null", True: "true", False: "false"}[value] if value in (None, True, False) else value


def test_logfmt():
    with tempfile.TemporaryDirectory() as folder:
        for files in [*FILES.values(), [odd_file(folder)]]:
            text = view("--format", "logfmt", *files)
            no_escapes(text)
            events = texts_of(*files)
            assert len(text.splitlines()) == len(events) > 0
            for line, event in zip(text.splitlines(), events):
                want = [(key, event[key]) for key in FIXED[:-1]]
                want += [(re.sub("[\x00- =\"']", "_", name) or "_", logfmt_shown(event["fields"][key]))
                         for key, name in names(event).items()]  # fmt: skip
                want += [("duration_ns", event["duration_ns"])] if "duration_ns" in event else []
                pairs = logfmt_pairs(line)
                # JSON's parser keeps the last of two equal keys only
                assert [pair for i, pair in enumerate(pairs)
                        if pair[0] not in [key for key, _ in pairs[i + 1 :]]] == \
                    sorted(want, key=lambda pair: max(i for i, got in enumerate(pairs)
                                                      if got[0] == pair[0])), (pairs, want)  # fmt: skip


# ---- spans, for chrome and otlp-json ----

SPAN, END, WORK = 0, 3, 6


def span_file(folder, events, threads=2, name="spans.bin", host="h", ahead=0, mono_ns=10**9):
    """events: (time, thread, what): "+a" begins span a, "-a" ends it, "!" is an event. Durations are
    those of the innermost a that is open; "-a 5" says another. ahead: of the clock, by nanoseconds;
    mono_ns: when the snapshot was made."""
    fields = [("n", "u32"), ("what", "str")]
    sites = [make.site("span", "INFO", name, name, 10 + i, fields) for i, name in enumerate("abc")]
    sites += [make.site("span_end", "INFO", name, name, 10 + i, [("duration_ns", "u64")])
              for i, name in enumerate("abc")]  # fmt: skip
    sites.append(make.site("event", "WARN", "work", "Work", 20, [("n", "u32")]))
    encoders = {SPAN + i: [make.plain, make.plain] for i in range(3)}
    encoders.update((END + i, [make.plain]) for i in range(3))
    encoders[WORK] = [make.plain]
    header = {"clock": {"mono_ns": mono_ns, "real_ns": make.REAL + ahead}, "pid": 7, "host": host,
              "service": "spans", "exe": "/bin/spans"}  # fmt: skip
    snapshot = make.Snapshot(header, sites, [{"pid": 7, "tid": 7 + i, "comm": "t%d" % i}
                                             for i in range(threads)], encoders)  # fmt: skip
    rows, begun = [], {}
    for i, (at, thread, what) in enumerate(events):
        kind = "abc".find(what[1:2])
        if what[0] == "+":
            begun.setdefault((thread, kind), []).append(at)
            rows.append((at, SPAN + kind, thread, [i, what]))
        elif what[0] == "-":
            stack = begun.get((thread, kind))
            duration = int(what[3:]) if len(what) > 2 else at - stack[-1]
            stack and stack.pop()
            rows.append((at, END + kind, thread, [duration]))
        else:
            rows.append((at, WORK, thread, [i]))
    for i in range(0, len(rows), 3):
        snapshot.chunk(rows[i : i + 3])
    snapshot.end()
    return snapshot.save(os.path.join(folder, name))


MS = 10**6
DAY_NS = 86400 * 10**9
# one thread nests while the other interleaves with it
NESTED = [
    (10 * MS, 0, "+a"), (11 * MS, 1, "+a"), (12 * MS + 1, 0, "+b"), (13 * MS, 0, "!"),
    (14 * MS, 1, "!"), (15 * MS + 7, 0, "+c"), (16 * MS, 1, "-a"), (17 * MS + 123, 0, "-c"),
    (18 * MS, 0, "-b"), (19 * MS, 0, "+b"), (20 * MS, 0, "-b"), (21 * MS, 0, "-a"),
]  # fmt: skip
# b is left by longjmp; the first c began before the file; the last a and b never end
TORN = [
    (10 * MS, 0, "-c 4000000"), (11 * MS, 0, "+a"), (12 * MS, 0, "+b"), (15 * MS, 0, "-a"),
    (16 * MS, 0, "+a"), (17 * MS, 0, "+b"), (18 * MS, 0, "!"),
]  # fmt: skip


# ---- chrome ----


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
    """The text of JSON, or of the double that Perfetto can read. Integers that are none to it are quoted,
    which parse_int hides, or drawn as doubles; a NUL is shown as what stands for it."""
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


def test_chrome_events():
    """What is no span is an instant, with all its fields, to the nanosecond."""
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


def test_chrome_odd():
    with tempfile.TemporaryDirectory() as folder:
        path = odd_file(folder)
        lines = texts_of(path)
        assert [event["args"] for event in chrome(path) if event["ph"] == "i" and event["args"].pop("ttlog")] == \
            [{key: chrome_number(value) for key, value in line["fields"].items()} for line in lines]  # fmt: skip
        assert chrome(path)[-1]["args"]["b"] == "\x1b[2J\u2400"


def test_chrome_names():
    events = [event for event in chrome(*GOLDEN) if event["ph"] == "M"]
    named = {(event["name"], event["pid"], event["tid"]): event["args"] for event in events}
    assert named["process_name", "1234", "1234"] == {"name": "orders"}, named
    assert named["thread_name", "1234", "1234"] == {"name": "orderd"}, named
    assert named["thread_name", "1234", "1240"] == {"name": "worker-3"}, named


def test_chrome_spans():
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
        # Cut anywhere, it is whole JSON with slices that nest.
        for cut in range(len(NESTED) + 1):
            for option in ("--limit", "--head"):
                events = chrome(path, option, cut)
                check_nested(events)
                ends = [what for _, _, what in (NESTED[-cut:] if option == "--limit" else NESTED[:cut])
                        if cut and what[0] == "-"]  # fmt: skip
                assert len([event for event in events if event["ph"] == "X"]) == len(ends)


def test_chrome_torn_spans():
    with tempfile.TemporaryDirectory() as folder:
        events = chrome(span_file(folder, TORN))
        check_nested(events)
        got = [(e["ph"], e["name"], to_ns(e, "ts"), "dur" in e and to_ns(e, "dur"), e["args"].get("what"),
                e["args"]["ttlog"].get("unfinished", False)) for e in events if e["ph"] in "XB"]  # fmt: skip
        assert got == [
            ("X", "c", 6 * MS, 4 * MS, None, False),
            ("X", "b", 12 * MS, 3 * MS, "+b", True),
            ("X", "a", 11 * MS, 4 * MS, "+a", False),
            ("B", "a", 16 * MS, False, "+a", True),
            ("B", "b", 17 * MS, False, "+b", True),
        ], got
        # the end of one whose begin was not seen ends what is inside
        rows = [(10 * MS, 0, "+a"), (12 * MS, 0, "+b"), (15 * MS, 0, "-c 4000000"), (16 * MS, 0, "-a")]
        events = chrome(span_file(folder, rows))
        check_nested(events)
        got = {e["name"]: (to_ns(e, "ts"), to_ns(e, "dur")) for e in events if e["ph"] == "X"}
        assert got == {"a": (10 * MS, 6 * MS), "b": (12 * MS, 3 * MS), "c": (11 * MS, 4 * MS)}, got


def test_chrome_long_uptime():
    """Readers have times as doubles: a nanosecond must not be lost, however long ago the boot is."""
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


def test_chrome_numbers():
    """Perfetto would take integers beyond 64 bits' for negative ones, and has 18 digits behind a point."""
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


def test_chrome_deep_spans():
    """Begins that are too many to be kept are shown all the same, and the slices stay right."""
    depth = 300
    down = [((10 + i) * MS, 0, "+" + "abc"[i % 3]) for i in range(depth)]
    up = [((1000 + i) * MS, 0, "-" + "abc"[(depth - 1 - i) % 3]) for i in range(depth)]
    with tempfile.TemporaryDirectory() as folder:
        events = chrome(span_file(folder, down + up, threads=1))
        slices = sorted((to_ns(e, "ts"), to_ns(e, "dur")) for e in events if e["ph"] == "X")
        assert slices == [((10 + i) * MS, (990 + depth - 1 - 2 * i) * MS) for i in range(depth)]
        whats = [e["args"]["n"] for e in events if "n" in e.get("args", {})]
        assert sorted(map(int, whats)) == list(range(depth)), "every begin's fields, once"


def test_chrome_machines():
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
        _, spans = otlp(*paths)
        hosts = [plain(process)["host.name"] for process, _ in spans]
        assert hosts.count("h") == hosts.count("other") == 5
        assert len({span["spanId"] for _, span in spans}) == 10


def test_chrome_spans_over_files():
    """Snapshots of one process: a span that begins in one and ends in the next is one."""
    with tempfile.TemporaryDirectory() as folder:
        whole = chrome(span_file(folder, NESTED, name="whole.bin"))
        # the second was written later, by a clock that was set meanwhile
        paths = [span_file(folder, NESTED[:8], name="one.bin"),
                 span_file(folder, NESTED, name="two.bin", ahead=123)]  # fmt: skip
        events = chrome(*paths)
        check_nested(events)
        assert [event for event in events if event["ph"] == "X"] == \
            [event for event in whole if event["ph"] == "X"]  # fmt: skip
        _, spans, by_id = otlp_spans(*paths)
        assert len(spans) == 5 and all("ttlog.unfinished" not in attributes(span) for span in spans)


def test_chrome_death():
    """What the process died of, in its thread, with the stack; said once, and by a thread without events."""
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


def test_chrome_counters():
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


# ---- otlp-json ----

SEVERITY = {"TRACE": 1, "DEBUG": 5, "INFO": 9, "WARN": 13, "ERROR": 17, "FATAL": 21}


def otlp_lines(text):
    """What each line is, and its resources: logs first."""
    no_escapes(text)
    assert text.endswith("\n"), "a collector reads files by lines"
    lines = [json.loads(line, parse_float=str, parse_constant=lambda name: 1 / 0)
             for line in text.split("\n")[:-1]]  # fmt: skip
    assert all(len(line) == 1 for line in lines), "of each line one kind"
    assert max(map(len, text.split("\n"))) < 2**20, "longer lines are cut where they are read"
    kinds = [(kind, resources) for line in lines for kind, resources in line.items()]
    assert [kind for kind, _ in kinds] == sorted((kind for kind, _ in kinds)), "logs, then spans"
    return kinds


def otlp_all(*args):
    """(process's attributes, log) and the same of spans."""
    found = {"resourceLogs": [], "resourceSpans": []}
    inside = {"resourceLogs": ("scopeLogs", "logRecords"), "resourceSpans": ("scopeSpans", "spans")}
    for kind, resources in otlp_lines(view("--format", "otlp-json", *args)):
        inner, items = inside[kind]
        found[kind] += [(attributes(resource["resource"]), item) for resource in resources
                        for scope in resource[inner] for item in scope[items]]  # fmt: skip
        assert all(scope["scope"]["name"] == "ttlog" and scope[items] for resource in resources
                   for scope in resource[inner])  # fmt: skip
    return found.values()


def otlp(*args):
    logs, spans = otlp_all(*args)
    return [(process, log) for process, log in logs if log["eventName"] != "crash"], spans


def any_value(value):
    """An AnyValue, by protobuf's JSON mapping: (its kind, what JSON shows of it)."""
    if not value:
        return None, None
    ((kind, shown),) = value.items()
    if kind == "boolValue":
        assert isinstance(shown, bool)
    elif kind == "doubleValue":
        shown = str(shown)
    else:
        assert isinstance(shown, str), "64-bit integers are strings"  # so are floats, by parse_float
    if kind == "intValue":
        assert -(2**63) <= int(shown) < 2**63
    if kind == "bytesValue":
        shown = base64.b64decode(shown, validate=True).hex()
    assert kind in ("boolValue", "intValue", "doubleValue", "stringValue", "bytesValue"), kind
    return kind, shown


def attributes(item):
    return {pair["key"]: any_value(pair["value"]) for pair in item["attributes"]}


def plain(pairs):
    return {key: value for key, (_, value) in pairs.items()}


def own(pairs):
    """Without those that every log or span has."""
    return {key: value for key, value in plain(pairs).items()
            if key.split(".")[0] not in ("code", "thread", "ttlog")}  # fmt: skip


def test_otlp_logs():
    for files in FILES.values():
        logs, spans = otlp(*files)
        spans = {plain(attributes(span))["code.line.number"] for _, span in spans}
        lines = [line for line in texts_of(*files) if line["line"] not in spans]
        assert len(logs) == len(lines) > 0
        for (process, log), line in zip(logs, lines):
            pairs = attributes(log)
            fields = {key: value and value.replace("\u2026", "") if pairs[key][0] == "bytesValue" else value
                      for key, value in line["fields"].items()}  # fmt: skip
            assert own(pairs) == fields, (pairs, fields)
            for key, of in (("code.file.path", "file"), ("code.function.name", "func"), ("thread.id", "tid"),
                            ("code.line.number", "line"), ("thread.name", "comm"),
                            ("ttlog.target", "target")):  # fmt: skip
                assert pairs[key][1] == line[of], (key, pairs)
            assert log["severityNumber"] == SEVERITY[line["level"]]
            assert log["severityText"] == line["level"] and log["eventName"] == line["probe"]
            assert log["body"] == {"stringValue": line["msg"]}
            seconds, _, rest = log["timeUnixNano"][:-9], 0, log["timeUnixNano"][-9:]
            assert make.time_text(int(seconds + rest)) == line["ts"]
            assert process["process.pid"] == ("intValue", line["pid"])


def test_otlp_types():
    logs, _ = otlp(*GOLDEN, "--filter", "probe=all_*")
    kinds = {}
    for _, log in logs:
        for key, (kind, _) in attributes(log).items():
            kinds.setdefault(key, set()).add(kind)
    for key, kind in (("b", "boolValue"), ("c", "stringValue"), ("i64", "intValue"), ("x", "stringValue"),
                      ("f32", "doubleValue"), ("blob", "bytesValue"), ("price", "doubleValue"),
                      ("name", "stringValue")):  # fmt: skip
        assert kinds[key] - {None} == {kind}, (key, kinds[key])
    # what its integers cannot hold
    assert kinds["u64"] == {"stringValue"}
    assert [plain(attributes(log))["ttlog.cut"] for _, log in logs if "ttlog.cut" in attributes(log)] == ["blob"]
    process, _ = logs[0]
    assert plain(process) == {
        "service.name": "orders", "host.name": "db1", "process.pid": "1234",
        "process.executable.path": "/usr/bin/orderd",
        "process.executable.build_id.gnu": "c0ffee" * 6 + "cafe",
    }, process  # fmt: skip


def test_otlp_death():
    """What the process died of, as an exception."""
    for files in ([*GOLDEN, "--limit", 0], GOLDEN * 2, GOLDEN):
        logs, _ = otlp_all(*files)
        (death,) = [log for _, log in logs if log["eventName"] == "crash"]
        assert plain(attributes(death)) == {
            "exception.type": "SIGSEGV", "exception.message": GOLDEN_DEATH, "thread.name": "worker-3",
            "exception.stacktrace": "\n".join(GOLDEN_STACK), "thread.id": "1240",
        }, death  # fmt: skip
        assert death["body"] == {"stringValue": GOLDEN_DEATH} and death["severityNumber"] == SEVERITY["FATAL"]
    with tempfile.TemporaryDirectory() as folder:
        ((process, death),), _ = otlp_all(death_file(folder))
        assert plain(process)["process.pid"] == "9" and plain(attributes(death))["thread.id"] == "10"
        assert death["timeUnixNano"] == str(make.REAL)


def test_otlp_lines():
    """Many of them, none too long, with all that there is; none at all is a line, too."""
    rows = [(i * 1000, 0, "!") for i in range(1, 3001)]
    rows += [(9 * MS + i, 0, "+-"[i % 2] + "a") for i in range(4000)]
    with tempfile.TemporaryDirectory() as folder:
        path = span_file(folder, rows)
        lines = otlp_lines(view("--format", "otlp-json", path))
        logs, spans = otlp(path)
        assert len(logs) == 3000 and len(spans) == 2000 and 3 < len(lines) < 20
        assert view("--format", "otlp-json", "--limit", 0, path) == '{"resourceLogs":[]}\n'
        # the longest event that there can be
        fields = [("k%d" % i, "str") for i in range(16)]
        snapshot = make.Snapshot({"clock": {"mono_ns": 5, "real_ns": 3}, "pid": 1},
                                 [make.site("event", "INFO", "e", "m", 1, fields)],
                                 [{"pid": 1, "tid": 1, "comm": ""}], {0: [make.plain] * 16})  # fmt: skip
        snapshot.chunk([(1 + i, 0, 0, ["\1" * 4000] * 16) for i in range(9)])
        snapshot.end()
        path = os.path.join(folder, "long.bin")
        with open(path, "wb") as file:
            file.write(snapshot.file())
        logs, _ = otlp(path)
        assert len(logs) == 9 and own(attributes(logs[8][1])) == {key: "\1" * 4000 for key, _ in fields}


def otlp_spans(*args):
    logs, spans = otlp(*args)
    spans = [span for _, span in spans]
    for item in spans + [log for _, log in logs if "spanId" in log]:
        assert re.fullmatch("[0-9a-f]{32}", item["traceId"]) and re.fullmatch("[0-9a-f]{16}", item["spanId"])
        assert int(item["spanId"], 16) and int(item["traceId"], 16)
    by_id = {span["spanId"]: span for span in spans}
    assert len(by_id) == len(spans)
    for span in spans:
        assert span["kind"] == 1 and int(span["startTimeUnixNano"]) <= int(span["endTimeUnixNano"])
        if "parentSpanId" in span:
            parent = by_id[span["parentSpanId"]]
            assert parent["traceId"] == span["traceId"]
            assert int(parent["startTimeUnixNano"]) <= int(span["startTimeUnixNano"])
            assert int(parent["endTimeUnixNano"]) >= int(span["endTimeUnixNano"])
    return [log for _, log in logs], spans, by_id


def otlp_shape(span, by_id):
    start = int(span["startTimeUnixNano"]) - make.REAL + 10**9
    pairs = plain(attributes(span))
    return (span["name"], start, int(span["endTimeUnixNano"]) - make.REAL + 10**9 - start,
            by_id[span["parentSpanId"]]["name"] if "parentSpanId" in span else None, pairs.get("what"),
            pairs.get("ttlog.unfinished", False))  # fmt: skip


def test_otlp_spans():
    with tempfile.TemporaryDirectory() as folder:
        path = span_file(folder, NESTED)
        logs, spans, by_id = otlp_spans(path)
        got = [otlp_shape(span, by_id) for span in spans]
        assert got == [
            ("a", 11 * MS, 5 * MS, None, "+a", False),
            ("c", 15 * MS + 7, 2 * MS + 116, "b", "+c", False),
            ("b", 12 * MS + 1, 6 * MS - 1, "a", "+b", False),
            ("b", 19 * MS, MS, "a", "+b", False),
            ("a", 10 * MS, 11 * MS, None, "+a", False),
        ], got
        assert len({span["traceId"] for span in spans}) == 2, "a trace is what is in an outermost span"
        assert [by_id[log["spanId"]]["name"] for log in logs] == ["b", "a"], logs
        assert all(by_id[log["spanId"]]["traceId"] == log["traceId"] for log in logs)
        # The same file, the same ids; and where less of it is shown.
        assert otlp_spans(path)[2].keys() == by_id.keys()
        assert otlp_spans(path, "--filter", "tid=8")[2].keys() < by_id.keys()
        for cut in range(len(NESTED) + 1):
            otlp_spans(path, "--limit", cut)
            otlp_spans(path, "--head", cut)


def test_otlp_torn_spans():
    with tempfile.TemporaryDirectory() as folder:
        logs, spans, by_id = otlp_spans(span_file(folder, TORN))
        got = [otlp_shape(span, by_id) for span in spans]
        assert got == [
            ("c", 6 * MS, 4 * MS, None, None, False),
            ("b", 12 * MS, 3 * MS, "a", "+b", True),
            ("a", 11 * MS, 4 * MS, None, "+a", False),
            ("a", 16 * MS, 2 * MS, None, "+a", True),
            ("b", 17 * MS, MS, "a", "+b", True),
        ], got
        assert [by_id[log["spanId"]]["name"] for log in logs] == ["b"]


# ---- all of them ----


def test_mistakes():
    for mode in ("--info", "--stats"):
        for name in FORMATS:
            view("--format", name, mode, *GOLDEN, status=2)


def test_chrome_mistakes():
    view("--format", "json", "--counters", "a", *GOLDEN, status=2)
    for keys in ("", ",", "a,", ",a", "a,,b"):
        view("--format", "chrome", "--counters", keys, *GOLDEN, status=2)


def is_whole(name, text):
    """Whatever the file was, the output is what the format says."""
    if name == "csv":
        csv_rows(text)
    elif name == "logfmt":
        [logfmt_pairs(line) for line in text.splitlines()]
    elif name == "otlp-json":
        otlp_lines(text)
    else:
        json.loads(text)


def test_hostile():
    count = 0
    with tempfile.TemporaryDirectory() as folder:
        for path in hostile_files(folder):
            count += 1
            for name in FORMATS:
                result = subprocess.run([VIEW, "--format", name, path], capture_output=True, timeout=10)
                assert result.returncode in (0, 1), (count, result)
                is_whole(name, result.stdout.decode())
    assert count > 50


def test_damaged():
    """What can be read is shown, and the status says that it is not all."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "cut.bin")
        with open("tests/golden/small.bin", "rb") as whole, open(path, "wb") as cut:
            cut.write(whole.read(560))
        for name in FORMATS:
            text = view("--format", name, path, status=1)
            assert len(text) > 100, name
            is_whole(name, text)


if __name__ == "__main__":
    run(globals())
