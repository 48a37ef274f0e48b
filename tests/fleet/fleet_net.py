# SPDX-License-Identifier: MIT
"""Three nats-servers, each in a network namespace of its own, joined to a bridge in the test's own one.

The test must have a mount namespace and a /run of its own, as tests/e2e/run gives it. All that is made here is gone
with the test's processes. The last server hears and speaks through slow_proxy.py.
"""
import contextlib
import ctypes
import glob
import os
import shutil
import subprocess
import sys

from nats_server import NatsServer

HERE = os.path.dirname(os.path.abspath(__file__))
CLONE_NEWNET = 0x40000000
COUNT = 3
LIBC = ctypes.CDLL(None, use_errno=True)

CONFIG = """server_name: s{number}
max_payload: 1MB
cluster {{ name: c, listen: "{listen}:6222", no_advertise: true, routes: [{routes}] }}
"""


def run(*words):
    done = subprocess.run(words, capture_output=True, text=True)
    assert done.returncode == 0, f"{' '.join(words)}: {done.stderr}"


def address_of(number):
    return f"10.1.0.{10 + number}"


def isolate():
    """Of this thread, and of the processes that it starts."""
    if LIBC.unshare(CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "unshare")
    run("ip", "link", "set", "lo", "up")
    run("ip", "link", "add", "br0", "type", "bridge")
    run("ip", "addr", "add", "10.1.0.1/24", "dev", "br0")
    run("ip", "link", "set", "br0", "up")


class Node:
    """A namespace with a server in it, its wire, and its disk."""

    def __init__(self, folder, number, disk_mib):
        self.number = number
        self.address = address_of(number)
        self.wire = f"v{number}"
        self.inside = ("nsenter", f"--net=/run/netns/s{number}")
        self.folder = os.path.join(folder, f"server{number}")
        self.disk = os.path.join(self.folder, "jetstream")
        self.proxy = None
        self._connect()
        os.makedirs(self.disk)
        run("mount", "-t", "tmpfs", "-o", f"size={disk_mib}m", "none", self.disk)

    def _connect(self):
        space, wire = f"s{self.number}", self.wire
        run("ip", "netns", "add", space)
        run("ip", "link", "add", wire, "type", "veth", "peer", "name", "eth0", "netns", space)
        run("ip", "link", "set", wire, "master", "br0", "up")
        run(*self.inside, "ip", "link", "set", "lo", "up")
        run(*self.inside, "ip", "addr", "add", self.address + "/24", "dev", "eth0")
        run(*self.inside, "ip", "link", "set", "eth0", "up")
        run("nft", "add", "table", "bridge", wire)
        for chain, hook in (("said", "prerouting"), ("heard", "postrouting")):
            run("nft", f"add chain bridge {wire} {chain} {{ type filter hook {hook} priority 0; }}")

    def start(self):
        others = [number for number in range(COUNT) if number != self.number]
        listen, routes = self.address, [address_of(number) + ":6222" for number in others]
        if self.number == COUNT - 1:
            listen, ways = "127.0.0.1", [f"{self.address}:{port}=127.0.0.1:{port}" for port in (4222, 6222)]
            ways += [f"127.0.0.1:{7000 + number}={route}" for number, route in zip(others, routes)]
            routes = [f"127.0.0.1:{7000 + number}" for number in others]
            self.proxy = subprocess.Popen([*self.inside, sys.executable, "-B", os.path.join(HERE, "slow_proxy.py"), *ways],
                                          stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)  # fmt: skip
            assert self.proxy.stdout.readline() == "listens\n"
        config = os.path.join(self.folder, "server.conf")
        with open(config, "w", encoding="utf-8") as file:
            file.write(CONFIG.format(number=self.number, listen=listen,
                                     routes=", ".join("nats://" + route for route in routes)))  # fmt: skip
        self.server = NatsServer(self.folder, config, address=listen, port=4222, prefix=self.inside)

    def discard(self):
        """As a program of an end-to-end test."""
        self.server.end()
        if self.proxy:
            self.proxy.kill()
            self.proxy.wait()

    # ---- what may happen to it ----

    def unplug(self):
        run("ip", "link", "set", self.wire, "down")

    def plug_in(self):
        run("ip", "link", "set", self.wire, "up")

    def deafen(self):
        """What it says is heard, and it hears nothing."""
        run("nft", "add", "rule", "bridge", self.wire, "heard", "oifname", self.wire, "drop")

    def mute(self):
        run("nft", "add", "rule", "bridge", self.wire, "said", "iifname", self.wire, "drop")

    def hear_and_speak(self):
        run("nft", "flush", "table", "bridge", self.wire)

    def limit(self, rate):
        for place, wire in ((), self.wire), (self.inside, "eth0"):
            run(*place, "tc", "qdisc", "add", "dev", wire, "root", "tbf", "rate", rate, "burst", "64kb", "latency", "500ms")

    def unlimit(self):
        for place, wire in ((), self.wire), (self.inside, "eth0"):
            run(*place, "tc", "qdisc", "del", "dev", wire, "root")

    def delay(self, seconds):
        self.proxy.stdin.write(f"{seconds}\n")
        self.proxy.stdin.flush()

    def fill_disk(self):
        """Leaves a page or two. The server writes meanwhile."""
        with open(os.path.join(self.disk, "filler"), "wb") as file:
            while (free := os.statvfs(self.disk)).f_bavail > 2:
                with contextlib.suppress(OSError):
                    os.posix_fallocate(file.fileno(), os.fstat(file.fileno()).st_size, (free.f_bavail - 2) * free.f_bsize)

    def clear_disk(self):
        os.unlink(os.path.join(self.disk, "filler"))

    def lose_data(self):
        """While it is down."""
        for path in glob.glob(os.path.join(self.disk, "*")):
            shutil.rmtree(path)


def absent():
    """What this kernel could have, and has not: the words for the log."""
    done = subprocess.run(["tc", "qdisc", "add", "dev", "br0", "root", "netem", "delay", "1ms"], capture_output=True, text=True)
    if done.returncode:
        return "netem (packets that are lost, doubled or late by themselves) is not in this kernel"
    run("tc", "qdisc", "del", "dev", "br0", "root")
    return ""
