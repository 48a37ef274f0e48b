#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks the notes of a binary that was built with ttlog.h.

usage: check_elf.py FILE [SITES[-MOST]] [--gc|--no-arguments]

--gc: built with --gc-sections: GNU ld keeps all that notes refer to, lld leaves the notes of
functions that it drops, which then point nowhere and are passed over.
--no-arguments: built with -masm=intel: the USDT probes have none.
Every ttlog note must be well-formed and point where it ought to, every stapsdt note must share a
semaphore with a ttlog site, and there must be SITES distinct sites where that is given.
Prints what is wrong; exits 1 if anything is.
"""
import struct
import sys

SHF_WRITE, SHF_ALLOC, SHF_EXEC = 1, 2, 4
SHT_NOTE, SHT_NOBITS = 7, 8
NOTE_SITE, NOTE_MODULE = 1, 2
KIND_EVENT, KIND_SPAN, KIND_ENABLED = 0, 1, 2
ABI_VERSION = 3
TYPE_MAX = 17
STAP_ARGS_MAX = 12

errors = []
dropped_ok = sys.argv[-1] == "--gc"
without_arguments = sys.argv[-1] == "--no-arguments"


def wrong(what):
    errors.append(what)


class Elf:
    def __init__(self, path):
        with open(path, "rb") as file:
            self.data = file.read()
        if self.data[:5] != b"\x7fELF\x02":
            raise SystemExit(f"{path}: not a 64-bit ELF file")
        shoff, = struct.unpack_from("<Q", self.data, 0x28)
        entsize, count, strndx = struct.unpack_from("<HHH", self.data, 0x3A)
        heads = [struct.unpack_from("<IIQQQQ", self.data, shoff + i * entsize) for i in range(count)]
        names = heads[strndx][4]
        self.sections = [(self.text_at(names + head[0]),) + head[1:] for head in heads]

    def text_at(self, offset):
        return self.data[offset:self.data.index(b"\0", offset)].decode("utf-8", "replace")

    def named(self, name):
        return [section for section in self.sections if section[0] == name]

    def at(self, address):
        """The allocated section with this address, except thread-local sections."""
        for section in self.sections:
            _, _, flags, start, _, size = section
            if flags & SHF_ALLOC and not flags & 0x400 and start <= address < start + size:
                return section
        return None

    def text(self, address):
        """The text at a link-time address; None: there is none."""
        section = self.at(address)
        if not section or section[1] == SHT_NOBITS or section[2] & SHF_EXEC:
            return None
        return self.text_at(section[4] + address - section[3])

    def notes(self, name):
        """(owner, type, desc) of every note in the sections of that name."""
        for _, kind, _, _, offset, size in self.named(name):
            if kind != SHT_NOTE:
                wrong(f"{name} is no note section")
            end = offset + size
            while offset < end:
                namesz, descsz, type_ = struct.unpack_from("<III", self.data, offset)
                owner = self.data[offset + 12:offset + 12 + namesz]
                offset += 12 + (namesz + 3 & ~3)
                yield owner, type_, self.data[offset:offset + descsz]
                offset += descsz + 3 & ~3
            if offset != end:
                wrong(f"{name} ends in the middle of a note")


def is_code(elf, address):
    section = elf.at(address)
    return section and section[2] & SHF_EXEC


def check_code(elf, address, what):
    if not is_code(elf, address):
        wrong(f"{what} at {address:#x} is not in code")


def check_semaphore(elf, address, what):
    section = elf.at(address)
    if not section or section[0] != "ttlog_sites":
        wrong(f"{what}: semaphore at {address:#x} is not in ttlog_sites")
    elif (address - section[3]) % 2:
        wrong(f"{what}: semaphore at {address:#x} is not aligned")


def check_site(elf, desc):
    """The site in a note: (semaphore, kind, name, provider, number of fields, ...)."""
    if len(desc) != 104:
        wrong(f"a site note has {len(desc)} bytes")
        return None
    (semaphore, gate, service, target, name, message, file, function, keys, types_lo, types_hi,
     line, level, kind, nfields, version, traits, reserved) = struct.unpack("<11QIBBBBII", desc)
    if dropped_ok and not is_code(elf, gate):
        return None
    label = elf.text(name) or "?"
    check_semaphore(elf, semaphore, label)
    check_code(elf, gate, f"{label}: gate")
    for text, what, may_lack in ((service, "service", 1), (target, "target", 1), (name, "name", 0),
                                 (message, "message", kind != KIND_EVENT), (file, "file", 0),
                                 (function, "function", 0)):
        if (text or not may_lack) and not elf.text(text):
            if what != "message" or elf.text(text) is None:
                wrong(f"{label}: {what} at {text:#x} is no text")
    if (traits, reserved) != (1, 0):
        wrong(f"{label}: traits {traits} reserved {reserved}")
    if version != ABI_VERSION or level > 5 or kind > 2 or nfields > 16 or not line:
        wrong(f"{label}: version {version} level {level} kind {kind} fields {nfields} line {line}")
    types = struct.pack("<QQ", types_lo, types_hi)
    if any(not 0 < type_ <= TYPE_MAX for type_ in types[:nfields]) or any(types[nfields:]):
        wrong(f"{label}: types {types.hex()} for {nfields} fields")
    for _ in range(nfields):
        key = elf.text(keys)
        if not key:
            wrong(f"{label}: a key at {keys:#x} is no text")
            break
        keys += len(key.encode()) + 1
    provider = (elf.text(service) if service else None) or "ttlog"
    static = tuple(elf.text(text) if text else None for text in (target, message, file, function))
    return (semaphore, kind, label, provider, nfields, line, level, types) + static


def check_sites(elf):
    """{semaphore: site}. If the compiler copied a site, all its notes must be equal."""
    sites = {}
    for owner, type_, desc in elf.notes(".note.ttlog"):
        if owner != b"ttlog\0" or type_ not in (NOTE_SITE, NOTE_MODULE):
            wrong(f"a note of owner {owner}, type {type_} in .note.ttlog")
        elif type_ == NOTE_SITE:
            site = check_site(elf, desc)
            if site and sites.setdefault(site[0], site) != site:
                wrong(f"two sites at one semaphore: {site} {sites[site[0]]}")
    taken = {}
    for semaphore, kind, label, *_ in sites.values():
        for address in (semaphore, semaphore + 2)[:2 if kind == KIND_SPAN else 1]:
            if address in taken:
                wrong(f"{label} and {taken[address]} share the index of {address:#x}")
            taken[address] = label
    return sites


def check_module(elf):
    """The address of the control probe."""
    controls = set()
    for _, type_, desc in elf.notes(".note.ttlog"):
        if type_ != NOTE_MODULE:
            continue
        if len(desc) != 40:
            wrong(f"a module note has {len(desc)} bytes")
            continue
        module, control, gate, sites, version, _ = struct.unpack("<4QII", desc)
        section = elf.at(module)
        if not section or not section[2] & SHF_WRITE or module % 8:
            wrong(f"the module anchor at {module:#x} is not in data")
        check_code(elf, control, "control")
        check_code(elf, gate, "immediate gate")
        if version != ABI_VERSION:
            wrong(f"a module of version {version}")
        if not elf.named("ttlog_sites") or sites != elf.named("ttlog_sites")[0][3]:
            wrong(f"the module's sites {sites:#x} are not where ttlog_sites begins")
        controls.add((module, control, gate))
    # bcc, and so bpftrace, computes the place of semaphores in the file from .probes
    probes = elf.named(".probes")
    if not probes or not elf.named("ttlog_sites"):
        wrong("no section .probes and ttlog_sites")
    elif probes[0][3] - probes[0][4] != elf.named("ttlog_sites")[0][3] - elf.named("ttlog_sites")[0][4]:
        wrong(".probes and ttlog_sites are not in one segment")
    if len(controls) != 1:
        wrong(f"{len(controls)} module notes")
    return controls


def check_stap(elf, sites, modules):
    probed = set()
    for owner, type_, desc in elf.notes(".note.stapsdt"):
        if owner != b"stapsdt\0" or type_ != 3:
            wrong(f"a note of owner {owner}, type {type_} in .note.stapsdt")
            continue
        location, _, semaphore = struct.unpack_from("<QQQ", desc)
        provider, name, args = (part.decode() for part in desc[24:].split(b"\0")[:3])
        if dropped_ok and not is_code(elf, location):
            continue
        check_code(elf, location, f"{provider}:{name}")
        section = elf.at(location)
        if section and elf.data[section[4] + location - section[3]] not in (0x90, 0x1F):
            wrong(f"{provider}:{name}: no nop at {location:#x}")
        if (provider, name) == ("ttlog", "control"):
            if location not in [control for _, control, _ in modules]:
                wrong("the control probe is not where the module note says")
            continue
        site = sites.get(semaphore) or sites.get(semaphore - 2)
        if not site:
            if not semaphore:
                continue  # a probe of another provider, from a static library
            wrong(f"{provider}:{name}: no ttlog site has its semaphore")
            continue
        if args != args.lstrip():
            wrong(f"{provider}:{name}: bcc does not read arguments {args!r}")
        _, kind, label, service, nfields, *_ = site
        count = args.count("@")
        if provider != service or not name.startswith(label):
            wrong(f"{provider}:{name} is a probe of {service}:{label}")
        if count != (0 if without_arguments else min(nfields, STAP_ARGS_MAX)) and kind == KIND_EVENT:
            wrong(f"{provider}:{name}: {count} arguments for {nfields} fields")
        probed.add(site[0])
    for semaphore, kind, label, *_ in sites.values():
        if kind != KIND_ENABLED and semaphore not in probed:
            wrong(f"{label} has no stapsdt note")


def main():
    elf = Elf(sys.argv[1])
    sites = check_sites(elf)
    check_stap(elf, sites, check_module(elf))
    least, _, most = (sys.argv[2] if sys.argv[2:] else "0-999999").partition("-")
    if not int(least) <= len(sites) <= int(most or least or 0):
        wrong(f"{len(sites)} sites, not {sys.argv[2]}")
    for error in errors:
        print(f"{sys.argv[1]}: {error}")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
