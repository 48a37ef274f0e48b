/* SPDX-License-Identifier: MIT */
/*
 * The metadata of a CTF trace, in its language, TSDL: declarations of what ctf.c writes. See ctf.h.
 *
 * A name begins with an underscore, which readers remove: so a key may be a word of the language,
 * or begin with a digit.
 */
#include <stdio.h>

#include "buffer.h"
#include "ctf.h"

#define NS_PER_S  1000000000
/* A field, and for bytes also their number. */
#define MAX_NAMES (2 * TTLOG_MAX_FIELDS)

#define TEXT(literal) out__bytes(out, literal, sizeof(literal) - 1)

/* ---- The trace ---- */

static void types(struct out *out)
{
	static const unsigned BITS[] = { 8, 16, 32, 64 };

	for (unsigned i = 0; i < sizeof(BITS) / sizeof(BITS[0]); i++) {
		out__format(out,
			    "typealias integer { size = %u; align = 8; signed = false; } := u%u;\n"
			    "typealias integer { size = %u; align = 8; signed = true; } := i%u;\n",
			    BITS[i], BITS[i], BITS[i], BITS[i]);
	}
	TEXT("typealias integer { size = 8; align = 8; signed = false; base = 16; } := hex8;\n"
	     "typealias integer { size = 64; align = 8; signed = false; base = 16; } := hex64;\n"
	     "typealias floating_point { exp_dig = 8; mant_dig = 24; align = 8; } := f32;\n"
	     "typealias floating_point { exp_dig = 11; mant_dig = 53; align = 8; } := f64;\n"
	     "typealias string { encoding = UTF8; } := text;\n\n");
}

static void trace_block(struct out *out, const unsigned char *uuid)
{
	TEXT("trace {\n\tmajor = 1;\n\tminor = 8;\n\tuuid = \"");
	for (unsigned i = 0; i < CTF_UUID_BYTES; i++)
		out__format(out, i == 4 || i == 6 || i == 8 || i == 10 ? "-%02x" : "%02x", uuid[i]);
	TEXT("\";\n\tbyte_order = ");
	out__text(out, __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? "le" : "be");
	TEXT(";\n\tpacket.header := struct {\n\t\tu32 magic;\n\t\tu8 uuid[16];\n"
	     "\t\tu32 stream_id;\n\t\tu64 stream_instance_id;\n\t};\n};\n\n");
}

static void env_text(struct out *out, const char *key, struct ttlog_text text)
{
	if (!text.len)
		return;
	out__format(out, "\t%s = ", key);
	out__tsdl_text(out, text);
	TEXT(";\n");
}

/* The environment, of the first file. */
static void env_block(struct out *out, const struct ttlog_info *header)
{
	TEXT("env {\n");
	env_text(out, "tracer_name", ttlog_text_of("ttlog"));
	env_text(out, "tracer_version", ttlog_text_of(TTLOG_VERSION));
	if (header) {
		env_text(out, "hostname", header->host);
		env_text(out, "kernel_release", header->kernel);
		env_text(out, "service", header->service);
		env_text(out, "exe", header->exe);
		env_text(out, "build_id", header->build_id);
		env_text(out, "reason", header->reason);
	}
	TEXT("};\n\n");
}

int64_t ctf__offset_ns(const struct ttlog_info *header)
{
	uint64_t ahead, behind;

	if (!header)
		return 0;
	ahead = header->real_ns - header->mono_ns;
	behind = header->mono_ns - header->real_ns;
	if (header->real_ns >= header->mono_ns)
		return ahead < CTF_LAST_NS ? (int64_t)ahead : CTF_LAST_NS;
	return behind < CTF_LAST_NS ? -(int64_t)behind : -CTF_LAST_NS;
}

/* CLOCK_MONOTONIC, and its value at 1970. */
static void clock_block(struct out *out, const struct ttlog_info *header)
{
	int64_t offset = ctf__offset_ns(header);
	int64_t seconds = offset / NS_PER_S, ns = offset % NS_PER_S;

	if (ns < 0) {
		seconds--;
		ns += NS_PER_S;
	}
	TEXT("clock {\n\tname = monotonic;\n\tdescription = \"CLOCK_MONOTONIC\";\n"
	     "\tfreq = 1000000000;\n\tabsolute = true;\n\toffset_s = ");
	out__i64(out, seconds);
	TEXT(";\n\toffset = ");
	out__i64(out, ns);
	TEXT(";\n};\n\ntypealias integer { size = 64; align = 8; signed = false; "
	     "map = clock.monotonic.value; } := time;\n\n");
}

static void stream_block(struct out *out)
{
	TEXT("stream {\n\tid = 0;\n"
	     "\tpacket.context := struct {\n\t\ttime timestamp_begin;\n\t\ttime timestamp_end;\n"
	     "\t\tu64 content_size;\n\t\tu64 packet_size;\n\t\tu64 packet_seq_num;\n\t};\n"
	     "\tevent.header := struct {\n\t\tu32 id;\n\t\ttime timestamp;\n\t};\n"
	     "\tevent.context := struct {\n\t\tu32 _pid;\n\t\tu32 _tid;\n\t\ttext _comm;\n\t};\n};\n");
}

/* ---- Event classes ---- */

struct names {
	struct buffer text;
	size_t starts[MAX_NAMES], ends[MAX_NAMES];
	unsigned cnt;
};

static bool is_taken(const struct names *names, size_t start)
{
	size_t len = names->text.len - start;

	for (unsigned i = 0; i < names->cnt; i++) {
		if (names->ends[i] - names->starts[i] == len &&
		    !memcmp(names->text.bytes + names->starts[i], names->text.bytes + start, len))
			return true;
	}
	return false;
}

/* A unique identifier for the key. NULL: no memory. */
static struct ttlog_text name_of(struct names *names, const char *before, struct ttlog_text key,
				 const char *after)
{
	struct buffer *text = &names->text;
	size_t start = text->len;
	char nth[16] = "";

	if (!key.len)
		key = ttlog_text_of("field");
	for (unsigned n = 2;; n++) {
		text->len = start;
		buffer__bytes(text, before, strlen(before));
		for (size_t i = 0; i < key.len; i++) {
			char c = key.p[i];
			bool ok = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
				  (c >= '0' && c <= '9');

			buffer__byte(text, ok ? (unsigned char)c : '_');
		}
		buffer__bytes(text, after, strlen(after));
		buffer__bytes(text, nth, strlen(nth));
		if (text->err)
			return (struct ttlog_text){ NULL, 0 };
		if (!is_taken(names, start))
			break;
		snprintf(nth, sizeof(nth), "_%u", n);
	}
	names->starts[names->cnt] = start;
	names->ends[names->cnt++] = text->len;
	return (struct ttlog_text){ text->bytes + start, text->len - start };
}

static void bytes_field(struct out *out, struct names *names, struct ttlog_text key)
{
	struct ttlog_text name = name_of(names, "__", key, "_length");

	TEXT("\t\tu32 ");
	out__bytes(out, name.p, name.len);
	TEXT(";\n\t\thex8 ");
	/* this call may have moved the text */
	name = name_of(names, "_", key, "");
	out__bytes(out, name.p, name.len);
	TEXT("[ ");
	name.p = names->text.bytes + names->starts[names->cnt - 2];
	name.len = names->ends[names->cnt - 2] - names->starts[names->cnt - 2];
	out__bytes(out, name.p, name.len);
	TEXT(" ];\n");
}

static const char *type_of(uint8_t type)
{
	switch (type) {
	case TTLOG_TYPE_BOOL:
		return "enum : u8 { \"false\" = 0, \"true\" = 1 }";
	case TTLOG_TYPE_CHAR:
	case TTLOG_TYPE_STR:
		return "text";
	case TTLOG_TYPE_PTR:
	case TTLOG_TYPE_HEX:
		return "hex64";
	case TTLOG_TYPE_DECIMAL:
		return "struct { f64 _value; i64 _units; u8 _scale; }";
	default:
		return ttlog_type_name(type); /* u8 to i64, f32, f64 */
	}
}

static void field_of(struct out *out, struct names *names, const struct ttlog_site *site,
		     unsigned i)
{
	struct ttlog_text name;

	if (site->types[i] == TTLOG_TYPE_BYTES) {
		bytes_field(out, names, site->keys[i]);
		return;
	}
	name = name_of(names, "_", site->keys[i], "");
	TEXT("\t\t");
	out__text(out, type_of(site->types[i]));
	out__char(out, ' ');
	out__bytes(out, name.p, name.len);
	TEXT(";\n");
}

/* A constant of the class, as the label of an enumeration. */
static void label_of_bits(struct out *out, unsigned bits, const char *name, struct ttlog_text text)
{
	out__format(out, "\t\tenum : integer { size = %u; align = 1; signed = false; } { ", bits);
	out__tsdl_text(out, text);
	out__format(out, " = 0 } _%s;\n", name);
}

static void label(struct out *out, const char *name, struct ttlog_text text)
{
	label_of_bits(out, 1, name, text);
}

static void cut_label(struct out *out, const struct ctf_class *class)
{
	struct buffer keys = { .len = 0 };

	for (unsigned i = 0; i < class->site->nfields; i++) {
		if (!(class->cut >> i & 1))
			continue;
		buffer__bytes(&keys, ",", keys.len ? 1 : 0);
		buffer__bytes(&keys, class->site->keys[i].p, class->site->keys[i].len);
	}
	label(out, "cut", (struct ttlog_text){ keys.bytes, keys.len });
	buffer__fini(&keys);
}

static void place_label(struct out *out, const struct ttlog_site *site)
{
	struct buffer place = { .len = 0 };
	char line[24];

	buffer__bytes(&place, site->file.p, site->file.len);
	buffer__bytes(
		&place, line,
		(size_t)snprintf(line, sizeof(line), ":%llu", (unsigned long long)site->line));
	label(out, "source", (struct ttlog_text){ place.bytes, place.len });
	buffer__fini(&place);
}

/* LTTng's numbers (lttng-ust(3)): the finest two are DEBUG_LINE and DEBUG. */
static unsigned loglevel(uint8_t level)
{
	static const uint8_t LEVELS[] = {
		[TTLOG_LEVEL_TRACE] = 14, [TTLOG_LEVEL_DEBUG] = 13, [TTLOG_LEVEL_INFO] = 6,
		[TTLOG_LEVEL_WARN] = 4,   [TTLOG_LEVEL_ERROR] = 3,  [TTLOG_LEVEL_FATAL] = 2,
	};

	return LEVELS[level];
}

static void event_block(struct out *out, const struct ctf_class *class, size_t number)
{
	const struct ttlog_site *site = class->site;
	unsigned labels = 5 + (site->kind != TTLOG_EVENT_PLAIN) + (class->cut != 0);
	struct names names = { .cnt = 0 };

	TEXT("\nevent {\n\tname = ");
	out__tsdl_text(out, site->probe);
	out__format(out, ";\n\tid = %zu;\n\tstream_id = 0;\n\tloglevel = %u;\n", number,
		    loglevel(site->level));
	/* All labels together fill one byte: readers take unused bits for a truncated event. */
	TEXT("\tcontext := struct {\n");
	label_of_bits(out, 8 - (labels - 1), "level", ttlog_text_of(ttlog_level_name(site->level)));
	label(out, "target", site->target);
	label(out, "msg", site->msg);
	place_label(out, site);
	label(out, "func", site->func);
	if (site->kind != TTLOG_EVENT_PLAIN)
		label(out, "span", ttlog_text_of(site->kind == TTLOG_EVENT_SPAN ? "begin" : "end"));
	if (class->cut)
		cut_label(out, class);
	TEXT("\t};\n\tfields := struct {\n");
	for (unsigned i = 0; i < site->nfields; i++) {
		if (!(class->absent >> i & 1))
			field_of(out, &names, site, i);
	}
	TEXT("\t};\n};\n");
	if (names.text.err && !out->err)
		out->err = names.text.err;
	buffer__fini(&names.text);
}

void ctf__print_metadata(struct out *out, const struct ctf_trace *trace)
{
	const struct ttlog_info *first = NULL;

	if (trace->reader_cnt && ttlog_snapshot_info(trace->readers[0])->has_header)
		first = ttlog_snapshot_info(trace->readers[0]);
	TEXT("/* CTF 1.8 */\n\n");
	types(out);
	trace_block(out, trace->uuid);
	env_block(out, first);
	clock_block(out, first);
	stream_block(out);
	for (size_t i = 0; i < trace->class_cnt; i++)
		event_block(out, &trace->classes[i], i);
}
