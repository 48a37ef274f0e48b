#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Output appears whole or not at all, and an existing file stays: view_output.py TTLOG-VIEW."""
import os
import signal
import stat
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, "tests")
sys.dont_write_bytecode = True

from view_harness import DEADLINE_S, VIEW, run, view  # noqa: E402

GOLDEN = "tests/golden/golden.bin"
# each event comes forty times, so that the signal comes before the end
LONG = ["tests/golden/v1-crash.bin"] * 40
KEPT = b"what was there\n"
WAYS = {
    "json": lambda path: ["--format", "json", "-o", path],
    "html": lambda path: ["--format", "html", "-o", path],
    "text": lambda path: ["-o", path],
    "sql": lambda path: ["-o", path, "--sql", "SELECT count(*), max(msg) FROM events"],
    "stats": lambda path: ["--stats", "-o", path],
    "ctf": lambda path: ["--format", "ctf", "-o", path],
    "sqlite": lambda path: ["--to-sqlite", path],
}
APART = ("ctf", "sqlite")  # never replaces anything


def read(path):
    with open(path, "rb") as file:
        return file.read()


def kept(folder):
    path = os.path.join(folder, "kept")
    with open(path, "wb") as file:
        file.write(KEPT)
    return path


def test_nothing_could_be_read():
    for name, way in WAYS.items():
        with tempfile.TemporaryDirectory() as folder:
            path = kept(folder)
            for files in (["/nonexistent"], ["/dev/null", "tests/README.md"], [folder]):
                result = subprocess.run([VIEW, *way(path), *files], capture_output=True, timeout=DEADLINE_S)
                assert result.returncode == 1 and result.stderr, (name, files, result)
                assert read(path) == KEPT and os.listdir(folder) == ["kept"], (name, files)
                new = os.path.join(folder, "new")
                subprocess.run([VIEW, *way(new), *files], capture_output=True, timeout=DEADLINE_S)
                assert os.listdir(folder) == ["kept"], (name, files)


def test_what_could_be_read_is_written():
    with tempfile.TemporaryDirectory() as folder:
        path = kept(folder)
        os.chmod(path, 0o640)
        link = os.path.join(folder, "link")
        os.symlink("kept", link)
        view("--format", "json", "-o", link, GOLDEN, "/nonexistent", status=1)
        assert os.path.islink(link) and read(path) == view("--format", "json", GOLDEN).encode()
        assert stat.S_IMODE(os.stat(path).st_mode) == 0o640
        mask = os.umask(0o027)
        try:
            view("-o", os.path.join(folder, "new"), GOLDEN)
        finally:
            os.umask(mask)
        assert stat.S_IMODE(os.stat(os.path.join(folder, "new")).st_mode) == 0o640
        view("-o", "/dev/null", GOLDEN)
        assert sorted(os.listdir(folder)) == ["kept", "link", "new"]


def test_mistakes_leave_it():
    with tempfile.TemporaryDirectory() as folder:
        path = kept(folder)
        view("-o", path, "--sql", "SELECT nonsense FROM events", GOLDEN, status=2)
        # a disk that is full
        result = subprocess.run(["bash", "-c", 'ulimit -f 1; trap "" XFSZ; exec "$0" --format json -o "$1" "$2"', VIEW,
                                 path, "tests/golden/packed.bin"], capture_output=True, timeout=DEADLINE_S)  # fmt: skip
        assert result.returncode == 1, result
        assert read(path) == KEPT and os.listdir(folder) == ["kept"]


def has_begun(pid, folder):
    """Whether it has an unnamed file in the folder open."""
    for fd in os.listdir("/proc/%d/fd" % pid):
        try:
            if os.readlink("/proc/%d/fd/%s" % (pid, fd)).startswith(folder):
                return True
        except FileNotFoundError:
            pass
    return False


def interrupt(way, folder, path, number):
    child = subprocess.Popen([VIEW, *way(path), *LONG], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    end = time.monotonic() + DEADLINE_S
    while child.poll() is None and not has_begun(child.pid, folder):
        assert time.monotonic() < end, "it has not begun"
    child.send_signal(number)
    return child.wait(timeout=DEADLINE_S)


def test_signals_leave_nothing():
    for name, way in WAYS.items():
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)[: 3 if name in APART else 1]:
            with tempfile.TemporaryDirectory() as folder:
                path = os.path.join(folder, "new") if name in APART else kept(folder)
                before = os.listdir(folder)
                status = interrupt(way, folder, path, number)
                assert status == -number, (name, number, status)
                assert os.listdir(folder) == before, (name, number, os.listdir(folder))
                assert name in APART or read(path) == KEPT, name


run(globals())
