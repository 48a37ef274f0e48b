# SPDX-License-Identifier: MIT
"""Crashes whose handlers report and raise a signal again: the first fault is shown, but only if the
handler was still running."""
import re
import signal

from harness import check, equal, view


def crash_of(t, how, number):
    app, collector = t.start_recorded(t.app("reraise"), how)
    app.say()
    app.end(-number)
    collector.end()
    snapshot = t.only_snapshot()
    equal(snapshot.info["exit"]["number"], int(number), "what ended it")
    return snapshot


def function_of(frame):
    """gcc moves rarely run code into a function.cold."""
    return re.sub(r"(\.cold|\.part\.\d+)*(\+0x[0-9a-f]+)?$", "", frame.get("symbol", "?"), count=1)


def check_first(t, how, number, thread="reraise", caller="main"):
    snapshot = crash_of(t, how, number)
    crash = snapshot.info["crash"]
    frames = [function_of(frame) for frame in crash["frames"]]
    equal((crash.get("reraised"), crash["signal"], crash["code"], crash["address"]),
          (True, "SIGSEGV", 1, "0x0"), f"the first fault; frames {frames}")
    equal(frames[:2], ["fault__write", caller], "frames")
    equal(crash["thread"], thread, "thread")
    equal(crash["tid"] == snapshot.pid, thread == "reraise", "whether it is the first thread")
    equal(crash["registers"]["rip"], crash["frames"][0]["ip"], "rip")
    text = view(snapshot.path, "--info")
    check("SEGV_MAPERR" in text and "a handler raised a signal again" in text, f"in words: {text}")


def test_reraise_kill(t):
    check_first(t, "kill", signal.SIGSEGV)


def test_reraise_raise(t):
    check_first(t, "raise", signal.SIGSEGV)


def test_reraise_abort(t):
    check_first(t, "abort", signal.SIGABRT)


def test_reraise_when_the_handler_has_returned(t):
    check_first(t, "pending", signal.SIGSEGV)


def test_reraise_on_a_stack_of_its_own(t):
    check_first(t, "stack", signal.SIGSEGV)


def test_reraise_of_no_fault_on_a_stack_of_its_own(t):
    """A watchdog's signal, whose handler aborts: the interrupted code is on the other stack."""
    crash = crash_of(t, "asked", signal.SIGABRT).info["crash"]
    frames = [function_of(frame) for frame in crash["frames"]]
    check("handler__abort" in frames, f"the handler in {frames}")
    equal([frame for frame in frames if frame in ("ask__send", "main", "_start")],
          ["ask__send", "main", "_start"], f"what it interrupted, in {frames}")
    check("cut" not in crash, f"cut: {crash.get('cut')}")


def test_reraise_through_a_second_handler(t):
    check_first(t, "chain", signal.SIGSEGV)


def test_reraise_after_one_that_was_survived(t):
    check_first(t, "again", signal.SIGSEGV)


def test_reraise_not_of_one_that_was_survived(t):
    """It jumped out of the handler; its abort later has nothing to do with the fault."""
    crash = crash_of(t, "jump", signal.SIGABRT).info["crash"]
    equal((crash.get("reraised"), crash["signal"], crash["code"]), (None, "SIGABRT", -6), "crash")
    check("die_later" in [function_of(frame) for frame in crash["frames"]], "frames of the abort")


def test_reraise_that_hits_another_thread(t):
    check_first(t, "thread", signal.SIGSEGV, "worker", "run_worker")


def test_reraise_that_is_sent_to_another_thread(t):
    check_first(t, "main", signal.SIGSEGV, "worker", "run_worker")


def check_own(t, how, number):
    """It is the first thread's death, and no fault of another one."""
    snapshot = crash_of(t, how, number)
    crash = snapshot.info["crash"]
    equal((crash.get("reraised"), crash["signal"], crash["code"], crash["tid"]),
          (None, number.name, 0, snapshot.pid), "crash")


def test_reraise_not_of_another_signal(t):
    check_own(t, "other", signal.SIGBUS)


def test_reraise_not_of_one_that_another_thread_survived(t):
    check_own(t, "survived", signal.SIGSEGV)
