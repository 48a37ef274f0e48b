# SPDX-License-Identifier: MIT
"""Every type of field, every shape of event, spans: read back as they were logged."""
import json
from decimal import Decimal

from harness import check, equal, view

DIGITS = "0123456789" * 500
CUT = "\u2026"  # how ttlog-view marks a text that was cut
FLT_MAX, DBL_MAX = 3.4028235e38, 1.7976931348623157e308

# The events of tests/apps/types.c, in order; Decimal: a fraction, by its exact text.
TYPES = {
    "type_bool": {"yes": True, "no": False},
    "type_char": {"letter": "x", "high": "\ufffd", "zero": "\0"},
    "type_i8": {"min": -(2**7), "max": 2**7 - 1},
    "type_u8": {"min": 0, "max": 2**8 - 1},
    "type_i16": {"min": -(2**15), "max": 2**15 - 1},
    "type_u16": {"min": 0, "max": 2**16 - 1},
    "type_i32": {"min": -(2**31), "max": 2**31 - 1},
    "type_u32": {"min": 0, "max": 2**32 - 1},
    "type_long": {"min": -(2**63), "max": 2**63 - 1},
    "type_ulong": {"min": 0, "max": 2**64 - 1},
    "type_i64": {"min": -(2**63), "max": 2**63 - 1},
    "type_u64": {"min": 0, "max": 2**64 - 1},
    "type_size": {"size": 2**64 - 1, "ssize": -1, "ptrdiff": -(2**63)},
    "type_f32": {"tenth": 0.1, "max": FLT_MAX, "denormal": 1e-45, "inf": "Infinity", "nan": "NaN",
                 "minus_zero": -0.0},
    "type_f64": {"tenth": 0.1, "max": DBL_MAX, "denormal": 5e-324, "inf": "Infinity",
                 "minus_inf": "-Infinity", "nan": "NaN", "minus_zero": -0.0, "cents": 150.25},
    "type_ptr": {"null": "0x0", "constant": "0x1234", "all": "0xffffffffffffffff"},
    "type_str": {"literal": "literal", "array": "array", "null": None, "empty": ""},
    "type_temporary": {"first": "temporary 1", "second": "temporary 2"},
    "type_utf8": {"umlaut": "gr\xfc\xdf", "face": "\U0001f600", "latin1": "gr\ufffd\ufffd",
                  "cut": "\ufffd\ufffd"},
    "type_escapes": {"escape": "\x1b[31mred\x1b[0m", "newline": "a\nb", "quote": 'say "hi"',
                     "backslash": "c:\\", "tab": "\t", "percent": "%s%n"},
    "type_strn": {"part": "abc", "zero": "ab\0cd", "none": "", "null": None},
    "type_bytes": {"four": "0001feff", "none": ""},
    "type_long_3999": {"text": DIGITS[:3999]},
    "type_long_4000": {"text": DIGITS[:4000]},
    "type_long_4001": {"text": DIGITS[:4000] + CUT},
    "type_long_5000": {"text": DIGITS[:4000] + CUT, "after": 7},
    "type_long_bytes": {"bytes": DIGITS[:4000].encode().hex() + CUT},
    "type_hex": {"zero": "0x0", "byte": "0xff", "all": "0xffffffffffffffff",
                 "minus": "0xffffffffffffffff"},
    "type_decimal": {"price": Decimal("150.25"), "minus": Decimal("-0.005"),
                     "max": Decimal("9.223372036854775807"), "whole": 42},
    "fields_0": {},
    "fields_16": {"a": 1, "b": 2, "c": 3, "d": 4, "e": 5.5, "f": 6.5, "g": "seven", "h": 8, "i": 9,
                  "j": 10, "k": 11, "l": True, "m": 13, "n": 14, "o": "0xf", "p": "sixteen"},
    "odd_message": {"key with space": 1, 'ke"y': 2, "k%y": 3},
    "utf8_message": {"schl\xfcssel": 1},
    "empty_message": {"a": 1},
}
MESSAGES = {
    "odd_message": '100% {braces} "quotes" %s back\\slash\nnext line\ttab',
    "utf8_message": "gr\xfc\xdf dich", "empty_message": "", "fields_0": "no fields",
    "type_str": "str",
}
# the events of tests/apps/types_cxx.cc: (probe, function, fields)
CXX = [
    ("constructed", "engine", {"started": 0}),
    ("member", "start", {"name": "V8", "started": 1}),
    ("strings", "log_strings", {"string": "std::string", "empty": "", "zero": "a\0b", "view": "view",
                                "null_view": None, "c_str": "std::string"}),
    ("long_string", "log_strings", {"text": "x" * 4000 + CUT}),
    ("temporary", "log_strings", {"text": "temporary"}),
    ("gone", "log_temporaries", {"short": "temporary x", "heap": "temporary " + "x" * 40,
                                 "view": "temporary " + "x" * 41,
                                 "strn": "temporary " + "x" * 10}),
    ("unmapped", "log_temporaries", {"text": "temporary " + "x" * 3990 + CUT}),
    ("gone_span", "log_temporaries", {"text": "temporary " + "x" * 43}),
    ("gone_span", "log_temporaries", {}),
    ("writable", "log_writable_strings", {"pointer": "array", "constant": "rray", "array": "array",
                                          "value": "ray", "missing": None}),
    ("template_value", "log_value", {"type": "writable", "value": "array"}),
    ("scalars", "log_scalars", {"bool": True, "char": "x", "reference": -(2**31), "all": 2**64 - 1,
                                "nullptr": "0x0", "comparison": True}),
    ("enums", "log_scalars", {"plain": 2, "class": 200, "wide": -(2**63)}),
    ("wrapped", "log_scalars", {"strn": "abc", "bytes": "000102", "hex": "0xdeadbeef",
                                "decimal": Decimal("-150.25")}),
    ("template_value", "log_value", {"type": "int", "value": 1}),
    ("template_value", "log_value", {"type": "double", "value": 2.5}),
    ("template_value", "log_value", {"type": "string", "value": "three"}),
    ("template_value", "log_value", {"type": "c string", "value": None}),
    ("inline_function", "inline_twice", {"value": 20}),
    ("lambda", "operator()", {"value": 40, "started": 1}),
    ("info", "main", {"sum": 41}),
    ("destroyed", "~engine", {"started": 1}),
]


class Fraction(str):
    """A number with a fraction or an exponent, as it is written."""


def same(got, want):
    """Of the same type, and equal: True is not 1, 0.1 not "0.1", -0.0 not 0.0."""
    if isinstance(want, Decimal):
        return isinstance(got, Fraction) and got == str(want)
    if isinstance(want, float):
        return isinstance(got, Fraction) and repr(float(got)) == repr(want)
    return type(got) is type(want) and got == want


def check_fields(event, fields):
    what = f"{event['probe']} at {event['file']}:{event['line']}"
    equal(list(event["fields"]), list(fields), f"keys of {what}")
    for key, want in fields.items():
        got = event["fields"][key]
        check(same(got, want), f"{what}: {key} is {got!r:.200}, not {want!r:.200}")


def record(t, name, *args):
    """The events of a program, with fractions as they are written; and the snapshot."""
    t.collect("--on", "exit", "--", t.app(name), *args).end()
    snapshot = t.only_snapshot()
    lines = view("--format", "json", snapshot.path).splitlines()
    return [json.loads(line, parse_float=Fraction) for line in lines], snapshot


def test_types(t):
    events, _ = record(t, "types")
    equal([event["probe"] for event in events], list(TYPES), "events")
    for event in events:
        check_fields(event, TYPES[event["probe"]])
        if event["probe"] in MESSAGES:
            equal(event["msg"], MESSAGES[event["probe"]], f"message of {event['probe']}")


def test_types_of_cxx(t):
    events, _ = record(t, "types_cxx")
    equal([(event["probe"], event["func"]) for event in events], [row[:2] for row in CXX], "events")
    for event, (_, _, fields) in zip(events, CXX):
        check_fields(event, fields)


def test_types_in_immediate_mode(t):
    t.collect("--on", "exit", "--immediate", "--", t.app("types")).end()
    lines = view("--format", "json", t.only_snapshot().path).splitlines()
    events = [json.loads(line, parse_float=Fraction) for line in lines]
    equal([event["probe"] for event in events], list(TYPES), "events")
    for event in events:
        check_fields(event, TYPES[event["probe"]])


def test_levels_and_own_macros(t):
    """A program that has macros with the names of levels."""
    _, snapshot = record(t, "macros")
    levels = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"]
    equal([(e["probe"], e["level"], e["fields"].get("value")) for e in snapshot.events[1:-1]],
          [(f"level_{level.lower()}", level, i) for i, level in enumerate(levels)], "events")
    equal(snapshot.probes()[:: len(snapshot.events) - 1], ["span_info", "span_info"], "span")


# the spans of a thread of tests/apps/spans.c in request r, by r % 4: starts and ends, in order
SPANS = {
    0: "+handle_request +parse -parse -handle_request",
    1: "+handle_request +parse -parse +lookup -lookup -handle_request",
    2: "+handle_request +parse -parse +step -step +step -step +step -step -handle_request",
    3: "+handle_request +parse -parse +outer .work +inner .work -inner -outer -handle_request",
}


def test_spans(t):
    """Start and end of each, in order, with the time between them as duration."""
    _, snapshot = record(t, "spans", 3)
    tids = sorted({event["tid"] for event in snapshot.events})
    equal(len(tids), 3, "threads")
    wanted = " ".join(SPANS[request % 4] for request in range(12)).split()
    for tid in tids:
        events = [event for event in snapshot.events if event["tid"] == tid]
        open_spans, seen = [], []
        for event in events:
            if event["probe"] == "work":
                seen.append(".work")
            elif "duration_ns" not in event:
                seen.append("+" + event["probe"])
                open_spans.append(event)
            else:
                seen.append("-" + event["probe"])
                begin = open_spans.pop()
                took_ns = event["mono_ns"] - begin["mono_ns"]
                equal((begin["probe"], begin["line"], event["fields"]),
                      (event["probe"], event["line"], {}), "end of a span")
                check(abs(event["duration_ns"] - took_ns) <= 2 + took_ns // 1000,
                      f"{event['probe']} took {took_ns} ns, not {event['duration_ns']}")
        equal(seen, wanted, "spans of a thread")
        requests = [e["fields"]["request"] for e in events
                    if e["probe"] == "handle_request" and "duration_ns" not in e]
        equal(requests, list(range(12)), "requests")
