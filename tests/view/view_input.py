#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Snapshots that are not files: view_input.py TTLOG-VIEW. Run from the top of the tree."""
import os
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, "tests")
sys.dont_write_bytecode = True

from view_harness import DEADLINE_S, VIEW, run, view_bytes  # noqa: E402

GOLDEN, OTHER = "tests/golden/golden.bin", "tests/golden/packed.bin"
MAX_MIB = 256


def shell(script, *args):
    """$VIEW is ttlog-view. Returns the status, the output and the messages."""
    result = subprocess.run(["bash", "-c", script, "bash", *args], env=dict(os.environ, VIEW=VIEW),
                            stdin=subprocess.DEVNULL, capture_output=True, timeout=DEADLINE_S)  # fmt: skip
    return result.returncode, result.stdout, result.stderr.decode()


def test_pipes_are_read():
    """The same as the file itself, in every mode, also in those that read back and forth."""
    for way in (["--format", "json"], ["--info", "--format", "json"], ["--stats"], ["--limit", "3"],
                ["--since", "-1s"], ["--sql", "SELECT count(*), max(mono_ns) FROM events"]):  # fmt: skip
        shown = view_bytes(*way, GOLDEN)
        for script in ('cat "$0" | "$VIEW" "$@" -', 'cat "$0" | "$VIEW" "$@" /dev/stdin', '"$VIEW" "$@" <(cat "$0")',
                       '"$VIEW" "$@" - <"$0"', '"$VIEW" "$@" /dev/stdin <"$0"'):  # fmt: skip
            script = script.replace("$0", GOLDEN)
            assert shell(script, *way) == (0, shown, ""), (script, way, shell(script, *way))


def test_several_pipes():
    shown = view_bytes("--format", "json", GOLDEN, OTHER)
    script = 'cat %s | "$VIEW" --format json - <(cat %s)' % (GOLDEN, OTHER)
    assert shell(script) == (0, shown, "")
    status, shown, said = shell('cat %s | "$VIEW" --diff - %s' % (GOLDEN, OTHER))
    assert (status, said) == (0, "") and b"A  stdin: " in shown, (status, shown, said)


def test_a_segment_that_was_just_opened():
    """A directory's other files are shown; nothing was written to it yet."""
    with tempfile.TemporaryDirectory() as directory:
        shutil.copy(GOLDEN, directory + "/ttlog-7-20260101000000000-crash.bin")
        with open(directory + "/ttlog-8-20260101000000000-stream.bin.part", "wb"):
            pass
        assert shell('"$VIEW" --format json "$1"', directory) == (0, view_bytes("--format", "json", GOLDEN), "")


def test_slow_pipe_that_does_not_wait():
    """The writer may have set O_NONBLOCK, which applies to the pipe."""
    import fcntl

    with open(GOLDEN, "rb") as file:
        data = file.read()
    ours, theirs = os.pipe()
    fcntl.fcntl(ours, fcntl.F_SETFL, os.O_NONBLOCK)
    with subprocess.Popen([VIEW, "--format", "json", "-"], stdin=ours, stdout=subprocess.PIPE) as process:
        os.close(ours)
        for at in range(0, len(data), 1000):
            os.write(theirs, data[at : at + 1000])
        os.close(theirs)
        shown, _ = process.communicate(timeout=DEADLINE_S)
    assert process.returncode == 0 and shown == view_bytes("--format", "json", GOLDEN)


def test_damage_is_said():
    status, shown, said = shell('head -c 3000 %s | "$VIEW" -' % GOLDEN)
    assert status == 1 and said.startswith("ttlog-view: stdin: ") and "cut" in said, said
    assert shell('"$VIEW" - </dev/null') == (1, b"", "ttlog-view: stdin: the file is empty\n")
    status, _, said = shell('"$VIEW" - <&-')
    assert status == 1 and "stdin: Bad file descriptor" in said, said


def test_too_much():
    """It ends when the limit is passed, though more would come."""
    status, shown, said = shell('"$VIEW" - </dev/zero')
    assert (status, shown) == (1, b""), (status, said)
    assert said == "ttlog-view: stdin: more than %d MiB came through the pipe: write it into a file, " \
                   "and name that\n" % MAX_MIB, said  # fmt: skip


def test_named_pipes_are_not_waited_for():
    with tempfile.TemporaryDirectory() as folder:
        os.mkfifo(folder + "/fifo")
        status, _, said = shell('"$VIEW" "$0"'.replace("$0", folder + "/fifo"))
        assert status == 1 and "it is a pipe; a snapshot must be a file" in said, said


def test_stdin_that_is_needed():
    status, _, said = shell('cat %s | "$VIEW" --sql -' % GOLDEN)
    assert status == 2 and "--sql reads statements from stdin" in said, said
    with tempfile.TemporaryDirectory() as folder:
        path = folder + "/copy.bin"
        status, _, said = shell('cp %s "$1"; "$VIEW" -o "$1" - <"$1"' % GOLDEN, path)
        assert status == 1 and "one of the snapshots to read" in said, said
        assert view_bytes(path) == view_bytes(GOLDEN)


run(globals())
