#!/usr/bin/python3 -B
# SPDX-License-Identifier: MIT
"""A file system with one file, whose opening can be held up: held_disk.py DIRECTORY FILE

It shows FILE as DIRECTORY/FILE, by FUSE's own protocol (linux/fuse.h), until its stdin ends. After
"hold" each process that opens it waits, as on a network file system whose server is gone;
held_disk.py prints "waits PID" for each. After "go" all go on. A file that is open can be read all
the time.
"""
import ctypes
import errno
import os
import select
import stat
import struct
import sys

LOOKUP, FORGET, GETATTR, OPEN, READ, STATFS, RELEASE, FLUSH = 1, 2, 3, 14, 15, 17, 18, 25
INIT, ACCESS, INTERRUPT, BATCH_FORGET = 26, 34, 36, 42
NO_REPLY = {FORGET, INTERRUPT, BATCH_FORGET}
ROOT, FILE = 1, 2
FOREVER_S = 1 << 30
KEEP_CACHE = 2
BUFFER_BYTES = 1 << 20
LIBC = ctypes.CDLL(None, use_errno=True)


class Disk:
    def __init__(self, directory, path):
        self.name = os.path.basename(path).encode()
        with open(path, "rb") as file:
            self.content = file.read()
        self.fd = os.open("/dev/fuse", os.O_RDWR)
        options = f"fd={self.fd},rootmode=40000,user_id=0,group_id=0,allow_other"
        if LIBC.mount(b"held_disk", directory.encode(), b"fuse", 0, options.encode()):
            sys.exit(f"mount: {os.strerror(ctypes.get_errno())}")
        self.is_held = False
        self.waiting = []

    def attributes(self, node):
        mode = stat.S_IFDIR | 0o755 if node == ROOT else stat.S_IFREG | 0o755
        size = 0 if node == ROOT else len(self.content)
        return struct.pack("<6Q10I", node, size, (size + 511) // 512, 0, 0, 0,
                           0, 0, 0, mode, 1, 0, 0, 0, 4096, 0)

    def reply(self, unique, data=b"", error=0):
        try:
            os.write(self.fd, struct.pack("<IiQ", 16 + len(data), -error, unique) + data)
        except FileNotFoundError:
            pass  # the process that asked has gone

    def open(self, unique):
        self.reply(unique, struct.pack("<QII", 0, KEEP_CACHE, 0))

    def handle(self, message):
        _, opcode, unique, node, _, _, pid = struct.unpack_from("<IIQQIII", message)
        body = message[40:]
        if opcode == INIT:
            major, _, ahead, _ = struct.unpack_from("<IIII", body)
            self.reply(unique, struct.pack("<IIIIHHII", major, 31, ahead, 0, 16, 12, 65536, 1) + bytes(32))
        elif opcode == LOOKUP and node == ROOT and body.rstrip(b"\0") == self.name:
            self.reply(unique, struct.pack("<QQQQII", FILE, 0, FOREVER_S, FOREVER_S, 0, 0) + self.attributes(FILE))
        elif opcode == LOOKUP:
            self.reply(unique, error=errno.ENOENT)
        elif opcode == GETATTR:
            self.reply(unique, struct.pack("<QII", FOREVER_S, 0, 0) + self.attributes(node))
        elif opcode == OPEN and self.is_held:
            self.waiting.append(unique)
            print("waits", pid, flush=True)
        elif opcode == OPEN:
            self.open(unique)
        elif opcode == READ:
            _, offset, size = struct.unpack_from("<QQI", body)
            self.reply(unique, self.content[offset:offset + size])
        elif opcode in (RELEASE, FLUSH, ACCESS):
            self.reply(unique)
        elif opcode not in NO_REPLY:
            self.reply(unique, error=errno.ENOSYS)

    def go(self):
        self.is_held = False
        for unique in self.waiting:
            self.open(unique)
        self.waiting = []

    def run(self):
        print("mounted", flush=True)
        while True:
            ready, _, _ = select.select([self.fd, 0], [], [])
            if self.fd in ready:
                self.handle(os.read(self.fd, BUFFER_BYTES))
            if 0 in ready:
                word = os.read(0, 16).decode().strip()
                if word == "hold":
                    self.is_held = True
                else:
                    self.go()
                if not word:
                    return
                print(word, flush=True)


if __name__ == "__main__":
    Disk(sys.argv[1], sys.argv[2]).run()
