# SPDX-License-Identifier: MIT
"""What runs beside the servers: programs that crash, what records them, and what sends their files."""
import collections
import ctypes
import glob
import hashlib
import os
import random
import re
import signal
import sqlite3
import struct
import subprocess
import threading
import time

from harness import check, equal, wait_until
from ship_fixture import SHIP

CHUNK = 131072
SHIPPED_DIR = "shipped"  # shipped_dir.h
SIZES = [1, 5000, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 10 * CHUNK + 77, 40 * CHUNK]
LINES = {
    "connections": ": connected to ",
    "failures that were said": "it is tried again$",
    "files sent again after an audit": "; it is sent again$",
    "(without their object": "audit: .* has no .*; it is sent again$",
    "without a chunk": "a chunk is missing; it is sent again$",
    "without their message": "has no message in the index; it is sent again$",
    "with another digest)": "another digest than it says; it is sent again$",
}
ENDS = ["SEGV", "ABRT", "FPE", "ILL", "BUS", "STACK", "TRAP", "KILL", "TERM"]
IN_MOVED_TO, IN_CREATE = 0x80, 0x100
LIBC = ctypes.CDLL(None, use_errno=True)


def digest_of(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class Crashes(threading.Thread):
    """A program that dies, again and again, with a pause of up to most_s between."""

    def __init__(self, app, seed, most_s):
        super().__init__(daemon=True)
        self.app, self.random, self.most_s = app, random.Random(seed), most_s
        self.stopped = threading.Event()
        self.count = 0
        self.start()

    def run(self):
        while not self.stopped.wait(self.random.uniform(0, self.most_s)):
            events = self.random.choice((0, 10, 1000, 40000))
            subprocess.run([self.app, str(self.random.randint(1, 4)), str(events), self.random.choice(ENDS)],
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)  # fmt: skip
            self.count += 1

    def discard(self):
        """As a program of an end-to-end test."""
        self.stopped.set()
        self.join()


class Copies(threading.Thread):
    """Other files that come into a directory whole, as a collector's do; some have many chunks."""

    def __init__(self, folder, scratch, seed, most_s):
        super().__init__(daemon=True)
        self.folder, self.scratch = folder, scratch
        self.random, self.most_s = random.Random(seed), most_s
        self.stopped = threading.Event()
        self.start()

    def run(self):
        number = 0
        while not self.stopped.wait(self.random.uniform(0, self.most_s)):
            number += 1
            with open(self.scratch, "wb") as file:
                # no two are equal
                file.write(os.urandom(8) + self.random.randbytes(self.random.choice(SIZES)))
            at = time.strftime("%Y%m%d%H%M%S", time.gmtime()) + "%03d" % (time.time() % 1 * 1000)
            reason = self.random.choice(("crash", "timer", "request"))
            os.rename(self.scratch, os.path.join(self.folder, f"ttlog-{9000000 + number}-{at}-{reason}.bin"))

    def discard(self):
        self.stopped.set()
        self.join()


class Recorder:
    """ttlog-collect for one program, killed and started again."""

    def __init__(self, t, app, folder, *args):
        self.t, self.app, self.folder, self.args = t, app, folder, args
        self.kills = 0
        os.makedirs(folder, exist_ok=True)
        t.rings_may_stay = True
        self.start()

    def start(self):
        self.collector = self.t.collect("-e", self.app, "-o", self.folder, "-b", "4M", "-s", "2M", *self.args, out=False)
        self.collector.recording_path(self.app)

    def kill(self):
        broker = os.pidfd_open(self.collector.broker())
        self.collector.signal(signal.SIGKILL)
        self.collector.end(-signal.SIGKILL)
        os.close(broker)
        self.kills += 1

    def stop(self):
        self.collector.stop()


class Shipper:
    """ttlog-ship for one directory, killed and started again."""

    def __init__(self, t, name, folder, urls, *args):
        self.t, self.folder, self.state = t, folder, t.path("state-" + name)
        self.urls, self.args = urls, args
        self.kills = self.most_kib = self.gone = self.unproven = 0
        self.lines = collections.Counter()
        self.marks = os.path.join(self.state, SHIPPED_DIR)  # a file for each that is proven to be there
        os.makedirs(self.marks)
        self.start()

    def start(self):
        to = [word for url in self.urls for word in ("--to", url)]
        self.ship = self.t.start(SHIP, "--from", self.folder, "--state", self.state, "--audit-after", "1ms", *to, *self.args)
        self.ended = os.pidfd_open(self.ship.pid)
        self.started_s = int(time.time())

    def look(self):
        """Its memory. It never ends by itself."""
        with open(f"/proc/{self.ship.pid}/status", encoding="utf-8") as file:
            most = re.search(r"VmHWM:\s+(\d+)", file.read())
        # one that is ending has no memory any more
        check(most and self.ship.runs(), f"ttlog-ship ended: {most or self.ship.wait()}: {self.ship.err.lines[-5:]}")
        self.most_kib = max(self.most_kib, int(most[1]))

    def _take_lines(self):
        os.close(self.ended)
        for line in self.ship.err.all():
            for kind, pattern in LINES.items():
                self.lines[kind] += bool(re.search(pattern, line))
            match = re.search(r"(\d+) were gone before they were sent, (\d+) before an audit", line)
            if match:
                self.gone += int(match[1])
                self.unproven += int(match[2])

    def kill(self):
        self.look()
        self.ship.signal(signal.SIGKILL)
        self.ship.end(-signal.SIGKILL)
        self._take_lines()
        self.kills += 1

    def stop(self):
        self.look()
        self.ship.signal(signal.SIGTERM)
        self.ship.end()
        self._take_lines()

    def start_anew(self):
        """In another second than what was audited before."""
        before = int(time.time())
        wait_until(lambda: int(time.time()) > before, "the next second")
        self.start()

    def audited(self):
        """Names of files that were found to be whole since it was started."""
        for path in glob.glob(os.path.join(self.state, "*.db")):
            with sqlite3.connect(path) as db:
                rows = db.execute("SELECT name FROM files1 WHERE audited_s >= ?", (self.started_s,))
                return {name for (name,) in rows}
        return set()

    def wait_idle(self, deadline_s):
        """Until it has sent and audited all that is there."""
        def waiting():
            self.look()
            return set(os.listdir(self.folder)) - self.audited()

        try:
            wait_until(lambda: not waiting(), "all files audited", deadline_s)
        except Exception as error:
            raise type(error)(f"{error}; {len(waiting())} files wait, as {sorted(waiting())[:3]}: "
                              f"{self.ship.err.lines[-5:]}") from None  # fmt: skip


class Seen(threading.Thread):
    """Each file that comes into a directory, with its digest: some are deleted soon."""

    def __init__(self, folder):
        super().__init__(daemon=True)
        self.folder, self.digests = folder, {}
        self.fd = LIBC.inotify_init1(os.O_CLOEXEC)
        check(LIBC.inotify_add_watch(self.fd, folder.encode(), IN_MOVED_TO | IN_CREATE) > 0, "inotify")
        self.start()

    def run(self):
        while True:
            data = os.read(self.fd, 65536)
            while data:
                _, mask, _, length = struct.unpack_from("iIII", data)
                equal(mask & ~(IN_MOVED_TO | IN_CREATE), 0, "an event of inotify")
                self._take(data[16 : 16 + length].rstrip(b"\0").decode())
                data = data[16 + length :]

    def _take(self, name):
        if not re.fullmatch(r"ttlog-.*\.bin", name):
            return
        try:
            self.digests[name] = digest_of(os.path.join(self.folder, name))
        except FileNotFoundError:
            self.digests[name] = None
