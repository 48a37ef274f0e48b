# SPDX-License-Identifier: MIT
"""Without descriptors, memory or room in the kernel's tables: less is recorded, messages say so,
and the accounts are right."""
import json
import os
import re
import resource
import struct
import subprocess

from harness import COLLECT, Snapshot, check, equal, wait_until
from notes import Semaphores
from test_trade import check_trades


def limited(what, limit):
    return lambda: resource.setrlimit(what, (limit, limit))


def test_descriptors_at_the_start(t):
    """With every limit it records everything, or says why not; and the program goes on, with its
    sites off."""
    path = t.app("loops")
    app = t.start(path, 1000)
    app.out.wait("ready")
    semaphores = Semaphores(app.pid, path)
    outcomes = []
    for limit in list(range(4, 64, 10)) + [256]:
        done = subprocess.run([COLLECT, "-o", t.out, "-d", "20ms", "-p", str(app.pid)], check=False,
                              capture_output=True, preexec_fn=limited(resource.RLIMIT_NOFILE, limit))
        errors = done.stderr.decode()
        recorded = f"recording pid {app.pid}" in errors
        check(recorded or "Too many open files" in errors or
              "too few file descriptors" in errors, f"with {limit} descriptors it says {errors!r}")
        check(recorded or done.returncode, f"status {done.returncode} with {limit} descriptors")
        outcomes.append(recorded and done.returncode == 0)
        equal(semaphores.raised(), set(), f"semaphores after {limit} descriptors")
    equal((outcomes[0], outcomes[-1]), (False, True), "with 4 descriptors, and with 256")
    app.close_stdin()
    app.end()


def test_descriptors_run_out(t):
    """More processes than descriptors: all are recorded, in memory if need be."""
    path = t.app("trade")
    collector = t.collect("--on", "exit", "-s", "128K", "-e", path,
                          preexec_fn=limited(resource.RLIMIT_NOFILE, 80))
    collector.recording_path(path)
    apps = [t.start(path, "--wait", 1, 50) for _ in range(40)]
    for app in apps:
        app.out.wait("ready")
        app.say()
    for app in apps:
        app.out.wait("done")
    wait_until(lambda: "Too many open files" in collector.err.text(), "it says so")
    for app in apps:
        app.say()
        app.end()
    for app in apps:
        accounts = collector.accounts_of(app.pid)
        equal((accounts.emitted, accounts.recorded), (50, 50), f"accounts of {app.pid}")
    collector.signal(2)
    collector.wait()
    for path in t.files():
        check_trades(Snapshot(path).events, 1, 0, 50)


def test_memory_for_rings(t):
    """Events of processes without a ring are counted as lost, and the process that has one loses
    nothing."""
    path = t.app("trade")
    # at once, so that all want a ring while the others have theirs
    collector = t.collect("--on", "exit", "--immediate", "-s", "1G", "-b", "1M", "-e", path,
                          preexec_fn=limited(resource.RLIMIT_AS, 3 << 30))
    collector.recording_path(path)
    apps = [t.start(path, "--wait", 1, 50) for _ in range(5)]
    for app in apps:
        app.out.wait("ready")
        app.say()
        app.out.wait("done")
    for app in apps:
        app.say()
        app.end()
    causes = []
    for app in apps:
        accounts = collector.accounts_of(app.pid)
        equal(accounts.emitted, 50, f"events of {app.pid}")
        check(accounts.lost in (0, 50), f"{accounts.lost} lost")
        equal(accounts.causes, {"memory": 50} if accounts.lost else {}, "causes")
        causes.append(accounts.lost)
    collector.signal(2)
    collector.wait()
    check(0 in causes and 50 in causes, f"lost: {causes}")
    check("no flight ring" in collector.err.text(), f"it says {collector.err.text()!r}")


def test_memory_at_the_start(t):
    """There is no address space for the ring buffer."""
    app = t.start(t.app("trade"), "--wait", 1, 5)
    app.out.wait("ready")
    done = subprocess.run([COLLECT, "-o", t.out, "-b", "1G", "-p", str(app.pid)], check=False,
                          capture_output=True, preexec_fn=limited(resource.RLIMIT_AS, 1 << 30))
    equal(done.returncode, 1, "status")
    check("Cannot allocate memory" in done.stderr.decode(), f"it says {done.stderr!r}")
    equal(Semaphores(app.pid, t.path("trade")).raised(), set(), "semaphores")
    app.finish()


def map_of(pid, name):
    """The collector's BPF map of that name."""
    with_ids = [f"/proc/{pid}/fdinfo/{fd}" for fd in os.listdir(f"/proc/{pid}/fdinfo")]
    text = "".join(open(path, encoding="ascii").read() for path in with_ids)
    for number in re.findall(r"^map_id:\s+(\d+)$", text, re.M):
        done = subprocess.run(["bpftool", "-j", "map", "show", "id", number], capture_output=True,
                              check=True)
        one = json.loads(done.stdout)
        if one["name"] == name:
            return one
    return check(False, f"no map {name}")


def fill(t, table):
    """Fills the table of processes with numbers that no process has."""
    value = " ".join(["0"] * table["bytes_value"])
    with open(t.path("batch"), "w", encoding="ascii") as batch:
        for i in range(table["max_entries"]):
            key = " ".join(map(str, struct.pack("<I", (1 << 30) + i)))
            batch.write(f"map update id {table['id']} key {key} value {value}\n")
    # it stops when the table is full
    subprocess.run(["bpftool", "batch", "file", t.path("batch")], capture_output=True, check=False)


def test_table_of_processes_is_full(t):
    """It says so; processes that are in the table already are recorded as usual."""
    path = t.app("trade")
    first = t.start(path, "--wait", 1, 50)
    first.out.wait("ready")
    collector = t.collect("--on", "exit", "-e", path)
    collector.recording(first.pid)
    table = map_of(collector.pid, "processes")
    fill(t, table)
    t.start(path, 1, 50).end()
    collector.err.wait("ttlog-collect: the kernel's table of processes is full: .*")
    first.finish()
    accounts = collector.accounts_of(first.pid)
    equal((accounts.emitted, accounts.recorded), (50, 50), "accounts of the first")
    collector.stop()
    equal(len(collector.all_accounts()), 1, "processes")
    check_trades(t.only_snapshot().events, 1, 0, 50)


def test_memory_of_the_collector(t):
    """The memory that loading the BPF programs took is given back."""
    app = t.start(t.app("loops"), 1000)
    app.out.wait("ready")
    collector = t.collect("-p", app.pid)
    collector.recording(app.pid)
    with open(f"/proc/{collector.pid}/status", encoding="ascii") as file:
        own_kib = int(re.search(r"^RssAnon:\s*(\d+) kB", file.read(), re.M)[1])
    check(own_kib < 6 << 10, f"{own_kib} KiB of its own")
    app.close_stdin()
    app.end()
    collector.end()
