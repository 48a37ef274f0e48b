# SPDX-License-Identifier: MIT
"""ttlog-view --follow, started by a test; and clients of the control socket that act like it."""
import array
import glob
import json
import re
import socket
import struct

from harness import DEADLINE_S, VIEW, Program, check, equal, wait_until

MAX_FOLLOWERS = 16
FOLLOW_MAGIC, TRIGGER_MAGIC = 0x464C5454, 0x434C5454
WINDOW = 16  # chunks that a client has not answered yet
LIVE_BYTES = 32
END = re.compile(r"ttlog-view: (the collector has ended: )?(\d+) events shown"
                 r"(?:, (\d+) not shown \(what reads them is too slow\))?"
                 r"(?:, (\d+) overwritten before they could be looked at)?")


class Follower(Program):
    def __init__(self, argv, **options):
        super().__init__(argv, **options)
        self.err.wait(r"ttlog-view: following \d+ collectors?")

    def events(self):
        return [json.loads(line) for line in self.out.lines]

    def wait_events(self, count):
        wait_until(lambda: len(self.out.lines) >= count, f"{count} events")
        return self.events()

    def last_word(self):
        """Parses the last line: whether the collector has ended, and how many events were shown,
        dropped, missed."""
        match = END.fullmatch(self.err.all()[-1])
        check(match, f"its last line is {self.err.text()!r}")
        return (match[1] is not None, *(int(number or 0) for number in match.group(2, 3, 4)))


def follow(t, *args):
    """Starts a viewer that follows."""
    return t._add(Follower([VIEW, "--follow", *map(str, args)], cwd=t.dir))


def follow_json(t, *args):
    return follow(t, "--format", "json", *args)


def start_beat(t, *args):
    """A program that logs when it is told to, and its collector."""
    app = t.start(t.app("beat"), *args)
    app.out.wait("ready")
    collector = t.collect("-p", app.pid)
    collector.recording(app.pid)
    return app, collector


def control_path():
    (path,) = glob.glob("/run/ttlog/control-*.sock")
    return path


def connect(path=None):
    client = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    client.connect(path or control_path())
    client.settimeout(DEADLINE_S)
    return client


def follow_request(filters=b"", **changed):
    fields = {"magic": FOLLOW_MAGIC, "version": 1, "format": 1, "bytes": len(filters), **changed}
    return struct.pack("<4I", *fields.values()) + filters


def is_hung_up(client):
    try:
        return client.recv(100) == b""
    except ConnectionResetError:
        return True


def receive(client):
    """A live packet: kind, events, dropped, missed, descriptor or None."""
    data, control, _, _ = client.recvmsg(100, socket.CMSG_SPACE(4))
    equal(len(data), LIVE_BYTES, f"length of {data!r}")
    fds = array.array("i", b"".join(item[2] for item in control))
    kind, *counts = struct.unpack("<c7x3Q", data)
    return kind, *counts, fds[0] if fds else None
