# SPDX-License-Identifier: MIT
"""Holds up each process that opens a file, until the test lets it go on (fanotify(7), permission
events)."""
import ctypes
import os
import select
import struct

from harness import DEADLINE_S, Failure, Skip

FAN_CLOEXEC, FAN_CLASS_CONTENT = 0x1, 0x4
FAN_MARK_ADD, FAN_OPEN_PERM, FAN_ALLOW = 0x1, 0x10000, 0x1
AT_FDCWD = -100
EVENT = struct.Struct("=IBBHQii")  # struct fanotify_event_metadata
LIBC = ctypes.CDLL(None, use_errno=True)


class OpenGate:
    """The gate of one file. When it is closed, waiting processes may go on."""

    def __init__(self, path):
        self.fd = LIBC.fanotify_init(FAN_CLOEXEC | FAN_CLASS_CONTENT, os.O_RDONLY)
        if self.fd < 0 or LIBC.fanotify_mark(self.fd, FAN_MARK_ADD, ctypes.c_uint64(FAN_OPEN_PERM),
                                             AT_FDCWD, os.fsencode(path)):
            raise Skip(f"no permission events: {os.strerror(ctypes.get_errno())}")
        self.held = []

    def wait(self):
        """Waits until a process is held up. Returns its pid."""
        if not select.select([self.fd], [], [], DEADLINE_S)[0]:
            raise Failure("nobody opens the file")
        event = EVENT.unpack(os.read(self.fd, EVENT.size))
        self.held.append(event[5])
        return event[6]

    def let_go(self):
        """Lets these go on, and all that come later."""
        for fd in self.held:
            os.write(self.fd, struct.pack("=iI", fd, FAN_ALLOW))
            os.close(fd)
        os.close(self.fd)
