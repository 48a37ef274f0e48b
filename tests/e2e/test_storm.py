# SPDX-License-Identifier: MIT
"""Many crashes at once, and things that must not hold them up: core dumps and disks that hang."""
import contextlib
import json
import os
import re
import signal
import subprocess

from harness import Skip, Snapshot, alone, check, equal, kernel_setting, view

# Their stacks fit into the half of the `lifecycle` ring buffer that stacks may fill, with any slow
# reader.
CHILDREN, EVENTS = 250, 20
# The memory of a crash while it waits to be written: its stack (64 KiB), its accounts and tables.
BYTES_EACH = 160 << 10


def memory_of(pid):
    """Its greatest size so far, in bytes."""
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return int(re.search(r"VmHWM:\s+(\d+) kB", status.read())[1]) << 10


def start_storm(t, children, events=EVENTS, *options):
    """The collector and the program, which waits with its children for a byte."""
    path = t.app("storm")
    collector = t.collect("-e", path, *options)
    collector.recording_path(path)
    storm = t.start(path, children, events)
    storm.out.wait("ready")
    return collector, storm


def end_storm(storm):
    """When each child was gone, by pid."""
    storm.say()
    storm.end()
    return {int(pid): int(ns) for pid, ns in map(str.split, storm.out.all()[1:])}


@alone
def test_storm_is_written(t):
    """Hundreds at once, and some are gone before the collector learns of them. Each has its
    snapshot with its stack and all its events, and its accounts; and they do not pile up in
    memory."""
    collector, storm = start_storm(t, CHILDREN)
    before = memory_of(collector.pid)
    gone = end_storm(storm)
    equal(len(gone), CHILDREN, "crashes")
    accounts = {pid: collector.accounts_of(pid) for pid in gone}
    grown = memory_of(collector.pid) - before
    collector.stop()
    files = {}
    for pid, account in accounts.items():
        equal((account.emitted, account.recorded, account.lost, account.overwritten),
              (EVENTS, EVENTS, 0, 0), f"accounts of {pid}")
        equal(len(account.files), 1, f"snapshots of {pid}")
        files[pid] = account.files[0]
    equal(sorted(files.values()), sorted(f for f in t.files() if "-crash" in f), "snapshots")
    check(grown < CHILDREN * BYTES_EACH, f"{grown} bytes more for {CHILDREN} crashes")
    check_storm_events(list(files.values()), gone)
    for pid in list(gone)[::50]:
        check_storm_stack(files[pid])


def check_storm_events(files, pids):
    logged = {}
    for line in view("--format", "json", *files).splitlines():
        event = json.loads(line)
        logged.setdefault(event["pid"], []).append(tuple(event["fields"].values()))
    equal(sorted(logged), sorted(pids), "processes with events")
    children = {events[0][0] for events in logged.values()}
    equal(len(children), len(pids), "children")
    for pid, events in logged.items():
        equal(events, [(events[0][0], event) for event in range(EVENTS)], f"events of {pid}")


def check_storm_stack(file):
    snapshot = Snapshot(file)
    equal(snapshot.info["reason"], "crash", "reason")
    names = [frame.get("symbol", "?").split("+")[0] for frame in snapshot.info["crash"]["frames"]]
    equal(names[:3], ["inner", "middle", "outer"], f"stack in {file}")


@alone
def test_storm_core_helper_that_hangs(t):
    """The kernel keeps a crashed process until the helper of core_pattern has its core, and this
    helper reads nothing. The snapshot is there all the same; and it is the only one."""
    helper, started, over = t.path("helper"), t.path("started"), t.path("over")
    os.mkfifo(over)
    with open(helper, "w", encoding="utf-8") as script:
        script.write(f"#!/bin/sh\n: > {started}\nread line < {over}\n")
    os.chmod(helper, 0o755)
    with kernel_setting("core_pattern", f"|{helper}"):
        collector = t.collect("--", t.app("crash"), 8, 100, "SEGV")
        pid, _ = collector.recording()
        try:
            (path,) = t.wait_files(1)
            check(os.path.exists(started), "no core was dumped")
            with open(f"/proc/{pid}/status", encoding="utf-8") as status:
                check("CoreDumping:\t1" in status.read(), f"{pid} is not being dumped")
            check(collector.runs(), "the collector has ended")
        finally:
            with open(over, "w", encoding="utf-8") as fifo:
                fifo.write("\n")
        collector.end(128 + signal.SIGSEGV)
    accounts = collector.only_accounts()
    equal((accounts.emitted, accounts.lost, accounts.files), (800, 0, [path]), "accounts")
    snapshot = t.only_snapshot()
    equal(len(snapshot.events), 800, "events")
    equal((snapshot.info["reason"], snapshot.info["exit"]["signal"]), ("crash", "SIGSEGV"), "end")


@contextlib.contextmanager
def disk(t, name):
    """A file system of its own, and functions to make it hang and go on."""
    image, where = t.path(name + ".img"), t.path(name)
    os.mkdir(where)
    with open(image, "wb") as file:
        file.truncate(32 << 20)
    for command in (["mkfs.ext4", "-q", image], ["mount", "-o", "loop", image, where]):
        done = subprocess.run(command, capture_output=True, check=False)
        if done.returncode:
            raise Skip(f"{' '.join(command)}: {done.stderr.decode()}")
    freeze = lambda how: subprocess.run(["fsfreeze", how, where], check=True)
    try:
        yield where, freeze
    finally:
        subprocess.run(["fsfreeze", "--unfreeze", where], capture_output=True, check=False)


@alone
def test_storm_disk_that_hangs(t):
    """Nothing can be written for a while. Crashes and events of that time are all there when the
    disk goes on."""
    with disk(t, "disk") as (where, freeze):
        path = t.app("storm")
        out = os.path.join(where, "out")
        collector = t.collect("-o", out, "-e", path, out=False)
        collector.recording_path(path)
        storm = t.start(path, 20, EVENTS)
        storm.out.wait("ready")
        freeze("--freeze")
        gone = end_storm(storm)
        # as many again while those wait for the disk, of the same collector
        busy = t.start(path, 20, 5000)
        busy.out.wait("ready")
        more = end_storm(busy)
        equal(t.files(out), [], "snapshots on a disk that hangs")
        check(not any("emitted" in line for line in collector.err.lines), "accounts before files")
        freeze("--unfreeze")
        for pid in gone:
            check_account(collector.accounts_of(pid), EVENTS)
        for pid in more:
            check_account(collector.accounts_of(pid), 5000)
        collector.stop()
        check_storm_events([f for f in t.files(out) if int(os.path.basename(f).split("-")[1]) in gone],
                           gone)
        subprocess.run(["umount", where], check=True)


def check_account(account, events):
    equal((account.emitted, account.recorded, account.lost, account.overwritten),
          (events, events, 0, 0), f"accounts of {account.pid}")
    equal(len(account.files), 1, f"snapshots of {account.pid}")
