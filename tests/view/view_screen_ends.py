#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""After any end of the full screen the terminal is as it was: view_screen_ends.py TTLOG-VIEW, from
the top of the tree."""
import contextlib
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time

sys.path.insert(0, "tests")
sys.dont_write_bytecode = True

from screen_fixture import SMALL, logs  # noqa: E402
from tmux import Terminal  # noqa: E402
from view_harness import DEADLINE_S, VIEW, run  # noqa: E402


def modes(terminal, name):
    path = os.path.join(terminal.folder.name, name)
    terminal.type("stty -a >%s; echo done=%s\n" % (path, name))
    terminal.wait("^done=" + name)
    with open(path) as file:
        return file.read()


def is_as_it_was(terminal):
    return [terminal.flag(name) for name in
            ("alternate_on", "cursor_flag", "keypad_cursor_flag", "mouse_any_flag", "insert_flag")] \
        == ["0", "1", "0", "0", "0"]  # fmt: skip


def test_killed():
    """By any signal."""
    for number in ["TERM", "INT", "HUP", "QUIT", "SEGV", "BUS", "ABRT", "FPE", "ILL", "PWR", "VTALRM", "PROF", "IO",
                   "RTMIN"]:  # fmt: skip
        with Terminal() as terminal:
            terminal.type("ulimit -c 0\n")
            before = modes(terminal, "before")
            terminal.view(SMALL)
            terminal.wait("8/8")
            assert terminal.flag("alternate_on") == "1"
            os.kill(terminal.pid(), getattr(signal, "SIG" + number))
            terminal.until("the terminal as it was after " + number, lambda: is_as_it_was(terminal))
            # after SIGINT, bash drops the whole line
            terminal.type("echo status=$?\n" if number == "INT" else "")
            terminal.wait(r"^status=%d$" % (128 + getattr(signal, "SIG" + number)))
            assert modes(terminal, "after") == before, number


def ended_on_own_terminal(end, **options):
    """The status, after `end` was called with it and with the master of its terminal."""
    master, slave = pty.openpty()
    with subprocess.Popen([VIEW, "--interactive", logs()], stdin=slave, stdout=slave, stderr=subprocess.DEVNULL,
                          env=dict(os.environ, TERM="xterm"), start_new_session=True, **options) as viewer:  # fmt: skip
        os.close(slave)
        shown = b""
        while b"200/200" not in shown:
            assert select.select([master], [], [], 30)[0], shown
            shown += os.read(master, 65536)
        try:
            end(viewer, master)
            return viewer.wait(30)
        finally:
            viewer.kill()


def test_terminal_gone():
    """It ends, even if SIGHUP is ignored: nohup, disown."""

    def hang_up(_, master):
        os.close(master)

    # the terminal reports its end a moment before the kernel sends the signal
    assert ended_on_own_terminal(hang_up) in (-signal.SIGHUP, 1)
    ignore = lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN)  # noqa: E731
    assert ended_on_own_terminal(hang_up, preexec_fn=ignore) == 1


def hold_up_drawing(viewer, master):
    """The terminal accepts nothing after Ctrl-S: there is something to draw, and no room for it."""

    def wait_channel(pid):
        with open("/proc/%d/wchan" % pid) as file:
            return file.read()

    os.write(master, b"\x13")
    while not select.select([], [master], [], 0)[1]:
        pass
    os.write(master, b"ggg")
    end = time.monotonic() + DEADLINE_S
    while "wait_woken" not in wait_channel(viewer.pid) and "tty_write" not in wait_channel(viewer.pid):
        assert time.monotonic() < end, wait_channel(viewer.pid)


def test_killed_while_stopped():
    def stop(viewer, master):
        hold_up_drawing(viewer, master)
        viewer.send_signal(signal.SIGTERM)

    assert ended_on_own_terminal(stop) == -signal.SIGTERM


def test_ctrl_z_while_drawing():
    """It waits until the drawing is done: ncurses can't stop in the middle of it."""

    def stop(viewer, master):
        hold_up_drawing(viewer, master)
        with open("/proc/%d/status" % viewer.pid) as file:
            blocked = int(re.search(r"SigBlk:\s*(\w+)", file.read()).group(1), 16)
        assert blocked & 1 << signal.SIGTSTP - 1, hex(blocked)
        viewer.send_signal(signal.SIGTSTP)
        os.write(master, b"\x11")  # Ctrl-Q
        # no shell could continue it, so it does not stop; ncurses drops keys that were typed
        # meanwhile
        end = time.monotonic() + DEADLINE_S
        while viewer.poll() is None:
            assert time.monotonic() < end
            if select.select([master], [], [], 0.1)[0]:
                with contextlib.suppress(OSError):  # it has ended
                    os.read(master, 65536)
            else:
                os.write(master, b"q")

    assert ended_on_own_terminal(stop) == 0


def test_quit_and_interrupted():
    with Terminal() as terminal:
        before = modes(terminal, "before")
        terminal.view(SMALL)
        terminal.wait("8/8")
        terminal.quit()
        assert is_as_it_was(terminal)
        assert modes(terminal, "after") == before
        terminal.view(SMALL)
        terminal.wait("8/8")
        terminal.keys("C-c")
        terminal.until("the terminal as it was", lambda: is_as_it_was(terminal))
        terminal.type("echo status=$?\n")
        terminal.wait("^status=130$")
        assert modes(terminal, "again") == before


def test_stopped():
    """Ctrl-Z and fg, also with another size."""
    with Terminal() as terminal:
        before = modes(terminal, "before")
        terminal.type("clear; %s --interactive %s; echo status=$?\n" % (os.path.abspath(VIEW), logs()))
        terminal.wait("200/200")
        terminal.keys("C-z")
        terminal.wait(r"Stopped")
        terminal.until("the terminal as it was", lambda: is_as_it_was(terminal))
        assert modes(terminal, "stopped") == before
        terminal.tmux("resize-window", "-x", "100", "-y", "30")
        terminal.type("fg\n")
        terminal.until("30 lines", lambda: "q:quit" in terminal.lines()[29])
        terminal.keys("k")
        terminal.wait_row("n=198 ")
        terminal.keys("q")
        terminal.until("the end", lambda: is_as_it_was(terminal))
        assert modes(terminal, "after").split(";", 3)[3] == before.split(";", 3)[3]


def test_killed_while_suspended():
    """It ends at once, and does not touch what the shell has written since."""
    for number in ("TERM", "HUP", "INT"):
        with Terminal() as terminal:
            before = modes(terminal, "before")
            terminal.type("clear; echo one; %s --interactive %s\n" % (os.path.abspath(VIEW), logs()))
            terminal.wait("200/200")
            terminal.keys("C-z")
            terminal.wait(r"Stopped")
            # in one line: before the next prompt the shell would report the end, and forget %1
            terminal.type("echo two; kill -%s %%1; kill -CONT %%1; wait %%1; echo status=$?\n" % number)
            terminal.wait("^status=%d$" % (128 + getattr(signal, "SIG" + number)), "^two$", "^one$")
            lines = [line for line in terminal.lines() if line in ("one", "two") or line.startswith("status=")]
            assert lines[:2] == ["one", "two"] and len(lines) == 3, terminal.text()
            assert modes(terminal, "after") == before


if __name__ == "__main__":
    run(globals())
