# SPDX-License-Identifier: MIT
"""What a disk may do to streams: each system call of the thread that writes segments fails in turn, it
is full, or hangs. The flight ring goes on, what is missing is counted and said, and it recovers when
the disk does.

By default each call fails once, with EIO; `make storage-faults` has each fail with more errors.
"""
import glob
import json
import os
import re
import signal
import subprocess
from contextlib import contextmanager, suppress

from ctl_fixture import only_process
from harness import DEADLINE_S, VIEW, check, equal, wait_until
from test_full_disk import fill, small_disk, take_room
from test_storage import ALL, has_left

CALLS = ("openat", "newfstatat", "fstat", "flock", "fchmod", "fallocate", "pwrite64", "fdatasync", "fsync", "ftruncate",
         "fsetxattr", "utimensat", "renameat2", "getdents64", "pread64", "close")  # fmt: skip
EVENTS = 600
# The data are safe without these, and nothing is said.
HARMLESS = {"newfstatat", "fstat", "flock", "ftruncate", "fsetxattr", "utimensat", "getdents64", "pread64", "close"}


def writer_tid(collector):
    for path in glob.glob(f"/proc/{collector.pid}/task/*/comm"):
        with suppress(FileNotFoundError), open(path, encoding="ascii") as comm:
            if comm.read().strip() == "ttlog-segments":
                return int(path.split("/")[-2])
    return None


@contextmanager
def strace(t, collector, *options):
    """Attached to the thread that writes segments; yields the path of what it saw."""
    log = t.path("strace")
    tracer = t.start("strace", "-o", log, "-e", "signal=none", *options, "-p", writer_tid(collector))
    tracer.err.wait(".*rocess .* attached.*")
    try:
        yield log
    finally:
        tracer.signal(signal.SIGTERM if collector.runs() and not has_left(collector) else signal.SIGKILL)
        tracer.wait()


def calls_in(log):
    """(call, which one of its name), in their order."""
    counts, points = {}, []
    with open(log, encoding="utf-8", errors="replace") as file:
        for line in file:
            match = re.match(r"(\w+)\(", line)
            if match and match[1] in CALLS:
                counts[match[1]] = counts.get(match[1], 0) + 1
                points.append((match[1], counts[match[1]]))
    return points


def parts(t):
    return glob.glob(os.path.join(t.out, "*.part"))


def view(*args):
    done = subprocess.run([VIEW, *args], stdin=subprocess.DEVNULL, capture_output=True, timeout=DEADLINE_S, check=False)
    equal((done.returncode, done.stderr.decode()), (0, ""), f"status and stderr of ttlog-view {args}")
    return done.stdout.decode()


def numbers(*paths):
    """How many events there are, all of them different."""
    lines = view("--format", "json", *paths).splitlines() if paths else []
    equal(len({json.loads(line)["id"] for line in lines}), len(lines), "different events")
    return len(lines)


def segments(t, pid):
    return sorted(glob.glob(os.path.join(t.out, f"ttlog-{pid}-*-stream.bin*")))


def stream_one(t, collector, path):
    """A process from its beginning to the end of its stream: its pid."""
    app = t.start(path, 1, EVENTS)
    app.end()
    accounts = collector.accounts_of(app.pid)
    equal((accounts.recorded, accounts.lost), (EVENTS, 0), "recorded and lost")
    return app.pid


class Point:
    """One call that fails."""

    def __init__(self, call, number, error):
        self.call = call
        self.text = f"{call} {number} fails with {error}"
        self.rule = ("-e", f"trace={call}", "-e", f"inject={call}:error={error}:when={number}")

    def __str__(self):
        return self.text


def is_said(collector, pid):
    return any(f"pid {pid}: its stream can't be written" in line for line in collector.err.lines)


def fail_one(t, collector, path, point):
    """Whether the call was reached, and whether events are missing."""
    def is_over():
        return is_said(collector, pid) or any(one.endswith(".bin") for one in segments(t, pid))

    with strace(t, collector, *point.rule) as log:
        pid = stream_one(t, collector, path)
        wait_until(is_over, f"{point}: a segment, or why there is none")
        with open(log, encoding="utf-8", errors="replace") as file:
            is_hit = "(INJECTED)" in file.read()
    # it is written after all of the first one
    after = stream_one(t, collector, path)
    wait_until(lambda: [one for one in segments(t, after) if one.endswith(".bin")], f"{point}: the next process's segment")
    wait_until(lambda: not parts(t), f"{point}: all segments complete")
    found = numbers(*segments(t, pid))
    said = is_said(collector, pid)
    check(said or found == EVENTS, f"{point}: {found} events, and nothing was said")
    check(not said or point.call not in HARMLESS, f"{point}: {collector.err.text()}")
    equal(numbers(*segments(t, after)), EVENTS, f"{point}: events of the next process")
    for one in segments(t, pid) + segments(t, after):
        os.unlink(one)
    return is_hit, found < EVENTS


def test_stream_storage_each_call_fails(t):
    path = t.app("trade")
    collector = t.collect("--stream", "--sync", "batch", "--on", "request", "--max-disk", "1G", "-e", path)
    collector.recording_path(path)
    # the first one makes calls that no later one makes
    for _ in range(2):
        with strace(t, collector, "-e", "trace=" + ",".join(CALLS)) as log:
            pid = stream_one(t, collector, path)
            wait_until(lambda: [one for one in segments(t, pid) if one.endswith(".bin")], "a segment while nothing fails")
        for one in segments(t, pid):
            os.unlink(one)
    calls = calls_in(log)
    errors = ("EIO", "ENOSPC", "EROFS", "ENOMEM") if ALL else ("EIO",)
    points = [Point(call, number, error) for error in errors for call, number in calls]
    results = [fail_one(t, collector, path, point) for point in points]
    hit, missing = sum(one[0] for one in results), sum(one[1] for one in results)
    print(f"        {hit} injection points in {len(calls)} calls: {missing} times events are missing", flush=True)
    check(hit > len(points) // 2 and missing > 1, f"{hit} of {len(points)} reached, {missing} with events missing")
    collector.stop()


def check_sum(t, pid, accounts):
    """Events in segments, and those missed, are those recorded; returns how many are missed."""
    paths = segments(t, pid)
    infos = [json.loads(view("--info", "--format", "json", path)) for path in paths]
    missed = infos[-1]["missed"]
    equal(sum(info["events"] for info in infos) + missed, accounts.recorded, "events in segments and missed")
    equal(numbers(*paths), accounts.recorded - missed, "events that are read")
    return missed


def test_stream_storage_is_full_for_a_while(t):
    """Said once; then the same process is streamed again, and the sum is right."""
    app = t.start(t.app("bulk"), 200)
    app.out.wait("ready")
    with small_disk(t, "128m"):
        collector = t.collect("--stream", "--write-cache", "256K,10ms", "--on", "request", "-p", app.pid)
        collector.recording(app.pid)
        wait_until(lambda: only_process(app.pid).get("streamed"), "events in a segment")
        fill(t)
        collector.err.wait(rf"ttlog-collect: pid {app.pid}: its stream can't be written to .*: No space left on device: .*")
        wait_until(lambda: only_process(app.pid)["missed"] > 100, "missed events")
        take_room(t)
        collector.err.wait(rf"ttlog-collect: pid {app.pid}: its stream is written again; (\d+) events are missing")
        app.close_stdin()
        app.end()
        accounts = collector.end().only_accounts()
        equal(accounts.lost, 0, "lost")
        said, said_again = (len([line for line in collector.err.lines if text in line])
                            for text in ("its stream can't be written", "its stream is written again"))  # fmt: skip
        equal(said, said_again, "times it is said, and said to be over")
        check(check_sum(t, app.pid, accounts) > 100, "not all that is missing")


def test_stream_storage_hangs_in_fsync(t):
    """What waits is bounded, the rest is missed by count, and the ring takes all; then it catches up."""
    app = t.start(t.app("bulk"), 5000)
    app.out.wait("ready")
    collector = t.collect("--stream", "--sync", "batch", "--on", "request", "-p", app.pid)
    collector.recording(app.pid)
    wait_until(lambda: only_process(app.pid).get("durable_mono_ns"), "something durable")
    with strace(t, collector, "-e", "trace=fdatasync", "-e", "inject=fdatasync:delay_enter=3600s:when=1"):
        collector.err.wait("ttlog-collect: .* is too slow for what is streamed: .*")
        before = wait_until(lambda: (lambda one: one if one["missed"] else None)(only_process(app.pid)), "missed events")
        wait_until(lambda: only_process(app.pid)["recorded"] > before["recorded"] + 5000, "the ring takes more")
        after = only_process(app.pid)
        equal((after["durable_mono_ns"], after["streamed"]), (before["durable_mono_ns"], before["streamed"]),
              "durable moment and events written while it hangs")  # fmt: skip
    collector.err.wait("ttlog-collect: .* has caught up with the streams")
    wait_until(lambda: only_process(app.pid)["durable_mono_ns"] > after["durable_mono_ns"], "it is durable again")
    app.close_stdin()
    app.end()
    accounts = collector.end().only_accounts()
    equal(accounts.causes, {}, "lost")
    check(check_sum(t, app.pid, accounts) > 0, "nothing is missing")
