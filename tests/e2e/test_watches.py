# SPDX-License-Identifier: MIT
"""--on fill, event and slow; --delay and --min-gap: when what was asked for is made."""
import signal

from harness import Snapshot, check, equal, wait_until
from test_batches import fill, golden
from test_triggers import trigger


def start(t, *options, path=None, **env):
    """A program that does what it is told, and its collector."""
    app = t.start(path or t.app("watched"))
    app.out.wait("ready")
    collector = t.collect(*options, "-p", app.pid, **env)
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


def check_trigger(snapshot, event, want):
    """The file says which watch it was, and which event; times differ by how exactly a clock is known."""
    got = dict(snapshot.info["trigger"])
    away_ns = abs(got.pop("mono_ns") - event["mono_ns"])
    check(away_ns < 1_000_000, f"{away_ns} ns away from the event")
    equal(got, {**want, "tid": event["tid"]}, "trigger")


# ---- event ----


def test_event_in_a_thread_that_sleeps(t):
    """It never flushes: all threads are pulled."""
    app, collector = start(t, "--on", "event:level>=ERROR")
    order(app, "info 3", "thread 5")
    t.wait_files(1)
    snapshot = t.only_snapshot()
    equal((snapshot.info["reason"], snapshot.name_reason), ("event", "event"), "reason")
    (failed,) = snapshot.of("failed")
    check_trigger(snapshot, failed, {"on": "event:level>=ERROR", "probe": "failed"})
    check(failed["tid"] != app.pid, "it was the first thread")
    equal(snapshot.fields("step", "count"), [0, 1, 2], "events before it, of another thread")
    die(app, "exit", 0)
    equal(collector.end().only_accounts().files, [snapshot.path], "files")


def test_event_again(t):
    """A snapshot neither empties the ring nor disarms the watch. What does not match makes none."""
    app, collector = start(t, "--on", "event:probe=failed and code>10")
    for count, code in enumerate((11, 12), 1):
        order(app, "info 2", "error 10", f"error {code}")
        t.wait_files(count)
    order(app, "error 9")
    collector.stop()
    snapshots = t.snapshots()
    equal(reasons(t), ["event", "event", "shutdown"], "reasons")
    equal([snapshot.fields("failed", "code") for snapshot in snapshots],
          [[10, 11], [10, 11, 10, 12], [10, 11, 10, 12, 9]], "events")
    die(app, "exit", 0)


def test_event_of_several_expressions(t):
    app, collector = start(t, "--on", "event:msg~'never'", "--on", "event:code=7", "--on", "event:level>=FATAL")
    order(app, "error 7")
    t.wait_files(1)
    equal(t.only_snapshot().info["trigger"]["on"], "event:code=7", "which one")
    die(app, "exit", 0)
    collector.end()


def test_event_in_the_last_record_of_a_batch(t):
    """A batch says whether an ERROR is in it: with the first record, before the last one."""
    app, collector = start(t, "--on", "event:level>=ERROR")
    order(app, f"info {fill(32768)}", f"info {fill(32768) - 1}", "error 7", "info 1")
    t.wait_files(1)
    equal(t.only_snapshot().fields("failed", "code"), [7], "events")
    die(app, "exit", 0)
    collector.end()


def test_event_of_old_programs(t):
    """Their batches do not say so (tests/golden/README.md)."""
    app, collector = start(t, "--on", "event:level>=ERROR", path=golden(t, "abi2-watched"))
    order(app, "info 3", "error 7")
    t.wait_files(1)
    equal(t.only_snapshot().fields("failed", "code"), [7], "events")
    die(app, "exit", 0)
    collector.end()


def test_event_of_programs_of_abi_1(t):
    path = golden(t, "abi1-crash")
    collector = t.collect("--on", "event:event=99", "-e", path)
    collector.recording_path(path)
    app = t.start(path, 1, 100)
    app.out.wait("ready")
    t.wait_files(1)
    equal(t.only_snapshot().info["trigger"]["probe"], "step", "probe")
    app.signal(signal.SIGKILL)
    app.end(-signal.SIGKILL)
    collector.stop()


def test_event_and_crash(t):
    """The death triggers are as without it."""
    app, collector = start(t, "--on", "event:level>=ERROR")
    order(app, "error 1")
    t.wait_files(1)
    die(app, "abort", -signal.SIGABRT)
    collector.end()
    equal(reasons(t), ["event", "crash"], "reasons")
    crash = t.snapshots()[1]
    equal(len(crash.of("failed")), 1, "events of the crash")
    check("trigger" not in crash.info, "a trigger of a crash")


def test_event_and_a_list(t):
    """A list replaces the death and request triggers, and no watch."""
    app, collector = start(t, "--on", "event:level>=ERROR", "--on", "exit")
    order(app, "ask me", "error 1")
    t.wait_files(1)
    die(app, "abort", -signal.SIGABRT)
    collector.end()
    equal(reasons(t), ["event"], "reasons")


def test_event_delay(t):
    """What comes after it is in the snapshot, and what matches meanwhile makes no other one."""
    app, collector = start(t, "--on", "event:level>=ERROR", "--delay", "2s")
    order(app, "error 1", "info 4", "error 2", "thread 3")
    t.wait_files(1)
    snapshot = t.only_snapshot()
    equal(snapshot.fields("failed", "code"), [1, 2, 3], "what matches")
    equal(len(snapshot.of("step")), 4, "what came after it")
    die(app, "exit", 0)
    equal(collector.end().only_accounts().files, [snapshot.path], "files")


def test_event_before_the_end(t):
    """A program that ends at once: the event comes with its last batch."""
    app, collector = start(t, "--on", "event:level>=ERROR", "--delay", "1h")
    order(app, "info 1", "error 1")
    die(app, "exit", 0)
    collector.end()
    snapshot = t.only_snapshot()
    equal((snapshot.info["reason"], snapshot.info["exit"]), ("event", {"code": 0}), "snapshot")
    equal(snapshot.info["trigger"]["on"], "event:level>=ERROR", "trigger")
    equal(snapshot.probes(), ["step", "failed"], "events")


def test_event_before_the_end_of_the_recording(t):
    app, collector = start(t, "--on", "event:level>=ERROR", "--delay", "1h")
    order(app, "error 1")
    collector.stop()
    equal(reasons(t), ["event"], "reasons")
    die(app, "exit", 0)


def test_event_min_gap(t):
    app, collector = start(t, "--on", "event:level>=ERROR", "--min-gap", "1h")
    order(app, "error 1")
    t.wait_files(1)
    order(app, "error 2")
    collector.stop()
    event, shutdown = t.snapshots()
    equal((event.info["reason"], shutdown.info["reason"]), ("event", "shutdown"), "reasons")
    equal(shutdown.info["suppressed_snapshots"], 1, "suppressed")
    die(app, "exit", 0)


def test_event_of_every_process(t):
    """Each by itself: a snapshot of one, and a gap of its own."""
    path = t.app("watched")
    collector = t.collect("--on", "event:level>=ERROR", "--min-gap", "1h", "-e", path)
    collector.recording_path(path)
    apps = [t.start(path) for _ in range(3)]
    for count, app in enumerate(apps[:2], 1):
        app.out.wait("ready")
        order(app, "error 1")
        t.wait_files(count)
    for app in apps:
        app.out.wait("ready")
        order(app, "error 2")
    t.wait_files(3)
    equal(sorted(snapshot.pid for snapshot in t.snapshots()), sorted(app.pid for app in apps), "processes")
    for app in apps:
        die(app, "exit", 0)
    collector.stop()


# ---- slow ----


def test_slow_while_it_is_open(t):
    app, collector = start(t, "--on", "slow:req*>50ms")
    order(app, "info 1", "begin", "brief")
    t.wait_files(1)
    snapshot = t.only_snapshot()
    equal((snapshot.info["reason"], snapshot.name_reason), ("slow", "slow"), "reason")
    trigger_of = snapshot.info["trigger"]
    begun = snapshot.of("request")[0]
    check(trigger_of["duration_ns"] > 50_000_000, f"{trigger_of}")
    check_trigger(snapshot, begun, {"on": "slow:req*>50ms", "probe": "request", "open": True,
                                    "duration_ns": trigger_of["duration_ns"]})
    check(snapshot.info["spans"], "no open span")
    # its end makes no second one
    order(app, "end", "info 1")
    collector.stop()
    equal(reasons(t), ["slow", "shutdown"], "reasons")
    die(app, "exit", 0)


def test_slow_when_it_has_ended(t):
    app, collector = start(t, "--on", "slow:request>1ns")
    order(app, "brief")
    t.wait_files(1)
    trigger_of = t.snapshots()[0].info["trigger"]
    equal(trigger_of["probe"], "request", "probe")
    check(trigger_of["duration_ns"] > 1, f"{trigger_of}")
    die(app, "exit", 0)
    collector.end()


def test_slow_of_others(t):
    """Spans that are quick enough, or not meant, make none."""
    app, collector = start(t, "--on", "slow:request>1h", "--on", "slow:other*>1ns")
    order(app, "brief", "begin", "brief", "end", "begin")
    collector.stop()
    equal(reasons(t), ["shutdown"], "reasons")
    die(app, "exit", 0)


# ---- fill ----


def test_fill_is_armed_again(t):
    """So that all events are in some snapshot."""
    app, collector = start(t, "-s", "512K", "--on", "fill>20%")
    for count in range(1, 4):
        # 16 bytes each, and more for each batch: more than a fifth of the ring
        order(app, "info 7000")
        t.wait_files(count)
    die(app, "exit", 0)
    collector.end()
    snapshots = t.snapshots()
    equal(set(reasons(t)), {"fill"}, "reasons")
    seen = {count for snapshot in snapshots for count in snapshot.fields("step", "count")}
    check(len(seen) >= 3 * 6000, f"{len(seen)} events in {len(snapshots)} files")
    for snapshot in snapshots:
        trigger_of = snapshot.info["trigger"]
        equal(trigger_of["on"], "fill>20%", "trigger")
        check(trigger_of["bytes"] >= (512 << 10) * 19 // 100, f"{trigger_of}")


def test_fill_counts_what_is_in_no_snapshot(t):
    """Another snapshot in between: then less than half of the ring is in
    none."""
    app, collector = start(t, "-s", "512K", "--on", "fill>50%")
    for count in range(1, 4):
        order(app, "info 9000")
        equal(trigger(f"own{count}")[0], 0, "--trigger")
    die(app, "exit", 0)
    collector.end()
    equal(reasons(t), ["own1", "own2", "own3"], "reasons")


# ---- what is wrong ----


def test_watches_that_are_wrong(t):
    for text, why in (("event:level>=ERR", "'ERR' is no level"), ("event:", "the expression is empty"),
                      ("event:msg~[", "regular expression"), ("fill>200%", "from 1 to 100"),
                      ("fill", "takes a percentage"), ("slow:x>soon", "'soon' is not a duration"),
                      ("slow:x", "takes a probe and a duration"), ("crash,fill>9%", "is not a list of")):
        collector = t.collect("--on", text, "-p", 1)
        collector.end(2)
        check(f"--on: " in collector.err.text() and why in collector.err.text(), collector.err.text())
    equal(t.files(), [], "files")


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
