/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "browse.h"
#include <ttlog/read.h>
#include "say.h"
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

/* ---- What is shown ---- */

/* Keeps what is wrong with an expression, and at which of its characters, from the message that has
 * both and the place under a copy of the expression. */
static void keep_why(struct browse *browse, const char *message)
{
	static const char AT[] = ", at character ";
	size_t len = strcspn(message, "\n");
	const char *found = NULL;

	snprintf(browse->why, sizeof(browse->why), "%.*s", (int)len, message);
	for (const char *p = browse->why; (p = strstr(p, AT)); p++)
		found = p;
	browse->why_at = found ? strtoul(found + sizeof(AT) - 1, NULL, 10) - 1 : 0;
}

struct ttlog_filter *browse__make_filter(struct browse *browse, const struct browse_choice *choice,
					 const char *expr, const char *search)
{
	const struct options *options = browse->options;
	struct ttlog_filter *filter = ttlog_filter_new();
	char why[BROWSE_WHY_BYTES], level[32];
	int err = filter ? 0 : -ENOMEM;

	*why = '\0';
	snprintf(level, sizeof(level), "level>=%s", ttlog_level_name(choice->level));
	for (size_t i = 0; !err && i < choice->search_cnt; i++)
		err = ttlog_filter_search(filter, options->searches[i], why, sizeof(why));
	if (!err && *choice->expr)
		err = ttlog_filter_add(filter, choice->expr, why, sizeof(why));
	if (!err && choice->level)
		err = ttlog_filter_add(filter, level, why, sizeof(why));
	if (!err && expr)
		err = ttlog_filter_add(filter, expr, why, sizeof(why));
	if (!err && search)
		err = ttlog_filter_search(filter, search, why, sizeof(why));
	if (!err)
		return filter;
	if (err == -EINVAL)
		keep_why(browse, why);
	ttlog_filter_free(filter);
	errno = -err;
	return NULL;
}

struct rows *browse__make_rows(struct browse *browse, const struct browse_choice *choice,
			       const char *expr, const char *search)
{
	struct ttlog_filter *filter = browse__make_filter(browse, choice, expr, search);

	if (!filter)
		return NULL;
	/* Rare, and only in the moments before the files are known to their ends. */
	while (ttlog_filter_needs_last(filter) && sources__scan(&browse->sources, UINT64_MAX))
		;
	return rows__new(&browse->sources, filter, &browse->range);
}

static void drop(struct browse *browse, struct rows **rows)
{
	if (browse->goal_rows == *rows && browse->goal >= GOAL_NEXT)
		browse->goal = GOAL_NONE;
	rows__free(*rows);
	*rows = NULL;
}

int browse__choose(struct browse *browse, const struct browse_choice *choice)
{
	struct rows *next = browse__make_rows(browse, choice, NULL, NULL);

	if (!next)
		return -errno;
	if (!browse->is_ready) {
		rows__free(next);
	} else {
		drop(browse, &browse->next);
		drop(browse, &browse->errors);
		browse->next = next;
	}
	browse->choice = *choice;
	browse->why[0] = '\0';
	if (browse->sort != SORT_TIME && browse__sort(browse))
		return -ENOMEM;
	if (browse__page_counts(browse))
		browse__open_page(browse, browse->page);
	return browse__search(browse, browse->search);
}

int browse__search(struct browse *browse, const char *regex)
{
	struct ttlog_filter *hit = ttlog_filter_new();
	struct rows *hits = NULL;
	char why[BROWSE_WHY_BYTES];
	int err = hit ? 0 : -ENOMEM;

	if (!err && *regex)
		err = ttlog_filter_search(hit, regex, why, sizeof(why));
	if (!err && *regex && browse->is_ready) {
		hits = browse__make_rows(browse, &browse->choice, NULL, regex);
		err = hits ? 0 : -errno;
	}
	if (err) {
		if (err == -EINVAL)
			keep_why(browse, why);
		ttlog_filter_free(hit);
		return err;
	}
	browse__end_found(browse);
	ttlog_filter_free(browse->hit);
	browse->hit = hit;
	browse__forget_lines(browse);
	drop(browse, &browse->hits);
	browse->hits = hits;
	if (regex != browse->search)
		snprintf(browse->search, sizeof(browse->search), "%s", regex);
	browse->why[0] = '\0';
	return 0;
}

int browse__survey(struct browse *browse, rows_watch *watch)
{
	struct rows *survey = browse__make_rows(browse, &browse->choice, NULL, NULL);

	if (!survey)
		return -errno;
	rows__watch(survey, watch, browse);
	drop(browse, &browse->survey);
	browse->survey = survey;
	browse->is_surveyed = false;
	return 0;
}

/* ---- Lines of the table ---- */

uint64_t browse__line_cnt(const struct browse *browse)
{
	if (!browse->is_ready)
		return 0;
	return browse->is_sorted ? browse->order.cnt : rows__cnt(browse->rows);
}

uint64_t browse__row(const struct browse *browse, uint64_t line)
{
	if (browse->is_sorted)
		return browse->order.entries[line].row;
	return browse->is_reversed ? rows__cnt(browse->rows) - 1 - line : line;
}

uint64_t browse__line(const struct browse *browse, uint64_t row)
{
	if (browse->is_sorted)
		return order__find(&browse->order, row);
	return browse__row(browse, row);
}

void browse__go_to_place(struct browse *browse, const struct rows_place *place)
{
	uint64_t cnt = rows__cnt(browse->rows), row, offset = browse->cursor - browse->top;
	bool is_exact;

	if (!cnt)
		return;
	row = rows__find(browse->rows, place, &is_exact);
	row = browse__line(browse, row < cnt ? row : cnt - 1);
	if (row >= browse__line_cnt(browse)) {
		browse__say(browse, "that event is not among the first %zu, which are sorted",
			    browse->order.cnt);
		return;
	}
	browse->cursor = row;
	browse->top = browse->cursor > offset ? browse->cursor - offset : 0;
}

void browse__go(struct browse *browse, enum browse_goal goal, struct rows *rows)
{
	browse->goal = goal;
	browse->goal_rows = rows;
	browse->goal_above = UINT64_MAX;
	browse->crash_left = SIZE_MAX;
	browse->is_following = false;
}

/* ---- Goals ---- */

static void go_to_crash(struct browse *browse)
{
	struct ttlog_snapshot *reader = browse->input.readers[browse->crash];
	const struct ttlog_contents *contents = ttlog_snapshot_contents(reader);
	const struct ttlog_crash *crash = ttlog_snapshot_info(reader)->crash;
	const uint64_t until_ns = sources__now_ns() + BROWSE_SLICE_NS;
	struct info_last last = { .cnt = 0 };

	if (!contents->is_scanned)
		return;
	if (browse->crash_left > contents->chunk_cnt)
		browse->crash_left = crash->has_tid ? contents->chunk_cnt : 0;
	sources__disturb(&browse->sources);
	while (!last.cnt && browse->crash_left) {
		if (sources__now_ns() >= until_ns)
			return;
		(void)info_last__add(&last, reader, --browse->crash_left, crash->tid);
	}
	browse->goal = GOAL_NONE;
	if (!last.cnt) {
		browse__say(browse, "the thread that crashed has no events in the file");
		browse__go(browse, GOAL_END, NULL);
		return;
	}
	browse->goal_place = (struct rows_place){
		.input = (uint32_t)browse->crash,
		.chunk = (uint32_t)last.places[0].chunk,
		.position = last.places[0].row,
	};
	rows__set_key(browse->rows, &browse->goal_place,
		      ttlog_snapshot_chunk(reader)->mono_ns[browse->goal_place.position]);
	browse__go(browse, GOAL_PLACE, NULL);
}

/* The next or the previous of goal_rows: of hits, of errors. */
static void go_to_other(struct browse *browse)
{
	const bool is_next = (browse->goal == GOAL_NEXT) != browse->is_reversed;
	struct rows *rows = browse->goal_rows;
	struct ttlog_event event;
	bool is_exact;
	uint64_t row;

	if (!(browse->has_here ? rows__has_passed(rows, &browse->here) : rows__is_done(rows)))
		return;
	row = rows__find(rows, &browse->here, &is_exact);
	row = is_next ? row + is_exact : row - 1;
	if (row >= rows__cnt(rows)) {
		if (is_next && !rows__is_done(rows))
			return;
		browse__say(browse, "no %s further %s", rows == browse->hits ? "match" : "error",
			    browse->goal == GOAL_NEXT ? "down" : "up");
		browse->goal = GOAL_NONE;
		return;
	}
	browse->goal = GOAL_NONE;
	if (!rows__event(rows, row, &event, &browse->goal_place))
		browse->goal = GOAL_PLACE;
}

/* What is in sight stays where it is; what comes into sight does so with what was before and after
 * it. */
static void go_to_goal(struct browse *browse)
{
	const uint64_t top = browse->top, height = (uint64_t)browse__table_height(browse);
	uint64_t above = browse->goal_above;

	browse__go_to_place(browse, &browse->goal_place);
	if (above == UINT64_MAX && browse->cursor >= top && browse->cursor - top < height)
		above = browse->cursor - top;
	else if (above == UINT64_MAX)
		above = height / 2;
	browse->top = browse->cursor > above ? browse->cursor - above : 0;
}

static void pursue(struct browse *browse)
{
	struct rows *rows = browse->rows;
	uint64_t cnt = rows__cnt(rows);

	if (browse->next)
		return; /* first what was chosen */
	if (browse->goal >= GOAL_NEXT && browse->is_sorted)
		browse__go_to_found(browse);
	else if (browse->goal >= GOAL_NEXT)
		go_to_other(browse);
	if (browse->goal == GOAL_CRASH)
		go_to_crash(browse);
	if (browse->goal == GOAL_PLACE && rows__has_passed(rows, &browse->goal_place)) {
		go_to_goal(browse);
		browse->goal = GOAL_NONE;
	}
	if ((browse->goal == GOAL_END || (browse->is_following && !browse->is_paused)) && cnt) {
		browse->cursor = browse->is_sorted ? browse->order.cnt - 1
						   : browse__line(browse, cnt - 1);
		if (browse->goal == GOAL_END && rows__is_done(rows))
			browse->goal = GOAL_NONE;
	}
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
		browse->range.since_ns = when__resolve(&options->since, browse->sources.last_ns);
	if (options->has_until)
		browse->range.until_ns = when__resolve(&options->until, browse->sources.last_ns);
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
		pursue(browse);
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
				pursue(browse);
			look_here(browse);
			is_stale = more = true;
			drawn_ns = 0;
			continue;
		}
		if (fd >= 0) {
			browse__take_pieces(browse);
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
			say("--filter", "too long for --interactive");
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
		say("--follow", line);
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
		say("--interactive", why);
		return EXIT_USAGE;
	}
	choose_start(browse);
	loop(browse);
	screen__end();
	if (browse->err)
		(void)say_error("cannot go on", -browse->err);
	input__report_known(&browse->input);
	return browse->err || browse->input.unreadable ? EXIT_UNREADABLE : EXIT_SUCCESS;
}

int browse__main(struct options *options)
{
	struct browse *browse = calloc(1, sizeof(*browse));
	int status;

	if (!browse) {
		options__fini(options);
		(void)say_error("full screen", ENOMEM);
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
