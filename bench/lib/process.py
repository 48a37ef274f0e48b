# SPDX-License-Identifier: MIT
"""Processes: run one to its end and measure its use, or keep one in the background."""
import os
import signal
import subprocess
import tempfile
import threading
import time


class Failed(Exception):
    """A program failed that should have worked."""


class Unavailable(Exception):
    """A peer or a program that can't run here; says why."""


class Ended:
    """A process that has ended: status, output, and what it and its children used."""

    def __init__(self, argv, status, usage, seconds, out, err):
        self.argv, self.status, self.seconds = argv, status, seconds
        self.cpu_s = usage.ru_utime + usage.ru_stime
        self.max_rss_kib = usage.ru_maxrss
        self.out, self.err = out, err

    def check(self):
        if self.status:
            tail = (self.err.strip() or self.out.strip())[-400:]
            raise Failed(f'{" ".join(map(str, self.argv))}: status {self.status}: {tail}')
        return self


class Process:
    """A child in the background. Its output goes to files, so that it never waits for us."""

    running = {}

    def __init__(self, argv, env=None, stdin=subprocess.DEVNULL, stderr=None, pass_fds=()):
        self.argv = [str(arg) for arg in argv]
        self.out = tempfile.TemporaryFile('w+')
        self.err = tempfile.TemporaryFile('w+')
        self.begin = time.monotonic()
        self.popen = subprocess.Popen(
            self.argv, stdin=stdin, stdout=self.out, stderr=stderr or self.err,
            env={**os.environ, **(env or {})}, pass_fds=pass_fds, start_new_session=True)
        self.pid = self.popen.pid
        Process.running[self.pid] = self

    def signal(self, number=signal.SIGTERM):
        if self.popen.returncode is None:
            os.kill(self.pid, number)

    def wait(self, timeout=120):
        """Waits with wait4(2), for the rusage of it and of the children that it waited for."""
        late = threading.Event()

        def give_up():
            late.set()
            os.killpg(self.pid, signal.SIGKILL)

        timer = threading.Timer(timeout, give_up)
        timer.start()
        try:
            _, status, usage = os.wait4(self.pid, 0)
        finally:
            timer.cancel()
        seconds = time.monotonic() - self.begin
        self.popen.returncode = os.waitstatus_to_exitcode(status)
        Process.running.pop(self.pid, None)
        if late.is_set():
            raise Failed(f'{" ".join(self.argv)}: not done after {timeout} s')
        return Ended(self.argv, self.popen.returncode, usage, seconds, self.read(self.out),
                     self.read(self.err))

    @staticmethod
    def read(file):
        file.seek(0)
        text = file.read()
        file.close()
        return text

    @classmethod
    def end_all(cls):
        for process in list(cls.running.values()):
            try:
                os.killpg(process.pid, signal.SIGKILL)
                process.popen.wait(10)
            except (OSError, subprocess.TimeoutExpired):
                pass
        cls.running.clear()


def run(argv, env=None, timeout=120, stdin=subprocess.DEVNULL):
    return Process(argv, env=env, stdin=stdin).wait(timeout)


def children_of(pid):
    """Pids of the direct children."""
    found = []
    for name in os.listdir('/proc'):
        if not name.isdigit():
            continue
        try:
            with open(f'/proc/{name}/stat') as file:
                parent = int(file.read().rpartition(')')[2].split()[1])
        except OSError:
            continue
        if parent == pid:
            found.append(int(name))
    return found


def cpu_seconds_of(pid):
    """CPU seconds of a process's present threads; exact if the kernel has schedstat."""
    total = 0
    try:
        for task in os.listdir(f'/proc/{pid}/task'):
            with open(f'/proc/{pid}/task/{task}/schedstat') as file:
                total += int(file.read().split()[0])
    except OSError:
        return 0.0
    return total / 1e9
