# SPDX-License-Identifier: MIT
"""Both ring buffers are full when a program ends: the number of lost events is exact."""
import signal

from harness import Snapshot, check, equal

EVENTS = 2 * 500000


def end_when_full(t, how, status):
    app = t.start(t.app("full"), how)
    app.out.wait("ready")
    collector = t.collect("--on", "exit,crash,killed", "-b", "256K", "-p", app.pid)
    collector.recording(app.pid)
    collector.signal(signal.SIGSTOP)
    app.say()
    app.out.wait("done")
    app.say()
    app.end(status)
    collector.signal(signal.SIGCONT)
    accounts = collector.end().only_accounts()
    equal(accounts.emitted, EVENTS, "emitted")
    check(0 < accounts.lost < EVENTS, f"lost: {accounts.lost}")
    equal(accounts.causes, {"kernel_ring": accounts.lost}, "causes")
    (path,) = accounts.files
    snapshot = Snapshot(path, compare=False)
    equal(snapshot.info["lost"]["total"], accounts.lost, "lost in the snapshot")
    return snapshot


def test_full_exec(t):
    end_when_full(t, "exec", 0)


def test_full_exit(t):
    end_when_full(t, "exit", 3)


def test_full_exit_group(t):
    end_when_full(t, "exit_group", 4)


def test_full_fault(t):
    snapshot = end_when_full(t, "SEGV", -signal.SIGSEGV)
    equal(snapshot.info["crash"]["signal"], "SIGSEGV", "crash")


def test_full_kill(t):
    end_when_full(t, "KILL", -signal.SIGKILL)


def test_full_threads_gone(t):
    end_when_full(t, "gone", 0)
