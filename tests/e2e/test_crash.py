# SPDX-License-Identifier: MIT
"""Deaths: all events that eight threads had logged, the signal, the stack."""
import os
import re
import signal
import subprocess

from harness import COLLECT, PYTHON, Snapshot, check, equal, view, wait_until

THREADS, EVENTS = 8, 100
CORE = {signal.SIGQUIT, signal.SIGILL, signal.SIGTRAP, signal.SIGABRT, signal.SIGBUS, signal.SIGFPE,
        signal.SIGSEGV, signal.SIGXCPU, signal.SIGXFSZ, signal.SIGSYS}  # see signal(7)


def check_steps(snapshot, threads=THREADS, events=EVENTS):
    """All events are there, each thread's in its order."""
    steps = {}
    for step in snapshot.of("step"):
        steps.setdefault(step["tid"], []).append((step["fields"]["thread"], step["fields"]["event"]))
    logged = sorted(steps.values())
    equal([len(one) for one in logged], [events] * threads,
          f"events of each thread; info has {snapshot.info['emitted']} emitted, "
          f"{snapshot.info['recorded']} recorded, exit {snapshot.info.get('exit')}")
    equal(logged, [[(t, e) for e in range(events)] for t in range(threads)], "events of the threads")
    equal(len(snapshot.events), threads * events, "events in all")


def process(pid):
    """The sender of a signal as snapshots show it."""
    with open(f"/proc/{pid}/comm", encoding="utf-8") as comm:
        return {"pid": pid, "comm": comm.read().rstrip("\n"), "uid": os.stat(f"/proc/{pid}").st_uid}


def check_exit(info, number, sender):
    """The process died of that signal, and the sender is right."""
    number = int(number)
    name = signal.Signals(number).name
    want = {"signal": name, "number": number, **({"sender": sender} if sender else {})}
    equal((info["reason"], info["exit"]), ("crash" if number in CORE else "killed", want), "reason, exit")


def check_crash(t, collector, pid, number, sender=None):
    """The snapshot of a death by that signal; sender: by default this process."""
    accounts = collector.accounts_of(pid)
    equal((accounts.emitted, accounts.recorded, accounts.lost, accounts.overwritten),
          (THREADS * EVENTS, THREADS * EVENTS, 0, 0), "accounts")
    snapshot = t.only_snapshot()
    equal(accounts.files, [snapshot.path], "files in accounts")
    check_steps(snapshot)
    info = snapshot.info
    check_exit(info, number, process(os.getpid()) if sender is None else sender)
    equal((snapshot.pid, snapshot.name_reason), (pid, info["reason"]), "pid, reason")
    check_place(snapshot, number)
    return snapshot


def check_place(snapshot, number):
    """Which thread took the signal, and where. The kernel turns a signal that dumps no core into
    SIGKILL before it delivers it to threads; then there may be no such place."""
    crash = snapshot.info.get("crash")
    if crash is None:
        check(number not in CORE, f"no crash in {snapshot.info}")
        return
    equal((crash["signal"], crash["number"]), (signal.Signals(number).name, int(number)), "crash")
    tids = {event["tid"] for event in snapshot.events} | {snapshot.pid}
    check(crash["tid"] in tids, f"thread {crash['tid']} of the crash, of {tids}")
    check(crash["frames"] and crash["registers"]["rip"] == crash["frames"][0]["ip"], "frames")


def kill_by_command(t, number):
    """The collector starts the program."""
    collector = t.collect("--", t.app("crash"), THREADS, EVENTS)
    collector.out.wait("ready")
    pid, sites = collector.recording()
    equal(sites, 1, "sites")
    os.kill(pid, number)
    collector.end(128 + number)
    check_crash(t, collector, pid, number)


def kill_by_pid(t, number):
    """The program runs; the collector attaches to it; then it logs."""
    app, collector = t.start_recorded(t.app("crash"), "--wait", THREADS, EVENTS)
    app.say()
    app.out.wait("ready")
    app.signal(number)
    app.end(-number)
    collector.end()
    check_crash(t, collector, app.pid, number)


def kill_by_path(t, number):
    """The program is started after the collector."""
    path = t.app("crash")
    collector = t.collect("-e", path)
    equal(collector.recording_path(path), 1, "sites")
    app = t.start(path, THREADS, EVENTS)
    app.out.wait("ready")
    app.signal(number)
    app.end(-number)
    check_crash(t, collector, app.pid, number)
    collector.stop()


def define_kills():
    """test_kill_<SIGNAL>_by_<way>: each way to attach, each way to be killed."""
    ways = {"command": kill_by_command, "pid": kill_by_pid, "path": kill_by_path}
    for number in (signal.SIGSEGV, signal.SIGABRT, signal.SIGKILL, signal.SIGTERM):
        for way, function in ways.items():
            name = f"test_kill_{number.name[3:]}_by_{way}"
            globals()[name] = lambda t, f=function, n=number: f(t, n)


define_kills()


def test_kill_by_path_of_one_that_runs(t):
    """-e also attaches to programs that run already."""
    path = t.app("crash")
    app = t.start(path, "--wait", THREADS, EVENTS)
    app.out.wait("start")
    collector = t.collect("-e", path)
    collector.recording(app.pid)
    app.say()
    app.out.wait("ready")
    app.signal(signal.SIGKILL)
    app.end(-signal.SIGKILL)
    check_crash(t, collector, app.pid, signal.SIGKILL)
    collector.stop()


# ---- signals that had to wait ----


def test_blocked_signal(t):
    """A blocked signal is shown as it was sent when the thread unblocks it; the highest number,
    too."""
    for number in (signal.SIGTERM, signal.SIGRTMAX - 1, signal.SIGRTMAX):
        collector = t.collect("--", t.app("blocked"), EVENTS, int(number)).end(128 + number)
        (pid,) = collector.all_accounts()
        accounts = collector.accounts_of(pid)
        equal((accounts.emitted, accounts.recorded, accounts.lost), (EVENTS, EVENTS, 0), "accounts")
        (path,) = accounts.files
        crash = Snapshot(path).info.get("crash")
        check(crash, f"no crash of signal {int(number)}")
        equal(crash["number"], int(number), "signal")
        check(any("main+0x" in frame.get("symbol", "") for frame in crash["frames"]),
              f"no main() in {crash['frames']}")


def test_first_process_of_a_namespace(t):
    """A signal that it sends itself does not end it, by any way of delivery."""
    path = t.app("blocked")
    collector = t.collect("--on", "crash,killed,exit", "-e", path)
    collector.recording_path(path)
    for number in (signal.SIGTERM, signal.SIGRTMAX):
        t.start("unshare", "-pf", path, EVENTS, int(number)).end(7)
    wait_until(lambda: len(t.files()) == 2, "two snapshots")
    for snapshot in t.snapshots():
        equal(snapshot.info["exit"], {"code": 7}, "exit")
        check("crash" not in snapshot.info, f"a crash: {snapshot.info.get('crash')}")
        for probe in ("before", "after"):
            equal([event["fields"]["count"] for event in snapshot.of(probe)], list(range(EVENTS)),
                  f"events {probe}")
        equal(snapshot.info["lost"]["total"], 0, "lost")
    collector.stop()


# ---- main called pthread_exit() ----


def test_leaderless_process(t):
    """Its first thread is a zombie: the process's data is read from another thread."""
    other = t.start(t.app("leaderless"), EVENTS)
    app, collector = t.start_recorded(t.path("leaderless"), EVENTS)
    listed = subprocess.run([COLLECT, "--list", "-p", str(app.pid)], capture_output=True, check=True)
    check(b"step" in listed.stdout, f"--list: {listed.stdout}")
    for program in (app, other):
        program.say()
        program.out.wait("ready")
    asked = subprocess.run([COLLECT, "--trigger", "now", "-p", str(app.pid)], capture_output=True,
                           check=True)
    now = Snapshot(asked.stdout.decode().strip())
    equal([event["fields"]["event"] for event in now.of("step")], list(range(EVENTS)), "tails")
    for program in (app, other):
        program.say()
        program.end(-signal.SIGSEGV)
    accounts = collector.end().only_accounts()
    equal((accounts.pid, accounts.emitted, accounts.lost), (app.pid, EVENTS, 0), "accounts")
    info = Snapshot(accounts.files[-1]).info
    equal(info["exe"], t.path("leaderless"), "exe")
    equal(symbol_of(info["crash"]["frames"][0]), "leaderless__run", "frame")


# ---- faults ----


def crash_itself(t, how, number, app="crash"):
    """A program whose last thread crashes it; returns its snapshot."""
    path = t.app(app)
    collector = t.collect("--", path, THREADS, EVENTS, how).end(128 + number)
    (pid,) = collector.all_accounts()
    # abort() sends a signal, a fault has no sender
    itself = {"pid": pid, "comm": app, "uid": 0}
    return check_crash(t, collector, pid, number, itself if how == "ABRT" else {})


def check_crash_without_events(collector, pid, function="level3"):
    accounts = collector.accounts_of(pid)
    equal((accounts.emitted, accounts.lost, len(accounts.files)), (0, 0, 1), "accounts")
    snapshot = Snapshot(accounts.files[0])
    equal((snapshot.events, snapshot.info["reason"]), ([], "crash"), "events, reason")
    equal(snapshot.info["crash"]["signal"], "SIGSEGV", "signal")
    names = [frame.get("symbol", "").split("+")[0] for frame in snapshot.info["crash"]["frames"]]
    check(function in names, f"frames {names}")


def test_crash_without_events_by_command(t):
    """A crash is reported even if the process passed none of the enabled sites."""
    path = t.app("crash")
    collector = t.collect("--", path, THREADS, 0, "SEGV")
    pid, _ = collector.recording()
    collector.end(128 + signal.SIGSEGV)
    check_crash_without_events(collector, pid)


def test_crash_without_events_by_pid(t):
    app, collector = t.start_recorded(t.app("crash"), "--wait", THREADS, 0, "SEGV")
    app.say()
    app.out.wait("ready")
    app.say()
    app.end(-signal.SIGSEGV)
    collector.end()
    check_crash_without_events(collector, app.pid)


def test_crash_without_events_by_path(t):
    """-e: the process runs the file, and passes no enabled site."""
    for name in "crash", "trade_static":
        path = t.app(name)
        collector = t.collect("-F", "level>=fatal", "-e", path)
        equal(collector.recording_path(path), 0, "sites")
        app = t.start(path, *([8, 10, "SEGV"] if name == "crash" else ["--wait", 1, 10]))
        app.out.wait("ready")
        if name == "trade_static":
            app.signal(signal.SIGSEGV)
        app.end(-signal.SIGSEGV)
        check_crash_without_events(collector, app.pid, "level3" if name == "crash" else "main")
        collector.stop()
        os.unlink(t.files()[0])


FORKS = """import ctypes, os, sys
lib = ctypes.CDLL("%s/libearly.so")
print("ready", flush=True)
child = os.fork()
if not child:
    ctypes.string_at(0)
os.waitpid(child, 0)
print(child, flush=True)
input()
os.execv("/bin/sh", ["sh", "-c", "kill -SEGV $$"])
"""


def test_crash_without_events_by_path_of_a_library(t):
    """A forked child's crash is reported, too; not that of a program without the library that a
    process execs."""
    t.app("early")
    library = t.path("libearly.so")
    collector = t.collect("-l", "fatal", "-e", library)
    equal(collector.recording_path(library), 0, "sites")
    app = t.start(PYTHON, "-c", FORKS % t.dir)
    app.out.wait("ready")
    child = int(app.out.wait(r"(\d+)")[1])
    check_crash_without_events(collector, child, "_start")
    app.say()
    app.end(-signal.SIGSEGV)
    equal(list(collector.stop().all_accounts()), [child], "processes")
    t.only_snapshot()


def last_thread(snapshot):
    (tid,) = {e["tid"] for e in snapshot.events if e["fields"]["thread"] == THREADS - 1}
    return tid


def symbol_of(frame):
    return frame.get("symbol", "?").split("+")[0]


def own_frames(crash):
    """Without the frames of inlined functions, which have no offset from their start."""
    return [f for f in crash["frames"] if "symbol" not in f or "+0x" in f["symbol"]]


def resolve(path, offset):
    """The function at that place, by the file's symbol table."""
    done = subprocess.run(["nm", "-S", "--defined-only", path], capture_output=True, check=True)
    for line in done.stdout.decode().splitlines():
        columns = line.split()
        if len(columns) == 4 and columns[2] in "tT":
            start, size = int(columns[0], 16), int(columns[1], 16)
            if start <= offset < start + size:
                return columns[3]
    return None


def test_fault_stack_and_registers(t):
    """level3 writes to a null pointer. level2 called it, and level1 called that."""
    snapshot = crash_itself(t, "SEGV", signal.SIGSEGV)
    crash, info, path = snapshot.info["crash"], snapshot.info, t.path("crash")
    equal((crash["code"], crash["address"]), (1, "0x0"), "SEGV_MAPERR at 0")
    equal((crash["tid"], crash["thread"]), (last_thread(snapshot), "crash"), "thread")
    frames = own_frames(crash)
    equal([symbol_of(frame) for frame in frames[:4]], ["level3", "level2", "level1", "crash__run"],
          "symbols")
    for frame in frames[:4]:
        equal((frame["module"], frame["build_id"]), (path, info["build_id"]), "module of a frame")
        # a return address may lie after a call that ends its function
        found = {resolve(path, int(frame["offset"], 16) - back) for back in (0, 1)}
        check(symbol_of(frame) in found, f"{frame}: nm says {found}")
    equal(len({int(f["ip"], 16) - int(f["offset"], 16) for f in frames[:4]}), 1, "module base")
    check(any("libc.so" in frame.get("module", "") for frame in frames[4:]), f"no libc: {frames}")
    registers = crash["registers"]
    equal(registers["rip"], frames[0]["ip"], "rip")
    for name in ("rsp", "rbp", "rax", "r15", "rflags"):
        check(re.fullmatch("0x[0-9a-f]+", registers.get(name, "")), f"register {name}")
    check(int(registers["rsp"], 16) <= int(registers["rbp"], 16), "stack pointer above the frame")


def test_fault_without_frame_pointers(t):
    snapshot = crash_itself(t, "SEGV", signal.SIGSEGV, "crash_nofp")
    frames = own_frames(snapshot.info["crash"])
    equal(symbol_of(frames[0]), "level3", "innermost frame")
    equal(frames[0]["ip"], snapshot.info["crash"]["registers"]["rip"], "rip")


def test_fault_stripped(t):
    """Without symbols, module, build id and offset show the place."""
    path = t.app("crash_nofp")
    symbols = t.app("crash_nofp", t.path("with-symbols"))
    subprocess.run(["strip", "-s", path], check=True)
    collector = t.collect("--", path, THREADS, EVENTS, "SEGV").end(128 + signal.SIGSEGV)
    (pid,) = collector.all_accounts()
    snapshot = check_crash(t, collector, pid, signal.SIGSEGV, {})
    frame = snapshot.info["crash"]["frames"][0]
    check("symbol" not in frame, f"a symbol from nowhere: {frame}")
    equal((frame["module"], frame["build_id"]), (path, snapshot.info["build_id"]), "module")
    equal(resolve(symbols, int(frame["offset"], 16)), "level3", "function by nm")


def test_fault_abort(t):
    snapshot = crash_itself(t, "ABRT", signal.SIGABRT)
    equal(snapshot.info["crash"]["tid"], last_thread(snapshot), "thread")
    equal(snapshot.info["crash"]["code"], -6, "SI_TKILL")


def test_fault_division(t):
    snapshot = crash_itself(t, "FPE", signal.SIGFPE)
    crash = snapshot.info["crash"]
    equal(crash["code"], 1, "FPE_INTDIV")
    equal(crash["address"], crash["registers"]["rip"], "address")
    equal(symbol_of(own_frames(crash)[0]), "level3", "innermost frame")


def test_fault_illegal_instruction(t):
    snapshot = crash_itself(t, "ILL", signal.SIGILL)
    crash = snapshot.info["crash"]
    equal((crash["code"], crash["address"]), (2, crash["registers"]["rip"]), "ILL_ILLOPN")
    equal([symbol_of(frame) for frame in own_frames(crash)[:3]], ["level3", "level2", "level1"],
          "symbols")


def test_fault_bus(t):
    crash = crash_itself(t, "BUS", signal.SIGBUS).info["crash"]
    equal(crash["code"], 2, "BUS_ADRERR")
    check(int(crash["address"], 16) % 4096 == 0, f"address {crash['address']}")


def test_fault_stack_overflow(t):
    """The stack has no room for another frame, and yet everything is recorded."""
    snapshot = crash_itself(t, "STACK", signal.SIGSEGV)
    crash = snapshot.info["crash"]
    equal(crash["tid"], last_thread(snapshot), "thread")
    equal(symbol_of(own_frames(crash)[0]), "cause__deep", "innermost frame")
    check(len(crash["frames"]) >= 8, f"only {len(crash['frames'])} frames")
    equal((crash.get("stack_overflow"), crash.get("cut")), (True, "stack"), "overflow, cut")
    names = [symbol_of(frame) for frame in crash["outer_frames"]]
    begin = ["level3", "level2", "level1", "crash__run", "start_thread"]
    equal([name for name in names if name in begin], begin, f"how the thread began, in {names}")
    text = view(snapshot.path, "--info")
    check(re.search(r"died of .*, address 0x[0-9a-f]+, stack overflow\n", text), f"in words: {text}")
    check(re.search(r"#\d+ .*cause__deep.*\n  \.\.\. the rest of the stack was not copied\n  #-\d+ ", text), text)


def test_fault_stacks_of_all_threads(t):
    """The stack of each thread: seven idle, main waits for the last one."""
    snapshot = crash_itself(t, "SEGV", signal.SIGSEGV)
    crash = snapshot.info["crash"]
    threads = {thread["tid"]: thread for thread in crash["threads"]}
    equal(set(threads), {event["tid"] for event in snapshot.events} - {crash["tid"]} | {snapshot.pid},
          "threads with a stack")
    for tid, thread in threads.items():
        names = [symbol_of(frame) for frame in thread["frames"] if "symbol" in frame]
        equal(thread["thread"], "crash", "name")
        check(("main" if tid == snapshot.pid else "crash__run") in names, f"stack of {tid}: {names}")
    text = view(snapshot.path, "--info").partition("Stacks of the other threads\n")[2]
    check(text.count("crash__run+0x") >= THREADS - 1, f"stacks in {text}")


def test_fault_stack_of_the_crashed_thread_alone(t):
    collector = t.collect("--stacks", "crashed", "--", t.app("crash"), THREADS, EVENTS, "SEGV").end(139)
    (pid,) = collector.all_accounts()
    crash = check_crash(t, collector, pid, signal.SIGSEGV, {}).info["crash"]
    check("threads" not in crash and crash["frames"], f"keys {list(crash)}")


def test_fault_is_no_stack_overflow(t):
    """Not every fault is a stack overflow, and a stack that is shown to its end is not cut."""
    crash = crash_itself(t, "SEGV", signal.SIGSEGV).info["crash"]
    equal([key for key in ("stack_overflow", "cut", "outer_frames") if key in crash], [], "keys")


def test_raised_signals(t):
    """Each signal that ends a program by default."""
    path = t.app("crash")
    for how in ("HUP", "INT", "QUIT", "TRAP", "PIPE", "ALRM", "USR1", "USR2", "SYS", "KILL", "TERM"):
        number = signal.Signals["SIG" + how]
        collector = t.collect("--", path, 2, 10, how).end(128 + number)
        accounts = collector.only_accounts()
        equal((accounts.emitted, accounts.recorded), (20, 20), f"accounts at {how}")
        (file,) = accounts.files
        snapshot = Snapshot(file)
        check_steps(snapshot, 2, 10)
        check_exit(snapshot.info, number, {"pid": snapshot.pid, "comm": "crash", "uid": 0})
        check_place(snapshot, number)


def test_raised_real_time_signal(t):
    collector = t.collect("--", t.app("crash"), 2, 10, "SIG40").end(128 + 40)
    equal(collector.only_accounts().recorded, 20, "recorded")
    snapshot = t.only_snapshot()
    check_steps(snapshot, 2, 10)
    equal((snapshot.info["reason"], snapshot.info["exit"]["number"]), ("killed", 40), "reason, exit")


def test_handled_signals_are_no_crash(t):
    """A handler logs while its thread logs: all events are there, and no snapshot is made."""
    collector = t.collect("--on", "crash,killed,exit", "--", t.app("signals"), 2000, 50).end()
    said = dict(line.split(" ") for line in collector.out.all())
    main, handler = int(said["main"]), int(said["handler"])
    accounts = collector.only_accounts()
    equal((accounts.emitted, accounts.lost), (main + handler, 0), "accounts")
    snapshot = t.only_snapshot()
    equal(snapshot.info["reason"], "exit", "reason")
    equal(snapshot.fields("main_event", "count"), list(range(main)), "main's events")
    equal(snapshot.fields("handler_event", "count"), list(range(handler)), "the handler's events")


def test_ignored_signal_is_no_crash(t):
    """env --ignore-signal, then the signal: the program lives on, and nothing is written."""
    path = t.app("crash")
    collector = t.collect("--", "env", "--ignore-signal=USR1", path, "--wait", 2, 10, "USR1")
    collector.out.wait("start")
    pid, _ = collector.recording()
    collector.say()
    collector.out.wait("ready")
    os.kill(pid, signal.SIGUSR1)
    os.kill(pid, signal.SIGCONT)
    os.kill(pid, signal.SIGKILL)
    collector.end(128 + signal.SIGKILL)
    snapshot = t.only_snapshot()
    equal(snapshot.info["exit"]["signal"], "SIGKILL", "exit")
    check_steps(snapshot, 2, 10)


# ---- one crash, one snapshot ----


def fault(t, how, status):
    """A program's only snapshot, with all that it logged, for any signals."""
    collector = t.collect("--on", "crash,exit", "--", t.app("faults"), how).end(status)
    snapshot = t.only_snapshot()
    accounts = collector.only_accounts()
    equal(accounts.files, [snapshot.path], "files in accounts")
    equal((accounts.emitted, accounts.lost), (len(snapshot.events), 0), "accounts")
    equal(snapshot.fields("before", "event"), list(range(10)), "events before")
    return snapshot


def check_handled(snapshot, number, names):
    """The crash is the second signal's, after the handler has returned."""
    equal(snapshot.fields("handled", "number"), [number], "events of the handler")
    info = snapshot.info
    equal((info["reason"], info["exit"]["number"], info["crash"]["number"]),
          ("crash", number, number), "crash")
    found = [symbol_of(frame) for frame in info["crash"]["frames"]]
    for name in names:
        check(name in found, f"no {name} in {found}")


def test_once_handler_raises_again(t):
    snapshot = fault(t, "raise_again", 128 + signal.SIGABRT)
    check_handled(snapshot, signal.SIGABRT, ["abort", "main"])


def test_once_handler_returns_into_the_fault(t):
    snapshot = fault(t, "fault_again", 128 + signal.SIGSEGV)
    check_handled(snapshot, signal.SIGSEGV, ["cause", "main"])
    equal((snapshot.info["crash"]["code"], snapshot.info["crash"]["address"]), (1, "0x0"), "fault")


def test_once_several_threads(t):
    """Any of the threads may be the first; five runs, for they take turns."""
    for run in range(5):
        t.out = t.path(f"out{run}")
        snapshot = fault(t, "together", 128 + signal.SIGSEGV)
        check(sorted(snapshot.fields("thread", "thread", "event")) ==
              [(thread, event) for thread in range(8) for event in range(10)], "events of threads")
        crash = snapshot.info["crash"]
        check(crash["tid"] in {event["tid"] for event in snapshot.of("thread")}, "thread")
        equal(symbol_of(crash["frames"][0]), "cause", "innermost frame")


def test_once_exit_by_a_handler(t):
    """The signal was handled, so this is an exit."""
    snapshot = fault(t, "handler_exits", 7)
    equal(len(snapshot.of("handled")), 1, "events of the handler")
    equal((snapshot.info["reason"], snapshot.info["exit"]), ("exit", {"code": 7}), "end")
    check("crash" not in snapshot.info, "a crash")


def test_once_handled_and_jumped_out_of(t):
    snapshot = fault(t, "goes_on", 0)
    equal((len(snapshot.of("handled")), len(snapshot.of("after"))), (1, 1), "events")
    equal((snapshot.info["reason"], snapshot.info["exit"]), ("exit", {"code": 0}), "end")
    check("crash" not in snapshot.info, "a crash")


# ---- endings without a signal ----


def end_itself(t, how, status, on="crash,exit"):
    collector = t.collect("--on", on, "--", t.app("crash"), THREADS, EVENTS, how).end(status)
    accounts = collector.only_accounts()
    equal((accounts.emitted, accounts.recorded, accounts.lost), (800, 800, 0), "accounts")
    snapshot = t.only_snapshot()
    check_steps(snapshot)
    check("crash" not in snapshot.info, f"a crash in {snapshot.info}")
    equal((snapshot.info["reason"], snapshot.info["exit"]), ("exit", {"code": status}), "end")


def test_end_exit_by_a_thread(t):
    end_itself(t, "exit", 3)


def test_end__exit_by_a_thread(t):
    end_itself(t, "_exit", 4)


def test_end_return_while_threads_idle(t):
    end_itself(t, "main_exit", 5)


def test_end_exec_by_a_thread(t):
    """A thread calls exec: what was logged before is not lost."""
    collector = t.collect("--on", "crash,exit", "--", t.app("crash"), THREADS, EVENTS, "exec").end()
    accounts = collector.only_accounts()
    equal((accounts.emitted, accounts.recorded, accounts.lost), (800, 800, 0), "accounts")
    check_steps(t.only_snapshot())


def test_end_pull_of_idle_threads(t):
    """Threads are idle with unflushed batches: these are in a snapshot that is requested."""
    collector = t.collect("--", t.app("crash"), THREADS, EVENTS)
    collector.out.wait("ready")
    pid, _ = collector.recording()
    collector.signal(signal.SIGUSR1)
    (path,) = t.wait_files(1)
    snapshot = t.only_snapshot()
    equal(snapshot.info["reason"], "request", "reason")
    check_steps(snapshot)
    os.kill(pid, signal.SIGKILL)
    accounts = collector.end(128 + signal.SIGKILL).only_accounts()
    equal((accounts.emitted, accounts.recorded, accounts.lost), (800, 800, 0), "accounts")
    equal(len(accounts.files), 2, "snapshots")
    equal(accounts.files[0], path, "the first of them")
    check_steps(t.snapshots()[-1])
