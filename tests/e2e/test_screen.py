# SPDX-License-Identifier: MIT
"""The full screen on running collectors, in tmux."""
import re
from contextlib import contextmanager

from harness import VIEW, check, equal
from live_fixture import start_beat
from tmux import Terminal

Terminal.viewer = VIEW


def shown(terminal):
    """The numbers of the beats on the screen."""
    return [int(n) for n in re.findall(r" n=(\d+) at_ns=", terminal.text())]


def wait_shown(terminal, last):
    terminal.until(f"beat {last}", lambda: shown(terminal)[-1:] == [last])


def make_snapshot(t):
    """A snapshot of a process that has ended: 100 events."""
    t.collect("--on", "exit", "--", t.app("trade"), 1, 100).end()
    (path,) = t.files()
    return path


def test_screen_follows(t):
    """Without a file: an empty screen that fills; a message says that the collectors have ended."""
    app, collector = start_beat(t)
    with Terminal(120, 24) as terminal:
        terminal.view("--follow")
        terminal.wait("Events of running collectors", "Waiting for events", "^ 0/0  following")
        for n in range(30):
            app.ask("beat")
            wait_shown(terminal, n)
        terminal.wait("^ 30/30 100%  following", "INFO +beat")
        terminal.keys("q")
        terminal.wait("^status=0$")
        check(collector.runs(), "the collector has ended")
        app.ask("beat")
        terminal.view("--follow")
        terminal.wait("Waiting for events")
        app.ask("beat")
        wait_shown(terminal, 31)
        app.close_stdin()
        app.end()
        terminal.wait("collectors have ended")
        collector.end()
        wait_shown(terminal, 31)
        terminal.quit()


@contextmanager
def following(t):
    """A program, and a screen that follows its collector and has no event yet; both still run at
    the end."""
    app, collector = start_beat(t)
    with Terminal(120, 24) as terminal:
        terminal.view("--follow")
        terminal.wait("Waiting for events")
        yield app, terminal
        terminal.quit()
    collector.stop()


def test_screen_follow_pauses(t):
    """Space pauses: events that come then are left out, and only the collector counts them."""
    with following(t) as (app, terminal):
        app.ask("beat")
        wait_shown(terminal, 0)
        terminal.keys("Space")
        terminal.wait("^ 1/1 100%  paused")
        app.ask("beat")
        terminal.keys("k")
        terminal.keys("f")
        terminal.wait("^ 2/2 100%  following")
        wait_shown(terminal, 1)
        terminal.keys("g")
        terminal.wait(r"^ 1/2 50%  live \(f: to the end\)")
        app.ask("beat")
        terminal.wait("^ 1/3 ")
        terminal.keys("f")
        terminal.wait("^ 3/3 100%  following")


def test_screen_follows_threads(t):
    """p: a lane for each thread that has logged since then, of all processes, also of later
    ones."""
    app, collector = start_beat(t)
    with Terminal(120, 24) as terminal:
        terminal.view("--follow")
        terminal.wait("Waiting for events")
        terminal.keys("p")
        terminal.wait("^ THREAD +EVENTS")
        for n in range(1, 4):
            app.ask("beat")
            terminal.wait(rf"^ {app.pid}/{app.pid} beat +{n} ")
        terminal.keys("p", "p")
        terminal.wait(rf"^ {app.pid}/{app.pid} beat +3  .*[*#%@]")
        other, other_collector = start_beat(t)
        terminal.wait("following 2 collectors")
        app.ask("beat")
        terminal.wait(rf"^ {app.pid}/{app.pid} beat +4 ")
        app.close_stdin()
        app.end()
        collector.end()
        terminal.wait("a collector has ended: following 1 collector")
        other.ask("beat")
        lanes = rf"^ {app.pid}/{app.pid} beat +4 ", rf"^ {other.pid}/{other.pid} beat +1 "
        terminal.wait(*lanes)
        other_collector.stop()
        terminal.wait("collectors have ended")
        third, third_collector = start_beat(t)
        terminal.keys("p", "f")
        terminal.wait("  following")
        third.ask("beat")
        terminal.wait("^ 6/6 ")
        terminal.keys("p")
        terminal.wait(*lanes, rf"^ {third.pid}/{third.pid} beat +1 ")
        terminal.keys("p", "i")
        terminal.wait("^Running collectors$", "^  followed    1$", "^  not sent    0 events")
        terminal.keys("i")
        terminal.quit()
    third_collector.stop()


def test_screen_follows_statistics(t):
    """o: the statistics grow while they are shown."""
    with following(t) as (app, terminal):
        terminal.keys("o")
        terminal.wait("in 0 groups")
        for n in range(1, 4):
            app.ask("beat")
            terminal.wait(rf"^ +{n} 100.0%.* INFO +beat", rf"^ +{n} 100.0%  in 1 group")
        terminal.keys("o")
        terminal.wait("^ 3/3 100%  following")


def test_screen_follows_behind_a_file(t):
    """f follows with the filter that is set, which the collector applies; a new filter makes a new
    request."""
    path = make_snapshot(t)
    app, collector = start_beat(t)
    with Terminal(120, 24) as terminal:
        terminal.view(path, "--filter", "n>=2 or price>0")
        terminal.wait("^ 100/100 ")
        terminal.keys("f")
        terminal.wait("^ 100/100 100%  following")
        for _ in range(4):
            app.ask("beat")
        terminal.wait("^ 102/102 100%  following")
        equal(shown(terminal), [2, 3], "beats")
        terminal.keys("c")
        terminal.wait("everything is shown")
        app.ask("beat")
        wait_shown(terminal, 4)
        equal(shown(terminal), [2, 3, 4], "beats")
        terminal.wait("^ 103/103 100%  following")
        terminal.quit()
    collector.stop()


def test_screen_follows_nobody(t):
    with Terminal() as terminal:
        terminal.view("--follow")
        terminal.wait("^status=1$", "no collector is running")
        equal(terminal.flag("alternate_on"), "0", "the alternate screen")
