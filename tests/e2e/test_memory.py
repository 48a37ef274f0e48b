# SPDX-License-Identifier: MIT
"""Rings with little memory: the last events are there all the same, to the event, and a thousand
processes stay within the limit."""
import glob
import os
import re
import signal
import subprocess

from harness import COLLECT, Snapshot, check, equal, wait_until

MIB = 1 << 20


def mount_run(size):
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "none", "/run"], check=True)


def ring_bytes():
    """How much of /run the rings take."""
    total = 0
    for path in glob.glob("/run/ttlog/*/*.ring"):
        try:
            total += os.stat(path).st_blocks * 512
        except FileNotFoundError:
            pass  # its process has ended
    return total


def killed(app, collector):
    """Its accounts, and the snapshot of its death: only the oldest events are missing."""
    app.signal(signal.SIGKILL)
    app.end(-signal.SIGKILL)
    accounts = collector.accounts_of(app.pid)
    check("memory" not in accounts.causes, f"lost: {accounts.causes}")
    return accounts, Snapshot(accounts.files[-1], compare=False)


def last_events(t, events, *args):
    app = t.start(t.app("trade"), "--wait", 1, events)
    app.out.wait("ready")
    collector = t.collect(*args, "-p", app.pid)
    collector.recording(app.pid)
    app.say()
    app.out.wait("done")
    # the events in the kernel's ring buffer come little by little
    collector.signal(signal.SIGUSR1)
    t.wait_files(1)
    taken = ring_bytes()
    accounts, snapshot = killed(app, collector)
    collector.end()
    equal(accounts.emitted, events, "emitted")
    equal(snapshot.fields("trade_executed", "quantity")[-1], events - 1, "the last event")
    check(accounts.overwritten > 0, "all of it had room")
    return taken, snapshot


def test_memory_of_a_full_tmpfs(t):
    """4 MB for a ring of 64: the newest 3 MB of events are there, with the last one."""
    mount_run("4m")
    taken, snapshot = last_events(t, 200000, "--max-memory", "1G")
    check(2 * MIB < taken <= 4 * MIB, f"{taken} bytes taken")
    check(len(snapshot.events) > 25000, f"{len(snapshot.events)} events")


def test_memory_is_half_of_what_is_free(t):
    mount_run("8m")
    taken, snapshot = last_events(t, 200000)
    check(3 * MIB < taken <= 4 * MIB, f"{taken} bytes taken")
    check(len(snapshot.events) > 25000, f"{len(snapshot.events)} events")
    done = subprocess.run([COLLECT, "--check", "-o", t.out], stdout=subprocess.PIPE, check=False)
    check(re.search(r"/run/ttlog, [78] MiB free: all rings together take [34] MiB at most, see "
                    "--max-memory", done.stdout.decode()), f"--check says {done.stdout.decode()}")


def test_memory_of_many_processes(t):
    """One process has all the memory; then others come, and each has the last of its events."""
    path = t.app("trade")
    collector = t.collect("--max-memory", "6M", "-e", path)
    collector.recording_path(path)
    apps = [t.start(path, "--wait", 1, events) for events in [150000] + [20000] * 24]
    for app in apps:
        app.out.wait("ready")
        app.say()
        app.out.wait("done")
        check(ring_bytes() <= 6 * MIB, f"{ring_bytes()} bytes taken")
    # the events in the kernel's ring buffer come little by little
    collector.signal(signal.SIGUSR1)
    t.wait_files(len(apps))
    check(4 * MIB < ring_bytes() <= 6 * MIB, f"{ring_bytes()} bytes taken")
    for app, events in zip(apps, [150000] + [20000] * 24):
        accounts, snapshot = None, None
        app.signal(signal.SIGKILL)
        app.end(-signal.SIGKILL)
        accounts = collector.accounts_of(app.pid)
        equal((accounts.emitted, accounts.causes.get("memory")), (events, None), "emitted, refused")
        snapshot = Snapshot(accounts.files[-1], compare=False)
        equal(snapshot.fields("trade_executed", "quantity")[-1], events - 1, "the last event")
    wait_until(lambda: not ring_bytes(), "all rings are gone")
    collector.stop()


def test_memory_for_more_processes_than_it_has_room_for(t):
    """Processes without memory for a ring lose their events, and the count is exact. A crash is
    reported all the same. A process that comes after others have ended is recorded."""
    path = t.app("trade")
    collector = t.collect("--max-memory", "1M", "-e", path)
    collector.recording_path(path)
    apps = [t.start(path, "--wait", 1, 3000) for _ in range(12)]
    for app in apps:
        app.out.wait("ready")
        app.say()
        app.out.wait("done")
    collector.signal(signal.SIGUSR1)
    collector.err.wait(r"ttlog-collect: pid \d+: no flight ring within --max-memory.*")
    t.wait_files(4)
    check(ring_bytes() <= MIB, f"{ring_bytes()} bytes taken")
    whole = 0
    for app in apps:
        app.signal(signal.SIGKILL)
        app.end(-signal.SIGKILL)
        accounts = collector.accounts_of(app.pid)
        equal(accounts.emitted, 3000, "emitted")
        snapshot = Snapshot(accounts.files[-1], compare=False)
        equal(snapshot.info["exit"]["signal"], "SIGKILL", "how it ended")
        if not accounts.lost:
            equal(snapshot.fields("trade_executed", "quantity")[-1], 2999, "the last event")
            whole += 1
    check(4 <= whole < 12, f"{whole} of 12 processes have lost nothing")
    app = t.start(path, "--wait", 1, 3000)
    app.out.wait("ready")
    app.say()
    app.out.wait("done")
    accounts, snapshot = killed(app, collector)
    equal((accounts.emitted, accounts.lost), (3000, 0), "of one that came later")
    collector.stop()


def resident_kib(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return int(re.search(r"^VmRSS:\s*(\d+) kB", status.read(), re.M)[1])


def test_memory_with_nothing_to_record(t):
    """The collector takes little memory before there are processes and after; and a process that
    comes then is recorded, with all its events."""
    path = t.app("trade")
    collector = t.collect("--on", "exit", "-e", path)
    collector.recording_path(path)
    for _ in range(2):
        wait_until(lambda: resident_kib(collector.pid) < 40 << 10, "little memory")
        app = t.start(path, "--wait", 2, 20000)
        app.out.wait("ready")
        app.finish()
        accounts = collector.accounts_of(app.pid)
        equal((accounts.emitted, accounts.recorded), (40000, 40000), "accounts")
    wait_until(lambda: resident_kib(collector.pid) < 40 << 10, "little memory again")
    collector.stop()
