# SPDX-License-Identifier: MIT
"""What tests of the full screen share: files, and a terminal that shows them."""
import contextlib
import os
import sys
import tempfile

sys.path.insert(0, "tests")
sys.dont_write_bytecode = True

import make_snapshot as make  # noqa: E402
from tmux import Terminal  # noqa: E402
from view_harness import VIEW  # noqa: E402

FOLDER = tempfile.TemporaryDirectory(prefix="ttlog-screen-")
GOLDEN = "tests/golden/golden.bin"
SMALL = "tests/golden/small.bin"
Terminal.viewer = os.path.abspath(VIEW)


def path_of(name):
    return os.path.join(FOLDER.name, name)


def logs(name="logs.bin", count=200, pid=7, start=0, step=1000):
    """Events with the levels DEBUG, INFO and WARN in turn; two are ERROR; of two threads; the field
    n counts them."""
    with open(path_of("source.c"), "w") as file:
        file.write("\n" * 4 + "\tTTLOG_INFO(\"Tick\", \"n\", n); /* the line */\n")
    levels = ["DEBUG", "INFO", "WARN", "ERROR"]
    sites = [make.site("event", level, level.lower(), "Tick %s" % level, 5, [("n", "u64"), ("who", "str")], "clock")
             for level in levels]  # fmt: skip
    for site in sites:
        site["file"] = path_of("source.c")
    header = {"clock": {"mono_ns": make.MONO, "real_ns": make.REAL}, "pid": pid, "host": "h", "comm": "ticker",
              "exe": "/bin/ticker", "reason": "timer", "created_at": make.time_text(make.REAL)}  # fmt: skip
    threads = [{"pid": pid, "tid": pid + i, "comm": name} for i, name in enumerate(("main", "side"))]
    snapshot = make.Snapshot(header, sites, threads, {i: [make.array("Q"), make.plain] for i in range(4)})
    for at in range(0, count, 50):
        snapshot.chunk([
            (make.MONO + start + i * step, 3 if i in (60, 120) else i % 3, i % 2, [i, "n%03d" % i])
            for i in range(at, min(at + 50, count))
        ])  # fmt: skip
    snapshot.end()
    return snapshot.save(path_of(name))


@contextlib.contextmanager
def on_screen(*args, shows, size=(80, 24), status=0):
    """A terminal with these files, ready as soon as it shows all the patterns; at the end q quits,
    with that status."""
    with Terminal(*size) as terminal:
        terminal.view(*args)
        terminal.wait(*shows)
        yield terminal
        terminal.quit(status)


def on_logs(**how):
    return on_screen(logs(), shows=["^ 200/200 100%"], **how)


def resize(terminal, width, height):
    """Resizes, and waits until logs() are drawn in that size: the rest of a larger screen has no
    title or no hints."""
    terminal.tmux("resize-window", "-x", str(width), "-y", str(height))
    title, hints = " logs.bin"[:width], "?:help q:quit"[:width]

    def is_drawn():
        lines = terminal.lines()
        if height < 4:
            return lines == ["too small"] + [""] * height
        return len(lines) == height + 1 and lines[0].startswith(title) and lines[-2].startswith(hints)

    terminal.until("%dx%d" % (width, height), is_drawn)


def step_through(terminal, steps, row="n=%d "):
    """Presses keys; steps: pairs of a key and the row to which it leads."""
    for key, number in steps:
        terminal.keys(key)
        terminal.wait_row(row % number)
