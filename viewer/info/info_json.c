/* SPDX-License-Identifier: MIT */
/*
 * --info --format json: the keys of the header, those of DESIGN.md section 6 first.
 */
#include <errno.h>
#include <stdlib.h>

#include <ttlog/read.h>
#include "core_dump.h"
#include "info.h"
#include "json.h"
#include "open_spans.h"

/* Not shown: keys that only serve to read events. */
static const char *const HIDDEN[] = {
	"item", "clock", "sites", "modules", "threads", "mappings", "incompatible", "compatible",
};

/* Printed in this place by name. */
static const char *const PLACED[] = {
	"format",   "service", "host",       "kernel",  "pid",      "comm",        "exe",
	"build_id", "reason",  "created_at", "emitted", "recorded", "overwritten", "lost",
	"exit",     "crash",   "spans",      "missed",  "unread",   "suppressed",
};

struct object {
	struct out *out;
	bool has_keys;
};

static bool is_in(struct ttlog_text key, const char *const *list, size_t cnt)
{
	for (size_t i = 0; i < cnt; i++) {
		if (ttlog_text_is(key, list[i]))
			return true;
	}
	return false;
}

static void put_key(struct object *object, struct ttlog_text key)
{
	if (object->has_keys)
		out__char(object->out, ',');
	object->has_keys = true;
	out__json_text(object->out, key, false);
	out__char(object->out, ':');
}

static void put_text(struct object *object, const char *key, struct ttlog_text value)
{
	if (!value.p)
		return;
	put_key(object, ttlog_text_of(key));
	out__json_text(object->out, value, false);
}

static void put_u64(struct object *object, const char *key, uint64_t value)
{
	put_key(object, ttlog_text_of(key));
	out__u64(object->out, value);
}

static void put_item(struct object *object, const char *key, const struct ttlog_cbor *item)
{
	if (!item->at)
		return;
	put_key(object, ttlog_text_of(key));
	json__item(object->out, *item);
}

static void put_time(struct object *object, const char *key, uint64_t real_ns)
{
	put_key(object, ttlog_text_of(key));
	out__char(object->out, '"');
	out__time(object->out, real_ns);
	out__char(object->out, '"');
}

static void put_totals(struct object *object, const struct ttlog_snapshot *reader)
{
	const struct ttlog_contents *contents = ttlog_snapshot_contents(reader);
	const struct ttlog_info *info = ttlog_snapshot_info(reader);

	if (info->has_header && contents->chunk_cnt) {
		const struct ttlog_chunk_place *last = &contents->chunks[contents->chunk_cnt - 1];

		put_time(object, "first_ts",
			 ttlog_info_real_ns(info, contents->chunks[0].first_ns));
		put_time(object, "last_ts", ttlog_info_real_ns(info, last->last_ns));
	}
	put_u64(object, "events", contents->event_cnt);
	if (contents->has_totals) {
		put_u64(object, "emitted", contents->emitted);
		put_u64(object, "recorded", contents->recorded);
		put_u64(object, "overwritten", contents->overwritten);
	}
	if (contents->unread)
		put_u64(object, "unread", contents->unread);
	if (contents->suppressed)
		put_u64(object, "suppressed", contents->suppressed);
	if (info->has_stream)
		put_u64(object, "missed", contents->missed);
	put_item(object, "lost", &contents->lost_item);
}

/* Where the path of a control group is known, it is `cgroup`, and the number `cgroup_id`. */
static struct ttlog_text name_of(struct ttlog_text key, bool has_path)
{
	if (!has_path)
		return key;
	if (ttlog_text_is(key, "cgroup"))
		return ttlog_text_of("cgroup_id");
	return ttlog_text_is(key, "cgroup_path") ? ttlog_text_of("cgroup") : key;
}

/* Keys of later writers, and keys that section 6 does not name. */
static void put_others(struct object *object, struct ttlog_cbor in, bool has_path)
{
	struct ttlog_cbor_item map, key;

	if (ttlog_cbor_next(&in, &map) || map.kind != TTLOG_CBOR_MAP)
		return;
	for (uint64_t i = 0; i < map.u; i++) {
		struct ttlog_cbor value;

		if (ttlog_cbor_next(&in, &key))
			return;
		value = in;
		if (ttlog_cbor_skip(&in))
			return;
		if (is_in(key.text, HIDDEN, sizeof(HIDDEN) / sizeof(HIDDEN[0])) ||
		    is_in(key.text, PLACED, sizeof(PLACED) / sizeof(PLACED[0])))
			continue;
		put_key(object, name_of(key.text, has_path));
		json__item(object->out, (struct ttlog_cbor){ value.at, in.at });
	}
}

struct list {
	struct out *out;
	bool has_any;
};

static void put_span(void *to, const struct ttlog_event *begin)
{
	struct list *list = to;

	if (list->has_any)
		out__char(list->out, ',');
	list->has_any = true;
	json__object(list->out, begin);
}

static int put_spans(struct object *object, const struct open_spans *spans)
{
	struct list list = { .out = object->out };
	int err;

	if (!spans->found_cnt)
		return 0;
	put_key(object, ttlog_text_of("spans"));
	out__char(object->out, '[');
	err = open_spans__each(spans, put_span, &list);
	out__char(object->out, ']');
	return err;
}

static void put_core_dump(struct object *object, const struct ttlog_info *info)
{
	char *path = core_dump__find(info);

	if (path)
		put_text(object, "core_dump", ttlog_text_of(path));
	free(path);
}

static int print(struct out *out, const struct ttlog_snapshot *reader,
		 const struct open_spans *spans)
{
	const struct ttlog_info *info = ttlog_snapshot_info(reader);
	struct object object = { .out = out };
	int err;

	out__char(out, '{');
	if (info->has_header)
		put_u64(&object, "format", info->format);
	put_text(&object, "service", info->service);
	put_text(&object, "host", info->host);
	put_text(&object, "kernel", info->kernel);
	if (info->has_pid)
		put_u64(&object, "pid", info->pid);
	put_text(&object, "comm", info->comm);
	put_text(&object, "exe", info->exe);
	put_text(&object, "build_id", info->build_id);
	put_text(&object, "reason", info->reason);
	put_text(&object, "created_at", info->created_at);
	put_totals(&object, reader);
	put_item(&object, "exit", &info->exit_item);
	err = put_spans(&object, spans);
	put_item(&object, "crash", &info->crash_item);
	put_core_dump(&object, info);
	if (info->has_header)
		put_others(&object, info->item, info->cgroup_path.p);
	out__text(out, "}\n");
	return err;
}

int info__print_json(struct out *out, struct ttlog_snapshot *reader)
{
	struct open_spans spans;
	int err = open_spans__init(&spans, reader);

	for (size_t left = ttlog_snapshot_contents(reader)->chunk_cnt;
	     !err && spans.lanes && left;) {
		err = ttlog_snapshot_load(reader, --left);
		/* a chunk that can't be read is listed as a problem */
		err = err ? (err == -ENOMEM ? err : 0) : open_spans__look_at(&spans, left);
	}
	if (!err)
		err = print(out, reader, &spans);
	open_spans__fini(&spans);
	return err;
}
