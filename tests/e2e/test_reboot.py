# SPDX-License-Identifier: MIT
"""Rings that outlive a reboot: they lie on a disk, and the machine was switched off."""
import glob
import os
import signal
from datetime import datetime, timedelta, timezone

from harness import check, equal, wait_until

DAY_NS = 86400 * 10**9
OTHER_BOOT = "00000000-1111-4222-8333-444444444444"


def leave_ring(t):
    """A collector is killed that has 20 events of a program, which runs on."""
    t.rings_may_stay = True
    app = t.start(t.app("crash"), "--wait", 2, 10)
    app.out.wait("start")
    collector = t.collect("--immediate", "-p", app.pid)
    collector.recording(app.pid)
    app.say()
    app.out.wait("ready")
    (ring,) = wait_until(lambda: glob.glob("/run/ttlog/*-*/*.ring"), "a ring")
    # for a snapshot it first pulls the program's batches into the ring
    collector.signal(signal.SIGUSR1)
    (first,) = t.wait_files(1)
    collector.signal(signal.SIGKILL)
    collector.end(-signal.SIGKILL)
    os.unlink(first)
    return app, ring


def forge_boot(ring):
    """Changes the ring as if it was made a day earlier, in another boot."""
    path = os.path.join(os.path.dirname(ring), "boot")
    with open(path, encoding="ascii") as file:
        boot, offset = file.read().split()
    with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
        equal(boot, file.read().strip(), "boot id")
    with open(path, "w", encoding="ascii") as file:
        file.write(f"{OTHER_BOOT} {int(offset) - DAY_NS}\n")


def recover(t, app):
    """The messages of the next collector about it, which records another program."""
    collector = t.collect("-e", t.app("trade"))
    collector.recording_path(t.path("trade"))
    collector.stop()
    app.signal(signal.SIGKILL)
    app.end(-signal.SIGKILL)
    return collector.err.text()


def test_reboot_of_this_boot(t):
    start = datetime.now(timezone.utc)
    app, ring = leave_ring(t)
    text = recover(t, app)
    check(f"had of pid {app.pid}: 20 emitted, 20 recorded, 0 lost" in text, text)
    check(not os.path.exists(ring), "the ring is still there")
    check_times(t.only_snapshot(), start, timedelta(0))


def test_reboot_of_an_earlier_boot(t):
    """Wall times are those of the earlier boot."""
    start = datetime.now(timezone.utc)
    app, ring = leave_ring(t)
    forge_boot(ring)
    text = recover(t, app)
    check(f"had of pid {app.pid}: 20 emitted, 20 recorded, 0 lost" in text, text)
    check_times(t.only_snapshot(), start, timedelta(days=1))


def check_times(snapshot, start, earlier):
    equal((len(snapshot.events), snapshot.info["reason"]), (20, "recovered"), "events")
    for event in snapshot.events:
        at = datetime.fromisoformat(event["ts"][:26] + "+00:00")
        check(start <= at + earlier <= datetime.now(timezone.utc), f"{at}, not since {start}")
    created = datetime.fromisoformat(snapshot.info["created_at"][:26] + "+00:00")
    check(start <= created, f"created at {created}")
    # that of the clock of the earlier boot was never asked for
    equal("clock_error_ns" in snapshot.info, not earlier, "whether it says how wrong its clock may be")


def test_reboot_took_part_of_the_ring(t):
    """A part of the ring did not get to the disk before the machine was switched off: it is
    missing, and a message says so."""
    app, ring = leave_ring(t)
    forge_boot(ring)
    os.truncate(ring, os.stat(ring).st_size // 2)
    text = recover(t, app)
    check(f"ttlog-collect: {ring} is of an earlier boot and damaged: its events are lost" in text,
          text)
    equal(t.files(), [], "snapshots")
    check(not os.path.exists(ring), "the ring is still there")
