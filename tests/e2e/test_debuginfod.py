# SPDX-License-Identifier: MIT
"""`--debuginfod`, with Debian's debuginfod on loopback: a crash of a stripped program is named later; functions of
a stripped program are recorded."""
import contextlib
import glob
import json
import os
import shutil
import re
import signal
import socket
import struct
import subprocess
import urllib.error
import urllib.request

from harness import DEADLINE_S, VIEW, Skip, check, children_of, equal, wait_until


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def has(url):
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.status == 200
    except (urllib.error.URLError, OSError):
        return False


@contextlib.contextmanager
def server(t, folder, build_id):
    """Serves the files of a folder, once it has found that build id."""
    if not shutil.which("debuginfod"):
        raise Skip("there is no debuginfod")
    port = free_port()
    log = t.path("debuginfod.log")
    with open(log, "w", encoding="utf-8") as file:
        process = subprocess.Popen(["debuginfod", "-v", "-p", str(port), "-d", ":memory:", "-F", folder], stdout=file,
                                   stderr=file, stdin=subprocess.DEVNULL)  # fmt: skip
    url = f"http://127.0.0.1:{port}"
    try:
        wait_until(lambda: process.poll() is not None or
                   all(has(f"{url}/buildid/{build_id}/{part}") for part in ("debuginfo", "executable")),
                   "debuginfod has the files")  # fmt: skip
        equal(process.poll(), None, "debuginfod's status")
        yield url, log
    finally:
        process.kill()
        process.wait()


def asked_by_elfutils(log):
    with open(log, encoding="utf-8") as file:
        return "UA:elfutils" in file.read()


def info(t, path, *args, **env):
    """Its JSON, and what was said, with the status; the cache is one for all of a test."""
    done = subprocess.run([VIEW, *args, "--info", "--format", "json", path], capture_output=True, text=True, timeout=DEADLINE_S,
                          env={**os.environ, "DEBUGINFOD_CACHE_PATH": t.path("cache"), **env})  # fmt: skip
    return json.loads(done.stdout), done.stderr, done.returncode


def record_stripped(t):
    """A crash of a program without symbols, which is gone then; its parts are in t.path("served")."""
    app, served = t.app("crash_nofp"), t.path("served")
    os.mkdir(served)
    subprocess.run(["objcopy", "--only-keep-debug", app, os.path.join(served, "crash.debug")], check=True)
    subprocess.run(["strip", "-s", app], check=True)
    t.collect("--", app, 3, 50, "SEGV").end(128 + signal.SIGSEGV)
    os.rename(app, os.path.join(served, "crash"))
    return t.only_snapshot(), served


def test_debuginfod_names_a_crash(t):
    """The functions, files and lines of a stripped program, from a server, on a machine that has none of it."""
    snapshot, served = record_stripped(t)
    before = snapshot.info["crash"]
    own = [frame for frame in before["frames"] if frame.get("build_id") == snapshot.info["build_id"]]
    check(own and not any("symbol" in frame for frame in own), f"names: {own}")
    with server(t, served, snapshot.info["build_id"]) as (url, log):
        got, _, _ = info(t, snapshot.path, DEBUGINFOD_URLS=url)
        check(not asked_by_elfutils(log) and got["crash"] == before, "a server was asked")
        got, said, status = info(t, snapshot.path, "--debuginfod", url)
        check(asked_by_elfutils(log), "the log has what it was asked")
    equal((status, "no names for " + snapshot.info["exe"] in said), (0, False), f"status, and {said}")
    frames = [frame for frame in got["crash"]["frames"] if frame.get("build_id") == snapshot.info["build_id"]]
    names = [frame["symbol"].split("+")[0] for frame in frames]
    equal([name for name in names if name != "cause__do"][:4], ["level3", "level2", "level1", "crash__run"], "functions")
    check(all(frame["file"].endswith("tests/apps/crash.c") and frame["line"] > 0 for frame in frames), frames)
    for thread in got["crash"]["threads"]:
        check(all("symbol" in frame for frame in thread["frames"] if frame.get("build_id") == snapshot.info["build_id"]),
              thread)  # fmt: skip
    # the server has gone, but what it gave is kept
    again, _, _ = info(t, snapshot.path, "--debuginfod", url)
    equal(again["crash"]["frames"][: len(frames)], got["crash"]["frames"][: len(frames)], "names from the cache")


def test_debuginfod_that_is_not_there(t):
    """No server, no library: that is said, and the rest is shown; the status tells."""
    snapshot, _ = record_stripped(t)
    got, said, status = info(t, snapshot.path, "--debuginfod", f"http://127.0.0.1:{free_port()}")
    equal((status, got["crash"]), (1, snapshot.info["crash"]), "status and crash")
    check("the server did not answer: Connection refused" in said, said)
    (library,) = glob.glob("/usr/lib/*/libdebuginfod.so.1")
    script = f'mount --bind /dev/null {library} && exec "$@"'
    done = subprocess.run(["unshare", "-m", "sh", "-c", script, "sh", VIEW, "--debuginfod", "http://127.0.0.1:1", "--info",
                           snapshot.path], capture_output=True, text=True, timeout=DEADLINE_S)  # fmt: skip
    equal((done.returncode, done.stdout), (1, ""), "status and output without the library")
    check("install libdebuginfod" in done.stderr, done.stderr)


# ---- ttlog-collect ----


def strip_apart(t):
    """A stripped program, and the folder with its parts."""
    app, served = t.app("foreign"), t.path("served")
    os.mkdir(served)
    subprocess.run(["objcopy", "--only-keep-debug", app, os.path.join(served, "app.debug")], check=True)
    subprocess.run(["strip", "-s", app], check=True)
    shutil.copy(app, os.path.join(served, "app"))
    notes = subprocess.run(["readelf", "-n", app], check=True, capture_output=True, text=True).stdout
    return app, served, re.search("Build ID: ([0-9a-f]+)", notes).group(1)


def folder_server(t, debug, build_id):
    """A folder as a server, which the process that asks may read, as any user may."""
    os.chmod(t.dir, 0o755)
    folder = t.path("folder")
    os.makedirs(os.path.join(folder, "buildid", build_id))
    shutil.copy(debug, os.path.join(folder, "buildid", build_id, "debuginfo"))
    return "file://" + folder


def fetcher_of(collector):
    """Its process that asks servers."""
    return next(pid for pid in children_of(collector.process.pid) if comm_of(pid) == "ttlog-fetch")


def comm_of(pid):
    with contextlib.suppress(OSError), open(f"/proc/{pid}/comm", encoding="utf-8") as comm:
        return comm.read().rstrip("\n")
    return None


def state_of(pid):
    with contextlib.suppress(OSError), open(f"/proc/{pid}/stat", encoding="utf-8") as file:
        return file.read().rsplit(")", 1)[1].split()[0]
    return "Z"


def end_app(app, *lines):
    for line in lines:
        app.process.stdin.write(line.encode() + b"\n")
    app.process.stdin.flush()
    app.end()


def test_debuginfod_functions_of_a_stripped_program(t):
    """--span by a server's symbols and DWARF: names, arguments, what it returned. What asks has no rights, and
    leaves nothing."""
    app, served, build_id = strip_apart(t)
    program = t.start(app)
    program.out.wait("ready")
    with server(t, served, build_id) as (url, _):
        collector = t.collect("--on", "exit", "--debuginfod", url, "--span", "foreign:foreign__fib", "-p", program.pid)
        collector.recording(program.pid)
        pid = fetcher_of(collector)
        with open(f"/proc/{pid}/status", encoding="utf-8") as file:
            status = file.read()
        check("CapEff:\t0000000000000000" in status and "NoNewPrivs:\t1" in status, status)
        check(re.search(r"Uid:\t65534\t65534\t65534\t65534", status), status)
        end_app(program, "call 1", "exit")
        collector.end()
    wait_until(lambda: not os.path.exists(f"/proc/{pid}") or state_of(pid) == "Z", "the process that asks has ended")
    snapshot = t.only_snapshot()
    begin, end = snapshot.of("foreign__fib")
    equal((begin["fields"], end["fields"]), ({"n": 1}, {"ret": 1}), "argument and result")


def test_debuginfod_without_names_for_functions(t):
    """Why a function is not known: no server, none that answers, another file."""
    app, served, build_id = strip_apart(t)
    url = folder_server(t, app, build_id)
    with open(os.path.join(t.path("folder"), "buildid", build_id, "debuginfo"), "wb") as file:
        file.write(b"no ELF file")
    for args, why in (([], ""), (["--debuginfod", f"http://127.0.0.1:{free_port()}"], "; the debuginfod server: Connection refused"),
                      (["--debuginfod", "file:///nowhere"], "; the debuginfod server: it has none, either"),
                      (["--debuginfod", url], "; the debuginfod server: its file is of another build")):  # fmt: skip
        collector = t.collect(*args, "--span", "foreign:foreign__fib", "-e", app).end(2)
        said = (f"--span 'foreign:foreign__fib': {app} has no symbols, so none of its functions is known; it is stripped, "
                f"and a file with its symbols is not below /usr/lib/debug or beside it{why}")  # fmt: skip
        equal(collector.err.lines, ["ttlog-collect: " + said], "what it says")


def move_symbol(path, name, by):
    """Changes a symbol's address in an ELF file."""
    with open(path, "r+b") as file:
        data = bytearray(file.read())
        offset, size, cnt = struct.unpack_from("<Q", data, 40)[0], *struct.unpack_from("<HH", data, 58)
        sections = [struct.unpack_from("<IIQQQQIIQQ", data, offset + i * size) for i in range(cnt)]
        (table,) = [section for section in sections if section[1] == 2]
        names = sections[table[6]]
        moved = 0
        for at in range(table[4], table[4] + table[5], 24):
            start = names[4] + struct.unpack_from("<I", data, at)[0]
            if data[start : data.index(b"\0", start)] == name.encode():
                struct.pack_into("<Q", data, at + 8, struct.unpack_from("<Q", data, at + 8)[0] + by)
                moved += 1
        equal(moved, 1, "symbols of that name")
        file.seek(0)
        file.write(data)


def test_debuginfod_that_lies_about_addresses(t):
    """A server says that a function begins in the middle of an instruction: it is refused, also where a program is
    recorded all the same, which is unharmed."""
    app, served, build_id = strip_apart(t)
    debug = os.path.join(served, "app.debug")
    for by, option in ((1, "--span"), (3, "--uprobe"), (-20, "--span")):
        move_symbol(debug, "foreign__fib", by)
        url = folder_server(t, debug, build_id)
        refused = t.collect("--debuginfod", url, option, "foreign:foreign__fib", "-e", app).end(2)
        (line,) = refused.err.lines
        check("foreign__fib" in line and "its symbol is a server's, and in the unwinding table" in line, line)
        program = t.start(app)
        program.out.wait("ready")
        collector = t.collect("--on", "exit", "--debuginfod", url, option, "foreign:foreign__fi*", "-p", program.pid)
        equal(collector.recording(program.pid)[1], 1, "sites: its own")
        end_app(program, "call 20", "exit")
        collector.end()
        check(any("fib 6765" in line for line in program.out.lines), f"what it computed: {program.out.lines}")
        shutil.rmtree(t.path("folder"))
    check(not any(event["probe"] == "foreign__fib" for snapshot in t.snapshots() for event in snapshot.events), "events")
