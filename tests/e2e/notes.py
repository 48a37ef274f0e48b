# SPDX-License-Identifier: MIT
"""A running program from outside: its ELF notes give the addresses, /proc/PID/mem the values."""
import re
import struct
import subprocess

from harness import check

NOTE_MODULE = 2  # see abi.h


def _readelf(option, path):
    done = subprocess.run(["readelf", "-W", option, path], capture_output=True, check=True)
    return done.stdout.decode("utf-8", "replace")


def probes(path):
    """(provider, name, semaphore) of each stapsdt note, by readelf."""
    pattern = re.compile(
        r"Provider: (\S+)\s+Name: (\S+)\s+Location: \S+, Base: \S+, Semaphore: 0x([0-9a-f]+)"
    )
    found = [
        (match[1], match[2], int(match[3], 16))
        for match in pattern.finditer(_readelf("-n", path))
    ]
    check(found, f"readelf -n finds no probes in {path}")
    return found


def _module(path):
    """Link-time address of struct ttlog_module; see abi.h."""
    section = re.search(r"\.note\.ttlog\s+NOTE\s+\S+ (\S+) (\S+)", _readelf("-S", path))
    check(section, f"no .note.ttlog in {path}")
    with open(path, "rb") as file:
        file.seek(int(section[1], 16))
        data = file.read(int(section[2], 16))
    at = 0
    while at < len(data):
        name_size, size, kind = struct.unpack_from("<III", data, at)
        at += 12 + (name_size + 3 & ~3)
        if kind == NOTE_MODULE:
            return struct.unpack_from("<Q", data, at)[0]
        at += size + 3 & ~3
    return check(False, f"no module note in {path}")


def _base(pid, elf, mapped):
    """The difference between run-time and link-time addresses."""
    if "EXEC (" in _readelf("-h", elf):
        return 0
    with open(f"/proc/{pid}/maps", encoding="utf-8") as maps:
        for line in maps:
            columns = line.rstrip("\n").split(None, 5)
            if columns[5:] == [mapped] and int(columns[2], 16) == 0:
                return int(columns[0].split("-")[0], 16)
    return check(False, f"{mapped} is not mapped by {pid}")


class Semaphores:
    """By name: `provider:name` (for sites with the same name: their sum) and `immediate`."""

    def __init__(self, pid, elf, mapped=None):
        """elf: the file to read notes from; mapped: its name in /proc/PID/maps, if that differs."""
        base = _base(pid, elf, mapped or elf)
        self.memory = f"/proc/{pid}/mem"
        self.places = {(f"{provider}:{name}", base + at) for provider, name, at in probes(elf)}
        self.places.add(("immediate", base + _module(elf) + 2))

    def read(self):
        values = {}
        with open(self.memory, "rb", buffering=0) as memory:
            for name, address in self.places:
                memory.seek(address)
                (value,) = struct.unpack("<H", memory.read(2))
                values[name] = values.get(name, 0) + value
        return values

    def raised(self):
        return {name for name, value in self.read().items() if value}


def read_batches(pid, elf):
    """(events logged, how many of them are flushed) of each of the program's batches; see abi.h."""
    found = []
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        memory.seek(_base(pid, elf, elf) + _module(elf))
        (address,) = struct.unpack_from("<Q", memory.read(64), 8)
        while address:
            memory.seek(address)
            _, _, _, _, _, before, _, committed, _, _, _, _, address = struct.unpack(
                "<IHBBQQQQIIIIQ", memory.read(64)
            )
            found.append((before + (committed >> 32), before))
    return found
