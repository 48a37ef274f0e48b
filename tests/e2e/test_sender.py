# SPDX-License-Identifier: MIT
"""Who sent the signal that a process died of, or that the kernel needed its memory."""
import os
import signal
import subprocess

from harness import NOBODY, check, equal, view, wait_until
from memory_group import join, memory_group
from test_crash import CORE, check_steps, process

THREADS, EVENTS = 2, 10
LIMIT = 32 << 20


def send(pid, number, user=0):
    """Sends by a process that is gone before it can be looked at; returns what must be shown
    of it."""
    sender = subprocess.Popen(["setpriv", f"--reuid={user}", "/bin/kill", f"-{int(number)}", str(pid)])
    equal(sender.wait(), 0, "status of kill")
    return {"pid": sender.pid, "comm": "kill", "uid": user}


def start(t, *command):
    """A program that has logged and waits, and the collector that records it."""
    app, collector = t.start_recorded(*(command or (t.app("crash"), "--wait", THREADS, EVENTS)))
    app.say()
    app.out.wait("ready")
    return app, collector


def check_sender(t, app, collector, number, sender):
    app.end(-number)
    collector.end()
    snapshot = t.only_snapshot()
    check_steps(snapshot, THREADS, EVENTS)
    reason = "crash" if number in CORE else "killed"
    equal((snapshot.info["reason"], snapshot.name_reason), (reason, reason), "reason")
    equal(snapshot.info["exit"], {"signal": number.name, "number": int(number), "sender": sender}, "exit")
    said = f"{number.name}, sent by {sender['comm']}[{sender['pid']}], uid {sender['uid']}\n"
    # a signal that dumps core has a code, too
    check(said.partition(",")[2] in view(snapshot.path, "--info"), f"no {said} in --info")


def define_senders():
    """test_sender_<SIGNAL>: the sender has gone when the snapshot is made."""
    def sent(t, number):
        app, collector = start(t)
        check_sender(t, app, collector, number, send(app.pid, number))

    for number in (signal.SIGTERM, signal.SIGKILL, signal.SIGABRT, signal.SIGHUP):
        globals()[f"test_sender_{number.name}"] = lambda t, n=number: sent(t, n)


define_senders()


def test_sender_of_another_user(t):
    os.chmod(t.dir, 0o755)
    app, collector = start(t, "setpriv", f"--reuid={NOBODY}", "--clear-groups", t.app("crash"), "--wait",
                           THREADS, EVENTS)
    check_sender(t, app, collector, signal.SIGTERM, send(app.pid, signal.SIGTERM, NOBODY))


def test_sender_of_what_was_ignored(t):
    """Signals that it survives, of other senders, are not the cause of its death."""
    app, collector = start(t, "env", "--ignore-signal=USR1", t.app("crash"), "--wait", THREADS, EVENTS)
    app.signal(signal.SIGUSR1)
    app.signal(signal.SIGCONT)
    sender = send(app.pid, signal.SIGUSR2)
    check_sender(t, app, collector, signal.SIGUSR2, sender)


def state(pid):
    with open(f"/proc/{pid}/stat", encoding="utf-8") as stat:
        return stat.read().rpartition(")")[2].split()[0]


def test_sender_is_the_first(t):
    """A signal that is sent again while it is pending changes nothing."""
    app, collector = start(t)
    app.signal(signal.SIGSTOP)
    wait_until(lambda: state(app.pid) == "T", "a process that is stopped")
    sender = send(app.pid, signal.SIGTERM)
    app.signal(signal.SIGTERM)
    app.signal(signal.SIGCONT)
    check_sender(t, app, collector, signal.SIGTERM, sender)


def test_sender_while_the_collector_sleeps(t):
    """What the kernel side has recorded is still there later."""
    app, collector = start(t)
    collector.signal(signal.SIGSTOP)
    app.signal(signal.SIGQUIT)
    app.end(-signal.SIGQUIT)
    sender = process(os.getpid())
    collector.signal(signal.SIGCONT)
    check_sender(t, app, collector, signal.SIGQUIT, sender)


# ---- the kernel, for want of memory ----


def test_sender_oom_killer(t):
    app, collector = start(t, t.app("crash"), "--wait", THREADS, EVENTS, "OOM")
    with memory_group(LIMIT) as group:
        join(group, app.pid)
        app.say()
        app.end(-signal.SIGKILL)
    collector.end()
    snapshot = t.only_snapshot()
    check_steps(snapshot, THREADS, EVENTS)
    equal((snapshot.info["reason"], snapshot.name_reason), ("killed", "killed"), "reason")
    end = snapshot.info["exit"]
    # shared pages are not all charged to it
    check(LIMIT // 2 < end.pop("max_rss_bytes") < 2 * LIMIT, f"memory in {snapshot.info['exit']}")
    equal(end, {"signal": "SIGKILL", "number": 9, "oom": True}, "exit")
    check("SIGKILL, by the kernel: out of memory; it held" in view(snapshot.path, "--info"), "--info")
