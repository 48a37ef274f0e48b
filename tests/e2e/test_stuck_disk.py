# SPDX-License-Identifier: MIT
"""A disk that accepts no more data: draining goes on, memory does not grow, and the snapshot is
whole."""
import glob
import json
import os
import re
import struct
import subprocess
from contextlib import contextmanager

from harness import COLLECT, Skip, check, equal, view, wait_until

RING_BYTES = 32 << 20
EVENT_BYTES = 24  # flood's events in the ring
RING_EVENTS = RING_BYTES // EVENT_BYTES
MORE_KIB = 16 << 10  # what writing a snapshot may take


@contextmanager
def disk(t):
    """Mounts a file system of its own on t.out."""
    image = t.path("image")
    os.mkdir(t.out)
    with open(image, "wb") as file:
        file.truncate(64 << 20)
    for command in (["mkfs.ext4", "-q", image], ["mount", "-o", "loop,nobarrier", image, t.out]):
        done = subprocess.run(command, capture_output=True, check=False)
        if done.returncode:
            raise Skip(f"{command[0]}: {done.stderr.decode().strip()}")
    os.rmdir(os.path.join(t.out, "lost+found"))
    try:
        yield
    finally:
        subprocess.run(["umount", t.out], check=True)


@contextmanager
def frozen(t):
    """Each process that writes to it waits, until it is thawed."""
    subprocess.run(["fsfreeze", "-f", t.out], check=True)
    try:
        yield
    finally:
        subprocess.run(["fsfreeze", "-u", t.out], check=True)


def own_kib(pid):
    """Resident memory without shared memory, which is the rings."""
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        sizes = dict(re.findall(r"^(\w+):\s*(\d+) kB", file.read(), re.M))
    return int(sizes["VmRSS"]) - int(sizes["RssShmem"])


def flooded(t):
    with open(t.path("counts"), "rb") as file:
        return struct.unpack("Q", file.read(8))[0]


def numbers(path):
    """The first and the last event of a snapshot, which must have all between them."""
    text = view("--sql", "SELECT count(*) AS cnt, min(n) AS first, max(n) AS last FROM events",
                "--format", "json", path)
    row = json.loads(text)
    equal(row["cnt"], row["last"] - row["first"] + 1, f"events in {path}")
    return row["first"], row["last"]


def watch_flood(t, collector):
    """Waits until the ring was written six times over; returns the most memory that the collector
    took."""
    end = flooded(t) + 6 * RING_EVENTS
    most = 0

    def is_over():
        nonlocal most
        most = max(most, own_kib(collector.pid))
        return flooded(t) >= end

    wait_until(is_over, "the ring is written six times over")
    return most


def test_stuck_disk(t):
    with disk(t):
        app = t.start(t.app("flood"), t.path("counts"), 1, 2000000)
        app.out.wait("ready")
        collector = t.collect("--on", "exit,request", "-s", RING_BYTES, "-p", app.pid)
        collector.recording(app.pid)
        wait_until(lambda: flooded(t) > 2 * RING_EVENTS, "the ring is full")
        before = own_kib(collector.pid)
        asked_at = flooded(t)
        with frozen(t):
            client = t.start(COLLECT, "--trigger", "stuck", "-p", app.pid)
            most = watch_flood(t, collector)
            check(client.runs(), "it has an answer, from a disk that takes nothing")
            equal(t.files(), [], "files on a disk that takes nothing")
        client.end()
        (stuck,) = client.out.all()
        first, last = numbers(stuck)
        # as many events as a ring holds without the heads of batches, and none of after the
        # trigger's time
        check(last - first > RING_EVENTS * 9 // 10, f"{last - first} events of {RING_EVENTS}")
        check(last > asked_at, f"it ends with {last}, and was asked for at {asked_at}")
        app.close_stdin()
        app.end()
        accounts = collector.end().only_accounts()
        check("memory" not in accounts.causes, f"lost: {accounts.causes}")
        equal(accounts.emitted, flooded(t), "emitted")
        equal(numbers(accounts.files[-1])[1], flooded(t), "the last event")
        check(most - before < MORE_KIB, f"{most - before} KiB while the disk is stuck")


def test_stuck_disk_while_thousands_end(t):
    """More crashes than may wait to be written: the rest stays in its rings until there is room."""
    forks = 4300  # 4,096 wait, two are being written
    with disk(t):
        collector = t.collect("--on", "exit", "-s", "512K", "-e", t.app("children"))
        collector.recording_path(t.path("children"))
        with frozen(t):
            t.start(t.path("children"), forks, 0).end()
            wait_until(lambda: len(glob.glob("/run/ttlog/*/*.ring")) >= 4098, "4,098 rings")
        accounts = collector.stop().all_accounts().values()
        equal(len(accounts), forks + 1, "processes")
        for one in accounts:
            equal((one.lost, len(one.files)), (0, 1), f"lost and files of {one}")
        equal(len(t.files()), forks + 1, "files")
