#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The full screen's orders, pages and windows, by keys in tmux: view_screen_pages.py TTLOG-VIEW.
Run from the top of the tree. TTLOG_KEEP=1 prints every screen that a test waited for.
"""
import os
import pty
import re
import select
import subprocess
import sys
import tty

sys.path.insert(0, "tests")
sys.dont_write_bytecode = True

import make_snapshot as make  # noqa: E402
from screen_fixture import GOLDEN, SMALL, logs, on_logs, on_screen, path_of, resize, step_through  # noqa: E402
from tmux import Terminal  # noqa: E402
from view_harness import DEADLINE_S, VIEW, run  # noqa: E402


def test_reverse_and_follow():
    with on_logs() as terminal:
        terminal.keys("r")
        terminal.wait("newest first")
        terminal.wait_row("n=199 ")
        terminal.keys("j")
        terminal.wait_row("n=198 ")
        terminal.keys("e")
        terminal.wait_row("ERROR.*n=120 ")
        terminal.keys("r")
        terminal.wait("^ 121/200", "oldest first")
        terminal.keys("f")
        terminal.wait("following")
        terminal.wait_row("n=199 ")
        terminal.keys("Space")
        terminal.wait("paused")
        terminal.keys("k")
        terminal.wait_gone("paused")


def test_sort():
    with on_logs() as terminal:
        first = {"level": "ERROR.*n=60 ", "thread": "main.*n=0 ", "where": "n=0 ", "message": "Tick DEBUG n=0 "}
        for name, row in first.items():
            terminal.keys("s")
            terminal.wait(r"^ 1/200 .*  by %s$" % name)
            terminal.wait_row(row)
        terminal.keys("s")
        terminal.wait("by time")
        terminal.keys("S")
        terminal.type("n\n")
        terminal.wait(r"^ 1/200 .*  by n$")
        terminal.wait_row("n=199 ")
        terminal.keys("j")
        terminal.wait_row("n=198 ")
        step_through(terminal, [("e", 120), ("e", 60), ("E", 120)], "ERROR.*n=%d ")  # by line
        terminal.keys("E")
        terminal.wait("no error further up")
        terminal.keys("r")
        terminal.wait(r"^ 1/200 .*  by n reversed$")
        terminal.wait_row("n=0 ")
        terminal.type("/n05[0-2]\n")
        terminal.wait_row("n=50 ")
        step_through(terminal, [("n", 51), ("n", 52), ("N", 51)])
        terminal.keys("s")
        terminal.wait("^ 1/200 .*  by level reversed")
        step_through(terminal, [("n", 51), ("n", 52), ("n", 50)])  # DEBUG, INFO, WARN
        terminal.keys("n")
        terminal.wait("no match further down")
        terminal.keys("c", "S")
        terminal.type("n\n")
        terminal.wait(r"^ 1/200 .*  by n reversed$")
        terminal.keys("G")
        terminal.wait_row("n=199 ")
        terminal.keys("5")
        terminal.wait(r"^ 1/2 .*  by n reversed  level>=ERROR")
        terminal.wait_row("n=60 ")
        terminal.keys("S")
        terminal.type("who\n")
        terminal.wait(r"by who reversed")
        terminal.wait_row("n=120 ")
        terminal.keys("S")
        terminal.type("nothing\n")
        terminal.wait("no event has a field of that name")


def test_sort_at_once():
    """Before the files are read: the key comes before the screen."""
    master, slave = pty.openpty()
    tty.setcbreak(slave)
    os.write(master, b"s")
    files = [logs("a.bin"), logs("b.bin", 200, 8)]
    environment = dict(os.environ, TERM="xterm")
    with subprocess.Popen([VIEW, "--interactive", *files], stdin=slave, stdout=slave, env=environment) as viewer:
        os.close(slave)
        shown = b""
        try:
            while not re.search(rb"\D1/400 0%  by level", shown):
                assert select.select([master], [], [], 30)[0], shown
                shown += os.read(master, 65536)
            os.write(master, b"q")
            assert viewer.wait(30) == 0
        finally:
            viewer.kill()
    os.close(master)


def test_search_while_sorting():
    """All keys come before there was time to sort."""
    with on_logs() as terminal:
        terminal.keys("s", "/", "n", "0", "6", "0", "Enter")
        terminal.wait(r"^ 1/200 .*  by level  /n060 1 found")
        terminal.wait("no match further down")  # it is there, the first of the errors


def test_sort_goes_back_to_the_place():
    """Even if it is sorted by something else just before."""
    with on_logs() as terminal:
        terminal.keys("S")
        terminal.type("n\n")
        terminal.wait(r"^ 1/200 .*  by n$")
        terminal.keys("/")
        terminal.type("n100\n")
        terminal.wait_row("n=100 ")
        terminal.keys("s", "s", "s", "s", "s")
        terminal.wait("by time", "^ 101/200 ")
        terminal.wait_row("n=100 ")
        # events that come are not sorted in
        terminal.keys("f")
        terminal.wait("  following")
        terminal.keys("s")
        terminal.wait(r"^ 1/200 .*  by level  /n100")
        terminal.wait_row("ERROR.*n=60 ")
        terminal.keys("f")
        terminal.wait("^ 200/200 100%  following  /n100")
        terminal.wait_row("n=199 ")


def test_statistics_and_threads():
    with on_logs(size=(120, 24)) as terminal:
        terminal.keys("o")
        terminal.wait(r"^ +67 +33.5%.* INFO +clock", r"^ +2 +1.0%.* ERROR +clock")
        terminal.keys("Escape", "5", "o")
        terminal.wait(r"^ +2 100.0%.* in 1 groups?|^ +2 100.0%.* ERROR +clock")
        terminal.keys("q", "c", "p")
        terminal.wait(r"^ 7/7 main +100 +[.:=+*#%@-]+", r"^ 7/8 side +100 +[.:=+*#%@-]+")
        terminal.keys("j", "Enter")
        terminal.wait(r"^ \d+/100 .*filter: pid=7 and tid=8")


def test_bookmarks():
    with on_logs() as terminal:
        terminal.keys("B")
        terminal.wait("no bookmarks")
        terminal.keys("b")
        terminal.wait("bookmark set")
        terminal.wait_row(r"^\*.*n=199 ")
        terminal.keys("g", "b")
        terminal.wait_row(r"^\*.*n=0 ")
        terminal.keys("B")
        terminal.wait_row("n=199 ")
        terminal.keys("B")
        terminal.wait_row("n=0 ")
        # bookmarks of events that are not shown are skipped
        terminal.keys("t")
        terminal.type("06:00:00.123556\n")
        terminal.wait_row("n=100 ")
        terminal.keys("b", "&")
        terminal.type("n<150\n")
        terminal.wait("/150 ")
        step_through(terminal, [("B", 0), ("B", 100), ("B", 0)])
        terminal.keys("&", "C-u")
        terminal.type("n=7\n")
        terminal.wait("^ 1/1 ")
        terminal.keys("B")
        terminal.wait("no bookmark is at what is shown")
        terminal.keys("c")
        terminal.wait("/200 ")
        terminal.keys("g", "b")
        terminal.wait("bookmark gone")


def test_pages():
    with on_screen(GOLDEN, shows=["died of SIGSEGV"]) as terminal:
        terminal.keys("?")
        terminal.wait("^Moving", "^Choosing")
        assert not [line for line in terminal.lines() if len(line) > 80]
        terminal.keys("G")
        terminal.wait("^Filters")
        terminal.keys("q")
        terminal.wait("LEVEL +THREAD")
        terminal.keys("i")
        terminal.wait("^tests/golden/golden.bin", "process +1234")
        terminal.keys("NPage")
        terminal.wait("^(Stack|Registers|Events)")
        terminal.keys("Escape")
        terminal.wait("LEVEL +THREAD")


def test_pages_lead_on():
    """From one page to another; back to the events with a filter; the pages count the selection
    again."""
    with on_logs(size=(120, 24)) as terminal:
        terminal.keys("?", "o")
        terminal.wait(r"^ +67 +33.5%.* INFO +clock", "^ 200/200 ")
        terminal.keys("5")
        terminal.wait(r"^ +2 100.0%.* ERROR +clock", r"/2 .*level>=ERROR")
        terminal.keys("&")
        terminal.type("n<100")
        terminal.wait(r"^ +1 100.0%.* ERROR +clock", "^filter: n<100")
        terminal.keys("Escape")
        terminal.wait(r"^ +2 100.0%.* ERROR +clock")
        terminal.keys("p")
        terminal.wait(r"^ 7/7 main +2 ", r"^ 7/8 side +0$")
        terminal.keys("1")
        terminal.wait(r"^ 7/7 main +100 ", r"^ 7/8 side +100 ")
        terminal.keys("i")
        terminal.wait("^  reason +timer", "^Threads$")
        terminal.keys("e")
        terminal.wait_row("ERROR.*n=120 ")
        terminal.keys("?", "E")
        terminal.wait_row("ERROR.*n=60 ")
        terminal.keys("?", "/")
        terminal.type("n130\n")
        terminal.wait_row("n=130 ")
        terminal.keys("?", "C-d")
        terminal.wait_gone("^Moving")
        terminal.keys("C-u")
        terminal.wait("^Moving")
        terminal.keys("Enter")
        terminal.wait_gone("^Moving")
        terminal.keys("q")
        terminal.wait_row("n=130 ")
        assert "EVENT" not in terminal.text()


def test_help_fits():
    """80 columns; in a wider terminal, which cuts nothing."""
    with Terminal(120, 60) as terminal:
        terminal.view(GOLDEN)
        terminal.wait("died of SIGSEGV")
        terminal.keys("?")
        terminal.wait("^Moving", "^Filters")
        lines = terminal.lines()[terminal.lines().index("Moving"):]
        assert max(map(len, lines)) <= 80, max(lines, key=len)
        terminal.keys("q", "q")
        terminal.wait("^status=0$")


def test_mouse():
    with on_logs() as terminal:
        terminal.until("mouse", lambda: terminal.flag("mouse_any_flag") == "1")
        terminal.keys("g")
        terminal.wait("^ 1/200")
        terminal.tmux("send-keys", "-l", "\x1b[M" + "".join(chr(32 + c) for c in (0, 10, 6)))
        terminal.wait_row("n=3 ")
        terminal.tmux("send-keys", "-l", "\x1b[M" + "".join(chr(32 + c) for c in (65, 10, 6)))
        terminal.wait_row("n=6 ")
        # the wheel scrolls the page while there is one
        terminal.keys("?")
        terminal.wait("^Moving")
        terminal.tmux("send-keys", "-l", "\x1b[M" + "".join(chr(32 + c) for c in (65, 10, 6)))
        terminal.wait_gone("^Moving")
        terminal.keys("q", "m")
        terminal.wait_row("n=6 ")
        terminal.until("no mouse", lambda: terminal.flag("mouse_any_flag") == "0")
        terminal.wait("select text")
        terminal.keys("m")
        terminal.until("mouse", lambda: terminal.flag("mouse_any_flag") == "1")


def test_resize():
    with on_logs() as terminal:
        terminal.keys("Enter")
        for width, height in [(120, 40), (30, 10), (20, 5), (10, 3), (200, 60), (80, 24)]:
            resize(terminal, width, height)
        terminal.wait_row("n=199 ")


def test_several_files():
    """Merged by time; each event once."""
    files = [logs("a.bin", 100, 7), logs("b.bin", 100, 8, 500), logs("c.bin", 150, 7)]
    with on_screen(*files, shows=["3 files", "^ 250/250 "]) as terminal:
        terminal.keys("g")
        terminal.wait("^ 1/250")
        numbers = re.findall(r"\bn=(\d+)", terminal.text())
        assert numbers[:8] == ["0", "0", "1", "1", "2", "2", "3", "3"], numbers
        terminal.wait(r"LEVEL PID THREAD +WHERE", r"DEBUG 7 main +clock", r"DEBUG 8 main +clock")
        terminal.keys("Enter")
        terminal.wait(r"^ file +\S*/a.bin")
        terminal.keys("j")
        terminal.wait(r"^ file +\S*/b.bin")


# ---- Hostile and damaged ----


def threads_file(name, threads):
    """One event of each thread."""
    header = {"clock": {"mono_ns": make.MONO, "real_ns": make.REAL}, "pid": 7, "host": "h", "comm": "pool"}
    snapshot = make.Snapshot(header, [make.site("event", "INFO", "tick", "Tick", 1, [("n", "u64")], "pool")],
                             [{"pid": pid, "tid": tid, "comm": comm} for pid, tid, comm in threads],
                             {0: [make.array("Q")]})  # fmt: skip
    snapshot.chunk([(make.MONO + i, 0, i, [i]) for i in range(len(threads))])
    snapshot.end()
    return snapshot.save(path_of(name))


def test_thread_names_that_repeat():
    """The tid comes before the names; not if names tell the threads apart."""
    pool = threads_file("pool.bin", [(7, 7, "main"), (7, 1234, "worker"), (7, 1235, "worker")])
    with on_screen(pool, shows=["TID THREAD +WHERE", " 1235 worker +pool:tick +Tick n=2", "    7 main "]):
        pass
    apart = threads_file("apart.bin", [(7, 7, "main"), (7, 1234, "worker-1"), (7, 1235, "worker-2")])
    with on_screen(apart, shows=[r"INFO +worker-2 +pool:tick +Tick n=2", r"LEVEL +THREAD +WHERE"]):
        pass
    # the same thread in two files is one
    other = threads_file("other.bin", [(7, 7, "main"), (7, 1234, "worker-1")])
    with on_screen(apart, other, shows=[r"INFO +worker-2 ", r"LEVEL +THREAD +WHERE"]):
        pass


def test_hostile_text():
    """No control character reaches the terminal, and widths are counted right."""
    texts = ["\x1b[2J\x1b]0;owned\x07\x1b[31mred", "a\tb\r\nc\x00d", "\u202eabc\u202c", "\u5b57\u5b57\u5b57 wide",
             "e\u0301\u0301\u0301\u0301\u0301 marks", "\U0001f600 face", "x" * 4000]  # fmt: skip
    sites = [make.site("event", "INFO", "p\x1b[5m", "M \x1b[7mtext", 1, [("k\x1b[1m", "str"), ("end", "str")], "t\x1bc")]
    header = {"clock": {"mono_ns": make.MONO, "real_ns": make.REAL}, "pid": 1, "host": "h", "comm": "c\x1b[8m",
              "exe": "/bin/x", "reason": "r\x1b[2J", "created_at": "\x1bc", "exit": {"signal": "S\x1b[2J"}}  # fmt: skip
    snapshot = make.Snapshot(header, sites, [{"pid": 1, "tid": 1, "comm": "t\x1b[2J"}], {0: [make.plain] * 2})
    snapshot.chunk([(make.MONO + i, 0, 0, [text, "END"]) for i, text in enumerate(texts)])
    snapshot.end()
    path = snapshot.save(path_of("hostile\x1b[31m.bin"))
    with Terminal(200, 24) as terminal:
        title = terminal.flag("pane_title")
        terminal.view(path)
        terminal.wait("^ 7/7", r"hostile\\x1b\[31m.bin", r"M \\x1b\[7mtext")
        screen = terminal.text()
        for shown in [r"\x1b[2J\x1b]0;owned\x07", r"a\tb\r\nc\x00d", r"\u202eabc\u202c", "\u5b57\u5b57\u5b57 wide", "e\u0301\u0301 marks"]:
            assert shown in screen, (shown, screen)
        assert terminal.flag("pane_title") == title
        lines = [line for line in screen.split("\n") if "wide" in line or "marks" in line or "face" in line]
        assert len(lines) == 3 and all(line.endswith('end=END') for line in lines), lines
        terminal.keys("Enter", "i")
        terminal.wait(r"reason +r\\x1b\[2J")
        terminal.keys("i", "k", "k")
        terminal.wait(r"^ k\\x1b\[1m +")
        assert not re.search("[\x00-\x09\x0b-\x1f]", terminal.text())
        terminal.quit()
    with Terminal(200, 24, lang="C") as terminal:
        terminal.view(path)
        terminal.wait("^ 7/7", r"\?\?\? wide")
        terminal.quit()


def test_damaged():
    """The readable part is shown, and the errors; the status says so."""
    with open(logs(), "rb") as file:
        data = file.read()
    with open(path_of("cut.bin"), "wb") as file:
        file.write(data[: len(data) * 2 // 3])
    shows = ["^ 1[05]0/1[05]0 ", "not whole: cut: what begins at byte"]
    with on_screen(path_of("cut.bin"), shows=shows, status=1) as terminal:
        terminal.keys("i")
        terminal.wait("there is no end: the file is cut or damaged")
        terminal.keys("i")
    with Terminal() as terminal:
        terminal.view(SMALL, "/nonexistent")
        terminal.wait("8/8", "not whole")
        terminal.quit(1)
        terminal.wait("/nonexistent: No such file")
    with open(path_of("none.bin"), "wb") as file:
        file.write(b"nothing")
    with on_screen(path_of("none.bin"), shows=["There are no events", "not whole"], status=1) as terminal:
        terminal.keys("j", "G", "e", "n", "b", "B", "x", "r", "Enter", "i", "i", "l", "c", "f", "Space", "/")
        terminal.type("x\n")
        terminal.wait("no match further down")


def test_usage():
    for args in ["--limit 1", "--head 1", "--format json", "-o x"]:
        result = subprocess.run([VIEW, "--interactive", *args.split(), SMALL], capture_output=True, timeout=DEADLINE_S)
        assert result.returncode == 2, args
    result = subprocess.run([VIEW, "--interactive", SMALL], capture_output=True, timeout=DEADLINE_S, stdin=subprocess.DEVNULL)
    assert result.returncode == 2 and b"needs a terminal" in result.stderr and not result.stdout, result
    with Terminal() as terminal:
        terminal.type("export TERM=nonsense\n")
        terminal.view(SMALL)
        terminal.wait("^status=2$", "nothing is known of the terminal 'nonsense'")
        terminal.type("export TERM=dumb\n")
        terminal.view(SMALL)
        terminal.wait("^status=2$", "the terminal 'dumb' can't move its cursor")
        terminal.type("unset TERM\n")
        terminal.view(SMALL)
        terminal.wait("^status=2$", "TERM is not set")
        assert "nothing is known of the terminal ''" not in terminal.text()


def test_terminal_without_another_screen():
    """The shell continues on an empty line."""
    with Terminal() as terminal:
        terminal.type("export TERM=vt100\n")
        terminal.view(SMALL)
        terminal.wait("8/8", "q:quit")
        terminal.quit()


def test_no_events():
    shows = ["There are no events", "^ TIME \\(UTC\\) +LEVEL THREAD WHERE MESSAGE"]
    with on_screen(logs("empty.bin", 0), shows=shows) as terminal:
        terminal.keys("p")
        terminal.wait("^ THREAD +EVENTS$", "^ 7/7 main +0$")
        terminal.keys("p", "o")
        terminal.wait("in 0 groups")
        terminal.keys("o", "x")
        terminal.wait("nothing crashed")


if __name__ == "__main__":
    run(globals())
