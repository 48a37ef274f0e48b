#!/usr/bin/python3 -B
# SPDX-License-Identifier: MIT
"""usage: cutoff.py BUILD_DIR VMLINUZ

Boots an emulated machine that streams a program to its disk (cutoff_guest.sh), kills it while it writes,
and looks at the disk: all that the program had logged before a moment that was reported as durable
must be there, and be read without an error.

The disk is a qcow2 image. QEMU keeps in memory where in it a new block lies until the machine asks for
a flush. So, as on a disk with a cache of its own, what was written and not flushed is lost.
"""
import glob
import json
import os
import random
import re
import signal
import subprocess
import sys

REPORT = re.compile(rb"ttlog-cutoff: logged +(\d+) (\d+) at ([\d.]+) durable (\d+) missed (\d+)\s")
CLOCK_STEP_NS = 20_000_000  # more than the guest's clock cuts off
MODES = (("--profile durable", 3), ("--sync 100ms --write-cache 64K,20ms", 2),
         ("--sync segment --segment-size 1M --segment-age 1s", 1))  # fmt: skip
DEADLINE_S = int(os.environ.get("KERNELS_TIMEOUT_S", "300"))


def run(*argv, allowed=(0,)):
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    if done.returncode not in allowed:
        sys.exit(f"check-cutoff: {' '.join(argv)}: status {done.returncode}: {(done.stdout + done.stderr).decode()}")
    return done.stdout.decode()


class Machine:
    def __init__(self, build, vmlinuz):
        self.view = os.path.join(build, "ttlog-view")
        self.work = os.path.join(build, "kernels")
        self.vmlinuz = vmlinuz
        self.raw, self.disk, self.out = (os.path.join(self.work, f"cutoff.{end}") for end in ("raw", "qcow2", "out"))

    def make_disk(self):
        with open(self.raw, "wb") as file:
            file.truncate(256 << 20)
        run("mke2fs", "-q", "-F", "-t", "ext4", "-E", "lazy_itable_init=0,lazy_journal_init=0", self.raw)
        run("qemu-img", "convert", "-O", "qcow2", self.raw, self.disk)

    def boot(self, options):
        return subprocess.Popen(
            ["timeout", str(DEADLINE_S), "qemu-system-x86_64", "-accel", "tcg,thread=single", "-cpu", "max,-cx16",
             "-smp", "2", "-m", "768M", "-nodefaults", "-no-user-config", "-nographic", "-no-reboot", "-serial", "stdio",
             "-drive", f"file={self.disk},if=virtio,format=qcow2,cache=writeback", "-kernel", self.vmlinuz,
             "-initrd", os.path.join(self.work, "cutoff.initramfs"), "-append",
             f'console=ttyS0 tsc=unstable panic=-1 quiet loglevel=4 mitigations=off "COLLECT={options}"'],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)  # fmt: skip

    def run_until_cut(self, options, after):
        """What it reported: (newest number of each thread, when, durable moment). It is killed after so
        many reports with a new moment."""
        reports, moments = [], set()
        with self.boot(options) as machine, open(os.path.join(self.work, "cutoff.log"), "ab") as log:
            for line in machine.stdout:
                log.write(line)
                found = REPORT.match(line)
                if not found:
                    continue
                first, second, at_s, durable_ns, missed = found.groups()
                if missed != b"0":
                    sys.exit(f"check-cutoff: {options}: the stream missed events: {line.decode()}")
                reports.append(((int(first), int(second)), int(float(at_s) * 1e9) + CLOCK_STEP_NS, int(durable_ns)))
                moments.add(int(durable_ns))
                if len(moments - {0}) >= after:
                    break
            if machine.poll() is None:
                os.kill(child_of(machine.pid), signal.SIGKILL)
        if len(moments - {0}) < after:
            sys.exit(f"check-cutoff: {options}: it ended by itself: see {self.work}/cutoff.log")
        return reports

    def read_disk(self):
        """The newest number of each thread of the stream on the disk."""
        run("qemu-img", "convert", "-O", "raw", self.disk, self.raw)
        run("e2fsck", "-fp", self.raw, allowed=(0, 1))
        run("rm", "-rf", self.out)
        os.mkdir(self.out)
        run("debugfs", "-R", f"rdump /out {self.out}", self.raw)
        text = run(self.view, "--format", "json", "--sql",
                   "SELECT thread, count(*) AS cnt, max(n) AS newest FROM events GROUP BY thread",
                   os.path.join(self.out, "out"))  # fmt: skip
        rows = [json.loads(line) for line in text.splitlines()]
        for row in rows:
            if row["cnt"] != row["newest"]:
                sys.exit(f"check-cutoff: {row['newest'] - row['cnt']} events are missing before the newest one: {row}")
        return {row["thread"]: row["newest"] for row in rows}, len(glob.glob(os.path.join(self.out, "out", "*")))


def child_of(pid):
    """`timeout` starts the machine."""
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        return int(file.read().split()[0])


def check(machine, options, after):
    machine.make_disk()
    reports = machine.run_until_cut(options, after)
    on_disk, files = machine.read_disk()
    durable_ns = max(report[2] for report in reports)
    promised = [report[0] for report in reports if report[1] <= durable_ns]
    if not promised:
        sys.exit(f"check-cutoff: {options}: nothing was promised in {len(reports)} reports")
    for thread, newest in enumerate(promised[-1]):
        if on_disk.get(thread, 0) < newest:
            sys.exit(f"check-cutoff: {options}: thread {thread}: event {newest} was reported as durable, "
                     f"and the disk has {on_disk.get(thread, 0)}")  # fmt: skip
    print(f"ok      {options}: cut off after {len(reports)} reports: {sum(promised[-1])} events were promised, "
          f"{sum(on_disk.values())} are on the disk in {files} files, {sum(reports[-1][0])} or more were logged",
          flush=True)  # fmt: skip


def main():
    machine = Machine(*sys.argv[1:3])
    with open(os.path.join(machine.work, "cutoff.log"), "wb"):
        pass
    for options, cuts in MODES:
        for _ in range(cuts):
            check(machine, options, random.randint(4, 20))


if __name__ == "__main__":
    main()
