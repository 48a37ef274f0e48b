/* SPDX-License-Identifier: MIT */
/* Changes with json.c, or a test fails. */
#include "schema.h"

/* 2^64 - 1; JSON Schema has no types by width. */
#define U64 "\"type\": \"integer\", \"minimum\": 0, \"maximum\": 18446744073709551615"

static const char SCHEMA[] =
	"{\n"
	"  \"$schema\": \"https://json-schema.org/draft/2020-12/schema\",\n"
	"  \"$id\": \"urn:ttlog:event:1\",\n"
	"  \"title\": \"An event, a line of ttlog-view --format json\",\n"
	"  \"type\": \"object\",\n"
	"  \"properties\": {\n"
	"    \"ts\": {\n"
	"      \"description\": \"Wall time, UTC\",\n"
	"      \"type\": \"string\",\n"
	"      \"format\": \"date-time\",\n"
	"      \"pattern\": \"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\\\.[0-9]{9}Z$\"\n"
	"    },\n"
	"    \"mono_ns\": { \"description\": \"CLOCK_MONOTONIC\", " U64 " },\n"
	"    \"level\": { \"enum\": [\"TRACE\", \"DEBUG\", \"INFO\", \"WARN\", \"ERROR\", \"FATAL\"] },\n"
	"    \"target\": { \"description\": \"The part of the program\", \"type\": \"string\" },\n"
	"    \"probe\": {\n"
	"      \"description\": \"The mark's name; of a level's macro the level in lower case\",\n"
	"      \"type\": \"string\"\n"
	"    },\n"
	"    \"msg\": { \"type\": \"string\" },\n"
	"    \"pid\": { \"description\": \"In the initial pid namespace, as tid\", " U64 " },\n"
	"    \"tid\": { " U64 " },\n"
	"    \"comm\": { \"description\": \"The thread's name\", \"type\": \"string\" },\n"
	"    \"file\": { \"type\": \"string\" },\n"
	"    \"line\": { " U64 " },\n"
	"    \"func\": { \"type\": \"string\" },\n"
	"    \"fields\": {\n"
	"      \"description\": \"By the program's keys. Text that was cut ends in \\u2026; bytes are "
	"hexadecimal digits, pointers 0x...; NaN and infinities are text; decimals are exact\",\n"
	"      \"type\": \"object\",\n"
	"      \"additionalProperties\": { \"type\": [\"boolean\", \"number\", \"string\", \"null\"] }\n"
	"    },\n"
	"    \"duration_ns\": {\n"
	"      \"description\": \"Of the end of a span only; null where it cannot be read\",\n"
	"      \"anyOf\": [{ " U64 " }, { \"type\": \"null\" }]\n"
	"    }\n"
	"  },\n"
	"  \"required\": [\n"
	"    \"ts\", \"mono_ns\", \"level\", \"target\", \"probe\", \"msg\", \"pid\", \"tid\", \"comm\", \"file\", "
	"\"line\", \"func\",\n"
	"    \"fields\"\n"
	"  ],\n"
	"  \"additionalProperties\": false,\n"
	"  \"if\": { \"required\": [\"duration_ns\"] },\n"
	"  \"then\": { \"properties\": { \"fields\": { \"maxProperties\": 0 } } }\n"
	"}\n";

void schema__print(struct out *out)
{
	out__text(out, SCHEMA);
}
