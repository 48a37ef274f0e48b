/* SPDX-License-Identifier: MIT */
/*
 * --info --format json: the header's keys as they stand, those of DESIGN.md section 6 first.
 */
#include "format.h"
#include "info.h"
#include "json.h"

/* Not in the object: what the reader needs to read events. */
static const char *const HIDDEN[] = {
	"item", "clock", "sites", "threads", "mappings", "incompatible", "compatible",
};

/* Printed in this place by name. */
static const char *const PLACED[] = {
	"format", "service",    "host",    "kernel",   "pid",         "comm", "exe",  "build_id",
	"reason", "created_at", "emitted", "recorded", "overwritten", "lost", "exit", "crash",
};

struct object {
	struct out *out;
	bool has_keys;
};

static bool is_in(struct text key, const char *const *list, size_t cnt)
{
	for (size_t i = 0; i < cnt; i++) {
		if (text_is(key, list[i]))
			return true;
	}
	return false;
}

static void put_key(struct object *object, struct text key)
{
	if (object->has_keys)
		out__char(object->out, ',');
	object->has_keys = true;
	out__json_text(object->out, key, false);
	out__char(object->out, ':');
}

static void put_text(struct object *object, const char *key, struct text value)
{
	if (!value.p)
		return;
	put_key(object, text_of(key));
	out__json_text(object->out, value, false);
}

static void put_u64(struct object *object, const char *key, uint64_t value)
{
	put_key(object, text_of(key));
	out__u64(object->out, value);
}

static void put_item(struct object *object, const char *key, const struct token_in *item)
{
	if (!item->at)
		return;
	put_key(object, text_of(key));
	json__item(object->out, *item);
}

static void put_time(struct object *object, const char *key, uint64_t real_ns)
{
	put_key(object, text_of(key));
	out__char(object->out, '"');
	out__time(object->out, real_ns);
	out__char(object->out, '"');
}

static void put_totals(struct object *object, const struct reader *reader)
{
	const struct header *header = &reader->header;

	if (reader->has_header && reader->chunk_cnt) {
		const struct reader_chunk *last = &reader->chunks[reader->chunk_cnt - 1];

		put_time(object, "first_ts", header__real_ns(header, reader->chunks[0].first_ns));
		put_time(object, "last_ts", header__real_ns(header, last->last_ns));
	}
	put_u64(object, "events", reader->event_cnt);
	if (reader->has_totals) {
		put_u64(object, "emitted", reader->emitted);
		put_u64(object, "recorded", reader->recorded);
		put_u64(object, "overwritten", reader->overwritten);
	}
	put_item(object, "lost", &reader->lost_item);
}

/* Keys that a later writer added, and those that section 6 does not name. */
static void put_others(struct object *object, struct token_in in)
{
	uint64_t pairs;

	if (token__map(&in, &pairs))
		return;
	for (uint64_t i = 0; i < pairs; i++) {
		struct token_in value;
		struct text key;

		if (token__text(&in, &key))
			return;
		value = in;
		if (token__skip(&in))
			return;
		if (is_in(key, HIDDEN, sizeof(HIDDEN) / sizeof(HIDDEN[0])) ||
		    is_in(key, PLACED, sizeof(PLACED) / sizeof(PLACED[0])))
			continue;
		put_key(object, key);
		json__item(object->out, (struct token_in){ value.at, in.at });
	}
}

void info__print_json(struct out *out, const struct reader *reader)
{
	const struct header *header = &reader->header;
	struct object object = { .out = out };

	out__char(out, '{');
	if (reader->has_header)
		put_u64(&object, "format", FORMAT_NUMBER);
	put_text(&object, "service", header->service);
	put_text(&object, "host", header->host);
	put_text(&object, "kernel", header->kernel);
	if (header->has_pid)
		put_u64(&object, "pid", header->pid);
	put_text(&object, "comm", header->comm);
	put_text(&object, "exe", header->exe);
	put_text(&object, "build_id", header->build_id);
	put_text(&object, "reason", header->reason);
	put_text(&object, "created_at", header->created_at);
	put_totals(&object, reader);
	put_item(&object, "exit", &header->exit_item);
	put_item(&object, "crash", &header->crash_item);
	if (reader->has_header)
		put_others(&object, header->item);
	out__text(out, "}\n");
}
