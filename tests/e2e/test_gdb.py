# SPDX-License-Identifier: MIT
"""`ttlog-view --gdb`: the line that it prints, run by a shell."""
import os
import re
import shutil
import signal
import subprocess

from harness import DEADLINE_S, VIEW, alone, check, equal, kernel_setting


def gdb_line(path):
    done = subprocess.run([VIEW, "--gdb", path], capture_output=True, text=True, timeout=DEADLINE_S)
    return done.returncode, done.stdout.rstrip("\n"), done.stderr


def backtrace(line):
    done = subprocess.run(["bash", "-c", line + " -nx -batch -ex bt"], capture_output=True, text=True,
                          timeout=DEADLINE_S, stdin=subprocess.DEVNULL)  # fmt: skip
    equal(done.returncode, 0, f"gdb's status; {done.stderr}")
    return done.stdout


@alone
def test_gdb_shows_the_crash(t):
    """A real core dump: gdb has the functions that the snapshot has. After that the program is another one."""
    app = t.app("crash", t.path("it's $(a) crash"))
    with kernel_setting("core_pattern", t.path("core of.%e.%p")):
        t.collect("--", "prlimit", "--core=unlimited", app, 3, 50, "SEGV").end(128 + signal.SIGSEGV)
        snapshot = t.only_snapshot()
        status, line, said = gdb_line(snapshot.path)
        equal((status, said), (0, ""), "status and messages")
        shown = backtrace(line)
        for function in ("level3", "level2", "level1", "crash__run"):
            check(re.search(rf"^#\d+ .*\b{function} \(", shown, re.M), f"no {function}: {shown}")
        check("terminated with signal SIGSEGV" in shown, shown)
        shutil.copy("/bin/true", app)
        status, line, said = gdb_line(snapshot.path)
        equal(status, 1, "status without the program")
        check(re.search(rf"build id [0-9a-f]{{40}}, and {snapshot.info['build_id']} crashed", said), said)
        check("true" not in line and "core of." in line, line)
        os.remove(app)
        status, line, said = gdb_line(snapshot.path)
        check("No such file" in said and snapshot.info["build_id"] in said, said)
