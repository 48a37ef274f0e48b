# SPDX-License-Identifier: MIT
"""Exit statuses: CMD's own, the collector's, env(1)'s."""
import os
import signal
import subprocess

from harness import COLLECT, DEADLINE_S, NOBODY, check, equal


def run(*args, **options):
    done = subprocess.run([COLLECT, *map(str, args)], stdin=subprocess.DEVNULL,
                          capture_output=True, timeout=DEADLINE_S, check=False, **options)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def test_status_of_command(t):
    path = t.app("crash")
    for how, status in (("exit", 3), ("_exit", 4), ("main_exit", 5)):
        t.collect("--", path, 1, 1, how).end(status)
    for number in (signal.SIGSEGV, signal.SIGKILL, signal.SIGTERM):
        t.collect("--", path, 1, 1, f"SIG{int(number)}").end(128 + number)


def test_status_of_unmarked_command(t):
    """A program without marks runs as usual, and a message says that it has none."""
    said = "ttlog-collect: nothing was recorded: neither sh nor what it started has ttlog sites\n"
    for args, words in (((), said), (("-q",), "")):
        status, out, errors = run(*args, "-o", t.out, "--", "sh", "-c", "echo out; exit 7")
        equal((status, out, errors), (7, "out\n", words), "status and output")
    equal(t.files(), [], "files")
    collector = t.collect("-F", "target=none", "--", "sh", "-c", f"true; {t.app('trade')} 1 1").end()
    check("nothing was recorded" not in collector.err.text(), f"of sites that are off: {collector.err.text()}")


def test_status_command_with_options(t):
    """Arguments after CMD are CMD's."""
    status, out, _ = run("-o", t.out, "--", "echo", "-q", "--help", "--", "-p")
    equal((status, out), (0, "-q --help -- -p\n"), "status and output")


def test_status_not_found(t):
    for command in ("no-such-command-anywhere", t.path("missing")):
        status, out, errors = run("-o", t.out, "--", command)
        equal((status, out), (127, ""), f"status of {command}")
        check(command in errors and "No such file" in errors, f"it says {errors!r}")


def test_status_not_executable(t):
    path = t.path("text")
    with open(path, "w", encoding="ascii") as file:
        file.write("no program\n")
    for command in (path, t.dir):
        status, out, errors = run("-o", t.out, "--", command)
        equal((status, out), (126, ""), f"status of {command}")
        check(command in errors, f"it says {errors!r}")


def test_status_no_such_process(t):
    app = t.start("true")
    app.end()
    status, out, errors = run("-o", t.out, "-p", app.pid)
    equal((status, out), (1, ""), "status")
    check(str(app.pid) in errors and "No such process" in errors, f"it says {errors!r}")


def test_status_process_without_marks(t):
    app = t.start("cat")
    status, out, errors = run("-o", t.out, "-p", app.pid)
    equal((status, out), (1, ""), "status")
    check("no ttlog sites" in errors, f"it says {errors!r}")
    app.close_stdin()
    app.end()


def test_status_file_without_marks(t):
    status, out, errors = run("-o", t.out, "-e", "/bin/true")
    equal((status, out), (1, ""), "status")
    check("/bin/true has no ttlog sites" in errors, f"it says {errors!r}")
    status, out, errors = run("-o", t.out, "-e", t.path("missing"))
    equal((status, out), (1, ""), "status of a missing file")
    check("No such file" in errors, f"it says {errors!r}")


def as_nobody():
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)


def test_status_without_privileges(t):
    """It says what is missing, and CMD is not run at all."""
    os.chmod(t.dir, 0o777)
    path = t.app("crash")
    status, out, errors = run("-o", t.out, "--", path, 1, 1, "exit", preexec_fn=as_nobody)
    equal((status, out), (125, ""), "status and output")
    check("CAP_BPF" in errors and "--check" in errors, f"it says {errors!r}")
    app = t.start(path, "--wait", 1, 1, "exit")
    app.out.wait("start")
    status, _, errors = run("-o", t.out, "-p", app.pid, preexec_fn=as_nobody)
    equal(status, 1, "status of -p")
    check("CAP_BPF" in errors, f"it says {errors!r}")
    app.say()
    app.out.wait("ready")
    app.say()
    app.end(3)
    status, out, _ = run("--check", preexec_fn=as_nobody)
    equal(status, 1, "status of --check")
    check("missing" in out and "CAP_BPF" in out, f"--check says {out!r}")


def test_status_with_capabilities_alone(t):
    """Another user with the capabilities that --check names, and no more, can record its own
    processes."""
    collector = t.collect_as_nobody("--", t.app("crash"), 2, 100, "SEGV")
    equal(collector.wait(), 139, f"status; it says {collector.err.text()}")
    snapshot = t.only_snapshot()
    equal(len(snapshot.events), 200, "events")
    equal(os.stat(snapshot.path).st_uid, NOBODY, "owner of the snapshot")


def test_status_disk_full(t):
    """If a snapshot can't be written, a message says so, and the status is 1; the program is
    unharmed."""
    os.mkdir(t.out)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4k", "small", t.out], check=True)
    full = os.path.join(t.out, "full")
    with open(full, "wb") as file:
        file.write(bytes(4096))
    app = t.start(t.app("trade"), "--wait", 2, 5000)
    app.out.wait("ready")
    collector = t.collect("--on", "exit", "-p", app.pid)
    collector.recording(app.pid)
    app.finish()
    collector.end(1)
    check("No space left on device" in collector.err.text(), f"it says {collector.err.text()!r}")
    os.unlink(full)
    accounts = collector.only_accounts()
    equal((accounts.recorded, accounts.files, t.files()), (10000, [], []), "accounts and files")
    # the next one has room for it
    subprocess.run(["mount", "-o", "remount,size=16m", t.out], check=True)
    t.collect("--", "/bin/true").end()
    equal(len(t.only_snapshot().events), 10000, "events")
