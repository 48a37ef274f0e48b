# SPDX-License-Identifier: MIT
"""The kernel facilities that the collector uses, taken away one by one: it records in another way,
or says before it starts why it can't. tests/apps/deny.c refuses system calls, tracepoints are
removed from the kernel's type information, file systems are mounted over."""
import os
import re
import signal
import subprocess

from harness import APPS, COLLECT, Collector, Skip, check, equal, view
from notes import Semaphores

BTF = "/sys/kernel/btf/vmlinux"
POSSIBLE = "Recording is possible."


def without(*facilities):
    return {**os.environ, "LD_PRELOAD": os.path.join(APPS, "libdeny.so"),
            "TTLOG_DENY": " ".join(facilities)}


def run(*args, within=(), **options):
    """Runs ttlog-collect to its end: (status, stdout, stderr)."""
    done = subprocess.run([*within, COLLECT, *map(str, args)], stdin=subprocess.DEVNULL, timeout=60, check=False,
                          capture_output=True, **options)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def records(t, env=None):
    """-p and -- record everything, and --check agrees. Returns the collectors' messages."""
    env = env or dict(os.environ)
    app = t.start(t.app("crash"), "--wait", 2, 1000)
    app.out.wait("start")
    by_pid = t.collect("-p", app.pid, env=env)
    by_pid.recording(app.pid)
    app.say()
    app.out.wait("ready")
    app.signal(signal.SIGKILL)
    app.end(-signal.SIGKILL)
    accounts = by_pid.end().only_accounts()
    equal((accounts.emitted, accounts.recorded), (2000, 2000), "accounts of -p")
    by_command = t.collect("--", t.app("crash"), 2, 1000, "SEGV", env=env).end(139)
    accounts = by_command.only_accounts()
    equal((accounts.emitted, accounts.recorded), (2000, 2000), "accounts of --")
    equal(len(view("--format", "json", *accounts.files).splitlines()), 2000, "events in the file")
    status, out, errors = run("--check", "-o", t.out, env=env)
    equal((status, errors, out.splitlines()[-1]), (0, "", POSSIBLE), f"--check, of {out}")
    return by_command.err.lines, out


def refuses(t, why, env=None, within=()):
    """Neither -p nor -- starts to record; CMD is not run; each says why, and so does --check."""
    env = env or dict(os.environ)
    app = t.start(t.app("loops"), 1000)
    app.out.wait("ready")
    for target, wanted in ((("-p", app.pid), 1), (("--", "touch", t.path("ran")), 125)):
        status, out, errors = run("-o", t.out, *target, env=env, within=within)
        equal((status, out), (wanted, ""), f"status of {target[0]}, which says {errors}")
        check(why in errors, f"{target[0]} says {errors!r}")
        check("no ttlog sites" not in errors, f"{target[0]} says {errors!r}")
    check(not os.path.exists(t.path("ran")), "CMD was run")
    equal(Semaphores(app.pid, t.path("loops")).raised(), set(), "semaphores")
    app.close_stdin()
    app.end()
    status, out, errors = run("--check", "-o", t.out, env=env, within=within)
    equal((status, errors), (1, ""), "status of --check")
    for line in (f"missing  {why}", "missing  recording by -p", "missing  recording by -- CMD",
                 "Recording is not possible"):
        check(line in out, f"no {line!r} in {out}")


def strike(t, tracepoint):
    """The kernel's type information without that tracepoint."""
    name = f"\0btf_trace_{tracepoint}\0".encode()
    with open(BTF, "rb") as file:
        data = file.read()
    if name not in data:
        raise Skip(f"this kernel has no {tracepoint}")
    with open(t.path("btf"), "wb") as file:
        file.write(data.replace(name, name.replace(b"btf", b"xtf")))
    subprocess.run(["mount", "--bind", t.path("btf"), BTF], check=True)


# ---- uprobes ----


def test_without_uprobe_multi(t):
    _, out = records(t, without("uprobe_multi"))
    check("missing  one link for many uprobes (uprobe_multi)" in out, f"--check says {out}")


def test_with_uprobe_multi_that_does_nothing(t):
    """It opens, but raises nothing."""
    _, out = records(t, without("deaf"))
    check("missing  one link for many uprobes (uprobe_multi)" in out, f"--check says {out}")


def test_with_links_that_only_the_first_thread_hits(t):
    """Such links are not used: all threads of the process are recorded, and no other process that
    runs the file."""
    env, path = without("threads"), t.app("trade")
    other = t.start(path, "--wait", 2, 1000)
    other.out.wait("ready")
    app = t.start(path, "--wait", 2, 1000)
    app.out.wait("ready")
    collector = t.collect("-p", app.pid, env=env)
    collector.recording(app.pid)
    for program in other, app:
        program.finish()
    accounts = collector.end().only_accounts()
    equal((accounts.pid, accounts.recorded, accounts.lost), (app.pid, 2000, 0), "accounts")
    _, out = records(t, env)
    check("missing  links for one process, hit in all of its threads" in out, f"--check says {out}")


def test_without_perf_events(t):
    _, out = records(t, without("perf"))
    check("OK       uprobes (by uprobe_multi; by perf events: No such file" in out, f"--check says {out}")


def test_without_any_uprobe(t):
    refuses(t, "uprobes that raise semaphores (ref_ctr)", without("perf", "uprobe_multi"))
    refuses(t, "uprobes that raise semaphores (ref_ctr)", without("perf", "deaf"))


# ---- the rest of the kernel side ----


def test_without_ring_buffers(t):
    refuses(t, "BPF ring buffer", without("ring_buffer"))


def test_without_programs_on_tracepoints(t):
    refuses(t, "BPF programs on BTF tracepoints", without("tracing"))


def test_without_tracepoint_of_exit(t):
    strike(t, "sched_process_exit")
    refuses(t, "tracepoint sched_process_exit")


def test_without_tracepoint_of_exec(t):
    strike(t, "sched_process_exec")
    refuses(t, "tracepoints of exec, fork and rename")


def test_without_tracepoint_of_signals(t):
    strike(t, "signal_deliver")
    refuses(t, "tracepoint signal_deliver")


def test_without_tracepoint_before_exec(t):
    """By a kprobe; without kprobes it first says what will be lost."""
    strike(t, "sched_prepare_exec")
    said, out = records(t)
    gap = [i for i, line in enumerate(said) if "the last events before an exec will be lost" in line]
    began = [i for i, line in enumerate(said) if "recording pid" in line]
    by_kprobe = "OK       memory of programs before an exec (by a kprobe on" in out
    check(by_kprobe or "missing  memory of programs before an exec" in out, f"--check says {out}")
    check(gap == [] if by_kprobe else gap and gap[0] < began[0], f"it says {said}")


# ---- file systems ----


def test_without_tracefs(t):
    for directory in ("/sys/kernel/tracing", "/sys/kernel/debug"):
        if os.path.isdir(directory):
            subprocess.run(["mount", "-t", "tmpfs", "none", directory], check=True)
    records(t)


def test_without_dev_shm(t):
    """Rings lie in /run."""
    subprocess.run(["mount", "--bind", t.dir, "/dev/shm"], check=True)
    said, _ = records(t)
    check(not any("on disk" in line for line in said), f"it says {said}")


def test_without_memory_for_rings(t):
    """Neither /run nor /dev/shm is in memory: it records on disk, and says so first."""
    os.mkdir(t.path("disk"))
    kind = subprocess.run(["stat", "-f", "-c", "%T", t.dir], capture_output=True, check=True).stdout
    if kind.strip() == b"tmpfs":
        raise Skip("the tests' own directory is in memory")
    for directory in ("/dev/shm", "/run"):
        subprocess.run(["mount", "--bind", t.path("disk"), directory], check=True)
    said, out = records(t)
    check("on disk" in said[0] and "/run/ttlog" in said[0], f"it says {said}")
    check("missing  rings on tmpfs (/run/ttlog is on disk" in out, f"--check says {out}")


def test_within_a_namespace_of_pids(t):
    """In a container nothing would be recorded, so it does not start."""
    refuses(t, "the machine's own PID and time namespaces (here is another PID namespace)",
            within=("unshare", "-p", "-f", "--mount-proc"))


def test_within_a_namespace_of_time(t):
    refuses(t, "the machine's own PID and time namespaces (here is another time namespace)",
            within=("unshare", "-T", "--boottime", "100000"))


def test_within_a_namespace_of_time_with_the_machines(t):
    collector = t._add(Collector(["unshare", "-T", COLLECT, "-o", t.out, "--",
                                  t.app("trade"), "1", "10"]))
    equal(collector.end().only_accounts().recorded, 10, "recorded")


# ---- failures that come later ----


def test_sites_that_can_not_be_switched_on(t):
    """It says how many there are, that none is on, and why; a command runs nevertheless."""
    path, late = t.app("trade"), without("late")
    why = "has 1 ttlog sites, and none could be switched on: Invalid argument"
    app = t.start(path, "--wait", 1, 10)
    app.out.wait("ready")
    status, out, errors = run("-o", t.out, "-p", app.pid, env=late)
    equal((status, out), (1, ""), "status of -p")
    check(f"ttlog-collect: pid {app.pid} {why}" in errors, f"-p says {errors!r}")
    app.finish()
    status, out, errors = run("-o", t.out, "-e", path, env=late)
    equal((status, out), (1, ""), "status of -e")
    check(f"ttlog-collect: {path} {why}" in errors, f"-e says {errors!r}")
    status, out, errors = run("-o", t.out, "--", path, 1, 10, env=late)
    equal(status, 0, "status of --, the command's")
    check(re.search(rf"ttlog-collect: pid \d+ {re.escape(why)}", errors), f"-- says {errors!r}")
    check("recording pid" not in errors and "no ttlog sites" not in errors, f"-- says {errors!r}")


def test_sites_none_chosen(t):
    path = t.app("trade")
    why = ("has 1 ttlog sites, and none of them is chosen by --level and --filter; there is:\n"
           "  target=trade probe=trade_executed level=INFO file=tests/apps/trade.c\n")
    status, _, errors = run("-o", t.out, "-F", "target=typo*", "--", path, 1, 10)
    equal(status, 0, "status")
    check(why in errors, f"-- says {errors!r}")
    status, _, errors = run("-o", t.out, "-d", "1ms", "-F", "probe=none", "-e", path)
    equal(status, 0, "status")
    check(why in errors, f"-e says {errors!r}")
    app = t.start(path, "--wait", 1, 10)
    app.out.wait("ready")
    status, _, errors = run("-o", t.out, "-d", "1ms", "-F", "target=typo*", "-p", app.pid)
    equal(status, 0, "status")
    check(f"recording pid {app.pid} (0 sites)\n" in errors and why in errors, f"-p says {errors!r}")
    app.finish()


def test_sites_none_chosen_of_many(t):
    """No more than fit on a screen, and the number of those that are left out."""
    path = t.app("levels")
    status, _, errors = run("-o", t.out, "-d", "1ms", "-F", "target=typo*", "-e", path)
    equal(status, 0, "status")
    listed = [line for line in errors.splitlines() if line.startswith("  target=")]
    equal((len(listed), listed), (12, sorted(listed)), "sites that it lists")
    left = re.search(r"^  and (\d+) more: ttlog-collect --list$", errors, flags=re.M)
    _, out, _ = run("--list", path)
    rows = [line.split() for line in out.splitlines()[1:]]
    equal(12 + int(left[1]), len({(row[3], row[2], row[0], row[4].rsplit(":", 1)[0]) for row in rows}), "all of them")


def test_sites_of_another_version(t):
    """No program without marks is named."""
    path = t.app("trade")
    with open(path, "rb") as file:
        data = bytearray(file.read())
    notes = [match.start() for match in re.finditer(rb"\x06\0\0\0[\x68\x28]\0\0\0[\1\2]\0\0\0ttlog\0", data)]
    check(len(notes) >= 2, f"notes in {path}")
    for note in notes:
        site = data[note + 8] == 1
        data[note + 20 + (95 if site else 32)] = 99
    with open(path, "wb") as file:
        file.write(data)
    for args, wanted in (("-e", path), 1), (("--list", path), 1), (("--", path, 1, 10), 0):
        status, _, errors = run(*([] if args[0] == "--list" else ["-o", t.out]), *args)
        equal(status, wanted, f"status of {args}")
        check("that this ttlog-collect does not understand" in errors, f"{args} says {errors!r}")
        check("no ttlog sites" not in errors and "neither" not in errors, f"{args} says {errors!r}")


def test_sites_of_a_thread(t):
    """The error names the process's owner, not that it has no sites."""
    app = t.start(t.app("trade"), "--wait", 1, 10)
    app.out.wait("ready")
    tid, = set(map(int, os.listdir(f"/proc/{app.pid}/task"))) - {app.pid}
    for args in ("-o", t.out, "-p", tid), ("--list", "-p", tid):
        status, out, errors = run(*args)
        equal((status, out), (1, ""), f"status of {args}")
        said = f"ttlog-collect: {tid} is no process, but a thread of process {app.pid}: give -p {app.pid}\n"
        equal(errors.count(said), 1, f"{args} says {errors!r}")
    app.finish()


def test_sites_of_a_process_that_is_gone(t):
    """The number is still there; what it stood for is not known any more."""
    app = t.start(t.app("trade"), 1, 10)
    os.waitid(os.P_PID, app.pid, os.WEXITED | os.WNOWAIT)
    for args in ("-o", t.out, "-p", app.pid), ("--list", "-p", app.pid):
        status, _, errors = run(*args)
        equal(status, 1, "status")
        check("No such process" in errors and "no ttlog sites" not in errors,
              f"{args} says {errors!r}")
    app.end()
