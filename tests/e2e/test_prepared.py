# SPDX-License-Identifier: MIT
"""TTLOG_PREPARE: threads in seccomp sandboxes make no system call for a mark, and lose nothing."""
import signal

from harness import Snapshot, equal

# more than 16 batches, so that they grow
EVENTS = 36000
ALONE = 20
BEATS = 100
ENDS = {
    "exit": {"strict": 0, "filter": 0},
    "call": {"strict": -signal.SIGKILL, "filter": -signal.SIGSYS},
    "crash": {"strict": -signal.SIGSEGV, "filter": -signal.SIGSEGV},
}


def run(t, mode, when, end):
    """Logs and checks all kinds of batches: growing ones, a record larger than one, records alone,
    a slow batch."""
    app = t.start(t.app("sandboxed"), mode, when, EVENTS, end)
    app.out.wait("start")
    collector = t.collect("--on", "crash,killed,exit", "-p", app.pid)
    collector.recording(app.pid)
    app.say()
    app.out.wait("logged")
    app.end(ENDS[end][mode])
    collector.end()
    accounts = collector.accounts_of(app.pid)
    total = EVENTS + 1 + ALONE + BEATS
    equal((accounts.emitted, accounts.recorded, accounts.lost), (total, total, 0), "accounts")
    snapshot = Snapshot(accounts.files[-1], compare=False)
    equal(snapshot.fields("step", "count"), list(range(EVENTS)), "steps")
    equal(len(snapshot.of("large")), 1, "events larger than a buffer")
    for probe, count in (("alone", ALONE), ("beat", BEATS)):
        equal(snapshot.fields(probe, "count", "text"), [(i, "x" * 2000) for i in range(count)], probe)


def test_prepared_strict_inside_call(t):
    run(t, "strict", "inside", "call")


def test_prepared_strict_outside_exit(t):
    run(t, "strict", "outside", "exit")


def test_prepared_filter_inside_crash(t):
    run(t, "filter", "inside", "crash")


def test_prepared_filter_outside_call(t):
    run(t, "filter", "outside", "call")


def test_prepared_or_not(t):
    """These tests rest on this: a thread that is not prepared dies at its first event."""
    app = t.start(t.app("sandboxed"), "unprepared", "inside", 1, "exit")
    app.out.wait("start")
    collector = t.collect("-p", app.pid)
    collector.recording(app.pid)
    app.say()
    app.end(-signal.SIGSYS)
    collector.end()
