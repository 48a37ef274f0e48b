/* SPDX-License-Identifier: MIT */
/* Sorting: which key an event has by what it is sorted by. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "browse.h"
#include "screen.h"

#define LAST UINT64_MAX /* events that have no such field */

const char *browse__sort_name(const struct browse *browse)
{
	static const char *const NAMES[] = { "time", "level", "thread", "where", "message" };

	return browse->sort == SORT_FIELD ? browse->sort_field : NAMES[browse->sort];
}

static double real_of(const struct ttlog_field *field)
{
	switch (field->type) {
	case TTLOG_TYPE_F32:
	case TTLOG_TYPE_F64:
		return field->d;
	case TTLOG_TYPE_DECIMAL:
		return (double)field->i / pow(10, field->scale);
	default:
		return ttlog_type_is_signed(field->type) ? (double)field->i : (double)field->u;
	}
}

/* The largest numbers come first, then texts from A on; each in a half of the keys. */
static uint64_t key_of_value(const struct ttlog_field *field)
{
	if (field->null)
		return LAST - 1;
	if (field->type == TTLOG_TYPE_STR || field->type == TTLOG_TYPE_BYTES)
		return 1ull << 63 | top_k__key_of_text(field->text.p, field->text.len) >> 1;
	return ~top_k__key_of_double(real_of(field)) >> 1;
}

static uint64_t key_of_field(const struct browse *browse, const struct ttlog_event *event)
{
	const struct ttlog_text wanted = ttlog_text_of(browse->sort_field);
	const struct ttlog_site *site = event->site;
	struct ttlog_field field;

	for (unsigned i = 0; i < site->nfields; i++) {
		if (!ttlog_text_equal(site->keys[i], wanted) &&
		    !(site->kind == TTLOG_EVENT_SPAN_END &&
		      (ttlog_text_is(wanted, "took") || ttlog_text_is(wanted, "duration"))))
			continue;
		ttlog_event_field(event, i, &field);
		return key_of_value(&field);
	}
	return LAST;
}

static int compare_text(struct ttlog_text a, struct ttlog_text b)
{
	size_t len = a.len < b.len ? a.len : b.len;
	int result = len ? memcmp(a.p, b.p, len) : 0;

	return result ? result : (a.len > b.len) - (a.len < b.len);
}

static int by_where(const void *a, const void *b)
{
	const struct ttlog_site *x = *(const struct ttlog_site *const *)a;
	const struct ttlog_site *y = *(const struct ttlog_site *const *)b;
	int result = compare_text(x->target, y->target);

	return result ? result : compare_text(x->probe, y->probe);
}

static int by_message(const void *a, const void *b)
{
	const struct ttlog_site *x = *(const struct ttlog_site *const *)a;
	const struct ttlog_site *y = *(const struct ttlog_site *const *)b;

	return compare_text(x->msg.len ? x->msg : x->probe, y->msg.len ? y->msg : y->probe);
}

/* All sites of all files, in the order that is asked for; a site's rank is its place there. */
static int rank_sites(struct browse *browse)
{
	size_t cnt = 0, at = 0, reader_cnt;
	struct ttlog_snapshot **readers = sources__readers(&browse->sources, &reader_cnt);

	for (size_t i = 0; i < reader_cnt; i++)
		cnt += ttlog_snapshot_info(readers[i])->site_cnt;
	free(browse->ranked);
	browse->ranked = readers ? reallocarray(NULL, cnt + 1, sizeof(*browse->ranked)) : NULL;
	for (size_t i = 0; browse->ranked && i < reader_cnt; i++) {
		const struct ttlog_info *info = ttlog_snapshot_info(readers[i]);

		for (size_t k = 0; k < info->site_cnt; k++)
			browse->ranked[at++] = info->sites[k];
	}
	free(readers);
	if (!browse->ranked)
		return -ENOMEM;
	browse->ranked_cnt = cnt;
	qsort(browse->ranked, cnt, sizeof(*browse->ranked),
	      browse->sort == SORT_WHERE ? by_where : by_message);
	return 0;
}

/* The first that is not before it: sites that look alike have one rank. */
static uint64_t rank_of(const struct browse *browse, const struct ttlog_site *site)
{
	int (*by)(const void *a, const void *b) = browse->sort == SORT_WHERE ? by_where
									     : by_message;
	size_t low = 0, high = browse->ranked_cnt;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (by(&browse->ranked[mid], &site) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static uint64_t key_of(const struct browse *browse, const struct ttlog_event *event)
{
	switch (browse->sort) {
	case SORT_LEVEL:
		return UINT8_MAX - event->site->level;
	case SORT_THREAD:
		return event->thread->pid << 32 | (event->thread->tid & UINT32_MAX);
	case SORT_FIELD:
		return key_of_field(browse, event);
	default:
		return rank_of(browse, event->site);
	}
}

static void watch(void *context, uint64_t row, const struct ttlog_run *run)
{
	struct browse *browse = context;
	const struct ttlog_site *last_site = NULL;
	uint64_t key = 0;

	for (uint32_t i = 0; i < run->cnt && !browse->err; i++) {
		struct ttlog_event event;

		ttlog_snapshot_event(run->snapshot, ttlog_run_at(run, i), &event);
		/* Of most kinds the site says it all. */
		if (event.site != last_site || browse->sort == SORT_FIELD ||
		    browse->sort == SORT_THREAD)
			key = key_of(browse, &event);
		last_site = event.site;
		browse->err = top_k__add(&browse->sorting,
					 browse->is_reversed && key != LAST ? ~key : key, row + i);
	}
}

/* By time again, the cursor at the same event: until it is known where that goes. */
static void unsort(struct browse *browse)
{
	const uint64_t above = browse->cursor - browse->top;
	uint64_t row;

	if (!browse->is_sorted || browse->cursor >= browse->order.cnt) {
		browse__end_sort(browse);
		return;
	}
	row = browse__row(browse, browse->cursor);
	browse__end_sort(browse);
	browse->cursor = browse__line(browse, row);
	browse->top = browse->cursor > above ? browse->cursor - above : 0;
}

int browse__sort(struct browse *browse)
{
	struct rows *sorter;
	int err = 0;

	unsort(browse);
	if (browse->sort == SORT_TIME || !browse->is_ready)
		return 0;
	if (browse->sort == SORT_WHERE || browse->sort == SORT_MESSAGE)
		err = rank_sites(browse);
	if (err)
		return err;
	sorter = browse__make_rows(browse, &browse->choice, NULL, NULL);
	if (!sorter)
		return -errno;
	rows__watch(sorter, watch, browse);
	browse->sorter = sorter;
	return 0;
}

void browse__end_sort(struct browse *browse)
{
	browse__end_found(browse);
	rows__free(browse->sorter);
	browse->sorter = NULL;
	top_k__fini(&browse->sorting);
	top_k__fini(&browse->order);
	browse->is_sorted = false;
}

void browse__sorted(struct browse *browse)
{
	rows__free(browse->sorter);
	browse->sorter = NULL;
	top_k__finish(&browse->sorting);
	browse->order = browse->sorting;
	browse->sorting = (struct top_k){ .cnt = 0 };
	browse->is_sorted = true;
	browse->cursor = browse->top = 0;
	if (browse->order.cnt && browse->order.entries[0].key == LAST)
		browse__say(browse, "no event has a field of that name");
	else if (top_k__is_cut(&browse->order))
		browse__say(browse, "only the first %zu of %llu are sorted", browse->order.cnt,
			    (unsigned long long)browse->order.total);
}

void browse__sort_by(struct browse *browse, enum browse_sort sort)
{
	struct rows_place here = browse->here;

	browse->sort = sort;
	/* what comes goes behind all that is there: into no other order */
	if (sort != SORT_TIME)
		browse->is_following = browse->is_paused = false;
	if (sort != SORT_TIME && browse->goal == GOAL_END)
		browse->goal = GOAL_NONE;
	browse->err = browse__sort(browse);
	browse__say(browse, "by %s", browse__sort_name(browse));
	if (browse->is_ready && browse->has_here && sort == SORT_TIME)
		browse__go_to_place(browse, &here);
}
