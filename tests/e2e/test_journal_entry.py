# SPDX-License-Identifier: MIT
"""The entry of a crash in systemd's journal, as a socket in its place gets it."""
import array
import os
import re
import signal
import socket
import subprocess

from harness import DEADLINE_S, Snapshot, check, equal, view

DIRECTORY = "/run/systemd/journal"


class Journal:
    def __init__(self):
        os.makedirs(DIRECTORY, exist_ok=True)
        # in the mount namespace of this test alone
        subprocess.run(["mount", "-t", "tmpfs", "tmpfs", DIRECTORY], check=True)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(DIRECTORY + "/socket")
        self.socket.settimeout(DEADLINE_S)

    def entry(self):
        """The next one, by systemd's native protocol: a datagram, or a file if it is large."""
        data, ancillary, _, _ = self.socket.recvmsg(1 << 20, socket.CMSG_SPACE(4))
        for _, _, descriptors in ancillary:
            (fd,) = array.array("i", descriptors)
            with os.fdopen(fd, "rb") as file:
                file.seek(0)
                data = file.read()
        fields = {}
        while data:
            line, data = data.split(b"\n", 1)
            if b"=" in line:
                key, value = line.split(b"=", 1)
            else:
                key, size = line, int.from_bytes(data[:8], "little")
                value, data = data[8:8 + size], data[8 + size + 1:]
            fields[key.decode()] = value.decode()
        return fields


def test_journal_entry_of_a_crash(t):
    journal = Journal()
    app = t.app("crash")
    collector = t.collect("--", app, 1, 1, f"SIG{int(signal.SIGSEGV)}").end(128 + signal.SIGSEGV)
    entry = journal.entry()
    pid = collector.only_accounts().pid
    path = collector.only_file()
    info = Snapshot(path).info
    for key, value in {"MESSAGE_ID": "a42fba2a7b92491f99d9d5e862b9db14", "SYSLOG_IDENTIFIER": "ttlog", "PRIORITY": "2",
                       "TTLOG_FILE": path, "TTLOG_SIGNAL": "SIGSEGV", "TTLOG_SIGNATURE": info["signature"],
                       "TTLOG_SERVICE": info["service"], "COREDUMP_PID": str(pid), "COREDUMP_SIGNAL": "11",
                       "COREDUMP_SIGNAL_NAME": "SIGSEGV", "COREDUMP_EXE": app, "COREDUMP_COMM": info["comm"],
                       "COREDUMP_UID": "0", "TTLOG_EVENTS": str(info["events"])}.items():  # fmt: skip
        equal(entry.get(key), value, key)
    frame = info["crash"]["frames"][0]
    check(entry["TTLOG_FRAME"].startswith(frame["symbol"]), f"TTLOG_FRAME={entry['TTLOG_FRAME']}, not {frame}")
    check(entry["TTLOG_FRAME"] in entry["MESSAGE"] and path in entry["MESSAGE"], f"MESSAGE={entry['MESSAGE']}")
    equal(len(entry["TTLOG_STACK"].split("\n")), len(info["crash"]["frames"]), "lines of TTLOG_STACK")
    check(re.match(r".* \(pid \d+\) crashed: SIGSEGV in ", entry["MESSAGE"]), entry["MESSAGE"])


def test_journal_entry_only_of_crashes(t):
    journal = Journal()
    t.collect("--on", "crash,killed,exit,request", "--", t.app("crash"), 1, 1, "exit").end(3)
    t.collect("--", t.app("crash"), 1, 1, f"SIG{int(signal.SIGTERM)}").end(128 + signal.SIGTERM)
    t.collect("--", t.app("crash"), 1, 1, f"SIG{int(signal.SIGABRT)}").end(128 + signal.SIGABRT)
    equal(journal.entry()["TTLOG_SIGNAL"], "SIGABRT", "the first entry")


def test_journal_entry_of_an_encrypted_file(t):
    """No more than what stands in clear in the file, and its path."""
    journal = Journal()
    with open(t.path("recipients"), "w", encoding="ascii") as file:
        file.write(view("--keygen", "-o", t.path("key")))
    collector = t.collect("--encrypt-to", t.path("recipients"), "--", t.app("crash"), 1, 1, "SEGV")
    collector.end(128 + signal.SIGSEGV)
    entry = journal.entry()
    equal(entry["TTLOG_FILE"], collector.only_file(), "TTLOG_FILE")
    for key in entry:
        check(not key.startswith("TTLOG_") or key in ("TTLOG_FILE", "TTLOG_SIGNAL", "TTLOG_SIGNATURE", "TTLOG_SERVICE"),
              f"{key} is in clear")  # fmt: skip
        check(key not in ("COREDUMP_EXE", "COREDUMP_COMM", "COREDUMP_UID"), f"{key} is in clear")
    check("level3" not in str(entry), f"a function is in clear: {entry}")
