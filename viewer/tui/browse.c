/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "browse.h"
#include <ttlog/read.h>
#include "diagnostics.h"
#include "screen.h"
#include "stats.h"

/* While something is being found, what is known by then is drawn so often. */
#define DRAW_NS (100ull * BROWSE_NS_PER_MS)

void browse__say(struct browse *browse, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(browse->message, sizeof(browse->message), format, args);
	va_end(args);
}

/* ---- Work ---- */

/* What has to be known of the files before rows can be asked for. */
static bool needs_all(const struct browse *browse)
{
	const struct options *options = browse->options;

	return browse->input.reader_cnt > 1 || options->has_since || options->has_until;
}

static int get_ready(struct browse *browse)
{
	const struct options *options = browse->options;
	int err;

	browse->range = (struct ttlog_range){ 0, UINT64_MAX };
	if (options->has_since)
		browse->range.since_ns =
			time_expr__resolve(&options->since, browse->sources.last_ns);
	if (options->has_until)
		browse->range.until_ns =
			time_expr__resolve(&options->until, browse->sources.last_ns);
	browse->rows = browse__make_rows(browse, &browse->choice, NULL, NULL);
	if (!browse->rows)
		return -errno;
	browse->is_ready = true;
	err = browse__sort(browse);
	return err ? err : browse__search(browse, browse->search);
}

static void take_next(struct browse *browse)
{
	uint64_t before = rows__cnt(browse->rows);

	rows__free(browse->rows);
	browse->rows = browse->next;
	browse->next = NULL;
	browse__forget_lines(browse);
	if (browse->has_here)
		browse__go_to_place(browse, &browse->here);
	else if (!before)
		browse->cursor = browse->top = 0;
}

/* The cursor stays at its event where rows are added above it. */
static void grow(struct browse *browse, uint64_t before)
{
	uint64_t more = rows__cnt(browse->rows) - before;

	if (!browse->is_reversed || browse->is_sorted || !before || !more)
		return;
	browse->cursor += more;
	browse->top += more;
}

static int work_on_rows(struct browse *browse, uint64_t until_ns)
{
	uint64_t before = rows__cnt(browse->rows);
	int more = 0;

	if (browse->next) {
		more = rows__work(browse->next, until_ns);
		if (more >= 0 &&
		    (!browse->has_here || rows__has_passed(browse->next, &browse->here)))
			take_next(browse);
		if (more)
			return more;
	}
	more = rows__work(browse->rows, until_ns);
	grow(browse, before);
	if (!more && browse->sorter) {
		more = rows__work(browse->sorter, until_ns);
		if (!more)
			browse__sorted(browse);
	}
	if (!more && browse__is_finding(browse))
		more = rows__work(browse->found.rows, until_ns);
	if (!more && browse->hits)
		more = rows__work(browse->hits, until_ns);
	if (!more && browse->errors)
		more = rows__work(browse->errors, until_ns);
	if (!more && browse->survey) {
		more = rows__work(browse->survey, until_ns);
		if (!more &&
		    (!browse->is_surveyed || browse->surveyed != rows__cnt(browse->survey)))
			browse__surveyed(browse);
	}
	if (!more)
		more = sources__scan(&browse->sources, until_ns);
	return more ? more : browse__scan_info(browse, until_ns);
}

/* Returns whether there is more. */
static bool work(struct browse *browse, uint64_t until_ns)
{
	int more;

	if (!browse->is_ready) {
		if (needs_all(browse) && sources__scan(&browse->sources, until_ns))
			return true;
		browse->err = get_ready(browse);
	}
	if (browse->err)
		return false;
	more = work_on_rows(browse, until_ns);
	if (more < 0)
		browse->err = more;
	else
		browse__pursue(browse);
	/* what is pursued may have begun only now, when all else is done */
	return more > 0 || browse->goal == GOAL_CRASH || browse__is_finding(browse);
}

/* Of the page that tells of the files. */
static unsigned scan_progress(const struct browse *browse)
{
	size_t left = 0, all = 0;

	for (size_t i = 0; i < browse->input.reader_cnt; i++) {
		size_t cnt = ttlog_snapshot_contents(browse->input.readers[i])->chunk_cnt;

		all += cnt;
		if (i >= browse->scan)
			left += browse->scans[i].reader ? browse->scans[i].left : cnt;
	}
	return all ? (unsigned)((double)(all - left) / (double)all * 999) : 0;
}

unsigned browse__progress(const struct browse *browse)
{
	const struct rows *all[] = { browse->next, browse->rows,   browse->sorter,
				     browse->hits, browse->errors, browse->survey };

	if (!browse->is_ready)
		return sources__scan_progress(&browse->sources) * 999 / 1000;
	if (browse__is_finding(browse))
		return rows__progress(browse->found.rows) * 999 / 1000;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		if (all[i] && !rows__is_done(all[i]))
			return rows__progress(all[i]) * 999 / 1000;
	}
	return browse->scans ? scan_progress(browse) : 1000;
}

/* ---- The loop ---- */

/* What the cursor is at, for all that starts from there. */
static void look_here(struct browse *browse)
{
	uint64_t cnt = browse__line_cnt(browse);
	struct rows_place before = browse->here;
	const struct browse_line *line;

	if (browse->cursor >= cnt)
		browse->cursor = cnt ? cnt - 1 : 0;
	if (!cnt)
		return; /* what was here before counts until there is something else */
	line = browse__get_line(browse, browse__row(browse, browse->cursor));
	browse->has_here = line;
	if (line)
		browse->here = line->place;
	if (rows_place__compare(&browse->here, &before))
		browse->detail_top = 0;
}

static void show(struct browse *browse)
{
	browse__draw(browse);
	screen__show();
}

static void loop(struct browse *browse)
{
	uint64_t drawn_ns = 0;
	bool is_stale = true, more = true;

	while (!browse->is_over && !browse->err) {
		bool is_special;
		int fd = browse__follow_fd(browse);
		int key = screen__key(more || is_stale ? 0 : -1, fd, &is_special);

		if (key == SCREEN_KEY_GONE) {
			browse->err = -EIO;
			return;
		}
		if (key != SCREEN_KEY_NONE) {
			browse__key(browse, key, is_special);
			browse__follow_choice(browse);
			if (browse->is_ready)
				browse__pursue(browse);
			look_here(browse);
			is_stale = more = true;
			drawn_ns = 0;
			continue;
		}
		if (fd >= 0) {
			browse__take_live_chunks(browse);
			more = more || !browse->is_ready || !rows__is_done(browse->rows);
			is_stale = true;
			drawn_ns = more ? drawn_ns : 0;
		}
		if (is_stale && sources__now_ns() - drawn_ns >= DRAW_NS) {
			look_here(browse);
			show(browse);
			drawn_ns = sources__now_ns();
			is_stale = false;
		}
		if (more) {
			more = work(browse, sources__now_ns() + BROWSE_SLICE_NS);
			is_stale = true;
			if (!more)
				drawn_ns = 0;
		}
	}
}

/* Several --filter are one expression, to be edited. */
static int join_filters(struct browse *browse)
{
	const struct options *options = browse->options;
	char *to = browse->choice.expr;
	size_t left = sizeof(browse->choice.expr);

	browse->choice.search_cnt = options->search_cnt;
	for (size_t i = 0; i < options->filter_cnt; i++) {
		int len = snprintf(to, left, options->filter_cnt == 1 ? "%s%s" : "%s(%s)",
				   i ? " and " : "", options->filters[i]);

		if (len < 0 || (size_t)len >= left) {
			diagnostics__print("--filter", "too long for --interactive");
			return -EINVAL;
		}
		to += len;
		left -= (size_t)len;
	}
	return 0;
}

static int open_follow(struct browse *browse)
{
	char why[4096];
	int err = browse__begin_follow(browse, why, sizeof(why));
	char *next = why, *line;

	browse->is_following = true;
	while (err && (line = strsep(&next, "\n")) && *line)
		diagnostics__print("--follow", line);
	return err;
}

static int open_all(struct browse *browse)
{
	const bool is_live = browse->options->follow;
	int err = is_live ? open_follow(browse) : input__open(&browse->input, browse->options);

	if (!err && !is_live && !browse->input.reader_cnt)
		err = -ENOENT;
	if (!err)
		err = out__init(&browse->out, -1);
	if (!err)
		err = sources__add(&browse->sources, browse->input.readers,
				   browse->input.reader_cnt, false);
	for (size_t i = 0; !err && i < browse->input.reader_cnt; i++)
		browse__note_process(browse, browse->input.readers[i]);
	return err;
}

/* At the end is what the snapshot was taken for. */
static void choose_start(struct browse *browse)
{
	if (browse->is_following)
		return;
	for (size_t i = 0; i < browse->input.reader_cnt; i++) {
		if (!ttlog_snapshot_info(browse->input.readers[i])->crash->is_there)
			continue;
		browse->crash = i;
		browse__go(browse, GOAL_CRASH, NULL);
		return;
	}
	browse__go(browse, GOAL_END, NULL);
}

static int run(struct browse *browse)
{
	const char *no_color = getenv("NO_COLOR");
	char why[160];

	if (join_filters(browse))
		return EXIT_USAGE;
	if (open_all(browse))
		return EXIT_UNREADABLE;
	if (screen__begin(!(no_color && *no_color), why, sizeof(why))) {
		diagnostics__print("--interactive", why);
		return EXIT_USAGE;
	}
	choose_start(browse);
	loop(browse);
	screen__end();
	if (browse->err)
		(void)diagnostics__print_errno("cannot go on", -browse->err);
	input__report_known(&browse->input);
	return browse->err || browse->input.unreadable ? EXIT_UNREADABLE : EXIT_SUCCESS;
}

int browse__main(struct options *options)
{
	struct browse *browse = calloc(1, sizeof(*browse));
	int status;

	if (!browse) {
		options__fini(options);
		(void)diagnostics__print_errno("full screen", ENOMEM);
		return EXIT_UNREADABLE;
	}
	browse->options = options;
	status = run(browse);
	rows__free(browse->next);
	rows__free(browse->rows);
	rows__free(browse->hits);
	rows__free(browse->errors);
	rows__free(browse->survey);
	browse__end_follow(browse);
	browse__end_sort(browse);
	browse__free_lines(browse);
	free(browse->ranked);
	browse__end_info(browse);
	stats__free(browse->stats);
	lanes__fini(&browse->lanes);
	sources__fini(&browse->sources);
	scroll__fini(&browse->scroll);
	ttlog_filter_free(browse->hit);
	input__fini(&browse->input);
	out__fini(&browse->out);
	options__fini(options);
	free(browse);
	return status;
}
