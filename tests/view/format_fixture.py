# SPDX-License-Identifier: MIT
"""Snapshots for tests of outputs: golden ones, odd ones, spans in threads."""
import os
import re
import sys

sys.path.insert(0, "tests")
sys.dont_write_bytecode = True

import make_snapshot as make  # noqa: E402
from read_snapshot import UNSAFE  # noqa: E402

GOLDEN = ["tests/golden/golden.bin"]
FILES = {
    "golden": GOLDEN,
    "packed": ["tests/golden/packed.bin"],
    "overlapping": ["tests/golden/overlap-%s.bin" % name for name in ("first", "second", "other")],
}


def no_escapes(text):
    assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f]", text), "control characters"
    assert not UNSAFE.search(text), "characters that a terminal acts on"


def odd_file(folder):
    """Fields with the names of fixed columns, the same key twice, keys that need care, two
    files."""
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


# the signal of golden.bin's process
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


ABORT_DEATH = "SIGABRT in shop::Cart<std::__cxx11::basic_string<char, std::char_traits<char>, " \
    "std::allocator<char> > >::operator+=(int) (../src/cart.cc:7)"  # fmt: skip


def abort_file(folder):
    """A C++ program, built beside its source, that called abort(): its stack has frames of the C
    library before and after its own."""
    exe, libc = "/usr/bin/shop", "/usr/lib/libc.so.6"
    frames = [(libc, "__pthread_kill_implementation+0x10c", "./nptl/pthread_kill.c"),
              (libc, "abort+0xd3", "./stdlib/abort.c"),
              (exe, "std::vector<int, std::allocator<int> >::at(unsigned long)",
               "/usr/include/c++/12/bits/stl_vector.h"),
              (exe, ABORT_DEATH[len("SIGABRT in ") :].rsplit(" ", 1)[0] + "+0x12", "../src/cart.cc"),
              (libc, "__clone3+0x2c", "../sysdeps/unix/sysv/linux/x86_64/clone3.S")]  # fmt: skip
    frames = [{"ip": "0x%x" % (16 * i), "module": module, "symbol": symbol, "file": file, "line": 7}
              for i, (module, symbol, file) in enumerate(frames)]  # fmt: skip
    header = {"clock": {"mono_ns": 77, "real_ns": make.REAL}, "pid": 9, "reason": "crash", "comm": "shop", "exe": exe,
              "crash": {"signal": "SIGABRT", "number": 6, "tid": 9, "thread": "shop", "frames": frames,
                        "exception": {"type": "shop::no_stock", "what": "sold out"}}}  # fmt: skip
    snapshot = make.Snapshot(header, [make.site("event", "INFO", "tick", "Tick", 5, [("n", "u64")])],
                             [{"pid": 9, "tid": 9, "comm": "shop"}], {0: [make.array("Q")]})  # fmt: skip
    snapshot.chunk([(1 + i, 0, 0, [i]) for i in range(60)])
    snapshot.end()
    return snapshot.save(os.path.join(folder, "abort.bin"))


# the frames of the second event of stack_file()
STACK = [{"ip": "0x10", "module": "/bin/tick", "build_id": "c0ffee", "offset": "0x10", "symbol": "inner",
          "file": "src/tick.c", "line": 7},
         {"ip": "0x10", "module": "/bin/tick", "build_id": "c0ffee", "offset": "0x10", "symbol": "outer+0x1f",
          "file": "src/tick.c", "line": 12},
         {"ip": "0xdead"}]  # fmt: skip


def stack_file(folder):
    """Three events: the second one has a stack; those of the others are of other sites and batches."""
    events = [(10 + i, 0, 0, [i], (4, 77), i) for i in range(3)]
    stacks = {"frames": [STACK[2], STACK[1], STACK[0]], "lists": [[2, 1, 0]],
              "events": [[0, 0, 4, 77, 1, 0, 0], [0, 0, 4, 77, 0, 1, 0], [0, 0, 4, 78, 2, 0, 0]]}  # fmt: skip
    return make.recorded(events, stacks=stacks).save(os.path.join(folder, "stack.bin"))


# ---- spans ----

SPAN, END, WORK = 0, 3, 6


def span_file(folder, events, threads=2, name="spans.bin", host="h", ahead=0, mono_ns=10**9):
    """events: (time, thread, what): "+a" starts span a, "-a" ends it, "!" is an event. A duration
    is that of the innermost open a; "-a 5" sets another. ahead: of the clock, in nanoseconds;
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
    step = max(3, len(rows) // 1000)
    for i in range(0, len(rows), step):
        snapshot.chunk(rows[i : i + step])
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
# b is left by longjmp; the first c started before the file; the last a and b never end
TORN = [
    (10 * MS, 0, "-c 4000000"), (11 * MS, 0, "+a"), (12 * MS, 0, "+b"), (15 * MS, 0, "-a"),
    (16 * MS, 0, "+a"), (17 * MS, 0, "+b"), (18 * MS, 0, "!"),
]  # fmt: skip


def file_of_host(folder, pid, host, times, error_ns=None, unsynchronised=False, **more):
    """Events at so many ns after REAL."""
    header = {"clock": {"mono_ns": 0, "real_ns": make.REAL}, "pid": pid, "host": host, "comm": "p",
              "reason": "exit", "created_at": make.time_text(make.REAL), **more}  # fmt: skip
    if error_ns is not None:
        header["clock_error_ns"] = error_ns
    if unsynchronised:
        header["clock_unsynchronised"] = True
    made = make.Snapshot(header, [make.site("event", "INFO", "tick", "Tick", 5, [("n", "u64")])],
                         [{"pid": pid, "tid": pid, "comm": "p"}], {0: [make.array("Q")]})  # fmt: skip
    made.chunk([(at, 0, 0, [at]) for at in times])
    made.end()
    return made.save(os.path.join(folder, "%d.bin" % pid))
