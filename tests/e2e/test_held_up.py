# SPDX-License-Identifier: MIT
"""One process holds up no other, neither with many mappings nor with files that can't be opened."""
import os
import subprocess
from contextlib import contextmanager

from harness import (COLLECT, Skip, Snapshot, TREE, check, equal, wait_until)

HELD_DISK = os.path.join(TREE, "tests", "e2e", "held_disk.py")


class HeldDisk:
    """A directory with one program, whose opening can be held up."""

    def __init__(self, t, app):
        self.directory = t.path("disk")
        os.mkdir(self.directory)
        self.program = t.start(HELD_DISK, self.directory, t.app(app))
        self.program.out.wait("mounted")
        self.path = os.path.join(self.directory, app)

    def say(self, word):
        self.program.process.stdin.write(word.encode() + b"\n")
        self.program.process.stdin.flush()
        self.program.out.wait(word)

    def wait_for_waiting(self, pid):
        self.program.out.wait(rf"waits {pid}|waits \d+")


@contextmanager
def held_disk(t, app):
    if not os.path.exists("/dev/fuse"):
        raise Skip("no /dev/fuse")
    disk = HeldDisk(t, app)
    try:
        yield disk
    finally:
        # waiting processes go on
        disk.program.close_stdin()
        disk.program.wait()
        subprocess.run(["umount", "-l", disk.directory], check=True)


def trigger(t, reason, pid):
    done = subprocess.run([COLLECT, "--trigger", reason, "-p", str(pid)], capture_output=True,
                          timeout=300, check=False)
    equal((done.returncode, done.stderr), (0, b""), "--trigger")
    return Snapshot(done.stdout.decode().strip())


def test_held_up_file_holds_up_nothing_else(t):
    with held_disk(t, "beat") as disk:
        held, victim = t.start(disk.path), t.start(t.app("trade"), "--wait", 2, 5000)
        held.out.wait("ready")
        victim.out.wait("ready")
        disk.say("hold")
        collector = t.collect("-p", f"{held.pid},{victim.pid}")
        disk.wait_for_waiting(collector.pid)
        # it is recorded and gets its answers while the other's file is not open yet
        collector.recording(victim.pid)
        victim.ask("done")
        snapshot = trigger(t, "meanwhile", victim.pid)
        equal(len(snapshot.events), 10000, "events of another")
        victim.say()
        victim.end()
        equal(collector.accounts_of(victim.pid).lost, 0, "lost by another")
        check(f"recording pid {held.pid} " not in collector.err.text(), "nothing was held up")
        disk.say("go")
        collector.recording(held.pid)
        held.ask("beat")
        held.close_stdin()
        held.end()
        equal(collector.accounts_of(held.pid).recorded, 1, "events of the one whose file was held up")
        collector.end()


def test_held_up_file_does_not_keep_the_collector(t):
    with held_disk(t, "beat") as disk:
        held, victim = t.start(disk.path), t.start(t.app("trade"), "--wait", 1, 100)
        held.out.wait("ready")
        victim.out.wait("ready")
        disk.say("hold")
        collector = t.collect("-p", f"{victim.pid},{held.pid}")
        collector.recording(victim.pid)
        disk.wait_for_waiting(collector.pid)
        victim.ask("done")
        collector.signal(15)
        # everything is written and reported before its last thread gets its answer
        accounts = collector.accounts_of(victim.pid)
        equal((accounts.recorded, accounts.lost), (100, 0), "recorded, lost")
        equal(len(Snapshot(accounts.files[0]).events), 100, "events")
        wait_until(lambda: not os.listdir("/run/ttlog"), "nothing is left in /run/ttlog")
        disk.say("go")
        collector.end()
        for program in held, victim:
            program.close_stdin()
            program.wait()


def drain_thread(pid):
    for tid in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{tid}/comm", encoding="utf-8") as file:
            if file.read().strip() == "ttlog-drain":
                return tid
    raise AssertionError("no drain thread")


def bytes_read(pid, tid):
    with open(f"/proc/{pid}/task/{tid}/io", encoding="ascii") as file:
        return int(file.readline().split()[1])


def test_held_up_by_no_notifications(t):
    """4,000 mappings take 300 KB to read. The drain thread reads none of them, however often it
    gets a message that they have changed."""
    app, collector = t.start_recorded(t.app("notify"), 4000)
    tid = drain_thread(collector.pid)
    before = bytes_read(collector.pid, tid)
    app.ask("done")
    snapshot = trigger(t, "after", app.pid)
    equal(snapshot.probes(), ["begin"], "events")
    read = bytes_read(collector.pid, tid) - before
    check(read < 100000, f"the drain thread has read {read} bytes")
    app.say()
    app.end()
    equal(collector.accounts_of(app.pid).lost, 0, "lost")
    collector.end()
