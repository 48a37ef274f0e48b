# SPDX-License-Identifier: MIT
"""--sched: what recorded threads waited for, their major faults and their signals."""
import glob
import json
import os
import signal

from ctl_fixture import ctl
from harness import check, equal, view, wait_until
from live_fixture import follow_json
from test_sender import state

STEP = {"sleep": "sleep", "lock": "lock", "preempted": "preempted"}
LEAST = {"sleep": 5_000_000, "lock": 5_000_000, "preempted": 2_000_000}


def record(t, *args, app=("waits",)):
    """The program has done all its steps, and waits for its end; and the thread that had the lock."""
    program = t.start(t.app(app[0]), *app[1:])
    program.out.wait("start")
    collector = t.collect("-p", program.pid, *args)
    collector.recording(program.pid)
    program.say()
    holder = int(program.out.wait(r"done (\d+)")[1])
    return program, collector, holder


def finish(t, program, collector):
    program.say()
    program.end()
    collector.end()
    return t.only_snapshot()


def steps(snapshot):
    """Begin and end of each step."""
    marks = snapshot.of("step")
    return {begin["fields"]["what"]: (begin, end) for begin, end in zip(marks[::2], marks[1::2])}


def waits_in(snapshot, step, reason):
    """Slices of the main thread that lie in that step."""
    begin, end = steps(snapshot)[step]
    waits = [event for event in snapshot.of("off_cpu")
             if event["tid"] == begin["tid"] and event["fields"]["reason"] == reason and
             event["mono_ns"] - event["fields"]["duration_ns"] >= begin["mono_ns"] and
             event["mono_ns"] <= end["mono_ns"]]
    check(waits, f"no {reason} in {step} of {snapshot.path}")
    return waits


def longest(waits):
    return max(waits, key=lambda event: event["fields"]["duration_ns"])


def test_sched_reasons(t):
    program, collector, holder = record(t, "--sched", "--on", "exit")
    snapshot = finish(t, program, collector)
    slices = {step: longest(waits_in(snapshot, step, reason)) for step, reason in STEP.items()}
    for step, event in slices.items():
        check(event["fields"]["duration_ns"] >= LEAST[step], f"{step} is too short: {event}")
        equal((event["target"], event["level"]), ("sched", "INFO"), step)
    fields = slices["lock"]["fields"]
    equal((fields["syscall"], fields["woken_from"], fields["waker"], fields["waker_pid"], fields["waker_tid"]),
          ("futex", "task", "holder", program.pid, holder), "who unlocked")
    fields = slices["sleep"]["fields"]
    equal((fields["syscall"], fields["woken_from"], fields["waker"]),
          ("clock_nanosleep", "interrupt", None), "who woke the sleeper")
    equal(slices["preempted"]["fields"]["waker"], None, "who woke what was preempted")
    # all are at least as long as said
    check(min(snapshot.fields("off_cpu", "duration_ns")) >= 1_000_000, "shorter than the limit")
    equal(snapshot.info["lost"]["total"], 0, "lost")


def test_sched_signals(t):
    program, collector, _ = record(t, "--sched=1us", "--on", "killed")
    wait_until(lambda: state(program.pid) == "S", "its wait for a byte")
    program.signal(signal.SIGTERM)
    program.end(-signal.SIGTERM)
    collector.end()
    snapshot = t.only_snapshot()
    own, last = snapshot.of("signal")
    equal(own["fields"], {"signal": "SIGUSR1", "number": int(signal.SIGUSR1), "handled": True,
                          "sender": "waits", "sender_pid": program.pid}, "what it raised")
    # the last one wakes it: its wait was complete, and so it is there
    equal(last["fields"], {"signal": "SIGTERM", "number": int(signal.SIGTERM), "handled": False,
                           "sender": snapshot_sender(), "sender_pid": os.getpid()}, "what it died of")
    wait = [event["fields"] for event in snapshot.of("off_cpu") if event["fields"]["reason"] == "sleep"][-1]
    equal((wait["reason"], wait["syscall"], wait["waker_pid"]), ("sleep", "read", os.getpid()),
          "its last wait")


def snapshot_sender():
    with open("/proc/self/comm", encoding="utf-8") as comm:
        return comm.read().rstrip("\n")


def test_sched_disk(t):
    """From a limit of a microsecond on, each wait for the disk is there, and each major fault."""
    program, collector, _ = record(t, "--sched=1us", "--on", "exit", app=("waits", t.path("file")))
    snapshot = finish(t, program, collector)
    (faults,) = snapshot.fields("faults", "count")
    begin, end = steps(snapshot)["disk"]
    seen = [event["fields"]["address"] for event in snapshot.of("major_fault")
            if begin["mono_ns"] < event["mono_ns"] < end["mono_ns"]]
    equal(len(seen), faults, "major faults")
    equal(len(set(seen)), faults, "their addresses")
    if faults:  # a file system in memory has none
        waits_in(snapshot, "disk", "disk")


def test_sched_limit_and_filter(t):
    """Nothing is as long as the limit; and filters choose among its sites, as among others."""
    program, collector, _ = record(t, "--sched=1h", "-F", "probe=[os]*", "--on", "exit")
    snapshot = finish(t, program, collector)
    equal(snapshot.of("off_cpu"), [], "waits of an hour")
    equal(len(snapshot.of("step")), 8, "marks")
    equal(len(snapshot.of("signal")), 1, "signals")
    equal(snapshot.of("major_fault"), [], "what the filter leaves out")


def test_sched_off(t):
    program, collector, _ = record(t, "--on", "exit")
    snapshot = finish(t, program, collector)
    equal([event for event in snapshot.events if event["target"] == "sched"], [], "events")


def test_sched_flood(t):
    """What has no room is counted, and the marks lose nothing."""
    cnt = 30000
    program = t.start(t.app("waits"), t.path("file"), cnt)
    program.out.wait("start")
    collector = t.collect("-p", program.pid, "--sched=1h", "-F", "probe=s*", "--on", "exit")
    collector.recording(program.pid)
    collector.signal(signal.SIGSTOP)
    program.say()
    program.out.wait(r"done \d+")
    collector.signal(signal.SIGCONT)
    program.say()
    program.end()
    collector.end()
    accounts = collector.only_accounts()
    snapshot = t.only_snapshot()
    equal(len(snapshot.of("step")), 10, "marks")
    equal(accounts.emitted, 10 + cnt, "emitted")
    check(accounts.lost > 0, "nothing was lost: the buffer is larger than this test thinks")
    equal(accounts.causes, {"kernel_ring": accounts.lost}, "causes")


def test_sched_refuses(t):
    for words, said in (("--sched=0", "'0' is out of range; it takes the shortest wait"),
                        ("--sched=soon", "'soon' is not the shortest wait")):
        collector = t.collect(words, "--", "true")
        collector.end(2)
        check(said in collector.err.text(), f"{said} in {collector.err.text()}")


def test_sched_in_a_file(t):
    config = t.path("collect.conf")
    with open(config, "w", encoding="utf-8") as file:
        file.write("sched = 2ms\n")
    collector = t.collect("--config", config, "--dry-run", "--", "true")
    collector.end()
    check("sched = 2ms" in collector.out.lines, collector.out.text())


def test_sched_is_watched_and_followed(t):
    """Its events fire triggers, and come to followers and into segments, as all others."""
    program = t.start(t.app("waits"))
    program.out.wait("start")
    collector = t.collect("-p", program.pid, "--sched", "--stream", "--on", "event:probe=off_cpu and reason=lock")
    collector.recording(program.pid)
    follower = follow_json(t, "--filter", "target=sched and waker=holder")
    program.say()
    program.out.wait(r"done \d+")
    # the second one, if it is long enough, waited for the end of that thread
    lock = follower.wait_events(1)[0]
    equal(lock["fields"]["reason"], "lock", "reason")
    wait_until(lambda: glob.glob(t.out + "/*-event.bin"), "the snapshot of the trigger")
    follower.signal(signal.SIGINT)
    follower.end()
    finish_quietly(program, collector)
    streamed = [event for path in glob.glob(t.out + "/*stream*") for event in
                map(json.loads, view("--format", "json", path).splitlines())]
    check(lock["fields"] in [event["fields"] for event in streamed], "it is not in the stream")


def finish_quietly(program, collector):
    program.say()
    program.end()
    collector.end()


def test_sched_is_recovered(t):
    """The next collector finds the events of one that was killed, with their sites."""
    t.rings_may_stay = True
    program, collector, holder = record(t, "--sched")
    ctl("status")  # it has read all that the kernel had
    collector.signal(signal.SIGKILL)
    collector.end(-signal.SIGKILL)
    program.say()
    program.end()
    t.collect("--", "/bin/true").end()
    snapshot = t.only_snapshot()
    equal(snapshot.info["reason"], "recovered", "reason")
    check(holder in snapshot.fields("off_cpu", "waker_tid"), "the wait for the lock")


def test_sched_level_changes(t):
    """ttlog-ctl switches it off and on while it runs."""
    program = t.start(t.app("waits"), t.path("file"))
    program.out.wait("start")
    collector = t.collect("-p", program.pid, "--sched=1us", "--on", "exit", "-l", "info,sched=off")
    collector.recording(program.pid)
    ctl("level", "info")
    ctl("level", "off", "--target", "sched")
    program.say()
    program.out.wait(r"done \d+")
    ctl("level", "info", "--target", "sched")
    program.say()
    program.end()
    collector.end()
    snapshot = t.only_snapshot()
    equal(snapshot.of("signal"), [], "while it was off")
    equal([event["fields"]["syscall"] for event in snapshot.of("off_cpu")][:1], ["read"], "its last wait")


def test_sched_without_sites(t):
    """A program without any marks is not recorded, nor is its child."""
    collector = t.collect("--sched=1us", "--on", "exit", "--", "sh", "-c", "sleep 0.01; true")
    collector.end()
    check("nothing was recorded" in collector.err.text(), collector.err.text())
    equal(t.files(), [], "files")
