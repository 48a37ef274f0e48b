# SPDX-License-Identifier: MIT
"""A terminal for the full screen: keys go in, a test waits for text on the screen and never sleeps.
TTLOG_KEEP=1 prints every screen that a test waited for."""
import ctypes
import os
import re
import shlex
import signal
import socket
import subprocess
import tempfile
import time

DEADLINE_S = float(os.environ.get("TTLOG_DEADLINE_S", 300))


PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None)


class Terminal:
    """A tmux server of its own, with a shell in one window. It ends with the test, even if that is
    killed."""

    viewer = None  # the program: a suite sets it

    def __init__(self, width=80, height=24, lang="C.UTF-8", **env):
        self.folder = tempfile.TemporaryDirectory(prefix="ttlog-tmux-")
        self.socket = os.path.join(self.folder.name, "socket")
        self.env = dict(os.environ, LC_ALL=lang, PS1="$ ", **env)
        self.env.pop("TMUX", None)
        self.env.pop("NO_COLOR", None)
        self.server = self.start_server()
        self.tmux("new-session", "-d", "-x", str(width), "-y", str(height), "bash", "--norc", "--noprofile", "-i")
        self.tmux("set", "-g", "status", "off")
        self.wait(r"^\$ *$")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shell = int(self.flag("pane_pid"))
        self.tmux("kill-server")
        self.server.wait(DEADLINE_S)
        self.until_gone(shell)
        self.folder.cleanup()

    def start_server(self):
        """Not as the daemon that tmux makes of itself, but as a child, which the kernel ends with
        its parent."""
        parent = os.getpid()

        def end_with_parent():
            LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
            if os.getppid() != parent:
                os._exit(1)  # it ended before that

        server = subprocess.Popen(
            ["tmux", "-u", "-D", "-f", "/dev/null", "-S", self.socket], env=self.env, preexec_fn=end_with_parent
        )
        end = time.monotonic() + DEADLINE_S
        while not self.is_listening():
            assert server.poll() is None and time.monotonic() < end, "tmux does not start"
            time.sleep(0.005)
        return server

    def is_listening(self):
        with socket.socket(socket.AF_UNIX) as client:
            return client.connect_ex(self.socket) == 0

    @staticmethod
    def until_gone(pid):
        end = time.monotonic() + DEADLINE_S
        while os.path.exists("/proc/%d" % pid):
            try:
                os.waitpid(pid, os.WNOHANG)  # it is our child if we are a subreaper
            except ChildProcessError:
                pass
            assert time.monotonic() < end, "tmux stays"
            time.sleep(0.005)

    def tmux(self, *args):
        command = ["tmux", "-u", "-N", "-S", self.socket, *args]
        result = subprocess.run(command, env=self.env, capture_output=True, timeout=DEADLINE_S)
        assert result.returncode == 0, (args, result.stderr)
        return result.stdout.decode()

    def view(self, *args):
        """Starts it; self.pid() returns its process."""
        script = os.path.join(self.folder.name, "script")
        with open(script, "w") as file:
            file.write("echo $$ >%s/pid; exec %s --interactive %s\n" % (
                self.folder.name, self.viewer, " ".join(shlex.quote(str(arg)) for arg in args)))  # fmt: skip
        self.type("clear; sh %s; echo status=$?\n" % script)

    def pid(self):
        with open(os.path.join(self.folder.name, "pid")) as file:
            return int(file.read())

    def memory_kb(self):
        with open("/proc/%d/status" % self.pid()) as file:
            return int(re.search(r"VmHWM:\s+(\d+) kB", file.read()).group(1))

    def cpu_s(self):
        """The CPU time that it used: unlike elapsed time, it does not depend on other processes."""
        with open("/proc/%d/schedstat" % self.pid()) as file:
            return int(file.read().split()[0]) / 1e9

    def type(self, text):
        for part in re.findall(r"\n|[^\n]+", text):
            self.tmux(*(["send-keys", "Enter"] if part == "\n" else ["send-keys", "-l", "--", part]))

    def keys(self, *keys):
        self.tmux("send-keys", *keys)

    def text(self, *args):
        return self.tmux("capture-pane", "-p", *args)

    def lines(self):
        return self.text().split("\n")

    def row(self):
        """The line with the table's cursor: the line in reverse video."""
        for line in self.text("-e").split("\n")[2:-3]:
            if re.match("(\x1b\\[[0-9;]*m)*\x1b\\[([0-9]+;)*7m", line) and ":" in line:
                return re.sub("\x1b\\[[0-9;]*m|[\x0e\x0f]", "", line)
        return ""

    def flag(self, name):
        return self.tmux("display-message", "-p", "#{%s}" % name).strip()

    def until(self, what, condition):
        end = time.monotonic() + DEADLINE_S
        while not condition():
            if time.monotonic() > end:
                raise AssertionError("not seen: %s, in:\n%s" % (what, self.text()))
            time.sleep(0.005)
        if os.environ.get("TTLOG_KEEP"):
            print("---- %s\n%s" % (what, self.text()))

    def wait(self, *patterns):
        """Waits until all of them are on the screen."""
        self.until(patterns, lambda: all(re.search(pattern, self.text(), re.M) for pattern in patterns))

    def wait_gone(self, pattern):
        self.until("no " + pattern, lambda: not re.search(pattern, self.text(), re.M))

    def wait_row(self, pattern):
        self.until("the cursor at " + pattern, lambda: re.search(pattern, self.row()))

    def quit(self, status=0):
        self.keys("q")
        self.wait(r"^status=%d$" % status)
