# SPDX-License-Identifier: MIT
"""What the end-to-end tests share: collectors, programs, snapshots, and how to wait for them.

A test is a function test_<topic>_<behaviour>(t) in a test_*.py, t a Test. tests/e2e/run runs it in
a process and a mount namespace of its own, so that /run/ttlog and /var/lib are its own. It has its
own copy of every program that it runs, so that `-e` and semaphores affect no other test.

Nothing sleeps for a fixed time. A test waits for a line, the end of a process or a condition, until
a deadline; then it fails and says what did not come. No test asks how long something took:
deadlines catch what hangs, also on a machine that is fifty times slower than another. bench/ tests
how fast it must be.
"""
import contextlib
import glob
import json
import os
import re
import shutil
import signal
import subprocess
import threading
import time

TREE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.abspath(os.environ.get("TTLOG_BUILD", os.path.join(TREE, "build")))
COLLECT = os.path.join(BUILD, "ttlog-collect")
VIEW = os.path.join(BUILD, "ttlog-view")
CTL = os.path.join(BUILD, "ttlog-ctl")
APPS = os.path.join(BUILD, "apps")
READER = os.path.join(TREE, "tests", "read_snapshot.py")
PYTHON = "/usr/bin/python3"  # the Python that Debian's python3-cbor2 is for

DEADLINE_S = float(os.environ.get("TTLOG_DEADLINE_S", 300))
NOBODY = 65534
SNAPSHOT_NAME = re.compile(r"ttlog-(\d+)-(\d{17})-([A-Za-z0-9._-]{1,64})\.bin")
ACCOUNTS = re.compile(
    r"pid (\d+): (\d+) emitted, (\d+) recorded, (\d+) lost(?: \(([^)]*)\))?, (\d+) overwritten, (.*)"
)


class Failure(Exception):
    pass


class Skip(Exception):
    """This machine lacks something that the test needs; with CI=true it is a failure."""


def alone(test):
    """A test that needs the whole machine: no other test runs meanwhile."""
    test.alone = True
    return test


def check(condition, what):
    if not condition:
        raise Failure(what)


def equal(got, want, what):
    if got != want:
        raise Failure(f"{what}: {shorten(got)}, not {shorten(want)}")


def shorten(value):
    text = repr(value)
    return text if len(text) < 600 else text[:400] + " ... " + text[-160:]


@contextlib.contextmanager
def kernel_setting(name, text):
    """Sets /proc/sys/kernel/NAME, and then sets it back. It is for the whole machine, so the test
    must be alone."""
    path = f"/proc/sys/kernel/{name}"
    try:
        with open(path, encoding="utf-8") as file:
            before = file.read()
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise Skip(f"{path}: {error}") from None
    try:
        yield
    finally:
        with open(path, "w", encoding="utf-8") as file:
            file.write(before)


def wait_until(condition, what, deadline_s=DEADLINE_S):
    """Returns the result of condition() once it is true."""
    end = time.monotonic() + deadline_s
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > end:
            raise Failure(f"not in {deadline_s} s: {what}")
        time.sleep(0.01)


class Lines:
    """The lines that a program writes, as they come."""

    def __init__(self, pipe):
        self.lines = []
        self.ended = False
        self.changed = threading.Condition()
        self.thread = threading.Thread(target=self._read, args=(pipe,), daemon=True)
        self.thread.start()

    def _read(self, pipe):
        for line in pipe:
            with self.changed:
                self.lines.append(line.decode("utf-8", "backslashreplace").rstrip("\n"))
                self.changed.notify_all()
        with self.changed:
            self.ended = True
            self.changed.notify_all()

    def wait(self, regex, after=0):
        """The first line that matches (fullmatch), from line `after` on."""
        pattern = re.compile(regex)
        end = time.monotonic() + DEADLINE_S
        with self.changed:
            while True:
                for line in self.lines[after:]:
                    match = pattern.fullmatch(line)
                    if match:
                        return match
                left = end - time.monotonic()
                if self.ended or left <= 0 or not self.changed.wait(left):
                    raise Failure(f"no line like {regex!r} in {shorten(self.lines)}")

    def all(self):
        """All lines, once the writer has closed its end."""
        self.thread.join(DEADLINE_S)
        check(self.ended, f"its output does not end: {shorten(self.lines)}")
        return self.lines

    def text(self):
        return "\n".join(self.lines)


class Program:
    """A process that the test started, with pipes to it."""

    def __init__(self, argv, **options):
        self.argv = argv
        self.process = subprocess.Popen(
            argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options
        )
        self.pid = self.process.pid
        self.out = Lines(self.process.stdout)
        self.err = Lines(self.process.stderr)

    def say(self, byte="\n"):
        """Sends the byte that programs wait for; see tests/apps/app.h."""
        self.process.stdin.write(byte.encode())
        self.process.stdin.flush()

    def ask(self, word, byte="\n"):
        """Sends the byte, and waits until the program has answered with this word."""
        done = len(self.out.lines)
        self.say(byte)
        self.out.wait(word, after=done)

    def close_stdin(self):
        self.process.stdin.close()

    def signal(self, number):
        self.process.send_signal(number)

    def runs(self):
        return self.process.poll() is None

    def wait(self):
        """Waits for the exit status; as Popen has it: -N for signal N."""
        try:
            return self.process.wait(DEADLINE_S)
        except subprocess.TimeoutExpired:
            raise Failure(f"{self.argv} does not end; stderr: {self.err.text()}\n"
                          f"{self.stacks()}") from None

    def stacks(self):
        """The kernel stacks of its threads."""
        text = ""
        for path in glob.glob(f"/proc/{self.pid}/task/*/stack"):
            with open(path, encoding="utf-8") as stack:
                text += f"{path}:\n{stack.read()}"
        return text

    def end(self, status=0):
        """Waits for its end, which must have this status."""
        equal(self.wait(), status, f"status of {self.argv}; stderr: {self.err.text()}")
        self.out.all()
        self.err.all()
        return self

    def finish(self):
        """For programs that wait for a byte, say "done", wait for another one, and end."""
        self.ask("done")
        self.say()
        self.end()

    def discard(self):
        if self.runs():
            self.process.kill()
        self.process.wait()


class Accounts:
    """The collector's final line about a process."""

    def __init__(self, match):
        self.pid, self.emitted, self.recorded, self.lost = map(int, match.group(1, 2, 3, 4))
        self.causes = {}
        for item in (match[5] or "").split(", ") if match[5] else ():
            cause, count = item.split(" ")
            self.causes[cause] = int(count)
        self.overwritten = int(match[6])
        self.files = [] if match[7] == "no snapshot" else match[7].split(" ")
        equal(self.emitted, self.recorded + self.lost, f"emitted in {match[0]!r}")
        equal(sum(self.causes.values()), self.lost, f"causes in {match[0]!r}")


def children_of(pid):
    children = []
    for path in glob.glob(f"/proc/{pid}/task/*/children"):
        with contextlib.suppress(FileNotFoundError):  # a thread that has ended
            with open(path, encoding="ascii") as file:
                children += map(int, file.read().split())
    return children


class Collector(Program):
    def broker(self):
        """The pid of the process that keeps its privileges."""
        (broker,) = children_of(self.pid)
        return broker

    def recording(self, pid=None):
        """Waits until it records; returns (pid, number of sites)."""
        number = r"(\d+)" if pid is None else f"({pid})"
        match = self.err.wait(rf"ttlog-collect: recording pid {number} \((\d+) sites\)")
        return int(match[1]), int(match[2])

    def recording_path(self, path):
        match = self.err.wait(rf"ttlog-collect: recording {re.escape(path)} \((\d+) sites\)")
        return int(match[1])

    def accounts_of(self, pid):
        """Waits until a process has ended and the collector has printed its accounts."""
        return Accounts(self.err.wait(ACCOUNTS.pattern.replace(r"(\d+)", f"({pid})", 1)))

    def all_accounts(self):
        """All accounts by pid, once the collector has ended."""
        matches = filter(None, map(ACCOUNTS.fullmatch, self.err.all()))
        return {accounts.pid: accounts for accounts in map(Accounts, matches)}

    def only_accounts(self):
        accounts = list(self.all_accounts().values())
        equal(len(accounts), 1, f"processes accounted for in {self.err.text()!r}")
        return accounts[0]

    def only_file(self):
        files = self.only_accounts().files
        equal(len(files), 1, f"snapshots in {self.err.text()!r}")
        return files[0]

    def stop(self, status=0):
        self.signal(signal.SIGTERM)
        return self.end(status)


class Snapshot:
    """A file as ttlog-view reads it; checks what all snapshots have in common."""

    def __init__(self, path, compare=True):
        self.path = path
        match = SNAPSHOT_NAME.fullmatch(os.path.basename(path))
        check(match, f"name of {path}")
        self.pid, self.name_time, self.name_reason = int(match[1]), match[2], match[3]
        equal(os.stat(path).st_mode & 0o7777, 0o600, f"mode of {path}")
        self.info = json.loads(view("--info", "--format", "json", path))
        text = view("--format", "json", path)
        self.events = [json.loads(line) for line in text.splitlines()]
        self._check_info()
        if compare:
            compare_readers(path, text)

    def _check_info(self):
        info = self.info
        equal(info["pid"], self.pid, "pid in info")
        # the name's milliseconds may be later, if the first name was taken
        written = re.sub(r"[-T:.Z]", "", info["created_at"])[:17]
        check(written <= self.name_time, f"{info['created_at']} in {self.path}")
        equal(self.name_reason, re.sub(r"[^A-Za-z0-9._-]", "_", info["reason"])[:64],
              "reason in name and info")
        equal(info["emitted"], info["recorded"] + info["lost"]["total"], "emitted in info")
        causes = sum(count for cause, count in info["lost"].items() if cause != "total")
        equal(causes, info["lost"]["total"], "causes of loss in info")
        equal(info["events"], len(self.events), "events in info")
        equal(len(self.events) + info["overwritten"], info["recorded"], "recorded in info")
        if self.events:
            equal(info["first_ts"], self.events[0]["ts"], "first_ts")
            equal(info["last_ts"], self.events[-1]["ts"], "last_ts")
        times = [event["mono_ns"] for event in self.events]
        check(times == sorted(times), "events are not in the order of time")

    def of(self, probe):
        return [event for event in self.events if event["probe"] == probe]

    def fields(self, probe, *keys):
        """The values of these fields (one: plain, several: tuples) of the probe's events."""
        if len(keys) == 1:
            return [event["fields"][keys[0]] for event in self.of(probe)]
        return [tuple(event["fields"][key] for key in keys) for event in self.of(probe)]

    def probes(self):
        return [event["probe"] for event in self.events]


def view(*args):
    """stdout of ttlog-view, which must succeed."""
    done = subprocess.run(
        [VIEW, *args], stdin=subprocess.DEVNULL, capture_output=True, timeout=DEADLINE_S, check=False
    )
    equal((done.returncode, done.stderr), (0, b""), f"ttlog-view {' '.join(args)}")
    return done.stdout.decode("utf-8")


def read_otherwise(path):
    """The events as another project's CBOR reader reads them: JSON, one a line."""
    with subprocess.Popen(["lz4", "-dcq", path], stdout=subprocess.PIPE) as lz4:
        done = subprocess.run([PYTHON, READER], stdin=lz4.stdout, capture_output=True,
                              timeout=DEADLINE_S, check=False)
    equal((lz4.returncode, done.returncode, done.stderr), (0, 0, b""), f"another reader of {path}")
    return done.stdout.decode("utf-8")


def compare_readers(path, text):
    """Both readers have the same events: same keys, values and types, in the same order."""
    ours, theirs = text.splitlines(), read_otherwise(path).splitlines()
    equal(len(ours), len(theirs), f"events of two readers in {path}")
    for our, their in zip(ours, theirs):
        if our != their:
            pairs = [json.loads(line, object_pairs_hook=tuple) for line in (our, their)]
            equal(repr(pairs[0]), repr(pairs[1]), f"two readers of {path}")


class Test:
    """A running test: its directory, and the programs that it started."""

    def __init__(self, directory):
        self.dir = directory
        self.out = os.path.join(directory, "out")
        self.programs = []
        self.rings_may_stay = False  # a collector was killed

    def path(self, name):
        return os.path.join(self.dir, name)

    def app(self, name, to=None):
        """The path of a copy of a program of tests/apps, with the library that it needs."""
        to = to or self.path(name)
        if os.path.exists(to):
            return to
        shutil.copy(os.path.join(APPS, name), to)
        if name in ("early", "contexts"):
            shutil.copy(os.path.join(APPS, f"lib{name}.so"), os.path.dirname(to))
        return to

    def copy(self, path):
        """The path of a copy of any program, in the directory that app() uses."""
        return shutil.copy(path, self.path(os.path.basename(path)))

    def start(self, *argv, **options):
        return self._add(Program(list(map(str, argv)), cwd=self.dir, **options))

    def start_recorded(self, path, *args):
        """Starts a program that says "start" and waits for a byte, and the collector that records
        it."""
        app = self.start(path, *args)
        app.out.wait("start")
        collector = self.collect("-p", app.pid)
        collector.recording(app.pid)
        return app, collector

    def collect(self, *args, out=True, **options):
        argv = [COLLECT] + (["-o", self.out] if out else []) + list(map(str, args))
        options.setdefault("cwd", self.dir)
        return self._add(Collector(argv, **options))

    def collect_as_nobody(self, *args):
        """Runs a collector as another user with the capabilities that --check names, and no
        more."""
        os.chmod(self.dir, 0o777)
        capabilities = "+bpf,+perfmon,+sys_ptrace,+checkpoint_restore"
        argv = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups",
                f"--inh-caps={capabilities}", f"--ambient-caps={capabilities}",
                COLLECT, "-o", self.out, *map(str, args)]
        return self._add(Collector(argv, cwd=self.dir,
                                   env={**os.environ, "XDG_RUNTIME_DIR": self.dir}))

    def said(self):
        """The collectors' messages, to find out why a test failed."""
        lines = [line for program in self.programs if isinstance(program, Collector)
                 for line in [f"$ {' '.join(program.argv)}", *program.err.lines]]
        return "".join("\n" + line for line in lines)

    def _add(self, program):
        self.programs.append(program)
        return program

    def files(self, directory=None):
        """Snapshots in the output directory, oldest first."""
        directory = directory or self.out
        names = os.listdir(directory) if os.path.isdir(directory) else []
        for name in names:
            check(SNAPSHOT_NAME.fullmatch(name), f"{name} in {directory}")
        return [os.path.join(directory, name) for name in sorted(names, key=lambda n: n.split("-")[2])]

    def snapshots(self):
        return [Snapshot(path) for path in self.files()]

    def only_snapshot(self):
        files = self.files()
        equal(len(files), 1, f"number of snapshots {files}")
        return Snapshot(files[0])

    def wait_files(self, count):
        """Waits until there are at least so many files."""
        return wait_until(lambda: len(self.files()) >= count and self.files(), f"{count} snapshots")
