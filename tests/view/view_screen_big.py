#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The full screen over 10 million events, in limited memory: view_screen_big.py TTLOG-VIEW, from
the top of the tree.

The CPU time of each step is a figure; `bench/run screen` has the limit.
"""
import random
import struct
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, "tests")
sys.dont_write_bytecode = True

import cbor2  # noqa: E402
import make_snapshot as make  # noqa: E402
from screen_fixture import path_of  # noqa: E402
from tmux import Terminal  # noqa: E402
from view_harness import figure, run  # noqa: E402

CHUNK = 65536


def lz4(content):
    """Like make.lz4, but fast: hundreds of chunks."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(content)
        file.flush()
        options = ["-q", "-c", "-1", "-B4", "-BI", "-BX", "--content-size"]
        return subprocess.run(["lz4", *options, file.name], check=True, capture_output=True).stdout


def columns_of(code, count, top):
    noise = random.Random(count)
    values = [noise.randrange(top) for _ in range(count)]
    return cbor2.CBORTag(make.TAGS[code], struct.pack("<%d%s" % (count, code), *values))


def crash_header(pid):
    return {
        "clock": {"mono_ns": make.MONO, "real_ns": make.REAL}, "pid": pid, "host": "night", "comm": "exchange",
        "exe": "/usr/bin/exchange", "reason": "crash", "created_at": make.time_text(make.REAL),
        "exit": {"signal": "SIGSEGV", "number": 11},
        "crash": {"signal": "SIGSEGV", "number": 11, "code": 1, "address": "0x10", "tid": 4322, "thread": "worker-1",
                  "frames": [{"ip": "0x55d0", "symbol": "book::match+0x10"}]},
    }  # fmt: skip


def big(events, path, pid=4321, end=make.MONO):
    """An event every 100 ns, up to that moment; the same chunk again and again."""
    noise = random.Random(1)
    sites = [
        make.site("event", "INFO", "order", "Order placed", 10, [("symbol", "str"), ("quantity", "u32")], "orders.book"),
        make.site("event", "DEBUG", "debug", "Cache looked up", 20, [("key", "u64")], "cache"),
        make.site("event", "WARN", "slow", "Slow answer", 30, [("took_us", "u32")], "net.http"),
        make.site("event", "ERROR", "error", "Request failed", 40, [("code", "i32")], "net.http"),
    ]  # fmt: skip
    threads = [{"pid": pid, "tid": pid + i, "comm": "worker-%d" % i} for i in range(4)]
    snapshot = make.Snapshot(crash_header(pid), sites, threads, {})
    site = [noise.choice([0] * 10 + [1] * 8 + [2]) for _ in range(CHUNK)]
    site[::1000] = [3] * len(site[::1000])
    counts = [site.count(k) for k in range(4)]
    symbols = {"values": ["AAPL", "MSFT", "GOOG", "TSLA"], "index": columns_of("B", counts[0], 4)}
    item = {
        "item": "chunk", "n": CHUNK, "first_ns": 0, "last_ns": 0, "count": [list(pair) for pair in enumerate(counts)],
        "site": cbor2.CBORTag(64, bytes(site)), "time": cbor2.CBORTag(64, bytes([0] + [100] * (CHUNK - 1))),
        "thread": cbor2.CBORTag(64, bytes(noise.randrange(4) for _ in range(CHUNK))),
        "fields": [[symbols, columns_of("H", counts[0], 5000)], [columns_of("Q", counts[1], 2**40)],
                   [columns_of("I", counts[2], 100000)], [columns_of("h", counts[3], 500)]],
    }  # fmt: skip
    with open(path, "wb") as file:
        file.write(snapshot.frames[0])
        for first in range(end - events * 100, end, CHUNK * 100):
            file.write(lz4(cbor2.dumps(dict(item, first_ns=first, last_ns=first + (CHUNK - 1) * 100))))
            snapshot.frames.append(b"")
            snapshot.events += CHUNK
        snapshot.end()
        file.write(snapshot.frames[-1])
    return snapshot.events


class Watch:
    """How long something took, and how much of it was the viewer's CPU time: the rest depends on
    the machine."""

    def __init__(self, terminal, is_new=False):
        self.terminal = terminal
        self.start = time.monotonic()
        self.cpu_start = 0 if is_new else terminal.cpu_s()

    def stop(self, what, times=1):
        self.cpu = (self.terminal.cpu_s() - self.cpu_start) / times
        figure(what, self.cpu)
        self.wall = (time.monotonic() - self.start) / times
        return self

    def ms(self):
        return "%.0f ms (%.0f computing)" % (self.wall * 1000, self.cpu * 1000)


def test_ten_million():
    """The first screen, scrolling, a filter, a search: in limited memory."""
    events = big(10_000_000, path_of("big.bin"))
    shown = "{:,}".format(events)
    with Terminal() as terminal:
        watch = Watch(terminal, is_new=True)
        terminal.view(path_of("big.bin"))
        terminal.wait("died of SIGSEGV", "worker-[0-3] ", "q:quit")
        first = watch.stop("first screen")
        watch = Watch(terminal)
        terminal.wait("/%s " % shown)
        terminal.wait_row("worker-1 ")
        known = watch.stop("all known")
        terminal.keys("g")
        terminal.wait("^ 1/" + shown)
        watch = Watch(terminal)
        for _ in range(20):
            terminal.keys(*["NPage"] * 10)
        terminal.wait("^ 3,801/" + shown)
        page = watch.stop("a page", 200)
        watch = Watch(terminal)
        terminal.keys("t")
        terminal.type("-500ms\n")
        terminal.wait("^ 5,02[0-9],[0-9]{3}/" + shown)
        jump = watch.stop("a jump")
        watch = Watch(terminal)
        terminal.keys("i", "g", "i", "g")
        terminal.wait("^ 1/" + shown)
        info = watch.stop("to i and back")
        terminal.keys("i")
        terminal.wait("^  reason +crash")
        terminal.keys("G")
        terminal.wait("^ +4321 +4322 +2[0-9]{6}  worker-1")
        terminal.keys("q")
        watch = Watch(terminal)
        terminal.keys("&")
        terminal.type("code=13 and symbol=*\n")
        terminal.wait("No event matches")
        chosen = watch.stop("a filter")
        terminal.keys("c", "G")
        terminal.wait("^ %s/%s" % (shown, shown))
        terminal.type("/code=[0-9]$\n")
        terminal.wait("no match further down")
        terminal.keys("N")
        terminal.wait_row("Request failed code=[0-9]$")
        memory_kb = terminal.memory_kb()
        terminal.quit()
    print("    10 M events: first screen %s, all known %s, a page %s, a jump %s, a filter %s, to i and back %s, %d kB"
          % (first.ms(), known.ms(), page.ms(), jump.ms(), chosen.ms(), info.ms(), memory_kb))  # fmt: skip
    assert memory_kb < 64 << 10


def page_s(terminal, key, count):
    """One page after the other; waits for each."""
    watch = Watch(terminal)
    for _ in range(count):
        before = terminal.lines()[-3]
        terminal.keys(key)
        terminal.until("another place", lambda: terminal.lines()[-3] != before)
    return watch.stop("a page, merged", count)


def look_at_several(name, files, events):
    """Merged: to any place, and a page from there in both directions."""
    with Terminal() as terminal:
        watch = Watch(terminal, is_new=True)
        terminal.view(*files)
        terminal.wait("died of SIGSEGV", r"^ [\d,]+/%s .*[^\]]$" % "{:,}".format(events))
        known = watch.stop("all known, merged")
        terminal.keys("g")
        terminal.wait("^ 1/")
        watch = Watch(terminal)
        terminal.keys("t")
        terminal.type("-100ms\n")
        terminal.wait(r"^ \d,\d{3},\d{3}/")
        jump = watch.stop("a jump, merged")
        pages = [page_s(terminal, key, 10) for key in ("PPage", "NPage")]
        watch = Watch(terminal)
        terminal.keys("G")
        terminal.wait("100%")
        end = watch.stop("the end, merged")
        pages += [page_s(terminal, "PPage", 10)]
        memory_kb = terminal.memory_kb()
        terminal.quit()
    print("    %s: all known %s, a jump %s, the end %s, pages %s, %d kB"
          % (name, known.ms(), jump.ms(), end.ms(), ", ".join(page.ms() for page in pages), memory_kb))  # fmt: skip
    assert memory_kb < 96 << 10


def test_four_processes():
    files = [path_of("process%d.bin" % i) for i in range(4)]
    for i, path in enumerate(files):
        big(2_500_000, path, pid=5000 + 10 * i, end=make.MONO + 37 * i)
    look_at_several("4 files of 2.5 M events", files, 4 * 39 * CHUNK)


def test_overlapping_snapshots():
    """Snapshots of one process, each event in two of them."""
    files = [path_of("overlap%d.bin" % i) for i in range(4)]
    for i, path in enumerate(files):
        big(2_500_000, path, end=make.MONO + CHUNK * 100 * 19 * i)
    look_at_several("4 snapshots of 2.5 M events that overlap", files, (39 + 3 * 19) * CHUNK)


if __name__ == "__main__":
    run(globals())
