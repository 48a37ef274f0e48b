#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The formats with one event a line that other tools read, and what all formats share:
view_formats.py TTLOG-VIEW. Run from the top of the tree.

Compares the output with `--format json` of the same files, through another project's parser.
"""
import csv
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, "tests")
sys.dont_write_bytecode = True

import jsonschema  # noqa: E402
import make_snapshot as make  # noqa: E402
from format_fixture import FILES, GOLDEN, STACK, UNSAFE, file_of_host, no_escapes, odd_file, stack_file  # noqa: E402
from view_harness import DEADLINE_S, VIEW, events_of, hostile_files, run, texts_of, view  # noqa: E402
from view_otlp import otlp_lines  # noqa: E402

FIXED = ["ts", "mono_ns", "level", "target", "probe", "msg", "pid", "tid", "comm", "file", "line",
         "func", "duration_ns"]  # fmt: skip
FORMATS = ["csv", "logfmt", "chrome", "otlp-json"]


def names(event):
    """A field's key, and its name beside the fixed ones."""
    return {key: "fields." * (key in FIXED) + key for key in event["fields"]}


# ---- schema ----


def test_schema():
    """Every line is valid, and a line that is no event is not."""
    text = view("--format", "schema")
    assert text == view("--format", "schema", "/nonexistent"), "no file is read"
    schema = json.loads(text)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    with tempfile.TemporaryDirectory() as folder:
        all_files = [*FILES.values(), ["tests/golden/twin-first.bin"], [odd_file(folder)],
                     [stack_file(folder)], ["tests/golden/contexts.bin"], ["tests/golden/nulls.bin"],
                     ["tests/golden/suppressed.bin"],
                     [file_of_host(folder, pid, f"h{pid}", [pid], 1000) for pid in (1, 2)]]
        events = [event for files in all_files for event in events_of(*files)]
    for event in events:
        validator.validate(event)
    assert {key for event in events for key in event} == set(schema["properties"])

    def refuses(event, **changes):
        event = {key: value for key, value in dict(event, **changes).items() if value is not ...}
        return not validator.is_valid(event)

    begin = next(e for e in events if "duration_ns" not in e)
    traced = next(e for e in events if "trace_id" in e)
    for key in begin:
        assert refuses(begin, **{key: ...}) and refuses(begin, **{key: []}), key
    for changes in ({"level": "LOUD"}, {"ts": "2026-11-21T06:00:00Z"}, {"pid": -1}, {"mono_ns": 2**64},
                    {"mono_ns": 1.5}, {"other": 1}, {"fields": {"a": [1]}}, {"fields": {"a": {}}},
                    {"duration_ns": "1"}):  # fmt: skip
        assert refuses(begin, **changes), changes
    assert refuses(traced, span_id=...) and refuses(traced, trace_id="4BF9"), "ids of a context"


# ---- stacks ----


def test_stacks():
    """The stack of an event, and of no other one, as text and in JSON."""
    with tempfile.TemporaryDirectory() as folder:
        path = stack_file(folder)
        assert [event.get("stack") for event in events_of(path)] == [None, STACK, None]
        lines = view(path).splitlines()
    assert lines[2:5] == ["    #0  inner at src/tick.c:7 in /bin/tick+0x10",
                          "    #1  outer+0x1f at src/tick.c:12 in /bin/tick+0x10", "    #2  0xdead"], lines  # fmt: skip
    assert len(lines) == 6


def test_stacks_of_several_files():
    """The first file shows an event, also with the stack that only another one has."""
    with tempfile.TemporaryDirectory() as folder:
        path, bare = stack_file(folder), os.path.join(folder, "bare.bin")
        make.recorded([(10 + i, 0, 0, [i], (4, 77), i) for i in range(3)]).save(bare)
        for files in ([bare, path], [path, bare], [bare, path, path]):
            assert [event.get("stack") for event in events_of(*files)] == [None, STACK, None], files
        other = os.path.join(folder, "other.bin")
        make.recorded([(10 + i, 0, 1, [i], (4, 77), i) for i in range(3)]).save(other)
        assert [event.get("stack") for event in events_of(other, path) if event["tid"] == 71] == [None] * 3


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
    """In the order of the sites, for any selection; the same key twice is two columns."""
    with tempfile.TemporaryDirectory() as folder:
        text = view("--format", "csv", odd_file(folder))
        head, *rows = csv_rows(text)
        assert head[len(FIXED) :] == ["fields.pid", "a", "a", "k \"=', \\x1b\n", "", "b"], head
        assert rows[0][len(FIXED) :] == ["1", "", "2", "v", "true", ""], rows[0]
        assert rows[1][len(FIXED) :] == ["", ",", "", "", "", "x=y"], rows[1]
        assert rows[4][len(FIXED) :] == ["", "l1\\r\nl2", "", "", "", "\\x1b[2J\\x00"], rows[4]
        # null and empty text differ, for readers that distinguish them
        assert ',1,"",2,v,true,\r\n' in text and ",3,,4,null,false,\r\n" in text
    head, *rows = csv_rows(view("--format", "csv", *GOLDEN, "--filter", "level=ERROR"))
    assert "symbol" in head and len(rows) == 1
    assert len(csv_rows(view("--format", "csv", *GOLDEN, "--limit", 0))) == 1


def test_csv_null():
    """null is the empty field, and no other value is."""
    site = make.site("event", "INFO", "e", "m", 1, [("s", "str"), ("b", "bytes")])
    snapshot = make.Snapshot({"clock": {"mono_ns": 9, "real_ns": make.REAL}, "pid": 5}, [site],
                             [{"pid": 5, "tid": 6, "comm": "c"}], {0: [make.plain] * 2})  # fmt: skip
    snapshot.chunk([(1, 0, 0, ["", b""]), (2, 0, 0, [None, None]), (3, 0, 0, [[""], [b""]])])
    snapshot.end()
    with tempfile.TemporaryDirectory() as folder:
        text = view("--format", "csv", snapshot.save(os.path.join(folder, "null.bin")))
    assert len(csv_rows(text)) == 4
    assert [line.rsplit(",", 2)[1:] for line in text.split("\r\n")[1:-1]] == \
        [['""', '""'], ["", ""], ['"\u2026"', "\u2026"]], text  # fmt: skip


FORMULAS = ["=1+1", "+1 234", "-x", "@SUM(A1)", "\t=1", "\n=1", "=\"a\",b", "-", "+.e1", "-1e", "=", "-5-3"]
HARMLESS = ["1+1", "-5", "+0.5", "-1.5e-3", ".5", "-.5E7", "a=1", " =1", "'", "", "\u00e9=", "5"]


def test_csv_formulas():
    """Text that a spreadsheet would compute is disarmed, unless an option asks for the raw text.
    Numbers stay numbers."""
    site = make.site("event", "INFO", "e", "=msg", 1, [("=k", "str"), ("n", "i8"), ("c", "char")], target="@t")
    snapshot = make.Snapshot({"clock": {"mono_ns": 9, "real_ns": make.REAL}, "pid": 5}, [site],
                             [{"pid": 5, "tid": 6, "comm": "-c"}], {0: [make.plain] * 3})  # fmt: skip
    texts = FORMULAS + HARMLESS
    snapshot.chunk([(i, 0, 0, [text, -5, ord("=")]) for i, text in enumerate(texts)])
    snapshot.end()
    with tempfile.TemporaryDirectory() as folder:
        path = snapshot.save(os.path.join(folder, "formulas.bin"))
        for args, mark in ([], "'"), (["--csv-formulas"], ""):
            head, *rows = csv_rows(view("--format", "csv", *args, path))
            assert head[-3:] == [mark + "=k", "n", "c"], head
            assert [row[-3] for row in rows] == [mark + text for text in FORMULAS] + HARMLESS, rows
            for row in rows:
                event = dict(zip(head, row))
                assert (event["target"], event["msg"], event["comm"]) == (mark + "@t", mark + "=msg", mark + "-c")
                assert (event["n"], event["c"]) == ("-5", mark + "=")
            names, *rows = csv_rows(view("--format", "csv", *args, "--sql", 'SELECT "=k", n FROM events', path))
            assert names == [mark + "=k", "n"], names
            assert rows == [[mark + text, "-5"] for text in FORMULAS] + [[text, "-5"] for text in HARMLESS]
        view("--csv-formulas", path, status=2)


# ---- logfmt ----


def logfmt_pairs(line):
    """By the rules of go-logfmt's decoder: text that it would refuse fails here."""
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
                # JSON's parser keeps only the last of two equal keys
                assert [pair for i, pair in enumerate(pairs)
                        if pair[0] not in [key for key, _ in pairs[i + 1 :]]] == \
                    sorted(want, key=lambda pair: max(i for i, got in enumerate(pairs)
                                                      if got[0] == pair[0])), (pairs, want)  # fmt: skip


# ---- all of them ----


def test_mistakes():
    for mode in ("--info", "--stats"):
        for name in FORMATS:
            view("--format", name, mode, *GOLDEN, status=2)


def test_output_is_no_input():
    """A snapshot is never overwritten, under any name and whether it is read or not."""
    with tempfile.TemporaryDirectory() as folder:
        path, link = os.path.join(folder, "a.bin"), os.path.join(folder, "link.bin")
        shutil.copy(*GOLDEN, path)
        os.symlink(path, link)
        with open(path, "rb") as file:
            whole = file.read()
        for name in ["text", "json", "schema", "html", "perfetto", *FORMATS]:
            for to in (path, link):
                result = subprocess.run([VIEW, "--format", name, "-o", to, *GOLDEN, path], capture_output=True)
                assert result.returncode == 1 and b"nothing was written" in result.stderr, (name, result)
                with open(path, "rb") as file:
                    assert file.read() == whole, name


def is_whole(name, text):
    """For any file the output follows its format."""
    if name == "csv":
        csv_rows(text)
    elif name == "logfmt":
        [logfmt_pairs(line) for line in text.splitlines()]
    elif name == "otlp-json":
        otlp_lines(text)
    else:
        json.loads(text)


def test_hostile():
    count = 0
    with tempfile.TemporaryDirectory() as folder:
        for path in hostile_files(folder):
            count += 1
            for name in FORMATS:
                result = subprocess.run([VIEW, "--format", name, path], capture_output=True, timeout=DEADLINE_S)
                assert result.returncode in (0, 1), (count, result)
                is_whole(name, result.stdout.decode())
    assert count > 50


def test_damaged():
    """The readable part is shown, and the status says that it is not all."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "cut.bin")
        with open("tests/golden/small.bin", "rb") as whole, open(path, "wb") as cut:
            cut.write(whole.read(560))
        for name in FORMATS:
            text = view("--format", name, path, status=1)
            assert len(text) > 100, name
            is_whole(name, text)


if __name__ == "__main__":
    run(globals())
