# SPDX-License-Identifier: MIT
"""Snapshots of processes that died or failed, for --format sentry."""
import os
import sys

sys.path.insert(0, "tests")
sys.dont_write_bytecode = True

import make_snapshot as make  # noqa: E402

# Sentry's own example of an ELF file
BUILD_ID = "68220ae2c65d65c1b6aaa12fa6765a6ec2f5f434"
DEBUG_ID = "e20a2268-5dc6-c165-b6aa-a12fa6765a6e"
EXE = "/srv/shop/bin/orderd"
LIBC = "/usr/lib/x86_64-linux-gnu/libc.so.6"
LEVELS = ("TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL")


def ended_file(folder, name, **more):
    """Twelve events, two of each level, then the end that `more` says."""
    header = {"clock": {"mono_ns": 2000, "real_ns": make.REAL}, "pid": 41, "host": "web-1", "comm": "orderd", "exe": EXE,
              "service": "shop", "start_time": 77, "boot_id": "6a6c1b3e-0000-4000-8000-000000000001",
              "kernel": "6.1.0-18-amd64", "build_id": BUILD_ID, **more}  # fmt: skip
    sites = [make.site("event", level, "probe_" + level.lower(), "" if level == "TRACE" else level.title(), i + 1,
                       [("n", "u64"), ("pid", "str")]) for i, level in enumerate(LEVELS)]  # fmt: skip
    snapshot = make.Snapshot(header, sites, [{"pid": 41, "tid": 43, "comm": "worker"}],
                             {i: [make.plain] * 2 for i in range(len(LEVELS))})  # fmt: skip
    snapshot.chunk([(1000 + i, i % 6, 0, [2**64 - 1 if not i else i, "\x1b[31m"]) for i in range(12)])
    snapshot.end()
    return snapshot.save(os.path.join(folder, name + ".bin"))


def crash_file(folder, name="crash", **more):
    """A crash with all that one may have: a cut stack, an inlined function, threads, a library's frames, tags."""
    def frame(ip, module, base, build_id=None, **named):
        named = {key: value for key, value in named.items() if value is not None}
        return {"ip": "0x%x" % ip, "module": module, "offset": "0x%x" % (ip - base),
                **({"build_id": build_id} if build_id else {}), **named}  # fmt: skip

    own, lib = 0x400000, 0x7F0000000000
    frames = [frame(0x401123, EXE, own, BUILD_ID, symbol="shop::check", file="src/order.h", line=7),
              frame(0x401123, EXE, own, BUILD_ID, symbol="shop::operator+(int)+0x23", file="/build/src/order.cc", line=90),
              frame(0x7F0000012345, LIBC, lib, "93ac61ec", symbol="qsort+0x5"),
              frame(0x7F1000000010, "/srv/shop/lib/libx.so", 0x7F1000000000), {"ip": "0xdead"}]  # fmt: skip
    outer = [frame(0x401900, EXE, own, BUILD_ID, symbol="main+0x10", file="src/main.c", line=3),
             frame(0x7F0000022222, LIBC, lib, "93ac61ec", symbol="__libc_start_main+0x85",
                   file="../csu/libc-start.c", line=360)]  # fmt: skip
    crash = {"signal": "SIGSEGV", "number": 11, "code": 1, "address": "0x10", "tid": 43, "thread": "worker",
             "registers": {"rip": "0x401123", "rsp": "0x7ffc0000"}, "frames": frames, "cut": "stack", "outer_frames": outer,
             "threads": [{"tid": 41, "thread": "orderd", "frames": [frames[2], outer[0]]}],
             "exception": {"type": "shop::no_stock", "what": "sold out"}}  # fmt: skip
    header = {"reason": "crash", "exit": {"signal": "SIGSEGV", "number": 11}, "signature": "0123456789abcdef",
              "mappings": [{"start": 0x401000, "end": 0x403000, "offset": 0x1000, "path": EXE, "build_id": BUILD_ID},
                           {"start": lib + 0x1000, "end": lib + 0x90000, "offset": 0x1000, "path": LIBC,
                            "build_id": "93ac61ec"}],
              "tags": {"env": "prod", "release": "shop@1.2", "rack no": "7\n8", "long": "\u00e9" * 150, "empty": ""},
              "crash": crash}  # fmt: skip
    return ended_file(folder, name, **{**header, **more})


def kill_file(folder, name="kill", **how):
    end = {"signal": "SIGKILL", "number": 9, "sender": {"pid": 1, "comm": "systemd", "uid": 0}, **how}
    return ended_file(folder, name, reason="killed", exit=end)


def exit_file(folder, name="exit", code=3):
    return ended_file(folder, name, reason="exit", exit={"code": code})
