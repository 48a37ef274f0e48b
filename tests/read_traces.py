# SPDX-License-Identifier: MIT
"""Reads traces of --format ctf and perfetto with readers of other projects: babeltrace2 and
protobuf."""
import os
import re
import struct
import subprocess
import tempfile

import bt2
from google.protobuf import descriptor_pb2, message_factory

PROTO = os.path.join(os.path.dirname(os.path.abspath(__file__)), "perfetto.proto")
CUT = "\u2026"

# ---- CTF ----


def number_text(value):
    """As JSON shows a float."""
    if value != value:
        return "NaN"
    return ("-" * (value < 0) + "Infinity") if value in (float("inf"), float("-inf")) else value


def decimal_text(units, scale):
    digits = str(abs(units)).rjust(scale + 1, "0")
    return "-" * (units < 0) + digits[: len(digits) - scale] + ("." + digits[len(digits) - scale :]) * (scale > 0)


def ctf_value(field, is_cut):
    """As JSON shows it; floats are floats. None: not a field, but the length of another."""
    if isinstance(field, bt2._EnumerationFieldConst):
        (label,) = field.labels
        assert label in ("true", "false"), label
        return label == "true"
    if isinstance(field, bt2._IntegerFieldConst):
        is_hex = field.cls.preferred_display_base == bt2.IntegerDisplayBase.HEXADECIMAL
        return "0x%x" % int(field) if is_hex else str(int(field))
    if isinstance(field, bt2._RealFieldConst):
        return number_text(float(field))
    if isinstance(field, bt2._StringFieldConst):
        return str(field)
    if isinstance(field, bt2._StructureFieldConst):
        units, scale, value = int(field["units"]), int(field["scale"]), float(field["value"])
        assert value == float(decimal_text(units, scale)), (units, scale, value)
        return decimal_text(units, scale)
    assert isinstance(field, bt2._DynamicArrayFieldConst), type(field)
    return bytes(int(item) for item in field).hex() + CUT * is_cut


def ctf_lengths(cls):
    """The fields of a class that hold the length of another."""
    names = list(cls)
    return {names[list(member.field_class.length_field_path)[-1].index] for member in cls.values()
            if isinstance(member.field_class, bt2._DynamicArrayFieldClassConst)}  # fmt: skip


def ctf_event(message):
    event = message.event
    labels = {}
    for name, field in event.specific_context_field.items():
        (labels[name],) = field.labels
    counts = ctf_lengths(event.cls.payload_field_class)
    cut = labels.pop("cut", "").split(",")
    fields = {key: ctf_value(field, key in cut) for key, field in event.payload_field.items()
              if key not in counts}  # fmt: skip
    clock = message.default_clock_snapshot
    file, line = labels.pop("source").rsplit(":", 1)
    return {
        "mono_ns": clock.value, "real_ns": clock.ns_from_origin, "probe": event.name,
        "loglevel": event.cls.log_level, "file": file, "line": line, "fields": fields,
        "stream": event.stream.id,
        **{key: str(event.common_context_field[key]) for key in ("pid", "tid", "comm")}, **labels,
    }  # fmt: skip


def ctf_trace(folder):
    """The events, and the causes of the processes' deaths."""
    every = [ctf_event(message) for message in bt2.TraceCollectionMessageIterator(folder)
             if isinstance(message, bt2._EventMessageConst)]  # fmt: skip
    deaths = [event for event in every if event["target"] == event["probe"] == "crash"]
    return [event for event in every if event not in deaths], deaths


def ctf_events(folder):
    return ctf_trace(folder)[0]


def babeltrace(folder):
    """The program's own output: a line an event."""
    result = subprocess.run(["babeltrace2", folder], capture_output=True, check=True, timeout=60)
    assert not result.stderr, result.stderr
    return result.stdout.decode().split("\n")[:-1]


# ---- Perfetto ----


def load_schema():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "set")
        subprocess.run(["protoc", "-I", os.path.dirname(PROTO), "--descriptor_set_out", path, PROTO], check=True)
        with open(path, "rb") as file:
            files = descriptor_pb2.FileDescriptorSet.FromString(file.read()).file
    return message_factory.GetMessages(files)["perfetto.protos.Trace"]


def no_unknown(message):
    """All fields at every level are in the schema."""
    assert not message.UnknownFields(), (message, message.UnknownFields())
    for field, value in message.ListFields():
        if field.message_type:
            for item in value if field.label == field.LABEL_REPEATED else [value]:
                no_unknown(item)


class Perfetto:
    """A trace; .events in the order of the file, with all interned data looked up."""

    Trace = None

    def __init__(self, data):
        Perfetto.Trace = Perfetto.Trace or load_schema()
        # protobuf's own view of the bytes, without a schema
        subprocess.run(["protoc", "--decode_raw"], input=data, capture_output=True, check=True)
        trace = self.Trace.FromString(data)
        no_unknown(trace)
        self.tables = {}
        self.tracks, self.events, self.deaths = {}, [], []
        first = trace.packet[0]
        self.clocks = {clock.clock_id: clock.timestamp for clock in first.clock_snapshot.clocks}
        assert first.sequence_flags == 1 and first.first_packet_on_sequence
        assert first.clock_snapshot.primary_trace_clock == 3
        assert first.trace_packet_defaults.timestamp_clock_id == 3
        for packet in trace.packet:
            assert packet.trusted_packet_sequence_id == 1
            assert packet is first or packet.sequence_flags == 2
            self.intern(packet.interned_data)
            if packet.HasField("track_descriptor"):
                track = packet.track_descriptor
                assert track.uuid and track.uuid not in self.tracks
                assert not track.parent_uuid or track.parent_uuid in self.tracks
                self.tracks[track.uuid] = track
            elif packet.HasField("track_event"):
                (self.deaths if packet.track_event.name else self.events).append(self.event(packet))

    def intern(self, data):
        for field, entries in data.ListFields():
            table = self.tables.setdefault(field.name, {})
            for entry in entries:
                assert entry.iid and entry.iid not in table, "an entry is for ever"
                table[entry.iid] = entry if field.name == "source_locations" else entry.name

    def event(self, packet):
        event = packet.track_event
        track = self.tracks[event.track_uuid]
        result = {"ts": packet.timestamp, "type": event.Type.Name(event.type)[5:], "track": track}
        if event.type == 4:
            assert track.HasField("counter")
            result["value"] = getattr(event, event.WhichOneof("counter_value_field"))
            return result
        assert track.HasField("thread")
        assert event.name or track.thread.pid == self.tracks[track.parent_uuid].process.pid
        if event.name:
            assert event.type == 3 and not event.name_iid and not event.category_iids
            result.update(name=event.name, categories=list(event.categories),
                          args={item.name: [of.string_value for of in item.array_values] or item.string_value
                                for item in event.debug_annotations})  # fmt: skip
            return result
        args = [(self.tables["debug_annotation_names"][item.name_iid], self.value(item))
                for item in event.debug_annotations]  # fmt: skip
        result["own"] = {key: value for key, (_, value) in args if key.startswith("ttlog_")}
        result["args"] = {key: pair for key, pair in args if not key.startswith("ttlog_")}
        if event.type != 2:
            (category,) = event.category_iids
            place = self.tables["source_locations"][event.source_location_iid]
            result.update(name=self.tables["event_names"][event.name_iid],
                          category=self.tables["event_categories"][category],
                          file=place.file_name, line=place.line_number, func=place.function_name)  # fmt: skip
        return result

    def value(self, item):
        kind = item.WhichOneof("value")
        if kind == "string_value_iid":
            return "string_value", self.tables["debug_annotation_string_values"][item.string_value_iid]
        return kind, getattr(item, kind) if kind else None

    def slices(self):
        """As Perfetto builds them: all by time, an end ends the innermost. An open one has no
        end."""
        found, stacks = [], {}
        for event in sorted(self.events, key=lambda event: event["ts"]):
            stack = stacks.setdefault(event["track"].uuid, [])
            if event["type"] == "SLICE_BEGIN":
                event = dict(event, end=None, parent=stack[-1]["name"] if stack else None)
                stack.append(event)
                found.append(event)
            elif event["type"] == "SLICE_END":
                assert stack, "an end without a begin"
                begin = stack.pop()
                begin["end"] = event["ts"]
                begin["own"] = {**begin["own"], **event["own"]}
        return found


# ---- Compared with JSON, whose numbers are text ----

LOGLEVEL = {"TRACE": 14, "DEBUG": 13, "INFO": 6, "WARN": 4, "ERROR": 3, "FATAL": 2}



def single(value):
    """The nearest float."""
    return struct.unpack("f", struct.pack("f", value))[0]


def ctf_names(keys):
    """A field's key, and its display name."""
    taken, result = set(), []
    for key in keys:
        name = plain = re.sub("[^A-Za-z0-9_]", "_", key.encode("utf-8", "surrogateescape").decode("latin1")) or "field"
        for n in range(2, 99):
            if name not in taken:
                break
            name = "%s_%d" % (plain, n)
        taken.add(name)
        result.append(name)
    return result


def same_number(got, shown):
    return got == shown if isinstance(got, str) else got in (float(shown), single(float(shown)))


def check_ctf(events, lines, name):
    assert len(events) == len(lines) > 0, name
    for event, line in zip(events, lines):
        for key in ("mono_ns", "level", "target", "probe", "msg", "pid", "tid", "comm", "file", "line", "func"):
            shown = re.sub("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e]", "\ufffd", line[key])
            assert str(event[key]) == shown, (name, key, event, line)
        assert event["loglevel"] == LOGLEVEL[line["level"]]
        fields = dict(line["fields"])
        if "duration_ns" in line:
            fields["duration_ns"] = line["duration_ns"]
            assert event["span"] == "end"
        want = {called: value for called, value in zip(ctf_names(fields), fields.values()) if value is not None}
        assert list(event["fields"]) == list(want), (name, event["fields"], want)
        for key, value in want.items():
            got = event["fields"][key]
            value = value.replace("\0", "\u2400") if isinstance(value, str) else value
            assert got == value or (isinstance(got, float) and same_number(got, value)), (name, key, got, value)


def check_arg(pair, shown):
    """An annotation's type and value, and how JSON shows it."""
    kind, value = pair
    if shown is None:
        assert kind is None, pair
    elif kind == "bool_value":
        assert value is shown, (pair, shown)
    elif kind == "pointer_value":
        assert "0x%x" % value == shown, (pair, shown)
    elif kind in ("int_value", "uint_value"):
        assert str(value) == shown, (pair, shown)
    elif kind == "double_value":
        assert same_number(number_text(value), shown), (pair, shown)
    else:
        assert kind == "string_value" and value == shown.replace("\0", "\u2400"), (pair, shown)


def check_perfetto_place(event, line, name):
    own = event["own"]
    assert event["name"] == name and event["category"] == line["target"], (event, line)
    assert own["ttlog_level"] == line["level"] and own["ttlog_probe"] == line["probe"]
    assert (event["file"], str(event["line"]), event["func"]) == (line["file"], line["line"], line["func"])
    assert str(event["track"].thread.tid) == line["tid"] and event["track"].thread.thread_name == line["comm"]


def check_perfetto(trace, lines, name):
    """Starts and instants: in order, to the nanosecond, with every field."""
    events = [event for event in trace.events if event["type"] in ("INSTANT", "SLICE_BEGIN")]
    lines = [line for line in lines if "duration_ns" not in line]
    assert len(events) == len(lines) > 0, name
    for event, line in zip(events, lines):
        assert str(event["ts"]) == line["mono_ns"]
        by_msg = event["type"] == "INSTANT" and line["msg"]
        check_perfetto_place(event, line, line["msg"] if by_msg else line["probe"])
        assert list(event["args"]) == list(line["fields"])
        for key, shown in line["fields"].items():
            check_arg(event["args"][key], shown)
