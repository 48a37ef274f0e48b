# SPDX-License-Identifier: MIT
"""Completion in bash and zsh: what --help has, it offers."""
import os
import pty
import re
import select
import shutil
import subprocess
import time

from harness import BUILD, DEADLINE_S, TREE, Skip, check, equal

FOLDER = os.path.join(TREE, "packaging", "completion")
PROGRAMS = ("ttlog-collect", "ttlog-view", "ttlog-ctl", "ttlog-ship")
ENV = {"PATH": BUILD + ":/usr/bin:/bin", "TERM": "dumb", "HOME": "/nonexistent", "ZDOTDIR": "/nonexistent"}
ASK = """
. "$1/ttlog.bash"; shift
compopt() { :; }
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_ttlog "$1" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
printf '%s\\n' "${COMPREPLY[@]}"
"""


def offered(*words):
    """What bash offers for the last word."""
    done = subprocess.run(["bash", "-c", ASK, "bash", FOLDER, *words], env=ENV, capture_output=True,
                          timeout=DEADLINE_S, check=True)
    equal(done.stderr, b"", "stderr")
    return set(done.stdout.decode().split())


def options_of(program):
    said = subprocess.run([program, "--help"], env=ENV, capture_output=True, timeout=DEADLINE_S, check=True)
    return set(re.findall(r"^ +(?:-., +)?(--[a-z0-9-]+)", said.stdout.decode(), flags=re.M))


def test_completion_of_options(_):
    for program in PROGRAMS:
        options = options_of(os.path.join(BUILD, program))
        check(len(options) > 5, f"options of {program}: {options}")
        equal(offered(program, "--"), options, f"bash offers for {program}")
    equal(offered("ttlog-collect", "--max-d"), {"--max-disk"}, "offered")


def test_completion_of_values(_):
    equal(offered("ttlog-collect", "-l", "d"), {"debug"}, "levels")
    equal(offered("ttlog-collect", "--stacks", ""), {"all", "crashed"}, "choices")
    equal(offered("ttlog-collect", "--stacks", "=", "a"), {"all"}, "choices after =")
    check(str(os.getpid()) in offered("ttlog-collect", "--pid", str(os.getpid())), "pids")
    check("status" in offered("ttlog-ctl", "st"), "commands")
    formats = offered("ttlog-view", "--format", "")
    check({"json", "csv", "perfetto"} <= formats, f"formats {formats}")


def test_completion_formats_are_formats(t):
    golden = os.path.join(TREE, "tests", "golden", "small.bin")
    crash = os.path.join(TREE, "tests", "golden", "golden.bin")
    more = {"schema": [], "sentry": [crash], "ctf": [golden, "-o", t.path("trace")]}
    for name in offered("ttlog-view", "--format", ""):
        done = subprocess.run([os.path.join(BUILD, "ttlog-view"), "--format", name, *more.get(name, [golden])],
                              capture_output=True, timeout=DEADLINE_S, check=False)
        equal((done.returncode, done.stderr), (0, b""), f"status of --format {name}")


def test_completion_in_zsh(_):
    if not shutil.which("zsh"):
        raise Skip("zsh is not installed")
    child, fd = pty.fork()
    if not child:
        os.execvpe("zsh", ["zsh", "-f", "-i"], ENV)
    shown = ""
    try:
        os.write(fd, f"PS1=; fpath=({FOLDER} $fpath); autoload -U compinit; compinit -u -D; echo rea''dy\n".encode())
        end = time.monotonic() + DEADLINE_S
        asked = False
        while "--max-disk" not in shown:
            check(time.monotonic() < end, f"zsh shows {shown!r}")
            if select.select([fd], [], [], 1)[0]:
                shown += os.read(fd, 4096).decode(errors="replace")
            if not asked and "ready\r\n" in shown:
                asked = True
                os.write(fd, b"ttlog-collect --max-di\t")
    finally:
        os.close(fd)
        os.waitpid(child, 0)
