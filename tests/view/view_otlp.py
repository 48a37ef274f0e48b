#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""--format otlp-json: view_otlp.py TTLOG-VIEW. Run from the top of the tree.

Compares the output with `--format json` of the same files, through another project's parser.
"""
import base64
import json
import os
import re
import sys
import tempfile

sys.path.insert(0, "tests")
sys.dont_write_bytecode = True

import make_snapshot as make  # noqa: E402
from format_fixture import FILES, GOLDEN, GOLDEN_DEATH, GOLDEN_STACK, MS, NESTED, TORN  # noqa: E402
from format_fixture import ABORT_DEATH, abort_file, death_file, no_escapes, span_file  # noqa: E402
from view_harness import run, texts_of, view  # noqa: E402

SEVERITY = {"TRACE": 1, "DEBUG": 5, "INFO": 9, "WARN": 13, "ERROR": 17, "FATAL": 21}


def otlp_lines(text):
    """The lines and their resources: logs first."""
    no_escapes(text)
    assert text.endswith("\n"), "a collector reads files by lines"
    lines = [json.loads(line, parse_float=str, parse_constant=lambda name: 1 / 0)
             for line in text.split("\n")[:-1]]  # fmt: skip
    assert all(len(line) == 1 for line in lines), "of each line one kind"
    assert max(map(len, text.split("\n"))) < 2**20, "longer lines are cut where they are read"
    kinds = [(kind, resources) for line in lines for kind, resources in line.items()]
    assert [kind for kind, _ in kinds] == sorted((kind for kind, _ in kinds)), "logs, then spans"
    return kinds


def otlp_all(*args):
    """(process's attributes, log) and the same of spans."""
    found = {"resourceLogs": [], "resourceSpans": []}
    inside = {"resourceLogs": ("scopeLogs", "logRecords"), "resourceSpans": ("scopeSpans", "spans")}
    for kind, resources in otlp_lines(view("--format", "otlp-json", *args)):
        inner, items = inside[kind]
        found[kind] += [(attributes(resource["resource"]), item) for resource in resources
                        for scope in resource[inner] for item in scope[items]]  # fmt: skip
        assert all(scope["scope"]["name"] == "ttlog" and scope[items] for resource in resources
                   for scope in resource[inner])  # fmt: skip
    return found.values()


def otlp(*args):
    logs, spans = otlp_all(*args)
    return [(process, log) for process, log in logs if log["eventName"] != "crash"], spans


def any_value(value):
    """An AnyValue, by protobuf's JSON mapping: (its kind, how JSON shows it)."""
    if not value:
        return None, None
    ((kind, shown),) = value.items()
    if kind == "boolValue":
        assert isinstance(shown, bool)
    elif kind == "doubleValue":
        shown = str(shown)
    else:
        assert isinstance(shown, str), "64-bit integers are strings"  # so are floats, by parse_float
    if kind == "intValue":
        assert -(2**63) <= int(shown) < 2**63
    if kind == "bytesValue":
        shown = base64.b64decode(shown, validate=True).hex()
    assert kind in ("boolValue", "intValue", "doubleValue", "stringValue", "bytesValue"), kind
    return kind, shown


def attributes(item):
    return {pair["key"]: any_value(pair["value"]) for pair in item["attributes"]}


def plain(pairs):
    return {key: value for key, (_, value) in pairs.items()}


def own(pairs):
    """Without the attributes that every log or span has."""
    return {key: value for key, value in plain(pairs).items()
            if key.split(".")[0] not in ("code", "thread", "ttlog")}  # fmt: skip


def test_logs():
    for files in FILES.values():
        logs, spans = otlp(*files)
        spans = {plain(attributes(span))["code.line.number"] for _, span in spans}
        lines = [line for line in texts_of(*files) if line["line"] not in spans]
        assert len(logs) == len(lines) > 0
        for (process, log), line in zip(logs, lines):
            pairs = attributes(log)
            fields = {key: value and value.replace("\u2026", "") if pairs[key][0] == "bytesValue" else value
                      for key, value in line["fields"].items()}  # fmt: skip
            assert own(pairs) == fields, (pairs, fields)
            for key, of in (("code.file.path", "file"), ("code.function.name", "func"), ("thread.id", "tid"),
                            ("code.line.number", "line"), ("thread.name", "comm"),
                            ("ttlog.target", "target")):  # fmt: skip
                assert pairs[key][1] == line[of], (key, pairs)
            assert log["severityNumber"] == SEVERITY[line["level"]]
            assert log["severityText"] == line["level"] and log["eventName"] == line["probe"]
            assert log["body"] == {"stringValue": line["msg"]}
            seconds, _, rest = log["timeUnixNano"][:-9], 0, log["timeUnixNano"][-9:]
            assert make.time_text(int(seconds + rest)) == line["ts"]
            assert process["process.pid"] == ("intValue", line["pid"])


def test_types():
    logs, _ = otlp(*GOLDEN, "--filter", "probe=all_*")
    kinds = {}
    for _, log in logs:
        for key, (kind, _) in attributes(log).items():
            kinds.setdefault(key, set()).add(kind)
    for key, kind in (("b", "boolValue"), ("c", "stringValue"), ("i64", "intValue"), ("x", "stringValue"),
                      ("f32", "doubleValue"), ("blob", "bytesValue"), ("price", "doubleValue"),
                      ("name", "stringValue")):  # fmt: skip
        assert kinds[key] - {None} == {kind}, (key, kinds[key])
    # a value that its integers cannot hold
    assert kinds["u64"] == {"stringValue"}
    assert sum("ttlog.cut.blob" in attributes(log) for _, log in logs) == 1
    process, _ = logs[0]
    assert plain(process) == {
        "service.name": "orders", "host.name": "db1", "process.pid": "1234",
        "process.executable.path": "/usr/bin/orderd",
        "process.executable.build_id.gnu": "c0ffee" * 6 + "cafe",
    }, process  # fmt: skip


def test_death():
    """The cause of the process's death, as an exception."""
    for files in ([*GOLDEN, "--limit", 0], GOLDEN * 2, GOLDEN):
        logs, _ = otlp_all(*files)
        (death,) = [log for _, log in logs if log["eventName"] == "crash"]
        assert plain(attributes(death)) == {
            "exception.type": "SIGSEGV", "exception.message": GOLDEN_DEATH, "thread.name": "worker-3",
            "exception.stacktrace": "\n".join(GOLDEN_STACK), "thread.id": "1240",
        }, death  # fmt: skip
        assert death["body"] == {"stringValue": GOLDEN_DEATH} and death["severityNumber"] == SEVERITY["FATAL"]
    with tempfile.TemporaryDirectory() as folder:
        ((process, death),), _ = otlp_all(death_file(folder))
        assert plain(process)["process.pid"] == "9" and plain(attributes(death))["thread.id"] == "10"
        assert death["timeUnixNano"] == str(make.REAL)
        ((_, death), *_), _ = otlp_all(abort_file(folder), "--limit", 0)
        thrown = plain(attributes(death))
        assert (thrown["exception.type"], thrown["exception.message"]) == ("shop::no_stock", "sold out"), death
        assert death["body"] == {"stringValue": ABORT_DEATH}


def test_lines():
    """Many lines, none too long, with all events; a file without events is a line, too."""
    rows = [(i * 1000, 0, "!") for i in range(1, 3001)]
    rows += [(9 * MS + i, 0, "+-"[i % 2] + "a") for i in range(4000)]
    with tempfile.TemporaryDirectory() as folder:
        path = span_file(folder, rows)
        lines = otlp_lines(view("--format", "otlp-json", path))
        logs, spans = otlp(path)
        assert len(logs) == 3000 and len(spans) == 2000 and 3 < len(lines) < 20
        assert view("--format", "otlp-json", "--limit", 0, path) == '{"resourceLogs":[]}\n'
        # the longest possible event
        fields = [("k%d" % i, "str") for i in range(16)]
        snapshot = make.Snapshot({"clock": {"mono_ns": 5, "real_ns": 3}, "pid": 1},
                                 [make.site("event", "INFO", "e", "m", 1, fields)],
                                 [{"pid": 1, "tid": 1, "comm": ""}], {0: [make.plain] * 16})  # fmt: skip
        snapshot.chunk([(1 + i, 0, 0, ["\1" * 4000] * 16) for i in range(9)])
        snapshot.end()
        path = os.path.join(folder, "long.bin")
        with open(path, "wb") as file:
            file.write(snapshot.file())
        logs, _ = otlp(path)
        assert len(logs) == 9 and own(attributes(logs[8][1])) == {key: "\1" * 4000 for key, _ in fields}


def otlp_spans(*args):
    logs, spans = otlp(*args)
    spans = [span for _, span in spans]
    for item in spans + [log for _, log in logs if "spanId" in log]:
        assert re.fullmatch("[0-9a-f]{32}", item["traceId"]) and re.fullmatch("[0-9a-f]{16}", item["spanId"])
        assert int(item["spanId"], 16) and int(item["traceId"], 16)
    by_id = {span["spanId"]: span for span in spans}
    assert len(by_id) == len(spans)
    for span in spans:
        assert span["kind"] == 1 and int(span["startTimeUnixNano"]) <= int(span["endTimeUnixNano"])
        if "parentSpanId" in span:
            parent = by_id[span["parentSpanId"]]
            assert parent["traceId"] == span["traceId"]
            assert int(parent["startTimeUnixNano"]) <= int(span["startTimeUnixNano"])
            assert int(parent["endTimeUnixNano"]) >= int(span["endTimeUnixNano"])
    return [log for _, log in logs], spans, by_id


def otlp_shape(span, by_id):
    start = int(span["startTimeUnixNano"]) - make.REAL + 10**9
    pairs = plain(attributes(span))
    return (span["name"], start, int(span["endTimeUnixNano"]) - make.REAL + 10**9 - start,
            by_id[span["parentSpanId"]]["name"] if "parentSpanId" in span else None, pairs.get("what"),
            pairs.get("ttlog.unfinished", False))  # fmt: skip


def test_spans():
    with tempfile.TemporaryDirectory() as folder:
        path = span_file(folder, NESTED)
        logs, spans, by_id = otlp_spans(path)
        got = [otlp_shape(span, by_id) for span in spans]
        assert got == [
            ("a", 11 * MS, 5 * MS, None, "+a", False),
            ("c", 15 * MS + 7, 2 * MS + 116, "b", "+c", False),
            ("b", 12 * MS + 1, 6 * MS - 1, "a", "+b", False),
            ("b", 19 * MS, MS, "a", "+b", False),
            ("a", 10 * MS, 11 * MS, None, "+a", False),
        ], got
        assert len({span["traceId"] for span in spans}) == 2, "a trace is what is in an outermost span"
        assert [by_id[log["spanId"]]["name"] for log in logs] == ["b", "a"], logs
        assert all(by_id[log["spanId"]]["traceId"] == log["traceId"] for log in logs)
        # The same file, the same ids; also if less of it is shown.
        assert otlp_spans(path)[2].keys() == by_id.keys()
        assert otlp_spans(path, "--filter", "tid=8")[2].keys() < by_id.keys()
        for cut in range(len(NESTED) + 1):
            otlp_spans(path, "--limit", cut)
            otlp_spans(path, "--head", cut)


def test_torn_spans():
    with tempfile.TemporaryDirectory() as folder:
        logs, spans, by_id = otlp_spans(span_file(folder, TORN))
        got = [otlp_shape(span, by_id) for span in spans]
        assert got == [
            ("c", 6 * MS, 4 * MS, None, None, False),
            ("b", 12 * MS, 3 * MS, "a", "+b", True),
            ("a", 11 * MS, 4 * MS, None, "+a", False),
            ("a", 16 * MS, 2 * MS, None, "+a", True),
            ("b", 17 * MS, MS, "a", "+b", True),
        ], got
        assert [by_id[log["spanId"]]["name"] for log in logs] == ["b"]


def test_keys():
    """Each attribute once, none without a name, none with a name of ours."""
    fields = [("a", "u8"), ("a", "str"), ("", "bool"), ("thread.id", "u32"), ("ttlog.target", "str"),
              ("code.mine", "u8"), ("b", "bytes"), ("b", "bytes")]  # fmt: skip
    site = make.site("event", "INFO", "keys", "Keys", 1, fields)
    threads = [{"pid": 2**63, "tid": 6, "comm": "c"}]
    snapshot = make.Snapshot({"clock": {"mono_ns": 9, "real_ns": make.REAL}, "pid": 2**63}, [site], threads,
                             {0: [make.plain] * 8})  # fmt: skip
    snapshot.chunk([(1, 0, 0, [1, "x", 1, 7, "t", 2, [b"\0"], [b"\1"]])])
    snapshot.end()
    with tempfile.TemporaryDirectory() as folder:
        ((process, log),), _ = otlp(snapshot.save(os.path.join(folder, "keys.bin")))
    keys = [pair["key"] for pair in log["attributes"]]
    assert len(set(keys)) == len(keys), keys
    pairs = plain(attributes(log))
    assert {key: pairs[key] for key in keys[:10]} == {
        "a": "1", "a#2": "x", "fields.": True, "fields.thread.id": "7", "fields.ttlog.target": "t",
        "code.mine": "2", "b": "00", "ttlog.cut.b": True, "b#2": "01", "ttlog.cut.b#2": True,
    }, pairs  # fmt: skip
    assert (pairs["thread.id"], pairs["ttlog.target"]) == ("6", "orders")
    assert process["process.pid"] == ("stringValue", str(2**63)), "beyond its integers"


def test_machines():
    """The same pid on two machines is two resources, and two different spans."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [span_file(folder, NESTED, name="one.bin"),
                 span_file(folder, NESTED, name="two.bin", host="other", ahead=3 * MS)]  # fmt: skip
        _, spans = otlp(*paths)
        hosts = [plain(process)["host.name"] for process, _ in spans]
        assert hosts.count("h") == hosts.count("other") == 5
        assert len({span["spanId"] for _, span in spans}) == 10


def test_spans_over_files():
    """Snapshots of one process: a span that starts in one and ends in the next is one span."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [span_file(folder, NESTED[:8], name="one.bin"), span_file(folder, NESTED, name="two.bin", ahead=123)]
        _, spans, _ = otlp_spans(*paths)
        assert len(spans) == 5 and all("ttlog.unfinished" not in attributes(span) for span in spans)


if __name__ == "__main__":
    run(globals())
