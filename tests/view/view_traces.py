#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Traces for other tools: view_traces.py TTLOG-VIEW. Run from the top of the tree.

Compares the output with `--format json` of the same files, through another project's parser.
"""
import os
import stat
import subprocess
import sys
import tempfile

sys.path.insert(0, "tests")
sys.dont_write_bytecode = True

import make_snapshot as make  # noqa: E402
from format_fixture import FILES, GOLDEN, GOLDEN_DEATH, GOLDEN_STACK, MS, NESTED, TORN  # noqa: E402
from format_fixture import death_file, odd_file, span_file  # noqa: E402
from read_traces import CUT, Perfetto, babeltrace, check_ctf, check_perfetto, ctf_events, ctf_trace  # noqa: E402
from view_harness import DEADLINE_S, VIEW, hostile_files, run, texts_of, view, view_bytes  # noqa: E402

def ctf_of(folder, *args, status=0):
    path = os.path.join(folder, "trace")
    view("--format", "ctf", "-o", path, *args, status=status)
    events, deaths = ctf_trace(path)
    assert len(babeltrace(path)) == len(events) + len(deaths)
    subprocess.run(["rm", "-r", path], check=True)
    return events, deaths


def ctf(folder, *args, status=0):
    return ctf_of(folder, *args, status=status)[0]


def test_ctf_events():
    """Each event once, in order of time, with every field."""
    for name, files in FILES.items():
        with tempfile.TemporaryDirectory() as folder:
            events, lines = ctf(folder, *files), texts_of(*files)
            times = [event["mono_ns"] for event in events]
            assert times == sorted(times), name
            # processes are separate, and events of theirs at the same time may come in any order
            events.sort(key=lambda event: (event["mono_ns"], event["stream"]))
            pids = [event["pid"] for event in events]
            lines.sort(key=lambda line: (int(line["mono_ns"]), pids.index(line["pid"])))
            check_ctf(events, lines, name)


def test_ctf_wall_time():
    with tempfile.TemporaryDirectory() as folder:
        for event, line in zip(ctf(folder, *GOLDEN), texts_of(*GOLDEN)):
            assert make.time_text(event["real_ns"]) == line["ts"]


def test_ctf_wall_time_of_several_files():
    """One process has one clock over its files, even if the clock was set between them."""
    files = ["tests/golden/overlap-%s.bin" % name for name in ("second", "stepped", "first")]
    with tempfile.TemporaryDirectory() as folder:
        events, lines = ctf(folder, *files), texts_of(*files)
        assert len(lines) == 15
        assert [make.time_text(event["real_ns"]) for event in events] == [line["ts"] for line in lines]
        # each event is on one side of a moment
        for line in lines:
            until, since = (texts_of(*files, option, line["ts"]) for option in ("--until", "--since"))
            twice = [other for other in lines if other["ts"] == line["ts"]]
            assert len(until) + len(since) == len(lines) + len(twice), line


def test_ctf_late_clocks():
    """Times that no reader of CTF can hold: the trace still opens, and a message says so."""
    site = make.site("event", "INFO", "late", "Late", 5, [("n", "u64")])
    clocks = ((2**63 + 5, make.REAL, 0), (5, 2**63 - 12, 2), (1000, 2**63 - 10**10, 3), (5, 2**63 + 5, 0),
              (5, 2**64 - 10, 0), (2**64 - 25, make.REAL, 0), (2**64 - 25, 2**64 - 10, 0), (2**63 + 5, 7, 0))  # fmt: skip
    for mono_ns, real_ns, shown in clocks:
        snapshot = make.Snapshot({"clock": {"mono_ns": mono_ns, "real_ns": real_ns}, "pid": 3}, [site],
                                 [{"pid": 3, "tid": 3, "comm": "t"}], {0: [make.array("Q")]})  # fmt: skip
        snapshot.chunk([(mono_ns + 10 * i, 0, 0, [i]) for i in range(3)])
        snapshot.end()
        with tempfile.TemporaryDirectory() as folder:
            path, target = snapshot.save(os.path.join(folder, "late.bin")), os.path.join(folder, "trace")
            result = subprocess.run([VIEW, "--format", "ctf", "-o", target, path], capture_output=True, text=True)
            assert result.returncode == 0, result
            events = ctf_events(target)
            assert len(babeltrace(target)) == len(events) == 3
            assert [event["fields"]["n"] for event in events] == ["0", "1", "2"]
            assert ("beyond 2^63 ns" in result.stderr) == (shown < 3), (mono_ns, real_ns, result.stderr)


def test_ctf_names():
    """Keys that are no identifiers, or twice the same; values that C's strings can't hold."""
    with tempfile.TemporaryDirectory() as folder:
        events = ctf(folder, odd_file(folder))
        assert list(events[0]["fields"]) == ["pid", "a", "a_2", "k________", "field"], events[0]
        assert list(events[0]["fields"].values()) == ["1", "", "2", "v", True]
        assert list(events[2]["fields"]) == ["pid", "a", "k________", "field"], "null is not there"
        assert events[4]["fields"] == {"b": "\x1b[2J\u2400", "a": "l1\r\nl2"}
        assert events[0]["target"] == "orders" and events[0]["comm"] == "x,y=z"


def test_ctf_keys_of_bytes():
    """The number of bytes is a field, too, whose name may be the same as another's."""
    fields = [("_a_length", "u8"), ("a", "bytes"), ("a", "bytes"), ("_a_length_2", "u8"), ("event", "i8"),
              ("string", "str"), ("9", "bool")]  # fmt: skip
    sites = [make.site("event", "INFO", 'a"b\\', 'say "so"\\', 1, fields, target="\u00e9", func="f\n")]
    snapshot = make.Snapshot({"clock": {"mono_ns": 5, "real_ns": 3}, "pid": 1}, sites,
                             [{"pid": 1, "tid": 1, "comm": ""}], {0: [make.plain] * 7})  # fmt: skip
    snapshot.chunk([(10, 0, 0, [1, b"xy", b"", 2, -3, "s", 1])])
    snapshot.end()
    with tempfile.TemporaryDirectory() as folder:
        path = snapshot.save(os.path.join(folder, "keys.bin"))
        (event,) = ctf(folder, path)
        assert list(event["fields"].values()) == ["1", "7879", "", "2", "-3", "s", True], event
        assert event["probe"] == 'a"b\\' and event["msg"] == 'say "so"\\' and event["target"] == "\u00e9"
        # wall time before 1970 at the start of the clock
        assert event["real_ns"] == 8 and event["mono_ns"] == 10


def test_ctf_packets():
    """Packets of limited size, in order; the number of events of each is right."""
    rows = [(1000 + i, 0, i % 2, [i]) for i in range(40_000)]
    sites = [make.site("event", "INFO", "tick", "Tick", 5, [("n", "u64")])]
    snapshot = make.Snapshot({"clock": {"mono_ns": 0, "real_ns": make.REAL}, "pid": 3}, sites,
                             [{"pid": 3, "tid": 3 + i, "comm": "t%d" % i} for i in range(2)],
                             {0: [make.array("Q")]})  # fmt: skip
    for start in range(0, len(rows), 10_000):
        snapshot.chunk(rows[start : start + 10_000])
    snapshot.end()
    with tempfile.TemporaryDirectory() as folder:
        path, target = snapshot.save(os.path.join(folder, "many.bin")), os.path.join(folder, "trace")
        view("--format", "ctf", "-o", target, path)
        assert sorted(os.listdir(target)) == ["metadata", "stream_0"]
        data, at, sizes = open(os.path.join(target, "stream_0"), "rb").read(), 0, []
        while at < len(data):
            assert data[at : at + 4] == b"\xc1\x1f\xfc\xc1"
            sizes.append(int.from_bytes(data[at + 56 : at + 64], "little") // 8)
            assert int.from_bytes(data[at + 64 : at + 72], "little") == len(sizes) - 1
            at += sizes[-1]
        assert at == len(data) and len(sizes) > 3 and max(sizes) < 300_000, sizes
        assert [event["fields"]["n"] for event in ctf_events(target)] == [str(i) for i in range(40_000)]


def test_ctf_directory():
    """It appears whole, never over a file, and nothing is left after a failure."""
    with tempfile.TemporaryDirectory() as folder:
        taken = os.path.join(folder, "taken")
        os.mkdir(taken)
        for there in (taken, taken + "/"):
            result = subprocess.run([VIEW, "--format", "ctf", "-o", there, *GOLDEN], capture_output=True)
            assert result.returncode == 1 and b"already" in result.stderr, result
        assert os.listdir(taken) == [] and os.listdir(folder) == ["taken"]
        result = subprocess.run([VIEW, "--format", "ctf", "-o", folder + "/no/t", *GOLDEN], capture_output=True)
        assert result.returncode == 1 and b"no/t: No such file" in result.stderr, result
        view("--format", "ctf", "-o", folder + "/new/", *GOLDEN)
        assert sorted(os.listdir(folder)) == ["new", "taken"]
        mask = os.umask(0)
        os.umask(mask)
        assert stat.S_IMODE(os.stat(folder + "/new").st_mode) == 0o777 & ~mask
        view("--format", "ctf", *GOLDEN, status=2)
        # a disk that is full
        result = subprocess.run(["bash", "-c", 'ulimit -f 1; trap "" XFSZ; exec "$0" --format ctf -o "$1" "$2"', VIEW,
                                 folder + "/full", "tests/golden/packed.bin"], capture_output=True)  # fmt: skip
        assert result.returncode == 1 and b"full: " in result.stderr, result
        assert sorted(os.listdir(folder)) == ["new", "taken"]


def test_ctf_death():
    """The cause of the process's death, in its thread, with the stack; once only; also for a thread
    without events."""
    want = {"what": GOLDEN_DEATH, "signal": "SIGSEGV", "address": "0x10", "stack": "\n".join(GOLDEN_STACK)}
    with tempfile.TemporaryDirectory() as folder:
        for files in ([*GOLDEN, "--limit", 0], GOLDEN * 2, GOLDEN):
            _, (death,) = ctf_of(folder, *files)
            assert (death["level"], death["fields"]) == ("FATAL", want), death
            assert (death["pid"], death["tid"], death["comm"]) == ("1234", "1240", "worker-3"), death
        assert death["mono_ns"] == max(int(line["mono_ns"]) for line in texts_of(*GOLDEN))
        _, (death,) = ctf_of(folder, death_file(folder))
        assert death["fields"] == {"what": "SIGKILL", "signal": "SIGKILL"}, "what is not known is not there"
        assert (death["pid"], death["tid"], death["mono_ns"]) == ("9", "10", 77)


def test_ctf_choice():
    with tempfile.TemporaryDirectory() as folder:
        for choice in (["--filter", "level>=WARN"], ["--limit", "3"], ["--head", "2"]):
            check_ctf(ctf(folder, *choice, *GOLDEN), texts_of(*choice, *GOLDEN), choice)
        assert ctf(folder, "--filter", "probe=none", *GOLDEN) == []


# ---- perfetto ----


def perfetto(*args, status=0):
    return Perfetto(view_bytes("--format", "perfetto", *args, status=status))


def test_perfetto_events():
    """In order, to the nanosecond, with every field."""
    for name, files in FILES.items():
        check_perfetto(perfetto(*files), texts_of(*files), name)


def test_perfetto_types():
    trace = perfetto(*GOLDEN, "--filter", "probe=all_*")
    kinds = {}
    for event in trace.events:
        for key, (kind, _) in event["args"].items():
            kinds.setdefault(key, set()).add(kind)
    for key, kind in (("b", "bool_value"), ("c", "string_value"), ("i8", "int_value"), ("i64", "int_value"),
                      ("u8", "uint_value"), ("u64", "uint_value"), ("p", "pointer_value"),
                      ("x", "pointer_value"), ("f32", "double_value"), ("f64", "double_value"),
                      ("price", "double_value"), ("name", "string_value"), ("blob", "string_value")):  # fmt: skip
        assert kinds[key] - {None} == {kind}, (key, kinds[key])
    (process,) = [track.process for track in trace.tracks.values() if track.HasField("process")]
    assert (process.pid, process.process_name, list(process.cmdline)) == (1234, "orders", ["/usr/bin/orderd"])
    assert trace.clocks == {3: make.MONO, 1: make.REAL}


def test_perfetto_left_out():
    """How many calls were left out before an event is no field of it."""
    path = "tests/golden/suppressed.bin"
    counts = [event["own"].get("ttlog_suppressed", 0) for event in perfetto(path).events]
    assert counts == [int(line.get("suppressed", 0)) for line in texts_of(path)] and sum(counts) > 0, counts


def perfetto_shape(item):
    assert item["own"].get("ttlog_duration_ns") in (None, item["end"] and item["end"] - item["ts"])
    what = item["args"].get("what", (None, None))[1]
    return item["name"], item["ts"], item["end"] and item["end"] - item["ts"], item["parent"], what, \
        item["own"].get("ttlog_unfinished", False)  # fmt: skip


def test_perfetto_spans():
    with tempfile.TemporaryDirectory() as folder:
        got = [perfetto_shape(item) for item in perfetto(span_file(folder, NESTED)).slices()]
        assert got == [
            ("a", 10 * MS, 11 * MS, None, "+a", False),
            ("a", 11 * MS, 5 * MS, None, "+a", False),
            ("b", 12 * MS + 1, 6 * MS - 1, "a", "+b", False),
            ("c", 15 * MS + 7, 2 * MS + 116, "b", "+c", False),
            ("b", 19 * MS, MS, "a", "+b", False),
        ], got
        # cut at any place, it stays a trace, and ended spans are complete
        for cut in range(len(NESTED) + 1):
            for option, chosen in (("--limit", NESTED[len(NESTED) - cut :]), ("--head", NESTED[:cut])):
                ended = [item for item in perfetto(option, cut, span_file(folder, NESTED)).slices() if item["end"]]
                assert sorted(item["name"] for item in ended) == \
                    sorted(what[1] for _, _, what in chosen if what[0] == "-"), (option, cut)  # fmt: skip


def test_perfetto_torn_spans():
    """A span whose start was overwritten, one that was left by longjmp, two that never end."""
    with tempfile.TemporaryDirectory() as folder:
        got = [perfetto_shape(item) for item in perfetto(span_file(folder, TORN)).slices()]
        assert got == [
            ("c", 6 * MS, 4 * MS, None, None, False),
            ("a", 11 * MS, 4 * MS, None, "+a", False),
            ("b", 12 * MS, 3 * MS, "a", "+b", True),
            ("a", 16 * MS, None, None, "+a", False),
            ("b", 17 * MS, None, "a", "+b", False),
        ], got
        # an end without a start ends the spans inside it
        rows = [(10 * MS, 0, "+a"), (12 * MS, 0, "+b"), (15 * MS, 0, "-c 4000000"), (16 * MS, 0, "-a")]
        got = [perfetto_shape(item) for item in perfetto(span_file(folder, rows)).slices()]
        assert got == [
            ("a", 10 * MS, 6 * MS, None, "+a", False),
            ("c", 11 * MS, 4 * MS, "a", None, False),
            ("b", 12 * MS, 3 * MS, "c", "+b", True),
        ], got


def test_perfetto_deep_spans():
    """Beyond the limit a start is an instant, and its end still a slice."""
    depth = 300
    rows = [(i * 1000, 0, "+a") for i in range(1, depth + 1)] + \
        [((2 * depth - i + 1) * 1000, 0, "-a") for i in range(depth, 0, -1)]  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        trace = perfetto(span_file(folder, rows))
        assert len(trace.slices()) == depth and all(item["end"] for item in trace.slices())
        assert sum(event["type"] == "INSTANT" for event in trace.events) == depth - 256


def test_perfetto_machines():
    """The same pid on two machines is two processes."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [span_file(folder, NESTED, name="one.bin"),
                 span_file(folder, NESTED, name="two.bin", host="other", ahead=3 * MS)]  # fmt: skip
        trace = perfetto(*paths)
        pids = [track.process.pid for track in trace.tracks.values() if track.HasField("process")]
        assert len(set(pids)) == len(pids) == 2
        assert len(trace.slices()) == 10
        times = [[item["ts"] for item in trace.slices() if item["track"].thread.pid == pid] for pid in pids]
        assert [b - a for a, b in zip(*times)] == [3 * MS] * 5


def test_perfetto_counters():
    keys = ("latency_us", "u64", "each", "f", "duration_ns", "real")
    trace = perfetto("--counters", ",".join(keys) + ",symbol", *GOLDEN)
    got = [(event["track"].name, event["ts"], event["value"]) for event in trace.events if event["type"] == "COUNTER"]
    want = []
    for line in texts_of(*GOLDEN):
        values = dict(line["fields"], **{"duration_ns": line["duration_ns"]} if "duration_ns" in line else {})
        for key, value in values.items():
            if key in keys and value not in ("NaN", "Infinity", "-Infinity"):
                want.append((key, int(line["mono_ns"]), value))
    assert [pair[:2] for pair in got] == [pair[:2] for pair in want] and len(got) > 10, (got, want)
    for (_, _, value), (_, _, shown) in zip(got, want):
        assert value == float(shown), (value, shown)
    counters = [track for track in trace.tracks.values() if track.HasField("counter")]
    assert {track.name for track in counters} == {name for name, _, _ in want}
    assert all(trace.tracks[track.parent_uuid].process.pid == 1234 for track in counters)
    view("--format", "ctf", "-o", "/nonexistent/x", "--counters", "a", *GOLDEN, status=2)


def test_perfetto_death():
    """The cause of the process's death, in its thread, with the stack; once only; also for a thread
    without events."""
    want = {"signal": "SIGSEGV", "address": "0x10", "stack": GOLDEN_STACK}
    for files in ([*GOLDEN, "--limit", 0], GOLDEN * 2, GOLDEN):
        (death,) = perfetto(*files).deaths
        assert (death["name"], death["categories"], death["args"]) == (GOLDEN_DEATH, ["crash"], want), death
        thread = death["track"].thread
        assert (thread.pid, thread.tid, thread.thread_name) == (1234, 1240, "worker-3")
    assert death["ts"] == max(int(line["mono_ns"]) for line in texts_of(*GOLDEN))
    with tempfile.TemporaryDirectory() as folder:
        trace = perfetto(death_file(folder))
        (death,) = trace.deaths
        assert death["ts"] == 77 and death["name"] == "SIGKILL" and "stack" not in death["args"]
        assert (death["track"].thread.pid, death["track"].thread.tid) == (9, 10)


def test_perfetto_odd():
    with tempfile.TemporaryDirectory() as folder:
        trace = perfetto(odd_file(folder))
        assert [value for _, value in trace.events[4]["args"].values()] == ["\x1b[2J\u2400", "l1\r\nl2"]
        long = "x" * 70_000
        sites = [make.site("event", "INFO", "long", "Long", 5, [("s", "str"), ("b", "bytes"), ("n", "i64")])]
        snapshot = make.Snapshot({"clock": {"mono_ns": 0, "real_ns": 0}, "pid": 2**40}, sites,
                                 [{"pid": 2**40, "tid": 2**40 + 1, "comm": "c"}], {0: [make.plain] * 3})  # fmt: skip
        snapshot.chunk([(1, 0, 0, [long, [b"\xff" * 300], -1]), (2**31, 0, 0, [["cut"], b"", 2**62])])
        snapshot.end()
        path = snapshot.save(os.path.join(folder, "long.bin"))
        first, second = perfetto(path).events
        assert [value for _, value in first["args"].values()] == [long, "ff" * 300 + CUT, -1]
        assert [value for _, value in second["args"].values()] == ["cut" + CUT, "", 2**62]


def test_perfetto_terminal():
    """Bytes of a file can't control the terminal."""
    result = subprocess.run(["script", "-qec", "%s --format perfetto %s" % (VIEW, *GOLDEN), "/dev/null"],
                            capture_output=True, stdin=subprocess.DEVNULL)  # fmt: skip
    assert result.returncode == 1 and b"terminal" in result.stdout and len(result.stdout) < 200, result


# ---- both ----


def test_hostile():
    """For any file, the output can be read."""
    count = 0
    with tempfile.TemporaryDirectory() as folder:
        target = os.path.join(folder, "trace")
        for path in hostile_files(folder):
            count += 1
            shown = subprocess.run([VIEW, "--format", "json", path], capture_output=True).stdout.count(b"\n")
            result = subprocess.run([VIEW, "--format", "ctf", "-o", target, path], capture_output=True, timeout=DEADLINE_S)
            assert result.returncode in (0, 1), result
            if os.path.isdir(target):
                assert len(ctf_events(target)) == shown
                subprocess.run(["rm", "-r", target], check=True)
            result = subprocess.run([VIEW, "--format", "perfetto", path], capture_output=True, timeout=DEADLINE_S)
            assert result.returncode in (0, 1), result
            if result.stdout:
                assert len(Perfetto(result.stdout).events) == shown
    assert count > 50


if __name__ == "__main__":
    run(globals())
