# SPDX-License-Identifier: MIT
"""Two processes: the recorder holds no privilege, the broker does what it asks for, within its policy.
tests/takeover/takeover.c is a recorder that does what it is told."""
import errno
import os
import re
import select
import signal
import subprocess

from harness import BUILD, Collector, alone, check, children_of, equal

TAKEN = os.path.join(BUILD, "takeover", "ttlog-collect")
WIRE = os.path.join(os.path.dirname(__file__), "../../src/broker/broker_wire.h")
NONE = {"CapInh": "0" * 16, "CapPrm": "0" * 16, "CapEff": "0" * 16, "CapAmb": "0" * 16,
        "NoNewPrivs": "1", "Seccomp": "2"}


def status(path):
    with open(f"/proc/{path}/status", encoding="utf-8") as file:
        return dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)


def has_landlock():
    done = subprocess.run(["python3", "-c", "import ctypes; libc = ctypes.CDLL(None); "
                           "print(libc.syscall(444, 0, 0, 1))"], stdout=subprocess.PIPE, check=True)
    return int(done.stdout) > 0


@alone
def test_rights_of_each_process(t):
    """No thread of the recorder has a capability, however it was started; the broker has what it was
    given, and ends with the recorder."""
    app = t.start(t.app("crash"), "--wait", 2, 1000)
    app.out.wait("start")
    for args in (["-p", app.pid], ["--all"], ["--", t.app("crash"), "--wait", 2, 1000]):
        collector = t.collect(*args)
        if args[0] == "--":
            collector.out.wait("start")
        else:
            collector.err.wait("ttlog-collect: recording .*")
        for task in os.listdir(f"/proc/{collector.pid}/task"):
            try:
                own = status(f"{collector.pid}/task/{task}")
            except FileNotFoundError:
                continue
            equal({key: own[key] for key in NONE}, NONE, f"{args[0]}: {own['Name']}")
        broker = collector.broker()
        command = (children_of(broker) or [0])[0]
        own = status(broker)
        equal(own["Name"], "ttlog-broker", args[0])
        equal(own["CapEff"], status("self")["CapEff"], args[0])
        collector.signal(signal.SIGKILL)
        collector.wait()
        check(ends(broker), "the broker ends")
        if args[0] == "--":
            os.kill(command, signal.SIGKILL)
    t.rings_may_stay = True
    app.say()
    app.out.wait("ready")
    app.signal(signal.SIGKILL)
    app.end(-signal.SIGKILL)


def ends(pid):
    try:
        pidfd = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([pidfd], [], [], 60)[0])
    finally:
        os.close(pidfd)


def test_rights_broker_ends(t):
    """Without its broker the recorder says so, and ends; the next one writes what was recorded."""
    app, collector = t.start_recorded(t.app("crash"), "--wait", 2, 1000)
    app.say()
    app.out.wait("ready")
    os.kill(collector.broker(), signal.SIGKILL)
    collector.err.wait(r"ttlog-collect: the process that keeps the privileges \(ttlog-broker\) has ended: .*")
    collector.end(1)
    t.rings_may_stay = True
    app.signal(signal.SIGKILL)
    app.end(-signal.SIGKILL)


class Taken(Collector):
    """A recorder that does what it is told."""

    def tell(self, *words):
        done = len(self.out.lines)
        self.process.stdin.write((" ".join(map(str, words)) + "\n").encode())
        self.process.stdin.flush()
        return int(self.out.wait(r"-?\d+", after=done)[0])


def ops():
    """Numbers of requests by name."""
    with open(WIRE, encoding="utf-8") as file:
        names = re.search(r"enum broker_op \{(.*?)\};", file.read(), re.DOTALL)[1]
    names = re.findall(r"\b(BROKER_\w+)(?: = 1)?,", names)
    return {name: number for number, name in enumerate(names, 1)}


def denied(taken, *words, but=()):
    result = taken.tell(*words)
    check(result > 0 and result not in but, f"{words}: {os.strerror(result) if result > 0 else result}")


def taken_over(t, victim, path):
    taken = t._add(Taken([TAKEN, "-o", t.out, "--all"], cwd=t.dir))
    taken.err.wait("ttlog-collect: recording every marked program .*")
    secret = t.path("secret")
    with open(secret, "w", encoding="utf-8") as file:
        file.write("secret")
    os.chmod(secret, 0o600)
    with open(f"/proc/{victim.pid}/maps", encoding="utf-8") as file:
        address = int(file.read().split("-", 1)[0], 16)
    system_calls(taken, victim, secret, address)
    requests(taken, victim, secret, address)
    equal(open(secret, encoding="utf-8").read(), "secret", "what it must not change")
    app = t.start(path, "--wait", 2, 1000)
    app.out.wait("start")
    app.say()
    app.out.wait("ready")
    app.signal(signal.SIGKILL)
    app.end(-signal.SIGKILL)
    accounts = taken.accounts_of(app.pid)
    check(accounts.files, "it still records")
    check(victim.runs(), "the victim lives")
    taken.stop()


def system_calls(taken, victim, secret, address):
    if has_landlock():
        denied(taken, "open", secret, os.O_RDONLY)
        denied(taken, "open", secret, os.O_WRONLY)
        denied(taken, "open", secret + ".new", os.O_WRONLY | os.O_CREAT)
        denied(taken, "open", "/proc/sys/kernel/core_pattern", os.O_WRONLY)
        denied(taken, "unlink", secret)
    denied(taken, "open", f"/proc/{victim.pid}/mem", os.O_RDONLY)
    denied(taken, "read", victim.pid, address)
    denied(taken, "trace", victim.pid)
    denied(taken, "kill", victim.pid, int(signal.SIGTERM))
    denied(taken, "kill", taken.broker(), int(signal.SIGKILL))
    denied(taken, "exec", "/bin/true")
    for word in ("fork", "network", "bpf"):
        denied(taken, word)
    denied(taken, "mount", "/mnt")
    denied(taken, "perf", victim.pid)
    denied(taken, "uid", 1)


def requests(taken, victim, secret, address):
    """What the broker refuses."""
    op, pid = ops(), victim.pid

    def ask(name, *args):
        denied(taken, "broker", op[name], *args, but=(errno.ENOSYS, errno.EPIPE))

    for name in ("mem", "environ", "cwd", "fd/0", "../1/maps", "task/../mem", "root/etc/shadow"):
        ask("BROKER_OPEN_PROC", 0, 0, 0, 0, 0, f"{pid}/{name}")
    ask("BROKER_READ_LINK", 0, 0, 0, 0, 0, f"{pid}/cwd")
    ask("BROKER_OPEN_CODE", 0, 3, 0, 0, 0, secret)
    ask("BROKER_OPEN_CODE", pid, 2, 0, 0, 0, secret)
    denied(taken, "memory", pid, address, 64)
    denied(taken, "memory", pid, address, 1)
    ask("BROKER_LINK_ALL", pid, 3, 1, 0, 0, "x", secret)
    ask("BROKER_SET_PRIORITY", 0, pid, 2, 0, 0)
    ask("BROKER_END_CHILD", pid, 0, 0, 0, 0)
    ask("BROKER_START_COMMAND", 0, 0, 0, 0, 0, "/bin/true")
    ask("BROKER_SIGNAL_COMMAND", 0, int(signal.SIGKILL), 0, 0, 0)
    ask("BROKER_SEIZE", pid, 0, 0, 0, 0)
    ask("BROKER_INTERRUPT", pid, 0, 0, 0, 0)
    ask("BROKER_WATCH_PATH", 0, 2, 0, 0, 0, "/root", "/dev/null")
    ask("BROKER_HAS_PATH", 0, 0, 0, 0, 0, "/etc/shadow")
    ask("BROKER_OPEN_SHIPPED", 0, 0, 0, 0, 0, "/root")
    ask("BROKER_OUT_UNLINK", 0, 0, 0, 0, 0, "secret", os.path.dirname(secret))
    ask("BROKER_OUT_OPEN", 0, os.O_RDONLY, 0, 0, 0, "secret", os.path.dirname(secret))
    equal(taken.tell("broker", 9999, 0, 0, 0, 0, 0), errno.ENOSYS, "an unknown request")


@alone
def test_rights_taken_over(t):
    """A recorder that does what it is told reads, writes, traces, starts and ends nothing."""
    path = t.app("crash")
    victim = t.start(path, "--wait", 2, 1000)
    victim.out.wait("start")
    taken_over(t, victim, path)
    victim.discard()
