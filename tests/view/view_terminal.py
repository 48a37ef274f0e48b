#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The pager and the progress, on a terminal of our own: view_terminal.py TTLOG-VIEW. Run from the
top of the tree."""
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time

sys.path.insert(0, "tests")
sys.dont_write_bytecode = True

import make_snapshot as make  # noqa: E402
from view_harness import DEADLINE_S, VIEW, run, view  # noqa: E402

SMALL, GOLDEN = "tests/golden/small.bin", "tests/golden/golden.bin"
ERASE = b"\r\x1b[K"
LAST = b"(the last of it)"


class Terminal:
    """A terminal of 24 lines with one process in the foreground, and its output as it came."""

    def __init__(self, *args, stdout=None, stderr=None, lines=24, **environment):
        self.master, self.slave = pty.openpty()
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", lines, 80, 0, 0))
        self.modes = termios.tcgetattr(self.slave)
        env = {key: value for key, value in os.environ.items()
               if key not in ("TTLOG_PAGER", "PAGER", "LESS", "NO_COLOR", "COLUMNS")}  # fmt: skip
        env.update({"TERM": "xterm"}, **environment)
        self.output = b""
        self.process = subprocess.Popen(
            [VIEW, *map(str, args)], env=env, stdin=self.slave,
            stdout=self.slave if stdout is None else stdout,
            stderr=self.slave if stderr is None else stderr, start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))  # fmt: skip

    def read(self, until, every_s=0.05):
        """Reads on until that returns true; checks it every every_s seconds or more often."""
        end = time.monotonic() + DEADLINE_S
        while not until():
            left = end - time.monotonic()
            assert left > 0, "too late: %r" % self.output[-500:]
            if select.select([self.master], [], [], min(left, every_s))[0]:
                self.output += os.read(self.master, 65536)

    def wait_for(self, text):
        self.read(lambda: text in self.output)

    def keys(self, text):
        os.write(self.master, text)

    def ended(self):
        """Its status; then the terminal is as it was."""
        self.read(lambda: self.process.poll() is not None)
        # the kernel may report the end before it delivers the last output: this comes after both
        os.write(self.slave, LAST)
        self.read(lambda: self.output.endswith(LAST))
        self.output = self.output[: -len(LAST)]
        assert termios.tcgetattr(self.slave) == self.modes, "the terminal is not as it was"
        os.close(self.master)
        os.close(self.slave)
        return self.process.returncode

    def lines(self):
        return self.output.decode().splitlines()


def big_file(folder, chunks=16):
    """Chunks of 65,536 events with a number that is new every time."""
    cnt = 65536
    sites = [make.site("event", "INFO", "p", "Message", 1, [("n", "u64")])]
    header = {"clock": {"mono_ns": 0, "real_ns": make.REAL}, "pid": 5, "host": "h", "comm": "big"}
    snapshot = make.Snapshot(header, sites, [{"pid": 5, "tid": 5, "comm": "big"}], {})
    steps = make.ints("B", [0] + [1] * (cnt - 1))
    for i in range(chunks):
        snapshot.frames.append(make.frame({
            "item": "chunk", "n": cnt, "first_ns": i * cnt + 1, "last_ns": (i + 1) * cnt,
            "count": [[0, cnt]], "site": {"const": 0}, "time": steps, "thread": {"const": 0},
            "fields": [[{"first": i * cnt, "delta": {"bits": 1, "base": 1, "packed": bytes(cnt // 8)}}]],
        }))  # fmt: skip
    snapshot.events, snapshot.first, snapshot.last = chunks * cnt, 1, chunks * cnt
    snapshot.end()
    return snapshot.save(os.path.join(folder, "big.bin"))


# ---- The pager ----


def plain(text):
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


def test_pager_less():
    """Output that does not fit is read with less: page by page, left with q, in colours."""
    with tempfile.TemporaryDirectory() as folder:
        terminal = Terminal(big_file(folder, 2))
        terminal.wait_for(b"\r\n:")
        terminal.keys(b"q")
        assert terminal.ended() == 0, terminal.output
        assert b"\x1b[32mINFO" in terminal.output and b"ttlog-view" not in terminal.output
        assert terminal.output.count(b"Message") == 23, terminal.output


def test_pager_less_leaves_what_fits():
    terminal = Terminal(SMALL)
    assert terminal.ended() == 0
    assert b"\x1b[32mINFO" in terminal.output
    shown = [line for line in map(plain, terminal.lines()) if "Z " in line]
    assert len(shown) == 8, terminal.output


def test_colours_only_where_understood():
    for term, colours in (("xterm", True), ("dumb", False), ("", False)):
        terminal = Terminal(SMALL, "--no-pager", TERM=term)
        assert terminal.ended() == 0 and (b"\x1b[32mINFO" in terminal.output) == colours, (term, terminal.output)
        assert colours or b"\x1b" not in terminal.output


def test_pager_choice():
    mark = {"TTLOG_PAGER": "sed s/^/T:/", "PAGER": "sed s/^/P:/"}

    def prefixes(*args, **environment):
        terminal = Terminal(SMALL, *args, **environment)
        assert terminal.ended() == 0, (args, environment, terminal.output)
        return {plain(line)[:2] for line in terminal.lines()}

    assert prefixes(**mark) == {"T:"}
    assert prefixes(PAGER=mark["PAGER"]) == {"P:"}
    for args in (["--info"], ["--stats"], ["--timeline"], ["--format", "json"]):
        assert prefixes(*args, **mark) == {"T:"}, args
    for pager in ("", "cat"):
        assert prefixes(TTLOG_PAGER=pager, PAGER=mark["PAGER"]) == {"19"}, pager
    assert prefixes("--no-pager", **mark) == {"19"}
    # options for less are set if there are none
    assert prefixes(PAGER="cat >/dev/null; printf %s $LESS") == {"FR"}
    assert prefixes(PAGER="cat >/dev/null; printf %s $LESS", LESS="Ni") == {"Ni"}
    terminal = Terminal("--help", **mark)
    assert terminal.ended() == 0 and b"\nT:" not in terminal.output and b"Usage" in terminal.output


def test_pager_only_on_a_terminal():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "out")
        terminal = Terminal(SMALL, "-o", path, PAGER="sed s/^/P:/")
        assert terminal.ended() == 0 and terminal.output == b""
        with open(path, "r+b") as file:
            assert file.read() == view(SMALL).encode()
            file.truncate(0)
            file.seek(0)
            terminal = Terminal(SMALL, stdout=file, PAGER="sed s/^/P:/")
            assert terminal.ended() == 0 and terminal.output == b""
        with open(path, "rb") as file:
            assert file.read() == view(SMALL).encode()


def test_pager_status_and_messages():
    """The status is the viewer's; errors are printed after the pager's output."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "cut.bin")
        with open(SMALL, "rb") as file, open(path, "wb") as cut:
            cut.write(file.read()[:560])
        terminal = Terminal(path, PAGER="sed s/^/P:/; exit 3")
        assert terminal.ended() == 1
        lines = terminal.lines()
        kinds = [line[:2] for line in lines]
        assert kinds == sorted(kinds, key=["P:", "tt"].index) and "there is no end" in lines[-1], lines
        assert Terminal(SMALL, PAGER="cat; exit 3").ended() == 0
        early = Terminal(big_file(folder, 4), PAGER="head -n 1")
        assert early.ended() == 0 and len(early.lines()) == 1, early.output
        none = Terminal(SMALL, PAGER="/nonexistent/pager")
        assert none.ended() == 0 and b"/nonexistent/pager" in none.output


def test_pager_has_the_keys():
    """An interrupt is for the pager, and the viewer stays until the pager has ended."""
    with tempfile.TemporaryDirectory() as folder:
        terminal = Terminal(big_file(folder, 1), PAGER="trap '' INT; echo READY; read x </dev/tty; wc -l")
        terminal.wait_for(b"READY")
        terminal.keys(b"\x03")
        terminal.wait_for(b"^C")
        terminal.keys(b"\n")
        assert terminal.ended() == 0, (terminal.process.returncode, terminal.output)
        assert terminal.lines()[-1] == "65536", terminal.output


def test_pager_outlives_no_viewer():
    """A viewer that is told to end waits for the pager, which has the terminal."""
    terminal = Terminal(SMALL, PAGER="cat >/dev/null; echo READY; read x </dev/tty; echo DONE")
    terminal.wait_for(b"READY")
    terminal.process.send_signal(signal.SIGTERM)
    status = "/proc/%d/status" % terminal.process.pid

    def took_it():
        with open(status) as file:
            pending, = re.findall(r"^ShdPnd:\s*(\w+)$", file.read(), re.M)
        return int(pending, 16) == 0

    terminal.read(took_it)
    terminal.keys(b"\n")
    assert terminal.ended() == -signal.SIGTERM
    assert terminal.lines()[-1] == "DONE", terminal.output


# ---- Where it writes to ----


def test_output_does_not_block():
    """Another program made the descriptor non-blocking, and the pipe is full."""
    with tempfile.TemporaryDirectory() as folder:
        path = big_file(folder, 2)
        for args in ([], ["--format", "json"], ["--sql", "SELECT * FROM events"]):
            reading, writing = os.pipe()
            os.set_blocking(writing, False)
            with subprocess.Popen([VIEW, *args, path], stdout=writing, stderr=subprocess.PIPE) as process:
                os.close(writing)
                full = select.poll()
                full.register(reading, select.POLLIN)
                assert full.poll(DEADLINE_S * 1000)
                with open(reading, "rb") as pipe:
                    lines = pipe.read().count(b"\n")
                said = process.stderr.read()
            assert process.returncode == 0 and lines >= 2 * 65536, (args, process.returncode, lines, said)


# ---- The progress ----


def has_clock(terminal):
    """The thread that shows the progress runs, and its first second is over."""
    try:
        return len(os.listdir("/proc/%d/task" % terminal.process.pid)) > 1
    except FileNotFoundError:
        return False


def delayed(terminal, watched=True):
    """Lets it work for at least a second of the clock, however fast it is."""
    terminal.read(lambda: not watched or has_clock(terminal), every_s=0.001)
    terminal.process.send_signal(signal.SIGSTOP)
    end = time.monotonic() + 1.05
    terminal.read(lambda: time.monotonic() > end)
    terminal.process.send_signal(signal.SIGCONT)
    return terminal


SLOW = ["--stats", "--group-by", "n", "--top", "1"]


def test_progress():
    with tempfile.TemporaryDirectory() as folder:
        path = big_file(folder)
        with open(os.path.join(folder, "out"), "wb") as file:
            terminal = delayed(Terminal(path, *SLOW, stdout=file))
            assert terminal.ended() == 0
        shown = terminal.output
        assert shown.startswith(ERASE) and shown.endswith(ERASE) and b"\n" not in shown, shown
        texts = [text.decode() for text in shown.split(ERASE) if text]
        assert texts, "nothing was shown"
        for text in texts:
            match = re.fullmatch(r"reading: (\d+) of (\d+) MB, (\d+) %, \d+ s", text)
            assert match and len(text) < 80, text
            assert int(match[1]) <= int(match[2]) and int(match[3]) < 100, text
        terminal = delayed(Terminal(path, *SLOW, "-o", os.path.join(folder, "out")))
        assert terminal.ended() == 0 and b"reading: " in terminal.output


def test_progress_keeps_out_of_the_way():
    """No progress without a terminal, next to other output, or on a terminal that can't show it."""
    with tempfile.TemporaryDirectory() as folder:
        path = big_file(folder)
        # without a pager: until there is something to show
        terminal = delayed(Terminal(path, *SLOW, "--no-pager"))
        assert terminal.ended() == 0
        before, shown = terminal.output.split(b" events ", 1)
        assert b"reading: " in before and before.rstrip(b" ").endswith(ERASE), before
        assert b"reading:" not in shown
        with open(os.path.join(folder, "out"), "wb") as file:
            terminal = delayed(Terminal(path, *SLOW, stdout=file, TERM="dumb"), watched=False)
            assert terminal.ended() == 0 and terminal.output == b""
            terminal = Terminal(SMALL, stdout=file)
            assert terminal.ended() == 0 and terminal.output == b"", "shown before a second"
            said = delayed(Terminal(path, *SLOW, stdout=file, stderr=file), watched=False)
            assert said.ended() == 0 and said.output == b""
        with open(os.path.join(folder, "out"), "rb") as file:
            assert b"reading:" not in file.read()
        # before the pager starts, and gone then
        terminal = delayed(Terminal(path, *SLOW, PAGER="sed s/^/P:/"))
        assert terminal.ended() == 0
        before, shown = terminal.output.split(b"P:", 1)
        assert b"reading: " in before and before.endswith(ERASE), before
        assert b"reading:" not in shown


if __name__ == "__main__":
    run(globals())
