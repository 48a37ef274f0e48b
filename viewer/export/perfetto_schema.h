/* SPDX-License-Identifier: MIT */
/*
 * The parts of Perfetto's schema that `perfetto` uses: numbers of fields and values, from
 * google/perfetto's protos/perfetto/trace/; each enum names its file. tests/perfetto.proto is
 * the same as a schema.
 */
#ifndef TTLOG_VIEW_PERFETTO_SCHEMA_H
#define TTLOG_VIEW_PERFETTO_SCHEMA_H

/* trace.proto, trace_packet.proto, trace_packet_defaults.proto */
enum {
	TRACE_PACKET = 1,
	PACKET_CLOCK_SNAPSHOT = 6,
	PACKET_TIMESTAMP = 8,
	PACKET_SEQUENCE_ID = 10,
	PACKET_TRACK_EVENT = 11,
	PACKET_INTERNED_DATA = 12,
	PACKET_SEQUENCE_FLAGS = 13,
	PACKET_DEFAULTS = 59,
	PACKET_TRACK_DESCRIPTOR = 60,
	PACKET_IS_FIRST = 87,
	DEFAULTS_CLOCK_ID = 58,
	SEQUENCE_CLEARED = 1,
	SEQUENCE_NEEDS_STATE = 2,
};

/* clock_snapshot.proto, common/builtin_clock.proto */
enum {
	SNAPSHOT_CLOCK = 1,
	SNAPSHOT_PRIMARY = 2,
	CLOCK_ID = 1,
	CLOCK_TIMESTAMP = 2,
	CLOCK_OF_WALL = 1,
	CLOCK_OF_MONOTONIC = 3,
};

/* track_event/: track_descriptor.proto, process_descriptor.proto, thread_descriptor.proto */
enum {
	TRACK_UUID = 1,
	TRACK_NAME = 2,
	TRACK_PROCESS = 3,
	TRACK_THREAD = 4,
	TRACK_PARENT = 5,
	TRACK_COUNTER = 8,
	PROCESS_PID = 1,
	PROCESS_CMDLINE = 2,
	PROCESS_NAME = 6,
	THREAD_PID = 1,
	THREAD_TID = 2,
	THREAD_NAME = 5,
};

/* track_event/track_event.proto */
enum {
	EVENT_CATEGORY_IID = 3,
	EVENT_ANNOTATION = 4,
	EVENT_TYPE = 9,
	EVENT_NAME_IID = 10,
	EVENT_TRACK = 11,
	EVENT_CATEGORY = 22,
	EVENT_NAME = 23,
	EVENT_COUNTER_VALUE = 30,
	EVENT_PLACE_IID = 34,
	EVENT_COUNTER_DOUBLE = 44,
	TYPE_BEGIN = 1,
	TYPE_END = 2,
	TYPE_INSTANT = 3,
	TYPE_COUNTER = 4,
};

/* track_event/debug_annotation.proto */
enum {
	ANNOTATION_NAME_IID = 1,
	ANNOTATION_BOOL = 2,
	ANNOTATION_UINT = 3,
	ANNOTATION_INT = 4,
	ANNOTATION_DOUBLE = 5,
	ANNOTATION_TEXT = 6,
	ANNOTATION_POINTER = 7,
	ANNOTATION_NAME = 10,
	ANNOTATION_ITEM = 12,
	ANNOTATION_TEXT_IID = 17,
};

/* interned_data/interned_data.proto; the entries of all but places have an iid and a text */
enum {
	INTERNED_CATEGORY = 1,
	INTERNED_NAME = 2,
	INTERNED_KEY = 3,
	INTERNED_PLACE = 4,
	INTERNED_TEXT = 29,
	ENTRY_IID = 1,
	ENTRY_TEXT = 2,
	PLACE_FILE = 2,
	PLACE_FUNCTION = 3,
	PLACE_LINE = 4,
};

#endif /* TTLOG_VIEW_PERFETTO_SCHEMA_H */
