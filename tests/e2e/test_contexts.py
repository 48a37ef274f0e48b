# SPDX-License-Identifier: MIT
"""TTLOG_CONTEXT: to which trace the events of a thread belong, in all its modules."""
import os
import signal

from harness import Snapshot, check, equal, view
from live_fixture import follow_json
from test_stream import events as events_of_files
from test_stream import segments

W3C = ("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7")
NONE = (None, None)


def ids(block):
    return ("%02x" % block * 16, "%02x" % block * 8)


def context_of(event):
    return event.get("trace_id"), event.get("span_id")


def contexts(events):
    return [(event["probe"], context_of(event)) for event in events]


def do(app, commands):
    """Each command, and its answer."""
    for command in commands:
        app.ask("done", command)


def start(t, times=1):
    app = t.start(t.app("contexts"), times)
    app.out.wait("ready")
    app.out.wait("done")
    return app


def record(t, app, *args):
    collector = t.collect(*args, "-p", app.pid)
    collector.recording(app.pid)
    return collector


def die(app, collector):
    """SIGKILL; the snapshot."""
    app.say("k")
    app.end(-signal.SIGKILL)
    collector.end()
    return Snapshot(collector.accounts_of(app.pid).files[-1])


BLOCKS = "pi" "e" "pi" "w" "pi" "l" "pi" "x" "pi" "e" "pi" "l" "i" "l" "pi" "b" "pi" "l" "p" "l" "pi"
OF_BLOCKS = [
    ("app", NONE), ("lib", NONE), ("app", ids(1)), ("lib", ids(1)), ("app", W3C), ("lib", W3C), ("app", ids(1)),
    ("lib", ids(1)), ("app", ids(2)), ("lib", ids(2)), ("app", ids(3)), ("lib", ids(3)), ("lib", ids(2)), ("app", ids(1)),
    ("lib", ids(1)), ("app", NONE), ("lib", NONE), ("app", ids(1)), ("app", NONE), ("lib", NONE)]


def test_context_of_blocks(t):
    """Blocks in each other, of the program and of its library; a bad traceparent; killed."""
    app = start(t)
    collector = record(t, app)
    do(app, BLOCKS)
    snapshot = die(app, collector)
    equal(contexts(snapshot.events), OF_BLOCKS, "contexts")
    equal((snapshot.info["emitted"], snapshot.info["recorded"]), (len(OF_BLOCKS),) * 2, "emitted and recorded")


def test_context_of_blocks_immediately(t):
    """Each event is a batch of its own."""
    app = start(t)
    collector = record(t, app, "--immediate")
    do(app, BLOCKS)
    equal(contexts(die(app, collector).events), OF_BLOCKS, "contexts")


def test_context_from_before_the_collector(t):
    """The thread is in a block when it is attached to, also for the second time."""
    app = start(t)
    do(app, "e")
    collector = record(t, app)
    do(app, "pi")
    collector.stop()
    do(app, "w")
    collector = record(t, app)
    do(app, "pilpi")
    snapshot = die(app, collector)
    equal(contexts(snapshot.events), [("app", W3C), ("lib", W3C), ("app", ids(1)), ("lib", ids(1))], "contexts")


def test_context_is_of_a_thread(t):
    """Another thread has none; a child has that of the thread which made it."""
    path = t.app("contexts")
    collector = t.collect("--on", "exit,killed", "-e", path)
    collector.recording_path(path)
    app = start(t)
    do(app, "etf")
    app.say("k")
    app.end(-signal.SIGKILL)
    collector.accounts_of(app.pid)
    collector.stop()
    snapshots = t.snapshots()
    found = {event["pid"] == app.pid: context_of(event) for snapshot in snapshots for event in snapshot.events}
    equal(found, {True: NONE, False: ids(1)}, "contexts of a thread, and of a child")


def test_context_over_many_batches(t):
    """A batch begins with the context: many of the program and of the library."""
    app = start(t, 20000)
    collector = record(t, app)
    do(app, "pepilp")
    snapshot = die(app, collector)
    wanted = {("app", 1): NONE, ("app", 3): ids(1), ("lib", 4): ids(1), ("app", 6): NONE}
    equal(len(snapshot.events), 80000, "events")
    for event in snapshot.events:
        equal(context_of(event), wanted[event["probe"], event["fields"]["n"]], f"context of {event}")
    found = view("--filter", "trace=" + ids(1)[0], "--format", "json", snapshot.path)
    equal(found.count("\n"), 40000, "events by trace")
    check(os.path.getsize(snapshot.path) < 80000 * 8, "its size")


def test_context_of_live_events(t):
    """A follower that comes in the middle of a block, with a filter."""
    app = start(t)
    collector = record(t, app)
    do(app, "ep")
    viewer = follow_json(t, "--filter", "trace=" + ids(1)[0])
    do(app, "iplpep")
    equal(contexts(viewer.wait_events(3)), [("lib", ids(1)), ("app", ids(1)), ("app", ids(1))], "contexts")
    collector.stop()
    viewer.end()


def test_context_in_a_stream(t):
    app = start(t)
    collector = record(t, app, "--stream")
    do(app, BLOCKS)
    app.close_stdin()
    app.end()
    collector.end()
    equal(contexts(events_of_files(*segments(t))), OF_BLOCKS, "contexts")
