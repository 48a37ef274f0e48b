# SPDX-License-Identifier: MIT
"""After the collector has gone, by exit or by any signal, semaphores are 0 and programs live on."""
import glob
import os
import shutil
import signal

from gate import OpenGate
from harness import Snapshot, check, equal, wait_until
from notes import Semaphores
from test_trade import check_trades

RAISED = {"trade:trade_executed", "ttlog:control"}


def start_trade(t, events=50):
    app = t.start(t.app("trade"), "--wait", 2, events)
    app.out.wait("ready")
    return app


def end_trade(app):
    app.finish()


def check_goes(t, number, status, *options):
    """Semaphores are raised while it records, and 0 when that signal has ended it; then the program
    can log on."""
    app = start_trade(t)
    semaphores = Semaphores(app.pid, t.path("trade"))
    equal(semaphores.raised(), set(), "semaphores before")
    collector = t.collect(*options, "-p", app.pid)
    collector.recording(app.pid)
    check(RAISED <= semaphores.raised(), f"semaphores while it records: {semaphores.read()}")
    collector.signal(number)
    collector.end(status)
    wait_until(lambda: not semaphores.raised(), f"semaphores at 0: {semaphores.read()}")
    end_trade(app)


def test_collector_ends_by_SIGTERM(t):
    check_goes(t, signal.SIGTERM, 0)


def test_collector_ends_by_SIGINT(t):
    check_goes(t, signal.SIGINT, 0)


def test_collector_killed_by_SIGKILL(t):
    t.rings_may_stay = True
    check_goes(t, signal.SIGKILL, -signal.SIGKILL)


def test_collector_killed_by_SIGSEGV(t):
    t.rings_may_stay = True
    check_goes(t, signal.SIGSEGV, -signal.SIGSEGV)


def test_collector_killed_in_immediate_mode(t):
    t.rings_may_stay = True
    check_goes(t, signal.SIGKILL, -signal.SIGKILL, "--immediate")


def test_collector_killed_while_the_program_logs(t):
    """The program logs on at full speed, and another collector records what follows."""
    t.rings_may_stay = True
    app = t.start(t.app("loops"), 5000)
    app.out.wait("ready")
    semaphores = Semaphores(app.pid, t.path("loops"))
    first = t.collect("-p", app.pid)
    first.recording(app.pid)
    first.signal(signal.SIGKILL)
    first.end(-signal.SIGKILL)
    wait_until(lambda: not semaphores.raised(), "semaphores at 0")
    second = t.collect("-o", t.path("second"), "-p", app.pid, "-d", "200ms", out=False)
    second.recording(app.pid)
    accounts = second.end().only_accounts()
    check(accounts.recorded > 0 and accounts.lost == 0, f"recorded {accounts.recorded}")
    equal(semaphores.raised(), set(), "semaphores after the second")
    app.close_stdin()
    app.end()


def test_collector_killed_with_command(t):
    """CMD goes on without the collector, and its semaphores are 0."""
    t.rings_may_stay = True
    collector = t.collect("--", t.app("trade"), "--wait", 2, 50)
    collector.out.wait("ready")
    pid, _ = collector.recording()
    semaphores = Semaphores(pid, t.path("trade"))
    check(RAISED <= semaphores.raised(), f"semaphores while it records: {semaphores.read()}")
    collector.signal(signal.SIGKILL)
    equal(collector.wait(), -signal.SIGKILL, "status")
    wait_until(lambda: not semaphores.raised(), f"semaphores at 0: {semaphores.read()}")
    collector.say()
    collector.out.wait("done")
    collector.say()
    # an orphan, which becomes our child
    equal(os.waitpid(pid, 0), (pid, 0), "end of CMD")


def test_collector_killed_by_path_and_new_ones_are_off(t):
    """-e: programs that run, and programs that start after it was killed."""
    t.rings_may_stay = True
    app = start_trade(t)
    path = t.path("trade")
    collector = t.collect("-e", path)
    collector.recording_path(path)
    semaphores = Semaphores(app.pid, path)
    equal(semaphores.raised(), RAISED, "semaphores while it records")
    collector.signal(signal.SIGKILL)
    collector.end(-signal.SIGKILL)
    wait_until(lambda: not semaphores.raised(), f"semaphores at 0: {semaphores.read()}")
    later = start_trade(t)
    equal(Semaphores(later.pid, path).raised(), set(), "semaphores of a later process")
    end_trade(later)
    end_trade(app)


def test_one_of_two_collectors_killed(t):
    """The sites stay on for the other collector, whose recording goes on, whole."""
    t.rings_may_stay = True
    app = start_trade(t)
    semaphores = Semaphores(app.pid, t.path("trade"))
    killed = t.collect("-p", app.pid)
    other = t.collect("-o", t.path("other"), "--on", "exit", "-p", app.pid, out=False)
    killed.recording(app.pid)
    other.recording(app.pid)
    killed.signal(signal.SIGKILL)
    killed.end(-signal.SIGKILL)
    equal(semaphores.raised(), RAISED, "semaphores with one")
    end_trade(app)
    accounts = other.end().only_accounts()
    equal((accounts.emitted, accounts.recorded, accounts.lost), (100, 100, 0), "accounts")
    check_trades(Snapshot(accounts.files[0]).events, 2, 0, 50)


def test_collector_killed_while_programs_start(t):
    """-- CMD: no starting program is left with a breakpoint that no tracer handles."""
    t.rings_may_stay = True
    path = t.app("early")
    start = f"{path} 1 || echo died $?"
    # until the collector has gone and its end was noticed, and then three more
    script = f"while kill -0 $PPID 2>/dev/null; do {start}; done; for i in 1 2 3; do {start}; done; echo over"
    for started in range(1, 13):
        collector = t.collect("--on", "request", "--", "sh", "-c", script)
        wait_until(lambda: collector.err.text().count("recording pid") >= started, "programs start")
        broker = collector.broker()
        collector.signal(signal.SIGKILL)
        equal(collector.wait(), -signal.SIGKILL, "status")
        os.waitpid(broker, 0)
        collector.out.wait("over")
        equal([line for line in collector.out.lines if line.startswith("died")], [], "programs that died")
        # the shell, an orphan, which becomes our child
        os.wait()


def test_collector_recovers_when_its_directory_is_back(t):
    """It goes while a ring is written; what has its name is no directory; then it is made anew."""
    t.rings_may_stay = True
    left = t.start(t.app("crash"), "--wait", 2, 10)
    left.out.wait("start")
    killed = t.collect("--immediate", "-p", left.pid)
    killed.recording(left.pid)
    left.say()
    left.out.wait("ready")
    killed.signal(signal.SIGUSR1)
    t.wait_files(1)
    (ring,) = glob.glob("/run/ttlog/*-*/*.ring")
    killed.signal(signal.SIGKILL)
    killed.end(-signal.SIGKILL)
    left.signal(signal.SIGKILL)
    left.end(-signal.SIGKILL)

    app = start_trade(t)
    gate = OpenGate(ring)
    collector = t.collect("-p", app.pid)
    equal(gate.wait(), collector.pid, "who opens the ring")
    shutil.rmtree(t.out)
    with open(t.out, "w", encoding="ascii"):
        pass
    gate.let_go()
    collector.err.wait("ttlog-collect: can't recover all that collectors before had in .*")
    check(os.path.exists(ring), "the ring is gone")
    os.unlink(t.out)
    collector.err.wait(rf"ttlog-collect: a collector that was killed had of pid {left.pid}: .*")
    (path,) = t.wait_files(1)
    equal((Snapshot(path).info["reason"], len(Snapshot(path).events)), ("recovered", 20), "the file")
    wait_until(lambda: not os.path.exists(ring), "the ring goes, once it is told")
    app.ask("done")
    app.say()
    app.end()
    collector.end()


def test_collector_records_before_it_recovers(t):
    """The next collector can't open the program of a killed one's ring: it records, writes
    snapshots, and recovers the ring later."""
    t.rings_may_stay = True
    left = t.start(t.app("crash"), "--wait", 2, 10)
    left.out.wait("start")
    other = t.path("other")
    killed = t.collect("-o", other, "--immediate", "-p", left.pid, out=False)
    killed.recording(left.pid)
    left.say()
    left.out.wait("ready")
    # the events are in a snapshot, so they are in the ring as well
    killed.signal(signal.SIGUSR1)
    wait_until(lambda: os.path.isdir(other) and t.files(other), "a snapshot")
    (ring,) = glob.glob("/run/ttlog/*-*/*.ring")
    killed.signal(signal.SIGKILL)
    killed.end(-signal.SIGKILL)
    left.signal(signal.SIGKILL)
    left.end(-signal.SIGKILL)

    app = start_trade(t)
    gate = OpenGate(ring)
    collector = t.collect("-p", app.pid)
    equal(gate.wait(), collector.pid, "who opens the ring")
    collector.recording(app.pid)
    app.say()
    app.out.wait("done")
    collector.signal(signal.SIGUSR1)
    (path,) = t.wait_files(1)
    equal(Snapshot(path).info["reason"], "request", "the first snapshot")
    check("a collector that was killed had of" not in collector.err.text(), collector.err.text())
    gate.let_go()
    collector.err.wait(rf"ttlog-collect: a collector that was killed had of pid {left.pid}: .*")
    wait_until(lambda: not os.path.exists(ring), "the ring goes, once it is told")
    app.say()
    app.end()
    collector.end()
    reasons = sorted(snapshot.info["reason"] for snapshot in t.snapshots())
    equal(reasons, ["recovered", "request"], "snapshots")
