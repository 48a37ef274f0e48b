# SPDX-License-Identifier: MIT
"""TTLOG_PROBE_EVERY and TTLOG_PROBE_LIMIT: every call is an event, or is counted as left out."""
import os
import signal
import struct

from harness import Snapshot, check, equal, wait_until
from live_fixture import follow_json
from test_stream import events as events_of_files
from test_stream import segments


class Calls:
    """What the program says of its calls: begun, ended, made by its signal handler."""

    def __init__(self, t):
        self.path = t.path("calls")

    def read(self):
        with open(self.path, "rb") as file:
            return struct.unpack("<3Q", file.read(24))


def start(t):
    calls = Calls(t)
    app = t.start(t.app("suppressed"), calls.path)
    app.out.wait("ready")
    return app, calls


def record(t, app, *args):
    collector = t.collect(*args, "-p", app.pid)
    collector.recording(app.pid)
    return collector


def do(app, commands):
    for command in commands:
        app.ask("done", command)


def kill(app, collector):
    """The snapshot of the program, which is killed."""
    app.signal(signal.SIGKILL)
    app.end(-signal.SIGKILL)
    collector.end()
    return Snapshot(collector.accounts_of(app.pid).files[-1])


def said(events, probe="every"):
    return [event.get("suppressed", 0) for event in events if event["probe"] == probe]


def account(snapshot):
    """All calls by its accounts; nothing of it is lost."""
    info = snapshot.info
    equal(info["emitted"], info["recorded"], "emitted and recorded")
    check(sum(event.get("suppressed", 0) for event in snapshot.events) <= info.get("suppressed", 0), f"said: {info}")
    return info["emitted"] + info.get("suppressed", 0)


def test_suppressed_is_said_by_the_next_event(t):
    app, _ = start(t)
    collector = record(t, app)
    do(app, "eo")
    snapshot = kill(app, collector)
    equal(said(snapshot.events), [0] + [9] * 9, "said by each")
    check("suppressed" not in snapshot.events[0], "nothing was left out before the first")
    equal([event["fields"]["i"] for event in snapshot.events if event["probe"] == "every"], list(range(0, 95, 10)), "i")
    # four came after the last event
    equal(snapshot.info["suppressed"], 85, "left out in all")
    equal(account(snapshot), 96, "calls")


def test_suppressed_by_a_limit(t):
    """Five at once, and the next when a second is over, by the program's clock."""
    app, calls = start(t)
    collector = record(t, app)
    do(app, "l")
    snapshot = kill(app, collector)
    times = [event["fields"]["ns"] for event in snapshot.events]
    equal(len(times), 10, "recorded")
    check(times[5] - times[0] >= 10**9 - 10**6, f"a second: {times}")
    check(times[4] - times[0] < 10**9, f"at once: {times}")
    equal([number > 0 for number in said(snapshot.events, "limit")], [False] * 5 + [True] + [False] * 4, "said")
    equal(account(snapshot), calls.read()[1], "calls")


def test_suppressed_in_threads_and_handlers(t):
    app, calls = start(t)
    collector = record(t, app)
    do(app, "tst")
    snapshot = kill(app, collector)
    begun, ended, handled = calls.read()
    check(handled >= 300, "handlers ran")
    equal((account(snapshot), begun), (ended, ended), "calls")


def test_suppressed_in_a_child(t):
    """A child begins at zero: with an event, and no count."""
    path = t.app("suppressed")
    collector = t.collect("--on", "exit,killed", "-e", path)
    collector.recording_path(path)
    app, _ = start(t)
    do(app, "ef")
    app.signal(signal.SIGKILL)
    app.end(-signal.SIGKILL)
    collector.accounts_of(app.pid)
    collector.stop()
    found = {snapshot.info["pid"] == app.pid: snapshot for snapshot in t.snapshots()}
    equal(said(found[True].events), [0] + [9] * 9, "the parent's")
    equal(said(found[False].events), [0, 9, 9], "the child's")
    equal((account(found[True]), account(found[False])), (95, 25), "calls")


def test_suppressed_until_it_is_killed(t):
    """At any instruction: at most the call that was under way is not known."""
    app, calls = start(t)
    collector = record(t, app)
    app.say("c")
    wait_until(lambda: calls.read()[1] > 100000, "calls")
    snapshot = kill(app, collector)
    begun, ended, _ = calls.read()
    check(ended <= account(snapshot) <= begun, f"calls: {snapshot.info}, {ended} to {begun}")


def test_suppressed_before_the_collector(t):
    """A collector is told only of what was left out since it came: the same program, three times."""
    app, _ = start(t)
    do(app, "e")
    collector = record(t, app)
    do(app, "eo")
    collector.stop()
    do(app, "e")
    first = Snapshot(collector.accounts_of(app.pid).files[-1])
    equal(account(first), 96, "calls, first")
    collector = record(t, app)
    do(app, "eo")
    snapshot = kill(app, collector)
    equal(account(snapshot), 96, "calls, second")
    # the first collector saw five of these ten
    equal(said(snapshot.events), [5] + [9] * 8, "said")
    equal(snapshot.info["suppressed"], 5 + 9 * 8 + 9 + 1, "left out in all")


def test_suppressed_for_a_killed_collector(t):
    """The next one reads what the threads have, and writes it; that is not its own."""
    app, _ = start(t)
    collector = record(t, app)
    do(app, "eo")
    collector.signal(signal.SIGKILL)
    collector.end(-signal.SIGKILL)
    collector = record(t, app)
    do(app, "e")
    wait_until(lambda: any("recovered" in path for path in t.files()), "the first one's file")
    snapshot = kill(app, collector)
    first = next(found for found in t.snapshots() if found.info["reason"] == "recovered")
    equal(said(first.events), [0] + [9] * 9, "said for the first")
    equal((first.info["suppressed"], account(first)), (85, 96), "the first's")
    equal(said(snapshot.events), [5] + [9] * 8, "said for the second")
    equal(account(snapshot), 95, "calls of the second")


def test_suppressed_of_live_events(t):
    app, _ = start(t)
    collector = record(t, app)
    viewer = follow_json(t)
    do(app, "e")
    equal(said(viewer.wait_events(10)), [0] + [9] * 9, "said to a follower")
    collector.stop()
    viewer.end()


def test_suppressed_in_a_stream(t):
    app, _ = start(t)
    collector = record(t, app, "--stream", "--immediate")
    do(app, "eo")
    app.close_stdin()
    app.end()
    collector.end()
    equal(said(events_of_files(*segments(t))), [0] + [9] * 9, "said in a stream")
    check(os.path.getsize(t.path("calls")) == 24, "the program's own counts")
