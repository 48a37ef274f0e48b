# SPDX-License-Identifier: MIT
"""What makes a snapshot, and what does not: --on, -i, -d, signals, TTLOG_SNAPSHOT, --trigger."""
import fcntl
import os
import signal
import subprocess
import time

from harness import ACCOUNTS, COLLECT, DEADLINE_S, Snapshot, check, equal, wait_until
from test_failures import Table

SNAPSHOT_EVENTS = ["before"] * 10 + ["after"] * 10


def trigger(*args):
    """A client: (status, lines on stdout, text on stderr)."""
    done = subprocess.run([COLLECT, "--trigger", *map(str, args)], stdin=subprocess.DEVNULL,
                          capture_output=True, timeout=DEADLINE_S, check=False)
    return done.returncode, done.stdout.decode().splitlines(), done.stderr.decode()


def start_loops(t, rate=1000):
    """A program that logs until it is told to stop."""
    app = t.start(t.app("loops"), rate)
    app.out.wait("ready")
    return app


def end_loops(app):
    app.close_stdin()
    app.end()


def check_ticks(snapshot):
    """The events count without a gap; returns how many there are."""
    counts = snapshot.fields("tick", "count")
    check(counts, "no ticks")
    equal(counts, list(range(counts[0], counts[0] + len(counts))), "ticks")
    return len(counts)


def start_trades(t, *options):
    """A collector, and a program with idle threads. It logged 50 events in each of two threads
    after the collector had attached."""
    app = t.start(t.app("trade"), "--wait", 2, 50)
    app.out.wait("ready")
    collector = t.collect(*options, "-p", app.pid)
    collector.recording(app.pid)
    app.say()
    app.out.wait("done")
    return app, collector


def end_trades(app):
    app.say()
    app.end()


# ---- --on ----


def run_crash(t, on, how, status):
    """The reasons of the snapshots that are made."""
    options = ["--on", on] if on else []
    collector = t.collect(*options, "--", t.app("crash"), 2, 10, how).end(status)
    accounts = collector.only_accounts()
    equal((accounts.emitted, accounts.recorded), (20, 20), "accounts")
    equal(accounts.files, t.files(), "files in accounts")
    return [snapshot.info["reason"] for snapshot in t.snapshots()]


def test_on_default_crash(t):
    equal(run_crash(t, None, "SEGV", 139), ["crash"], "reasons")


def test_on_default_exit(t):
    equal(run_crash(t, None, "exit", 3), [], "reasons")


def test_on_crash_exit(t):
    equal(run_crash(t, "crash", "exit", 3), [], "reasons")


def test_on_exit_crash(t):
    equal(run_crash(t, "exit", "SEGV", 139), [], "reasons")


def test_on_exit_exit(t):
    equal(run_crash(t, "exit", "exit", 3), ["exit"], "reasons")


def test_on_request_crash(t):
    equal(run_crash(t, "request", "SEGV", 139), [], "reasons")


def test_on_all_crash(t):
    equal(run_crash(t, "crash,exit,request", "SEGV", 139), ["crash"], "reasons")


def test_on_default_killed(t):
    equal(run_crash(t, None, "TERM", 143), ["killed"], "reasons")


def test_on_crash_killed(t):
    equal(run_crash(t, "crash", "KILL", 137), [], "reasons")


def test_on_killed_crash(t):
    equal(run_crash(t, "killed", "SEGV", 139), [], "reasons")


def test_on_without_request(t):
    """Neither the program nor a signal nor --trigger causes a snapshot."""
    collector = t.collect("--on", "crash", "--", t.app("snapshot"), "--wait")
    collector.out.wait("asked")
    pid, _ = collector.recording()
    collector.signal(signal.SIGUSR1)
    collector.err.wait("ttlog-collect: SIGUSR1 does nothing.*")
    status, lines, errors = trigger("now")
    equal((status, lines), (1, []), "--trigger")
    check("requests are off" in errors, f"--trigger says {errors!r}")
    collector.say()
    accounts = collector.end().accounts_of(pid)
    equal((accounts.recorded, t.files()), (20, []), "accounts and files")


def test_on_without_request_reads_nothing(t):
    """If a program asks in a loop, its threads' memory is not read each time: others wait for
    that."""
    table = Table(t.path("table"))
    asked = [f"reason{i}" for i in range(200)]
    collector = t.collect("--on", "crash", "--", t.app("snapshot"), "--wait", *asked,
                          env=table.environment())
    collector.out.wait("asked")
    pid, _ = collector.recording()
    collector.say()
    equal(collector.end().accounts_of(pid).recorded, 20, "recorded")
    reads = sum(point.hits for point in table.points() if point.function == "process_vm_readv")
    check(reads < len(asked), f"{reads} reads of what {len(asked)} requests were refused for")


# ---- requests by the program ----


def test_request_by_macro(t):
    """A snapshot with the given reason, with the events from before."""
    collector = t.collect("--", t.app("snapshot"), "--wait", "before the flood")
    collector.out.wait("asked")
    t.wait_files(1)
    snapshot = t.only_snapshot()
    equal((snapshot.info["reason"], snapshot.name_reason), ("before the flood", "before_the_flood"),
          "reason")
    equal(snapshot.probes(), ["before"] * 10, "events")
    check("exit" not in snapshot.info, "an exit of a program that runs")
    collector.say()
    accounts = collector.end().only_accounts()
    equal((accounts.recorded, accounts.files), (20, [snapshot.path]), "accounts")


def test_request_by_macro_twice(t):
    """The second request is accepted though the first is still being written."""
    collector = t.collect("--", t.app("snapshot"), "--wait", "first", "second")
    collector.out.wait("asked")
    t.wait_files(2)
    equal([snapshot.info["reason"] for snapshot in t.snapshots()], ["first", "second"], "reasons")
    collector.say()
    equal(len(collector.end().only_accounts().files), 2, "files")


def test_request_by_macro_and_exit(t):
    t.collect("--on", "request,exit", "--", t.app("snapshot")).end()
    first, second = t.snapshots()
    equal((first.info["reason"], second.info["reason"]), ("checkpoint", "exit"), "reasons")
    equal(first.probes(), SNAPSHOT_EVENTS[: len(first.events)], "events of the first")
    check(len(first.events) >= 10, "the first lacks what was logged before it")
    equal(second.probes(), SNAPSHOT_EVENTS, "events of the second")


def test_request_by_macro_unheard(t):
    """Without a collector it does nothing."""
    app = t.start(t.app("snapshot"))
    app.end()
    equal(t.files(), [], "files")


def test_request_reason_made_safe_and_cut(t):
    reason = "../../etc/passwd \x1b[31m " + "x" * 100
    collector = t.collect("--", t.app("snapshot"), reason).end()
    (path,) = collector.only_accounts().files
    equal(os.path.dirname(path), t.out, "directory")
    equal(Snapshot(path).info["reason"], reason[:64], "reason")


def test_request_reserved_reason(t):
    """No program and no user can make a file that looks like a crash."""
    collector = t.collect("--", t.app("snapshot"), "--wait", "crash", "crashed")
    collector.out.wait("asked")
    t.wait_files(2)
    status, lines, _ = trigger("timer")
    equal((status, len(lines)), (0, 1), "--trigger timer")
    equal([snapshot.info["reason"] for snapshot in t.snapshots()],
          ["user-crash", "crashed", "user-timer"], "reasons")
    collector.say()
    collector.end()


# ---- SIGUSR1, -i ----


def test_request_by_signal(t):
    app, collector = start_trades(t)
    for count in (1, 2):
        collector.signal(signal.SIGUSR1)
        t.wait_files(count)
    end_trades(app)
    accounts = collector.end().only_accounts()
    equal(accounts.files, t.files(), "files in accounts")
    for snapshot in t.snapshots():
        equal((snapshot.info["reason"], len(snapshot.events)), ("request", 100), "snapshot")


def test_timer(t):
    app = start_loops(t)
    collector = t.collect("-p", app.pid, "-i", "50ms")
    collector.recording(app.pid)
    files = t.wait_files(4)
    end_loops(app)
    collector.end()
    snapshots = [Snapshot(path) for path in files]
    equal({snapshot.info["reason"] for snapshot in snapshots}, {"timer"}, "reasons")
    ticks = [check_ticks(snapshot) for snapshot in snapshots]
    check(ticks == sorted(set(ticks)), f"timer snapshots with nothing new: {ticks}")


def test_timer_with_nothing_new(t):
    """An idle program is not written over and over."""
    collector = t.collect("-i", "20ms", "--", t.app("crash"), "--wait", 2, 10, "exit")
    collector.out.wait("start")
    collector.say()
    collector.out.wait("ready")
    t.wait_files(1)
    # ten more ticks of the timer: another program's snapshots show them
    app = start_loops(t, 200)
    other = t.collect("-p", app.pid, "-i", "20ms")
    wait_until(lambda: len([f for f in t.files() if f"-{app.pid}-" in f]) >= 10, "ten ticks")
    end_loops(app)
    other.end()
    collector.say()
    accounts = collector.end(3).only_accounts()
    check(len(accounts.files) <= 2, f"{len(accounts.files)} snapshots of an idle program")


# ---- --trigger ----


def test_trigger_without_collector(t):
    status, lines, errors = trigger("why")
    equal((status, lines), (1, []), "status and output")
    check("no collector is running" in errors, f"it says {errors!r}")


def test_trigger_all(t):
    """Every process of every collector; their paths are printed."""
    apps = [start_loops(t) for _ in range(3)]
    both = t.collect("-p", f"{apps[0].pid},{apps[1].pid}")
    one = t.collect("-p", apps[2].pid)
    for collector, app in ((both, apps[0]), (both, apps[1]), (one, apps[2])):
        collector.recording(app.pid)
    # a process has a ring before it has events
    wait_until(lambda: [bool(Snapshot(path).events) for path in trigger("early")[1]] == 3 * [True],
               "events of all")
    status, lines, errors = trigger("for-all")
    equal((status, errors), (0, ""), "status and errors")
    snapshots = [Snapshot(path) for path in lines]
    equal(sorted(s.pid for s in snapshots), sorted(app.pid for app in apps), "processes")
    for snapshot in snapshots:
        equal((snapshot.info["reason"], snapshot.name_reason), ("for-all", "for-all"), "reason")
        check_ticks(snapshot)
    for app in apps:
        end_loops(app)
    both.end()
    one.end()


def test_trigger_one_pid(t):
    apps = [start_loops(t) for _ in range(2)]
    collectors = [t.collect("-p", app.pid) for app in apps]
    for collector, app in zip(collectors, apps):
        collector.recording(app.pid)
    status, lines, errors = wait_until(
        lambda: (lambda r: r[0] == 0 and r)(trigger("one", "-p", apps[1].pid)), "its events")
    equal((status, errors, len(lines)), (0, "", 1), "status, errors, files")
    equal(Snapshot(lines[0]).pid, apps[1].pid, "process")
    equal(t.files(), lines, "files")
    status, lines, errors = trigger("none", "-p", os.getpid())
    equal((status, lines), (1, []), "a process that nobody records")
    check(errors.strip(), "nothing is said of a process that nobody records")
    for app, collector in zip(apps, collectors):
        end_loops(app)
        collector.end()


def test_trigger_sees_what_was_logged_before(t):
    """When the client ends, the snapshot is there, with all events from before the client
    started."""
    app, collector = start_trades(t)
    status, lines, _ = trigger("before restart!")
    equal((status, lines), (0, t.files()), "status and file")
    snapshot = t.only_snapshot()
    equal((snapshot.info["reason"], snapshot.name_reason), ("before restart!", "before_restart_"),
          "reason")
    equal(len(snapshot.events), 100, "events of idle threads")
    end_trades(app)
    collector.end()


def test_trigger_after_a_killed_collector(t):
    """A socket without a listener is no collector, and is removed."""
    app = start_loops(t)
    t.rings_may_stay = True
    dead = t.collect("-p", app.pid)
    dead.recording(app.pid)
    dead.signal(signal.SIGKILL)
    dead.end(-signal.SIGKILL)
    status, lines, errors = trigger("why")
    equal((status, lines), (1, []), "status and output")
    check("no collector is running" in errors, f"it says {errors!r}")
    equal([name for name in os.listdir("/run/ttlog") if name.endswith(".sock")], [], "sockets")
    end_loops(app)


# ---- the end of the recording ----


def shut_down(t, number):
    """A last snapshot, of the events in the ring and in batches."""
    app, collector = start_trades(t)
    collector.signal(number)
    accounts = collector.end().only_accounts()
    check(app.runs(), "the program that was attached to has ended too")
    equal((accounts.recorded, accounts.lost), (100, 0), "accounts")
    snapshot = t.only_snapshot()
    equal((snapshot.info["reason"], [snapshot.path]), ("shutdown", accounts.files), "snapshot")
    check("exit" not in snapshot.info, "an exit of a program that runs")
    equal(len(snapshot.events), 100, "events")
    end_trades(app)


def test_shutdown_by_SIGINT(t):
    shut_down(t, signal.SIGINT)


def test_shutdown_by_SIGTERM(t):
    shut_down(t, signal.SIGTERM)


def test_shutdown_by_SIGHUP(t):
    shut_down(t, signal.SIGHUP)


def test_nohup(t):
    app = t.start(t.app("trade"), "--wait", 2, 100)
    app.out.wait("ready")
    collector = t.collect("-p", app.pid, preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
    collector.recording(app.pid)
    collector.signal(signal.SIGHUP)
    # its answer comes after the messages that it got before
    collector.signal(signal.SIGUSR1)
    app.ask("done")
    equal(collector.stop().only_accounts().recorded, 200, "events recorded after a hangup")
    end_trades(app)


def test_nobody_reads_what_it_says(t):
    """A pager that stands still: the collector records, writes and ends as usual, and prints all
    messages in the end."""
    path, count = t.app("crash"), 60
    read_end, write_end = os.pipe()
    fcntl.fcntl(write_end, fcntl.F_SETPIPE_SZ, 4096)
    with subprocess.Popen([COLLECT, "-o", t.out, "--on", "exit", "-e", path], stdin=subprocess.DEVNULL,
                          stderr=write_end) as collector:
        try:
            os.close(write_end)
            said = b""
            while f"recording {path} ".encode() not in said:
                said += os.read(read_end, 4096)
            for _ in range(count):
                t.start(path, 1, 10, "exit").end(3)
            t.wait_files(count)
            collector.send_signal(signal.SIGTERM)
            while more := os.read(read_end, 4096):
                said += more
            equal(collector.wait(DEADLINE_S), 0, "status")
        finally:
            collector.kill()
            os.close(read_end)
    accounts = list(filter(None, map(ACCOUNTS.fullmatch, said.decode().splitlines())))
    equal({int(match[3]) for match in accounts}, {10}, "recorded of each")
    equal(len(accounts), count, "processes accounted for")


def test_descriptors_that_are_closed(t):
    """Files that it opens don't become the target of its messages; CMD has its stderr as it was."""
    app = t.start(t.app("trade"), "--wait", 2, 100)
    app.out.wait("ready")
    collector = t.start("sh", "-c", f"exec {COLLECT} -o {t.out} -p {app.pid} <&- >&- 2>&-")
    wait_until(lambda: os.path.exists(f"/run/ttlog/control-{collector.pid}.sock"), "it listens")
    links = [os.readlink(f"/proc/{collector.pid}/fd/{number}") for number in range(3)]
    equal(links, ["/dev/null"] * 3, "its standard descriptors")
    collector.signal(signal.SIGTERM)
    collector.end()
    app.ask("done")
    end_trades(app)
    t.start("sh", "-c", f"exec {COLLECT} -o {t.out} -- sh -c '[ ! -e /proc/self/fd/0 ]' <&-").end()


def test_shutdown_while_a_ring_is_made(t):
    """A thread that starts while the ring of its process is made, for its first batch, is pulled
    from. Only sometimes does that take long enough."""
    for _ in range(10):
        pairs = [start_trades(t) for _ in range(2)]
        for _, collector in pairs:
            collector.signal(signal.SIGTERM)
        for app, collector in pairs:
            accounts = collector.end().only_accounts()
            equal((accounts.recorded, accounts.lost), (100, 0), "accounts")
            end_trades(app)


def test_shutdown_with_nothing_new(t):
    """No second snapshot of the same events."""
    app, collector = start_trades(t)
    equal(trigger("checkpoint")[0], 0, "--trigger")
    accounts = collector.stop().only_accounts()
    equal([Snapshot(f).info["reason"] for f in accounts.files], ["checkpoint"], "snapshots")
    end_trades(app)


def test_shutdown_with_nothing_at_all(t):
    app = t.start(t.app("trade"), "--wait", 1, 50)
    app.out.wait("ready")
    collector = t.collect("-p", app.pid)
    collector.recording(app.pid)
    accounts = collector.stop().only_accounts()
    equal((accounts.emitted, accounts.files, t.files()), (0, [], []), "accounts and files")
    app.finish()


def test_shutdown_of_command(t):
    """CMD gets the signal too; its events are in a snapshot."""
    collector = t.collect("--", t.app("loops"), 1000)
    collector.out.wait("ready")
    pid, _ = collector.recording()
    collector.signal(signal.SIGTERM)
    collector.end(128 + signal.SIGTERM)
    accounts = collector.only_accounts()
    equal(accounts.pid, pid, "process")
    snapshot = t.snapshots()[-1]
    check(snapshot.info["reason"] in ("shutdown", "killed"), f"reason {snapshot.info['reason']}")
    equal(check_ticks(snapshot), accounts.recorded, "ticks")


def test_duration(t):
    app = start_loops(t)
    start = time.monotonic()
    collector = t.collect("-p", app.pid, "-d", "300ms")
    collector.recording(app.pid)
    collector.end()
    check(time.monotonic() - start >= 0.3, "it ended before its time")
    snapshot = t.only_snapshot()
    equal(snapshot.info["reason"], "shutdown", "reason")
    check_ticks(snapshot)
    check(app.runs(), "the program has ended too")
    end_loops(app)


def test_ends_with_the_last_process(t):
    """-p with two: the collector ends when both have ended."""
    apps = [start_loops(t) for _ in range(2)]
    collector = t.collect("--on", "exit", "-p", apps[0].pid, "-p", apps[1].pid)
    for app in apps:
        collector.recording(app.pid)
    end_loops(apps[0])
    collector.accounts_of(apps[0].pid)
    check(collector.runs(), "it ended with the first")
    end_loops(apps[1])
    collector.end()
    equal({accounts.pid for accounts in collector.all_accounts().values()},
          {app.pid for app in apps}, "processes")


def test_ends_with_path_only_when_told(t):
    path = t.app("trade")
    collector = t.collect("-e", path, "--on", "exit")
    collector.recording_path(path)
    for _ in range(2):
        app = t.start(path, 1, 10)
        app.end()
        equal(collector.accounts_of(app.pid).recorded, 10, "recorded")
    check(collector.runs(), "it ended")
    collector.stop()
    equal([s.info["reason"] for s in t.snapshots()], ["exit", "exit"], "reasons")
