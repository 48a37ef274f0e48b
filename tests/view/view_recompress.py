#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""--recompress: the same content in fewer bytes: view_recompress.py TTLOG-VIEW."""
import glob
import os
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, "tests")
sys.dont_write_bytecode = True

from encode_columns import frame  # noqa: E402
from view_harness import VIEW, hostile_files, run, view, view_bytes  # noqa: E402

DIR = tempfile.mkdtemp(prefix="view_recompress.")
GOLDEN = sorted(glob.glob("tests/golden/*.bin"))


def recompress(*paths, status=0):
    """(stdout, stderr)"""
    done = subprocess.run([VIEW, "--recompress", *paths], capture_output=True, text=True, timeout=300,
                          stdin=subprocess.DEVNULL)
    assert done.returncode == status, (paths, done.returncode, done.stdout, done.stderr)
    return done.stdout, done.stderr


def copy_of(path, name="one.bin"):
    return shutil.copy(path, os.path.join(DIR, name))


def contents(path):
    with open(path, "rb") as file:
        return file.read()


def unpacked(path):
    return subprocess.run(["lz4", "-dcq", path], capture_output=True, check=True).stdout


def shown(path):
    return [view_bytes("--format", "json", path), view_bytes("--info", "--format", "json", path),
            view_bytes("--info", path), view_bytes("--stats", path), unpacked(path)]


def test_content_is_the_same():
    packed = 0
    for path in GOLDEN:
        before, size = shown(path_of := copy_of(path)), os.path.getsize(path)
        together = view_bytes("--format", "json", path_of, path)
        out, errors = recompress(path_of)
        assert shown(path_of) == before, path
        assert not errors, (path, errors)
        new_size = os.path.getsize(path_of)
        packed += new_size < size
        said = f" -> {new_size:,} bytes" if new_size < size else f": {size:,} bytes, as small as it gets"
        assert new_size <= size and said in out, (path, out)
        # identities are the same: with the old one it shows what any copy of that shows
        assert view_bytes("--format", "json", path_of, path) == together, path
    assert packed >= 3, packed
    assert os.listdir(DIR) == ["one.bin"], os.listdir(DIR)


def test_the_file_keeps_all_else():
    path = copy_of("tests/golden/v1-crash.bin")
    os.chmod(path, 0o640)
    os.utime(path, ns=(1, 1234567890123456789))
    os.setxattr(path, "user.ttlog.service", b"exchange")
    if os.getuid() == 0:
        os.chown(path, 12, 34)
    before = os.stat(path)
    recompress(path)
    after = os.stat(path)
    assert after.st_size < before.st_size and after.st_ino != before.st_ino
    assert (after.st_mode, after.st_uid, after.st_gid, after.st_mtime_ns) == (
        before.st_mode, before.st_uid, before.st_gid, before.st_mtime_ns)
    assert os.getxattr(path, "user.ttlog.service") == b"exchange"
    # a second time there is nothing to do
    out, _ = recompress(path)
    assert out == f"{path}: {after.st_size:,} bytes, as small as it gets\n", out
    assert os.stat(path).st_ino == after.st_ino


def test_through_a_link():
    path = copy_of("tests/golden/v1-crash.bin")
    link = os.path.join(DIR, "link")
    os.symlink(path, link)
    size = os.path.getsize(path)
    recompress(link)
    assert os.path.islink(link) and os.path.getsize(path) < size
    os.unlink(link)


def refused(path, why):
    before = contents(path), os.stat(path)
    out, errors = recompress(path, status=1)
    assert not out and errors.startswith(f"ttlog-view: {path}: left as it is: "), errors
    assert why in errors, (why, errors)
    assert contents(path) == before[0] and os.stat(path) == before[1]


def test_damaged_files_stay():
    whole = contents("tests/golden/v1-crash.bin")
    path = os.path.join(DIR, "one.bin")
    for data in (whole[:-1], whole[: len(whole) // 2], whole + b"x", whole[:1000] + b"\0" + whole[1001:], b"", b"x"):
        with open(path, "wb") as file:
            file.write(data)
        refused(path, "")
    refusals = 0
    for path in hostile_files(DIR):
        before = contents(path)
        status = subprocess.run([VIEW, "--recompress", path], capture_output=True, timeout=300).returncode
        # some are sound but for what they say: they may be packed, but hardly are
        refusals += status == 1
        assert status == 1 and contents(path) == before or status == 0 and os.path.getsize(path) <= len(before)
    assert refusals > 50, refusals
    os.unlink(path)
    assert os.listdir(DIR) == ["one.bin"], os.listdir(DIR)


def test_what_is_left_alone():
    part = copy_of("tests/golden/v1-crash.bin", "one.bin.part")
    refused(part, "it is being written")
    os.unlink(part)
    refused(copy_of("tests/golden/small.sealed", "sealed"), "it is encrypted")
    os.unlink(os.path.join(DIR, "sealed"))
    path = copy_of("tests/golden/v1-crash.bin")
    other = os.path.join(DIR, "other")
    os.link(path, other)
    refused(path, "it has other names (hard links)")
    os.unlink(other)
    os.mkfifo(other)
    for name, why in ((other, "no regular file"), (DIR, "no regular file"),
                      (other + "none", "No such file or directory")):
        out, errors = recompress(name, status=1)
        assert not out and why in errors, errors
    os.unlink(other)
    # the others are packed all the same
    out, errors = recompress(other, path, status=1)
    assert out.startswith(f"{path}: ") and other in errors, (out, errors)
    os.unlink(path)


def test_a_large_header():
    """A reader may refuse a large header in a small file: the room that it needs stays."""
    threads = [{"pid": 1, "tid": n, "comm": "t"} for n in range(150000)]
    header = {"item": "header", "format": 1, "incompatible": 0, "compatible": 0,
              "clock": {"mono_ns": 1, "real_ns": 1}, "sites": [], "threads": threads,
              "pid": 1, "reason": "x", "created_at": "2026-01-01T00:00:00.000000000Z",
              "emitted": 0, "recorded": 0, "overwritten": 0, "lost": {"total": 0}}
    end = {"item": "end", "events": 0, "chunks": 0, "emitted": 0, "recorded": 0, "overwritten": 0,
           "lost": {"total": 0}, "header": header}
    room = b"\x50\x2a\x4d\x18" + (4 << 20).to_bytes(4, "little") + bytes(4 << 20)
    path = os.path.join(DIR, "one.bin")
    with open(path, "wb") as file:
        file.write(frame(header) + room + frame(end))
    before, size = shown(path), os.path.getsize(path)
    recompress(path)
    assert shown(path) == before and os.path.getsize(path) < size
    os.unlink(path)


def test_usage():
    for words in ((), ("-",), ("x", "--limit", "1"), ("x", "--filter", "pid=1"), ("x", "-o", "y"),
                  ("x", "--format", "json"), ("x", "--info"), ("--follow",)):
        out, errors = recompress(*words, status=2)
        assert not out and "--recompress" in errors, errors
    assert "--recompress" in view("--help")


try:
    run(globals())
finally:
    shutil.rmtree(DIR)
