#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Writes the snapshots that the viewer's tests read: make_snapshot.py DIR

Written from FORMAT.md alone, with python3-cbor2 and the lz4 program. It uses no code of the
project's writer, so that a mistake in both the project's writer and its reader is found. The output
is always the same. The files are kept in tests/golden/; `make_snapshot.py --check DIR` checks that
they are still what this program writes.

golden.bin has every type, every encoding, spans, a crash and losses; golden.jsonl is the expected
output, made from the values and not from the encodings.
"""
import json
import os
import struct
import sys

import cbor2

# tests import them from here
from encode_columns import (  # noqa: F401
    TAGS, array, bits_of, const, decimal_each, decimal_one, delta, frame, indexed, indexed_const,
    indexed_packed, ints, lz4, packed, packed_delta, plain, scaled, scaled_const, scaled_packed,
    with_nulls)
from show_values import quoted, show, time_text  # noqa: F401


class Snapshot:
    """A file that is being made. Values are given by event, encodings by site and field."""

    def __init__(self, header, sites, threads, encoders):
        self.header = dict(item="header", format=1, incompatible=0, compatible=0)
        self.header.update(header, sites=sites, threads=threads)
        self.sites, self.threads, self.encoders = sites, threads, encoders
        self.frames, self.lines = [frame(self.header)], []
        self.events = 0
        self.first = self.last = None

    def chunk(self, events, more=None, contexts=None, suppressed=None):
        """events: (mono_ns, site, thread, values); contexts: (trace_id, span_id) or None"""
        counts = sorted({event[1] for event in events})
        fields = []
        for site in counts:
            rows = [event[3] for event in events if event[1] == site]
            columns = list(zip(*rows)) if self.sites[site]["keys"] else []
            encoders = self.encoders.get(site, [])
            fields.append([code(list(values)) for code, values in zip(encoders, columns)])
            assert len(fields[-1]) == len(self.sites[site]["keys"])
        times = [event[0] for event in events]
        steps = [0] + [after - before for before, after in zip(times, times[1:])]
        item = {
            "item": "chunk",
            "n": len(events),
            "first_ns": times[0],
            "last_ns": times[-1],
            "count": [[site, sum(event[1] == site for event in events)] for site in counts],
            "site": ints("B", [event[1] for event in events]),
            "time": ints("I", steps),
            "thread": ints("B", [event[2] for event in events]),
            "fields": fields,
        }
        item.update(more or {})
        self.frames.append(frame(item))
        self.lines += [self.line(*event[:4], context, left_out) for event, context, left_out in
                       zip(events, contexts or [None] * len(events), suppressed or [0] * len(events))]
        self.events += len(events)
        self.first = times[0] if self.first is None else self.first
        self.last = times[-1]

    def line(self, mono, site, thread, values, context, suppressed):
        clock, site, thread = self.header["clock"], self.sites[site], self.threads[thread]
        is_end = site["kind"] == "span_end"
        shown = [
            json.dumps(key) + ":" + show(kind, value)
            for key, kind, value in zip(site["keys"], site["types"], values)
        ]
        pairs = [
            ("ts", time_text(clock["real_ns"] + mono - clock["mono_ns"])),
            ("mono_ns", mono),
            *((key, site[key]) for key in ("level", "target", "probe", "msg")),
            *((key, thread[key]) for key in ("pid", "tid", "comm")),
            *((key, site[key]) for key in ("file", "line", "func")),
        ]
        texts = ["%s:%s" % (json.dumps(key), json.dumps(value)) for key, value in pairs]
        texts.append('"fields":{%s}' % ",".join(shown[is_end:]))
        if is_end:
            texts.append('"duration_ns":%d' % values[0])
        for key, value in zip(("trace_id", "span_id"), context or ()):
            texts.append('"%s":"%s"' % (key, value.hex()))
        if suppressed:
            texts.append('"suppressed":%d' % suppressed)
        return "{" + ",".join(texts) + "}\n"

    def end(self):
        item = {"item": "end", "events": self.events, "chunks": len(self.frames) - 1}
        if self.events:
            item.update(first_ns=self.first, last_ns=self.last)
        for key in ("emitted", "recorded", "overwritten", "lost", "suppressed"):
            if key in self.header:
                item[key] = self.header[key]
        item["header"] = self.header
        self.frames.append(frame(item))

    def file(self):
        return b"".join(self.frames)

    def save(self, path):
        with open(path, "wb") as file:
            file.write(self.file())
        return path


def site(kind, level, probe, msg, line, fields=(), target="orders", func="main"):
    return {
        "kind": kind,
        "level": level,
        "target": target,
        "probe": probe,
        "msg": msg,
        "file": "src/orders.c",
        "func": func,
        "line": line,
        "keys": [key for key, _ in fields],
        "types": [type_name for _, type_name in fields],
    }


# ---- The snapshots ----

MONO = 5_000_000_000_000
REAL = 1_795_240_800_123_456_789  # 2026-11-21T06:00:00.123456789Z


def golden():
    integers = [
        ("b", "bool"), ("c", "char"), ("i8", "i8"), ("u8", "u8"), ("i16", "i16"), ("u16", "u16"),
        ("i32", "i32"), ("u32", "u32"), ("i64", "i64"), ("u64", "u64"), ("p", "ptr"), ("x", "hex"),
    ]  # fmt: skip
    others = [
        ("f32", "f32"), ("f64", "f64"), ("scaled", "f64"), ("scaled32", "f32"), ("real", "f64"),
        ("name", "str"), ("side", "str"), ("odd", "str"), ("blob", "bytes"),
        ("price", "decimal"), ("each", "decimal"),
    ]  # fmt: skip
    sites = [
        site("event", "INFO", "trade_executed", "Trade executed", 10,
             [("symbol", "str"), ("quantity", "i32"), ("price", "f64"), ("side", "str"),
              ("latency_us", "u32")], func="execute"),
        site("event", "DEBUG", "all_integers", "Integers", 20, integers),
        site("event", "TRACE", "all_others", "Others", 30, others),
        site("span", "INFO", "handle_request", "handle_request", 40, [("path", "str")],
             target="net.http"),
        site("span_end", "INFO", "handle_request", "handle_request", 40, [("duration_ns", "u64")],
             target="net.http"),
        site("event", "ERROR", "error", "Disk \u001b[31mfull\u001b[0m\n100%", 50, target="disk"),
        site("event", "FATAL", "fatal", "Giving up", 60, [("why", "str")]),
        site("event", "WARN", "warn", "Slow", 70, [("symbol", "str"), ("f", "f32")]),
    ]  # fmt: skip
    encoders = {
        0: [indexed, array("h"), scaled(2), const, delta("b", 40)],
        1: [array("B"), array("B"), array("b"), array("B"), array("h"), array("H"), array("i"),
            array("I"), delta("q", -5), array("Q"), delta("q", 4096), const],
        2: [array("f"), array("d"), scaled(3, "q"), scaled(1), plain, plain, indexed_const, plain,
            plain, decimal_one("i"), decimal_each],
        3: [plain],
        4: [array("I")],
        6: [const],
        7: [plain, scaled_const(1)],
    }  # fmt: skip
    header = {
        "clock": {"mono_ns": MONO, "real_ns": REAL},
        "mappings": [
            {"start": 0x400000, "end": 0x452000, "offset": 0, "path": "/usr/bin/orderd",
             "build_id": "c0ffee" * 6 + "cafe"},
            {"start": 0x7F0000000000, "end": 0x7F0000021000, "offset": 0x1000,
             "path": "/usr/lib/libc.so.6"},
        ],
        "service": "orders",
        "host": "db1",
        "kernel": "6.18.0",
        "comm": "orderd",
        "exe": "/usr/bin/orderd",
        "build_id": "c0ffee" * 6 + "cafe",
        "pid": 1234,
        "uid": 1000,
        "cgroup": 77,
        "reason": "crash",
        "created_at": time_text(REAL),
        "emitted": 1021,
        "recorded": 1016,
        "overwritten": 1000,
        "lost": {"total": 5, "kernel_ring": 3, "fault": 2},
        "exit": {"signal": "SIGSEGV", "number": 11},
        "crash": {
            "signal": "SIGSEGV", "number": 11, "code": 1, "address": "0x10", "tid": 1240,
            "thread": "worker-3",
            "registers": {"rip": "0x401f3a", "rsp": "0x7ffd12345678", "rax": "0x0",
                          "rbx": "0xffffffffffffffff", "rcx": "0x10"},
            "frames": [
                {"ip": "0x401f3a", "module": "/usr/bin/orderd", "build_id": "c0ffee" * 6 + "cafe",
                 "offset": "0x1f3a", "symbol": "execute+0x1a", "file": "src/orders.c", "line": 12},
                {"ip": "0x7f0000001234", "module": "/usr/lib/libc.so.6", "offset": "0x2234"},
                {"ip": "0xdead"},
            ],
        },
    }  # fmt: skip
    threads = [
        {"pid": 1234, "tid": 1234, "comm": "orderd"},
        {"pid": 1234, "tid": 1240, "comm": "worker-3", "ns_pid": 7, "ns_tid": 9},
    ]
    snapshot = Snapshot(header, sites, threads, encoders)
    t = MONO - 2_000_000_000
    nan, inf = float("nan"), float("inf")
    snapshot.chunk([
        (t, 0, 0, ["AAPL", 1000, 150.25, "BUY", 42]),
        (t, 0, 1, ["MSFT", -5, 0.07, "BUY", 41]),
        (t + 10, 3, 1, ["/orders?id=1 2\n"]),
        (t + 20, 1, 0, [1, 0x41, -128, 255, -32768, 65535, -(2**31), 2**32 - 1, -(2**63), 2**64 - 1,
                        0x7FFD12345678, 0xDEADBEEF]),
        (t + 20, 1, 1, [0, 0xE9, 127, 0, 32767, 0, 2**31 - 1, 0, 2**63 - 1 - 2**63, 2**63, 0,
                        0xDEADBEEF]),
        (t + 1_000_010, 4, 1, [1_000_000]),
        (t + 1_000_020, 0, 0, ["AAPL", 7, 150.0, "BUY", 100]),
    ], more={"later": {"nested": [1, "two", {"three": 3.5}]}})  # fmt: skip
    f32 = struct.unpack("<f", struct.pack("<f", 0.1))[0]
    snapshot.chunk([
        (t + 2_000_000, 2, 0, [f32, 0.1, 1.234, 0.5, nan, "plain", "same", None, b"\x00\xff\x10",
                               (15025, 2), (-5, 3)]),
        (t + 2_000_001, 2, 1, [3.0000000e38, 1e300, -0.001, 1.5, inf, 'quote " \\ = \t', "same",
                               b"bad \xff\xfe end", [b"\x01\x02"], (-1, 2), (2**63 - 1, 0)]),
        (t + 2_000_001, 2, 1, [-0.0, 5e-324, 12345.678, -2.0, -inf, "\u202ebidi \u0085 \u00e9", "same",
                               ["cut"], None, (0, 2), (7, 40)]),
        (t + 2_000_002, 5, 0, []),
        (t + 2_000_003, 7, 0, ["AAPL", 2.5]),
        (t + 2_000_004, 7, 1, ["x", 2.5]),
    ])  # fmt: skip
    snapshot.chunk([(MONO - 1, 6, 1, ["null pointer"])])
    # As JSON shows them: 0.1f is 0.1.
    snapshot.lines = [line.replace(json.dumps(f32), "0.1") for line in snapshot.lines]
    snapshot.end()
    return snapshot


def packed_bits():
    """Columns of packed bits, with enough values to end within a byte and a word."""
    fields = [
        ("one", "bool"), ("narrow", "u8"), ("odd", "u64"), ("wide", "i64"), ("step", "i32"),
        ("real", "f64"), ("side", "str"), ("price", "decimal"),
    ]  # fmt: skip
    sites = [site("event", "INFO", "packed", "Packed", 5, fields)]
    header = {
        "clock": {"mono_ns": MONO, "real_ns": REAL}, "pid": 60, "host": "h", "exe": "/bin/packed",
        "reason": "exit", "created_at": time_text(REAL), "comm": "packed",
    }  # fmt: skip
    encoders = [
        packed(1, 0), packed(3, 250), packed(13, 2**64 - 8192), packed(56, -(2**55)),
        packed_delta(17, -65536, 5), scaled_packed(2, 15, 10000), indexed_packed,
        lambda values: {
            "units": bits_of(5, -16, [units for units, _ in values]),
            "scale": bits_of(2, 0, [scale for _, scale in values]),
        },
    ]  # fmt: skip
    snapshot = Snapshot(header, sites, [{"pid": 60, "tid": 60, "comm": "packed"}], {0: encoders})
    noise, rows = 1, []
    for i in range(100):
        noise = noise * 6364136223846793005 + 1442695040888963407 & 2**64 - 1
        rows.append((MONO + 7 * i, 0, 0, [
            noise >> 63, 250 + (noise >> 20) % 6, 2**64 - 8192 + (noise >> 30) % 8192,
            (noise >> 8) - 2**55, 5 + (noise >> 40) % 60000, (10000 + (noise >> 33) % 20000) / 100,
            "ABCDE"[(noise >> 50) % 5], ((noise >> 44) % 32 - 16, (noise >> 55) % 4),
        ]))  # fmt: skip
    # in 8 bits and more, and in fewer
    for start, end in ((0, 92), (92, 93), (93, 100)):
        snapshot.chunk(rows[start:end])
    snapshot.end()
    return snapshot


def nulls():
    """Numbers of each type that may be null, and spans whose ends have more than a duration."""
    fields = [
        ("b", "bool"), ("c", "char"), ("i8", "i8"), ("u8", "u8"), ("i16", "i16"), ("u16", "u16"),
        ("i32", "i32"), ("u32", "u32"), ("i64", "i64"), ("u64", "u64"), ("p", "ptr"), ("x", "hex"),
        ("f32", "f32"), ("f64", "f64"), ("price", "decimal"), ("s", "str"),
    ]  # fmt: skip
    encoders = [
        with_nulls(array("B")), with_nulls(array("B"), 65), with_nulls(array("b"), -1),
        with_nulls(packed(3, 250), 251), with_nulls(delta("h", 5), 7), with_nulls(array("H")),
        with_nulls(const, -7), with_nulls(indexed), with_nulls(array("q")), with_nulls(array("Q"), 3),
        with_nulls(array("Q")), with_nulls(const), with_nulls(array("f")),
        with_nulls(scaled(2), 0.25), with_nulls(decimal_each, (0, 0)), plain,
    ]  # fmt: skip
    sites = [
        site("event", "INFO", "foreign", "a:foreign", 0, fields, target="a", func=""),
        site("span", "INFO", "fn", "fn", 7, [("n", "i32")], target="libx", func="fn"),
        site("span_end", "INFO", "fn", "fn", 7, [("duration_ns", "u64"), ("ret", "i32")],
             target="libx", func="fn"),
        site("span", "INFO", "name", "name", 8, [], target="libx", func="name"),
        site("span_end", "INFO", "name", "name", 8, [("duration_ns", "u64"), ("ret", "str")],
             target="libx", func="name"),
    ]  # fmt: skip
    header = {
        "clock": {"mono_ns": MONO, "real_ns": REAL}, "pid": 61, "host": "h", "exe": "/bin/nulls",
        "reason": "exit", "created_at": time_text(REAL), "comm": "nulls", "incompatible": 4,
    }  # fmt: skip
    snapshot = Snapshot(header, sites, [{"pid": 61, "tid": 61, "comm": "nulls"}], {
        0: encoders, 1: [with_nulls(array("i"))], 2: [array("I"), with_nulls(array("b"))],
        4: [array("I"), plain],
    })  # fmt: skip
    values = [1, 0x41, -8, 252, -300, 60000, -7, 4, -(2**40), 2**64 - 1, 0x7FFD12345678, 0, 0.5, 1.75,
              (-1234, 2), "text"]  # fmt: skip
    others = [0, 0x7A, 9, 250, 300, 1, -7, 4, 0, 0, 1, 0, -2.0, 0.5, (7, 0), None]
    # each field is null once alone, all are once, and none is once
    rows = [[None if k == i else v for k, v in enumerate(others if i % 2 else values)]
            for i in range(len(fields))]  # fmt: skip
    rows += [[None] * len(fields), values]
    at = MONO - 10**9
    snapshot.chunk([(at + i, 0, 0, row) for i, row in enumerate(rows)])
    snapshot.chunk([
        (at + 100, 1, 0, [5]), (at + 110, 3, 0, []), (at + 150, 4, 0, [40, "why"]),
        (at + 200, 2, 0, [100, -1]), (at + 300, 1, 0, [None]), (at + 310, 3, 0, []),
        (at + 350, 4, 0, [40, None]), (at + 400, 2, 0, [100, None]),
    ])  # fmt: skip
    # a column that is null in all its rows
    snapshot.chunk([(at + 500 + i, 0, 0, [None] * len(fields)) for i in range(9)])
    snapshot.end()
    return snapshot


def suppressed():
    """Events before which calls were left out, in each encoding of numbers; and none."""
    sites = [site("event", "INFO", "tick", "Tick", 5, [("n", "u64")]),
             site("event", "WARN", "own", "Own", 6, [("suppressed", "str")]),
             site("event", "WARN", "numbered", "Numbered", 7, [("suppressed", "i32")])]
    header = {
        "clock": {"mono_ns": MONO, "real_ns": REAL}, "pid": 63, "host": "h", "exe": "/bin/often",
        "reason": "exit", "created_at": time_text(REAL), "comm": "often", "suppressed": 2**40 + 700,
        "emitted": 21, "recorded": 21, "overwritten": 0, "lost": {"total": 0},
    }  # fmt: skip
    threads = [{"pid": 63, "tid": 63 + i, "comm": "often"} for i in range(2)]
    snapshot = Snapshot(header, sites, threads, {0: [array("Q")], 1: [plain], 2: [array("i")]})
    at = MONO - 10**9

    def chunk(start, counts, encode, rows=None):
        rows = rows or [(start + i, 0, i % 2, [i]) for i in range(len(counts))]
        snapshot.chunk(rows, {"suppressed": encode(counts)}, suppressed=counts)

    chunk(at, [0, 9, 0, 0, 99, 7], array("B"), [
        (at, 0, 0, [0]), (at + 1, 0, 1, [1]), (at + 2, 1, 0, ["9"]), (at + 3, 2, 0, [9]),
        (at + 4, 1, 0, ["some"]), (at + 5, 2, 0, [9])])
    chunk(at + 10, [99, 99, 99], const)
    snapshot.chunk([(at + 20, 0, 0, [20])])
    chunk(at + 30, [0, 1, 2**40], array("Q"))
    chunk(at + 40, [0, 3, 2], packed(2, 0))
    chunk(at + 50, [3, 4, 5], packed_delta(1, 0, 3))
    chunk(at + 60, [0, 9], indexed)
    snapshot.end()
    return snapshot


def contexts():
    """Events that belong to traces, in each encoding, and some that do not."""
    sites = [site("event", "INFO", "tick", "Tick", 5, [("n", "u64")]),
             site("event", "WARN", "own", "Own", 6, [("trace", "str"), ("span", "i32")]),
             site("span", "INFO", "work", "work", 7, []),
             site("span_end", "INFO", "work", "work", 7, [("duration_ns", "u64")])]
    header = {
        "clock": {"mono_ns": MONO, "real_ns": REAL}, "pid": 62, "host": "h", "exe": "/bin/traced",
        "reason": "exit", "created_at": time_text(REAL), "comm": "traced",
    }  # fmt: skip
    snapshot = Snapshot(header, sites, [{"pid": 62, "tid": 62, "comm": "traced"}], {
        0: [array("Q")], 1: [plain, array("i")], 3: [array("I")]})
    one = bytes.fromhex("4bf92f3577b34da6a3ce929d0e0e4736"), bytes.fromhex("00f067aa0ba902b7")
    two, same = (bytes(range(1, 17)), b"\x09" * 8), (one[0], b"\x07" * 8)
    at = MONO - 10**9

    def columns(ids, encode):
        return {key: encode([pair and pair[i] for pair in ids])
                for i, key in enumerate(("trace_id", "span_id"))}

    ids = [None, one, one, same, two, None, one]
    rows = [(at, 0, 0, [0]), (at + 1, 0, 0, [1]), (at + 2, 1, 0, ["own", 5]), (at + 3, 0, 0, [3]),
            (at + 4, 1, 0, ["4bf9", -1]), (at + 5, 1, 0, ["mine", 9]), (at + 6, 0, 0, [6])]
    snapshot.chunk(rows, columns(ids, indexed), ids)
    snapshot.chunk([(at + 10 + i, 0, 0, [i]) for i in range(3)], columns([two] * 3, const), [two] * 3)
    ids = [None, two, one, one, None]
    snapshot.chunk([(at + 20, 0, 0, [0]), (at + 21, 0, 0, [0]), (at + 22, 2, 0, []), (at + 32, 3, 0, [10]),
                    (at + 33, 0, 0, [0])], columns(ids, plain), ids)
    snapshot.end()
    return snapshot


def process(pid, host, mono, real, events, threads=((0, "main"),)):
    """A small snapshot of one site, events: (mono_ns, thread, n)"""
    sites = [site("event", "INFO", "tick", "Tick", 5, [("n", "u64")])]
    header = {
        "clock": {"mono_ns": mono, "real_ns": real}, "host": host, "pid": pid, "exe": "/bin/tick",
        "reason": "timer", "created_at": time_text(real), "comm": "tick",
    }  # fmt: skip
    rows = [{"pid": pid, "tid": pid + tid, "comm": comm} for tid, comm in threads]
    snapshot = Snapshot(header, sites, rows, {0: [array("Q")]})
    for start in range(0, len(events), 4):
        snapshot.chunk([(at, 0, thread, [n]) for at, thread, n in events[start : start + 4]])
    snapshot.end()
    return snapshot


def overlapping():
    """Two snapshots of one process whose clocks differ by 5 us, one of another process, and the
    second of the first two as if the clock had been set by two hours before it.
    """
    two = ((0, "main"), (1, "side"))
    ticks = [(1000 + 10 * i, i % 2, i) for i in range(10)]
    # The same event twice in one nanosecond: two events; the later file has a third.
    twin, late = [(1100, 0, 7), (1100, 0, 7)], [(1200, 0, 8), (1210, 1, 9)]
    first = process(50, "h", 2000, 10_000_000, ticks + twin, two)
    again = ticks[4:] + twin + twin[:1] + late
    second = process(50, "h", 2500, 10_005_500, again, two)
    stepped = process(50, "h", 2500, 10_005_500 + 7200 * 10**9, again, two)
    other = process(51, "h", 2000, 10_000_000, [(1005, 0, 100), (1105, 0, 101)])
    return first, second, other, stepped


BOOT = "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"


def runs_of(events):
    """The identity of events from (seq, ticks) and their number in the batch, for each thread and
    site: FORMAT.md, section 4."""
    runs, last = [], {}
    for _, site_number, thread, _, batch, place in events:
        run = last.get((thread, site_number))
        if run and run[2:4] == list(batch) and run[4] + run[5] == place:
            run[5] += 1
        else:
            last[thread, site_number] = [thread, site_number, *batch, place, 1]
            runs.append(last[thread, site_number])
    keys = ("thread", "module", "seq", "ticks", "first", "count")
    return dict(zip(keys, map(array("Q"), zip(*runs))), n=len(runs))


def recorded(events, boot=BOOT, real=10**9, change=None, stacks=None):
    """A snapshot of process 70 whose events have identities; each site is a module's."""
    sites = [site("event", "INFO", "tick", "Tick", 5, [("n", "u64")]),
             site("event", "INFO", "tock", "Tock", 6, [("n", "u64")])]
    header = {
        "clock": {"mono_ns": 2000, "real_ns": real}, "host": "h", "pid": 70, "exe": "/bin/tick",
        "reason": "timer", "created_at": time_text(real), "comm": "tick", "boot_id": boot,
        "start_time": 12345, "modules": [["c0ffee", 1], ["", 1]],
    }  # fmt: skip
    if stacks:
        header["stacks"] = stacks
    threads = [{"pid": 70, "tid": 70, "comm": "tick"}, {"pid": 70, "tid": 71, "comm": "tick"},
               {"pid": 70, "tid": 0, "comm": ""}]
    snapshot = Snapshot(header, sites, threads, {0: [array("Q")], 1: [array("Q")]})
    for start in range(0, len(events), 7):
        batches = runs_of(events[start : start + 7])
        if change:
            batches = change(batches)
        snapshot.chunk(events[start : start + 7], {"batches": batches})
    snapshot.end()
    return snapshot


def mark(kind, data=b"", events=0, first=0, last=0, start=None):
    """FORMAT.md, section 10, and what follows it."""
    at = len(data) if start is None else start
    body = b"ttsg" + struct.pack("<B3xIIQQQ", kind, events, 0, at, first, last)
    check = 0xCBF29CE484222325
    for byte in body:
        check = (check ^ byte) * 0x100000001B3 % 2**64
    return b"\x54\x2a\x4d\x18" + struct.pack("<I", 48) + body + struct.pack("<Q", check) + data


def segment(whole):
    """A snapshot of one chunk and an end as a segment of a stream."""
    tables = {"item": "tables", "missed": 0}
    header = dict(whole.header, incompatible=3, stream=77, segment=0, missed=0, reason="stream")
    tables.update({key: header.pop(key) for key in ("sites", "threads", "modules", "stacks") if key in header})
    end = {"item": "end", "events": whole.events, "chunks": 1, "first_ns": whole.first, "last_ns": whole.last,
           "header": header}  # fmt: skip
    parts = mark(1, frame(header)) + mark(2, frame(tables))
    parts += mark(3, whole.frames[1], whole.events, whole.first, whole.last)
    return parts + mark(4, frame(end)) + mark(5, first=whole.first, last=whole.last, start=len(parts))


def twins():
    """What two collectors have of one process: the second began later, and its clock says 3 ns
    more, or 2 less. There are two threads, two modules, batches with the same number and time, one
    event outside of the batches, one without a known place, one of an unknown thread. The third
    file is of another boot.
    """
    batch, other, late, alone, none = (1, 100), (1, 103), (2, 150), (0, 130), (0, 0)
    events = [
        (1000, 0, 0, [0], batch, 0), (1010, 0, 0, [1], batch, 1), (1020, 0, 1, [2], batch, 0),
        (1030, 1, 0, [3], other, 0), (1040, 0, 0, [4], batch, 2), (1041, 1, 0, [5], other, 1),
        (1042, 0, 1, [6], batch, 1), (1050, 0, 0, [7], alone, 0), (1060, 0, 0, [8], batch, 3),
        (1070, 0, 0, [9], late, 0), (1080, 0, 0, [10], none, 0), (1090, 0, 2, [11], batch, 7),
        (1100, 0, 0, [12], late, 1), (1110, 1, 0, [13], other, 3), (1120, 0, 1, [14], batch, 5),
        (1130, 0, 0, [15], late, 2),
    ]  # fmt: skip
    moved = [(event[0] + (-2 if event[3][0] in (5, 8) else 3), *event[1:]) for event in events[4:]]
    moved.sort()
    return recorded(events[:13]), recorded(moved, real=10**9 + 7), recorded(events, BOOT[::-1])


def twin_pieces():
    """What two collectors send of one process to a follower, and one after the next boot."""
    events = [(1000 + 10 * i, 0, 0, [i], (1, 100), i) for i in range(6)]
    unknown = (1100, 0, 0, [9], (0, 0), 0)
    moved = [(event[0] + 3, *event[1:]) for event in events[3:]]
    first = events[:5]
    return recorded(first), recorded([*moved, unknown]), recorded(first, BOOT[::-1])


def bad_batches():
    """Chunks whose events are valid, and whose batches are not: no event has an identity."""
    events = [(1000 + i, i % 2, 0, [i], (1, 100 + i % 2), i // 2) for i in range(7)]
    changes = {
        "no-map": lambda batches: 5,
        "no-n": lambda batches: {key: batches[key] for key in batches if key != "n"},
        "n-zero": lambda batches: dict(batches, n=0),
        "n-huge": lambda batches: dict(batches, n=2**63),
        "n-more": lambda batches: dict(batches, n=3),
        "no-ticks": lambda batches: {key: batches[key] for key in batches if key != "ticks"},
        "ticks-text": lambda batches: dict(batches, ticks={"const": "x"}),
        "count-short": lambda batches: dict(batches, count=ints("B", [4, 2])),
        "count-other": lambda batches: dict(batches, count=ints("B", [3, 4])),
        "count-zero": lambda batches: dict(batches, count=ints("B", [7, 0])),
        "count-wraps": lambda batches: dict(batches, count=ints("Q", [2**64 - 1, 8])),
        "first-far": lambda batches: dict(batches, first=ints("I", [65533, 0])),
        "first-huge": lambda batches: dict(batches, first=ints("Q", [2**64 - 2, 0])),
        "module-unknown": lambda batches: dict(batches, module=ints("B", [0, 2])),
        "thread-unknown": lambda batches: dict(batches, thread=ints("B", [0, 9])),
        "thread-other": lambda batches: dict(batches, thread=ints("B", [0, 1])),
        "order": lambda batches: dict(batches, module=ints("B", [1, 0])),
    }
    return {name: recorded(events, change=change).file() for name, change in changes.items()}


def hostile():
    """Sound frames with invalid content. Each must give a problem and no crash."""
    events = [(100, 0, 1), (110, 0, 2), (120, 0, 3)]
    sound = process(9, "h", 200, 10**9, events)
    head, chunk, end = sound.frames

    def with_chunk(**changes):
        item = {
            "item": "chunk", "n": 3, "first_ns": 100, "last_ns": 120, "count": [[0, 3]],
            "site": {"const": 0}, "time": ints("B", [0, 10, 10]), "thread": {"const": 0},
            "fields": [[ints("B", [1, 2, 3])]],
        }  # fmt: skip
        for key, value in changes.items():
            if value is None:
                del item[key]
            else:
                item[key] = value
        return head + frame(item) + end

    def with_header(**changes):
        item = dict(sound.header, **changes)
        item = {key: value for key, value in item.items() if value is not None}
        last = {"item": "end", "events": 3, "chunks": 1, "header": item}
        return frame(item) + chunk + frame(last)

    deep = b"\xa2\x64item\x65chunk\x61x" + b"\x81" * 100 + b"\x00"
    huge = b"\xa2\x64item\x65chunk\x61x"
    nine = sound.header["sites"][0]
    return {
        "deep": head + frame(deep) + end,
        "huge-array": head + frame(huge + b"\x9b\xff\xff\xff\xff\xff\xff\xff\xff") + end,
        "huge-map": head + frame(huge + b"\xbb\x7f\xff\xff\xff\xff\xff\xff\xff") + end,
        "huge-text": head + frame(huge + b"\x7b\x00\x00\x00\xff\xff\xff\xff\xff") + end,
        "huge-bytes": head + frame(huge + b"\x5b\xff\xff\xff\xff\xff\xff\xff\xffabc") + end,
        "indefinite": head + frame(huge + b"\x9f\x01\xff") + end,
        "two-items": head + frame(b"\xa1\x64item\x65chunk\x01") + end,
        "key-no-text": head + frame(b"\xa2\x64item\x65chunk\x01\x02") + end,
        "no-map": head + frame(b"\x01") + end,
        "unknown-item": head + frame({"item": "what"}) + chunk + end,
        "n-lies": with_chunk(n=4),
        "n-zero": with_chunk(n=0, count=[]),
        "n-huge": with_chunk(n=2**63, count=[[0, 2**63]]),
        "count-huge": with_chunk(n=65537, count=[[0, 65537]], time={"const": 0}, last_ns=100),
        "count-wraps": with_chunk(count=[[0, 2**64 - 1], [1, 4]]),
        "count-order": with_chunk(count=[[0, 1], [0, 2]], fields=[[], []]),
        "count-zero": with_chunk(count=[[0, 0], [1, 3]]),
        "site-unknown": with_chunk(count=[[7, 3]], site={"const": 7}),
        "site-huge": with_chunk(count=[[2**40, 3]], site={"const": 2**40}),
        "site-not-counted": with_chunk(site=ints("B", [0, 1, 0])),
        "thread-unknown": with_chunk(thread=ints("B", [0, 1, 0])),
        "thread-negative": with_chunk(thread=ints("b", [0, -1, 0])),
        "time-starts-late": with_chunk(time=ints("B", [1, 10, 9])),
        "time-falls": with_chunk(time=ints("b", [0, 30, -10])),
        "time-lies": with_chunk(last_ns=121),
        "time-backwards": with_chunk(first_ns=121),
        "time-short": with_chunk(time=ints("B", [0, 20])),
        "time-real": with_chunk(time=ints("f", [0, 10, 10])),
        "no-fields": with_chunk(fields=None),
        "fields-short": with_chunk(fields=[]),
        "columns-short": with_chunk(fields=[[]]),
        "columns-more": with_chunk(fields=[[{"const": 1}, {"const": 1}]]),
        "column-short": with_chunk(fields=[[ints("B", [1, 2])]]),
        "column-torn": with_chunk(fields=[[cbor2.CBORTag(69, b"12345")]]),
        "column-tag": with_chunk(fields=[[cbor2.CBORTag(65, b"123456")]]),
        "column-no-bytes": with_chunk(fields=[[cbor2.CBORTag(64, 5)]]),
        "column-empty": with_chunk(fields=[[{}]]),
        "column-text": with_chunk(fields=[[{"const": "x"}]]),
        "column-no-map": with_chunk(fields=[[5]]),
        "packed-short": with_chunk(fields=[[{"bits": 9, "base": 0, "packed": b"123"}]]),
        "packed-long": with_chunk(fields=[[{"bits": 9, "base": 0, "packed": b"12345"}]]),
        "packed-no-bits": with_chunk(fields=[[{"bits": 0, "base": 0, "packed": b""}]]),
        "packed-too-many": with_chunk(fields=[[{"bits": 57, "base": 0, "packed": b"1" * 22}]]),
        "packed-huge": with_chunk(fields=[[{"bits": 2**63, "base": 0, "packed": b"123"}]]),
        "packed-no-base": with_chunk(fields=[[{"bits": 8, "packed": b"123"}]]),
        "packed-text": with_chunk(fields=[[{"bits": 8, "base": 0, "packed": "123"}]]),
        "packed-deltas-of-deltas": with_chunk(
            fields=[[{"first": 0, "delta": {"first": 0, "delta": ints("B", [1, 2, 3])}}]]
        ),
        "index-packed-out": with_chunk(
            fields=[[{"values": [1, 2], "index": {"bits": 2, "base": 0, "packed": b"\x24"}}]]
        ),
        "index-out": with_chunk(fields=[[{"values": [1, 2], "index": ints("B", [0, 1, 2])}]]),
        "index-negative": with_chunk(fields=[[{"values": [1, 2], "index": {"const": -1}}]]),
        "trace-short": with_chunk(trace_id={"const": b"1234"}, span_id={"const": b"12345678"}),
        "trace-few": with_chunk(trace_id={"values": [None]}, span_id={"const": None}),
        "trace-number": with_chunk(trace_id=ints("B", [1, 2, 3]), span_id={"const": None}),
        "span-cut": with_chunk(trace_id={"const": None}, span_id={"const": [b"12345678"]}),
        "suppressed-short": with_chunk(suppressed=ints("B", [1, 2])),
        "suppressed-long": with_chunk(suppressed={"values": [1, 2, 3, 4]}),
        "suppressed-text": with_chunk(suppressed={"const": "many"}),
        "suppressed-null": with_chunk(suppressed={"nulls": b"\1", "of": {"const": 1}}),
        "suppressed-no-column": with_chunk(suppressed=5),
        "nulls-short": with_chunk(fields=[[{"nulls": b"", "of": {"const": 1}}]]),
        "nulls-long": with_chunk(fields=[[{"nulls": b"12", "of": {"const": 1}}]]),
        "nulls-alone": with_chunk(fields=[[{"nulls": b"1"}]]),
        "nulls-text": with_chunk(fields=[[{"nulls": "1", "of": {"const": 1}}]]),
        "nulls-nested": with_chunk(
            fields=[[{"nulls": b"1", "of": {"nulls": b"1", "of": {"const": 1}}}]]
        ),
        "values-short": with_chunk(fields=[[{"values": [1, 2]}]]),
        "values-none": with_chunk(fields=[[{"values": [], "index": {"const": 0}}]]),
        "values-nested": with_chunk(fields=[[{"values": [[1], [2], [3]]}]]),
        "chunk-empty": head + frame({"item": "chunk"}) + end,
        "count-twice": head + frame(
            b"\xa3\x64item\x65chunk\x65count\x81\x82\x00\x01\x65count\x81\x82\x00\x01") + end,
        "header-format": with_header(format=2),
        "header-incompatible": with_header(incompatible=8),
        "header-no-clock": with_header(clock=None),
        "header-no-sites": with_header(sites=None),
        "header-sites-lie": with_header(sites={"a": 1}),
        "header-site-short": with_header(sites=[{"kind": "event"}]),
        "header-site-type": with_header(sites=[dict(nine, types=["quad"])]),
        "header-site-types": with_header(sites=[dict(nine, types=["u64", "u64"])]),
        "header-site-level": with_header(sites=[dict(nine, level="LOUD")]),
        "header-site-fields": with_header(
            sites=[dict(nine, keys=["k%d" % i for i in range(17)], types=["u64"] * 17)]
        ),
        "header-span-end": with_header(sites=[dict(nine, kind="span_end", types=["str"])]),
        "header-span-end-none": with_header(sites=[dict(nine, kind="span_end", keys=[], types=[])]),
        "header-thread-short": with_header(threads=[{"tid": 1}]),
        "header-mapping-short": with_header(mappings=[{"start": 1}]),
        "header-pid-text": with_header(pid="9"),
        "header-lost-text": with_header(lost="all"),
        "header-modules-short": with_header(modules=[]),
        "header-modules-more": with_header(modules=[["", 2]]),
        "header-modules-huge": with_header(modules=[["", 1], ["", 2**64 - 1]]),
        "header-modules-text": with_header(modules=["x"]),
        "end-short": head + chunk + frame({"item": "end"}),
        "end-lies": head + chunk + frame({"item": "end", "events": 4, "chunks": 1}),
        "end-lies-less": head + chunk + frame({"item": "end", "events": 2, "chunks": 1}),
        "end-lies-chunks": head + chunk + frame({"item": "end", "events": 3, "chunks": 2}),
        "end-twice": head + chunk + end + end,
        "end-garbage": head + chunk + end + b"more",
        "header-twice": head + head + chunk + end,
        "chunks-order": head + frame(cbor2.dumps({
            "item": "chunk", "n": 1, "first_ns": 500, "last_ns": 500, "count": [[0, 1]],
            "site": {"const": 0}, "time": {"const": 0}, "thread": {"const": 0},
            "fields": [[{"const": 1}]]})) + chunk + end,
        "no-frames": b"this is no snapshot at all\n",
        "zero-bytes": b"",
    }  # fmt: skip


def packed_files(named):
    """All of them in one file, so that the folder stays readable: name, length, bytes."""
    pack = b""
    for name, data in named.items():
        pack += b"%s %d\n" % (name.encode(), len(data)) + data
    return lz4(pack)


def files():
    result = {}
    snapshot = golden()
    result["golden.bin"] = snapshot.file()
    result["golden.jsonl"] = "".join(snapshot.lines).encode()
    snapshot = packed_bits()
    result["packed.bin"] = snapshot.file()
    result["packed.jsonl"] = "".join(snapshot.lines).encode()
    snapshot = nulls()
    result["nulls.bin"] = snapshot.file()
    result["nulls.jsonl"] = "".join(snapshot.lines).encode()
    snapshot = contexts()
    result["contexts.bin"] = snapshot.file()
    result["contexts.jsonl"] = "".join(snapshot.lines).encode()
    snapshot = suppressed()
    result["suppressed.bin"] = snapshot.file()
    result["suppressed.jsonl"] = "".join(snapshot.lines).encode()
    for name, snapshot in zip(("first", "second", "other", "stepped"), overlapping()):
        result["overlap-%s.bin" % name] = snapshot.file()
    small = process(9, "h", 200, 10**9, [(100 + 10 * i, 0, i) for i in range(8)])
    result["small.bin"] = small.file()
    for name, snapshot in zip(("first", "second", "reboot"), twins()):
        result["twin-%s.bin" % name] = snapshot.file()
    for name, snapshot in zip(("first", "second", "reboot"), twin_pieces()):
        result["twin-piece-%s.bin" % name] = snapshot.file()
    result["hostile.pack"] = packed_files(hostile())
    result["batches.pack"] = packed_files(bad_batches())
    return result


def main():
    check = len(sys.argv) == 3 and sys.argv[1] == "--check"
    if len(sys.argv) != 2 + check:
        sys.exit("usage: make_snapshot.py [--check] DIR")
    wrong = 0
    for name, data in files().items():
        path = os.path.join(sys.argv[-1], name)
        if not check:
            with open(path, "wb") as file:
                file.write(data)
            continue
        with open(path, "rb") as file:
            if file.read() != data:
                print("%s is not what make_snapshot.py makes" % path)
                wrong = 1
    sys.exit(wrong)


if __name__ == "__main__":
    main()
