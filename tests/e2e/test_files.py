# SPDX-License-Identifier: MIT
"""How ttlog-view handles files that are damaged, cut, or not snapshots. They are made from a real
snapshot."""
import glob
import json
import os
import subprocess

from harness import DEADLINE_S, VIEW, Snapshot, check, equal, read_otherwise, view
from test_status import as_nobody


def read(*paths, **options):
    """(status, events, stderr), for any status."""
    done = subprocess.run([VIEW, "--format", "json", *paths], stdin=subprocess.DEVNULL,
                          capture_output=True, timeout=DEADLINE_S, check=False, **options)
    return (done.returncode, [json.loads(line) for line in done.stdout.decode().splitlines()],
            done.stderr.decode())


def make(t, *command):
    t.collect("--on", "crash,exit", "--", *command).wait()
    return t.only_snapshot()


def write(t, data):
    path = t.path("damaged.bin")
    with open(path, "wb") as file:
        file.write(data)
    return path


def check_damaged(t, data, events, what):
    """Status 1, a message that names the file, and only events that were logged."""
    path = write(t, data)
    status, got, errors = read(path)
    equal(status, 1, f"status, {what}")
    check(path in errors and errors.startswith("ttlog-view: "), f"{what}: it says {errors!r}")
    check(all(json.dumps(event) in events for event in got), f"{what}: events that never were")
    return got


def test_file_cut_anywhere(t):
    snapshot = make(t, t.app("crash"), 2, 20, "SEGV")
    events = {json.dumps(event) for event in snapshot.events}
    with open(snapshot.path, "rb") as file:
        data = file.read()
    step = max(1, len(data) // 150)
    for size in [*range(0, len(data), step), len(data) - 1]:
        check_damaged(t, data[:size], events, f"cut at {size} of {len(data)}")


def test_file_with_a_bit_flipped_anywhere(t):
    snapshot = make(t, t.app("crash"), 2, 20, "SEGV")
    events = {json.dumps(event) for event in snapshot.events}
    with open(snapshot.path, "rb") as file:
        data = file.read()
    step = max(1, len(data) // 150)
    for at in range(0, len(data), step):
        flipped = bytearray(data)
        flipped[at] ^= 1 << at % 8
        check_damaged(t, bytes(flipped), events, f"bit {at % 8} of byte {at} of {len(data)}")


def test_file_damaged_in_the_middle(t):
    """One of many chunks is lost; those before and after it are read."""
    (path,) = t.collect("--on", "exit", "--", t.app("trade"), 2, 100000).end().only_accounts().files
    whole = view("--format", "json", path).splitlines()
    equal(len(whole), 200000, "events")
    with open(path, "rb") as file:
        data = bytearray(file.read())
    data[len(data) // 2] ^= 0xFF
    path = write(t, bytes(data))
    status, events, errors = read(path)
    equal(status, 1, "status")
    missing = 200000 - len(events)
    check(0 < missing <= 65536, f"{len(events)} of 200,000 events")
    check(str(missing) in errors.replace(",", ""), f"{missing} events are missing; it says {errors!r}")
    equal((events[0], events[-1]), (json.loads(whole[0]), json.loads(whole[-1])), "first and last")


def test_file_that_is_none(t):
    os.mkdir(t.path("directory"))
    with open(t.path("text"), "w", encoding="ascii") as file:
        file.write("no snapshot\n" * 100)
    with open(t.path("empty"), "w", encoding="ascii"):
        pass
    for name, word in (("directory", "directory"), ("text", "snapshot"), ("empty", "empty"),
                       ("missing", "No such file")):
        status, events, errors = read(t.path(name))
        equal((status, events), (1, []), f"status and events of {name}")
        check(t.path(name) in errors and word in errors, f"{name}: it says {errors!r}")


def test_file_unreadable(t):
    """The file belongs to its owner alone: no other user may read it."""
    os.chmod(t.dir, 0o755)
    snapshot = make(t, t.app("crash"), 2, 20, "SEGV")
    os.chmod(t.out, 0o755)
    status, events, errors = read(snapshot.path, preexec_fn=as_nobody)
    equal((status, events), (1, []), "status and events")
    check("Permission denied" in errors, f"it says {errors!r}")


def test_file_damaged_among_others(t):
    """The readable files are shown."""
    snapshot = make(t, t.app("crash"), 2, 20, "SEGV")
    with open(t.path("text"), "w", encoding="ascii") as file:
        file.write("no snapshot\n")
    status, events, errors = read(t.path("text"), snapshot.path, t.path("missing"))
    equal((status, len(events)), (1, 40), "status and events")
    check(t.path("text") in errors and t.path("missing") in errors, f"it says {errors!r}")


def test_files_merged_by_time(t):
    """Two processes that logged at the same time."""
    command = f"{t.app('trade')} --rate 2000 1 200 & {t.app('crash')} 2 20 SEGV; wait"
    t.collect("--on", "crash,exit", "--", "sh", "-c", command).wait()
    snapshots = t.snapshots()
    equal(len(snapshots), 2, "snapshots")
    status, events, _ = read(*(snapshot.path for snapshot in snapshots))
    equal((status, len(events)), (0, 240), "status and events")
    times = [event["mono_ns"] for event in events]
    equal(times, sorted(times), "order")
    for snapshot in snapshots:
        equal([e for e in events if e["pid"] == snapshot.pid], snapshot.events, "events of one")


def test_files_of_two_collectors(t):
    """Two collectors record one process: two files of the same events, some nanoseconds apart.
    Merged, each event is there once, in every format."""
    app = t.start(t.app("trade"), "--wait", 3, 5000)
    app.out.wait("ready")
    outs = [t.path(name) for name in ("left", "right")]
    collectors = [t.collect("-o", path, "--on", "exit", "-p", app.pid, out=False) for path in outs]
    for collector in collectors:
        collector.recording(app.pid)
    app.say()
    app.out.wait("done")
    app.say()
    for collector in collectors:
        collector.end()
    left, right = (Snapshot(t.files(path)[0]) for path in outs)
    ids = [event["id"] for event in left.events]
    equal(len(set(ids)), 15000, "identities in one file")
    equal({event["id"] for event in right.events}, set(ids), "identities in the other")
    _, events, _ = read(left.path, right.path)
    equal([event["id"] for event in events], ids, "identities in both")
    count = view("--sql", "SELECT count(*) FROM events", "--format", "csv", left.path, right.path)
    equal(count.splitlines()[1], "15000", "events by SQL")
    for kind in ("otlp-json", "perfetto"):
        alone, both = t.path("alone"), t.path("both")
        view("--format", kind, "-o", alone, left.path)
        view("--format", kind, "-o", both, left.path, right.path)
        with open(alone, "rb") as one, open(both, "rb") as other:
            check(abs(len(one.read()) - len(other.read())) < 4096, f"{kind} has events twice")


def test_files_newest_by_default(t):
    """Without a file: it shows the newest in /var/lib/ttlog, and names it."""
    for events in (10, 20):
        t.collect("--on", "exit", "--", t.app("trade"), 1, events, out=False).end()
    newest = max(glob.glob("/var/lib/ttlog/ttlog-*-exit.bin"), key=lambda path: path.split("-")[2])
    for way, of in ((["--format", "json"], lambda text: len(text.splitlines())),
                    (["--info", "--format", "json"], lambda text: json.loads(text)["events"])):  # fmt: skip
        done = subprocess.run([VIEW, *way], stdin=subprocess.DEVNULL, capture_output=True, timeout=DEADLINE_S)
        equal((done.returncode, of(done.stdout)), (0, 20), "status and events of " + " ".join(way))
        equal(done.stderr.decode(), f"ttlog-view: {newest}: the newest snapshot is shown\n", "which file it says")


def test_files_text_and_filters(t):
    """The commands of the manual, on a snapshot with every level."""
    snapshot = make(t, t.app("levels"), 10)
    path = snapshot.path
    errors = view(path, "--filter", "level=ERROR", "--limit", "100").splitlines()
    equal(len(errors), 40, "lines of level=ERROR")
    check(all("ERROR" in line for line in errors), "lines of another level")
    rows = [json.loads(line) for line in view(path, "--filter", "level>=WARN", "--filter",
                                              "target=net.*", "--format", "json").splitlines()]
    equal(rows, [e for e in snapshot.events if e["level"] in ("WARN", "ERROR", "FATAL")
                 and e["target"].startswith("net.")], "events of two filters")
    rows = [json.loads(line) for line in
            view(path, "--stats", "--group-by", "target", "--format", "json").splitlines()]
    equal({row["group"]["target"]: row["events"] for row in rows},
          {"levels": 60, "net.http": 70, "net.dns": 60, "disk": 10}, "--stats --group-by target")
    newest = [json.loads(line) for line in view(path, "--limit", "5", "--format", "json").splitlines()]
    equal(newest, snapshot.events[-5:], "--limit 5")
    since = snapshot.events[100]["ts"]
    rows = [json.loads(line) for line in view(path, "--since", since, "--format", "json").splitlines()]
    equal(rows, [e for e in snapshot.events if e["ts"] >= since], "--since")


def test_files_by_another_reader(t):
    """`lz4 -dc FILE` piped to a reader on python3-cbor2 gives the same as ttlog-view: character by
    character here; all other tests compare the values of every snapshot that they read."""
    for command in (("types",), ("types_cxx",), ("spans", 4), ("levels", 100), ("early", 50)):
        t.collect("--on", "exit", "--", t.app(command[0]), *command[1:]).end()
    files = t.files()
    equal(len(files), 5, "snapshots")
    for path in files:
        text = view("--format", "json", path)
        equal(text.count("\n") > 7, True, "events")
        equal(text, read_otherwise(path), f"two readers of {path}")
