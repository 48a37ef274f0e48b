# SPDX-License-Identifier: MIT
"""Which crashes are equal, and which snapshots stay."""
import os
import signal
import subprocess

from harness import COLLECT, Snapshot, check, equal, view, wait_until


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


def said(collector, option):
    """Names of the files that it says were deleted for that option."""
    lines = [line for line in collector.err.all() if line.startswith("ttlog-collect: deleted ")]
    return [os.path.basename(line.split()[2]) for line in lines if line.endswith(f" ({option})")]


def listed(t):
    return sorted(name for name in os.listdir(t.out) if name.startswith("ttlog-"))


def start_loops(t, *options):
    """A program of another service that logs until it is told to stop, and its collector."""
    loops = t.start(t.app("loops"), 1000)
    loops.out.wait("ready")
    collector = t.collect(*options, "-p", loops.pid)
    collector.recording(loops.pid)
    return loops, collector


def end_loops(loops, collector):
    loops.close_stdin()
    loops.end()
    collector.end()


def request(pid, reason):
    subprocess.run([COLLECT, "--trigger", reason, "-p", str(pid)], check=True, stdout=subprocess.DEVNULL)


def snapshots_of_others(t):
    """A crash of one service, a request and a death by SIGTERM of another one."""
    crash(t, t.app("crash"), "SEGV")
    loops, collector = start_loops(t)
    request(loops.pid, "before")
    loops.signal(signal.SIGTERM)
    loops.end(-signal.SIGTERM)
    collector.end()
    equal(len(listed(t)), 3, f"files {listed(t)}")
    return listed(t)


def test_crash_loop_evicts_only_its_own(t):
    """A program crashes again and again: snapshots of other services stay, even requested ones, and
    so does its first crash."""
    others = snapshots_of_others(t)
    program = t.app("faults")
    collector = t.collect("-v", "--max-snapshots", 8, "-e", program)
    collector.recording_path(program)
    pids = []
    for _ in range(12):
        app = t.start(program, "fault_again")
        app.end(-signal.SIGSEGV)
        pids.append(app.pid)
        collector.accounts_of(app.pid)
    collector.stop()
    left = listed(t)
    equal([name for name in left if name in others], others, "files of others")
    its = sorted((name for name in left if name not in others), key=lambda name: name.split("-")[2])
    equal([int(name.split("-")[1]) for name in its], [pids[0], *pids[-4:]], "files of the program")
    equal(len(said(collector, "--max-snapshots")), 7, "deletions that it says")


def test_keeps_files_without_labels_by_their_headers(t):
    """As files of old versions are, and those on a file system without extended attributes."""
    others = snapshots_of_others(t)
    for name in others:
        for attribute in os.listxattr(os.path.join(t.out, name)):
            check(attribute.startswith("user.ttlog."), f"attribute {attribute}")
            os.removexattr(os.path.join(t.out, name), attribute)
    for _ in range(5):
        crash(t, t.app("crash_nofp"), "ABRT", "--max-snapshots", 5)
    left = listed(t)
    # both crashes are of one service, whose share is 3: the request and SIGTERM are of another one
    equal([name for name in left if name in others and "-crash" not in name],
          [name for name in others if "-crash" not in name], "files of the other service")
    equal(len(left), 5, f"files {left}")


def test_max_age(t):
    """Old ones are deleted at the start, and new ones in time, though nothing is written."""
    os.mkdir(t.out)
    old = "ttlog-1-20250101000000000-crash.bin"
    spared = "ttlog-1-20250101000000000-crash.txt"
    for name in (old, spared):
        with open(os.path.join(t.out, name), "wb"):
            pass
    loops, collector = start_loops(t, "-v", "--max-age", "3s")
    wait_until(lambda: old not in os.listdir(t.out), "the old file is deleted")
    request(loops.pid, "now")
    check(any("-now.bin" in name for name in listed(t)), f"files {listed(t)}")
    wait_until(lambda: listed(t) == [spared], "the new file is deleted")
    end_loops(loops, collector)
    deleted = said(collector, "--max-age")
    equal(deleted[0], old, "first deletion")
    check(deleted[1].endswith("-now.bin"), f"deletions {deleted}")


def test_keep_free(t):
    """Something else fills the disk, while nothing is written: snapshots make room."""
    os.mkdir(t.out)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=32m", "none", t.out], check=True)
    names = [f"ttlog-{pid}-20260101000000000-{reason}.bin" for pid in range(1, 5)
             for reason in ("timer", "crash")]
    for name in names:
        with open(os.path.join(t.out, name), "wb") as file:
            file.write(bytes(2 << 20))
    loops, collector = start_loops(t, "-v", "--keep-free", "40%", "--on", "crash")
    equal(listed(t), sorted(names), "files while there is room")
    with open(os.path.join(t.out, "other"), "wb") as file:
        file.write(bytes(8 << 20))
    wait_until(lambda: len(listed(t)) < 6, "snapshots are deleted")
    left = listed(t)
    loops.signal(signal.SIGKILL)
    collector.wait()
    equal(left, sorted(name for name in names if "crash" in name or name.startswith("ttlog-4")), "files")
    equal(len(said(collector, "--keep-free")), 3, "deletions that it says")
    subprocess.run(["umount", "-l", t.out], check=True)
