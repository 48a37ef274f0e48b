# SPDX-License-Identifier: MIT
"""The collector and the program on one CPU or on two, the program with or without a real-time
priority: each event is recorded or counted, the crash is there, and both end."""
import json
import os
import signal
import subprocess

from harness import Skip, check, equal, view

EVENTS = 50000


def pinned(cpu, priority=0):
    """Called in a child before it becomes the program."""
    def pin():
        os.sched_setaffinity(0, {cpu})
        if priority:
            os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(priority))
    return pin


def check_real_time():
    """Skips the test if real-time priorities are not allowed here."""
    argv = ["chrt", "-f", "1", "true"]
    done = subprocess.run(argv, capture_output=True, check=False)
    if done.returncode:
        raise Skip(f"{' '.join(argv)}: {done.stderr.decode().strip()}")


def record(t, collector_cpu, program_cpu, priority=0):
    app = t.start(t.app("trade"), "--wait", 2, EVENTS, preexec_fn=pinned(program_cpu, priority))
    app.out.wait("ready")
    collector = t.collect("-p", app.pid, preexec_fn=pinned(collector_cpu))
    collector.recording(app.pid)
    app.say()
    app.out.wait("done")
    app.signal(signal.SIGSEGV)
    app.end(-signal.SIGSEGV)
    accounts = collector.end().only_accounts()
    equal(accounts.emitted, 2 * EVENTS, "emitted")
    check(set(accounts.causes) <= {"kernel_ring"}, f"lost: {accounts.causes}")
    (path,) = accounts.files
    equal(json.loads(view("--info", "--format", "json", path))["crash"]["signal"], "SIGSEGV", "crash")
    query = ("SELECT latency_us / 1000000, count(*), count(DISTINCT quantity), max(quantity) "
             "FROM events GROUP BY 1 ORDER BY 1")
    rows = [tuple(map(int, line.split(","))) for line in
            view("--sql", query, "--format", "csv", path).splitlines()[1:]]
    equal(sum(row[1] for row in rows), accounts.recorded - accounts.overwritten, "events")
    if not accounts.lost + accounts.overwritten:
        equal(rows, [(thread, EVENTS, EVENTS, EVENTS - 1) for thread in (0, 1)], "events of threads")


def cpus():
    """Two of the CPUs that we may use; the same twice if there is only one."""
    mine = sorted(os.sched_getaffinity(0))
    return mine[0], mine[-1]


def test_one_cpu_for_both(t):
    record(t, cpus()[0], cpus()[0])


def test_one_cpu_each(t):
    record(t, *cpus())


def test_one_cpu_for_both_and_the_program_comes_first(t):
    """No other process runs until the program waits: events that don't fit into the kernel's ring
    are counted."""
    check_real_time()
    record(t, cpus()[0], cpus()[0], 50)


def test_one_cpu_each_and_the_program_comes_first(t):
    check_real_time()
    record(t, *cpus(), 50)
