# SPDX-License-Identifier: MIT
"""A collector in a memory cgroup: it stays within the limit, or says why it does not start. If the
kernel kills it all the same, the next collector recovers what it had recorded."""
import os
import re
import signal

from harness import check, equal, view
from memory_group import MIB, join, memory_group, used_bytes

EVENTS = 600000  # some 32 MB of a ring


def start(t, group, *args):
    """The program, and the collector in the cgroup."""
    app = t.start(t.app("trade"), "--wait", 1, EVENTS)
    app.out.wait("ready")
    collector = t.collect(*args, "-p", app.pid, preexec_fn=lambda: join(group, os.getpid()))
    return app, collector


def rest_bytes(t):
    """The collector's memory with nothing recorded."""
    with memory_group(None) as group:
        app, collector = start(t, group)
        collector.recording(app.pid)
        used = used_bytes(group)
        collector.stop()
    app.discard()
    return used


def log_all(app):
    app.say()
    app.out.wait("done")


def numbers_in(path):
    """How many events are in the file, and their smallest and largest number; each is there
    once."""
    query = "SELECT count(*), count(DISTINCT quantity), min(quantity), max(quantity) FROM events"
    lines = view("--sql", query, "--format", "csv", path).splitlines()
    count, distinct, least, most = map(int, lines[-1].split(","))
    equal(distinct, count, "different events")
    return count, least, most


def test_memory_group_is_kept_within(t):
    """Rings take half of what is left, though /run has more room: the newest events are there."""
    with memory_group(rest_bytes(t) + 40 * MIB) as group:
        app, collector = start(t, group)
        collector.recording(app.pid)
        log_all(app)
        app.signal(signal.SIGKILL)
        app.end(-signal.SIGKILL)
        accounts = collector.accounts_of(app.pid)
        collector.end()
    equal((accounts.emitted, accounts.recorded), (EVENTS, EVENTS), "emitted, recorded")
    check(accounts.overwritten > 0, "all of it had room")
    equal(numbers_in(accounts.files[-1]),
          (EVENTS - accounts.overwritten, accounts.overwritten, EVENTS - 1), "events")


def test_memory_group_is_too_small_for_its_rings(t):
    """With --max-memory: it says so, is killed, and no recorded event is lost."""
    t.rings_may_stay = True
    with memory_group(rest_bytes(t) + 24 * MIB) as group:
        app, collector = start(t, group, "--max-memory", "1G")
        collector.recording(app.pid)
        log_all(app)
        collector.end(-signal.SIGKILL)
    check(re.search(r"memory cgroup has \d+ MiB left, less than --max-memory", collector.err.text()),
          f"it says {collector.err.text()!r}")
    again = t.collect("-p", app.pid)
    again.recording(app.pid)
    match = again.err.wait(rf"ttlog-collect: a collector that was killed had of pid {app.pid}: "
                           r"(\d+) emitted, (\d+) recorded, (\d+) lost.*, 0 overwritten, (\S+)")
    app.say()
    app.end()
    again.end()
    emitted, recorded, lost = map(int, match.group(1, 2, 3))
    # events in the kernel's buffer are lost, but not those that the program had not flushed
    equal(emitted, recorded + lost, "emitted")
    equal(numbers_in(match[4]), (recorded, 0, emitted - 1), "events")
    check(recorded > 50000, f"{recorded} recorded")


def test_memory_group_at_the_start(t):
    """With each limit: it records, or says what it lacks, or the kernel kills it; the next
    collector records."""
    t.rings_may_stay = True
    outcomes = []
    for mib in (16, 24, 32, 48, 64, 512):
        with memory_group(mib * MIB) as group:
            app, collector = start(t, group, "-b", "16M", "-d", "20ms")
            status = collector.wait()
            lines = collector.err.all()
            app.discard()
        recorded = any(f"recording pid {app.pid}" in line for line in lines)
        said = any("Cannot allocate memory" in line for line in lines)
        equal((status, recorded, said) in ((0, True, False), (1, False, True)) or
              status == -signal.SIGKILL, True, f"with {mib} MiB: status {status}, {lines}")
        outcomes.append(status)
    check(outcomes[0] != 0, "16 MiB for a buffer of 16 MiB")
    equal(outcomes[-1], 0, "status with 512 MiB")
    check(not os.path.isdir("/run/ttlog") or not os.listdir("/run/ttlog"), "the last one has tidied up")
