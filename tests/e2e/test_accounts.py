# SPDX-License-Identifier: MIT
"""The accounts agree exactly with the programs' own counts, even if the collector has no room or no
time for events."""
import signal
import struct
import subprocess

from harness import COLLECT, DEADLINE_S, Snapshot, alone, check, equal, wait_until

TINY = "1M"  # the smallest ring buffer, far too small: it has room for three large batches


class Flood:
    """A program that logs as fast as it can, or at a rate. It counts, in memory that the test reads,
    the events in its batches."""

    def __init__(self, t, name, threads, rate=0):
        self.counts = t.path(name + ".counts")
        self.app = t.start(t.app("flood"), self.counts, threads, rate)
        self.app.out.wait("ready")
        self.pid = self.app.pid

    def emitted(self):
        with open(self.counts, "rb") as file:
            data = file.read()
        return sum(struct.unpack(f"<{len(data) // 8}Q", data))

    @staticmethod
    def numbers(snapshot):
        """Thread and number of each event."""
        return snapshot.fields("flooded", "thread", "n")

    def wait_more(self, events):
        """Waits until it has logged so many more."""
        goal = self.emitted() + events
        wait_until(lambda: self.emitted() >= goal, f"{events} more events of {self.pid}")

    def stop(self):
        self.app.close_stdin()
        self.app.end()


class Polite:
    """A program that logs BURST events on command, and none in between."""

    BURST = 10000

    def __init__(self, t):
        self.logged = 0
        self.app = t.start(t.app("beat"), 0, self.BURST)
        self.app.out.wait("ready")
        self.pid = self.app.pid

    def emitted(self):
        return self.logged

    @staticmethod
    def numbers(snapshot):
        return [(0, number) for number in snapshot.fields("beat", "n")]

    def wait_more(self, events):
        for _ in range(0, events, self.BURST):
            self.app.ask("beat")
            self.logged += self.BURST

    def catch_up(self):
        """Waits for a snapshot, which has all that it has logged."""
        done = subprocess.run([COLLECT, "--trigger", "catch-up", "-p", str(self.pid)],
                              capture_output=True, timeout=DEADLINE_S, check=False)
        equal((done.returncode, done.stderr), (0, b""), "--trigger")

    def stop(self):
        self.app.close_stdin()
        self.app.end()


def record(t, apps, *options):
    collector = t.collect("--on", "exit", "-s", "1M", *options, "-p",
                          ",".join(str(app.pid) for app in apps))
    for app in apps:
        collector.recording(app.pid)
        app.wait_more(1)
    return collector


def end_all(apps, collector):
    for app in apps:
        app.stop()
    collector.end()


def check_accounts(app, collector):
    """All lost events were lost in the kernel's ring buffer; the rest is in the snapshot."""
    accounts = collector.accounts_of(app.pid)
    equal(accounts.emitted, app.emitted(), f"events of {app.pid}, by its own count")
    check(set(accounts.causes) <= {"kernel_ring"}, f"causes {accounts.causes}")
    snapshot = Snapshot(accounts.files[-1], compare=False)
    equal((snapshot.info["emitted"], snapshot.info["recorded"]),
          (accounts.emitted, accounts.recorded), "accounts in the snapshot")
    newest = {}
    for thread, number in app.numbers(snapshot):
        check(number > newest.get(thread, -1), f"event {number} of thread {thread} is not in order")
        newest[thread] = number
    return accounts


@alone
def test_accounts_of_a_stopped_collector(t):
    """The collector is stopped until ten times its buffer's size was logged."""
    flood = Flood(t, "flood", 2)
    collector = record(t, [flood], "-b", "1M")
    for _ in range(3):
        collector.signal(signal.SIGSTOP)
        flood.wait_more(10 << 20)
        collector.signal(signal.SIGCONT)
        flood.wait_more(100000)
    end_all([flood], collector)
    accounts = check_accounts(flood, collector)
    check(accounts.lost > 20 << 20, f"{accounts.lost} lost, the collector stopped")


@alone
def test_accounts_of_tiny_buffers(t):
    floods = [Flood(t, f"flood{i}", 2) for i in range(3)]
    collector = record(t, floods, "-b", TINY)
    for flood in floods:
        flood.wait_more(1 << 18)
    collector.signal(signal.SIGSTOP)
    for flood in floods:
        flood.wait_more(1 << 18)
    collector.signal(signal.SIGCONT)
    for flood in floods:
        flood.wait_more(1 << 18)
    end_all(floods, collector)
    for flood in floods:
        check_accounts(flood, collector)
    check(sum(collector.accounts_of(flood.pid).lost for flood in floods),
          "nothing was lost while the collector was stopped")


@alone
def test_accounts_at_four_times_the_rate(t):
    """Several processes, with a collector that gets only a part of the CPU time."""
    floods = [Flood(t, f"flood{i}", 1) for i in range(3)]
    collector = record(t, floods, "-b", "1M")
    for _ in range(20):
        collector.signal(signal.SIGSTOP)
        floods[0].wait_more(3 << 20)
        collector.signal(signal.SIGCONT)
        floods[0].wait_more(50000)
    end_all(floods, collector)
    all_accounts = [check_accounts(flood, collector) for flood in floods]
    emitted = sum(accounts.emitted for accounts in all_accounts)
    recorded = sum(accounts.recorded for accounts in all_accounts)
    check(emitted >= 4 * recorded, f"{emitted} emitted, {recorded} recorded: not four times as many")


@alone
def test_accounts_floods_leave_a_reserve(t):
    """However many processes flood, one that holds no more than a thirty-second part of the buffer
    finds room, also if some threads of floods send at the same moment."""
    polite = Polite(t)
    floods = [Flood(t, f"flood{i}", 1) for i in range(6)]
    collector = record(t, floods + [polite], "-b", "16M", "-s", "1M", "--on", "exit,request")
    polite.wait_more(4 * Polite.BURST)  # so that its batches are as large as they get
    polite.catch_up()
    collector.signal(signal.SIGSTOP)
    for flood in floods:
        flood.wait_more(1 << 20)
    polite.wait_more(2 * Polite.BURST)  # 24 bytes each
    collector.signal(signal.SIGCONT)
    end_all(floods + [polite], collector)
    equal(check_accounts(polite, collector).lost, 0, "events of the polite one that were lost")
    check(all(check_accounts(flood, collector).lost for flood in floods), "the floods were too tame")


@alone
def test_accounts_of_a_polite_process_among_floods(t):
    """A process logs no more than there is room for while the collector is stopped: it loses
    nothing, whatever the others do. Between two bursts it waits until the collector has everything,
    for as long as the machine needs."""
    polite = Polite(t)
    floods = [Flood(t, f"flood{i}", 2) for i in range(3)]
    collector = record(t, floods + [polite], "-b", "16M", "-s", "1M", "--on", "exit,request")
    for _ in range(10):
        polite.wait_more(2 * Polite.BURST)
        polite.catch_up()
        # meanwhile the floods fill their shares
        collector.signal(signal.SIGSTOP)
        floods[0].wait_more(1 << 20)
        polite.wait_more(Polite.BURST)
        collector.signal(signal.SIGCONT)
        polite.catch_up()
    end_all(floods + [polite], collector)
    accounts = check_accounts(polite, collector)
    equal(accounts.lost, 0, "events of the polite one that were lost")
    check(accounts.emitted >= 300000, f"only {accounts.emitted} events of the polite one")
    lost = sum(check_accounts(flood, collector).lost for flood in floods)
    check(lost, "the floods were too tame: nothing of theirs was lost")


def test_accounts_of_a_second_collector(t):
    """The threads hand their batches over while it attaches: these are not its business, and not
    lost."""
    flood = Flood(t, "flood", 4, 100000)
    app, path = flood.app, t.app("flood")
    first = t.collect("-o", t.path("first"), "-p", app.pid, out=False)
    first.recording(app.pid)
    ways = [("-p", app.pid)] * 2 + [("-e", path)] * 2
    # several at once: each takes longer, and has more handed over meanwhile
    seconds = [t.collect("-o", t.path(f"second{i}"), *way, out=False) for i, way in enumerate(ways)]
    for second in seconds:
        second.recording(app.pid)
    flood.wait_more(20000)
    app.signal(signal.SIGSTOP)
    for second in seconds:
        second.signal(signal.SIGINT)
    for second in seconds:
        accounts = second.end().accounts_of(app.pid)
        check(set(accounts.causes) <= {"kernel_ring"}, f"causes {accounts.causes}")
        numbers = {}
        for thread, number in Flood.numbers(Snapshot(accounts.files[0], compare=False)):
            numbers.setdefault(thread, []).append(number)
        emitted = sum(of[-1] - of[0] + 1 for of in numbers.values())
        check(emitted <= accounts.emitted, f"{emitted} emitted, and not {accounts.emitted}")
        check(accounts.lost or emitted == accounts.emitted, "events are missing")
    app.signal(signal.SIGCONT)
    first.stop()
    flood.stop()


def test_accounts_of_a_second_collector_and_new_threads(t):
    """Threads begin, change their names and end while it attaches."""
    app = t.start(t.app("churn"), 40)
    app.out.wait("ready")
    first = t.collect("-o", t.path("first"), "-p", app.pid, out=False)
    first.recording(app.pid)
    seconds = [t.collect("-o", t.path(f"second{i}"), "-p", app.pid, out=False) for i in range(4)]
    for second in seconds:
        second.recording(app.pid)
    for second in seconds:
        second.signal(signal.SIGINT)
    for second in seconds:
        equal(second.end().accounts_of(app.pid).lost, 0, "lost events")
    first.stop()
    app.close_stdin()
    app.end()
