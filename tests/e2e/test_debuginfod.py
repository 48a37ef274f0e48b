# SPDX-License-Identifier: MIT
"""`ttlog-view --debuginfod`: a crash of a stripped program, named later by Debian's debuginfod, on loopback."""
import contextlib
import glob
import json
import os
import shutil
import signal
import socket
import subprocess
import urllib.error
import urllib.request

from harness import DEADLINE_S, VIEW, Skip, check, equal, wait_until


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
