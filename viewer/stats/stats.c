/* SPDX-License-Identifier: MIT */
/*
 * The groups. A hash table finds a group by the bytes of its keys' values. There are MAX_GROUPS
 * groups at most, and AGGREGATES_MAX_BYTES for all aggregates: groups and fields that come after
 * that have no aggregates, and the output says so.
 */
#include <errno.h>
#include <stdlib.h>

#include "field.h"
#include "hash.h"
#include "hex.h"
#include "stats_parts.h"
#include <ttlog/read.h>

/* Grouping by an order number makes as many groups as events: the rest goes into one. */
#define MAX_GROUPS           (1u << 20)
#define AGGREGATES_MAX_BYTES (32u << 20)

/* As in a filter: a field with the name of something else. */
#define FIELD_PREFIX "fields."

static struct ttlog_text key_of_field(struct ttlog_text name)
{
	const size_t prefix = strlen(FIELD_PREFIX);

	/* as in a filter: the field of a span's end */
	if (ttlog_text_is(name, "duration") || ttlog_text_is(name, "took"))
		return ttlog_text_of("duration_ns");
	if (name.len <= prefix || memcmp(name.p, FIELD_PREFIX, prefix) != 0)
		return name;
	return (struct ttlog_text){ name.p + prefix, name.len - prefix };
}

static int parse_keys(struct stats *stats)
{
	const char *p = stats->names;
	unsigned file_key_cnt = 0;

	while (*p || stats->key_cnt) {
		struct ttlog_text key = { p, strcspn(p, ",") };
		enum event_key kind = event_key__find(key, EVENT_KEY_LINE);
		const enum file_key of_file = file_key__find(key);

		if (!key.len || stats->key_cnt == GROUP_BY_MAX_KEYS)
			return -EINVAL;
		if (ttlog_text_is(key, "ts"))
			return -EDOM;
		stats->keys[stats->key_cnt] = key;
		stats->of_files[stats->key_cnt] = of_file;
		stats->kinds[stats->key_cnt++] = kind;
		file_key_cnt += of_file != FILE_KEY_NONE;
		if (kind == EVENT_KEY_FIELD && !of_file)
			stats->fields[stats->count_keys.field_cnt++] = key_of_field(key);
		if (kind == EVENT_KEY_PID || kind == EVENT_KEY_TID || kind == EVENT_KEY_COMM)
			stats->count_keys.by_thread = true;
		p += key.len;
		if (!*p)
			break;
		p++;
	}
	stats->are_all_of_files = stats->key_cnt && file_key_cnt == stats->key_cnt;
	return 0;
}

struct stats *stats__new(const char *keys, const char *field)
{
	struct stats *stats = calloc(1, sizeof(*stats));
	int err = -ENOMEM;

	if (!stats)
		return NULL;
	stats->names = strdup(keys);
	stats->table_cap = 1024;
	stats->table = calloc(stats->table_cap, sizeof(struct group *));
	stats->counter = group_count__new();
	stats->count_keys.fields = stats->fields;
	stats->first_ns = UINT64_MAX;
	stats->memory.bytes = AGGREGATES_MAX_BYTES;
	stats->memory.distinct_bytes = AGGREGATE_DISTINCT_BYTES;
	stats->only_field = field;
	stats->secret = hash__new_secret();
	if (stats->names && stats->table && stats->counter)
		err = parse_keys(stats);
	if (err) {
		stats__free(stats);
		errno = -err;
		return NULL;
	}
	return stats;
}

static void group__free(struct group *group)
{
	if (group)
		group__free_fields(group);
	free(group);
}

void stats__free(struct stats *stats)
{
	if (!stats)
		return;
	for (size_t i = 0; stats->table && i < stats->table_cap; i++) {
		while (stats->table[i]) {
			struct group *next = stats->table[i]->next;

			group__free(stats->table[i]);
			stats->table[i] = next;
		}
	}
	free(stats->counter);
	group_memo__fini(&stats->memo);
	free(stats->sorted);
	group__free(stats->rest);
	free(stats->table);
	free(stats->names);
	free(stats);
}

/* ---- Counting ---- */

/* As the outputs show bytes. The key is cut at STATS_KEY_BYTES anyway. */
static struct ttlog_text hex_value(struct ttlog_text bytes, char *buf)
{
	size_t len = bytes.len < STATS_KEY_BYTES / 2 ? bytes.len : STATS_KEY_BYTES / 2;

	hex__bytes(buf, bytes.p, len);
	return (struct ttlog_text){ buf, 2 * len };
}

static struct ttlog_text field_value(const struct ttlog_event *event, struct ttlog_text key,
				     char *buf, enum value_kind *ret_kind)
{
	for (unsigned i = 0; i < event->site->nfields; i++) {
		struct ttlog_field field;

		if (!ttlog_text_equal(event->site->keys[i], key))
			continue;
		ttlog_event_field(event, i, &field);
		if (field.null) {
			*ret_kind = VALUE_NULL;
			return ttlog_text_of("");
		}
		*ret_kind = field.type == TTLOG_TYPE_STR || field.type == TTLOG_TYPE_CHAR ||
					    field.type == TTLOG_TYPE_PTR ||
					    field.type == TTLOG_TYPE_HEX ||
					    field.type == TTLOG_TYPE_BYTES
				    ? VALUE_TEXT
				    : VALUE_NUMBER;
		return field.type == TTLOG_TYPE_BYTES ? hex_value(field.text, buf)
						      : ttlog_field_text(&field, buf);
	}
	*ret_kind = VALUE_NONE;
	return ttlog_text_of("");
}

static struct ttlog_text number_text(uint64_t v, char *buf)
{
	return (struct ttlog_text){ buf, format__u64(buf, v) };
}

static struct ttlog_text file_value(const struct stats *stats, unsigned i,
				    const struct ttlog_info *info, enum value_kind *ret_kind)
{
	const struct ttlog_text value = file_key__value(stats->of_files[i], info);

	*ret_kind = value.len ? VALUE_TEXT : VALUE_NONE;
	return value.len ? value : ttlog_text_of("");
}

static struct ttlog_text key_value(const struct stats *stats, unsigned i,
				   const struct ttlog_event *event, char *buf,
				   enum value_kind *ret_kind)
{
	*ret_kind = VALUE_TEXT;
	if (stats->of_files[i])
		return file_value(stats, i, ttlog_snapshot_info(event->snapshot), ret_kind);
	switch (stats->kinds[i]) {
	case EVENT_KEY_LEVEL:
		return ttlog_text_of(ttlog_level_name(event->site->level));
	case EVENT_KEY_TARGET:
		return event->site->target;
	case EVENT_KEY_PROBE:
		return event->site->probe;
	case EVENT_KEY_MSG:
		return event->site->msg;
	case EVENT_KEY_FILE:
		return event->site->file;
	case EVENT_KEY_FUNC:
		return event->site->func;
	case EVENT_KEY_COMM:
		return event->thread->comm;
	case EVENT_KEY_PID:
		*ret_kind = VALUE_NUMBER;
		return number_text(event->thread->pid, buf);
	case EVENT_KEY_TID:
		*ret_kind = VALUE_NUMBER;
		return number_text(event->thread->tid, buf);
	case EVENT_KEY_LINE:
		*ret_kind = VALUE_NUMBER;
		return number_text(event->site->line, buf);
	default:
		return field_value(event, key_of_field(stats->keys[i]), buf, ret_kind);
	}
}

static size_t put_value(unsigned char *to, struct ttlog_text value, enum value_kind kind)
{
	const size_t kept = value.len < STATS_KEY_BYTES ? value.len : STATS_KEY_BYTES;

	to[0] = (unsigned char)kind;
	to[1] = (unsigned char)(kept & 0xff);
	to[2] = (unsigned char)(kept >> 8);
	memcpy(to + 3, value.p, kept);
	return 3 + kept;
}

size_t stats__make_key(const struct stats *stats, const struct ttlog_event *event,
		       unsigned char *to)
{
	char buf[FORMAT_NUMBER_BYTES];
	size_t len = 0;

	for (unsigned i = 0; i < stats->key_cnt; i++) {
		enum value_kind kind;
		const struct ttlog_text value = key_value(stats, i, event, buf, &kind);

		len += put_value(to + len, value, kind);
	}
	return len;
}

static void grow_table(struct stats *stats)
{
	size_t cap = stats->table_cap * 4;
	struct group **grown = calloc(cap, sizeof(struct group *));

	if (!grown)
		return; /* chains only get longer */
	for (size_t i = 0; i < stats->table_cap; i++) {
		while (stats->table[i]) {
			struct group *group = stats->table[i];

			stats->table[i] = group->next;
			group->next = grown[group->hash & (cap - 1)];
			grown[group->hash & (cap - 1)] = group;
		}
	}
	free(stats->table);
	stats->table = grown;
	stats->table_cap = cap;
}

static struct group *group__new(const unsigned char *key, size_t len, uint64_t hash)
{
	struct group *group = calloc(1, sizeof(*group) + len);

	if (!group)
		return NULL;
	group->hash = hash;
	group->first_ns = UINT64_MAX;
	group->last_ns = UINT64_MAX; /* no event yet */
	group->key_len = len;
	if (len)
		memcpy(group->key, key, len);
	return group;
}

uint64_t stats__hash(const struct stats *stats, const unsigned char *key, size_t len)
{
	uint64_t hash = hash__bytes(stats->secret, key, len);

	__builtin_prefetch(&stats->table[hash & (stats->table_cap - 1)]);
	return hash;
}

void stats__prefetch_group(const struct stats *stats, uint64_t hash)
{
	__builtin_prefetch(stats->table[hash & (stats->table_cap - 1)]);
}

struct group *stats__find_group(struct stats *stats, const unsigned char *key, size_t len,
				uint64_t hash)
{
	struct group *group = stats->table[hash & (stats->table_cap - 1)];

	for (; group; group = group->next) {
		if (group->hash == hash && group->key_len == len && !memcmp(group->key, key, len))
			return group;
	}
	if (stats->group_cnt == MAX_GROUPS) {
		if (!stats->rest)
			stats->rest = group__new(NULL, 0, 0);
		if (stats->rest)
			stats->rest->is_rest = true;
		return stats->rest;
	}
	group = group__new(key, len, hash);
	if (!group)
		return NULL;
	if (stats->group_cnt++ > stats->table_cap)
		grow_table(stats);
	group->next = stats->table[hash & (stats->table_cap - 1)];
	stats->table[hash & (stats->table_cap - 1)] = group;
	return group;
}

void stats__add(struct stats *stats, struct group *group, uint64_t cnt, uint64_t first_ns,
		uint64_t last_ns)
{
	stats->event_cnt += cnt;
	if (first_ns < stats->first_ns)
		stats->first_ns = first_ns;
	if (last_ns > stats->last_ns)
		stats->last_ns = last_ns;
	if (first_ns < group->first_ns)
		group->first_ns = first_ns;
	if (!group->cnt || last_ns > group->last_ns)
		group->last_ns = last_ns;
	group->cnt += cnt;
}

int stats__count_files(struct stats *stats, struct ttlog_snapshot *const *readers,
		       size_t reader_cnt)
{
	stats->counts_files = stats->are_all_of_files;
	for (size_t r = 0; stats->counts_files && r < reader_cnt; r++) {
		const struct ttlog_info *info = ttlog_snapshot_info(readers[r]);
		unsigned char *key = stats->part_keys[0];
		struct group *group;
		size_t len = 0;

		for (unsigned i = 0; info->has_header && i < stats->key_cnt; i++) {
			enum value_kind kind;
			const struct ttlog_text value = file_value(stats, i, info, &kind);

			len += put_value(key + len, value, kind);
		}
		if (!len)
			continue;
		group = stats__find_group(stats, key, len, stats__hash(stats, key, len));
		if (!group)
			return -ENOMEM;
		group->file_cnt++;
	}
	return 0;
}

/* ---- Order ---- */

static int by_count(const void *a, const void *b)
{
	const struct group *x = *(struct group *const *)a, *y = *(struct group *const *)b;

	if (x->is_rest != y->is_rest)
		return x->is_rest ? 1 : -1;
	if (x->file_cnt != y->file_cnt)
		return x->file_cnt > y->file_cnt ? -1 : 1;
	if (x->cnt != y->cnt)
		return x->cnt > y->cnt ? -1 : 1;
	return event_field__order((struct ttlog_text){ (const char *)x->key, x->key_len },
				  (struct ttlog_text){ (const char *)y->key, y->key_len });
}

struct group **stats__sorted(struct stats *stats, size_t most, size_t *ret_cnt)
{
	struct group **groups = calloc(stats->group_cnt + 1, sizeof(*groups));
	size_t cnt = 0;

	if (!groups)
		return NULL;
	for (size_t i = 0; i < stats->table_cap; i++) {
		for (struct group *group = stats->table[i]; group; group = group->next)
			groups[cnt++] = group;
	}
	if (stats->rest)
		groups[cnt++] = stats->rest;
	qsort(groups, cnt, sizeof(struct group *), by_count);
	*ret_cnt = cnt < most ? cnt : most;
	for (size_t i = 0; i < *ret_cnt; i++)
		stats__settle(stats, groups[i]);
	return groups;
}
