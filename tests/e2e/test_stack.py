# SPDX-License-Identifier: MIT
"""--stack: where threads were when they logged errors."""
import json
import os
import signal

from harness import check, equal, view, wait_until
from live_fixture import follow_json
from test_watches import order

WAYS = {"left": "by_left", "right": "by_right", "handler": "by_handler"}


def record_files(t, *args, threads=2, events=40):
    app = t.start(t.app("reports"), threads, events)
    app.out.wait("start")
    collector = t.collect("-p", app.pid, *args)
    collector.recording(app.pid)
    app.ask("done")
    app.say()
    app.end(-signal.SIGTERM)
    collector.end()


def record(t, *args, **kinds):
    record_files(t, *args, **kinds)
    return t.only_snapshot()


def functions(event):
    return [frame.get("symbol", "?").partition("+")[0] for frame in event["stack"]]


def check_stacks(events):
    """Each stack is that of its own event."""
    for event in events:
        way = WAYS[event["fields"]["way"]]
        names = functions(event)
        equal(names[:2], ["report", way], f"the innermost functions of {event['fields']}")
        check(way == "by_handler" or names[2] == "run", names)


def test_stack(t):
    """Without frame pointers; over many batches, with a handler that logs, too."""
    snapshot = record(t, "--stack", "error")
    reports = snapshot.of("report")
    equal(len(reports), 2 * 45, "reports")
    check_stacks(reports)
    equal([event for event in snapshot.of("filler") if "stack" in event], [], "stacks of a lower level")
    frame = reports[0]["stack"][0]
    check(frame["file"].endswith("reports.c") and frame["line"] > 0 and frame["module"] == t.path("reports"), frame)
    equal(snapshot.info["lost"]["total"], 0, "lost")
    # frames are kept once, and so are equal stacks in a row
    stacks = snapshot.info["stacks"]
    frames = [tuple(sorted(frame.items())) for frame in stacks["frames"]]
    equal(len(frames), len(set(frames)), "frames")
    # as text
    lines = view("--filter", "probe=report", "--limit", "1", snapshot.path).splitlines()
    check(lines[1].startswith("    #0  report+0x") and "reports.c:" in lines[1], lines)
    equal(len(lines), 1 + len(reports[-1]["stack"]), "lines")


def test_stack_of_many(t):
    """More than are kept: the last ones have a stack, and no event has that of another."""
    snapshot = record(t, "--stack", "error", threads=4, events=400)
    reports = snapshot.of("report")
    equal(len(reports), 4 * 450, "reports")
    having = [event for event in reports if "stack" in event]
    check(100 <= len(having) <= 256, f"{len(having)} stacks")
    check_stacks(having)


def stack_cnt(t):
    """Of the segments, also of the one that is still written."""
    paths = [os.path.join(t.out, name) for name in os.listdir(t.out) if "-stream.bin" in name]
    lines = view("--format", "json", "--filter", "probe=report", *sorted(paths)).splitlines() if paths else []
    return sum("stack" in json.loads(line) for line in lines)


def check_frames_once(infos):
    """Of a segment."""
    for info in infos:
        frames = [tuple(sorted(frame.items())) for frame in info.get("stacks", {}).get("frames", [])]
        equal(len(frames), len(set(frames)), "frames")


def streamed(t):
    """Infos and events of all segments."""
    segments = sorted(name for name in os.listdir(t.out) if name.endswith("-stream.bin"))
    paths = [os.path.join(t.out, name) for name in segments]
    infos = [json.loads(view("--info", "--format", "json", path)) for path in paths]
    return infos, [json.loads(line) for line in view("--format", "json", *paths).splitlines()]


def test_stack_in_stream(t):
    """Each report has its own stack, also beyond what a snapshot keeps, and soon."""
    app = t.start(t.app("reports"), 2, 100, 3)
    app.out.wait("start")
    collector = t.collect("--stack", "error", "--stream", "--write-cache", "64K,10ms", "-p", app.pid)
    collector.recording(app.pid)
    for k in range(1, 4):
        app.say()
        app.out.wait("start|done", after=k)
        wait_until(lambda: stack_cnt(t) == k * 224, f"the stacks of round {k}")
    app.say()
    app.end(-signal.SIGTERM)
    collector.end()
    infos, events = streamed(t)
    reports = [event for event in events if event["probe"] == "report"]
    equal(len(reports), 3 * 224, "reports")
    check(all("stack" in event for event in reports), reports)
    check_stacks(reports)
    equal([event for event in events if "stack" in event and event["probe"] != "report"], [], "stacks")
    check_frames_once(infos)


def test_stack_in_stream_of_many(t):
    """At once, as many as a snapshot keeps at least; the rest is counted."""
    record_files(t, "--stack", "error", "--stream", threads=2, events=400)
    infos, events = streamed(t)
    reports = [event for event in events if event["probe"] == "report"]
    equal(len(reports), 2 * 450, "reports")
    having = [event for event in reports if "stack" in event]
    check_stacks(having)
    check(len(having) >= 256, f"{len(having)} stacks")
    equal(infos[-1]["stacks_wanted"], len(reports), "wanted")
    check_frames_once(infos)
    text = view("--info", os.path.join(t.out, os.listdir(t.out)[0]))
    check("that were to be taken so far" in text, text)


def test_stack_followed(t):
    app = t.start(t.app("reports"), 1, 8)
    app.out.wait("start")
    collector = t.collect("--stack", "error", "-p", app.pid)
    collector.recording(app.pid)
    follower = follow_json(t, "--filter", "probe=report")
    app.ask("done")
    app.say()
    app.end(-signal.SIGTERM)
    collector.end()
    follower.end()
    reports = follower.events()
    equal(len(reports), 9, "reports")
    check(all("stack" in event for event in reports), reports)
    check_stacks(reports)


def test_stack_of_foreign(t):
    """Events of other probes: of the level alone, in the order of their thread, each with its stack."""
    app = t.start(t.app("functions"))
    app.out.wait("ready")
    collector = t.collect("--stack", "error", "--uprobe", "functions:shop::submit(o.id)=error", "--span",
                          "functions:shop::book::add(amount)=error", "--usdt", "libstdcxx:throw", "--on", "exit", "-p",
                          app.pid)  # fmt: skip
    collector.recording(app.pid)
    order(app, "submit 20", "throw 3", "threads 5")
    app.process.stdin.write(b"exit\n")
    app.process.stdin.flush()
    app.end()
    collector.end()
    snapshot = t.only_snapshot()
    submits = snapshot.of("shop::submit")
    equal([event["fields"]["o.id"] for event in submits], list(range(len(submits))), "order")
    for event in submits:
        names = functions(event)
        check(names[0].startswith("shop::submit") and names[-1] in ("_start", "__clone3", "clone3"), names)
    adds = [event for event in snapshot.of("shop::book::add") if "duration_ns" not in event]
    check(adds and all(functions(event)[0].startswith("shop::book::add") for event in adds), adds)
    equal([e for e in snapshot.events if "stack" in e and e["level"] != "ERROR"], [], "stacks of a lower level")
    equal(len(snapshot.of("throw")), 3, "events without a stack")
    equal(snapshot.info["stacks_wanted"], len(submits) + len(adds), "wanted")
    accounts = collector.only_accounts()
    equal((accounts.recorded, accounts.lost), (len(snapshot.events), 0), "accounts")


def test_stack_of_fatal_alone(t):
    snapshot = record(t, "--stack", "fatal", events=3)
    check(not any("stack" in event for event in snapshot.events), "a stack")
    check("stacks" not in snapshot.info, "stacks in the header")


def test_stack_is_off(t):
    snapshot = record(t, events=3)
    check(not any("stack" in event for event in snapshot.events), "a stack")


def test_stack_refuses(t):
    collector = t.collect("--stack", "loud", "--", "true")
    collector.end(2)
    check("--stack: 'loud' is not a level, or off" in collector.err.text(), collector.err.text())
