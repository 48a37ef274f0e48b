# SPDX-License-Identifier: MIT
"""A disk without room for a snapshot: no recorded event is lost. The part that fits is written, the
rest when there is room, if need be by the next collector."""
import os
import signal
import subprocess
from contextlib import contextmanager

from harness import Snapshot, check, equal, wait_until

NO_ROOM = "No space left on device"


@contextmanager
def small_disk(t, size):
    """Mounts a file system of its own on t.out."""
    os.mkdir(t.out)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "none", t.out], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", t.out], check=True)


def fill(t):
    """Makes a file that leaves no room; returns its path. It lies beside the snapshots, like files
    of other programs."""
    with open(os.path.join(t.out, "filler"), "wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError as error:
            equal(error.strerror, NO_ROOM, "error")
    return file.name


def take_room(t):
    os.unlink(os.path.join(t.out, "filler"))


def snapshots(t):
    names = [name for name in os.listdir(t.out) if name != "filler"]
    return [Snapshot(os.path.join(t.out, name), compare=False) for name in sorted(names)]


def recover(t):
    """Runs the next collector, which records something else; returns its messages."""
    return t.collect("--", "/bin/true").end().err.text()


def check_crash(t, snapshot, reason):
    equal(snapshot.info["reason"], reason, "reason")
    equal(len(snapshot.fields("step", "event")), 2 * 500, "events")
    equal(snapshot.info["exit"], {"signal": "SIGSEGV", "number": 11}, "how it ended")
    crash = snapshot.info["crash"]
    equal(crash["signal"], "SIGSEGV", "signal")
    symbols = [frame.get("symbol", "?").split("+")[0] for frame in crash["frames"]]
    check({"level3", "level2", "level1"} <= set(symbols), f"stack: {symbols}")
    equal(snapshot.info["lost"]["total"], 0, "lost")


def test_full_disk_of_a_command(t):
    """The status is the command's; the next collector writes the snapshot, with its stack."""
    with small_disk(t, "1m"):
        fill(t)
        collector = t.collect("--", t.app("crash"), 2, 500, "SEGV").end(128 + signal.SIGSEGV)
        accounts = collector.only_accounts()
        equal((accounts.emitted, accounts.recorded, accounts.files), (1000, 1000, []), "accounts")
        check(f"snapshot could not be written, it waits for room: {NO_ROOM}" in collector.err.text(),
              f"it says {collector.err.text()}")
        check(f"pid {accounts.pid}: what had no room stays" in collector.err.text(),
              f"it says {collector.err.text()}")
        equal(snapshots(t), [], "snapshots")
        # the next one finds no room either, and leaves the ring
        check(NO_ROOM in recover(t), "the second says why")
        equal(snapshots(t), [], "snapshots of the second")
        take_room(t)
        check(f"could not write it had of pid {accounts.pid}: 1000 emitted, 1000 recorded, 0 lost" in
              recover(t), "the third says what it has")
        (snapshot,) = snapshots(t)
        check_crash(t, snapshot, "recovered")
        check("that" not in recover(t), "the fourth has nothing left")


def test_full_disk_and_then_room(t):
    """While it records: as soon as there is room."""
    with small_disk(t, "1m"):
        fill(t)
        path = t.app("crash")
        collector = t.collect("-e", path)
        collector.recording_path(path)
        app = t.start(path, 2, 500, "SEGV")
        app.end(-signal.SIGSEGV)
        collector.err.wait(rf"ttlog-collect: pid {app.pid}: snapshot could not be written, .*")
        equal(snapshots(t), [], "snapshots")
        take_room(t)
        accounts = collector.accounts_of(app.pid)
        (snapshot,) = snapshots(t)
        equal(accounts.files, [snapshot.path], "files")
        check_crash(t, snapshot, "crash")
        collector.stop()


def die_with(t, path, cnt):
    """Runs a process that logs that many events and is killed."""
    app = t.start(path, "--wait", 1, cnt)
    app.out.wait("ready")
    app.say()
    app.out.wait("done")
    app.signal(signal.SIGKILL)
    app.end(-signal.SIGKILL)
    return app


def test_full_disk_takes_the_newest(t):
    """Writes the part that fits, and everything when there is room."""
    cnt = 60000
    with small_disk(t, "16m"):
        path = t.app("trade")
        collector = t.collect("-e", path)
        collector.recording_path(path)
        (name,) = collector.accounts_of(die_with(t, path, cnt).pid).files
        # how well events compress depends on the clock; half the size is half of the events
        size = os.path.getsize(name)
        os.unlink(name)
        subprocess.run(["mount", "-o", f"remount,size={size // 2}", t.out], check=True)
        app = die_with(t, path, cnt)
        collector.err.wait(rf"ttlog-collect: pid {app.pid}: there was no room for all of its snapshot: .*")
        (part,) = snapshots(t)
        numbers = part.fields("trade_executed", "quantity")
        equal(numbers, list(range(cnt - len(numbers), cnt)), "events")
        check(3000 < len(numbers) < cnt, f"{len(numbers)} events")
        equal(part.info["exit"]["signal"], "SIGKILL", "how it ended")
        subprocess.run(["mount", "-o", "remount,size=16m", t.out], check=True)
        accounts = collector.accounts_of(app.pid)
        (whole,) = snapshots(t)
        equal(accounts.files, [whole.path], "files")
        equal(whole.fields("trade_executed", "quantity"), list(range(cnt)), "all events")
        equal((accounts.emitted, accounts.recorded), (cnt, cnt), "accounts")
        collector.stop()


def test_full_disk_at_the_end(t):
    """A collector is stopped: it leaves the events that it could not write, of processes that run
    on."""
    with small_disk(t, "1m"):
        fill(t)
        app, collector = t.start_recorded(t.app("crash"), "--wait", 2, 500)
        app.say()
        app.out.wait("ready")
        collector.signal(signal.SIGUSR1)
        collector.err.wait(rf"ttlog-collect: pid {app.pid}: snapshot could not be written: {NO_ROOM}")
        collector.stop(1)
        check(f"pid {app.pid}: what had no room stays" in collector.err.text(), collector.err.text())
        take_room(t)
        recover(t)
        (snapshot,) = snapshots(t)
        equal(snapshot.info["reason"], "recovered", "reason")
        equal(len(snapshot.fields("step", "event")), 1000, "events")
        check("exit" not in snapshot.info, "it runs")
        # no collector records what it logs from here on
        app.say()
        app.signal(signal.SIGKILL)
        app.wait()
        recover(t)
        equal(len(snapshots(t)), 1, "snapshots")
    wait_until(lambda: not os.listdir("/run/ttlog"), "nothing is left")
