#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Waits of threads (--sched) as slices, and in --stats: view_waits.py TTLOG-VIEW. Run from the top of
the tree."""
import json
import os
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, "tests")
sys.dont_write_bytecode = True

import make_snapshot as make  # noqa: E402
from html_fixture import page_of  # noqa: E402
from read_traces import Perfetto  # noqa: E402
from view_chrome import check_nested, chrome, to_ns  # noqa: E402
from view_harness import run, view, view_bytes  # noqa: E402

MS = 1_000_000
KEYS = ["duration_ns", "reason", "syscall", "cpu", "woken_from", "waker", "waker_pid", "waker_tid"]
TYPES = ["u64", "str", "str", "u32", "str", "str", "u32", "u32"]
SPAN, END, OTHER, OTHER_END, WAIT, MARK = range(6)


def wait(at, thread, length, reason):
    return (at, WAIT, thread, [length, reason, None, 1, None, None, 0, 0])


# Thread 0: a span of 10 ms with one inside, that waits twice; thread 1: what must not be counted
EVENTS = [
    wait(1 * MS, 0, 1 * MS, "sleep"),  # before the span
    (2 * MS, SPAN, 0, []),
    (3 * MS, OTHER, 0, []),
    wait(6 * MS, 0, 2 * MS, "lock"),
    (7 * MS, OTHER_END, 0, [4 * MS]),
    wait(8 * MS, 1, 7 * MS, "sleep"),  # another thread
    (9 * MS, MARK, 0, []),
    wait(11 * MS, 0, 2 * MS + 500, "disk"),  # by its clock it began before the mark
    (12 * MS, END, 0, [10 * MS]),
    wait(14 * MS, 0, 1 * MS, "preempted"),  # after the span
    (15 * MS, SPAN, 0, []),
    wait(16 * MS, 0, MS // 2, "a later reason"),
    (17 * MS, END, 0, [2 * MS]),
]


def wait_file(folder, events=None, target="sched"):
    """The site of waits is as src/sched/ has it."""
    sites = [make.site("span", "INFO", "work", "work", 10), make.site("span_end", "INFO", "work", "work", 10, [("duration_ns", "u64")]),
             make.site("span", "INFO", "part", "part", 20), make.site("span_end", "INFO", "part", "part", 20, [("duration_ns", "u64")]),
             make.site("event", "INFO", "off_cpu", "Off the CPU", 0, list(zip(KEYS, TYPES)), target=target, func=""),
             make.site("event", "INFO", "mark", "Mark", 30)]  # fmt: skip
    encoders = {END: [make.plain], OTHER_END: [make.plain], WAIT: [make.plain] * 8}
    header = {"clock": {"mono_ns": 10**9, "real_ns": make.REAL}, "pid": 7, "comm": "waits"}
    snapshot = make.Snapshot(header, sites, [{"pid": 7, "tid": 7 + i, "comm": "t%d" % i} for i in range(2)],
                             encoders)  # fmt: skip
    snapshot.chunk(EVENTS if events is None else events)
    snapshot.end()
    return snapshot.save(os.path.join(folder, "waits.bin"))


# name, thread, begin, end
SLICES = [
    ("sleep", 7, 0, 1 * MS), ("work", 7, 2 * MS, 12 * MS), ("part", 7, 3 * MS, 7 * MS),
    ("lock", 7, 4 * MS, 6 * MS), ("sleep", 8, 1 * MS, 8 * MS), ("disk", 7, 9 * MS, 11 * MS),
    ("preempted", 7, 13 * MS, 14 * MS), ("work", 7, 15 * MS, 17 * MS),
    ("other", 7, 15 * MS + MS // 2, 16 * MS),
]  # fmt: skip


def test_chrome():
    with tempfile.TemporaryDirectory() as folder:
        events = chrome(wait_file(folder))
    check_nested(events)
    slices = [(event["name"], int(event["tid"]), to_ns(event, "ts"), to_ns(event, "ts") + to_ns(event, "dur"))
              for event in events if event["ph"] == "X"]  # fmt: skip
    assert sorted(slices) == sorted(SLICES), slices
    (lock,) = [event for event in events if event["name"] == "lock"]
    assert lock["cat"] == "sched" and lock["args"]["duration_ns"] == str(2 * MS)
    assert not [event for event in events if event["ph"] == "i" and event["name"] == "Off the CPU"]


def test_perfetto():
    with tempfile.TemporaryDirectory() as folder:
        trace = Perfetto(view_bytes("--format", "perfetto", wait_file(folder)))
    threads, slices = {}, []
    # a stable sort, as readers do
    for event in sorted(trace.events, key=lambda event: event["ts"]):
        tid = event["track"].thread.tid
        if event["type"] == "SLICE_BEGIN":
            threads.setdefault(tid, []).append(event)
        elif event["type"] == "SLICE_END":
            begin = threads[tid].pop()
            slices.append((begin["name"], tid, begin["ts"], event["ts"]))
    assert sorted(slices) == sorted(SLICES), slices
    assert not any(threads.values()), "slices that do not end"


def test_stats():
    with tempfile.TemporaryDirectory() as folder:
        path = wait_file(folder)
        lines = [json.loads(line) for line in view("--stats", "--format", "json", path).splitlines()]
        text = view("--stats", path)
        top = view("--stats", "--top", "1", path)
    none = dict.fromkeys(["sleep", "lock", "disk", "preempted", "stopped", "other"], 0)
    assert [line for line in lines if "span" in line] == [
        {"span": {"target": "orders", "probe": "work"}, "spans": 2, "duration_ns": 12 * MS,
         "on_cpu_ns": 12 * MS - 4 * MS - MS // 2, "off_cpu_ns": {**none, "lock": 2 * MS, "disk": 2 * MS, "other": MS // 2}},
        {"span": {"target": "orders", "probe": "part"}, "spans": 1, "duration_ns": 4 * MS, "on_cpu_ns": 2 * MS,
         "off_cpu_ns": {**none, "lock": 2 * MS}},
    ]  # fmt: skip
    table = [line.split() for line in text.splitlines()][-3:]
    assert table == [["spans", "total", "on", "CPU", "lock", "disk", "other", "span"],
                     ["2", "12.000ms", "7.500ms", "2.000ms", "2.000ms", "500.000us", "orders:work"],
                     ["1", "4.000ms", "2.000ms", "2.000ms", "-", "-", "orders:part"]], table  # fmt: skip
    assert "orders:work" in top and "orders:part" not in top


def test_stats_without_waits():
    """Nothing is said of waits if the file has none; events of a program with the same names are none."""
    with tempfile.TemporaryDirectory() as folder:
        text = view("--stats", wait_file(folder, target="orders"))
        assert "on CPU" not in text
        # only what the filter finds counts
        path = wait_file(folder)
        assert "on CPU" not in view("--stats", "--filter", "target=sched", path)
        line = view("--stats", "--format", "json", "--filter", "probe=work", path).splitlines()[-1]
    assert json.loads(line)["on_cpu_ns"] == 12 * MS


def test_chrome_of_others():
    with tempfile.TemporaryDirectory() as folder:
        events = chrome(wait_file(folder, target="orders"))
    assert len([event for event in events if event["ph"] == "X"]) == 3


SCRIPT = """
const fs = require("fs"), vm = require("vm");
const text = fs.readFileSync(process.argv[2], "utf8");
vm.runInThisContext(text + ";globalThis.made = { Waits, KIND, TYPE };");
const { Waits, KIND, TYPE } = globalThis.made;
const type = { U64: TYPE.U64, STR: TYPE.STR };
const site = { kind: KIND.PLAIN, target: "sched", probe: "off_cpu",
	fields: [{ key: "duration_ns", type: type.U64 }, { key: "reason", type: type.STR }] };
const events = { sites: [site, { ...site, target: "orders" }], site: [0, 1, 0], count: 3, thread: [0, 0, 1],
	time: [10, 20, 30], isNull: () => false, siteOf: () => site, slot: (row) => row, number: (slot) => [4, 4, 9][slot],
	valueText: (row) => ["lock", "", "disk"][row] };
const lanes = { ofThread: [0, 1], place: [0, 1], shown: [0, 1] };
const waits = new Waits(events, lanes), drawn = [];
const context = { fillRect: (...box) => drawn.push([context.fillStyle, ...box]) };
waits.draw(context, 100, { from: 0, to: 100 }, { waits: ["s", "l", "d", "p", "t"], tick: "-" });
console.log(JSON.stringify({ drawn, at: [waits.at(0, 7), waits.at(0, 5), waits.at(1, 25), waits.at(0, 15)],
	text: waits.textAt(0, 7) }));
"""


def test_page():
    """The page draws them; here without a browser, by node, where there is one."""
    with tempfile.TemporaryDirectory() as folder:
        with open(page_of(folder, wait_file(folder)), encoding="utf-8") as page:
            assert "class Waits" in page.read()
        if not shutil.which("node"):
            print("no node: what the page draws was not tried")
            return
        parts, script = os.path.join(folder, "parts.js"), os.path.join(folder, "try.js")
        with open(parts, "w", encoding="utf-8") as file:
            for name in ("text", "events", "chart", "waits"):
                with open(f"src/page/{name}.js", encoding="utf-8") as source:
                    file.write(source.read())
        with open(script, "w", encoding="utf-8") as file:
            file.write(SCRIPT)
        said = json.loads(subprocess.run(["node", script, parts], capture_output=True, check=True).stdout)
    assert said["at"] == [0, -1, 2, -1], said
    assert said["drawn"] == [["l", 6, 19, 4, 2], ["d", 21, 41, 9, 2]], said
    assert said["text"] == ", off the CPU: lock 4ns", said


if __name__ == "__main__":
    run(globals())
