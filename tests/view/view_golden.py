#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Snapshots of every released format, which must be read as before: view_golden.py TTLOG-VIEW."""
import glob
import hashlib
import os
import sys

sys.path.insert(0, "tests")
sys.dont_write_bytecode = True

from view_harness import run, view, view_bytes  # noqa: E402

GOLDEN = "tests/golden"
# What each must show, besides what view.sh and the unit tests check.
SHOWN = [
    ("v1-crash.bin", ["--format", "json", "--limit", "40"], "v1-crash.jsonl"),
    ("v1-crash.bin", ["--info", "--format", "json"], "v1-crash.info.json"),
    ("v1-types.bin", ["--format", "json"], "v1-types.jsonl"),
    ("v1-types.bin", ["--info", "--format", "json"], "v1-types.info.json"),
    ("v1-stream.bin", ["--format", "json", "--limit", "40"], "v1-stream.jsonl"),
    ("v1-stream.bin", ["--info", "--format", "json"], "v1-stream.info.json"),
    ("stream-tables.bin", ["--format", "json"], "stream-tables.jsonl"),
    ("stream-tables.bin", ["--info", "--format", "json"], "stream-tables.info.json"),
    ("stream-open.bin.part", ["--format", "json", "--limit", "40"], "stream-open.jsonl"),
    ("golden.bin", ["--format", "json"], "golden.jsonl"),
    ("packed.bin", ["--format", "json"], "packed.jsonl"),
    ("nulls.bin", ["--format", "json"], "nulls.jsonl"),
    ("contexts.bin", ["--format", "json"], "contexts.jsonl"),
    ("suppressed.bin", ["--format", "json"], "suppressed.jsonl"),
]


def contents(name):
    with open(os.path.join(GOLDEN, name), "rb") as file:
        return file.read()


def released():
    for path in sorted(glob.glob(GOLDEN + "/v*.sha256")):
        for line in contents(os.path.basename(path)).decode().splitlines():
            yield line.split()


def test_released_files_never_change():
    files = list(released())
    assert len(files) >= 8, files
    for digest, name in files:
        assert hashlib.sha256(contents(name)).hexdigest() == digest, "%s is not what was released" % name


def test_every_snapshot_is_listed():
    listed = {name for _, name in released()}
    assert listed == {os.path.basename(path) for path in glob.glob(GOLDEN + "/*.bin")}


def test_they_are_read_wholly():
    for _, name in released():
        view(os.path.join(GOLDEN, name))


def test_they_show_what_they_did():
    for name, way, wanted in SHOWN:
        assert view_bytes(*way, os.path.join(GOLDEN, name)) == contents(wanted), (name, way)
    assert view("--format", "json", GOLDEN + "/v1-crash.bin").count("\n") == 4246


run(globals())
