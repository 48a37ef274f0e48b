# SPDX-License-Identifier: MIT
"""Which crashes are equal, and which snapshots stay."""
import os

from harness import Snapshot, check, equal, view


def crash(t, path, how, *options):
    """A snapshot of one crash of the program."""
    collector = t.collect(*options, "--", path, 2, 10, how)
    check(collector.wait() >= 128, f"status of {how}")
    collector.err.all()
    return Snapshot(collector.only_file())


def test_signature(t):
    """Equal in each start and in another build, another one for another function or signal."""
    app = t.app("crash")
    os.mkdir(t.path("next"))
    next_build = t.app("crash_next", to=t.path("next/crash"))
    first, again, other = crash(t, app, "SEGV"), crash(t, app, "SEGV"), crash(t, next_build, "SEGV")
    frames = [[frame["ip"] for frame in one.info["crash"]["frames"]] for one in (first, again, other)]
    check(frames[0] != frames[1] != frames[2], f"addresses {frames}")
    signature = first.info["signature"]
    equal((again.info["signature"], other.info["signature"]), (signature, signature), "signatures")
    check(f"signature   {signature}\n" in view("--info", first.path), "--info")
    differ = [crash(t, app, how).info["signature"] for how in ("ABRT", "STACK", "FPE", "SIG8")]
    equal(len({signature, *differ}), 5, f"signatures of other crashes: {differ}")
    equal(crash(t, next_build, "ABRT").info["signature"], differ[0], "of abort() in another build")


def test_signature_only_of_crashes(t):
    for how in ("KILL", "TERM"):
        check("signature" not in crash(t, t.app("crash"), how).info, f"signature of {how}")
