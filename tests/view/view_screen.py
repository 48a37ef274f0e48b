#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The full screen, driven by keys in tmux: view_screen.py TTLOG-VIEW. Run from the top of the tree.

The screen is what tmux's terminal shows; tests wait for it, and never sleep. TTLOG_KEEP=1 prints
every screen that a test waited for.
"""
import ctypes
import os
import re
import sys
import tempfile

sys.path.insert(0, "tests")
sys.dont_write_bytecode = True

import make_snapshot as make  # noqa: E402
from format_fixture import abort_file  # noqa: E402
from screen_fixture import GOLDEN, logs, on_logs, on_screen, path_of, resize, step_through  # noqa: E402
from tmux import Terminal  # noqa: E402
from view_harness import run  # noqa: E402


# ---- Looking at events ----


def test_first_screen():
    """Which process died, of what, when; its last events; the position, and the keys."""
    shows = [r"golden\.bin", r"died of SIGSEGV", r"TIME \(UTC\) +LEVEL +THREAD +WHERE +MESSAGE", r"q:quit"]
    with on_screen(GOLDEN, shows=shows) as terminal:
        assert len(terminal.lines()[-2]) <= 80
        terminal.wait(r"^ \d+/14 ")


def test_move():
    with on_logs() as terminal:
        terminal.wait_row("n=199 ")
        steps = [("g", 0), ("j", 1), ("Down", 2), ("C-n", 3), ("k", 2), ("Up", 1), ("C-p", 0), ("Up", 0), ("G", 199),
                 ("Down", 199), ("Home", 0), ("End", 199), ("Home", 0), ("NPage", 20), ("C-f", 40), ("PPage", 20),
                 ("C-b", 0), ("C-d", 10), ("C-u", 0), ("Space", 20)]  # fmt: skip
        for key, row in steps:
            terminal.keys(key)
            terminal.wait_row("n=%d " % row)
            terminal.wait(r"^ %d/200 " % (row + 1))


def test_columns():
    """Columns fit; text that does not is scrolled to."""
    with on_screen(logs(), shows=[r"TIME \(UTC\) +LEVEL MESSAGE", r"Tick INFO n=199"], size=(40, 12)) as terminal:
        terminal.keys("Right")
        terminal.wait(r"O n=199 who=n199")
        terminal.keys("Left")
        terminal.wait(r"Tick INFO n=199")
        # no further than the text goes
        terminal.keys(*["Right"] * 20, "Left")
        terminal.wait(r"Tick INFO n=199")


def test_few_lines():
    """Without room for the event, a message says so, and keys go on moving."""
    with on_screen(logs(), shows=[r"^ 200/200 ", "n=199 "], size=(60, 8)) as terminal:
        for key in ("Enter", "Tab"):
            terminal.keys(key)
            terminal.wait("too few lines")
            terminal.keys("g", "j")
            terminal.wait_row("n=1 ")
        resize(terminal, 60, 24)
        terminal.keys("Tab")
        terminal.wait("^ message")
        resize(terminal, 60, 8)
        terminal.keys("j")
        terminal.wait_row("n=2 ")


def test_detail():
    """All fields and the line of source; Tab scrolls in it."""
    with on_logs() as terminal:
        terminal.keys("Enter")
        terminal.wait(r"^ message +Tick INFO$", r"^ n +199$", r"^ who +n199$", r"^ time +2026-11-21T06:00:00.123655789Z",
                      r"^ thread +7/8 side")  # fmt: skip
        terminal.keys("Tab", "j", "j", "j", "Down", "Down", "j")
        terminal.wait(r"^ source +\S+/source.c:5  in main", r"TTLOG_INFO\(\"Tick\".*the line")
        terminal.wait_row("n=199 ")
        terminal.keys("Tab", "k")
        terminal.wait_row("n=198 ")
        terminal.keys("Escape")
        terminal.wait_gone(r"^ message")
        terminal.keys("Tab")
        terminal.wait(r"^ message")


def test_detail_of_long_texts():
    """A long key has a line of its own; a mark shows that there is more, and it can be
    scrolled to."""
    keys = ["a_key_of_fifty_letters_that_differs_at_its_end_%03d" % i for i in range(2)]
    site = make.site("event", "INFO", "long", "Long", 5, [(key, "str") for key in keys])
    header = {"clock": {"mono_ns": make.MONO, "real_ns": make.REAL}, "pid": 1, "host": "h"}
    snapshot = make.Snapshot(header, [site], [{"pid": 1, "tid": 1, "comm": "c"}], {0: [make.plain] * 2})
    snapshot.chunk([(make.MONO, 0, 0, ["x" * 3900 + "END", "short"])])
    snapshot.end()
    with open(path_of("long.bin"), "wb") as file:
        file.write(snapshot.file())
    with Terminal() as terminal:
        terminal.view(path_of("long.bin"))
        terminal.wait("^ 1/1 ")
        terminal.keys("Tab")
        terminal.wait("^ %s$" % keys[0], "^ {14}x{66}$", r"EVENT .*  62 lines below")
        terminal.keys("NPage")
        terminal.wait(r"EVENT .*  5\d lines below")
        terminal.keys("PPage")
        terminal.wait("^ %s$" % keys[0], r"EVENT .*  62 lines below")
        terminal.keys(*["NPage"] * 12)
        terminal.wait("^ %s$" % keys[1], "^ {14}short$", "^ source +src")
        assert "below" not in terminal.text()
        terminal.keys("Up", "Up")
        terminal.wait("^ {14}x+END$", "  2 lines below")
        terminal.quit()


def opens_of(path, look):
    """How often the file is opened during `look`, by inotify."""
    libc = ctypes.CDLL(None, use_errno=True)
    fd = libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
    assert fd >= 0 and libc.inotify_add_watch(fd, path.encode(), 0x20) >= 0, ctypes.get_errno()  # IN_OPEN
    try:
        look()
        return len(os.read(fd, 1 << 16)) // 16
    except BlockingIOError:
        return 0
    finally:
        os.close(fd)


def test_source_that_is_no_plain_file():
    """A snapshot may name anything as a source: a path that is not a plain file is not even
    opened."""
    source, fifo = path_of("plain.c"), path_of("fifo.c")
    with open(source, "w") as file:
        file.write("the line\n")
    os.mkfifo(fifo)
    sites = [dict(make.site("event", "INFO", "p%d" % i, "", 1), file=path) for i, path in enumerate([source, fifo])]
    header = {"clock": {"mono_ns": make.MONO, "real_ns": make.REAL}, "pid": 1, "host": "h"}
    snapshot = make.Snapshot(header, sites, [{"pid": 1, "tid": 1, "comm": "c"}], {})
    snapshot.chunk([(make.MONO + i, i, 0, []) for i in range(2)])
    snapshot.end()
    with on_screen(snapshot.save(path_of("named.bin")), shows=["^ 2/2 "], size=(200, 40)) as terminal:

        def look(row):
            terminal.keys("g" if row == 0 else "G", "Enter")
            terminal.wait(r"^ probe +p%d$" % row, r"^ source +\S+\.c:1 ")
            terminal.keys("Enter")
            terminal.wait_gone("^ probe")

        assert opens_of(source, lambda: look(0)) > 0
        assert opens_of(fifo, lambda: look(1)) == 0


def test_detail_of_wide_characters():
    """No character is lost if a line ends in the middle of one."""
    text = "".join(chr(0x4E00 + i) for i in range(150))
    site = make.site("event", "INFO", "wide", "Wide", 5, [("k", "str")])
    header = {"clock": {"mono_ns": make.MONO, "real_ns": make.REAL}, "pid": 1, "host": "h"}
    snapshot = make.Snapshot(header, [site], [{"pid": 1, "tid": 1, "comm": "c"}], {0: [make.plain]})
    snapshot.chunk([(make.MONO, 0, 0, [text])])
    snapshot.end()
    with on_screen(snapshot.save(path_of("wide.bin")), shows=["^ 1/1 "]) as terminal:
        terminal.keys("Enter")
        terminal.wait("^ k ", "^ time ")
        lines = terminal.text().split("EVENT ")[1].split("\n")
        first = [line.startswith(" k ") for line in lines].index(True)
        assert text in "".join(line[14:].rstrip() for line in lines[first : first + 5]), lines


def test_levels():
    with on_logs() as terminal:
        terminal.keys("l")
        terminal.wait(r"/200 ", "level DEBUG and above")
        terminal.keys("l", "l")
        terminal.wait(r"^ \d+/68 .*level>=WARN")
        terminal.wait_row("n=197 ")
        terminal.keys("L")
        terminal.wait(r"/135 .*level>=INFO")
        terminal.keys("5")
        terminal.wait(r"/2 .*level>=ERROR")
        terminal.wait_row("n=120 ")
        terminal.keys("c")
        terminal.wait(r"^ 121/200 ", "everything is shown")


def test_level_colours():
    with on_logs() as terminal:
        terminal.keys("g")
        terminal.wait(r"^ 1/200")
        terminal.until("yellow", lambda: re.search("\x1b\\[33m.?WARN", terminal.text("-e")))
        assert re.search("\x1b\\[36m.?DEBUG", terminal.text("-e").replace("\x1b[7m", ""))
    with Terminal() as terminal:
        terminal.type("export NO_COLOR=1\n")
        terminal.view(logs())
        terminal.wait(r"^ 200/200")
        assert not re.search("\x1b\\[[0-9;]*3[0-7]m", terminal.text("-e"))
        terminal.quit()


def test_filter():
    """Live; a mistake shows its place, and the screen stays; Esc undoes, Enter keeps."""
    shows = [r"/128 .*filter: \(level>=INFO\) and \(n<190\)"]
    with on_screen(logs(), "--filter", "level>=INFO", "--filter", "n<190", shows=shows) as terminal:
        terminal.keys("&", "C-u")
        terminal.wait(r"^filter: *$")
        terminal.type("n>=150")
        terminal.wait(r"^filter: n>=150", "n=186 ")
        terminal.type(" and who=")
        terminal.wait(r"^filter: n>=150 and who=\n {23,24}\^\n.*", "n=186 ")
        terminal.type("n15*")
        terminal.wait_gone("n=160 ")
        terminal.wait("n=159 ")
        terminal.keys("Escape")
        terminal.wait(r"/128 .*filter: \(level>=INFO\) and \(n<190\)")
        terminal.keys("&", "C-u")
        terminal.type("who=n00?")
        terminal.keys("Enter")
        terminal.wait(r"/10 .*filter: who=n00\?")
        terminal.keys("&", "C-u")
        terminal.type("who=\u00e9\u5b57")
        terminal.keys("Left", "BSpace", "Home", "Right", "DC", "End")
        terminal.wait(r"^filter: wo=\u5b57")
        terminal.keys("Enter")
        terminal.wait("No event has a field wo\\.")
        terminal.keys("&", "C-u")
        terminal.type("n=-1\n")
        terminal.wait("No event matches")
        terminal.keys("c")
        terminal.wait("/200 ")


def test_filter_keeps_the_place():
    with on_logs() as terminal:
        terminal.keys("t")
        terminal.type("06:00:00.123577\n")  # between 120 and 121
        terminal.wait_row("n=121 ")
        terminal.keys("&")
        terminal.type("n=121 or n<5\n")
        terminal.wait("^ 6/6 ")
        terminal.wait_row("n=121 ")
        terminal.keys("c")
        terminal.wait("^ 122/200 ")
        terminal.wait_row("n=121 ")


def test_filter_typed_keeps_the_place():
    """However far each letter leads: from the place where typing started, and back there with
    Esc."""
    with on_logs() as terminal:
        terminal.keys("t")
        terminal.type("06:00:00.123557\n")
        terminal.wait_row("n=101 ")
        terminal.keys("&")
        terminal.type("n<5")
        terminal.wait_row("n=4 ")
        terminal.type("0 or n>7")
        terminal.wait_row("n=101 ")
        terminal.keys("C-u")
        terminal.type("n<5")
        terminal.wait_row("n=4 ")
        terminal.keys("Escape")
        terminal.wait("^ 102/200 ")
        terminal.wait_row("n=101 ")


def test_search():
    with on_logs() as terminal:
        terminal.keys("g")
        terminal.type("/n05[0-4\n")
        terminal.wait(r"^/n05\[0-4\n +\^\n")
        terminal.type("]\n")
        terminal.wait(r"/n05\[0-4\] 5 found")
        terminal.wait_row("n=50 ")
        assert terminal.row().startswith("/")
        step_through(terminal, [("n", 51), ("n", 52), ("N", 51), ("N", 50)])
        terminal.keys("N")
        terminal.wait("no match further up")
        terminal.keys("G", "n")
        terminal.wait("no match further down")
        terminal.keys("N")
        terminal.wait_row("n=54 ")
        terminal.keys("5")  # none of the errors matches
        terminal.wait(r"/2 .*/n05\[0-4\] 0 found")


def test_command_line_choices():
    """c also clears the search of the command line; if nothing is shown, a message says why."""
    with on_screen(logs(), "--search", "n05", shows=["^ 10/10 .*search: n05"]) as terminal:
        terminal.keys("c")
        terminal.wait("/200 ", "everything is shown")
        terminal.wait_row("n=59 ")
    with on_screen(logs(), "--search", "n999", shows=["No event matches.*c clears"]) as terminal:
        terminal.keys("e")
        terminal.wait("no error further down")
        terminal.keys("c")
        terminal.wait("/200 ")
    with on_screen(logs(), "--until", "05:00", shows=["no events in that time"]) as terminal:
        terminal.keys("c")
        terminal.wait("everything of that time")


def test_errors_and_time():
    with on_logs() as terminal:
        terminal.keys("E")
        terminal.wait_row("ERROR.*n=120 ")
        terminal.keys("E")
        terminal.wait_row("ERROR.*n=60 ")
        terminal.keys("E")
        terminal.wait("no error further up")
        terminal.keys("e")
        terminal.wait_row("ERROR.*n=120 ")
        terminal.keys("t")
        terminal.type("noon\n")
        terminal.wait("times are")
        terminal.keys("C-u")
        terminal.type("-100us\n")
        terminal.wait_row("n=99 ")
        terminal.keys("x")
        terminal.wait("nothing crashed")


def test_crash():
    """The screen starts at the crash, and x leads back to it."""
    with on_screen(GOLDEN, shows=["died of SIGSEGV"]) as terminal:
        terminal.wait_row("FATAL worker-3 .*Giving up")
        start = terminal.row()
        terminal.keys("g")
        terminal.wait(r"^ 1/14 ")
        terminal.keys("x")
        terminal.until("the crash", lambda: terminal.row() == start)


def test_exception():
    """The exception, if the process died of it."""
    with tempfile.TemporaryDirectory() as folder, on_screen(abort_file(folder), shows=["died of SIGABRT"]) as terminal:
        terminal.wait(r"died of SIGABRT, shop::no_stock: sold out  in shop\[9\]")


def test_jumps_show_what_was_before():
    """A jump shows the events before and after its event; what is in sight does not move."""
    with on_logs() as terminal:
        terminal.keys("E")
        terminal.wait_row("n=120 ")
        terminal.wait("n=110 ", "n=129 ")
        terminal.keys("t")
        terminal.type("06:00:00.123580\n")
        terminal.wait_row("n=124 ")
        terminal.wait("n=110 ", "n=129 ")
        terminal.keys("b", "g")
        terminal.wait("^ 1/200")
        terminal.keys("B")
        terminal.wait_row("n=124 ")
        terminal.wait("n=114 ", "n=133 ")
        # the marker does not cover text
        for at, axis in (("123457", r"^ THREAD +EVENTS  v 06:00:00.123456789Z  \+ 199.000us$"),
                         ("123567", r"^ THREAD +EVENTS  06:00:00.123456789Z  *v *$")):  # fmt: skip
            terminal.keys("t")
            terminal.type("06:00:00.%s\n" % at)
            terminal.wait("00.%s" % at)
            terminal.keys("p")
            terminal.wait(axis)
            terminal.keys("p")
            terminal.wait("LEVEL +THREAD")


if __name__ == "__main__":
    run(globals())
