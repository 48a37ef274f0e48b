# SPDX-License-Identifier: MIT
"""--stream: all events of a process in segments, at its end and after each way to die."""
import glob
import json
import os
import re
import signal
import subprocess
import time

from ctl_fixture import only_process
from harness import COLLECT, DEADLINE_S, PYTHON, READER, VIEW, check, equal, wait_until

SEGMENT = re.compile(r"ttlog-(\d+)-\d{17}-stream\.bin")


def segments(t, pid=None):
    found = [name for name in sorted(os.listdir(t.out)) if SEGMENT.fullmatch(name)]
    return [os.path.join(t.out, name) for name in found
            if pid is None or int(SEGMENT.fullmatch(name).group(1)) == pid]


def view(*args):
    done = subprocess.run([VIEW, *map(str, args)], stdin=subprocess.DEVNULL, capture_output=True,
                          timeout=DEADLINE_S, check=False)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def info(path):
    status, out, err = view("--info", "--format", "json", path)
    equal((status, err), (0, ""), "status and stderr of --info")
    return json.loads(out)


def events(*paths):
    status, out, err = view("--format", "json", *paths)
    equal((status, err), (0, ""), "status and stderr")
    return [json.loads(line) for line in out.splitlines()]


def check_second_reader(path):
    """The second reader, which was written from FORMAT.md, sees the same."""
    frames = subprocess.run(["lz4", "-dc", path], capture_output=True, timeout=DEADLINE_S, check=True)
    done = subprocess.run([PYTHON, READER, "--marks", path], input=frames.stdout, capture_output=True,
                          timeout=DEADLINE_S, check=True)
    equal(done.stdout.decode().splitlines(), view("--format", "json", path)[1].splitlines(),
          f"{path} as the second reader shows it")


def check_counts(found, threads, each):
    """trade logs numbers from 0 on in each thread; none may be missing, none there twice."""
    by_thread = {}
    for event in found:
        by_thread.setdefault(event["tid"], []).append(event["fields"]["quantity"])
    equal(len(by_thread), threads, "threads")
    for numbers in by_thread.values():
        equal(sorted(numbers), list(range(each)), "events of a thread")


def test_stream_has_each_event_once(t):
    """In several segments, which the second reader reads as well; the directory is one log."""
    each = 40000
    collector = t.collect("--stream", "--segment-size", "1M", "--write-cache", "1M,20ms", "--ring-size",
                          "256M", "--", t.app("trade"), "--rate", "40000", "3", each)
    equal(collector.wait(), 0, "exit status")
    paths = segments(t)
    check(paths, "no segment")
    found = events(t.out)
    check_counts(found, 3, each)
    ids = {event["id"] for event in found}
    equal(len(ids), 3 * each, "identities")
    infos = [info(path) for path in paths]
    equal(sum(one["events"] for one in infos), 3 * each, "events of all segments")
    equal([one["segment"] for one in infos], list(range(len(paths))), "numbers of segments")
    equal(len({one["stream"] for one in infos}), 1, "streams")
    equal(infos[-1]["exit"], {"code": 0}, "how it ended")
    equal([infos[-1][key] for key in ("emitted", "recorded", "missed")], [3 * each, 3 * each, 0], "accounts")
    check_second_reader(paths[0])
    check_second_reader(paths[-1])


def test_stream_of_a_crash(t):
    """The segment says how the process ended; the snapshot of the crash is there as ever."""
    collector = t.collect("--stream", "--", t.app("crash"), 2, 1000, "SEGV")
    collector.wait()
    (path,) = segments(t)
    equal(info(path)["exit"]["signal"], "SIGSEGV", "how it ended")
    (crash,) = glob.glob(os.path.join(t.out, "*-crash.bin"))
    equal({event["id"] for event in events(crash)} - {event["id"] for event in events(path)}, set(),
          "events of the snapshot that are not in the stream")
    # in a directory as one log, each event comes once
    equal(len(events(t.out)), len(events(path)), "events of both")


def test_stream_open_segment_is_read_and_recovered(t):
    """While it is written; after its collector was killed; and as the next collector leaves it."""
    app = t.start(t.app("loops"), 1000)
    app.out.wait("ready")
    collector = t.start(COLLECT, "--stream", "--write-cache", "64K,10ms", "-o", t.out, "-p", app.pid)
    opened = os.path.join(t.out, f"ttlog-{app.pid}-*-stream.bin.part")
    (path,) = wait_until(lambda: glob.glob(opened), "an open segment")
    wait_until(lambda: os.path.getsize(path), "its header")
    wait_until(lambda: len(events(t.out)) > 100, "events in an open segment")
    collector.signal(signal.SIGKILL)
    collector.wait()
    left = events(path)
    check(left, "no events are left")
    with open(path, "ab") as file:
        file.write(b"half of a mark")
    equal(len(events(path)), len(left), "events of a segment that was cut")
    again = t.start(COLLECT, "--stream", "-o", t.out, "-p", app.pid)
    wait_until(lambda: not os.path.exists(path), "the segment complete")
    again.signal(signal.SIGTERM)
    equal(again.wait(), 0, "exit status")
    check(any("which a collector left" in line for line in again.err.lines), again.err.text())
    equal(len(events(path[: -len(".part")])), len(left), "events of the recovered segment")
    check_second_reader(path[: -len(".part")])
    app.close_stdin()
    app.end()


def test_stream_status_says_what_is_durable(t):
    """All events of before durable_mono_ns can be read at once, from the open segment."""
    app = t.start(t.app("loops"), 1000)
    app.out.wait("ready")
    collector = t.start(COLLECT, "--stream", "--sync", "batch", "--write-cache", "64K,10ms", "-o", t.out, "-p", app.pid)

    def durable():
        process = only_process(app.pid)
        return process if process.get("durable_mono_ns") and process["streamed"] > 100 else None

    collector.err.wait(f"ttlog-collect: recording pid {app.pid} .*")
    process = wait_until(durable, "something durable")
    read = {event["id"] for event in events(t.out)}
    equal(process["missed"], 0, "missed")
    collector.signal(signal.SIGTERM)
    equal(collector.wait(), 0, "exit status")
    before = [event["id"] for event in events(*segments(t)) if event["mono_ns"] < process["durable_mono_ns"]]
    check(before, "no event is older than what is durable")
    equal([one for one in before if one not in read], [], "durable events that could not be read")
    app.close_stdin()
    app.end()


def test_stream_of_an_idle_process_is_durable(t):
    """Its last events get to the disk though nothing follows them, and the moment moves on."""
    app = t.start(t.app("trade"), "--wait", 1, 1000)
    app.out.wait("ready")
    collector = t.start(COLLECT, "--stream", "--sync", "batch", "--write-cache", "64K,10ms", "-o", t.out, "-p", app.pid)
    collector.err.wait(f"ttlog-collect: recording pid {app.pid} .*")
    app.ask("done")
    for _ in range(3):
        now_ns = time.monotonic_ns()
        wait_until(lambda: only_process(app.pid).get("durable_mono_ns", 0) > now_ns, "it is durable till now")  # noqa: B023
    equal(len(events(t.out)), 1000, "events of the open segment")
    collector.signal(signal.SIGTERM)
    equal(collector.wait(), 0, "exit status")
    equal(len(events(*segments(t))), 1000, "events")
    app.say()
    app.end()


def test_stream_time_range_skips_segments(t):
    """--since opens only what it needs."""
    collector = t.collect("--stream", "--segment-size", "1M", "--write-cache", "1M,20ms", "--",
                          t.app("trade"), "--rate", "60000", "3", "60000")
    collector.wait()
    paths = segments(t)
    check(len(paths) > 1, "only one segment")
    found = events(t.out)
    middle = found[-100]
    status, out, _ = view("--format", "json", "--since", middle["ts"], t.out)
    equal(status, 0, "status")
    equal([json.loads(line)["id"] for line in out.splitlines()],
          [event["id"] for event in found if event["mono_ns"] >= middle["mono_ns"]], "events since then")


def test_stream_options_are_checked(t):
    """Each bad value is one line and status 2."""
    for option, value in (("--segment-size", "1K"), ("--segment-age", "1ms"), ("--sync", "sometimes"),
                          ("--sync", "0"), ("--profile", "fast"), ("--write-cache", "1M"),
                          ("--write-cache", "1K,1s"), ("--write-cache", "1M,1ms")):
        done = subprocess.run([COLLECT, "--stream", option, value, "-o", t.out, "--", "true"],
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=DEADLINE_S, check=False)
        equal(done.returncode, 2, f"{option} {value}")
        check(value in done.stderr.decode() or option in done.stderr.decode(), done.stderr.decode())
