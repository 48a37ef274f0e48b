#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""--format sentry: view_sentry.py TTLOG-VIEW. Run from the top of the tree.

By the schema of Relay, which receives events: which keys there are, of which type. `make check-sentry`
compares with the types of Sentry's SDK.
"""
import json
import os
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, "tests")
sys.dont_write_bytecode = True

import make_snapshot as make  # noqa: E402
from format_fixture import GOLDEN, abort_file, death_file, no_escapes, odd_file  # noqa: E402
from sentry_fixture import BUILD_ID, DEBUG_ID, EXE, LIBC, crash_file, ended_file, exit_file, kill_file  # noqa: E402
from view_harness import VIEW, events_of, run, view  # noqa: E402

FOLDER = tempfile.TemporaryDirectory(prefix="ttlog-sentry-")

HEX = re.compile("0x[0-9a-f]{1,16}")
ANY = object()
# a list: each of them so; a set: one of these; a dict: these keys, those with ! always
FRAME = {"in_app!": bool, "instruction_addr": HEX, "image_addr": HEX, "package": str, "function": str, "abs_path": str,
         "filename": str, "lineno": int, "platform": {"other"}}  # fmt: skip
SIGNAL = {"name!": str, "number": int, "code": int, "code_name": str}
DATA = {"stack_overflow!": bool, "reraised": bool, "oom": bool, "address": HEX, "sender": str, "sender_pid": str,
        "sender_uid": str}  # fmt: skip
MECHANISM = {"type!": {"signalhandler", "cpp_exception"}, "synthetic": bool, "handled!": bool, "data!": DATA,
             "meta!": {"signal!": SIGNAL}}  # fmt: skip
EXCEPTION = {"type!": str, "value": str, "mechanism!": MECHANISM, "thread_id": int,
             "stacktrace": {"frames!": [FRAME], "registers!": ANY}}  # fmt: skip
THREAD = {"id!": int, "name": str, "crashed!": bool, "current!": bool, "stacktrace": {"frames!": [FRAME]}}
IMAGE = {"type!": {"elf"}, "code_file!": str, "code_id!": re.compile("([0-9a-f]{2})+"),
         "debug_id!": re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"), "image_addr!": HEX, "image_size": int,
         "arch": {"x86_64", "arm64"}}  # fmt: skip
BREADCRUMB = {"type!": {"default"}, "timestamp!": float, "category!": str, "message!": str,
              "level!": {"fatal", "error", "warning", "info", "debug"}, "data!": ANY}  # fmt: skip
EVENT = {"event_id!": re.compile("[0-9a-f]{12}4[0-9a-f]{3}[89ab][0-9a-f]{15}"), "timestamp!": float,
         "platform!": {"native"}, "logger!": {"ttlog"}, "level!": {"fatal", "error", "warning"}, "server_name": str,
         "sdk!": {"name!": {"ttlog"}, "version!": str}, "release": str, "environment": str, "dist": str, "tags!": ANY,
         "fingerprint!": [str], "logentry": {"message!": str}, "exception": {"values!": [EXCEPTION]},
         "threads": {"values!": [THREAD]}, "debug_meta": {"images!": [IMAGE]}, "breadcrumbs!": [BREADCRUMB],
         "contexts!": {"os!": {"name!": {"Linux"}, "kernel_version": str}, "runtime": {"name!": str}, "device": {"arch!": str},
                       "app!": {"app_name!": str, "app_identifier": str, "app_build": str}, "ttlog!": ANY}}  # fmt: skip


def check(value, want, at):
    if want is ANY:
        return
    if isinstance(want, type):
        assert type(value) is want, (at, value)
    elif isinstance(want, re.Pattern):
        assert want.fullmatch(value), (at, value)
    elif isinstance(want, set):
        assert value in want, (at, value)
    elif isinstance(want, list):
        for i, item in enumerate(value):
            check(item, want[0], "%s[%d]" % (at, i))
    else:
        keys = {key.rstrip("!"): how for key, how in want.items()}
        assert not set(value) - set(keys), (at, set(value) - set(keys))
        assert not {key[:-1] for key in want if key.endswith("!")} - set(value), (at, set(value))
        for key, item in value.items():
            check(item, keys[key], at + "." + key)


def sentry_all(*args, status=0):
    text = view("--format", "sentry", *args, status=status)
    no_escapes(text)
    events = [json.loads(line) for line in text.splitlines()]
    for event in events:
        check(event, EVENT, "event")
        for key, value in event["tags"].items():
            assert re.fullmatch("[A-Za-z0-9_.:-]{1,32}", key) and type(value) is str, (key, value)
            assert len(value) <= 200 and "\n" not in value
    return events


def sentry(*args, status=0):
    (event,) = sentry_all(*args, status=status)
    return event


def crash():
    return sentry(crash_file(FOLDER.name))


def test_head():
    event = crash()
    assert (event["level"], event["server_name"]) == ("fatal", "web-1")
    assert event["fingerprint"] == ["0123456789abcdef"]
    assert (event["release"], event["environment"]) == ("shop@1.2", "prod")
    assert abs(event["timestamp"] - make.REAL / 1e9) < 1e-5
    assert event["tags"] == {"ttlog.reason": "crash", "service": "shop", "comm": "orderd", "signal": "SIGSEGV",
                             "signature": "0123456789abcdef", "rack_no": "7 8", "long": "\u00e9" * 100}  # fmt: skip
    contexts = event["contexts"]
    assert contexts["os"]["kernel_version"] == "6.1.0-18-amd64" and contexts["device"]["arch"] == "x86_64"
    assert contexts["runtime"] == {"name": "glibc"}
    assert contexts["app"] == {"app_name": "shop", "app_identifier": EXE, "app_build": BUILD_ID}


def test_exception():
    (exception,) = crash()["exception"]["values"]
    assert (exception["type"], exception["value"]) == ("shop::no_stock", "sold out")
    assert exception["mechanism"]["type"] == "cpp_exception"
    (exception,) = sentry(abort_file(FOLDER.name))["exception"]["values"]
    assert (exception["type"], exception["value"]) == ("shop::no_stock", "sold out")
    (exception,) = sentry(*GOLDEN)["exception"]["values"]
    assert exception["type"] == "SIGSEGV" and exception["mechanism"]["synthetic"] is True
    assert exception["mechanism"]["meta"]["signal"]["number"] == 11
    fault = {"signal": "SIGSEGV", "number": 11, "code": 1, "address": "0x10", "tid": 41, "stack_overflow": True}
    for crash_map, value in (
        (fault, "stack overflow, at 0x10"),
        ({**fault, "stack_overflow": False}, "nothing is mapped there, at 0x10"),
        ({**fault, "stack_overflow": False, "address": "0x\"},"}, "nothing is mapped there"),
        ({**fault, "stack_overflow": False, "code": 99}, "ended by a signal, at 0x10"),
        ({"signal": "SIGABRT", "number": 6, "code": -6}, "sent with tkill, as raise and abort do"),
    ):
        path = ended_file(FOLDER.name, "fault", reason="crash", crash=crash_map)
        (exception,) = sentry(path)["exception"]["values"]
        assert exception["value"] == value, exception


def test_stack():
    """Oldest first, with the gap; inlined functions are not looked up by Sentry once more."""
    (exception,) = crash()["exception"]["values"]
    frames = exception["stacktrace"]["frames"]
    assert [frame.get("function") for frame in frames] == [
        "__libc_start_main", "main", "(frames that were not kept)", None, None, "qsort", "shop::operator+(int)", "shop::check",
    ], frames  # fmt: skip
    assert [frame["in_app"] for frame in frames] == [False, True, False, False, True, False, True, True]
    assert [frame.get("platform") for frame in frames] == [None] * 6 + ["other"] * 2
    own = frames[6]
    assert (own["instruction_addr"], own["image_addr"], own["package"]) == ("0x401123", "0x400000", EXE)
    assert (own["filename"], own["abs_path"], own["lineno"]) == ("order.cc", "/build/src/order.cc", 90)
    assert frames[7]["filename"] == "src/order.h" and "abs_path" not in frames[7]
    assert frames[3] == {"in_app": False, "instruction_addr": "0xdead"}
    assert exception["stacktrace"]["registers"] == {"rip": "0x401123", "rsp": "0x7ffc0000"}


def test_threads():
    """The crashed one has its stack in the exception."""
    event = crash()
    crashed, other = event["threads"]["values"]
    assert (crashed["id"], crashed["name"], crashed["crashed"]) == (43, "worker", True) and "stacktrace" not in crashed
    assert event["exception"]["values"][0]["thread_id"] == 43
    assert (other["id"], other["crashed"]) == (41, False)
    assert [frame["function"] for frame in other["stacktrace"]["frames"]] == ["main", "qsort"]


def test_images():
    images = crash()["debug_meta"]["images"]
    assert images == [
        {"type": "elf", "code_file": EXE, "code_id": BUILD_ID, "debug_id": DEBUG_ID, "image_addr": "0x400000",
         "image_size": 0x3000, "arch": "x86_64"},
        {"type": "elf", "code_file": LIBC, "code_id": "93ac61ec", "debug_id": "ec61ac93-0000-0000-0000-000000000000",
         "image_addr": "0x7f0000000000", "image_size": 0x90000, "arch": "x86_64"},
    ], images  # fmt: skip
    # a file of a frame alone; ids that are none
    frames = [{"ip": "0x5010", "module": "/a.so", "offset": "0x10", "build_id": BUILD_ID},
              {"ip": "0x6010", "module": "/b.so", "offset": "0x10", "build_id": "12x4"},
              {"ip": "0x10", "module": "/c.so", "offset": "0x20", "build_id": BUILD_ID},
              {"ip": "0x7010", "module": "/d.so", "offset": "0x10", "build_id": "123"}]  # fmt: skip
    path = ended_file(FOLDER.name, "ids", reason="crash", crash={"signal": "SIGSEGV", "frames": frames})
    (image,) = sentry(path)["debug_meta"]["images"]
    assert (image["code_file"], image["image_addr"]) == ("/a.so", "0x5000") and "image_size" not in image


def test_breadcrumbs():
    """The last hundred, the oldest first, or as many as asked for; filters choose."""
    path = crash_file(FOLDER.name)
    crumbs = sentry(path)["breadcrumbs"]
    events = events_of(path)
    assert [crumb["timestamp"] for crumb in crumbs] == sorted(crumb["timestamp"] for crumb in crumbs)
    levels = {"TRACE": "debug", "DEBUG": "debug", "INFO": "info", "WARN": "warning", "ERROR": "error", "FATAL": "fatal"}
    assert [(crumb["category"], crumb["message"], crumb["level"]) for crumb in crumbs] == [
        (event["target"], event["msg"] or event["probe"], levels[event["level"]]) for event in events]  # fmt: skip
    assert crumbs[0]["data"] == {"n": 2**64 - 1, "pid": "\x1b[31m", "ttlog.probe": "probe_trace", "ttlog.tid": 43,
                                 "ttlog.thread": "worker"}  # fmt: skip
    assert [crumb["data"]["n"] for crumb in sentry("--limit", "2", path)["breadcrumbs"]] == [10, 11]
    assert [crumb["data"]["n"] for crumb in sentry("--head", "1", "--filter", "n>3 and n<9", path)["breadcrumbs"]] == [4]
    assert sentry("--limit", "0", path)["breadcrumbs"] == []
    header = {"clock": {"mono_ns": 2000, "real_ns": make.REAL}, "pid": 8, "reason": "crash", "crash": {"signal": "SIGSEGV"}}
    many = make.Snapshot(header, [make.site("event", "INFO", "tick", "Tick", 1, [("n", "u64")])],
                         [{"pid": 8, "tid": 8, "comm": "x"}], {0: [make.array("Q")]})  # fmt: skip
    many.chunk([(1000 + i, 0, 0, [i]) for i in range(250)])
    many.end()
    path = many.save(os.path.join(FOLDER.name, "many.bin"))
    assert [crumb["data"]["n"] for crumb in sentry(path)["breadcrumbs"]] == list(range(150, 250))


def test_other_ends():
    """A process that was killed, or failed, has an event; the level says how bad it is."""
    for how, level in (({}, "error"), ({"oom": True, "max_rss_bytes": 5}, "fatal"), ({"signal": "SIGTERM"}, "warning")):
        event = sentry(kill_file(FOLDER.name, **how))
        signal = how.get("signal", "SIGKILL")
        (exception,) = event["exception"]["values"]
        assert (event["level"], exception["type"], event["fingerprint"][0]) == (level, signal, "shop"), event
        assert exception["mechanism"]["data"]["sender"] == "systemd"
        assert exception["value"] == ("out of memory" if how.get("oom") else "ended by a signal")
        assert len(event["breadcrumbs"]) == 12
    event = sentry(exit_file(FOLDER.name))
    assert (event["level"], event["logentry"]["message"]) == ("error", "ended with exit status 3")
    assert event["fingerprint"] == ["shop", "exit status 3"] and "exception" not in event
    assert sentry(death_file(FOLDER.name))["breadcrumbs"] == []


def test_no_end():
    """A process that did not fail has no event, which is said; those of others are there."""
    for path in (exit_file(FOLDER.name, "well", 0), ended_file(FOLDER.name, "timer", reason="timer")):
        result = subprocess.run([VIEW, "--format", "sentry", path], capture_output=True, text=True)
        assert result.returncode == 1 and result.stdout == "", result
        assert path + ": no crash, fatal signal or failure: there is no event for Sentry" in result.stderr
    assert sentry(odd_file(FOLDER.name), crash_file(FOLDER.name), status=1)["server_name"] == "web-1"


def test_files_of_one_process():
    """One event: of the file with the crash; breadcrumbs of all, each once."""
    timer = ended_file(FOLDER.name, "timer", reason="timer")
    both = sentry(timer, crash_file(FOLDER.name))
    assert both["tags"]["ttlog.reason"] == "crash" and len(both["breadcrumbs"]) >= 12
    assert both["event_id"] == crash()["event_id"] == crash()["event_id"]
    other = crash_file(FOLDER.name, "other", pid=42)
    events = sentry_all(crash_file(FOLDER.name), other)
    assert len({event["event_id"] for event in events}) == 2


def test_output_and_refusals():
    path = os.path.join(FOLDER.name, "event.json")
    view("--format", "sentry", "-o", path, *GOLDEN)
    with open(path) as file:
        assert json.load(file) == sentry(*GOLDEN)
    for args in (["--info"], ["--stats"], ["--follow"], ["--sql", "SELECT 1 FROM events"]):
        view("--format", "sentry", *args, *([] if args == ["--follow"] else GOLDEN), status=2)


if __name__ == "__main__":
    run(globals())
