/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <ttlog/read.h>
#include "json.h"
#include "stats.h"
#include "tally.h"

/* Grouping by an order number has as many groups as events: what is beyond goes into one. */
#define MAX_GROUPS       (1u << 20)
#define CACHE_SLOTS      4096u
#define KEY_MAX_BYTES    256u
#define COLUMN_MAX_WIDTH 48u

enum stats_key {
	KEY_FIELD,
	KEY_LEVEL,
	KEY_TARGET,
	KEY_PROBE,
	KEY_MSG,
	KEY_FILE,
	KEY_FUNC,
	KEY_PID,
	KEY_TID,
	KEY_COMM,
};

static const char *const KEY_NAMES[] = {
	"", "level", "target", "probe", "msg", "file", "func", "pid", "tid", "comm",
};

struct group {
	struct group *next; /* of the same hash */
	uint64_t hash;
	uint64_t cnt;
	uint64_t first_ns, last_ns;
	bool is_rest;
	size_t key_len;
	/* each value: a byte of enum value_kind, two bytes of length, the bytes */
	unsigned char key[];
};

enum value_kind {
	VALUE_NONE, /* the event has no such field, or it is null */
	VALUE_TEXT,
	VALUE_NUMBER, /* JSON prints it as it is */
};

struct cache_slot {
	const struct ttlog_site *site;
	const struct ttlog_thread *thread;
	struct group *group;
};

struct stats {
	char *names; /* the keys' text */
	struct ttlog_text keys[STATS_MAX_KEYS];
	enum stats_key kinds[STATS_MAX_KEYS];
	unsigned key_cnt;
	struct ttlog_text fields[STATS_MAX_KEYS]; /* those of the keys that are fields */
	struct tally_keys tally_keys;
	struct tally *tally;
	struct group **table;
	size_t table_cap, group_cnt;
	struct group *rest;
	uint64_t event_cnt;
	/* Without field keys the group follows from site and thread. */
	struct cache_slot cache[CACHE_SLOTS];
};

static enum stats_key kind_of(struct ttlog_text name)
{
	for (unsigned i = KEY_LEVEL; i <= KEY_COMM; i++) {
		if (ttlog_text_is(name, KEY_NAMES[i]))
			return (enum stats_key)i;
	}
	return KEY_FIELD;
}

static int parse_keys(struct stats *stats)
{
	const char *p = stats->names;

	for (;;) {
		struct ttlog_text key = { p, strcspn(p, ",") };
		enum stats_key kind = kind_of(key);

		if (!key.len || stats->key_cnt == STATS_MAX_KEYS)
			return -EINVAL;
		stats->keys[stats->key_cnt] = key;
		stats->kinds[stats->key_cnt++] = kind;
		if (kind == KEY_FIELD)
			stats->fields[stats->tally_keys.field_cnt++] = key;
		if (kind == KEY_PID || kind == KEY_TID || kind == KEY_COMM)
			stats->tally_keys.by_thread = true;
		p += key.len;
		if (!*p)
			return 0;
		p++;
	}
}

struct stats *stats__new(const char *keys)
{
	struct stats *stats = calloc(1, sizeof(*stats));
	int err = -ENOMEM;

	if (!stats)
		return NULL;
	stats->names = strdup(keys);
	stats->table_cap = 1024;
	stats->table = calloc(stats->table_cap, sizeof(struct group *));
	stats->tally = tally__new();
	stats->tally_keys.fields = stats->fields;
	if (stats->names && stats->table && stats->tally)
		err = parse_keys(stats);
	if (err) {
		stats__free(stats);
		errno = -err;
		return NULL;
	}
	return stats;
}

void stats__free(struct stats *stats)
{
	if (!stats)
		return;
	for (size_t i = 0; stats->table && i < stats->table_cap; i++) {
		while (stats->table[i]) {
			struct group *next = stats->table[i]->next;

			free(stats->table[i]);
			stats->table[i] = next;
		}
	}
	tally__free(stats->tally);
	free(stats->rest);
	free(stats->table);
	free(stats->names);
	free(stats);
}

/* ---- Counting ---- */

/* As the outputs show bytes; what is beyond KEY_MAX_BYTES is cut there anyway. */
static struct ttlog_text hex_value(struct ttlog_text bytes, char *buf)
{
	size_t len = bytes.len < KEY_MAX_BYTES / 2 ? bytes.len : KEY_MAX_BYTES / 2;

	for (size_t i = 0; i < len; i++) {
		buf[2 * i] = "0123456789abcdef"[(unsigned char)bytes.p[i] >> 4];
		buf[2 * i + 1] = "0123456789abcdef"[(unsigned char)bytes.p[i] & 15];
	}
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
		if (field.null)
			break;
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

static struct ttlog_text key_value(const struct stats *stats, unsigned i,
				   const struct ttlog_event *event, char *buf,
				   enum value_kind *ret_kind)
{
	*ret_kind = VALUE_TEXT;
	switch (stats->kinds[i]) {
	case KEY_LEVEL:
		return ttlog_text_of(ttlog_level_name(event->site->level));
	case KEY_TARGET:
		return event->site->target;
	case KEY_PROBE:
		return event->site->probe;
	case KEY_MSG:
		return event->site->msg;
	case KEY_FILE:
		return event->site->file;
	case KEY_FUNC:
		return event->site->func;
	case KEY_COMM:
		return event->thread->comm;
	case KEY_PID:
		*ret_kind = VALUE_NUMBER;
		return number_text(event->thread->pid, buf);
	case KEY_TID:
		*ret_kind = VALUE_NUMBER;
		return number_text(event->thread->tid, buf);
	default:
		return field_value(event, stats->keys[i], buf, ret_kind);
	}
}

static size_t make_key(const struct stats *stats, const struct ttlog_event *event,
		       unsigned char *to)
{
	char buf[FORMAT_NUMBER_BYTES];
	size_t len = 0;

	for (unsigned i = 0; i < stats->key_cnt; i++) {
		enum value_kind kind;
		struct ttlog_text value = key_value(stats, i, event, buf, &kind);
		size_t kept = value.len < KEY_MAX_BYTES ? value.len : KEY_MAX_BYTES;

		to[len++] = (unsigned char)kind;
		to[len++] = (unsigned char)(kept & 0xff);
		to[len++] = (unsigned char)(kept >> 8);
		memcpy(to + len, value.p, kept);
		len += kept;
	}
	return len;
}

static uint64_t hash_key(const unsigned char *key, size_t len)
{
	uint64_t hash = 0xcbf29ce484222325u;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ key[i]) * 0x100000001b3u;
	return hash ^ hash >> 29;
}

static void grow_table(struct stats *stats)
{
	size_t cap = stats->table_cap * 4;
	struct group **grown = calloc(cap, sizeof(struct group *));

	if (!grown)
		return; /* longer chains, nothing worse */
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
	group->key_len = len;
	if (len)
		memcpy(group->key, key, len);
	return group;
}

static struct group *find_group(struct stats *stats, const struct ttlog_event *event)
{
	unsigned char key[STATS_MAX_KEYS * (KEY_MAX_BYTES + 3)];
	size_t len = make_key(stats, event, key);
	uint64_t hash = hash_key(key, len);
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

static void group__add(struct group *group, uint64_t cnt, uint64_t first_ns, uint64_t last_ns)
{
	group->cnt += cnt;
	if (first_ns < group->first_ns)
		group->first_ns = first_ns;
	if (last_ns > group->last_ns)
		group->last_ns = last_ns;
}

int stats__event(struct stats *stats, const struct ttlog_event *event)
{
	struct cache_slot *slot =
		&stats->cache[((uintptr_t)event->site / sizeof(*event->site) +
			       (uintptr_t)event->thread / sizeof(*event->thread) * 31) %
			      CACHE_SLOTS];
	struct group *group;

	if (!stats->tally_keys.field_cnt && slot->site == event->site &&
	    slot->thread == event->thread) {
		group = slot->group;
	} else {
		group = find_group(stats, event);
		if (!group)
			return -ENOMEM;
		*slot = (struct cache_slot){ event->site, event->thread, group };
	}
	stats->event_cnt++;
	group__add(group, 1, event->real_ns, event->real_ns);
	return 0;
}

/* Any event of a cell stands for all when it comes to the group. */
static int count_cell(struct stats *stats, struct ttlog_snapshot *reader,
		      const struct tally_cell *cell)
{
	struct ttlog_event event, last;
	struct group *group;

	ttlog_snapshot_event(reader, cell->first, &event);
	ttlog_snapshot_event(reader, cell->last, &last);
	group = find_group(stats, &event);
	if (!group)
		return -ENOMEM;
	stats->event_cnt += cell->cnt;
	group__add(group, cell->cnt, event.real_ns, last.real_ns);
	return 0;
}

int stats__run(struct stats *stats, const struct ttlog_run *run)
{
	const struct tally_cell *cells;
	int cnt = tally__run(stats->tally, run, &stats->tally_keys, &cells), err = 0;

	for (int i = 0; !err && i < cnt; i++) {
		if (cells[i].cnt)
			err = count_cell(stats, run->snapshot, &cells[i]);
	}
	for (uint32_t i = 0; !err && cnt < 0 && i < run->cnt; i++) {
		struct ttlog_event event;

		ttlog_snapshot_event(run->snapshot, ttlog_run_at(run, i), &event);
		err = stats__event(stats, &event);
	}
	return err;
}

/* ---- Printing ---- */

static int by_count(const void *a, const void *b)
{
	const struct group *x = *(struct group *const *)a, *y = *(struct group *const *)b;
	size_t common = x->key_len < y->key_len ? x->key_len : y->key_len;
	int order;

	if (x->is_rest != y->is_rest)
		return x->is_rest ? 1 : -1;
	if (x->cnt != y->cnt)
		return x->cnt > y->cnt ? -1 : 1;
	order = memcmp(x->key, y->key, common);
	return order ? order : (x->key_len > y->key_len) - (x->key_len < y->key_len);
}

static struct ttlog_text next_value(const unsigned char **p, enum value_kind *ret_kind)
{
	struct ttlog_text value = { (const char *)*p + 3, (size_t)(*p)[1] | (size_t)(*p)[2] << 8 };

	*ret_kind = (enum value_kind)(*p)[0];
	*p += 3 + value.len;
	return value;
}

/* Events a second between the first and the last; 0 where there is no such time. */
static double rate_of(const struct group *group)
{
	if (group->cnt < 2 || group->last_ns <= group->first_ns)
		return 0;
	return (double)(group->cnt - 1) / ((double)(group->last_ns - group->first_ns) / 1e9);
}

static void print_json(const struct stats *stats, struct out *out, const struct group *group)
{
	const unsigned char *p = group->key;
	char buf[FORMAT_NUMBER_BYTES];

	out__text(out, "{\"group\":{");
	for (unsigned i = 0; !group->is_rest && i < stats->key_cnt; i++) {
		enum value_kind kind;
		struct ttlog_text value = next_value(&p, &kind);

		if (i)
			out__char(out, ',');
		out__json_text(out, stats->keys[i], false);
		out__char(out, ':');
		if (kind == VALUE_NONE)
			out__text(out, "null");
		else if (kind == VALUE_TEXT || ttlog_text_is(value, "NaN") ||
			 (value.len > 7 && !memcmp(value.p + value.len - 8, "Infinity", 8)))
			out__json_text(out, value, false);
		else
			out__bytes(out, value.p, value.len);
	}
	out__text(out, group->is_rest ? "},\"rest\":true,\"events\":" : "},\"events\":");
	out__u64(out, group->cnt);
	out__text(out, ",\"first_ts\":\"");
	out__time(out, group->first_ns);
	out__text(out, "\",\"last_ts\":\"");
	out__time(out, group->last_ns);
	out__text(out, "\",\"per_second\":");
	if (rate_of(group) > 0)
		out__bytes(out, buf, format__f64(buf, rate_of(group)));
	else
		out__text(out, "null");
	out__text(out, "}\n");
}

static size_t shown_width(struct ttlog_text value, enum value_kind kind)
{
	size_t width = kind == VALUE_NONE ? 1 : out__width(value);

	return width < COLUMN_MAX_WIDTH ? width : COLUMN_MAX_WIDTH;
}

static void print_row(const struct stats *stats, struct out *out, const struct group *group,
		      const size_t *widths)
{
	const unsigned char *p = group->key;

	out__format(out, "%10llu %5.1f%% ", (unsigned long long)group->cnt,
		    100.0 * (double)group->cnt / (double)stats->event_cnt);
	if (rate_of(group) > 0)
		out__format(out, "%12.1f  ", rate_of(group));
	else
		out__text(out, "           -  ");
	out__time(out, group->first_ns);
	out__text(out, "  ");
	out__time(out, group->last_ns);
	if (group->is_rest)
		out__text(out, "  (all further groups)");
	for (unsigned i = 0; !group->is_rest && i < stats->key_cnt; i++) {
		enum value_kind kind;
		struct ttlog_text value = next_value(&p, &kind);

		out__text(out, "  ");
		if (kind == VALUE_NONE)
			out__char(out, '-');
		else
			out__plain(out, value);
		if (i + 1 < stats->key_cnt)
			out__pad(out, widths[i] - shown_width(value, kind));
	}
	out__char(out, '\n');
}

static void print_table(const struct stats *stats, struct out *out, struct group *const *groups,
			size_t cnt)
{
	size_t widths[STATS_MAX_KEYS];

	for (unsigned i = 0; i < stats->key_cnt; i++)
		widths[i] = shown_width(stats->keys[i], VALUE_TEXT);
	for (size_t g = 0; g < cnt; g++) {
		const unsigned char *p = groups[g]->key;

		for (unsigned i = 0; !groups[g]->is_rest && i < stats->key_cnt; i++) {
			enum value_kind kind;
			struct ttlog_text value = next_value(&p, &kind);

			if (shown_width(value, kind) > widths[i])
				widths[i] = shown_width(value, kind);
		}
	}
	out__format(out, "%10s %6s %12s  %-30s  %-30s", "events", "share", "per second", "first",
		    "last");
	for (unsigned i = 0; i < stats->key_cnt; i++) {
		out__text(out, "  ");
		out__plain(out, stats->keys[i]);
		if (i + 1 < stats->key_cnt)
			out__pad(out, widths[i] - shown_width(stats->keys[i], VALUE_TEXT));
	}
	out__char(out, '\n');
	for (size_t g = 0; g < cnt; g++)
		print_row(stats, out, groups[g], widths);
	out__format(out, "%10llu %5.1f%%  in %zu group%s\n", (unsigned long long)stats->event_cnt,
		    stats->event_cnt ? 100.0 : 0.0, cnt, cnt == 1 ? "" : "s");
}

int stats__print(struct stats *stats, struct out *out, bool json)
{
	struct group **groups = calloc(stats->group_cnt + 1, sizeof(*groups));
	size_t cnt = 0;

	if (!groups)
		return -ENOMEM;
	for (size_t i = 0; i < stats->table_cap; i++) {
		for (struct group *group = stats->table[i]; group; group = group->next)
			groups[cnt++] = group;
	}
	if (stats->rest)
		groups[cnt++] = stats->rest;
	qsort(groups, cnt, sizeof(struct group *), by_count);
	for (size_t i = 0; json && i < cnt; i++)
		print_json(stats, out, groups[i]);
	if (!json)
		print_table(stats, out, groups, cnt);
	free(groups);
	return 0;
}
