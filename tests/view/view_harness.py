# SPDX-License-Identifier: MIT
"""What tests of ttlog-view alone share: view_NAME.py TTLOG-VIEW, from the top of the tree.

Each such file is a suite: its functions test_*() run in their order, and `tests/run view` runs
every file. `view_NAME.py TTLOG-VIEW --figures TEST...` runs only these, and prints in the last
line, as JSON, how long things took: no test asserts that, bench/lib/q_screen.py judges it.
"""
import json
import os
import resource
import subprocess
import sys

VIEW = sys.argv[1] if len(sys.argv) > 1 else "build/ttlog-view"
DEADLINE_S = 300  # for what hangs, on a slow machine, too
FIGURES = {}


def figure(what, value):
    """The largest value of each is kept."""
    FIGURES[what] = max(value, FIGURES.get(what, value))


def children_cpu_s():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def view_bytes(*args, status=0):
    result = subprocess.run([VIEW, *map(str, args)], capture_output=True, timeout=DEADLINE_S)
    assert result.returncode == status, (args, result.returncode, result.stderr)
    return result.stdout


def view(*args, status=0):
    # not text=True, which would read \r\n as \n
    return view_bytes(*args, status=status).decode()


def events_of(*args, status=0, **how):
    return [json.loads(line, **how) for line in view("--format", "json", *args, status=status).splitlines()]


def texts_of(*args, status=0):
    """The same with every number as its text."""
    return events_of(*args, status=status, parse_int=str, parse_float=str)


def hostile_files(folder):
    """The path of one file after the other, each with some error."""
    pack = subprocess.run(["lz4", "-dc", "tests/golden/hostile.pack"], capture_output=True, check=True).stdout
    path, at = os.path.join(folder, "hostile.bin"), 0
    while at < len(pack):
        end = pack.index(b"\n", at)
        at = end + 1 + int(pack[at:end].split()[1])
        with open(path, "wb") as file:
            file.write(pack[end + 1 : at])
        yield path


def run(namespace):
    """Runs the test_*() in there; exits with their status, and prints their count in the last
    line."""
    failed = passed = 0
    wanted = sys.argv[3:] if sys.argv[2:3] == ["--figures"] else None
    for name, test in list(namespace.items()):
        if not name.startswith("test_") or wanted is not None and name not in wanted:
            continue
        try:
            test()
            passed += 1
        except Exception as error:
            print("%s: %s: %s" % (name, type(error).__name__, error), file=sys.stderr)
            failed += 1
    print("%d passed, %d failed" % (passed, failed))
    if wanted is not None:
        print(json.dumps(FIGURES))
    sys.exit(failed != 0)
