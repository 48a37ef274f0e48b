# SPDX-License-Identifier: MIT
"""What a disk may do to the writer: each of its system calls fails in turn, it is full, read-only,
or its directory is gone, or another user's. What was there stays, a new file is whole or absent,
and recording goes on.

By default each call fails once, with EIO; `make storage-faults` has each fail with all errors that
a disk has, also while a process crashes.
"""
import glob
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
from contextlib import ExitStack, contextmanager, suppress

from harness import COLLECT, SNAPSHOT_NAME, Snapshot, check, equal, view, wait_until

ALL = os.environ.get("TTLOG_STORAGE") == "all"
# What a thread that writes asks of a file system.
CALLS = ("openat", "newfstatat", "fstat", "fstatfs", "statfs", "fchmod", "fchown", "write", "pread64", "getdents64",
         "utimensat", "fgetxattr", "fsetxattr", "fsync", "linkat", "unlinkat", "renameat2", "close", "mkdir", "faccessat2")  # fmt: skip
EVENTS = 3000
NOBODY = 65534


def writers(collector):
    """The threads that write files."""
    names = {}
    for path in glob.glob(f"/proc/{collector.pid}/task/*/comm"):
        with suppress(FileNotFoundError), open(path, encoding="ascii") as comm:
            names[int(path.split("/")[-2])] = comm.read().strip()
    found = [tid for tid, name in names.items() if name == "ttlog-write"]
    equal(len(found), 2, f"threads that write among {names}")
    return found


def threads_of(collector):
    """Those that ask for files, and the process that does it for them, if there is one."""
    found = {"recorder": writers(collector)}
    for path in glob.glob(f"/proc/{collector.pid}/task/*/children"):
        with open(path, encoding="ascii") as children:
            for pid in children.read().split():
                with suppress(FileNotFoundError), open(f"/proc/{pid}/comm", encoding="ascii") as comm:
                    if comm.read().strip() == "ttlog-broker":
                        found["broker"] = [int(pid)]
    return found


def has_left(collector):
    """Its main thread has ended."""
    with open(f"/proc/{collector.pid}/stat", encoding="ascii") as stat:
        return stat.read().rpartition(")")[2].split()[0] == "Z"


@contextmanager
def strace(t, collector, *options, where="recorder"):
    """Attached to the threads that write, or to all of the broker; yields the path of what it saw."""
    log = t.path(f"strace-{where}")
    tids = threads_of(collector)[where]
    argv = ["strace", "-o", log, "-e", "signal=none", *options]
    if where == "broker":
        argv.append("-f")
    for tid in tids:
        argv += ["-p", str(tid)]
    tracer = t.start(*argv)
    for tid in tids:
        tracer.err.wait(rf".*rocess {tid} attached.*")
    try:
        yield log
    finally:
        tracer.signal(signal.SIGTERM if collector.runs() and not has_left(collector) else signal.SIGKILL)
        tracer.wait()


def calls_in(log, where="recorder"):
    """(where, call, which one of its thread), in their order."""
    counts, points = {}, []
    with open(log, encoding="utf-8", errors="replace") as file:
        for line in file:
            match = re.match(r"(\d+) +(\w+)\(", line)
            if match and match[2] in CALLS:
                counts[match[1], match[2]] = counts.get((match[1], match[2]), 0) + 1
                points.append((where, match[2], counts[match[1], match[2]]))
    return list(dict.fromkeys(points))


@contextmanager
def traced(t, collector):
    """Yields a list that has all calls at the end."""
    calls = []
    rule = ("-e", "trace=" + ",".join(CALLS))
    with ExitStack() as stack:
        logs = {where: stack.enter_context(strace(t, collector, *rule, where=where)) for where in threads_of(collector)}
        yield calls
    for where, log in logs.items():
        calls += calls_in(log, where)


def digests(t):
    result = {}
    for name in os.listdir(t.out):
        with open(os.path.join(t.out, name), "rb") as file:
            result[name] = hashlib.sha256(file.read()).digest()
    return result


def ask(t, app, reason="point"):
    """Requests a snapshot; returns the status and what was said."""
    client = t.start(COLLECT, "--trigger", reason, "-p", app.pid)
    return client.wait(), "\n".join(client.out.all() + client.err.all())


def start_busy(t, *args):
    app = t.start(t.app("trade"), "--wait", 1, EVENTS)
    app.out.wait("ready")
    collector = t.collect(*args, "-p", app.pid)
    collector.recording(app.pid)
    app.ask("done")
    return app, collector


class Point:
    """One call that fails."""

    def __init__(self, where, call, number, error):
        self.where, self.call, self.number, self.error = where, call, number, error
        self.rule = ("-e", f"trace={call}", "-e", f"inject={call}:error={error}:when={number}")

    def __str__(self):
        return f"{self.call} {self.number} of the {self.where} fails with {self.error}"


def check_files(t, point, before, allowed):
    """Old files are as they were; there is at most one new one, and it is whole."""
    after = digests(t)
    for name, digest in before.items():
        equal(after.pop(name, None), digest, f"{point}: {name}, which was there")
    check(len(after) in allowed, f"{point}: {len(after)} new files, not {allowed}: {list(after)}")
    for name in after:
        check(SNAPSHOT_NAME.fullmatch(name), f"{point}: {name} is left")
        info = json.loads(view("--info", "--format", "json", os.path.join(t.out, name)))
        equal(info["events"] + info["overwritten"], info["recorded"], f"{point}: recorded")
        equal(info["lost"], {"total": 0}, f"{point}: lost")


def fail_request(t, app, collector, point):
    before = digests(t)
    with strace(t, collector, *point.rule, where=point.where) as log:
        status, said = ask(t, app)
        with open(log, encoding="utf-8", errors="replace") as file:
            is_hit = "(INJECTED)" in file.read()
    check(is_hit or status == 0, f"{point}: it was not reached, and yet {said}")
    check(status == 0 or "snapshot of pid" in said, f"{point}: {said}")
    check_files(t, point, before, {1} if status == 0 else {0})
    for path in t.files():
        os.unlink(path)
    return is_hit, status != 0


def errors():
    return ("EIO", "ENOSPC", "EROFS", "EACCES", "ESTALE", "ENOMEM") if ALL else ("EIO",)


def points_of(t, app, collector):
    with traced(t, collector) as calls:
        equal(ask(t, app)[0], 0, "a request while nothing fails")
    return calls


def check_recovery(t, app, collector):
    """After all this it records and writes as before, and nothing is lost."""
    equal(ask(t, app, "after")[0], 0, "a request when the disk is well again")
    (path,) = t.files()
    equal(json.loads(view("--info", "--format", "json", path))["events"], EVENTS, "events")
    app.say()
    app.end()
    accounts = collector.end(1).only_accounts()
    equal((accounts.emitted, accounts.recorded), (EVENTS, EVENTS), "accounts")


def run_points(t, *args):
    app, collector = start_busy(t, *args)
    calls = points_of(t, app, collector)
    for path in t.files():
        os.unlink(path)
    points = [Point(*call, error) for error in errors() for call in calls]
    results = [fail_request(t, app, collector, point) for point in points]
    hit, failed = sum(one[0] for one in results), sum(one[1] for one in results)
    print(f"        {hit} injection points in {len(calls)} calls: {failed} times no file, {hit - failed} times a whole "
          f"one", flush=True)  # fmt: skip
    # the first job of a thread opens more than the next ones
    check(hit > len(points) // 2 and failed > len(points) // 5, f"{hit} of {len(points)} reached, {failed} failed")
    check_recovery(t, app, collector)


def test_storage_each_call_fails(t):
    run_points(t, "--group", "daemon", "--max-disk", "1G")


def crash_point(t, collector, path, point):
    """The process crashes, and a call fails: the snapshot is written after a while, and once."""
    before = digests(t)
    with strace(t, collector, *point.rule, where=point.where):
        app = t.start(path, 2, 100, "SEGV")
        app.end(-signal.SIGSEGV)
        collector.accounts_of(app.pid)
    check_files(t, point, before, {1})
    (name,) = [one for one in t.files() if os.path.basename(one) not in before]
    equal(Snapshot(name).info["exit"]["signal"], "SIGSEGV", f"{point}: how it ended")
    os.unlink(name)


def test_storage_each_call_fails_in_a_crash(t):
    path = t.app("crash")
    collector = t.collect("-e", path)
    collector.recording_path(path)
    with traced(t, collector) as calls:
        app = t.start(path, 2, 100, "SEGV")
        app.end(-signal.SIGSEGV)
        collector.accounts_of(app.pid)
    for name in t.files():
        os.unlink(name)
    # of names and lines in debug information others are of no interest
    begin = next(i for i, (_, call, _) in enumerate(calls) if call == "fchmod")
    chosen = [Point(*call, error) for error in (errors() if ALL else ()) for call in calls[begin:]]
    for point in chosen or [Point("recorder", "fsync", 1, "EIO")]:
        crash_point(t, collector, path, point)
    print(f"        {len(chosen) or 1} injection points in the {len(calls) - begin} calls of a crash", flush=True)
    collector.stop()


@contextmanager
def small_disk(t, options):
    os.mkdir(t.out)
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none", t.out], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", t.out], check=True)


def said_of(collector, text):
    return len([line for line in collector.err.lines if text in line])


def test_storage_is_read_only_for_a_while(t):
    """It is said once, not once a try."""
    with small_disk(t, "size=16m"):
        app, collector = start_busy(t)
        equal(ask(t, app)[0], 0, "a request")
        before = digests(t)
        subprocess.run(["mount", "-o", "remount,ro", t.out], check=True)
        for _ in range(5):
            status, said = ask(t, app)
            equal(status, 1, "status")
            check("Read-only file system" in said, said)
        equal(digests(t), before, "what was there")
        equal(said_of(collector, "snapshot could not be written: Read-only file system"), 1, "messages")
        subprocess.run(["mount", "-o", "remount,rw", t.out], check=True)
        equal(ask(t, app, "after")[0], 0, "a request when it can be written to")
        collector.err.wait(r"ttlog-collect: snapshots can be written again \(5 tries had failed\)")
        equal(len(t.files()), 2, "files")
        app.say()
        app.end()
        collector.end(1)


def test_storage_without_inodes(t):
    """There are bytes enough, so it is inodes that are waited for."""
    with small_disk(t, "size=16m,nr_inodes=20"):
        path = t.app("crash")
        collector = t.collect("-e", path)
        collector.recording_path(path)
        fillers = []
        try:
            while True:
                fillers.append(t.path(f"out/filler{len(fillers)}"))
                with open(fillers[-1], "xb"):
                    pass
        except OSError:
            fillers.pop()
        app = t.start(path, 2, 500, "SEGV")
        app.end(-signal.SIGSEGV)
        collector.err.wait(rf"ttlog-collect: pid {app.pid}: snapshot could not be written, it waits for room: .*")
        for name in fillers:
            os.unlink(name)
        (name,) = collector.accounts_of(app.pid).files
        equal(len(Snapshot(name).fields("step", "event")), 1000, "events")
        collector.stop()


def test_storage_directory_vanishes(t):
    """It is made anew; one of another user is refused, and what waits is written when it is safe."""
    app, collector = start_busy(t)
    equal(ask(t, app)[0], 0, "a request")
    shutil.rmtree(t.out)
    equal(ask(t, app)[0], 0, "a request without the directory")
    equal(len(t.files()), 1, "files in a new directory")
    os.rename(t.out, t.path("moved"))
    os.mkdir(t.out)
    os.chown(t.out, NOBODY, NOBODY)
    status, said = ask(t, app)
    equal(status, 1, "status with another user's directory")
    check("Operation not permitted" in said, said)
    equal(t.files(), [], "files in another user's directory")
    equal(len(os.listdir(t.path("moved"))), 1, "files where it was")
    os.rmdir(t.out)
    with open(t.out, "w", encoding="ascii"):
        pass
    equal(ask(t, app)[0], 1, "status with a file in its place")
    os.unlink(t.out)
    os.rename(t.path("moved"), t.out)
    equal(ask(t, app)[0], 0, "a request when it is back")
    equal(len(t.files()), 2, "files")
    app.say()
    app.end()
    collector.end(1)


def test_storage_names_are_taken(t):
    """Links, FIFOs and directories at the names that come next: none is followed, opened or
    replaced."""
    app, collector = start_busy(t)
    equal(ask(t, app)[0], 0, "a request")
    (first,) = t.files()
    time_text = SNAPSHOT_NAME.fullmatch(os.path.basename(first))[2]
    victim = t.path("victim")
    with open(victim, "w", encoding="ascii") as file:
        file.write("precious")
    makers = (lambda name: os.symlink(victim, name), lambda name: os.link(victim, name), os.mkfifo, os.mkdir,
              lambda name: os.symlink("/nowhere", name))  # fmt: skip
    minute = int(time_text[:12])
    planted = []
    # all names of five seconds from there on, in the order of their time
    for ms in range(int(time_text[12:]), min(int(time_text[12:]) + 5000, 60000)):
        planted.append(os.path.join(t.out, f"ttlog-{app.pid}-{minute}{ms:05}-taken.bin"))
        makers[ms % len(makers)](planted[-1])
    status, said = ask(t, app, "taken")
    equal(status, 0, said)
    path = said.strip()
    check(path not in planted, path)
    check(os.path.isfile(path) and not os.path.islink(path), path)
    check(view("--info", path), "it can be read")
    with open(victim, encoding="ascii") as file:
        equal(file.read(), "precious", "what the links lead to")
    equal(os.stat(victim).st_nlink, 1 + len([p for p in planted if os.path.isfile(p) and not os.path.islink(p)]),
          "links")  # fmt: skip
    app.say()
    app.end()
    collector.end()


def test_storage_hangs_in_fsync(t):
    """Draining goes on, the end comes in bounded time and says what is not written; the next
    collector writes it."""
    crash = t.app("crash")
    collector = t.collect("-b", "1M", "-e", crash)
    collector.recording_path(crash)
    t.rings_may_stay = True
    with strace(t, collector, "-e", "trace=fsync", "-e", "inject=fsync:delay_enter=3600s"):
        # two hang, one waits
        apps = [t.start(crash, 2, 500, "SEGV").end(-signal.SIGSEGV) for _ in range(3)]
        lively = t.start(crash, "--wait", 2, 100000)
        lively.out.wait("start")
        lively.say()
        lively.out.wait("ready")
        collector.signal(signal.SIGTERM)
        # strace holds the threads that hang until it ends
        wait_until(lambda: has_left(collector), "the collector ends")
    collector.end(1)
    text = collector.err.text()
    check("the disk does not answer" in text, text)
    for app in [*apps, lively]:
        check(f"pid {app.pid}: what is not written stays in memory" in text, text)
        accounts = collector.all_accounts()[app.pid]
        equal((accounts.lost, accounts.files), (0, []), f"accounts of {app.pid}")
    equal(t.files(), [], "files")
    lively.signal(signal.SIGKILL)
    lively.wait()
    t.collect("--", "/bin/true").end()
    found = {snapshot.pid: snapshot for snapshot in t.snapshots()}
    equal(set(found), {app.pid for app in [*apps, lively]}, "processes that are recovered")
    for app in apps:
        info = found[app.pid].info
        equal((info["reason"], info["exit"]["signal"], info["events"]), ("recovered", "SIGSEGV", 1000), "a crash")
    equal(len(found[lively.pid].events), 200000, "events of the one that ran")
    wait_until(lambda: not os.listdir("/run/ttlog"), "nothing is left")
