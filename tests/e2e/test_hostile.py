# SPDX-License-Identifier: MIT
"""Programs that lie at the probe: each harms only its own events.

Beside each runs an honest program, with the same collector, which must lose nothing. The collector
goes on to answer, and the kernel prints no warning.
"""
import re
import signal
import subprocess
import time

from harness import COLLECT, DEADLINE_S, Snapshot, check, equal
from test_trade import check_trades

HONEST = 100  # before and after
THREADS, EVENTS, RATE = 2, 10000, 4000
CRASHES = 8
TROUBLE = re.compile(r"WARNING:|BUG:|Oops|Call Trace|rcu.*stall|soft lockup|hung task|blocked for")


def kernel_trouble():
    done = subprocess.run(["dmesg"], capture_output=True, check=True)
    return [line for line in done.stdout.decode("utf-8", "replace").splitlines()
            if TROUBLE.search(line)]


def trigger(reason, *args):
    """Paths of snapshots."""
    done = subprocess.run([COLLECT, "--trigger", reason, *map(str, args)],
                          stdin=subprocess.DEVNULL, capture_output=True, timeout=DEADLINE_S, check=False)
    equal((done.returncode, done.stderr), (0, b""), f"--trigger {reason}")
    return done.stdout.decode().splitlines()


def end_hostile(app, how):
    if how == "fault_module":
        app.signal(signal.SIGKILL)
        app.end(-signal.SIGKILL)
    else:
        app.say()
        app.end()


class Company:
    """A hostile program and an honest one, recorded by one collector."""

    def __init__(self, t, how, *options, beside=()):
        self.how, self.trouble = how, kernel_trouble()
        self.hostile = t.start(t.app("hostile"), how)
        self.victim = t.start(t.app("trade"), "--wait", "--rate", RATE, THREADS, EVENTS)
        for app in (self.hostile, self.victim):
            app.out.wait("ready")
        pids = ",".join(str(app.pid) for app in (self.hostile, self.victim, *beside))
        self.collector = t.collect("--on", "exit,crash,request", *options, "-p", pids)
        for app in (self.hostile, self.victim, *beside):
            self.collector.recording(app.pid)

    def run(self):
        """The number of events that the hostile program forged, as it says."""
        for app in (self.victim, self.hostile):
            app.say()
        forged = int(self.hostile.out.wait(r"done (\d+)")[1])
        self.ask("meanwhile")
        self.victim.out.wait("done")
        return forged

    def ask(self, reason):
        """Asks for snapshots of all processes, and of the victim alone."""
        check(trigger(reason + "-all"), "no snapshot")
        check(trigger(reason + "-victim", "-p", self.victim.pid), "no snapshot of the victim")

    def end_victim(self):
        self.victim.say()
        self.victim.end()
        accounts = self.collector.accounts_of(self.victim.pid)
        total = THREADS * EVENTS
        equal((accounts.emitted, accounts.recorded, accounts.lost, accounts.overwritten),
              (total, total, 0, 0), "the victim's accounts")
        snapshot = Snapshot(accounts.files[-1])
        equal(snapshot.info["reason"], "exit", "reason")
        check_trades(snapshot.events, THREADS, 0, EVENTS)

    def end_hostile(self):
        """Its accounts and its last snapshot. Checks everything that can't be forged."""
        end_hostile(self.hostile, self.how)
        accounts = self.collector.accounts_of(self.hostile.pid)
        snapshot = Snapshot(accounts.files[-1])
        equal((snapshot.info["emitted"], snapshot.info["recorded"], snapshot.info["lost"]["total"]),
              (accounts.emitted, accounts.recorded, accounts.lost), "accounts in the snapshot")
        check(all(event["pid"] == self.hostile.pid for event in snapshot.events), "pids")
        return accounts, snapshot

    def end(self):
        """The same, and that nothing is left to record after it."""
        self.end_victim()
        accounts, snapshot = self.end_hostile()
        self.collector.end()
        self.check_kernel()
        return accounts, snapshot

    def check_kernel(self):
        new = [line for line in kernel_trouble() if line not in self.trouble]
        equal(new, [], "what the kernel says")

    def check_honest(self, snapshot):
        """The honest events of the hostile program are there."""
        own = [event for event in snapshot.events if event["probe"] == "honest"]
        equal([event["fields"]["n"] for event in own if event["tid"] == self.hostile.pid][-HONEST:],
              list(range(HONEST, 2 * HONEST)), "its honest events")
        return own


def test_hostile_pointers(t):
    """Null, the kernel's, PROT_NONE, unmapped, userfaultfd and others, with every length."""
    company = Company(t, "pointers")
    forged = company.run()
    accounts, snapshot = company.end()
    equal(len(company.check_honest(snapshot)), 2 * HONEST, "honest events")
    equal((accounts.recorded, accounts.lost, accounts.causes),
          (2 * HONEST, forged, {"fault": forged}), "accounts")


def test_hostile_records(t):
    """Forged site ids and lengths: each forged record is counted as corrupt, in the end and in the
    file."""
    company = Company(t, "records")
    forged = company.run()
    accounts, snapshot = company.end()
    equal(len(company.check_honest(snapshot)), 2 * HONEST, "honest events")
    equal((accounts.emitted, accounts.recorded, accounts.causes),
          (2 * HONEST + forged, 2 * HONEST, {"corrupt": forged}), "accounts")


def test_hostile_heads(t):
    """It forges thread ids and future times: the kernel's values are used."""
    start_ns = time.monotonic_ns()
    company = Company(t, "heads")
    company.run()
    accounts, snapshot = company.end()
    company.check_honest(snapshot)
    check(accounts.causes.get("corrupt", 0) > 0, f"nothing is corrupt in {accounts.causes}")
    equal({event["tid"] for event in snapshot.events}, {company.hostile.pid}, "tids")
    times = [event["mono_ns"] for event in snapshot.events if event["probe"] == "honest"]
    check(start_ns <= times[-2 * HONEST] and times[-1] <= time.monotonic_ns(), "times")


def test_hostile_scribble(t):
    """Another thread writes into the head and the records while the kernel copies them."""
    company = Company(t, "scribble", "-s", "1M")
    company.run()
    accounts, snapshot = company.end()
    company.check_honest(snapshot)
    check(accounts.causes.get("corrupt", 0) > 0, f"nothing is corrupt in {accounts.causes}")


def test_hostile_flood(t):
    """Starts, ends and requests as fast as it can, and a new thread name with each batch."""
    company = Company(t, "flood", "-s", "4M")
    company.run()
    _, snapshot = company.end()
    company.check_honest(snapshot)


def crash_beside(t, how):
    """Programs with four idle threads crash during the hostile program's work: all their events are
    there, and how they died."""
    path = t.app("crash")
    apps = [t.start(path, "--wait", 4, 100, "SEGV") for _ in range(CRASHES)]
    for app in apps:
        app.out.wait("start")
    company = Company(t, how, "-s", "4M", beside=apps)
    company.victim.say()
    company.hostile.say()
    company.hostile.out.wait("at it")
    for app in apps:
        app.say()
        app.out.wait("ready")
        app.say()
        app.end(-signal.SIGSEGV)
    for app in apps:
        accounts = company.collector.accounts_of(app.pid)
        equal((accounts.emitted, accounts.recorded, accounts.lost), (400, 400, 0), "accounts")
        (path,) = accounts.files
        snapshot = Snapshot(path, compare=False)
        equal(snapshot.info["crash"]["signal"], "SIGSEGV", "crash")
    company.hostile.out.wait(r"done \d+")
    company.victim.out.wait("done")
    company.end()


def test_hostile_flood_and_crashes(t):
    crash_beside(t, "flood")


def test_hostile_tails_and_crashes(t):
    crash_beside(t, "tails")


def test_hostile_semaphores(t):
    """Semaphores are raised and cleared by hand; the program's own events may come or not."""
    company = Company(t, "semaphores")
    company.run()
    accounts, _ = company.end()
    equal(accounts.lost, 0, "lost")


def test_hostile_tails(t):
    """Again and again 32 threads die at once with 4 MiB unflushed each, more than there is room
    for."""
    company = Company(t, "tails", "-s", "4M")
    company.run()
    company.end()


def end_at_once(company):
    """SIGTERM, while a pull would wait forever."""
    company.collector.stop()
    company.check_kernel()
    company.victim.say()
    company.victim.end()
    end_hostile(company.hostile, company.how)


def test_hostile_fault_batch(t):
    """A batch in memory that makes each reader wait forever."""
    company = Company(t, "fault_batch")
    company.run()
    company.ask("again")
    company.end()


def test_hostile_fault_module(t):
    company = Company(t, "fault_module")
    company.run()
    company.ask("again")
    company.end()


def test_hostile_fault_and_stop(t):
    company = Company(t, "fault_batch")
    company.run()
    end_at_once(company)
    total = THREADS * EVENTS
    accounts = company.collector.all_accounts()[company.victim.pid]
    equal((accounts.emitted, accounts.recorded, accounts.lost), (total, total, 0), "accounts")


def test_hostile_fault_and_attach(t):
    """The memory was like this before the collector came."""
    hostile = t.start(t.app("hostile"), "fault_module")
    hostile.out.wait("ready")
    hostile.say()
    hostile.out.wait(r"done \d+")
    collector = t.collect("-p", hostile.pid)
    collector.recording(hostile.pid)
    collector.stop()
    end_hostile(hostile, "fault_module")
