# SPDX-License-Identifier: MIT
"""Stacks of crashes: functions, files and lines of programs without frame pointers."""
import glob
import os
import re
import shutil
import signal
import subprocess

from harness import APPS, COLLECT, NOBODY, TREE, Snapshot, check, children_of, equal, view

SOURCE = os.path.join("tests", "apps", "callers.c")
ABORT = ["raise", "abort"]


def here(word, source=SOURCE):
    """The number of the line that is marked."""
    with open(os.path.join(TREE, source), encoding="utf-8") as file:
        found = [i for i, line in enumerate(file, 1) if re.search(rf"here: {word}\b", line)]
    equal(len(found), 1, f"lines marked {word}")
    return found[0]


def function_of(frame):
    return re.sub(r"\+0x[0-9a-f]+$", "", frame.get("symbol", "?"))


def place_of(frame):
    """Function, file, line. gcc moves rarely run code into a function.cold; clang's files are
    absolute."""
    file = frame.get("file")
    function = re.sub(r"\.cold$", "", function_of(frame))
    return function, file and file.removeprefix(TREE + "/"), frame.get("line")


def app(t, name="callers"):
    shutil.copy(os.path.join(APPS, "libcallers.so"), t.dir)
    return t.app(name)


def crash_of(t, path, how, number):
    """The crash record of a program that the collector started."""
    t.collect("--", path, how).end(128 + number)
    return t.only_snapshot().info["crash"]


def check_callers(frames, word, source=SOURCE):
    """The frames from main to the place where inner called the function that died."""
    names = ["inner", "middle", "outer", "main"]
    lines = [here(line, source) for line in (word, "middle", "outer", "main")]
    wanted = [(name, source, line) for name, line in zip(names, lines)]
    places = [place_of(frame) for frame in frames]
    check(wanted[0] in places, f"{wanted[0]} is not in {places}")
    first = places.index(wanted[0])
    equal(places[first:first + 4], wanted, "callers")
    return first


def check_libc(frames, names):
    """Frames of libc, by the symbols that it exports."""
    found = [function_of(frame) for frame in frames]
    for frame in frames:
        check("libc.so" in frame["module"], f"not in libc: {frame}")
    for name in names:
        check(any(name in function for function in found), f"{name} is not in {found}")


def define_compilers():
    """test_unwind_<what>_<compiler>"""
    cases = {
        "strlen": (signal.SIGSEGV, ["strlen"]),
        "abort": (signal.SIGABRT, ABORT),
        "free": (signal.SIGABRT, ABORT + ["free"]),
    }
    for name in ("callers", "callers_clang"):
        for how, (number, libc) in cases.items():
            def test(t, name=name, how=how, number=number, libc=libc):
                frames = crash_of(t, app(t, name), how, number)["frames"]
                first = check_callers(frames, how)
                check(first > 0, "nothing of libc")
                check_libc(frames[:first], libc)
            globals()[f"test_unwind_{how}_of_{name}"] = test


define_compilers()


def test_unwind_to_the_start(t):
    """The whole way: also what called main, and nothing after it."""
    frames = crash_of(t, app(t), "abort", signal.SIGABRT)["frames"]
    equal(function_of(frames[-1]), "_start", "outermost frame")


def test_unwind_call_of_null(t):
    crash = crash_of(t, app(t), "call", signal.SIGSEGV)
    equal(crash["frames"][0], {"ip": "0x0"}, "frame of what was called")
    equal(check_callers(crash["frames"], "call"), 1, "frame of who called")


def test_unwind_signal_handler(t):
    """From the handler to the code that it interrupted."""
    frames = crash_of(t, app(t), "handler", signal.SIGABRT)["frames"]
    places = [place_of(frame) for frame in frames]
    handler = ("take_signal", SOURCE, here("in_handler"))
    check(handler in places, f"{handler} is not in {places}")
    check(places.index(handler) < check_callers(frames, "handler"), f"order of {places}")


def test_unwind_more_than_was_copied(t):
    """30 frames of 4 KiB: at least twelve of them are in 64 KiB; and the outermost ones are
    there."""
    crash = crash_of(t, app(t), "deep", signal.SIGABRT)
    frames = crash["frames"]
    equal(crash["cut"], "stack", "cut")
    outer = [function_of(frame) for frame in crash["outer_frames"]]
    check("main" in outer and outer[-1] == "_start", f"where it began: {outer}")
    places = [place_of(frame) for frame in frames]
    check(("deeper", SOURCE, here("deepest")) in places, f"deepest is not in {places}")
    again = places.count(("deeper", SOURCE, here("deeper")))
    check(11 <= again < 30, f"{again} calls of deeper")


def test_unwind_cxx_names(t):
    source = "tests/apps/callers_cxx.cc"
    crash = crash_of_cxx(t)
    places = [place_of(frame) for frame in crash["frames"]]
    execute = ("int shop::order::execute<double>(double, std::__cxx11::basic_string<char, "
               "std::char_traits<char>, std::allocator<char> > const&)")
    found = [place for place in places if place[0].startswith(execute)]
    equal([place[1:] for place in found[:1]], [(source, here("execute", source))], f"in {places}")
    check(any(p[0].startswith("shop::run(shop::order&)") and p[1:] == (source, here("run", source))
              for p in places), f"no shop::run in {places}")
    sell = [p for p in places if p[1:] == (source, here("sell", source))]
    check(sell and re.match(r"shop::run(\(shop::order&\))?::.*lambda.*::operator\(\)", sell[0][0]),
          f"the lambda, and the function that it is in: {places}")


def crash_of_cxx(t):
    t.collect("--", t.app("callers_cxx")).end(128 + signal.SIGABRT)
    return t.only_snapshot().info["crash"]


# ---- files that are elsewhere or gone ----


def test_unwind_separate_debug_file(t):
    """A program without symbols, whose debug file is where Debian's packages put it."""
    path = app(t)
    subprocess.run(["mount", "-t", "tmpfs", "none", "/usr/lib/debug"], check=True)
    notes = subprocess.run(["readelf", "-n", path], capture_output=True, check=True).stdout.decode()
    build_id = re.search(r"Build ID: ([0-9a-f]+)", notes)[1]
    directory = f"/usr/lib/debug/.build-id/{build_id[:2]}"
    os.makedirs(directory)
    subprocess.run(["objcopy", "--only-keep-debug", path, f"{directory}/{build_id[2:]}.debug"],
                   check=True)
    subprocess.run(["strip", "-s", path], check=True)
    check_callers(crash_of(t, path, "abort", signal.SIGABRT)["frames"], "abort")


def test_unwind_stripped(t):
    """Without names the callers' addresses are still there."""
    path = app(t)
    subprocess.run(["mount", "-t", "tmpfs", "none", "/usr/lib/debug"], check=True)
    subprocess.run(["strip", "-s", path], check=True)
    frames = crash_of(t, path, "abort", signal.SIGABRT)["frames"]
    own = [frame for frame in frames if frame.get("module") == path]
    check(len(own) >= 4, f"frames of the program: {frames}")
    symbols = os.path.join(APPS, "callers")  # still has them
    found = subprocess.run(["addr2line", "-fe", symbols] +
                           [hex(int(frame["offset"], 16) - 1) for frame in own[:4]],
                           capture_output=True, check=True).stdout.decode().splitlines()
    equal(found[::2], ["inner", "middle", "outer", "main"], f"what addr2line says of {own}")


def replace(path):
    """Another file is at the path, as after an upgrade."""
    os.unlink(path)
    shutil.copy("/bin/true", path)


def check_upgraded(t, collector, program, *paths):
    for path in paths:
        replace(path)
    program.say()
    program.end(-signal.SIGSEGV)
    files = collector.accounts_of(program.pid).files
    equal(len(files), 1, f"snapshots; {collector.err.text()}")
    frames = Snapshot(files[0]).info["crash"]["frames"]
    library = os.path.join("tests", "apps", "callers_lib.c")
    equal([place_of(frame) for frame in frames[:2]],
          [("lib_inner", library, here("lib_inner", library)),
           ("lib_outer", library, here("lib_outer", library))], "frames of the library")
    check_callers(frames, "library")


def test_unwind_after_upgrade_by_pid(t):
    """The program and its library, which has no sites, were replaced before the crash."""
    path = app(t)
    program = t.start(path, "--wait", "library")
    program.out.wait("start")
    collector = t.collect("-p", program.pid)
    collector.recording(program.pid)
    check_upgraded(t, collector, program, path, t.path("libcallers.so"))
    collector.end()


def test_unwind_after_upgrade_by_path(t):
    path = app(t)
    program = t.start(path, "--wait", "library")
    program.out.wait("start")
    collector = t.collect("-e", path)
    collector.recording(program.pid)
    check_upgraded(t, collector, program, path, t.path("libcallers.so"))
    collector.stop()


def test_unwind_after_removal(t):
    """The paths don't exist any more."""
    path = app(t)
    collector = t.collect("--", path, "--wait", "library")
    collector.out.wait("start")
    pid, _ = collector.recording()
    os.unlink(path)
    os.unlink(t.path("libcallers.so"))
    collector.say()
    collector.end(128 + signal.SIGSEGV)
    (file,) = collector.accounts_of(pid).files
    frames = Snapshot(file).info["crash"]["frames"]
    equal([function_of(frame) for frame in frames[:2]], ["lib_inner", "lib_outer"], "the library's")
    check_callers(frames, "library")


# ---- costs and limits ----


def damage(path, section, to):
    """The section's bytes, with every seventh one changed."""
    file = to + ".section"
    subprocess.run(["objcopy", "-O", "binary", "--only-section=" + section,
                    "--set-section-flags", section + "=alloc", path, file], check=True)
    with open(file, "rb") as content:
        data = bytearray(content.read())
    check(data, f"no {section} in {path}")
    for at in range(24, len(data), 7):
        data[at] ^= (at * 167 + 13) & 0xff
    with open(file, "wb") as content:
        content.write(data)
    subprocess.run(["objcopy", "--update-section", f"{section}={file}", path, to], check=True)
    os.chmod(to, 0o755)


def test_unwind_damaged_tables(t):
    """For any contents of the tables, there is a snapshot with all events, at once."""
    path = app(t)
    for section in (".eh_frame", ".debug_info", ".debug_line", ".debug_abbrev", ".symtab"):
        broken = t.path("broken" + section.replace(".", "_"))
        if section == ".symtab":
            subprocess.run(["strip", "-s", "-o", broken, path], check=True)
        else:
            damage(path, section, broken)
        collector = t.collect("--", broken, "strlen").end(128 + signal.SIGSEGV)
        accounts = collector.only_accounts()
        equal((accounts.emitted, accounts.lost, len(accounts.files)), (30, 0, 1), section)
        snapshot = Snapshot(accounts.files[0])
        equal(len(snapshot.events), 30, "events")
        check(snapshot.info["crash"]["frames"], "no frames")


def test_unwind_shown_of_many_threads(t):
    """--info: the last events of the thread that crashed, not of the others."""
    t.collect("--", t.app("crash"), 8, 100, "SEGV").end(128 + signal.SIGSEGV)
    snapshot = t.only_snapshot()
    text = view("--info", snapshot.path)
    last = text.split("\nLast events of the thread\n")[1].split("\n\n")[0].splitlines()
    equal([re.search(r"thread=(\d+).* event=(\d+)$", line).groups() for line in last],
          [("7", str(event)) for event in range(80, 100)], "last events")
    check(text.index("Last events of the thread") < text.index("Mappings"), "order")


def test_unwind_shown(t):
    """--info: the stack with lines, and the last events before the crash."""
    crash_of(t, app(t), "strlen", signal.SIGSEGV)
    text = view("--info", t.files()[0])
    line = here("strlen")
    check(re.search(rf"\n  #\d+ +0x[0-9a-f]+ +inner\+0x[0-9a-f]+  at {SOURCE}:{line}  in ", text), text)
    check("died of     SIGSEGV, SEGV_MAPERR: nothing is mapped there, address 0x0" in text, text)
    last = text.split("\nLast events of the thread\n")[1].split("\n\n")[0].splitlines()
    equal([int(re.search(r"event=(\d+)$", line)[1]) for line in last], list(range(10, 30)),
          "last events")
    check(re.search(r"\nRegisters\n(.*\n)*?.* rip 0x", text), "registers")
    check(re.search(r"\nMappings\n(.*\n)*?.*/libc\.so\.6  [0-9a-f]{40}\n", text), "mappings")


class Unwinder:
    """The kernel's data about the child that read a crash's files. OSError if it has gone."""

    def __init__(self, collector):
        directory = f"/proc/{only_unwinder(collector)}"
        with open(f"{directory}/status", encoding="ascii") as file:
            self.status = dict(line.rstrip("\n").split(":\t", 1) for line in file)
        with open(f"{directory}/maps", encoding="utf-8") as file:
            self.mapped = {line.split(maxsplit=5)[5].rstrip("\n") for line in file if "/" in line}
        self.files = {os.readlink(f"{directory}/fd/{fd}") for fd in os.listdir(f"{directory}/fd")}


def only_unwinder(collector):
    found = children_of(collector.broker())
    if len(found) != 1:
        raise FileNotFoundError(f"{len(found)} children")
    return found[0]


def look_at_unwinder(t, collector, path):
    """It stays for a second after a crash. If we came too late, the next crash starts another."""
    for crash in range(1, 20):
        t.start(path, "strlen").end(-signal.SIGSEGV)
        t.wait_files(crash)
        try:
            return Unwinder(collector)
        except OSError:
            pass
    raise AssertionError("no child seen")


def is_of_program(path):
    """The program, its libraries, their debug information."""
    name = os.path.basename(path)
    return name == "callers" or ".so" in name or path.startswith("/usr/lib/debug/")


def check_unwinder(unwinder):
    none = "0" * 16
    for which in ("CapInh", "CapPrm", "CapEff", "CapAmb"):
        equal(unwinder.status[which], none, which)
    equal((unwinder.status["Seccomp"], unwinder.status["NoNewPrivs"]), ("2", "1"), "seccomp")
    equal(unwinder.status["Uid"].split(), [str(NOBODY)] * 4, "users")
    for name in unwinder.mapped:
        check(name == COLLECT or is_of_program(name), f"{name} is mapped")
    sockets = {name for name in unwinder.files if name.startswith("socket:")}
    equal(len(sockets), 1, "sockets")
    for name in unwinder.files - sockets:
        check(is_of_program(name), f"{name} is open")


def check_child_of(t, collect):
    path = app(t)
    collector = collect("-e", path)
    collector.recording_path(path)
    check_unwinder(look_at_unwinder(t, collector, path))
    collector.stop()


def test_unwind_child_has_no_rights(t):
    """The child that reads the program's files has only these files open, and may do nothing
    else."""
    check_child_of(t, t.collect)


def test_unwind_child_has_no_capabilities(t):
    """Nor has it any of the capabilities of a collector that is not root."""
    check_child_of(t, t.collect_as_nobody)


def test_unwind_by_one_that_ignores_sigchld(t):
    """A collector may be started with SIGCHLD ignored: it must reap its children itself, so that
    their numbers stay theirs."""
    program, path = app(t), t.path("callers")
    collector = t.collect("-e", path, preexec_fn=lambda: signal.signal(signal.SIGCHLD,
                                                                     signal.SIG_IGN))
    collector.recording_path(path)
    with open(f"/proc/{collector.pid}/status", encoding="ascii") as status:
        ignored = int(re.search(r"^SigIgn:\s*([0-9a-f]+)$", status.read(), re.M)[1], 16)
    check(not ignored >> (signal.SIGCHLD - 1) & 1, "SIGCHLD is ignored")
    # a process that dies at once may be gone before the collector reads its mappings; but not each
    # of ten
    for _ in range(10):
        dying = t.start(program, "strlen")
        dying.end(-signal.SIGSEGV)
        (name,) = collector.accounts_of(dying.pid).files
        frames = Snapshot(name).info["crash"]["frames"]
        if any(frame.get("file") for frame in frames):
            break
    check_callers(frames, "strlen")
    collector.stop()
