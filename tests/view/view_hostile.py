#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Damaged and hostile files, in every format: view_hostile.py TTLOG-VIEW. Run from the top of the
tree.

For any 1 MB of input: a clear message, status 1, the readable part shown, at most 64 MiB of memory
(RLIMIT_DATA: the memory that a process writes to). The processor time of each is a figure;
`bench/run hostile` has the limit. Events that a file does have are shown, however well they were
compressed, and take their time.
"""
import json
import os
import re
import resource
import socket
import subprocess
import sys
import tempfile

sys.path.insert(0, "tests")
sys.dont_write_bytecode = True

import cbor2  # noqa: E402
import make_snapshot as make  # noqa: E402
from view_harness import DEADLINE_S, VIEW, children_cpu_s, figure, run  # noqa: E402

MEMORY_BYTES = 64 << 20
SIZE = 1_000_000
# The reader's limits for one frame in a file of that size, and for a chunk.
CONTENT = (8 << 20) + 8 * SIZE - 4096
CHUNK = (4 << 20) - 4096
FOLDER = tempfile.TemporaryDirectory()
BINARY = ("perfetto",)
ESCAPES = re.compile(b"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80[\xaa-\xae]|\xe2\x81[\xa6-\xa9]")


def formats():
    """As the program lists them; schema reads no file, and ctf is a folder."""
    names = subprocess.run([VIEW, "--format", "?", "x"], capture_output=True, text=True).stderr
    found = re.search(r"there is (.*)", names).group(1).split()
    assert "json" in found, names
    return [name for name in found if name not in ("schema", "ctf")]


WAYS = [["--format", name] for name in formats()] + [
    ["--stats"],
    ["--stats", "--group-by", "n,comm"],
    ["--info"],
    ["--info", "--format", "json"],
    ["--limit", "3"],
    ["--filter", "n>=0 and msg~."],
    ["--since", "-1h"],
    ["--sql", "SELECT * FROM events ORDER BY line"],
    ["--sql", "SELECT count(*) FROM spans"],
    ["--timeline"],
    ["--histogram", "n", "--group-by", "probe"],
]
WITHOUT_FIELDS = [way for way in WAYS if way[0] in ("--info", "--filter", "--timeline", "--histogram") or
                  "spans" in way[-1]]  # fmt: skip


def limit():
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY_BYTES, MEMORY_BYTES))


def look(path, way, what="other files"):
    """Status, output and messages within the limit; the time is a figure named `what`."""
    with tempfile.TemporaryFile() as out:
        before = children_cpu_s()
        result = subprocess.run([VIEW, *way, path], stdout=out, stderr=subprocess.PIPE,
                                stdin=subprocess.DEVNULL, preexec_fn=limit, timeout=DEADLINE_S)  # fmt: skip
        figure(what, children_cpu_s() - before)
        out.seek(0)
        shown = out.read()
    assert result.returncode in (0, 1), (path, way, result.returncode, result.stderr[-300:])
    for word in (b"memory", b"allocate"):
        assert word not in result.stderr, (path, way, result.stderr)
    if way[-1] not in BINARY:
        assert not ESCAPES.search(shown), (path, way, ESCAPES.search(shown))
        shown.decode()
    assert not ESCAPES.search(result.stderr), (path, way, result.stderr)
    return result.returncode, shown, result.stderr.decode()


def write(name, data):
    path = os.path.join(FOLDER.name, name)
    with open(path, "wb") as file:
        file.write(data)
    return path


# ---- Bombs ----


def head(major, count):
    return bytes([major << 5 | 26]) + count.to_bytes(4, "big")


def filled(item, limit=CONTENT):
    """An array of as many of these as there is room for."""
    count = (limit - 4096) // len(item)
    return head(4, count) + item * count


def item_of(keys, raw=()):
    """A map of keys, and of keys whose values are given as CBOR."""
    data = b"".join(map(cbor2.dumps, (part for pair in keys.items() for part in pair)))
    data += b"".join(cbor2.dumps(key) + value for key, value in raw)
    return bytes([0xB8, len(keys) + len(raw)]) + data


SITES = [make.site("event", "INFO", "t", "m", 5, [("n", "u64")])]
THREADS = [{"pid": 1, "tid": 1, "comm": "c"}]


def header(raw=(), **changes):
    keys = {
        "item": "header", "format": 1, "incompatible": 0, "compatible": 0, "pid": 1, "reason": "exit",
        "clock": {"mono_ns": 1000, "real_ns": 10**18}, "sites": SITES, "threads": THREADS, "exit": {"code": 1},
    }  # fmt: skip
    keys.update(changes)
    for key, _ in raw:
        keys.pop(key, None)
    return item_of(keys, raw)


def chunk(n=3, raw=(), **changes):
    keys = {
        "item": "chunk", "n": n, "first_ns": 100, "last_ns": 100, "count": [[0, n]], "site": {"const": 0},
        "time": {"const": 0}, "thread": {"const": 0}, "fields": [[{"const": 1}]],
    }  # fmt: skip
    keys.update(changes)
    for key, _ in raw:
        keys.pop(key, None)
    return item_of(keys, raw)


def end(events, chunks, raw=()):
    return item_of({"item": "end", "events": events, "chunks": chunks}, raw)


def file_of(*items, pad=True):
    """Frames of these, and enough padding to give the file its size."""
    data = b"".join(map(make.frame, items))
    left = SIZE - len(data) - 8
    if pad and left > 0:
        data = data[: -len(make.frame(items[-1]))] + b"\x50\x2a\x4d\x18" + left.to_bytes(4, "little") + \
            os.urandom(left) + make.frame(items[-1])  # fmt: skip
    return data


def three(head_item):
    return file_of(head_item, chunk(), end(3, 1))


def of_groups(column):
    """Four events, each of which has fifteen such columns."""
    fields = b"\x84" + (b"\x90" + column * 15 + cbor2.dumps({"const": 1})) * 4
    return chunk(4, [("fields", fields)], count=[[i, 1] for i in range(4)], site=make.ints("B", range(4)))


def wide_site(kind):
    return make.site("event", "INFO", "t", "m", 5, [("k%d" % i, kind) for i in range(16)])


def values_of(byte, kind):
    column = b"\xa2" + cbor2.dumps("values") + head(4, 65536) + byte * 65536 + cbor2.dumps("index") + \
        cbor2.dumps({"const": 0})  # fmt: skip
    return file_of(header(sites=[wide_site(kind)] * 4), *[of_groups(column)] * 40, end(160, 40))


def nested(depth):
    column = {"const": 0}
    for _ in range(depth):
        column = {"values": [0], "index": column}
    return column


EMPTY_SITE = cbor2.dumps({"kind": "event", "level": "INFO", "target": "", "probe": "", "msg": "", "file": "",
                          "func": "", "line": 0, "keys": [], "types": []})  # fmt: skip
THREAD = cbor2.dumps({"pid": 1, "tid": 1, "comm": ""})
MAPPING = cbor2.dumps({"start": 0, "end": 0, "offset": 0, "path": ""})
TOO_MANY = "too many for so small a file"
TOO_MUCH = "far more than its events take"


def broken(data):
    return data[:-1] + bytes([data[-1] ^ 1])


# name: (the function that makes the file, the message, the events that are shown)
BOMBS = {
    "header of padding": (lambda: three(header([("x", head(3, CONTENT - 4096) + b"a" * (CONTENT - 4096))])),
                          None, 3),
    "header beyond all": (lambda: three(header([("x", head(3, 31 << 20) + b"a" * (31 << 20))])),
                          "claims too much content", 0),
    "header of sites": (lambda: three(header([("sites", filled(EMPTY_SITE))])), TOO_MANY, 0),
    "header of threads": (lambda: three(header([("threads", filled(THREAD))])), TOO_MANY, 0),
    "header of as many threads as go": (lambda: three(header([("threads", filled(THREAD, 145_000 * 16))])),
                                        None, 3),
    "header of mappings": (lambda: three(header([("mappings", filled(MAPPING))])), TOO_MANY, 0),
    "header of frames": (lambda: three(header([("crash", b"\xa1" + cbor2.dumps("frames") +
                                                filled(cbor2.dumps({"ip": "0x1"})))])), None, 3),
    "header of registers": (lambda: three(header([("crash", b"\xa1" + cbor2.dumps("registers") + head(5, 1 << 20) +
                                                   b"\x61r\x630x1" * (1 << 20))])), None, 3),
    "header of numbers": (lambda: three(header([("x", head(4, CONTENT - 4096) + b"\x00" * (CONTENT - 4096))])),
                          TOO_MUCH, 0),
    "end of losses": (lambda: file_of(header(), chunk(), end(3, 1, [("lost", head(5, 1 << 20) + b"\x61r\x01" * (1 << 20))])),
                      None, 3),
    "end with a header of sites": (lambda: b"cut" + file_of(chunk(fields=[[]]), end(3, 1, [
        ("header", header([("sites", filled(EMPTY_SITE))]))])), TOO_MANY, 0),
    "chunks of padding": (lambda: file_of(header(), *[chunk(raw=[("x", head(2, CHUNK) + bytes(CHUNK))])] * 45,
                                          end(135, 45)), None, 135),
    "chunks of texts": (lambda: values_of(b"\x60", "str"), "cannot be read|" + TOO_MUCH, None),
    "chunks of numbers": (lambda: values_of(b"\x00", "u64"), "cannot be read|" + TOO_MUCH, None),
    "columns in columns": (lambda: file_of(header(sites=[wide_site("u64")]), chunk(
        65536, fields=[[nested(4)] * 16]), end(65536, 1)), "cannot be read", 65536),
    "a site an event": (lambda: file_of(header([("sites", head(4, 40000) + EMPTY_SITE * 40000)]), chunk(
        40000, [("fields", head(4, 40000) + b"\x80" * 40000)], count=[[i, 1] for i in range(40000)],
        site=make.ints("H", range(40000))), end(40000, 1)), None, 40000),
    "depth 4,000 in a header": (lambda: three(header([("x", b"\x81" * 4000 + b"\0")])), "no valid CBOR", 0),
    "depth 4,000 in a chunk": (lambda: file_of(header(), chunk(raw=[("x", b"\x81" * 4000 + b"\0")]), chunk(),
                                               end(6, 2)), "no valid CBOR", 3),
    "tags of tags": (lambda: file_of(header(), chunk(raw=[("x", b"\xc1" * 4000 + b"\0")]), chunk(), end(6, 2)),
                     None, 6),
    "keys twice": (lambda: file_of(header(), chunk(raw=[("n", b"\x03"), ("n", b"\x02")]), chunk(), end(6, 2)),
                   "not valid", 3),
    "frames of nothing": (lambda: make.frame(header()) + make.frame(b"\x01") * 30000, "problems more", 0),
    "frame starts": (lambda: b"\x04\x22\x4d\x18" * (SIZE // 4), "there is no end|nothing in it is whole", 0),
    "frames that claim": (lambda: (make.frame(bytes(60000))[:15] + b"\xff\xff\0\0") * (SIZE // 19), "given up", 0),
    "frames with a wrong checksum": (lambda: broken(make.frame(bytes(CONTENT))) * 15, "checksum", 0),
    "skippable frames": (lambda: b"\x50\x2a\x4d\x18\0\0\0\0" * (SIZE // 8), "ttlog snapshot", 0),
    "spans that never end": (lambda: file_of(header(sites=[make.site("span", "INFO", "t", "m", 5, [("n", "u64")])]),
                                             *[chunk(20000)] * 5, end(100000, 5)), None, 100000),
}


def test_bombs():
    for name, (make_data, wrong, events) in BOMBS.items():
        path = write("bomb", make_data())
        assert os.path.getsize(path) <= SIZE + 200_000, (name, os.path.getsize(path))
        for way in WAYS:
            status, shown, said = look(path, way, "a bomb")
            # what is not asked for is not decoded
            says = None if name == "columns in columns" and way in WITHOUT_FIELDS else wrong
            assert status == (says is not None), (name, way, status, said[-300:])
            assert says is None or re.search(says, said), (name, way, said[-300:])
            if way == ["--format", "json"] and events is not None:
                assert shown.count(b"\n") == events, (name, shown.count(b"\n"))


def test_fuzzed_formats():
    """New formats are fuzzed, too: a format that is missing here belongs into WAYS there."""
    with open("tests/fuzz/view.c", encoding="utf-8") as file:
        table = file.read()
    missing = [name for name in formats() if '"--format=%s"' % name not in table]
    assert not missing, missing


# ---- Quadratic time ----


def sites_of(keys):
    return [dict(make.site("event", "INFO", "t", "m", 5, []), keys=keys[i : i + 16], types=["u64"] * len(keys[i : i + 16]))
            for i in range(0, len(keys), 16)]  # fmt: skip


def each_once(sites, pad=False):
    """One event of each of these sites."""
    fields = head(4, len(sites)) + b"".join(
        bytes([0x80 | len(site["keys"])]) + cbor2.dumps({"const": 1}) * len(site["keys"]) for site in sites)  # fmt: skip
    numbers = range(len(sites))
    return file_of(header(sites=sites), chunk(len(sites), [("fields", fields)], count=[[i, 1] for i in numbers],
                   site=make.ints("I", numbers)), end(len(sites), 1), pad=pad)  # fmt: skip


def fnv(text, start=0xCBF29CE484222325):
    for byte in text:
        start = (start ^ byte) * 0x100000001B3 % 2**64
    return start


def mixed(*values):
    result = 0
    for value in values:
        result = (result ^ value) * 0x9E3779B97F4A7C15 % 2**64
        result ^= result >> 32
    return result


def events_alike():
    """Events of one moment. Hashed by a function that files can know, their values would have the
    same low 20 bits."""
    site, inverse = SITES[0], pow(0x9E3779B97F4A7C15, -1, 2**64)
    texts = [site[key] for key in ("target", "probe", "msg", "file", "func")] + site["keys"]
    identity = (fnv(b"".join(text.encode() + b"\xff" for text in texts)) + 10) % 2**64 ^ (site["line"] << 8 | 2 << 4)
    before = mixed(identity ^ mixed(0), 1, 1, 10 << 16)
    values = [((n << 32 | n & 0xFFFFF) * inverse ^ before) % 2**64 for n in range(60000)]
    return file_of(header(), chunk(60000, fields=[[make.ints("Q", values)]]), end(60000, 1), pad=False)


def test_squares():
    names = "abcdefghijk"
    cases = ["".join(c.upper() if n >> i & 1 else c for i, c in enumerate(names)) for n in range(1900)]
    many = ["%x" % n for n in range(200000, 264000)]
    for name, data, files, way in [
        ("names that differ in case", each_once(sites_of(cases)), 1, ["--sql", "SELECT count(*) FROM events"]),
        ("names that are long", each_once(sites_of(["k" * 7900 + "%d" % n for n in range(1900)]), pad=True), 1,
         ["--sql", "SELECT count(*) FROM events"]),
        ("fields of many names", each_once(sites_of(many)), 1, ["--stats", "--group-by", "level"]),
        ("events that are alike", events_alike(), 2, ["--format", "json"]),
    ]:  # fmt: skip
        assert len(data) <= SIZE, (name, len(data))
        path = write("square", data)
        status, _, said = look(path, [*way, *[path] * (files - 1)], "what invites squares")
        assert (status, said) == (0, ""), (name, status, said)


def test_the_end_of_time():
    """The last nanosecond that fits into 64 bits, and times that overflow in both directions."""
    last = 2**64 - 1
    two = chunk(2, first_ns=1000, last_ns=1005, time=make.ints("B", [0, 5]))
    for name, items, events in [
        ("the last", (header(clock={"mono_ns": 100, "real_ns": last}), chunk(), end(3, 1)), 3),
        ("up to the last", (header(clock={"mono_ns": 1005, "real_ns": last}), two, end(2, 1)), 2),
        ("over it", (header(clock={"mono_ns": 1003, "real_ns": last}), two, end(2, 1)), 2),
        ("and back", (header(clock={"mono_ns": 1005, "real_ns": last}), two,
                      chunk(1, first_ns=10, last_ns=10, count=[[0, 1]]), end(3, 2)), 3),
        ("and far back", (header(clock={"mono_ns": 10**15, "real_ns": last}), chunk(3, first_ns=10**15, last_ns=10**15),
                          chunk(), end(6, 2)), 6),
    ]:  # fmt: skip
        path = write("time", file_of(*items, pad=False))
        for way in WAYS if "back" in name else []:
            look(path, way)
        _, shown, _ = look(path, ["--timeline", "--format", "json"])
        counted = sum(json.loads(line)["events"] for line in shown.splitlines())
        assert counted == events, (name, counted)


def test_numbers_that_json_has():
    """The bins of the largest doubles end at a number that is still finite."""
    site = make.site("event", "INFO", "t", "m", 5, [("n", "f64")])
    for values in ([1.7e308, -1.7e308], [1.7e308, 1e-320, 1e-310, 1.0], [1e306, 1.0, 1.0, 1.7e308], [1.7976931348623157e308]):
        items = header(sites=[site]), chunk(len(values), fields=[[make.ints("d", values)]]), end(len(values), 1)
        _, shown, _ = look(write("doubles", file_of(*items, pad=False)), ["--histogram", "n", "--format", "json"])
        bins = [json.loads(line, parse_constant=lambda word: 1 / 0) for line in shown.splitlines()]
        assert sum(each["values"] for each in bins) == len(values), (values, bins)


# ---- Text ----


def hostile_text(mark):
    return "%s\u001b[31m\u0007\u009b2J\u202e\u0000\r%s" % (mark, "\u2066")


def bad_text():
    """CBOR text that is not UTF-8, which cbor2 would not write."""
    return b"\x66\xff\xc0\xaf\xed\xa0\x80"


def test_text_is_harmless():
    for name in ("escapes", "bad UTF-8"):
        def text(mark, name=name):
            return cbor2.dumps(hostile_text(mark)) if name == "escapes" else bad_text()

        site = item_of({"kind": "event", "level": "INFO", "line": 1, "types": ["str", "bytes"]},
                       [(key, text(key)) for key in ("target", "probe", "msg", "file", "func")] +
                       [("keys", b"\x82" + text("k") + text("l"))])  # fmt: skip
        thread = item_of({"pid": 1, "tid": 1}, [("comm", text("comm"))])
        keys = ("service", "host", "kernel", "comm", "exe", "build_id", "reason", "created_at")
        frame = b"\xa6" + b"".join(cbor2.dumps(key) + text(key) for key in
                                   ("ip", "module", "build_id", "offset", "symbol", "file"))  # fmt: skip
        crash = b"\xa5" + cbor2.dumps("signal") + text("signal") + cbor2.dumps("thread") + text("t") + \
            cbor2.dumps("address") + text("a") + cbor2.dumps("frames") + b"\x81" + frame + \
            cbor2.dumps("registers") + b"\xa1" + text("r") + text("v")  # fmt: skip
        raw = [("sites", b"\x81" + site), ("threads", b"\x81" + thread), ("crash", crash),
               ("lost", b"\xa1" + text("cause") + b"\x01")]  # fmt: skip
        value = b"\xa1" + cbor2.dumps("const") + text("v")
        data = file_of(header(raw + [(key, text(key)) for key in keys]),
                       chunk(2, [("fields", b"\x81\x82" + value + value)]), end(2, 1))  # fmt: skip
        for way in WAYS:
            status, shown, said = look(write(hostile_text("name").replace("\0", ""), data), way)
            said = re.sub('ttlog-view: n: no event has such a field .*\n', "", said)
            assert (status, said) == (0, ""), (name, way, status, said)
            assert shown or way[0] in ("--filter", "--since"), (name, way)


# ---- No files, and files that change ----


def test_no_files():
    fifo = os.path.join(FOLDER.name, "fifo")
    os.mkfifo(fifo)
    sock = socket.socket(socket.AF_UNIX)
    sock.bind(os.path.join(FOLDER.name, "socket"))
    for path, says in [(fifo, "a pipe; a snapshot must be a file"), (FOLDER.name, "a directory"),
                       ("/dev/zero", "a device; a snapshot must be a file"), ("/dev/tty0", "device|No such"),
                       (sock.getsockname(), "socket|No such device"), ("/nowhere", "No such file"),
                       ("/proc/self/mem", "empty"), (write("empty", b""), "empty")]:  # fmt: skip
        for way in WAYS:
            status, _, said = look(path, way)
            assert status == 1 and re.search(says, said), (path, way, status, said)


def test_file_that_shrinks():
    """The file shrinks while its events are shown: an error in words, no signal. The viewer waits
    for a full pipe, which little output does not fill."""
    noise = os.urandom(100_000)
    padded = chunk(20000, [("x", head(2, len(noise)) + noise)])
    data = file_of(header(), *[padded] * 20, end(400000, 20), pad=False)
    for way in WAYS:
        if way[0] not in ("--format", "--filter") or way[-1] in ("html", "sentry"):
            continue
        for files in (1, 2):
            paths = [write("shrinks%d" % i, data) for i in range(files)]
            with subprocess.Popen([VIEW, *way, *paths], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
                first = process.stdout.read(100)
                os.truncate(paths[0], len(data) // 2)
                rest, said = process.communicate(timeout=DEADLINE_S)
            assert first and process.returncode == 1, (way, files, process.returncode, said[-300:])
            assert re.search(rb"shrinks0: .*(no end|changed|cut|damaged)", said), (way, files, said[-300:])


if __name__ == "__main__":
    run(globals())
