#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A second reader of snapshots, written from FORMAT.md alone: lz4 -dc FILE | read_snapshot.py

Of a segment of a stream, `--marks FILE` checks what lies between its frames, too.

Prints one JSON object an event, as `ttlog-view --format json` does. It trusts its input; bad input
ends it with a traceback, which is right for a test.
"""
import codecs
import io
import json
import math
import re
import struct
import sys
import time

import cbor2

# RFC 8746 typed arrays, little endian: format of an element
ARRAYS = {64: "B", 69: "H", 70: "I", 71: "Q", 72: "b", 77: "h", 78: "i", 79: "q", 85: "f", 86: "d"}
SIGNED = {"i8", "i16", "i32", "i64"}

# Characters that control a terminal, or that make text look like other text, are shown escaped.
UNSAFE = re.compile(
    "[\x7f-\x9f\xad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e007f]"
)

codecs.register_error("each_byte", lambda error: ("\ufffd", error.start + 1))


def show_text(text):
    shown = json.dumps(text, ensure_ascii=False)
    # json.dumps leaves DEL unchanged
    return UNSAFE.sub(lambda m: json.dumps(m.group())[1:-1].replace("\x7f", "\\u007f"), shown)


def typed_array(tag):
    code = ARRAYS[tag.tag]
    assert len(tag.value) % struct.calcsize("<" + code) == 0
    return [item[0] for item in struct.iter_unpack("<" + code, tag.value)]


def packed(column, n):
    bits, data = column["bits"], column["packed"]
    assert 1 <= bits <= 56 and len(data) == (n * bits + 7) // 8
    # 8 elements are `bits` bytes
    parts = [int.from_bytes(data[i : i + bits], "little") for i in range(0, len(data), bits)]
    values = [part >> k * bits & (1 << bits) - 1 for part in parts for k in range(8)]
    return [column["base"] + value for value in values[:n]]


def array(column, n):
    return typed_array(column) if isinstance(column, cbor2.CBORTag) else packed(column, n)


def ints(column, n, signed=False):
    if isinstance(column, cbor2.CBORTag) or "packed" in column:
        values = array(column, n)
    elif "const" in column or "values" in column:
        values = strings(column, n)
    else:
        values, value = [], column["first"]
        for delta in array(column["delta"], n):
            value = (value + delta) % 2**64
            values.append(value - 2**64 if signed and value >= 2**63 else value)
    assert len(values) == n
    return values


def floats(column, n, single):
    if isinstance(column, cbor2.CBORTag):
        values = typed_array(column)
    elif "const" in column:
        values = [column["const"]] * n
    elif "values" in column:
        values = strings(column, n)
    else:
        values = [units / 10.0 ** column["scale"] for units in ints(column["units"], n, True)]
        if single:
            values = [struct.unpack("f", struct.pack("f", value))[0] for value in values]
    assert len(values) == n
    return values


def decimals(column, n):
    scale = column["scale"]
    scales = [scale] * n if isinstance(scale, int) else ints(scale, n)
    return list(zip(ints(column["units"], n, True), scales))


def strings(column, n):
    if "const" in column:
        return [column["const"]] * n
    values = column["values"]
    if "index" in column:
        return [values[i] for i in ints(column["index"], n)]
    assert len(values) == n
    return values


def show_float(value, single):
    if math.isnan(value):
        return '"NaN"'
    if math.isinf(value):
        return '"Infinity"' if value > 0 else '"-Infinity"'
    if not single:
        return repr(value)
    for digits in range(1, 18):
        read = float("%.*g" % (digits, value))
        # a number that rounds to more than a float holds does not count
        try:
            if struct.unpack("f", struct.pack("f", read))[0] == value:
                break
        except OverflowError:
            pass
    return repr(read)


def show_decimal(units, scale):
    digits = str(abs(units)).rjust(scale + 1, "0")
    text = digits[: len(digits) - scale] + ("." + digits[len(digits) - scale :] if scale else "")
    return "-" + text if units < 0 else text


def show_string(value, is_bytes):
    if value is None:
        return "null"
    cut = isinstance(value, list)
    if cut:
        (value,) = value
    if is_bytes:
        text = value.hex()
    else:
        text = value if isinstance(value, str) else value.decode("utf-8", "each_byte")
    return show_text(text + ("\u2026" if cut else ""))


def field_texts(type_name, column, n):
    """The column's values as JSON."""
    if isinstance(column, dict) and "nulls" in column:
        assert type_name not in ("str", "bytes") and len(column["nulls"]) == (n + 7) // 8
        return ["null" if column["nulls"][i // 8] >> i % 8 & 1 else text
                for i, text in enumerate(field_texts(type_name, column["of"], n))]
    if type_name in ("str", "bytes"):
        return [show_string(value, type_name == "bytes") for value in strings(column, n)]
    if type_name in ("f32", "f64"):
        single = type_name == "f32"
        return [show_float(value, single) for value in floats(column, n, single)]
    if type_name == "decimal":
        return [show_decimal(units, scale) for units, scale in decimals(column, n)]
    values = ints(column, n, type_name in SIGNED)
    if type_name == "bool":
        return ["true" if value else "false" for value in values]
    if type_name == "char":
        return [show_string(bytes([value]), False) for value in values]
    if type_name in ("ptr", "hex"):
        return ['"0x%x"' % value for value in values]
    return [str(value) for value in values]


def show_time(ns):
    seconds, fraction = divmod(ns, 10**9)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + ".%09dZ" % fraction


def fnv1a_bytes(data):
    value = 0xCBF29CE484222325
    for byte in data:
        value = (value ^ byte) * 0x100000001B3 % 2**64
    return value


def fnv1a(text):
    return fnv1a_bytes(text.encode("utf-8"))


def stack_of(header, event):
    """The frames of an event (thread, module, seq, ticks, place, site); None: it has none."""
    stacks = header.get("stacks")
    numbers = [number for *of, number in stacks["events"] if tuple(of) == event] if stacks else []
    assert len(numbers) <= 1
    return [stacks["frames"][i] for i in stacks["lists"][numbers[0]]] if numbers else None


def frame_text(frame):
    keys = ("ip", "module", "build_id", "offset", "symbol", "file", "line")
    return "{" + ",".join('"%s":%s' % (key, show_text(frame[key]) if isinstance(frame[key], str) else frame[key])
                          for key in keys if key in frame) + "}"


def identities(header, chunk, sites, threads):
    """The identity of each event as text, None if it has none; and its stack, likewise."""
    if "batches" not in chunk or not {"boot_id", "start_time", "modules"} <= header.keys():
        return [(None, None)] * chunk["n"]
    # in a segment, an entry may have more sites of an earlier one
    module_of = [build_id if isinstance(build_id, int) else i
                 for i, (build_id, count) in enumerate(header["modules"]) for _ in range(count)]
    assert len(module_of) == len(header["sites"])
    batches, n = chunk["batches"], chunk["batches"]["n"]
    names = ("thread", "module", "seq", "ticks", "first", "count")
    runs = iter(list(zip(*(ints(batches[name], n) for name in names))))
    open_runs, ids = {}, []
    for site, thread in zip(sites, threads):
        key = thread, module_of[site]
        if key not in open_runs or not open_runs[key][3]:
            *begun, seq, ticks, first, count = next(runs)
            assert tuple(begun) == key and count >= 1 and (not ticks or first + count <= 65536)
            who = header["threads"][thread]
            name = "/".join(map(str, [header["boot_id"], header["start_time"], who["pid"], who["tid"],
                                      header["modules"][key[1]][0], seq, ticks]))
            has_id = ticks and who["tid"]
            open_runs[key] = ["%016x" % fnv1a(name) if has_id else None, first, 0, count, (*key, seq, ticks)]
        run = open_runs[key]
        place = run[1] + run[2]
        ids.append((run[0] and "%s-%x" % (run[0], place), run[0] and stack_of(header, (*run[4], place, site))))
        run[2] += 1
        run[3] -= 1
    assert next(runs, None) is None and not any(run[3] for run in open_runs.values())
    return ids


RUN_TIME = {"libc.so", "libpthread.so", "libm.so", "libgcc_s.so", "libstdc++.so", "libc++.so", "libc++abi.so",
            "[vdso]", "linux-vdso.so", "linux-gate.so"}
RUN_TIME_FUNCTIONS = set(
    "abort __GI_abort raise __GI_raise gsignal pthread_kill __pthread_kill __pthread_kill_internal "
    "__pthread_kill_implementation __assert_fail __assert_fail_base __assert_perror_fail "
    "__libc_message __libc_fatal __fortify_fail __chk_fail __stack_chk_fail __restore_rt _start "
    "__libc_start_main __libc_start_main_impl __libc_start_call_main start_thread clone clone3 "
    "__clone3 std::terminate() __cxa_throw __cxa_rethrow".split()
) | {"__cxxabiv1::__terminate(void (*)())", "__gnu_cxx::__verbose_terminate_handler()"}


def signature(crash):
    """Of a crash, None if it has no frames."""
    frames = []
    for frame in crash["frames"]:
        module = re.sub(r"(\.so)\..*", r"\1", frame.get("module", "").split("/")[-1], flags=re.S)
        name = re.sub(r"\+0x[0-9a-f]+$", "", frame.get("symbol", "")).split(" [clone ")[0]
        name = re.sub(r"(?<=.)(\.(constprop|isra|part|cold|lto_priv|llvm)(\.[0-9]+)?)+$", "", name)
        name = re.sub(r"(?<=.)::h[0-9a-f]{16}$", "", name)
        frames.append((module, name, frame.get("offset")))
    own = [frame for i, frame in enumerate(frames) if (i == 0 or frame[0] or frame[1]) and frame[0] not in RUN_TIME and frame[1] not in RUN_TIME_FUNCTIONS
           and not frame[0].startswith(("ld-linux", "ld-musl"))]
    own = (own or frames)[:5]
    has_names = any(name for _, name, _ in own)
    lines = [f"{module}!{name or (not has_names and module and offset) or '?'}" for module, name, offset in own]
    return "%016x" % fnv1a("\n".join([crash["signal"]] + lines)) if own else None


def context_ids(chunk):
    """For each event its trace and span as text, None if it belongs to none."""
    pairs = [("trace_id", 16), ("span_id", 8)]
    if not any(key in chunk for key, _ in pairs):
        return [(None, None)] * chunk["n"]
    columns = []
    for key, length in pairs:
        ids = strings(chunk[key], chunk["n"])
        assert all(value is None or len(value) == length for value in ids)
        columns.append([value and value.hex() for value in ids])
    assert all((trace is None) == (span is None) for trace, span in zip(*columns))
    return list(zip(*columns))


def event_text(header, mono_ns, site, thread, values, identity, stack, context, suppressed):
    clock = header["clock"]
    pairs = [
        ("ts", show_time(clock["real_ns"] + mono_ns - clock["mono_ns"])),
        ("mono_ns", mono_ns),
        ("level", site["level"]),
        ("target", site["target"]),
        ("probe", site["probe"]),
        ("msg", site["msg"]),
        ("pid", thread["pid"]),
        ("tid", thread["tid"]),
        ("comm", thread["comm"]),
        ("file", site["file"]),
        ("line", site["line"]),
        ("func", site["func"]),
    ]
    texts = [(key, show_text(value) if isinstance(value, str) else str(value)) for key, value in pairs]
    is_end = site["kind"] == "span_end"
    # not by dict: two fields may have the same key
    fields = [show_text(key) + ":" + value for key, value in zip(site["keys"], values)]
    texts.append(("fields", "{" + ",".join(fields[is_end:]) + "}"))
    if is_end:
        texts.append(("duration_ns", values[0]))
    if context[0]:
        texts += [("trace_id", show_text(context[0])), ("span_id", show_text(context[1]))]
    if suppressed:
        texts.append(("suppressed", suppressed))
    if stack:
        texts.append(("stack", "[" + ",".join(map(frame_text, stack)) + "]"))
    if identity:
        texts.append(("id", show_text(identity)))
    return "{" + ",".join('"%s":%s' % text for text in texts) + "}"


def read_chunk(header, chunk, last_ns, out):
    n, mono_ns = chunk["n"], chunk["first_ns"]
    assert (mono_ns >= last_ns or header["incompatible"] & 2) and 1 <= n <= 65536
    assert sum(count for _, count in chunk["count"]) == n
    rows = {}
    for (number, count), columns in zip(chunk["count"], chunk["fields"]):
        types = header["sites"][number]["types"]
        assert len(types) == len(columns) and number not in rows
        texts = [field_texts(name, column, count) for name, column in zip(types, columns)]
        rows[number] = iter(zip(*texts) if texts else [()] * count)
    deltas, threads, sites = (ints(chunk[key], n) for key in ("time", "thread", "site"))
    ids = identities(header, chunk, sites, threads)
    suppressed = ints(chunk["suppressed"], n) if "suppressed" in chunk else [0] * n
    assert "suppressed" not in chunk or any(suppressed)
    for number, delta, thread, (identity, stack), context, left_out in zip(
            sites, deltas, threads, ids, context_ids(chunk), suppressed):
        mono_ns += delta
        site, thread = header["sites"][number], header["threads"][thread]
        print(event_text(header, mono_ns, site, thread, next(rows[number]), identity, stack, context,
                         left_out), file=out)
    assert mono_ns == chunk["last_ns"] and not any(list(rest) for rest in rows.values())
    return mono_ns


def marks(data):
    """The marks of a segment, as (kind, events, bytes, first, last), and the frames between them."""
    found, at = [], 0
    while at < len(data):
        magic, length, tag, kind, events, size, first, last, check = struct.unpack_from(
            "<II4sB3xI4xQQQQ", data, at)
        assert (magic, length, tag) == (0x184D2A54, 48, b"ttsg")
        assert check == fnv1a_bytes(data[at + 8 : at + 48])
        found.append((kind, events, size, first, last, at))
        at += 56 + (size if kind != 5 else 0)
    assert at == len(data)
    return found


def check_marks(path, items):
    """That a segment's marks say what is in it: read_snapshot.py --marks FILE"""
    with open(path, "rb") as file:
        *found, last = marks(file.read())
    kinds = {"header": 1, "tables": 2, "chunk": 3, "end": 4}
    assert [mark[0] for mark in found] == [kinds[item["item"]] for item in items]
    for (kind, events, _, first, final, _), item in zip(found, items):
        wanted = (item["n"], item["first_ns"], item["last_ns"]) if kind == 3 else (0, 0, 0)
        assert (events, first, final) == wanted
    end = items[-1]
    assert last[0] == 5 and last[2] == found[-1][5]
    assert last[3:5] == (end.get("first_ns", 0), end.get("last_ns", 0))


def take_tables(header, tables):
    for key in ("sites", "threads", "modules"):
        header[key] += tables[key]
    for i, (module, _) in enumerate(header["modules"]):
        assert isinstance(module, str) or (module < i and isinstance(header["modules"][module][0], str))
    assert sum(count for _, count in header["modules"]) == len(header["sites"])
    assert tables["missed"] >= header["missed"]
    header["missed"] = tables["missed"]


def read_segment(items, out):
    """Section 10: the header's tables come bit by bit, each before its first use."""
    header, rest, end = dict(items[0], sites=[], threads=[], modules=[]), items[1:-1], items[-1]
    chunks, last_ns = [], 0
    for item in rest:
        if item["item"] == "tables":
            take_tables(header, item)
            continue
        assert item["item"] == "chunk"
        chunks.append(item)
        last_ns = max(last_ns, read_chunk(header, item, last_ns, out))
    # one that a later collector has ended has no more than the numbers
    if "header" in end:
        assert end["header"]["stream"] == header["stream"] and end["header"]["clock"] == header["clock"]
        assert end.get("missed", 0) >= header["missed"]
    assert not chunks or end["first_ns"] == min(chunk["first_ns"] for chunk in chunks)
    return chunks, last_ns


def read_snapshot(header, chunks, end, out):
    assert end["header"] == header
    if "signature" in header:
        assert header["signature"] == signature(header["crash"])
    for name in ("unit", "container"):
        assert header.get(name, "") in header.get("cgroup_path", "")
    assert header.get("ns_pid") != header.get("pid")
    last_ns = 0
    for chunk in chunks:
        assert chunk["item"] == "chunk"
        last_ns = read_chunk(header, chunk, last_ns, out)
    assert not chunks or end["first_ns"] == chunks[0]["first_ns"]
    return last_ns


def main():
    data = sys.stdin.buffer.read()
    stream, items = io.BytesIO(data), []
    decoder = cbor2.CBORDecoder(stream)
    while stream.tell() < len(data):
        items.append(decoder.decode())
    header, chunks, end = items[0], items[1:-1], items[-1]
    assert all(next(iter(item)) == "item" for item in items)
    assert header["item"] == "header" and end["item"] == "end"
    assert header["format"] == 1 and header["incompatible"] & 3 in (0, 3)
    assert not header["incompatible"] & ~7
    out = io.TextIOWrapper(sys.stdout.buffer, encoding="utf-8", errors="strict")
    if header["incompatible"] & 3:
        chunks, last_ns = read_segment(items, out)
    else:
        last_ns = read_snapshot(header, chunks, end, out)
    out.flush()
    assert end["chunks"] == len(chunks)
    assert end["events"] == sum(chunk["n"] for chunk in chunks)
    assert not chunks or end["last_ns"] == last_ns
    if sys.argv[1:2] == ["--marks"]:
        check_marks(sys.argv[2], items)


if __name__ == "__main__":
    main()
