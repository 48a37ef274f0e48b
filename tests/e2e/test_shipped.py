# SPDX-License-Identifier: MIT
"""--keep-until-shipped: what ttlog-ship has not proven to be elsewhere stays, as long as the disk lets it."""
import os
import signal
import subprocess

from harness import COLLECT, NOBODY, check, equal, wait_until
from ship_fixture import start_server, start_ship, stop, url_of, wait_audited


def crash(t, *options):
    """One crash; the collector, which has ended."""
    program = t.app("crash")
    collector = t.collect("-v", *options, "-e", program)
    collector.recording_path(program)
    app = t.start(program, 2, 10, "SEGV")
    app.end(-signal.SIGSEGV)
    collector.accounts_of(app.pid)
    collector.stop()
    collector.err.all()
    return collector


def names(t):
    return sorted(name for name in os.listdir(t.out) if name.startswith("ttlog-"))


def marks(t):
    """What ttlog-ship says is shipped."""
    path = t.path("state/shipped")
    return sorted(os.listdir(path)) if os.path.isdir(path) else []


def until_shipped(t, *options):
    return "--max-snapshots", 1, f"--keep-until-shipped={t.path('state')}", *options


def test_shipped_and_not(t):
    """With a real server: a shipper that is down costs no file, and what is audited goes first."""
    server = start_server(t)
    crash(t)
    (first,) = names(t)
    ship = start_ship(t, "--to", url_of(server.port), "--audit-after", "1ms")
    wait_until(lambda: marks(t) == [first], "the first file is shipped")
    wait_audited(t, 1)
    stop(ship)
    collector = crash(t, *until_shipped(t))
    (second,) = names(t)
    check(f"deleted {t.out}/{first} (--max-snapshots)" in collector.err.text(), "the first one went")
    for _ in range(2):
        crash(t, *until_shipped(t))
    equal(len(names(t)), 3, "files while the shipper is down")
    check(second in names(t), "the second one is not shipped")
    # what a file needs: --max-disk wins, and it is said
    size = max(os.stat(os.path.join(t.out, name)).st_size for name in names(t))
    collector = crash(t, *until_shipped(t, "--max-disk", 2 * size + size // 2))
    equal(len(names(t)), 2, "files that fit")
    check(" files were deleted before they were shipped, the last one " in collector.err.text(), "losses")
    ship = start_ship(t, "--to", url_of(server.port), "--audit-after", "1ms")
    wait_until(lambda: marks(t) == names(t), "all are shipped, and no other")
    crash(t, *until_shipped(t))
    equal(len(names(t)), 1, "files once all are shipped")
    wait_until(lambda: marks(t) == names(t), "the last one is shipped; those that went are forgotten")
    stop(ship)
    # another place, which has none
    ship = start_ship(t, "--to", url_of(server.port), "--to", url_of(server.port, "other"), "--audit-after", "1h")
    wait_until(lambda: marks(t) == [], "not at all places")
    stop(ship)


def hostile(t, kind):
    state, shipped = t.path("state"), t.path("state/shipped")
    os.makedirs(state)
    if kind == "symlink":
        os.symlink(t.out, shipped)
    elif kind == "fifo":
        os.mkfifo(shipped)
    elif kind == "huge":
        with open(shipped, "wb") as file:
            file.truncate(1 << 40)
    else:
        os.mkdir(shipped)
        for name in names(t):
            os.symlink(t.out, os.path.join(shipped, name))
        os.mkfifo(os.path.join(shipped, "ttlog-1-20261130143304123-crash.bin"))
        for i in range(200):
            os.mkdir(os.path.join(shipped, f"{i}\x1b[2J"))
    for path in (state, *([shipped] if kind == "garbage" else [])):
        os.chown(path, NOBODY, NOBODY)


def hostile_ledger(t, kind, error):
    crash(t)
    hostile(t, kind)
    collector = crash(t, *until_shipped(t))
    equal(len(names(t)), 2, "files")
    said = f"--keep-until-shipped: can't read {t.path('state')}/shipped: "
    equal(said + error in collector.err.text() if error else said not in collector.err.text(), True,
          collector.err.text())  # fmt: skip
    crash(t, *until_shipped(t, "--max-disk", 1))
    equal(len(names(t)), 1, "files within --max-disk")


def test_shipped_ledger_is_a_link(t):
    """To the output directory itself, in which all names are."""
    hostile_ledger(t, "symlink", "Not a directory")


def test_shipped_ledger_is_a_fifo(t):
    hostile_ledger(t, "fifo", "Not a directory")


def test_shipped_ledger_is_a_huge_file(t):
    hostile_ledger(t, "huge", "Not a directory")


def test_shipped_ledger_is_garbage(t):
    hostile_ledger(t, "garbage", None)


def test_shipped_check(t):
    """--check says that it can't be read, and needs it not."""
    done = subprocess.run([COLLECT, "--check", f"--keep-until-shipped={t.path('state')}"],
                          stdout=subprocess.PIPE, text=True, check=True)  # fmt: skip
    (line,) = [line for line in done.stdout.splitlines() if "what is shipped can be read" in line]
    check(line.startswith("missing") and "No such file or directory" in line, line)


def test_shipped_without_a_limit_of_the_disk(t):
    """It is said that files may fill it."""
    os.makedirs(t.path("state/shipped"))
    check("may fill the disk" in crash(t, *until_shipped(t)).err.text(), "without --max-disk")
    check("may fill the disk" not in crash(t, *until_shipped(t, "--keep-free", "1%")).err.text(), "with --keep-free")
