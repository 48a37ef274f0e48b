# SPDX-License-Identifier: MIT
"""Batches of every size and of every version of the header: when the program dies, all that is in
them is recorded."""
import os
import platform
import signal

from harness import TREE, Skip, Snapshot, check, equal
from test_crash import check_steps

# test_crash's `step`: head 8, two 32-bit integers; the batch's head 64, after its records 16
STEP_BYTES, REST_BYTES = 16, 80
SIZES = (4096, 8192, 32768, 65536, 131072, 262144)
LARGEST = 262144


def fill(batch_bytes):
    """How many steps fill a batch without a flush."""
    return (batch_bytes - REST_BYTES) // STEP_BYTES


def check_all(snapshot, accounts, threads, events):
    total = threads * events
    equal((accounts.emitted, accounts.recorded, accounts.lost, accounts.overwritten),
          (total, total, 0, 0), "accounts")
    check_steps(snapshot, threads, events)


def die(t, program, threads, events, number=signal.SIGKILL):
    app, collector = t.start_recorded(program, "--wait", threads, events)
    app.say()
    app.out.wait("ready")
    app.signal(number)
    app.end(-number)
    collector.end()
    accounts = collector.accounts_of(app.pid)
    # the other reader is slow
    few = threads * events < 60000
    check_all(Snapshot(accounts.files[-1], compare=few), accounts, threads, events)


def define_tails():
    """test_batch_of_<BYTES>_<signal>: full to the last record, in three threads."""
    for size in SIZES:
        for number in (signal.SIGKILL, signal.SIGSEGV):
            name = f"test_batch_of_{size}_{number.name[3:].lower()}"
            globals()[name] = lambda t, s=size, n=number: die(t, t.app(f"crash_{s}"), 3, fill(s), n)


define_tails()


def test_batch_of_262144_exit(t):
    """A thread calls _exit while the others have batches of their own."""
    path = t.app(f"crash_{LARGEST}")
    collector = t.collect("--on", "exit", "-e", path)
    collector.recording_path(path)
    app = t.start(path, 3, fill(LARGEST), "_exit")
    app.end(4)
    accounts = collector.accounts_of(app.pid)
    check_all(Snapshot(accounts.files[-1]), accounts, 3, fill(LARGEST))
    collector.stop()


def test_batch_many_large_at_once(t):
    """As many full batches as a module's batches can grow to: 4 MiB, all in one death."""
    die(t, t.app(f"crash_{LARGEST}"), 16, fill(LARGEST))


def test_batch_that_has_grown(t):
    """Threads that log as fast as they can, then die: flushes of every size, and the rest."""
    die(t, t.app("crash"), 2, 50000)


# ---- earlier versions of the header: tests/golden/README.md ----


def golden(t, name):
    if platform.machine() != "x86_64":
        raise Skip("tests/golden has programs for x86-64 only")
    path = os.path.join(TREE, "tests", "golden", name)
    check(os.path.exists(path), f"no {path}")
    return t.copy(path)


def test_batch_abi_1_by_pid(t):
    """32 KiB batches of the first version, flushed and not flushed."""
    die(t, golden(t, "abi1-crash"), 3, 10000, signal.SIGSEGV)


def test_batch_abi_2_by_pid(t):
    """Of the second version: no side records."""
    die(t, golden(t, "abi2-crash"), 3, 10000, signal.SIGSEGV)


def test_batch_abi_1_by_path(t):
    path = golden(t, "abi1-crash")
    collector = t.collect("-e", path)
    equal(collector.recording_path(path), 1, "sites")
    app = t.start(path, 3, fill(32768))
    app.out.wait("ready")
    app.signal(signal.SIGKILL)
    app.end(-signal.SIGKILL)
    accounts = collector.accounts_of(app.pid)
    check_all(Snapshot(accounts.files[-1]), accounts, 3, fill(32768))
    collector.stop()


def test_batch_of_threads_that_tell_nobody_of_their_end(t):
    """No destructor runs (there are many pthread keys): the kernel sees the thread's end, the next
    thread takes the batch."""
    app, collector = t.start_recorded(t.app("keys"), 50, 100)
    app.say()
    app.out.wait("ended")
    app.signal(signal.SIGKILL)
    app.end(-signal.SIGKILL)
    collector.end()
    accounts = collector.accounts_of(app.pid)
    equal((accounts.emitted, accounts.recorded, accounts.lost), (5000, 5000, 0), "accounts")
    snapshot = Snapshot(accounts.files[-1])
    equal(snapshot.fields("step", "thread", "count"),
          [(thread, count) for thread in range(50) for count in range(100)], "events")
    tids = {(event["tid"], event["fields"]["thread"]) for event in snapshot.of("step")}
    equal(len(tids), 50, "threads, each with its events")
