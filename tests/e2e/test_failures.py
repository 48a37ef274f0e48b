# SPDX-License-Identifier: MIT
"""Every allocation and every system call of the collector fails once (tests/apps/failure.c), at
each place that calls it. Each time the collector must neither die nor hang, the program must end as
usual, and all events must be recorded and counted, or stderr must say which are not; no files are
left.

By default only those points fail that once had a bug; `make failures` has all fail.
TTLOG_FAILURES=all, or `memory`, `calls` or a function of a point's stack for some;
TTLOG_FAILURES_LOG names a file with the result of each, and the points in it are skipped the next
time; the test ends after TTLOG_FAILURES_S.
"""
import json
import os
import re
import shutil
import signal
import struct
import subprocess
import time

from harness import ACCOUNTS, APPS, COLLECT, SNAPSHOT_NAME, Failure, check, equal, view, wait_until

SLOT = struct.Struct("<QII24s472s")
WISH = struct.Struct("<QII")
SLOT_CNT = 1 << 14
HANGS_S = 120
LOOK_S = 10
THREADS, EVENTS = 2, 500
SIGSEGV = signal.SIGSEGV
WANTED = os.environ.get("TTLOG_FAILURES", "")
LOG = os.environ.get("TTLOG_FAILURES_LOG", "/dev/null")
LIMIT_S = float(os.environ.get("TTLOG_FAILURES_S", "3600"))
MEMORY = ("calloc", "malloc", "realloc")
# These calls are repeated after a failure, so nothing is missing.
RETRIED = ("job__new", "snapshot__init", "list_sources", "list_pids")


class Point:
    """A place that makes a call."""

    def __init__(self, fields):
        self.id, self.hits = fields[:2]
        self.function, self.frames = (text.split(b"\0")[0].decode() for text in fields[3:])
        self.frames = self.frames.split()
        self.name = f"{self.function}:{self.id:x}"

    def where(self, names):
        """The stack in words; the first two frames are libfailure's."""
        return " < ".join(names.get(frame, frame) for frame in self.frames[2:])


def resolve(points):
    """FUNCTION at FILE:LINE of each frame that is ttlog-collect's own."""
    ours = sorted({frame for point in points for frame in point.frames
                   if frame.startswith("ttlog-collect+")})
    # of the call, not of the return address
    addresses = "".join(f"{int(frame.split('+')[1], 16) - 1:x}\n" for frame in ours)
    done = subprocess.run(["addr2line", "-sfipe", COLLECT], input=addresses.encode(),
                          stdout=subprocess.PIPE, check=True)
    lines = done.stdout.decode().replace("\n (inlined by) ", " < ").splitlines()
    equal(len(lines), len(ours), "frames with names")
    return dict(zip(ours, lines))


class Table:
    """The table in which libfailure.so counts calls, and which tells it which one must fail."""

    def __init__(self, path):
        self.path = path
        with open(path, "wb") as file:
            file.truncate((SLOT_CNT + 1) * SLOT.size)

    def read(self):
        with open(self.path, "rb") as file:
            return file.read()

    def points(self):
        slots = map(Point, SLOT.iter_unpack(self.read()[SLOT.size:]))
        return sorted((slot for slot in slots if slot.id), key=lambda slot: slot.name)

    def wish(self, point, number=1):
        with open(self.path, "r+b", buffering=0) as file:
            file.write(WISH.pack(0, 0, 0))
            file.seek(8)
            file.write(WISH.pack(point.id, number, 0)[8:])
            file.seek(0)
            file.write(WISH.pack(point.id, number, 0)[:8])

    def has_failed(self):
        return bool(WISH.unpack_from(self.read())[2])

    def environment(self):
        return {**os.environ, "LD_PRELOAD": os.path.join(APPS, "libfailure.so"),
                "LD_FAILURE_TABLE": self.path}


class Run:
    """One recording: its errors, and the collector's messages."""

    def __init__(self, t, point=None, table=None):
        self.t = t
        self.out = t.path("failing")
        self.table = table or Table(t.path("table"))
        self.wrong, self.said, self.whole = [], [], False
        if point:
            self.table.wish(point)
        if not table:
            shutil.rmtree(self.out, ignore_errors=True)

    def collect(self, *args):
        return self.t.collect("-o", self.out, *args, out=False, env=self.table.environment())

    def ends(self, program):
        """The program's status; None: it did not end."""
        try:
            return program.process.wait(HANGS_S)
        except subprocess.TimeoutExpired:
            self.wrong.append(f"{os.path.basename(program.argv[0])} hangs: {program.stacks()}")
            program.process.kill()
            program.process.wait()
            return None

    def judge(self, lines, pid, stack=("level3", "level2", "level1")):
        """Checks the collector's messages and files; pid None: of any recorded process."""
        accounts = [match for match in map(ACCOUNTS.fullmatch, lines) if match]
        self.said = [line for line in lines
                     if line and not ACCOUNTS.fullmatch(line) and "recording " not in line]
        for match in accounts:
            emitted, recorded, lost = map(int, match.group(2, 3, 4))
            if emitted != recorded + lost:
                self.wrong.append(f"accounts: {match[0]}")
        files = [path for match in accounts if pid is None or int(match[1]) == pid
                 for path in match[7].split(" ") if match[7] != "no snapshot"]
        for path in files:
            self.judge_file(path, stack)
        if not self.whole and not self.said:
            self.wrong.append(f"not all is recorded, and nothing said: {lines}")
        self.wrong += [f"libbpf's: {line}" for line in self.said if line.startswith("libbpf")]

    def judge_file(self, path, stack):
        """Whether all events and the stack are in the file."""
        try:
            info = json.loads(view("--info", "--format", "json", path))
            events = view("--format", "json", path).splitlines()
        except Failure as failure:
            self.wrong.append(str(failure))
            return
        frames = info.get("crash", {}).get("frames", [])
        symbols = [frame.get("symbol", "?").split("+")[0] for frame in frames]
        if len(events) != info["recorded"]:
            self.wrong.append(f"{path}: {len(events)} events of {info['recorded']} recorded")
        self.whole |= (info["emitted"] == info["recorded"] + info["lost"]["total"] == THREADS * EVENTS
                       and set(stack) <= set(symbols))

    def judge_end(self, collector, statuses):
        """Checks that it has ended, and left nothing that it does not name. Returns its
        messages."""
        status = self.ends(collector)
        lines = collector.err.all()
        if status is not None and status < 0:
            self.wrong.append(f"the collector died of {signal.Signals(-status).name}")
        elif status is not None and status not in statuses:
            self.wrong.append(f"status {status}; {lines}")
        for name in os.listdir(self.out) if os.path.isdir(self.out) else []:
            if not SNAPSHOT_NAME.fullmatch(name):
                self.wrong.append(f"{name} in the output directory")
        left = os.listdir("/run/ttlog") if os.path.isdir("/run/ttlog") else []
        if left and not any("stays" in line for line in lines):
            self.wrong.append(f"left in /run/ttlog: {left}")
        shutil.rmtree("/run/ttlog", ignore_errors=True)
        return lines


def begins(collector):
    """Waits until it records or has ended."""
    wait_until(lambda: collector.err.ended or any("recording" in line for line in collector.err.lines),
               "it records or ends", HANGS_S)


def of_command(run):
    """-- CMD: its status is the command's, if that ran; 125 with a reason, if not."""
    collector = run.collect("--", run.t.app("crash"), THREADS, EVENTS, "SEGV")
    run.ends(collector)
    out = collector.out.all()
    if out not in ([], ["ready"]):
        run.wrong.append(f"the command says {out}")
    lines = run.judge_end(collector, [128 + SIGSEGV] if out else [125])
    run.judge(lines, None)


def of_process(run):
    """-p PID: 0 or 1."""
    app = run.t.start(run.t.app("crash"), "--wait", THREADS, EVENTS, "SEGV")
    app.out.wait("start")
    collector = run.collect("-p", app.pid)
    begins(collector)
    app.say()
    app.out.wait("ready")
    app.say()
    if run.ends(app) not in (None, -SIGSEGV):
        run.wrong.append(f"the program ended otherwise: {app.process.returncode}")
    run.judge(run.judge_end(collector, [0, 1]), app.pid)


def of_file(run):
    """-e PATH, with timers; the collector is stopped before the program."""
    path = run.t.app("crash")
    collector = run.collect("-i", "1h", "-d", "1h", "-e", path)
    begins(collector)
    app = run.t.start(path, "--wait", THREADS, EVENTS)
    app.out.wait("start")
    app.say()
    app.out.wait("ready")
    if collector.runs():
        collector.signal(signal.SIGTERM)
    run.judge(run.judge_end(collector, [0, 1]), app.pid, stack=())
    app.signal(signal.SIGKILL)
    if run.ends(app) not in (None, -signal.SIGKILL):
        run.wrong.append(f"the program ended otherwise: {app.process.returncode}")


def of_next(run, collector):
    """One more process of a collector that records a file."""
    before = len(collector.err.lines)
    app = run.t.start(run.t.path("crash"), "--wait", THREADS, EVENTS, "SEGV")
    app.out.wait("start")
    app.say()
    app.out.wait("ready")
    until = time.monotonic() + LOOK_S
    # if a process dies before the collector has read its mappings, the stack has no names; but the
    # failing call may be in that reading
    wait_until(lambda: collector.err.ended or time.monotonic() > until or
               any(f"recording pid {app.pid} " in line for line in collector.err.lines[before:]),
               "it is looked at")
    app.say()
    if run.ends(app) not in (None, -SIGSEGV):
        run.wrong.append(f"the program ended otherwise: {app.process.returncode}")
    pattern = ACCOUNTS.pattern.replace(r"(\d+)", f"({app.pid})", 1)
    wait_until(lambda: not collector.runs() or
               any(re.fullmatch(pattern, line) for line in collector.err.lines[before:]),
               f"accounts of it, but {collector.err.lines[before:]}", HANGS_S)
    run.judge(collector.err.lines[before:], app.pid)


# ---- walks ----


class Log:
    """The result of each point."""

    def __init__(self, points, mended):
        self.names = resolve(points)
        self.mended = mended
        self.wrong, self.failed = [], 0
        self.until = time.monotonic() + LIMIT_S

    def is_of(self, point, *words):
        return any(word in f"{point.name} {point.where(self.names)}" for word in words)

    def choose(self, points):
        """All points, some, or those that once had a bug; none that the log has."""
        if not WANTED:
            points = [point for point in points if self.is_of(point, *self.mended)]
            check(points, f"no call of {self.mended}")
        elif WANTED != "all":
            points = [point for point in points if self.is_of(point, WANTED) or
                      WANTED == ("memory" if point.function in MEMORY else "calls")]
        with open(LOG, "a+", encoding="utf-8") as log:
            log.seek(0)
            done = {line.split(" ")[1] for line in log if line[0] != " "}
        for point in points:
            if point.name not in done and time.monotonic() < self.until:
                done.add(point.name)
                yield point

    def add(self, point, run):
        has_failed = run.table.has_failed()
        self.failed += has_failed
        if has_failed and self.is_of(point, *RETRIED) and not run.whole:
            run.wrong.append(f"it is not done once more: {run.said}")
        where = f"{point.name} {point.where(self.names)}"
        with open(LOG, "a", encoding="utf-8") as log:
            print("WRONG" if run.wrong else "ok" if has_failed else "missed", where,
                  f"\n    {run.wrong} {run.said}", file=log)
        if run.wrong:
            self.wrong.append(f"{where}: {run.wrong}")

    def end(self):
        check(self.failed or WANTED, "no call failed")
        check(not self.wrong, f"{len(self.wrong)} of {self.failed} failures:\n" + "\n".join(self.wrong))


def walk(t, scenario, *mended):
    """A collector for each point. mended: functions whose points once had a bug."""
    first = Run(t)
    scenario(first)
    check(not first.wrong and not first.said, f"without a failure: {first.wrong} {first.said}")
    points = first.table.points()
    log = Log(points, mended)
    for point in log.choose(points):
        run = Run(t, point)
        try:
            scenario(run)
        except Failure as failure:
            run.wrong.append(str(failure))
        log.add(point, run)
        for program in t.programs:
            program.discard()
        t.programs.clear()
    return log


def walk_running(t, *mended):
    """One collector, and a process for each point."""
    table = Table(t.path("table"))

    def begin():
        run = Run(t, None, table)
        collector = run.collect("-e", t.app("crash"))
        begins(collector)
        of_next(run, collector)
        check(not run.wrong and not run.said, f"without a failure: {run.wrong} {run.said}")
        return collector

    collector = begin()
    before = {point.name: point.hits for point in table.points()}
    of_next(Run(t, None, table), collector)
    points = [point for point in table.points() if point.hits > before.get(point.name, 0)]
    log = Log(points, mended)
    for point in log.choose(points):
        run = Run(t, point, table)
        try:
            of_next(run, collector)
        except Failure as failure:
            run.wrong.append(str(failure))
            collector.discard()
        if not collector.runs():
            run.wrong.append(f"it ended: {collector.process.returncode}")
            shutil.rmtree("/run/ttlog", ignore_errors=True)
            collector = begin()
        log.add(point, run)
    last = Run(t, None, table)
    collector.signal(signal.SIGTERM)
    last.judge_end(collector, [0, 1])
    log.wrong += last.wrong
    return log


def test_failures_of_a_command(t):
    walk(t, of_command, "attach__new", "command_line__parse", "process__new", "mappings__take",
         "snapshot_state__add_file", "process__open_facts").end()


def test_failures_of_a_process(t):
    walk(t, of_process, "work_queue__post").end()


def test_failures_of_a_file(t):
    walk(t, of_file, "trigger_request__new", "timerfd_create", "list_sources", "list_pids",
         "reader__new").end()


def test_failures_while_running(t):
    walk_running(t, "job__new", "make_empty").end()
