#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Snapshots that are encrypted, and their keys: view_sealed.py TTLOG-VIEW. Run from the top of the tree."""
import hashlib
import os
import stat
import subprocess
import sys
import tempfile

sys.path.insert(0, "tests")
sys.dont_write_bytecode = True

import read_sealed  # noqa: E402
from view_harness import run, view  # noqa: E402

FOLDER = tempfile.TemporaryDirectory(prefix="ttlog-sealed-")
GOLDEN = "tests/golden/small.sealed"
CLEAR = "tests/golden/small.bin"
SEGMENT = "tests/golden/stream-open.sealed.part"
CLEAR_SEGMENT = "tests/golden/stream-open.bin.part"
SECRETS = {name: bytes([number]) * 32 for name, number in (("first", 1), ("second", 2), ("other", 3))}


def path_of(name, data=None, mode=0o600):
    path = os.path.join(FOLDER.name, name)
    if data is not None:
        with open(path, "wb") as file:
            file.write(data)
        os.chmod(path, mode)
    return path


def key(name, mode=0o600):
    return path_of(f"{name}.key", b"# a key\n" + read_sealed.key_text("secret", SECRETS[name]).encode() + b"\n", mode)


def contents(path):
    with open(path, "rb") as file:
        return file.read()


def attempt(*args):
    """(exit status, stdout, stderr)"""
    done = subprocess.run([sys.argv[1], *args], stdin=subprocess.DEVNULL, capture_output=True, check=False)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def test_golden_file_never_changes():
    assert hashlib.sha256(contents(GOLDEN)).hexdigest() == \
        "446e756f5a3b955250ac9a8446d545bd8b0e2397a86556df1ff20f9e0e87fcd6"
    _, messages = read_sealed.unseal(contents(GOLDEN), SECRETS["second"])
    assert b"".join(messages) == contents(CLEAR)


def test_each_way_to_read_it():
    """As the file that it is made of."""
    for way in (["--format", "json"], ["--stats"], ["--filter", "level>=INFO"], ["--head", "1"], ["--limit", "1"],
                ["--format", "csv"], ["--sql", "SELECT count(*) FROM events"], ["--timeline"]):  # fmt: skip
        for name in ("first", "second"):
            assert view(*way, "--identity", key(name), GOLDEN) == view(*way, CLEAR), way
    info = view("--info", "--identity", key("first"), GOLDEN).replace(GOLDEN, CLEAR)
    assert info == view("--info", CLEAR)
    both = view("--format", "json", "--identity", key("other"), "--identity", key("first"), GOLDEN, CLEAR)
    assert both == view("--format", "json", CLEAR, CLEAR)
    with open(GOLDEN, "rb") as file:
        done = subprocess.run([sys.argv[1], "--identity", key("first"), "-"], stdin=file, capture_output=True, check=True)
    assert done.stdout.decode() == view(CLEAR)


def test_open_segment():
    """A segment that is being written: what its whole messages have, and no complaint; with a complete
    name, or damaged, there is one."""
    assert hashlib.sha256(contents(SEGMENT)).hexdigest() == \
        "1f48615027092c8489e8edd7e79d0f46b12bd63f339d9546990d20f063525ae5"
    whole = view("--format", "json", CLEAR_SEGMENT)
    assert view("--format", "json", "--identity", key("second"), SEGMENT) == whole
    before = len(whole)
    for cut in (1, 100, 1000, 3000):
        path = path_of(f"cut{cut}.bin.part", contents(SEGMENT)[:-cut])
        shown = view("--format", "json", "--identity", key("first"), path)
        assert whole.startswith(shown) and len(shown) <= before
        before = len(shown)
    assert before < len(whole)
    status, out, err = attempt("--format", "json", "--identity", key("first"), path_of("whole.bin", contents(SEGMENT)))
    assert (status, out) == (1, whole) and "there is no end" in err, err
    data = bytearray(contents(SEGMENT))
    data[-1] ^= 1
    status, out, err = attempt("--format", "json", "--identity", key("first"), path_of("hurt.bin.part", bytes(data)))
    assert status == 1 and whole.startswith(out) and "is damaged" in err, err


def test_without_the_key():
    status, out, err = attempt(GOLDEN)
    assert (status, out) == (1, ""), (status, out)
    assert err == f"ttlog-view: {GOLDEN}: it is encrypted: give the file of a secret key with --identity\n", err
    status, out, err = attempt("--identity", key("other"), GOLDEN)
    assert (status, out) == (1, "")
    assert "it is encrypted for other keys than those of --identity" in err, err
    # other files are shown
    status, out, err = attempt(GOLDEN, CLEAR)
    assert (status, out) == (1, view(CLEAR))


def test_keys_that_are_refused():
    cases = [(key("first", 0o640), "others can read it"), (key("second", 0o604), "others can read it"),
             (path_of("public", read_sealed.key_text("pub", b"x" * 32).encode()), "is no secret key"),
             (path_of("empty", b""), "it has no secret key"), (FOLDER.name, "it is no regular file"),
             (path_of("nothing"), "No such file"), (path_of("large", b"#" * 70000), "larger")]  # fmt: skip
    for path, word in cases:
        status, out, err = attempt("--identity", path, GOLDEN)
        assert (status, out) == (2, ""), (path, status, out)
        assert err.startswith("ttlog-view: --identity: " + path) and word in err, err
        assert read_sealed.key_text("secret", SECRETS["first"])[13:] not in err


def test_cut_and_damaged():
    """What is whole before it is shown."""
    data = contents(CLEAR)
    sealed = read_sealed.seal([data], [read_sealed.public_of(SECRETS["first"])])
    path = path_of("whole.bin", sealed)
    assert view("--identity", key("first"), path) == view(CLEAR)
    # without its end
    status, out, err = attempt("--identity", key("first"), path_of("cut.bin", sealed[:-21]))
    assert (status, out) == (1, view(CLEAR)) and "its encrypted content is cut" in err, err
    # of a later version; a label that was changed
    for at, word in ((8, "a later ttlog-view"), (20, "for other keys"), (100, "damaged"), (len(sealed) - 1, "damaged")):
        broken = bytearray(sealed)
        broken[at] ^= 0x40
        status, out, err = attempt("--identity", key("first"), path_of("broken.bin", bytes(broken)))
        assert status == 1 and word in err, (at, status, err)
    for length in (0, 8, 15, 40, 119):
        assert attempt("--identity", key("first"), path_of("short.bin", sealed[:length]))[0] == 1


def test_keygen():
    path = path_of("made.key")
    public = view("--keygen", "-o", path).strip()
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    before = contents(path)
    (secret,) = [line for line in before.decode().splitlines() if not line.startswith("#")]
    assert read_sealed.key_text("pub", read_sealed.public_of(read_sealed.key_of(secret))) == public
    sealed = path_of("for-made.bin", read_sealed.seal([contents(CLEAR)], [read_sealed.key_of(public)]))
    assert view("--identity", path, sealed) == view(CLEAR)
    status, out, err = attempt("--keygen", "-o", path)
    assert (status, out) == (1, "") and "there is a file already" in err, err
    assert contents(path) == before
    done = subprocess.run([os.path.abspath(sys.argv[1]), "--keygen"], cwd=FOLDER.name, capture_output=True, check=True)
    assert done.stdout.startswith(b"ttlog-pub-") and os.path.exists(path_of("ttlog.key"))
    for args in (["--keygen", CLEAR], ["--keygen", "--head", "1"], ["--keygen", "--info"],
                 ["--keygen", "--identity", path], ["--follow", "--identity", path]):  # fmt: skip
        assert attempt(*args)[0] == 2, args


run(globals())
