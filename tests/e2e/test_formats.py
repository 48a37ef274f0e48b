# SPDX-License-Identifier: MIT
"""What other tools make of a recording."""
import json
import signal
from collections import Counter

from harness import check, equal, view
from test_types import record

# a thread's 12 requests, see tests/apps/spans.c
SLICES = {"handle_request": 12, "parse": 12, "lookup": 3, "step": 9, "outer": 3, "inner": 3}
THREADS = 3


def test_chrome_slices_nest(t):
    """With the kernel's clock, whose readings for start, end and duration differ."""
    _, snapshot = record(t, "spans", THREADS)
    events = json.loads(view("--format", "chrome", snapshot.path), parse_float=str)["traceEvents"]
    slices = [event for event in events if event["ph"] == "X"]
    equal(Counter(event["name"] for event in slices),
          Counter({name: cnt * THREADS for name, cnt in SLICES.items()}), "slices")
    check(not any(event["ph"] == "B" for event in events), "nothing is left open")
    check(all("request" in event["args"] for event in slices), "fields of the begins")
    for tid in {event["tid"] for event in slices}:
        ends = []
        mine = [(int(event["ts"].replace(".", "")), int(event["dur"].replace(".", "")))
                for event in slices if event["tid"] == tid]
        for begin, dur in sorted(mine, key=lambda pair: (pair[0], -pair[1])):
            while ends and ends[-1] <= begin:
                ends.pop()
            check(not ends or begin + dur <= ends[-1], f"a slice of {tid} ends after the one around it")
            ends.append(begin + dur)


def test_otlp_spans_have_parents(t):
    _, snapshot = record(t, "spans", THREADS)
    logs, spans = map(json.loads, view("--format", "otlp-json", snapshot.path).splitlines())
    spans = [span for resource in spans["resourceSpans"] for scope in resource["scopeSpans"]
             for span in scope["spans"]]  # fmt: skip
    by_id = {span["spanId"]: span for span in spans}
    equal(len(by_id), sum(SLICES.values()) * THREADS, "spans, each with an id of its own")
    parents = Counter((span["name"], by_id[span["parentSpanId"]]["name"] if "parentSpanId" in span else None)
                      for span in spans)
    wanted = {(name, "handle_request"): cnt * THREADS for name, cnt in SLICES.items()}
    del wanted["handle_request", "handle_request"], wanted["inner", "handle_request"]
    wanted.update({("handle_request", None): 12 * THREADS, ("inner", "outer"): 3 * THREADS})
    equal(parents, Counter(wanted), "what is in what")
    logs = [log for resource in logs["resourceLogs"] for scope in resource["scopeLogs"]
            for log in scope["logRecords"]]  # fmt: skip
    equal(Counter(by_id[log["spanId"]]["name"] for log in logs),
          Counter({"outer": 3 * THREADS, "inner": 3 * THREADS}), "logs in spans")


def check_traces(t, app, *args):
    """babeltrace2 and protobuf read the same as JSON says."""
    import read_traces  # only these tests need their modules

    _, snapshot = record(t, app, *args)
    lines = [json.loads(line, parse_int=str, parse_float=str)
             for line in view("--format", "json", snapshot.path).splitlines()]  # fmt: skip
    folder, path = t.path("trace.ctf"), t.path("trace.perfetto")
    view("--format", "ctf", "-o", folder, snapshot.path)
    read_traces.check_ctf(read_traces.ctf_events(folder), lines, app)
    equal(len(read_traces.babeltrace(folder)), len(lines), "lines of babeltrace2")
    view("--format", "perfetto", "-o", path, snapshot.path)
    with open(path, "rb") as file:
        trace = read_traces.Perfetto(file.read())
    read_traces.check_perfetto(trace, lines, app)
    slices = trace.slices()
    check(all(item["end"] for item in slices), "nothing is left open")
    equal(Counter(item["name"] for item in slices),
          Counter(line["probe"] for line in lines if "duration_ns" in line), f"slices of {app}")  # fmt: skip


def test_traces_of_all_types(t):
    check_traces(t, "types")


def test_traces_of_spans(t):
    check_traces(t, "spans", THREADS)


def test_sentry_event_of_a_crash(t):
    """The stack of a real crash, oldest first; each frame lies in one of the images; the last events."""
    collector = t.collect("--tag", "release=7", "--", t.app("crash"), 3, 50, "SEGV").end(128 + signal.SIGSEGV)
    check(collector.all_accounts(), "accounts")
    snapshot = t.only_snapshot()
    event = json.loads(view("--format", "sentry", snapshot.path))
    (exception,) = event["exception"]["values"]
    equal((event["level"], event["release"], exception["type"]), ("fatal", "7", "SIGSEGV"), "level, release, type")
    equal(event["fingerprint"], [snapshot.info["signature"]], "fingerprint")
    frames = exception["stacktrace"]["frames"]
    named = [frame["function"] for frame in frames if frame["in_app"] and "function" in frame]
    equal([name for name in named if name != "cause__do"][-4:], ["crash__run", "level1", "level2", "level3"], "functions")
    images = {image["image_addr"]: image for image in event["debug_meta"]["images"]}
    for frame in frames:
        image = images[frame["image_addr"]]
        inside = int(frame["instruction_addr"], 16) - int(image["image_addr"], 16)
        check(0 <= inside < image["image_size"] and frame["package"] == image["code_file"], f"{frame}, {image}")
    equal([crumb["data"]["event"] for crumb in event["breadcrumbs"]], [e["fields"]["event"] for e in snapshot.events][-100:],
          "breadcrumbs")  # fmt: skip
