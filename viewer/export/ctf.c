/* SPDX-License-Identifier: MIT */
/*
 * Traces for babeltrace2, Trace Compass and other readers of CTF: the streams. See ctf.h.
 *
 * Events go into a packet of their process, which is written when it is full. The metadata come
 * last, when all classes are known. Memory: one packet per process, one class per site that occurs.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "array.h"
#include "buffer.h"
#include "counters.h"
#include "ctf.h"
#include "death_event.h"
#include "event_output.h"
#include "hash.h"
#include "hash_table.h"
#include "new_directory.h"
#include "diagnostics.h"
#include "spans.h"

/* A packet is written after the event that makes it larger than this. */
#define PACKET_BYTES (256u << 10)
/* Further classes after one per site: a hostile file may leave out fields in every way. */
#define MAX_VARIANTS (1u << 16)

/* Places in a packet's head for values that are known at its end. */
enum {
	AT_INSTANCE = 4 + CTF_UUID_BYTES + 4,
	AT_BEGIN = AT_INSTANCE + 8,
	AT_END = AT_BEGIN + 8,
	AT_CONTENT_BITS = AT_END + 8,
	AT_PACKET_BITS = AT_CONTENT_BITS + 8,
	AT_NUMBER = AT_PACKET_BITS + 8,
	HEAD_BYTES = AT_NUMBER + 8,
};

struct stream {
	struct buffer packet;
	uint64_t last_ns;
	uint64_t packet_cnt;
};

struct ctf {
	struct out *out; /* only for its error */
	struct ttlog_snapshot *const *readers;
	size_t reader_cnt;
	struct new_directory directory;
	unsigned char uuid[CTF_UUID_BYTES];
	struct spans spans;
	struct stream *streams; /* by reader; readers of one process share the first one's */
	uint32_t *whole;        /* by site: its class with all fields, plus 1 */
	struct ctf_class *classes;
	size_t class_cnt, class_cap;
	struct hash_table by_hash; /* classes */
	uint64_t secret;
	uint64_t most_ns;   /* last time of the clock: readers count ns since 1970 in 63 bits */
	uint64_t later_cnt; /* events with a later time */
};

/* ---- Classes ---- */

/* Uses a secret: a file can make the identities of all its sites equal. */
static uint64_t hash_class(const struct ctf *ctf, const struct ctf_class *class)
{
	const struct ttlog_site *site = class->site;
	uint64_t hash = hash__mix(ctf->secret, site->line);

	hash = hash__bytes(hash, site->probe.p, site->probe.len);
	hash = hash__bytes(hash, site->msg.p, site->msg.len);
	return hash__mix(hash, (uint64_t) class->absent << 16 ^ class->cut);
}

/* Identities are hashes: two sites of a file may have the same. */
static bool is_same_site(const struct ttlog_site *a, const struct ttlog_site *b)
{
	if (a == b)
		return true;
	if (a->identity != b->identity || a->kind != b->kind || a->level != b->level ||
	    a->line != b->line || a->nfields != b->nfields ||
	    memcmp(a->types, b->types, a->nfields) || !ttlog_text_equal(a->target, b->target) ||
	    !ttlog_text_equal(a->probe, b->probe) || !ttlog_text_equal(a->msg, b->msg) ||
	    !ttlog_text_equal(a->file, b->file) || !ttlog_text_equal(a->func, b->func))
		return false;
	for (unsigned i = 0; i < a->nfields; i++) {
		if (!ttlog_text_equal(a->keys[i], b->keys[i]))
			return false;
	}
	return true;
}

struct wanted_class {
	const struct ctf *ctf;
	const struct ctf_class *class;
};

static bool is_wanted(const void *of, uint32_t number)
{
	const struct wanted_class *wanted = of;
	const struct ctf_class *class = &wanted->ctf->classes[number];

	return class->absent == wanted->class->absent && class->cut == wanted->class->cut &&
	       is_same_site(class->site, wanted->class->site);
}

/* Returns the class's number, or -ENOMEM. */
static int64_t find_class(struct ctf *ctf, const struct ctf_class *class)
{
	const struct wanted_class wanted = { ctf, class };
	const uint64_t hash = hash_class(ctf, class);
	uint32_t number = hash_table__find(&ctf->by_hash, hash, is_wanted, &wanted);

	if (number != HASH_TABLE_NONE)
		return number;
	if (array__reserve(ctf->classes, ctf->class_cnt + 1, &ctf->class_cap) ||
	    hash_table__add(&ctf->by_hash, hash, (uint32_t)ctf->class_cnt))
		return -ENOMEM;
	ctf->classes[ctf->class_cnt] = *class;
	return (int64_t)ctf->class_cnt++;
}

static int64_t class_of(struct ctf *ctf, const struct ttlog_event *event, struct ctf_class *wanted)
{
	uint32_t *whole = &ctf->whole[spans__site_number(&ctf->spans, event)];
	int64_t number;

	if (wanted->absent || wanted->cut) {
		if (ctf->class_cnt < ctf->spans.provenances.site_cnt + MAX_VARIANTS)
			return find_class(ctf, wanted);
		wanted->absent = UINT16_MAX;
		wanted->cut = 0;
		return find_class(ctf, wanted);
	}
	if (*whole)
		return *whole - 1;
	number = find_class(ctf, wanted);
	if (number >= 0)
		*whole = (uint32_t)number + 1;
	return number;
}

/* ---- Packets ---- */

static void u16(struct buffer *packet, uint16_t v)
{
	buffer__bytes(packet, &v, sizeof(v));
}

static void u32(struct buffer *packet, uint32_t v)
{
	buffer__bytes(packet, &v, sizeof(v));
}

static void u64(struct buffer *packet, uint64_t v)
{
	buffer__bytes(packet, &v, sizeof(v));
}

static void begin_packet(struct ctf *ctf, struct stream *stream, uint64_t ns)
{
	struct buffer *packet = &stream->packet;

	u32(packet, CTF_MAGIC);
	buffer__bytes(packet, ctf->uuid, sizeof(ctf->uuid));
	u32(packet, 0);
	u64(packet, (uint64_t)(stream - ctf->streams));
	u64(packet, ns);
	u64(packet, 0);
	u64(packet, 0);
	u64(packet, 0);
	u64(packet, stream->packet_cnt++);
}

/* flags: besides those to write and create. Returns 0 or -errno. */
static int open_file(const struct ctf *ctf, const char *name, int flags, struct out *ret)
{
	int fd = openat(ctf->directory.fd, name, O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0666);
	int err = fd < 0 ? -errno : out__init(ret, fd);

	if (err && fd >= 0)
		(void)close(fd);
	return err;
}

static int close_file(struct out *out)
{
	int err = out__flush(out);

	out__fini(out);
	return close(out->fd) && !err ? -errno : err;
}

static int append_packet(const struct ctf *ctf, const struct stream *stream)
{
	struct out out;
	char name[32];
	int err;

	snprintf(name, sizeof(name), "stream_%zu", (size_t)(stream - ctf->streams));
	err = open_file(ctf, name, O_APPEND, &out);
	if (err)
		return err;
	out__bytes(&out, stream->packet.bytes, stream->packet.len);
	return close_file(&out);
}

static void write_packet(struct ctf *ctf, struct stream *stream)
{
	struct buffer *packet = &stream->packet;
	uint64_t bits = (uint64_t)packet->len * 8;
	int err = packet->err;

	if (!err) {
		memcpy(packet->bytes + AT_END, &stream->last_ns, sizeof(stream->last_ns));
		memcpy(packet->bytes + AT_CONTENT_BITS, &bits, sizeof(bits));
		memcpy(packet->bytes + AT_PACKET_BITS, &bits, sizeof(bits));
		err = append_packet(ctf, stream);
	}
	if (err && !ctf->out->err)
		ctf->out->err = err;
	packet->len = 0;
}

/* ---- Events ---- */

static void text_field(struct buffer *packet, const struct ttlog_field *field)
{
	buffer__text(packet, field->text);
	if (field->cut)
		buffer__bytes(packet, "\xe2\x80\xa6", 3);
	buffer__byte(packet, 0);
}

static void decimal(struct buffer *packet, const struct ttlog_field *field)
{
	double value = counters__double(field);

	buffer__bytes(packet, &value, sizeof(value));
	u64(packet, field->u);
	buffer__byte(packet, field->scale);
}

static void put_field(struct buffer *packet, const struct ttlog_field *field)
{
	char c = (char)field->u;
	float single;

	switch (field->type) {
	case TTLOG_TYPE_BOOL:
	case TTLOG_TYPE_I8:
	case TTLOG_TYPE_U8:
		buffer__byte(packet, (unsigned char)field->u);
		break;
	case TTLOG_TYPE_CHAR:
		buffer__text(packet, (struct ttlog_text){ &c, 1 });
		buffer__byte(packet, 0);
		break;
	case TTLOG_TYPE_I16:
	case TTLOG_TYPE_U16:
		u16(packet, (uint16_t)field->u);
		break;
	case TTLOG_TYPE_I32:
	case TTLOG_TYPE_U32:
		u32(packet, (uint32_t)field->u);
		break;
	case TTLOG_TYPE_F32:
		single = (float)field->d;
		buffer__bytes(packet, &single, sizeof(single));
		break;
	case TTLOG_TYPE_F64:
		buffer__bytes(packet, &field->d, sizeof(field->d));
		break;
	case TTLOG_TYPE_STR:
		text_field(packet, field);
		break;
	case TTLOG_TYPE_BYTES:
		u32(packet, (uint32_t)field->text.len);
		buffer__bytes(packet, field->text.p, field->text.len);
		break;
	case TTLOG_TYPE_DECIMAL:
		decimal(packet, field);
		break;
	default:
		u64(packet, field->u);
	}
}

struct ctf_event {
	size_t reader;
	uint64_t pid, tid, ns;
	struct ttlog_text comm;
	const struct ctf_class *class;
	const struct ttlog_field *fields; /* as many as its site has */
};

/* number: of its class, or -errno. */
static void put_event(struct ctf *ctf, const struct ctf_event *event, int64_t number)
{
	struct stream *stream = &ctf->streams[ctf->spans.processes[event->reader]];
	struct buffer *packet = &stream->packet;
	uint64_t ns = event->ns < ctf->most_ns ? event->ns : ctf->most_ns;

	if (number < 0) {
		ctf->out->err = (int)number;
		return;
	}
	ctf->later_cnt += ns < event->ns;
	/* In a damaged file time may go back, which would make readers stop. */
	if (ns > stream->last_ns)
		stream->last_ns = ns;
	if (!packet->len)
		begin_packet(ctf, stream, stream->last_ns);
	u32(packet, (uint32_t)number);
	u64(packet, stream->last_ns);
	u32(packet, (uint32_t)event->pid);
	u32(packet, (uint32_t)event->tid);
	buffer__text(packet, event->comm);
	buffer__byte(packet, 0);
	/* the constants of the site */
	buffer__byte(packet, 0);
	for (unsigned i = 0; i < event->class->site->nfields; i++) {
		if (!(event->class->absent >> i & 1))
			put_field(packet, &event->fields[i]);
	}
	if (packet->len >= PACKET_BYTES)
		write_packet(ctf, stream);
}

static void ctf__event(void *state, const struct ttlog_event *event)
{
	struct ctf *ctf = state;
	struct ctf_class class = { .site = event->site };
	struct ttlog_field fields[TTLOG_MAX_FIELDS];
	const struct ctf_event shown = {
		.reader = provenances__find(&ctf->spans.provenances, event)->number,
		.pid = event->thread->pid,
		.tid = event->thread->tid,
		.comm = event->thread->comm,
		.ns = spans__ns(&ctf->spans, event),
		.class = &class,
		.fields = fields,
	};
	int64_t number;

	for (unsigned i = 0; i < event->site->nfields; i++) {
		ttlog_event_field(event, i, &fields[i]);
		if (fields[i].null || fields[i].type == TTLOG_TYPE_NONE)
			class.absent |= (uint16_t)(1u << i);
		else if (fields[i].type == TTLOG_TYPE_BYTES && fields[i].cut)
			class.cut |= (uint16_t)(1u << i);
	}
	number = class_of(ctf, event, &class);
	put_event(ctf, &shown, number);
}

/* ---- Death ---- */

#define CRASH_FIELDS 4

static const struct ttlog_text CRASH_KEYS[CRASH_FIELDS] = {
	{ "what", 4 }, { "signal", 6 }, { "address", 7 }, { "stack", 5 }
};

/* A site for the crash, as if the process had logged it. */
static const struct ttlog_site CRASH_SITE = {
	.kind = TTLOG_EVENT_PLAIN,
	.level = TTLOG_LEVEL_FATAL,
	.nfields = CRASH_FIELDS,
	.types = { TTLOG_TYPE_STR, TTLOG_TYPE_STR, TTLOG_TYPE_STR, TTLOG_TYPE_STR },
	.keys = CRASH_KEYS,
	.target = { DEATH_CATEGORY, sizeof(DEATH_CATEGORY) - 1 },
	.probe = { DEATH_CATEGORY, sizeof(DEATH_CATEGORY) - 1 },
};

static void show_death(void *to, const struct death *death)
{
	struct ctf *ctf = to;
	const struct ttlog_crash *crash = death->info->crash;
	struct buffer stack = { .len = 0 };
	struct ctf_class class = { .site = &CRASH_SITE };
	struct ttlog_field fields[CRASH_FIELDS] = {
		{ .type = TTLOG_TYPE_STR, .text = ttlog_text_of(death->words) },
		{ .type = TTLOG_TYPE_STR, .text = crash->signal },
		{ .type = TTLOG_TYPE_STR, .text = crash->address },
		{ .type = TTLOG_TYPE_STR },
	};
	const struct ctf_event shown = {
		.reader = death->reader,
		.pid = death->pid,
		.tid = death->tid,
		.comm = crash->thread,
		.ns = death->mono_ns,
		.class = &class,
		.fields = fields,
	};
	int64_t number;

	death_event__stack(&stack, crash);
	fields[CRASH_FIELDS - 1].text = (struct ttlog_text){ stack.bytes, stack.len };
	for (unsigned i = 0; i < CRASH_FIELDS; i++)
		class.absent |= (uint16_t)(!fields[i].text.len << i);
	number = stack.err ? stack.err : find_class(ctf, &class);
	put_event(ctf, &shown, number);
	buffer__fini(&stack);
}

/* ---- Begin and end ---- */

static int write_metadata(struct ctf *ctf)
{
	const struct ctf_trace trace = {
		.uuid = ctf->uuid,
		.readers = ctf->readers,
		.reader_cnt = ctf->reader_cnt,
		.classes = ctf->classes,
		.class_cnt = ctf->class_cnt,
	};
	struct out out;
	int err = open_file(ctf, "metadata", O_EXCL, &out);

	if (err)
		return err;
	ctf__print_metadata(&out, &trace);
	return close_file(&out);
}

static void ctf__fini(void *state)
{
	struct ctf *ctf = state;

	for (size_t i = 0; ctf->streams && i < ctf->reader_cnt; i++)
		buffer__fini(&ctf->streams[i].packet);
	new_directory__fini(&ctf->directory);
	spans__fini(&ctf->spans);
	free(ctf->streams);
	free(ctf->whole);
	free(ctf->classes);
	hash_table__fini(&ctf->by_hash);
}

static void say_later(const struct ctf *ctf)
{
	char text[160];

	if (!ctf->later_cnt)
		return;
	snprintf(text, sizeof(text),
		 "%" PRIu64
		 " times are beyond 2^63 ns, of the clock or since 1970, which is all that "
		 "CTF's readers know: they are shown as then",
		 ctf->later_cnt);
	diagnostics__print("--format ctf", text);
}

static void ctf__end(void *state)
{
	struct ctf *ctf = state;
	int err;

	if (deaths__each(&ctf->spans, show_death, ctf))
		ctf->out->err = -ENOMEM;
	for (size_t i = 0; i < ctf->reader_cnt; i++) {
		if (ctf->streams[i].packet.len)
			write_packet(ctf, &ctf->streams[i]);
	}
	err = ctf->out->err;
	if (!err)
		err = write_metadata(ctf);
	if (!err)
		err = new_directory__publish(&ctf->directory);
	ctf->out->err = err;
	if (!err)
		say_later(ctf);
}

/* The same files always give the same UUID, so this hash must not change. */
static void make_uuid(struct ctf *ctf)
{
	uint64_t hash = 0xcbf29ce484222325u;

	for (size_t i = 0; i < ctf->reader_cnt; i++) {
		const struct ttlog_info *header = ttlog_snapshot_info(ctf->readers[i]);
		const uint64_t of[] = { header->real_ns, header->mono_ns, header->pid,
					ttlog_snapshot_contents(ctf->readers[i])->size };

		for (size_t k = 0; k < sizeof(of) / sizeof(of[0]); k++)
			hash = (hash ^ of[k]) * 0x9e3779b97f4a7c15u ^ hash >> 29;
	}
	for (unsigned i = 0; i < CTF_UUID_BYTES; i++) {
		hash = hash * 0x9e3779b97f4a7c15u + i;
		ctf->uuid[i] = (unsigned char)(hash >> 56);
	}
	/* RFC 9562: version 8, for own schemes */
	ctf->uuid[6] = (unsigned char)((ctf->uuid[6] & 0x0f) | 0x80);
	ctf->uuid[8] = (unsigned char)((ctf->uuid[8] & 0x3f) | 0x80);
}

/* The last time that readers can show; they add the clock's offset. */
static uint64_t most_ns(const struct ctf *ctf)
{
	int64_t offset =
		ctf__offset_ns(ctf->reader_cnt ? ttlog_snapshot_info(ctf->readers[0]) : NULL);

	return (uint64_t)(offset > 0 ? CTF_LAST_NS - offset : CTF_LAST_NS);
}

static int ctf__begin(void *state, const struct event_output_setup *setup)
{
	struct ctf *ctf = state;
	int err = new_directory__make(&ctf->directory, setup->directory);

	if (!err)
		err = spans__init(&ctf->spans, setup->readers, setup->reader_cnt);
	if (err)
		return err;
	ctf->out = setup->out;
	ctf->readers = setup->readers;
	ctf->reader_cnt = setup->reader_cnt;
	ctf->secret = hash__new_secret();
	ctf->streams = calloc(ctf->reader_cnt + 1, sizeof(*ctf->streams));
	ctf->whole = calloc(ctf->spans.provenances.site_cnt + 1, sizeof(*ctf->whole));
	make_uuid(ctf);
	ctf->most_ns = most_ns(ctf);
	return ctf->streams && ctf->whole ? 0 : -ENOMEM;
}

const struct event_output ctf_output = {
	.state_bytes = sizeof(struct ctf),
	.begin = ctf__begin,
	.event = ctf__event,
	.end = ctf__end,
	.fini = ctf__fini,
};
