# SPDX-License-Identifier: MIT
"""Values as `--format json` shows them, made from the values alone: the expected output of golden
files."""
import json
import math

CUT = "\u2026"


def quoted(text):
    """UTF-8 unchanged, but without control characters of a terminal."""
    shown = json.dumps(text, ensure_ascii=False)
    return "".join("\\u%04x" % ord(c) if c in "\u0085\u202e" else c for c in shown)


def show(kind, value):
    if value is None:
        return "null"
    if kind in ("str", "bytes"):
        cut = isinstance(value, list)
        value = value[0] if cut else value
        if kind == "bytes":
            text = value.hex()
        elif isinstance(value, bytes):
            # here only bytes that start no character
            text = "".join(chr(c) if c < 128 else "\ufffd" for c in value)
        else:
            text = value
        return quoted(text + (CUT if cut else ""))
    if kind == "bool":
        return "true" if value else "false"
    if kind == "char":
        return quoted(chr(value) if value < 128 else "\ufffd")
    if kind in ("ptr", "hex"):
        return '"0x%x"' % value
    if kind == "decimal":
        units, scale = value
        text = str(abs(units)).rjust(scale + 1, "0")
        text = text[: len(text) - scale] + ("." + text[len(text) - scale :] if scale else "")
        return ("-" if units < 0 else "") + text
    if kind in ("f32", "f64"):
        if math.isnan(value):
            return '"NaN"'
        if math.isinf(value):
            return '"Infinity"' if value > 0 else '"-Infinity"'
    return json.dumps(value)


def time_text(ns):
    seconds, rest = divmod(ns, 10**9)
    days, seconds = divmod(seconds, 86400)
    import datetime

    date = datetime.date(1970, 1, 1) + datetime.timedelta(days=days)
    hours, seconds = divmod(seconds, 3600)
    return "%sT%02d:%02d:%02d.%09dZ" % (date, hours, seconds // 60, seconds % 60, rest)
