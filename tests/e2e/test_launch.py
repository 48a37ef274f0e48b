# SPDX-License-Identifier: MIT
"""-- CMD: commands that trace, are traced, or can't be; a collector that is killed meanwhile."""
import itertools
import os
import shutil
import signal
import subprocess

from harness import APPS, COLLECT, NOBODY, PYTHON, Failure, check, equal
from test_trade import check_trades
from test_tracers import need

STRIDE = os.environ.get("TTLOG_STRIDE")  # 1: at every call of ptrace; takes a few seconds per test
# the signals with which the dynamic linker's probe could stop it (bpf/launch.bpf.h)
BLOCKED = "--block-signal=URG,WINCH,CHLD"


def record_traced(t, *tracer):
    """A trade program that another tracer starts: it is recorded from its announcement on."""
    collector = t.collect("--on", "exit", "--", *tracer)
    pid, _ = collector.recording()
    collector.out.wait(".*ready")
    collector.say()
    collector.out.wait(".*done")
    collector.say()
    collector.end()
    accounts = collector.all_accounts()[pid]
    equal((accounts.emitted, accounts.lost), (20, 0), "accounts")
    check_trades(t.only_snapshot().events, 1, 0, 20)
    return collector


def test_launch_strace(t):
    log = t.path("log")
    record_traced(t, need("strace"), "-f", "-o", log, t.app("trade"), "--wait", 1, 20)
    with open(log, encoding="utf-8") as file:
        check("+++ exited with 0 +++" in file.read(), "strace traced it")


def test_launch_gdb(t):
    # gdb's own input is no terminal: the program reads it
    collector = record_traced(t, need("gdb"), "-nx", "-batch", "-ex", "run", "--args", t.app("trade"),
                              "--wait", 1, 20)
    collector.out.wait(r".*Inferior 1 \(process \d+\) exited normally.*")


def test_launch_bpftrace(t):
    script = 'BEGIN { printf("begun\\n"); }'
    record_traced(t, need("bpftrace"), "-e", script, "-c", f"{t.app('trade')} --wait 1 20")


def test_launch_leak_sanitizer(t):
    """It stops all threads at the end, which it can't if another process traces them."""
    collector = t.collect("--", t.app("leaks")).end(23)
    check("LeakSanitizer: detected memory leaks" in collector.err.text(), collector.err.text())


def test_launch_pid_namespace(t):
    """Process 1 of the namespace is recorded, and then its child."""
    path = t.app("early")
    t.collect("--on", "exit", "--", "unshare", "-pm", "--fork", path, 1).end()
    equal(len(t.only_snapshot().events), 8, "events")
    os.unlink(t.files()[0])
    t.collect("--on", "exit", "--", "unshare", "-pm", "--fork", "sh", "-c", f"{path} 1; exit 4").end(4)
    equal(len(t.only_snapshot().events), 8, "events")


def test_launch_crash_in_pid_namespace(t):
    """A fault of process 1: the kernel does not end it with that signal while it is traced."""
    unshare = ["unshare", "-pm", "--fork"]
    t.collect("--", *unshare, t.app("crash"), 8, 100, "SEGV").end(128 + signal.SIGSEGV)
    equal(t.only_snapshot().info["crash"]["signal"], "SIGSEGV", "signal")
    t.collect("--", *unshare, PYTHON, "-c", "import ctypes; ctypes.string_at(0)").end(128 + signal.SIGSEGV)


def test_launch_set_uid(t):
    """It gets its user, and is recorded if root records."""
    os.chmod(t.dir, 0o755)
    shutil.copy(shutil.which("id"), t.path("id"))
    for path in t.path("id"), t.app("trade"):
        os.chown(path, 0, 0)
        os.chmod(path, 0o4755)
    user = ["setpriv", f"--reuid={NOBODY}", "--clear-groups"]
    collector = t.collect("--", *user, t.path("id"), "-u").end()
    equal(collector.out.all(), ["0"], "user of a set-uid program")
    t.collect("--on", "exit", "--", *user, t.path("trade"), 1, 20).end()
    check_trades(t.only_snapshot().events, 1, 0, 20)


def test_launch_32_bit_beside(t):
    """It ends as it does without ttlog-collect, on a kernel without 32-bit programs, too."""
    if not os.path.exists(os.path.join(APPS, "exit32")):
        return  # arm64
    script = f"{t.app('exit32')}; {t.app('early')} 1; {t.app('exit32')}"
    alone = subprocess.run(["sh", "-c", t.path("exit32")], stderr=subprocess.DEVNULL, check=False)
    t.collect("--on", "exit", "--", "sh", "-c", script).end(alone.returncode)
    equal(len(t.only_snapshot().events), 8, "events")


def test_launch_of_a_child_that_traces_its_parent(t):
    """We trace the parent, and it does not stop before its child of vfork() is gone."""
    collector = t.collect("--", t.app("traces_parent"))
    collector.out.wait("over")
    collector.end()


def test_launch_of_a_command_without_ptrace(t):
    t.collect("--on", "exit", "--", t.app("no_ptrace"), t.app("early"), 1).end()
    equal(len(t.only_snapshot().events), 8, "events")


def test_launch_without_ptrace(t):
    """The collector itself may not trace: it says so, and records the program from its start on."""
    collector = t.start(t.app("no_ptrace"), COLLECT,
                        "-o", t.out, "--on", "exit", "--", t.app("trade"), 1, 20).end()
    collector.err.wait(r"ttlog-collect: can't trace .*/trade \(ptrace: Operation not permitted\): .*")
    check_trades(t.only_snapshot().events, 1, 0, 20)


def test_launch_with_signals_blocked(t):
    """Then its system calls show when it is linked: nothing is lost, and no signal is pending."""
    script = f"{t.app('early')} 1; exec grep -E '^(Sig|Shd)Pnd' /proc/self/status"
    for blocked in [], [BLOCKED]:
        collector = t.collect("--on", "exit", "--", "env", *blocked, "sh", "-c", script).end()
        equal(len(t.only_snapshot().events), 8, "events")
        os.unlink(t.files()[0])
        pending = [line.split()[1] for line in collector.out.all()]
        equal(pending, ["0" * 16] * 2, "pending signals")


# ---- libraries that come later ----


def copies(t, cnt):
    """A directory of new libraries with sites, to be loaded one by one."""
    t.app("early")
    os.mkdir(t.path("libraries"))
    for i in range(cnt):
        shutil.copy(t.path("libearly.so"), t.path(f"libraries/lib{i}.so"))
    return t.path("libraries")


EVERY_EVENT = ["lib_constructor", "lib_work", "lib_destructor"]


def check_not_late(collector):
    lines = collector.err.lines
    check(not any("after loading" in line for line in lines), lines)


def test_launch_libraries_of_dlopen(t):
    """In a program without marks; each library is used and unloaded at once."""
    collector = t.collect("--on", "exit", "--", t.app("loader"), "--at-once", copies(t, 20)).end()
    check_not_late(collector)
    equal(t.only_snapshot().probes(), EVERY_EVENT * 20, "events")
    accounts = collector.only_accounts()
    equal((accounts.emitted, accounts.lost), (60, 0), "accounts")


LOAD_HANDLED = """import ctypes, os, signal, threading
taken = []
for name in %s:
    signal.signal(getattr(signal, name), lambda number, frame: taken.append(number))
def load():
    for name in sorted(os.listdir("%s")):
        ctypes.CDLL(os.path.join("%s", name)).earlylib__work(1)
thread = threading.Thread(target=load)
thread.start()
thread.join()
print("signals", taken)
"""


def test_launch_libraries_of_dlopen_with_handlers(t):
    """In a thread that is not the first, with handlers for all signals but one."""
    directory = copies(t, 3)
    for handled in ["SIGURG"], ["SIGURG", "SIGWINCH"], ["SIGWINCH", "SIGCHLD"]:
        code = LOAD_HANDLED % (handled, directory, directory)
        collector = t.collect("--on", "exit", "--", PYTHON, "-c", code).end()
        equal(collector.out.all(), ["signals []"], "signals that its handlers took")
        check_not_late(collector)
        snapshot = t.only_snapshot()
        equal(sorted(snapshot.probes()), sorted(EVERY_EVENT * 3), "events")
        os.unlink(snapshot.path)


LOAD_AND_WAIT = LOAD_HANDLED + """
import time
def tracer():
    with open("/proc/self/status") as status:
        return [line.split()[1] for line in status if line.startswith("TracerPid")][0]
while tracer() != "0":
    time.sleep(0.01)
"""


def test_launch_libraries_of_dlopen_with_marks(t):
    """A program that is traced no more is traced again while it loads, if the tracer is in time: a
    busy machine may be too slow. The program sees no signal, and is not traced afterwards."""
    directory = copies(t, 20)
    for handled in ["SIGURG"], ["SIGURG", "SIGWINCH"], ["SIGCHLD"], [], []:
        code = LOAD_AND_WAIT % (handled, directory, directory)
        collector = t.collect("--on", "exit", "--", "env", f"LD_PRELOAD={t.path('libearly.so')}",
                              PYTHON, "-c", code).end()
        equal(collector.out.all(), ["signals []"], "signals that its handlers took")
        snapshot = t.only_snapshot()
        probes = snapshot.probes()
        os.unlink(snapshot.path)
        # without a tracer one of them would be recorded at most
        if probes.count("lib_constructor") > 10 and probes.count("lib_work") > 10:
            return
    raise Failure(f"no tracer in time: {probes}")


LOAD_LATE = """import ctypes, sys
print("ready", flush=True)
sys.stdin.readline()
work = ctypes.CDLL("%s").earlylib__work
sys.stdin.readline()
work(1)
"""


def test_launch_library_is_late(t):
    """A process that is traced no more, or never was: a message says what may be missing."""
    path = os.path.join(copies(t, 1), "lib0.so")
    app = t.start("env", f"LD_PRELOAD={t.path('libearly.so')}", PYTHON, "-c", LOAD_LATE % path)
    app.out.wait("ready")
    collector = t.collect("--on", "exit", "-p", app.pid)
    collector.recording()
    app.say()
    collector.err.wait(f"ttlog-collect: pid {app.pid}: attached to {path} after loading: "
                       "what was logged there before is not recorded")
    app.say()
    app.end()
    collector.end()
    probes = sorted(t.only_snapshot().probes())
    # the event of its constructor may be recorded or not
    equal([probe for probe in probes if probe != "lib_constructor"],
          ["lib_destructor", "lib_destructor", "lib_work"], "events")


def kill_in_the_midst(t, stride, *env):
    """Kills the collector at its calls of ptrace, one after the other: the program runs on as
    usual."""
    t.rings_may_stay = True
    script = f"{t.app('early')} 1 && echo over"
    for steps in itertools.count(1, int(STRIDE or stride)):
        # with the shell we see the collector's end, and the shell waits for the orphan's
        collector = t.collect("-q", "--on", "request", "--", *env, "sh", "-c", script,
                              env={**os.environ, "KILL_AT": str(steps),
                                   "LD_PRELOAD": os.path.join(APPS, "libkill_at.so")})
        status = collector.wait()
        lines = collector.out.all()
        if status == 0:
            return steps
        equal(status, -signal.SIGKILL, "status")
        # before the first call nothing has started
        begun = steps > 1
        equal(lines, ["over"] if begun else [], f"after {steps} steps")
        orphans = sorted(os.waitstatus_to_exitcode(os.wait()[1]) for _ in range(2))
        equal(orphans, [-signal.SIGKILL, 0 if begun else 125], "status of the broker and of CMD")


def test_launch_killed_in_the_midst(t):
    steps = kill_in_the_midst(t, 3)
    check(steps > 10, f"{steps} steps of ptrace")


def test_launch_killed_between_calls(t):
    """The same if no signal can stop the program: at its system calls."""
    steps = kill_in_the_midst(t, 23, "env", BLOCKED)
    check(steps > 100, f"{steps} steps of ptrace")


# ---- after CMD's end ----


def start_daemon(t):
    """CMD has ended. Returns the collector, and the pid of CMD's child that runs on."""
    collector = t.collect("--", t.app("daemon"), 100)
    pid = int(collector.out.wait(r"ready (\d+)")[1])
    collector.err.wait("ttlog-collect: the command has ended, 1 descendant is still recorded")
    return collector, pid


def test_launch_daemon(t):
    """The daemon is recorded to its end; then the collector ends, with CMD's status."""
    collector, pid = start_daemon(t)
    collector.ask("done")
    collector.say()
    collector.end(3)
    accounts = collector.only_accounts()
    equal((accounts.pid, accounts.emitted, accounts.lost), (pid, 100, 0), "accounts")
    snapshot = t.only_snapshot()
    equal(snapshot.fields("served", "request"), list(range(100)), "events")
    equal(snapshot.info["crash"]["signal"], "SIGSEGV", "signal")


def test_launch_daemon_outlives_the_recording(t):
    for number in signal.SIGTERM, signal.SIGINT:
        collector, pid = start_daemon(t)
        collector.ask("done")
        collector.signal(number)
        equal(collector.wait(), 3, "status: CMD's")
        snapshot = t.only_snapshot()
        equal((snapshot.info["reason"], len(snapshot.events)), ("shutdown", 100), "snapshot")
        os.unlink(snapshot.path)
        os.kill(pid, 0)
        # it waits for a byte
        collector.close_stdin()
        collector.out.all()


def test_launch_daemon_without_marks(t):
    """The collector waits for it, too: it may start a program with sites."""
    script = f"(read line; {t.app('early')} 1) <&0 & exit 5"
    collector = t.collect("--on", "exit", "--", "sh", "-c", script)
    collector.err.wait("ttlog-collect: the command has ended, 1 descendant is still recorded")
    collector.say()
    collector.end(5)
    equal(len(t.only_snapshot().events), 8, "events")
