#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""--debuginfod with a folder as the server: view_naming.py TTLOG-VIEW. Run from the top of the tree.

A program is built here; binutils' addr2line says what its places are. tests/e2e/test_debuginfod.py has a real
server and a real crash.
"""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, "tests")
sys.dont_write_bytecode = True

import make_snapshot as make  # noqa: E402
from view_harness import DEADLINE_S, VIEW, run  # noqa: E402

FOLDER = tempfile.TemporaryDirectory(prefix="ttlog-naming-")
os.chmod(FOLDER.name, 0o755)
SOURCE = """
volatile int sink;
static inline __attribute__((always_inline)) int inner(int x)
{
	sink = x;
	return sink / (x - 1);
}
__attribute__((noinline)) int middle(int x)
{
	int y = inner(x);
	sink += y;
	return y;
}
int main(int argc, char **argv)
{
	(void)argv;
	sink = middle(argc);
	return middle(sink);
}
"""


def command(*argv):
    return subprocess.run(argv, check=True, capture_output=True, text=True, timeout=DEADLINE_S).stdout


class Program:
    """A program, its parts as a server has them, and places in it."""

    def __init__(self):
        self.path, self.server = os.path.join(FOLDER.name, "prog"), os.path.join(FOLDER.name, "server")
        source = os.path.join(FOLDER.name, "prog.c")
        with open(source, "w") as file:
            file.write(SOURCE)
        command("gcc", "-O1", "-g", "-pie", "-fPIE", "-Wl,--build-id=sha1", "-o", self.path, source)
        self.build_id = re.search("Build ID: ([0-9a-f]+)", command("readelf", "-n", self.path)).group(1)
        code = command("objdump", "-d", "--no-show-raw-insn", self.path)
        lines = [(int(at, 16), what) for at, what in re.findall(r"^ +([0-9a-f]+):\t(.*)$", code, re.M)]
        self.returns = [lines[i + 1][0] for i, (_, what) in enumerate(lines) if re.match(r"call.*<middle>", what)]
        self.first = int(re.search(r"^0*([0-9a-f]+) <middle>:", code, re.M).group(1), 16)
        self.inlined = next(at for at, _ in lines if at > self.first and len(self.lines_of(at)) == 2)
        self.folder = os.path.join(self.server, "buildid", self.build_id)
        os.makedirs(self.folder)
        self.debug, self.program = (os.path.join(self.folder, name) for name in ("debuginfo", "executable"))
        self.whole()

    def whole(self):
        command("objcopy", "--only-keep-debug", self.path, self.debug)
        command("strip", "-s", "-o", self.program, self.path)

    def lines_of(self, address, is_call=False):
        """(function, file, line) of each function there, the inlined ones first."""
        out = command("addr2line", "-ife", self.path, "0x%x" % (address - is_call)).splitlines()
        return [(out[i], *out[i + 1].split(" ")[0].rsplit(":", 1)) for i in range(0, len(out), 2)]

    def frame(self, offset, **named):
        return {"ip": "0x%x" % (0x555500000000 + offset), "module": "/gone/prog", "build_id": self.build_id,
                "offset": "0x%x" % offset, **named}  # fmt: skip

    def wanted(self, offset, is_call=False):
        """As frames."""
        lines = self.lines_of(offset, is_call)
        base = int(next(line.split()[0] for line in command("nm", self.path).splitlines()
                        if line.endswith(" " + lines[-1][0])), 16)  # fmt: skip
        named = [{"symbol": name, "file": file, "line": int(line)} for name, file, line in lines]
        named[-1]["symbol"] += "+0x%x" % (offset - base)
        return [self.frame(offset, **one) for one in named]


PROG = Program()
LIBC = {"ip": "0x7f0000001234", "module": "/usr/lib/libc.so.6", "offset": "0x1234", "symbol": "f+0x4", "file": "f.c", "line": 7}


def snapshot(frames, events=3, **crash):
    header = {"clock": {"mono_ns": 2000, "real_ns": make.REAL}, "pid": 7, "host": "h", "comm": "prog", "reason": "crash",
              "signature": "0123456789abcdef",
              "crash": {"signal": "SIGFPE", "number": 8, "tid": 7, "frames": frames, **crash}}  # fmt: skip
    made = make.Snapshot(header, [make.site("event", "INFO", "tick", "Tick", 1, [("n", "u64")])],
                         [{"pid": 7, "tid": 7, "comm": "prog"}], {0: [make.array("Q")]})  # fmt: skip
    if events:
        made.chunk([(1000 + i, 0, 0, [i]) for i in range(events)])
    made.end()
    return made.save(os.path.join(FOLDER.name, "crash.bin"))


def view(*args, server="file://" + PROG.server, status=0, env=None):
    """(stdout, stderr), with an empty cache."""
    with tempfile.TemporaryDirectory() as cache:
        how = {**os.environ, "DEBUGINFOD_CACHE_PATH": os.path.join(cache, "cache"), **(env or {})}
        asked = [] if server is None else ["--debuginfod", server]
        done = subprocess.run([VIEW, *asked, *args], capture_output=True, text=True, env=how, timeout=DEADLINE_S)
    assert done.returncode == status, (args, done)
    return done.stdout, done.stderr


def info(path, **how):
    out, said = view("--info", "--format", "json", path, **how)
    return json.loads(out), said


def both(path):
    """The infos without names and with them, which are equal but for the frames."""
    before, after = info(path, server=None)[0], info(path)[0]
    stacks = [[one["crash"].pop("frames"), one["crash"].pop("outer_frames", []),
               [thread.pop("frames") for thread in one["crash"].get("threads", [])]] for one in (before, after)]  # fmt: skip
    assert before == after, (before, after)
    return stacks


def test_every_stack():
    """All frames of the crash, of a cut stack's beginning, of other threads; inlined functions, and the places
    after calls."""
    first, second = PROG.returns[:2]
    frames = [PROG.frame(PROG.inlined), PROG.frame(first), LIBC]
    path = snapshot(frames, cut="stack", outer_frames=[PROG.frame(second)],
                    threads=[{"tid": 8, "thread": "a", "frames": [LIBC]},
                             {"tid": 9, "thread": "b", "frames": [PROG.frame(PROG.first), PROG.frame(second)]}])  # fmt: skip
    before, after = both(path)
    assert before[0] == frames
    inlined, caller = PROG.wanted(PROG.inlined), PROG.wanted(first, True)
    assert [name for name, *_ in PROG.lines_of(PROG.inlined)] == ["inner", "middle"] and caller[0]["symbol"].startswith("main+")
    assert after == [inlined + caller + [LIBC], PROG.wanted(second, True),
                     [[LIBC], PROG.wanted(PROG.first) + PROG.wanted(second, True)]], after  # fmt: skip


def test_what_is_known_stays():
    """A name without a line gets one; a line is not asked for again; where a signal came, no call was."""
    named = PROG.frame(PROG.returns[0], symbol="main+0x10")
    own = PROG.frame(PROG.first, symbol="mine+0x0", file="mine.c", line=1)
    restore = {"ip": "0x7f0000009999", "module": "/x.so", "offset": "0x9999", "symbol": "__restore_rt+0x0"}
    _, after = both(snapshot([own, named, restore, PROG.frame(PROG.first)]))
    assert after[0] == [own, *PROG.wanted(PROG.returns[0], True), restore, *PROG.wanted(PROG.first)], after


def test_each_output():
    """Also in a file without events, from a pipe, and with its events unchanged."""
    path = snapshot([PROG.frame(PROG.inlined)])
    assert view("--format", "json", path) == view("--format", "json", path, server=None)
    event = json.loads(view("--format", "sentry", path)[0])
    (exception,) = event["exception"]["values"]
    assert [frame["function"] for frame in exception["stacktrace"]["frames"]] == ["middle", "inner"]
    assert "SIGFPE in inner" in view("--format", "chrome", path)[0]
    rows = view("--sql", "SELECT symbol, line FROM frames", "--format", "csv", path)[0].splitlines()[1:]
    assert [row.split("+")[0] for row in rows] == ["inner,%s" % PROG.lines_of(PROG.inlined)[0][2], "middle"], rows
    assert "inner  at " in view("--info", path)[0]
    assert view("--info", snapshot([PROG.frame(PROG.inlined)], events=0))[1] == ""
    with open(path, "rb") as file:
        done = subprocess.run([VIEW, "--debuginfod", "file://" + PROG.server, "--info", "-"], stdin=file, capture_output=True,
                              env={**os.environ, "DEBUGINFOD_CACHE_PATH": FOLDER.name + "/piped"}, timeout=DEADLINE_S)  # fmt: skip
    assert b"inner  at " in done.stdout and not done.returncode, done


def events_file(is_segment):
    """A process without a crash: three of four events have a stack, two of these the same."""
    first, second = PROG.returns[:2]
    frames = [PROG.frame(PROG.inlined), PROG.frame(first), LIBC, PROG.frame(second), PROG.frame(PROG.first)]
    stacks = {"frames": frames, "lists": [[0, 1, 2], [4, 3], [0, 1, 2]],
              "events": [[0, 0, 4, 77, i, 0, i] for i in range(3)]}  # fmt: skip
    made = make.recorded([(10 + i, 0, 0, [i], (4, 77), i) for i in range(4)], stacks=stacks)
    path = os.path.join(FOLDER.name, "stream.bin" if is_segment else "events.bin")
    with open(path, "wb") as file:
        file.write(make.segment(made) if is_segment else made.file())
    return path


def test_stacks_of_events():
    """Of a snapshot, and of a segment, whose header has them in parts."""
    first, second = PROG.returns[:2]
    one = PROG.wanted(PROG.inlined) + PROG.wanted(first, True) + [LIBC]
    want = [one, PROG.wanted(PROG.first) + PROG.wanted(second, True), one, None]
    for path in map(events_file, (False, True)):
        before, after = ([json.loads(line) for line in view("--format", "json", path, **how)[0].splitlines()]
                         for how in ({"server": None}, {}))  # fmt: skip
        assert [event.pop("stack", None) for event in after] == want, (path, after)
        assert [len(event.pop("stack", [])) for event in before] == [3, 2, 3, 0]
        assert before == after, "all but the stacks"
        text, said = view(path)
        assert said == "" and "    #0  inner at " in text and "#1  middle+0x" in text, (text, said)
        infos = [info(path, server=None)[0], info(path)[0]]
        assert len(infos[1].pop("stacks")["frames"]) > len(infos[0].pop("stacks")["frames"]) == 5
        assert infos[0] == infos[1], infos


def test_parts():
    """Only one of the two files; the program on this machine, if it is the same build."""
    path = snapshot([PROG.frame(PROG.inlined)])
    want = PROG.wanted(PROG.inlined)
    os.remove(PROG.program)
    assert both(path)[1][0] == want
    os.remove(PROG.debug)
    shutil.copy(PROG.path, PROG.program)
    assert both(path)[1][0] == want
    os.remove(PROG.program)
    got, said = info(path)
    assert got["crash"]["frames"] == [PROG.frame(PROG.inlined)]
    assert "no names for /gone/prog (build id %s): the server has no such file" % PROG.build_id in said, said
    got, said = info(snapshot([{**PROG.frame(PROG.inlined), "module": PROG.path}]))
    assert [frame["symbol"].split("+")[0] for frame in got["crash"]["frames"]] == ["inner", "middle"] and said == ""
    PROG.whole()


def test_hostile_files():
    """What a server gives may be anything: the rest is shown, and what went wrong is said."""
    path = snapshot([PROG.frame(PROG.inlined), PROG.frame(PROG.returns[0])])
    with open(PROG.debug, "rb") as file:
        whole = file.read()
    cases = {"other": b"", "empty": b"", "noise": bytes(range(256)) * 64}
    cases.update({"cut %d" % part: whole[: len(whole) * part // 8] for part in range(1, 8)})
    for seed in range(12):
        at = (seed * 2654435761) % (len(whole) - 64)
        cases["changed at %d" % at] = whole[:at] + bytes(255 - byte for byte in whole[at : at + 64]) + whole[at + 64 :]
    for name, content in cases.items():
        with open(PROG.debug, "wb") as file:
            file.write(content)
        if name == "other":
            command("objcopy", "--only-keep-debug", "/bin/true", PROG.debug)
            _, said = info(path, status=1)
            assert "another build id" in said, said
        with tempfile.TemporaryDirectory() as cache:
            done = subprocess.run([VIEW, "--debuginfod", "file://" + PROG.server, "--info", path], capture_output=True, text=True,
                                  env={**os.environ, "DEBUGINFOD_CACHE_PATH": cache + "/x"}, timeout=DEADLINE_S)  # fmt: skip
        assert done.returncode in (0, 1) and "SIGFPE" in done.stdout, (name, done)
        assert done.returncode == 0 or "no names for" in done.stderr, (name, done)
    PROG.whole()


def test_hostile_snapshots():
    """Build ids that are none are not asked for; offsets that are nowhere have no names."""
    for build_id in ("../../../../etc", "", "x" * 40, PROG.build_id + "00", PROG.build_id.upper()):
        got, said = info(snapshot([{**PROG.frame(PROG.inlined), "build_id": build_id}]))
        assert "symbol" not in got["crash"]["frames"][0] and ("no such file" in said or said == ""), (build_id, said)
    for offset in ("0x0", "0xffffffffffffffff", "0x123456789", "12", "0x"):
        got, said = info(snapshot([{**PROG.frame(PROG.inlined), "offset": offset}]))
        assert "symbol" not in got["crash"]["frames"][0], (offset, got)
    frames = [{**PROG.frame(PROG.inlined), "build_id": "%040x" % i} for i in range(600)]
    _, said = info(snapshot(frames))
    assert said.count("no such file") == 256, said.count("no such file")


def test_choices():
    path = snapshot([PROG.frame(PROG.inlined)])
    for url in ("", " ", "x", "ftp://h", "http://", "http://a\x1b", "http://a b"):
        view("--info", path, server=url, status=2)
    for args in (["--follow"], ["--recompress", path], ["--format", "schema"]):
        view(*args, status=2)
    # a second server, if the first has nothing
    got, _ = info(path, server="file:///nowhere file://" + PROG.server)
    assert got["crash"]["frames"] == PROG.wanted(PROG.inlined)
    # no server is asked unless the command line says so
    got, _ = info(path, server=None, env={"DEBUGINFOD_URLS": "file://" + PROG.server})
    assert got["crash"]["frames"] == [PROG.frame(PROG.inlined)]


if __name__ == "__main__":
    run(globals())
