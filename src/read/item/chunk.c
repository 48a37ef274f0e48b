/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "array.h"
#include "chunk.h"
#include "format.h"
#include "header.h"
#include "unpack.h"

#define GROUP_MIN_BYTES 3u /* [site, count] */

/* What a chunk may take decoded: more than any that was written (they close at 1 MiB of records),
 * less than a hostile one may claim, with 65,536 unused values in each of hundreds of columns. */
#define ARENA_MAX_BYTES (20u << 20)

static int parse_count(struct chunk *chunk, struct ttlog_cbor *in)
{
	uint64_t cnt, pair, site, events, last_site = 0;
	struct ttlog_group *groups;

	if (cbor_reader__array(in, &cnt) || !cnt || cnt > cbor_reader__left(in) / GROUP_MIN_BYTES)
		return -EBADMSG;
	if (cnt > FORMAT_CHUNK_MAX_EVENTS)
		return -EBADMSG;
	groups = arena__alloc(&chunk->arena, cnt, sizeof(*groups));
	chunk->groups = arena__alloc(&chunk->arena, cnt, sizeof(*chunk->groups));
	if (!groups || !chunk->groups)
		return -ENOMEM;
	chunk->events.groups = groups;
	chunk->events.group_cnt = (uint32_t)cnt;
	for (uint32_t i = 0; i < cnt; i++) {
		if (cbor_reader__array(in, &pair) || pair != 2 || cbor_reader__uint(in, &site) ||
		    cbor_reader__uint(in, &events))
			return -EBADMSG;
		if (site > UINT32_MAX || (i && site <= last_site) || !events ||
		    events > FORMAT_CHUNK_MAX_EVENTS)
			return -EBADMSG;
		groups[i] = (struct ttlog_group){
			.site = (uint32_t)site,
			.cnt = (uint32_t)events,
		};
		last_site = site;
	}
	return 0;
}

static int parse_key(struct chunk *chunk, struct ttlog_text key, struct ttlog_cbor *in, uint64_t *n)
{
	const struct cbor_member members[] = {
		{ "n", .number = n },
		{ "first_ns", .number = &chunk->events.first_ns },
		{ "last_ns", .number = &chunk->events.last_ns },
		{ "site", .item = &chunk->site },
		{ "time", .item = &chunk->time },
		{ "thread", .item = &chunk->thread },
		{ "fields", .item = &chunk->fields },
		{ "batches", .item = &chunk->batches },
		{ "trace_id", .item = &chunk->trace_ids },
		{ "span_id", .item = &chunk->span_ids },
		{ "suppressed", .item = &chunk->suppressed },
	};

	if (ttlog_text_is(key, "count"))
		return chunk->events.groups ? -EBADMSG : parse_count(chunk, in);
	return cbor_reader__member(members, ARRAY_SIZE(members), key, in);
}

int chunk__parse(struct chunk *chunk, const unsigned char *data, size_t len, const char **ret_why)
{
	struct ttlog_cbor in = { data, data + len };
	struct arena arena = chunk->arena;
	uint64_t pairs, n = 0, sum = 0;

	arena__reset(&arena);
	arena.max_bytes = ARENA_MAX_BYTES;
	*chunk = (struct chunk){ .arena = arena };
	*ret_why = "a key or its value is not valid";
	if (cbor_reader__map(&in, &pairs))
		return -EBADMSG;
	for (uint64_t i = 0; i < pairs; i++) {
		struct ttlog_text key;
		int err = cbor_reader__text(&in, &key);

		if (!err)
			err = parse_key(chunk, key, &in, &n);
		if (err)
			return err;
	}
	*ret_why = "a key is missing";
	if (!n || !chunk->events.groups || !chunk->site.at || !chunk->time.at ||
	    !chunk->thread.at || !chunk->fields.at)
		return -EBADMSG;
	*ret_why = "its counts do not fit";
	for (uint32_t i = 0; i < chunk->events.group_cnt; i++)
		sum += chunk->events.groups[i].cnt;
	if (n > FORMAT_CHUNK_MAX_EVENTS || sum != n ||
	    chunk->events.first_ns > chunk->events.last_ns)
		return -EBADMSG;
	chunk->events.n = (uint32_t)n;
	return 0;
}

/* Finds where the columns of a group start, so that each is skipped only once. */
static int find_columns(struct arena *arena, struct chunk_group *group, unsigned nfields,
			struct ttlog_cbor *in)
{
	uint64_t columns;

	if (cbor_reader__array(in, &columns) || columns != nfields)
		return -EBADMSG;
	group->starts = arena__alloc(arena, nfields, sizeof(*group->starts));
	group->columns = arena__alloc(arena, nfields, sizeof(*group->columns));
	group->tried = arena__alloc(arena, nfields, sizeof(*group->tried));
	if (!group->starts || !group->columns || !group->tried)
		return -ENOMEM;
	memset(group->columns, 0, nfields * sizeof(*group->columns));
	memset(group->tried, 0, nfields * sizeof(*group->tried));
	for (unsigned i = 0; i < nfields; i++) {
		group->starts[i] = in->at;
		if (ttlog_cbor_skip(in))
			return -EBADMSG;
	}
	group->end = in->at;
	return 0;
}

static int load_fields(struct chunk *chunk, const struct header *header)
{
	struct ttlog_cbor in = chunk->fields;
	uint64_t cnt;
	int err = 0;

	if (cbor_reader__array(&in, &cnt) || cnt != chunk->events.group_cnt)
		return -EBADMSG;
	for (uint32_t i = 0; !err && i < cnt; i++) {
		const uint32_t site = chunk->events.groups[i].site;

		if (site >= header->info.site_cnt)
			return -EBADMSG;
		err = find_columns(&chunk->arena, &chunk->groups[i], header->sites[site].nfields,
				   &in);
	}
	return err;
}

static int load_time(struct chunk *chunk)
{
	struct ttlog_cbor in = chunk->time;
	struct ttlog_column time;
	uint64_t at = chunk->events.first_ns, *mono_ns;
	int err = unpack__column(&chunk->arena, &in, TTLOG_TYPE_NONE, chunk->events.n, &time);

	if (err)
		return err;
	/* In place, to save memory: for large files many chunks are kept. */
	mono_ns = time.mask ? (uint64_t *)(uintptr_t)time.nums
			    : arena__alloc(&chunk->arena, chunk->events.n, sizeof(*mono_ns));
	if (!mono_ns)
		return -ENOMEM;
	chunk->events.mono_ns = mono_ns;
	if (time.nums[0])
		return -EBADMSG;
	for (uint32_t i = 0; i < chunk->events.n; i++) {
		if (__builtin_add_overflow(at, time.nums[i & time.mask], &at))
			return -EBADMSG;
		mono_ns[i] = at;
	}
	return at == chunk->events.last_ns ? 0 : -EBADMSG;
}

/* The group of a site. Groups are sorted by site. */
static int find_group(const struct chunk *chunk, uint64_t site, uint32_t *ret)
{
	uint32_t low = 0, high = chunk->events.group_cnt;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (chunk->events.groups[mid].site < site)
			low = mid + 1;
		else
			high = mid;
	}
	if (low == chunk->events.group_cnt || chunk->events.groups[low].site != site)
		return -EBADMSG;
	*ret = low;
	return 0;
}

/* With one site, which is common, an event's number is its row. */
static int check_one_site(const struct chunk *chunk, const struct ttlog_column *sites)
{
	uint64_t wrong = 0;

	for (uint32_t i = 0; i < (sites->mask ? chunk->events.n : 1); i++)
		wrong |= sites->nums[i] ^ chunk->events.groups[0].site;
	return wrong ? -EBADMSG : 0;
}

static int load_sites(struct chunk *chunk)
{
	struct ttlog_cbor in = chunk->site;
	struct ttlog_column sites;
	uint32_t *group_of, *row_of, *next, group = 0;
	uint64_t last = UINT64_MAX;
	int err = unpack__column(&chunk->arena, &in, TTLOG_TYPE_NONE, chunk->events.n, &sites);

	if (err)
		return err;
	if (chunk->events.group_cnt == 1)
		return check_one_site(chunk, &sites);
	group_of = arena__alloc(&chunk->arena, chunk->events.n, sizeof(*group_of));
	row_of = arena__alloc(&chunk->arena, chunk->events.n, sizeof(*row_of));
	next = arena__alloc(&chunk->arena, chunk->events.group_cnt, sizeof(*next));
	if (!group_of || !row_of || !next)
		return -ENOMEM;
	chunk->events.group_of = group_of;
	chunk->events.row_of = row_of;
	memset(next, 0, chunk->events.group_cnt * sizeof(*next));
	for (uint32_t i = 0; i < chunk->events.n; i++) {
		uint64_t site = sites.nums[i & sites.mask];

		if (site != last && find_group(chunk, site, &group))
			return -EBADMSG;
		last = site;
		if (next[group] == chunk->events.groups[group].cnt)
			return -EBADMSG;
		group_of[i] = group;
		row_of[i] = next[group]++;
	}
	return 0;
}

static int load_threads(struct chunk *chunk, const struct header *header)
{
	struct ttlog_cbor in = chunk->thread;
	struct ttlog_column threads;
	int err = unpack__column(&chunk->arena, &in, TTLOG_TYPE_NONE, chunk->events.n, &threads);

	for (uint32_t i = 0; !err && i < (threads.mask ? chunk->events.n : 1); i++) {
		if (threads.nums[i] >= header->info.thread_cnt)
			err = -EBADMSG;
	}
	if (err)
		return err;
	chunk->events.threads = threads.nums;
	chunk->events.thread_mask = threads.mask;
	return 0;
}

int chunk__load(struct chunk *chunk, const struct header *header, const char **ret_why)
{
	int err;

	*ret_why = "its fields do not fit its sites";
	err = load_fields(chunk, header);
	if (!err) {
		*ret_why = "its times do not fit";
		err = load_time(chunk);
	}
	if (!err) {
		*ret_why = "its sites do not fit its counts";
		err = load_sites(chunk);
	}
	if (!err) {
		*ret_why = "its threads do not fit the header's";
		err = load_threads(chunk, header);
	}
	if (err == -ENOMEM && chunk->arena.is_full) {
		*ret_why = "it would take too much memory";
		return -EBADMSG;
	}
	return err;
}

const struct ttlog_column *chunk__column(struct chunk *chunk, const struct header *header,
					 uint32_t group_idx, unsigned field, bool *ret_new)
{
	struct chunk_group *group = &chunk->groups[group_idx];
	const struct ttlog_group *events = &chunk->events.groups[group_idx];
	const struct ttlog_site *site = &header->sites[events->site];
	struct ttlog_cbor in = { group->starts[field], group->end };
	struct ttlog_column *column;

	*ret_new = false;
	if (group->tried[field])
		return group->columns[field];
	group->tried[field] = true;
	*ret_new = true;
	column = arena__alloc(&chunk->arena, 1, sizeof(*column));
	if (!column || unpack__column(&chunk->arena, &in, site->types[field], events->cnt, column))
		return NULL;
	group->columns[field] = column;
	return column;
}

/* Those of another length, or cut, are none. */
static bool are_ids(const struct ttlog_column *column, size_t len)
{
	for (uint32_t i = 0; i < column->text_cnt; i++) {
		const struct ttlog_column_text *text = &column->texts[i];

		if (!text->null && (text->cut || text->text.len != len))
			return false;
	}
	return true;
}

const struct ttlog_column *chunk__ids(struct chunk *chunk, bool is_span, bool *ret_new)
{
	struct ttlog_cbor in = is_span ? chunk->span_ids : chunk->trace_ids;
	struct ttlog_column *column;

	*ret_new = in.at && !chunk->tried_ids[is_span];
	if (!*ret_new)
		return chunk->ids[is_span];
	chunk->tried_ids[is_span] = true;
	column = arena__alloc(&chunk->arena, 1, sizeof(*column));
	if (!column ||
	    unpack__column(&chunk->arena, &in, TTLOG_TYPE_BYTES, chunk->events.n, column) ||
	    !are_ids(column, is_span ? FORMAT_SPAN_ID_BYTES : FORMAT_TRACE_ID_BYTES))
		return NULL;
	chunk->ids[is_span] = column;
	return column;
}

const struct ttlog_column *chunk__suppressed(struct chunk *chunk, bool *ret_new)
{
	struct ttlog_cbor in = chunk->suppressed;
	struct ttlog_column *column;

	*ret_new = in.at && !chunk->tried_suppressed;
	if (!*ret_new)
		return chunk->suppressed_column;
	chunk->tried_suppressed = true;
	column = arena__alloc(&chunk->arena, 1, sizeof(*column));
	if (!column ||
	    unpack__column(&chunk->arena, &in, TTLOG_TYPE_U64, chunk->events.n, column) ||
	    column->nulls)
		return NULL;
	chunk->suppressed_column = column;
	return column;
}

void chunk__fini(struct chunk *chunk)
{
	arena__fini(&chunk->arena);
	*chunk = (struct chunk){ .groups = NULL };
}
