/* SPDX-License-Identifier: MIT */
/*
 * Running collectors: each live chunk is a part of the sources, after all others. They are bounded:
 * when there are too many, the oldest eighth goes. While the screen is paused none is asked for,
 * and the collectors count what they leave out.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "browse.h"
#include "stats.h"

#define LIVE_CHUNKS_MAX 4096u
#define LIVE_BYTES_MAX  (64ull << 20)

static uint64_t wall_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

int browse__begin_follow(struct browse *browse, char *why, size_t why_size)
{
	struct ttlog_filter *filter = browse__make_filter(browse, &browse->choice, NULL, NULL);
	int err = 0;

	*why = '\0';
	if (!filter) {
		(void)snprintf(why, why_size, "%s", errno == EINVAL ? browse->why : "no memory");
		return -errno;
	}
	ttlog_filter_set_last(filter, wall_ns());
	browse->follow = follow__open(filter, why, why_size);
	if (!browse->follow)
		err = -errno;
	else if (*why)
		browse__say(browse, "%.*s", (int)strcspn(why, "\n"), why);
	ttlog_filter_free(filter);
	browse->followed = browse->choice;
	browse->has_followed = false;
	return err;
}

void browse__end_follow(struct browse *browse)
{
	struct follow_counts counts;

	if (!browse->follow)
		return;
	follow__counts(browse->follow, &counts);
	browse->left_out += counts.dropped + counts.missed;
	follow__close(browse->follow);
	browse->follow = NULL;
}

void browse__follow_choice(struct browse *browse)
{
	const struct browse_choice *old = &browse->followed, *new = &browse->choice;
	char why[TTLOG_WHY_BYTES];

	if (!browse->follow || browse->prompt != PROMPT_NONE ||
	    (old->level == new->level && old->search_cnt == new->search_cnt &&
	     !strcmp(old->expr, new->expr)))
		return;
	browse__end_follow(browse);
	if (browse__begin_follow(browse, why, sizeof(why))) {
		why[strcspn(why, "\n")] = '\0';
		browse__say(browse, "%s", why);
	}
}

void browse__print_follow(const struct browse *browse, struct out *out)
{
	struct follow_counts counts = { .events = 0 };
	uint64_t left_out = browse->left_out;

	if (browse->has_followed)
		out__text(out, "  collectors have ended");
	else if (browse->is_following)
		out__text(out, browse->is_paused ? "  paused" : "  following");
	else if (browse->follow)
		out__text(out, "  live (f: to the end)");
	if (browse->follow)
		follow__counts(browse->follow, &counts);
	left_out += counts.dropped + counts.missed;
	if (browse->gone) {
		out__text(out, "  oldest gone: ");
		out__grouped(out, browse->gone);
	}
	if (left_out) {
		out__text(out, "  not sent: ");
		out__grouped(out, left_out);
	}
}

void browse__print_follow_info(const struct browse *browse, struct out *out)
{
	struct follow_counts counts = { .events = 0 };

	if (!browse->follow && !browse->has_followed)
		return;
	if (browse->follow)
		follow__counts(browse->follow, &counts);
	out__format(out, "Running collectors%s\n", browse->follow ? "" : ": they have ended");
	if (browse->follow)
		out__format(out, "  followed    %zu\n", follow__collector_cnt(browse->follow));
	out__text(out, "  in memory   ");
	out__grouped(out, browse->sources.part_cnt - 1);
	out__text(out, " live chunks, ");
	out__grouped(out, browse->live_bytes);
	out__text(out, " bytes\n  oldest gone ");
	out__grouped(out, browse->gone);
	out__text(out, " events that there was no more room for\n  not sent    ");
	out__grouped(out, browse->left_out + counts.dropped + counts.missed);
	out__text(out, " events, while this screen was slow or paused\n\n");
}

/* ---- Room ---- */

static bool is_full(const struct browse *browse)
{
	return browse->sources.part_cnt > LIVE_CHUNKS_MAX || browse->live_bytes >= LIVE_BYTES_MAX;
}

int browse__follow_fd(const struct browse *browse)
{
	/* what such a page counts has names that lie in the live chunks */
	if (!browse->follow || browse->is_paused || !browse->is_ready ||
	    (is_full(browse) && browse__page_counts(browse)))
		return -1;
	return follow__fd(browse->follow);
}

static uint64_t part_bytes(const struct source_part *part)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < part->reader_cnt; i++)
		bytes += ttlog_snapshot_contents(part->readers[i])->size;
	return bytes;
}

/* How many parts are the oldest eighth. */
static size_t choose_oldest(struct browse *browse)
{
	const struct sources *sources = &browse->sources;
	size_t cnt = 0;

	while (cnt + 1 < sources->part_cnt &&
	       (sources->part_cnt - cnt > LIVE_CHUNKS_MAX - LIVE_CHUNKS_MAX / 8 ||
		browse->live_bytes > LIVE_BYTES_MAX - LIVE_BYTES_MAX / 8)) {
		cnt++;
		browse->live_bytes -= part_bytes(&sources->parts[cnt]);
	}
	return cnt;
}

static void drop_marks(struct browse *browse)
{
	size_t cnt = 0;

	for (size_t i = 0; i < browse->mark_cnt; i++) {
		if (!sources__is_gone(&browse->sources, browse->marks[i].part))
			browse->marks[cnt++] = browse->marks[i];
	}
	browse->mark_cnt = cnt;
}

static void drop_rows(struct browse *browse, size_t cnt, uint64_t *ret_first, uint64_t *ret_gone)
{
	struct rows *others[] = { browse->next, browse->hits, browse->errors };
	uint64_t first;

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		if (others[i])
			(void)rows__drop(others[i], cnt, &first);
	}
	*ret_gone = rows__drop(browse->rows, cnt, ret_first);
	top_k__drop(&browse->order, *ret_first, *ret_gone);
	browse->gone += *ret_gone;
	browse__forget_lines(browse);
	/* What was counted of them has names that lie in them. */
	stats__free(browse->stats);
	browse->stats = NULL;
	sources__drop(&browse->sources, cnt);
	drop_marks(browse);
}

/* The cursor stays at its event, if that stays. */
static void make_room(struct browse *browse)
{
	uint64_t above = browse->cursor - browse->top, row = 0, first, gone;
	bool has_row = browse->cursor < browse__line_cnt(browse), is_sorting = browse->sorter;

	if (has_row)
		row = browse__row(browse, browse->cursor);
	browse__end_found(browse);
	rows__free(browse->sorter);
	browse->sorter = NULL;
	drop_rows(browse, choose_oldest(browse), &first, &gone);
	if (has_row && browse__line_cnt(browse)) {
		row = row < first ? row : row - first < gone ? first : row - gone;
		browse->cursor = browse__line(browse, row);
		browse->top = browse->cursor > above ? browse->cursor - above : 0;
	}
	if (is_sorting)
		browse->err = browse__sort(browse);
}

/* Columns are as wide as what is in them. */
static void widen(struct browse *browse, struct ttlog_snapshot *chunk)
{
	struct text_output widths;

	text_output__init(&widths, &browse->out, false, &chunk, 1);
	if (widths.comm_width > browse->widths.comm_width)
		browse->widths.comm_width = widths.comm_width;
	if (widths.where_width > browse->widths.where_width)
		browse->widths.where_width = widths.where_width;
}

void browse__take_live_chunks(struct browse *browse)
{
	enum follow_news news = FOLLOW_NOTHING;
	struct ttlog_snapshot *chunk;

	while (browse__follow_fd(browse) >= 0 &&
	       (news = follow__next(browse->follow, &chunk)) == FOLLOW_CHUNK) {
		if (sources__add(&browse->sources, &chunk, 1, true)) {
			ttlog_snapshot_close(chunk);
			browse->err = -ENOMEM;
			return;
		}
		browse->live_bytes += ttlog_snapshot_contents(chunk)->size;
		widen(browse, chunk);
		browse__note_process(browse, chunk);
		if (is_full(browse) && !browse__page_counts(browse))
			make_room(browse);
	}
	if (news == FOLLOW_TOLD) {
		const char *told = follow__told(browse->follow);

		browse__say(browse, "%.*s", (int)strcspn(told, "\n"), told);
	}
	/* Nothing tells of the last one's end once more. */
	if (!browse->follow || follow__collector_cnt(browse->follow))
		return;
	browse__end_follow(browse);
	browse->has_followed = true;
	if (browse->is_following && !browse->is_paused)
		browse->goal = GOAL_END;
	browse->is_following = browse->is_paused = false; /* f asks anew */
}
