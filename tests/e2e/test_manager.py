# SPDX-License-Identifier: MIT
"""What a service manager is told (sd_notify): ready, alive, stopping."""
import ctypes
import os
import signal
import socket

from harness import DEADLINE_S, check, equal

PTRACE_SEIZE, PTRACE_INTERRUPT, PTRACE_DETACH, WALL = 0x4206, 0x4207, 17, 0x40000000


class Manager:
    """The socket that NOTIFY_SOCKET names."""

    def __init__(self, t):
        path = t.path("notify")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(path)
        self.socket.settimeout(DEADLINE_S)
        self.env = {**os.environ, "NOTIFY_SOCKET": path}

    def told(self):
        return self.socket.recv(4096).decode().splitlines()


def test_manager_is_told(t):
    manager = Manager(t)
    app = t.start(t.app("beat"))
    collector = t.collect("-p", app.pid, env=manager.env)
    told = manager.told()
    check("READY=1" in told, f"first told {told}")
    collector.recording(app.pid)
    collector.signal(signal.SIGTERM)
    told = manager.told()
    check("STOPPING=1" in told, f"then told {told}")
    collector.end()


def test_manager_of_a_command(t):
    """The socket is the command's: its READY counts, not ours."""
    manager = Manager(t)
    t.collect("--", "sh", "-c", 'test -n "$NOTIFY_SOCKET" && exit 5', env=manager.env).end(5)
    manager.socket.setblocking(False)
    try:
        told = manager.told()
    except BlockingIOError:
        told = None
    equal(told, None, "told")


def thread_of(pid, name):
    for tid in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{tid}/comm", encoding="ascii") as file:
            if file.read().strip() == name:
                return int(tid)
    return None


def test_manager_watchdog(t):
    """The manager hears that we are alive as long as the drain thread is."""
    manager = Manager(t)
    manager.env["WATCHDOG_USEC"] = "1000000"
    app = t.start(t.app("beat"))
    collector = t.collect("-p", app.pid, env=manager.env)
    check("READY=1" in manager.told(), "not ready")
    for _ in range(3):
        equal(manager.told(), ["WATCHDOG=1"], "told")

    ptrace = ctypes.CDLL(None, use_errno=True).ptrace
    ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
    tid = thread_of(collector.pid, "ttlog-drain")
    equal(ptrace(PTRACE_SEIZE, tid, None, None), 0, "PTRACE_SEIZE")
    equal(ptrace(PTRACE_INTERRUPT, tid, None, None), 0, "PTRACE_INTERRUPT")
    os.waitpid(tid, WALL)
    heard = []
    manager.socket.settimeout(3)  # nine times as long as it takes else
    try:
        while len(heard) < 3:
            heard += manager.told()
    except socket.timeout:
        pass
    check(len(heard) < 3, f"the drain thread is stopped, and still told {heard}")
    equal(ptrace(PTRACE_DETACH, tid, None, None), 0, "PTRACE_DETACH")
    manager.socket.settimeout(DEADLINE_S)
    equal(manager.told(), ["WATCHDOG=1"], "told when it runs on")
    collector.stop()
