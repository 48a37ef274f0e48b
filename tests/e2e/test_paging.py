# SPDX-License-Identifier: MIT
"""Batches whose pages the kernel takes away: by swapping, or by NUMA balancing, which checks who
uses a page."""
import contextlib
import ctypes
import os
import signal
import struct
import subprocess

from harness import Skip, Snapshot, alone, equal, kernel_setting, wait_until

SWAP_BYTES = 16 << 20
BATCH_BYTES = 32768
PAGE_BYTES = os.sysconf("SC_PAGESIZE")
PRESENT, SWAPPED = 1 << 63, 1 << 62
SYS_PROCESS_MADVISE, MADV_PAGEOUT = 440, 21
# events of 16 bytes: half a buffer
SOME = 1000

libc = ctypes.CDLL(None, use_errno=True)


class Iovec(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("len", ctypes.c_size_t)]


@contextlib.contextmanager
def swap(t):
    """A swap file for as long as it is needed."""
    path = t.path("swap")
    with open(path, "wb") as file:
        os.fchmod(file.fileno(), 0o600)
        os.posix_fallocate(file.fileno(), 0, SWAP_BYTES)
    for argv in (["mkswap", path], ["swapon", path]):
        done = subprocess.run(argv, capture_output=True, check=False)
        if done.returncode:
            raise Skip(f"{' '.join(argv)}: {done.stderr.decode().strip()}")
    try:
        yield
    finally:
        subprocess.run(["swapoff", path], check=True)
        os.unlink(path)


def pages(pid, address):
    """The words of /proc/PID/pagemap of a batch's first pages."""
    count = BATCH_BYTES // PAGE_BYTES
    with open(f"/proc/{pid}/pagemap", "rb", buffering=0) as file:
        data = os.pread(file.fileno(), 8 * count, address // PAGE_BYTES * 8)
    return struct.unpack(f"={count}Q", data)


def page_out(pid, address):
    """Pages the batch out. Whether none of its pages is in memory then."""
    pidfd = os.pidfd_open(pid)
    try:
        done = libc.syscall(SYS_PROCESS_MADVISE, pidfd,
                            ctypes.byref(Iovec(address, BATCH_BYTES)), ctypes.c_size_t(1),
                            MADV_PAGEOUT, 0)
        if done < 0:
            raise Skip(f"process_madvise: {os.strerror(ctypes.get_errno())}")
    finally:
        os.close(pidfd)
    return all(page & SWAPPED and not page & PRESENT for page in pages(pid, address))


def log(app):
    """Logs the next events; returns the address of the batch."""
    done = len(app.out.lines)
    app.say()
    return int(app.out.wait(r"batch (\d+)", after=done)[1])


def start(t, *args):
    app = t.start(t.app("paged"), SOME, *args)
    app.out.wait("start")
    collector = t.collect("--on", "crash,killed,exit", "-p", app.pid)
    collector.recording(app.pid)
    return app, collector


def check_all(collector, app, count):
    collector.end()
    accounts = collector.accounts_of(app.pid)
    equal((accounts.emitted, accounts.recorded, accounts.lost), (count, count, 0), "accounts")
    snapshot = Snapshot(accounts.files[-1])
    equal(snapshot.fields("step", "count"), list(range(count)), "events")


@alone
def test_paging_flush_of_swapped_pages(t):
    """A flush is complete, though each page of the batch was swapped out."""
    with swap(t):
        app, collector = start(t)
        address = log(app)
        for _ in range(5):
            wait_until(lambda a=address: page_out(app.pid, a), "its pages are gone")
            address = log(app)
        app.close_stdin()
        app.end()
        check_all(collector, app, 6 * SOME)


@alone
def test_paging_death_with_swapped_pages(t):
    """The head of a batch is in memory, its first records are not: what can't be copied is
    counted."""
    with swap(t):
        app, collector = start(t)
        address = log(app)
        wait_until(lambda: page_out(app.pid, address), "its pages are gone")
        log(app)
        app.signal(signal.SIGKILL)
        app.end(-signal.SIGKILL)
        collector.end()
        accounts = collector.accounts_of(app.pid)
        equal(accounts.emitted, 2 * SOME, "emitted")
        # read a moment before, or lost
        equal(accounts.causes.get("fault", 0), accounts.lost, "lost")
        equal(len(Snapshot(accounts.files[-1]).events), accounts.recorded, "events")


@alone
def test_paging_tail_in_swapped_pages(t):
    """The collector reads an idle thread's batch before its pages go, so that its death loses
    nothing."""
    with swap(t):
        app, collector = start(t)
        address = log(app)
        wait_until(lambda: page_out(app.pid, address), "its pages are gone")
        # a read brings the pages back: the collector's
        last = SOME * 16 // PAGE_BYTES
        wait_until(lambda: all(page & PRESENT for page in pages(app.pid, address)[:last]),
                   "its pages were read")
        page_out(app.pid, address)
        app.signal(signal.SIGKILL)
        app.end(-signal.SIGKILL)
        check_all(collector, app, SOME)


def scans(pid):
    """How often NUMA balancing went through all pages of a process."""
    with open(f"/proc/{pid}/sched", encoding="ascii") as file:
        line = next((line for line in file if "numa_scan_seq" in line), None)
    if line is None:
        raise Skip("/proc/PID/sched does not tell of NUMA balancing")
    return int(line.split(":")[1])


@alone
def test_paging_numa_balancing(t):
    """Pages that can't be accessed until the kernel has seen which CPU uses them."""
    with kernel_setting("numa_balancing", "1"):
        app, collector = start(t, "busy")
        log(app)
        for _ in range(3):
            # the first two scans take all pages, later ones those that were used
            before = scans(app.pid)
            wait_until(lambda b=before: scans(app.pid) > b, "NUMA balancing looks at it")
            log(app)
        app.close_stdin()
        app.end()
        check_all(collector, app, 4 * SOME)
