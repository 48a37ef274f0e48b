#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The formats that other tools read: view_formats.py TTLOG-VIEW. Run from the top of the tree.

What each says is compared with `--format json` of the same files, through a parser that is not ours.
"""
import csv
import io
import json
import os
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, "tests")
sys.dont_write_bytecode = True

import make_snapshot as make  # noqa: E402
from read_snapshot import UNSAFE  # noqa: E402

FIXED = ["ts", "mono_ns", "level", "target", "probe", "msg", "pid", "tid", "comm", "file", "line",
         "func", "duration_ns"]  # fmt: skip
FORMATS = ["csv", "logfmt"]
GOLDEN = ["tests/golden/golden.bin"]
FILES = {
    "golden": GOLDEN,
    "packed": ["tests/golden/packed.bin"],
    "overlapping": ["tests/golden/overlap-%s.bin" % name for name in ("first", "second", "other")],
}


def view_bytes(*args, status=0):
    result = subprocess.run([VIEW, *map(str, args)], capture_output=True, timeout=60)
    assert result.returncode == status, (args, result.returncode, result.stderr)
    return result.stdout


def view(*args, status=0):
    # not text=True, which would read \r\n as \n
    return view_bytes(*args, status=status).decode()


def events_of(*args, status=0, **how):
    return [json.loads(line, **how) for line in view("--format", "json", *args, status=status).splitlines()]


def texts_of(*args, status=0):
    """The same with every number as the text that it is."""
    return events_of(*args, status=status, parse_int=str, parse_float=str)


def names(event):
    """A field's key, and what it is called beside the fixed ones."""
    return {key: "fields." * (key in FIXED) + key for key in event["fields"]}


def no_escapes(text):
    assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f]", text), "control characters"
    assert not UNSAFE.search(text), "characters that a terminal acts on"


def odd_file(folder):
    """Fields that are called as fixed columns, the same key twice, keys that need care, two files."""
    fields = [("pid", "u32"), ("a", "str"), ("a", "u8"), ('k "=\', \u001b\n', "str"), ("", "bool")]
    sites = [make.site("event", "INFO", "odd", "Odd, 'so'", 1, fields),
             make.site("event", "WARN", "warn", "", 2, [("b", "str"), ("a", "str")])]  # fmt: skip
    encoders = {0: [make.plain] * 5, 1: [make.plain] * 2}
    header = {"clock": {"mono_ns": 1000, "real_ns": make.REAL}, "pid": 5, "host": "h", "comm": "odd"}
    threads = [{"pid": 5, "tid": 6, "comm": "x,y=z"}]
    snapshot = make.Snapshot(header, sites, threads, encoders)
    snapshot.chunk([
        (10, 0, 0, [1, "", 2, "v", 1]),
        (11, 1, 0, ["x=y", ","]),
        (12, 0, 0, [3, None, 4, "null", 0]),
        (13, 1, 0, ["'", "a'b"]),
        (14, 1, 0, ["\x1b[2J\x00", "l1\r\nl2"]),
    ])  # fmt: skip
    snapshot.end()
    path = os.path.join(folder, "odd.bin")
    with open(path, "wb") as file:
        file.write(snapshot.file())
    return path


# ---- csv ----


def csv_shown(value):
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    shown = re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f]", lambda m: "\\x%02x" % ord(m.group()),
                   value.replace("\r", "\\r"))
    return UNSAFE.sub(lambda m: ("\\x%02x" if ord(m.group()) < 128 else "\\u%04x") % ord(m.group()),
                      shown)  # fmt: skip


def csv_rows(text):
    assert text.endswith("\r\n")
    no_escapes(text.replace("\r\n", "\n"))
    assert "\r" not in text.replace("\r\n", ""), "a carriage return that ends no line"
    rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    assert {len(row) for row in rows} == {len(rows[0])}, "lines of different length"
    return rows


def test_csv():
    for name, files in FILES.items():
        head, *rows = csv_rows(view("--format", "csv", *files))
        events = texts_of(*files)
        keys = [key for event in events for key in names(event).values()]
        assert head[: len(FIXED)] == FIXED and len(set(head)) == len(head), name
        assert set(head[len(FIXED) :]) == set(keys), name
        assert len(rows) == len(events) > 0, name
        for row, event in zip(rows, events):
            got = {key: value for key, value in zip(head, row) if value}
            want = {key: csv_shown(event[key]) for key in FIXED if key in event}
            want.update((names(event)[key], csv_shown(value)) for key, value in event["fields"].items())
            assert got == {key: value for key, value in want.items() if value}, (name, got, want)


def test_csv_columns():
    """In the order of the sites, whatever is chosen; twice the same key is two columns."""
    with tempfile.TemporaryDirectory() as folder:
        text = view("--format", "csv", odd_file(folder))
        head, *rows = csv_rows(text)
        assert head[len(FIXED) :] == ["fields.pid", "a", "a", "k \"=', \\x1b\n", "", "b"], head
        assert rows[0][len(FIXED) :] == ["1", "", "2", "v", "true", ""], rows[0]
        assert rows[1][len(FIXED) :] == ["", ",", "", "", "", "x=y"], rows[1]
        assert rows[4][len(FIXED) :] == ["", "l1\\r\nl2", "", "", "", "\\x1b[2J\\x00"], rows[4]
        # null and empty text differ, for those that care
        assert ',1,"",2,v,true,\r\n' in text and ",3,,4,null,false,\r\n" in text
    head, *rows = csv_rows(view("--format", "csv", *GOLDEN, "--filter", "level=ERROR"))
    assert "symbol" in head and len(rows) == 1
    assert len(csv_rows(view("--format", "csv", *GOLDEN, "--limit", 0))) == 1


# ---- logfmt ----


def logfmt_pairs(line):
    """By the rules of go-logfmt's decoder: whatever it would refuse fails here."""
    pairs, at = [], 0
    while at < len(line):
        if line[at] <= " ":
            at += 1
            continue
        key = re.compile("[^\x00-\x20=\"']+").match(line, at)
        assert key and "\ufffd" not in key.group() and line[key.end()] == "=", (line, at)
        at = key.end() + 1
        if line[at : at + 1] == '"':
            value = re.compile(r'"(?:[^"\\]|\\.)*"').match(line, at)
            pairs.append((key.group(), json.loads(value.group())))
        else:
            value = re.compile("[^\x00-\x20=\"']*").match(line, at)
            pairs.append((key.group(), value.group()))
        at = value.end()
        assert line[at : at + 1] in ("", " "), (line, at)
    return pairs


def logfmt_shown(value):
    return {None: "null", True: "true", False: "false"}[value] if value in (None, True, False) else value


def test_logfmt():
    with tempfile.TemporaryDirectory() as folder:
        for files in [*FILES.values(), [odd_file(folder)]]:
            text = view("--format", "logfmt", *files)
            no_escapes(text)
            events = texts_of(*files)
            assert len(text.splitlines()) == len(events) > 0
            for line, event in zip(text.splitlines(), events):
                want = [(key, event[key]) for key in FIXED[:-1]]
                want += [(re.sub("[\x00- =\"']", "_", name) or "_", logfmt_shown(event["fields"][key]))
                         for key, name in names(event).items()]  # fmt: skip
                want += [("duration_ns", event["duration_ns"])] if "duration_ns" in event else []
                pairs = logfmt_pairs(line)
                # JSON's parser keeps the last of two equal keys only
                assert [pair for i, pair in enumerate(pairs)
                        if pair[0] not in [key for key, _ in pairs[i + 1 :]]] == \
                    sorted(want, key=lambda pair: max(i for i, got in enumerate(pairs)
                                                      if got[0] == pair[0])), (pairs, want)  # fmt: skip


# ---- all of them ----


def test_mistakes():
    for mode in ("--info", "--stats"):
        for name in FORMATS:
            view("--format", name, mode, *GOLDEN, status=2)


def test_damaged():
    """What can be read is shown, and the status says that it is not all."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "cut.bin")
        with open("tests/golden/small.bin", "rb") as whole, open(path, "wb") as cut:
            cut.write(whole.read(560))
        for name in FORMATS:
            assert len(view("--format", name, path, status=1)) > 100, name


def main():
    failed = 0
    for name, test in list(globals().items()):
        if name.startswith("test_"):
            try:
                test()
            except Exception as error:
                print("view_formats.py: %s: %s: %s" % (name, type(error).__name__, error), file=sys.stderr)
                failed = 1
    sys.exit(failed)


if __name__ == "__main__":
    VIEW = sys.argv[1]
    main()
