# SPDX-License-Identifier: MIT
"""--delay and --min-gap: when what was asked for is made."""
import signal

from harness import Snapshot, check, equal, wait_until
from test_triggers import trigger


def start(t, *options):
    """A program that does what it is told, and its collector."""
    app = t.start(t.app("watched"))
    app.out.wait("ready")
    collector = t.collect(*options, "-p", app.pid)
    collector.recording(app.pid)
    return app, collector


def order(app, *lines):
    """Has it do these, one after another."""
    for line in lines:
        done = len(app.out.lines)
        app.process.stdin.write(line.encode() + b"\n")
        app.process.stdin.flush()
        app.out.wait("ok", after=done)


def die(app, line, status):
    app.process.stdin.write(line.encode() + b"\n")
    app.process.stdin.flush()
    app.end(status)


def reasons(t):
    return [snapshot.info["reason"] for snapshot in t.snapshots()]


# ---- --delay ----


def test_delay_records_on(t):
    """What comes after the request is in the snapshot, too."""
    app, collector = start(t, "--delay", "2s")
    order(app, "info 3", "ask later", "info 4")
    t.wait_files(1)
    snapshot = t.only_snapshot()
    equal((snapshot.info["reason"], len(snapshot.events)), ("later", 7), "snapshot")
    die(app, "exit", 0)
    equal(collector.end().only_accounts().files, [snapshot.path], "files")


def test_delay_asked_again(t):
    """The same reason again while it waits: one snapshot shows both."""
    app, collector = start(t, "--delay", "1h")
    order(app, "info 1", "ask one", "info 1", "ask one", "ask other", "info 1")
    # the drain thread has both requests once it has what was logged after them
    collector.signal(signal.SIGTERM)
    collector.end()
    snapshots = t.snapshots()
    equal([snapshot.info["reason"] for snapshot in snapshots], ["one", "other"], "reasons")
    equal([len(snapshot.events) for snapshot in snapshots], [3, 3], "events")
    die(app, "exit", 0)


def test_delay_ends_with_the_collector(t):
    """What waits is made at the end, instead of a last snapshot of the same events."""
    app, collector = start(t, "--delay", "1h")
    order(app, "info 3", "ask later", "info 4")
    collector.stop()
    snapshot = t.only_snapshot()
    equal((snapshot.info["reason"], len(snapshot.events)), ("later", 7), "snapshot")
    die(app, "exit", 0)


def test_delay_ends_with_the_program(t):
    """Its end makes no snapshot, so what waits is made then."""
    app, collector = start(t, "--delay", "1h")
    order(app, "info 3", "ask later", "info 4")
    die(app, "exit", 0)
    collector.end()
    snapshot = t.only_snapshot()
    equal((snapshot.info["reason"], len(snapshot.events)), ("later", 7), "snapshot")
    equal(snapshot.info["exit"], {"code": 0}, "how it ended")


def test_delay_does_not_delay_a_death(t):
    app, collector = start(t, "--delay", "1h", "--min-gap", "1h")
    order(app, "info 3", "ask later")
    die(app, "abort", -signal.SIGABRT)
    collector.end()
    equal(reasons(t), ["crash"], "reasons")


def test_delay_of_a_client(t):
    """--trigger waits for its file."""
    app, collector = start(t, "--delay", "200ms")
    order(app, "info 3")
    status, lines, errors = trigger("now")
    equal((status, errors, lines), (0, "", t.files()), "--trigger")
    equal(len(Snapshot(lines[0]).events), 3, "events")
    die(app, "exit", 0)
    collector.end()


# ---- --min-gap ----


def test_min_gap_suppresses_and_counts(t):
    app, collector = start(t, "--min-gap", "1h")
    order(app, "info 1", "ask first")
    t.wait_files(1)
    order(app, "ask second", "info 1", "ask third")
    status, lines, errors = trigger("fourth")
    equal((status, lines), (1, []), "--trigger")
    check(f"pid {app.pid}" in errors and "--min-gap" in errors, f"it says {errors!r}")
    die(app, "abort", -signal.SIGABRT)
    collector.end()
    first, crash = t.snapshots()
    equal((first.info["reason"], crash.info["reason"]), ("first", "crash"), "reasons")
    check("suppressed_snapshots" not in first.info, "suppressed before the first")
    equal(crash.info["suppressed_snapshots"], 3, "suppressed")


def test_min_gap_passes(t):
    app, collector = start(t, "--min-gap", "100ms")
    order(app, "info 1", "ask first")
    t.wait_files(1)

    def asked_again():
        order(app, "ask again")
        return len(t.files()) >= 2

    wait_until(asked_again, "the end of the gap")
    die(app, "exit", 0)
    collector.end()
    equal(set(reasons(t)), {"first", "again"}, "reasons")


def test_min_gap_of_the_timer(t):
    """Of timer snapshots, too: those between are suppressed."""
    app, collector = start(t, "--min-gap", "1h", "-i", "10ms")
    order(app, "info 1")
    t.wait_files(1)
    # the timer only asks if something is new
    order(app, "info 1", "info 1")
    wait_until(lambda: trigger("x")[0] == 1, "an answer")
    collector.stop()
    first, last = t.snapshots()
    equal((first.info["reason"], last.info["reason"]), ("timer", "shutdown"), "reasons")
    check(last.info["suppressed_snapshots"] >= 1, "nothing was suppressed")
    die(app, "exit", 0)


def test_schedule_bad(t):
    for option, value in (("--delay", "soon"), ("--min-gap", "-1s"), ("--delay", "1d")):
        collector = t.collect(option, value, "-p", 1)
        collector.end(2)
        check(f"{option}: '{value}' is not a duration" in collector.err.text(), collector.err.text())
