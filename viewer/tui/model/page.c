/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>

#include "clock.h"
#include "events.h"
#include "follower.h"
#include "goal.h"
#include "info.h"
#include "message.h"
#include "options.h"
#include "out.h"
#include "page.h"
#include "stats.h"

static const char HELP[] =
	"Moving\n"
	"  j k Up Down       an event down, up        PgDn PgUp ^F ^B   a screen\n"
	"  ^D ^U             half a screen            g G Home End      first, last\n"
	"  Left Right        the message's rest       wheel, click      the mouse, too\n"
	"  e E               next, previous error     x                 crash; the next\n"
	"  t                 to a time: 06:00:00.5, 2026-11-21T06:00Z, or -10s: before\n"
	"                    the last event\n"
	"\n"
	"Choosing\n"
	"  &                 filter, as --filter; what is typed is shown at once, as is\n"
	"                    where a mistake is; Enter keeps, Esc undoes\n"
	"  l L               lowest level: up, down   1 to 6            TRACE to FATAL\n"
	"  c                 clear filter, level and search\n"
	"  /                 search: regular expression for message, text, key=value\n"
	"  n N               next, previous match\n"
	"  s S               sort by time, level, thread, where, message; S: by a field\n"
	"  r                 reverse: newest first\n"
	"\n"
	"Looking\n"
	"  Enter             the event with all its fields, and its line of source\n"
	"  Tab               into the event and back: arrows, PgUp, PgDn scroll there\n"
	"  b B               bookmark, go to the next bookmark\n"
	"  p                 threads: how much each said when; Enter: only that one's\n"
	"  o                 statistics: counts, rates by level, target and probe\n"
	"  i                 the files: crash, stack, registers, losses, threads, damage\n"
	"  f                 follow running collectors behind the file; space pauses\n"
	"  m                 mouse on, off: to select text with it\n"
	"  ^L                draw anew                Esc               back\n"
	"  ? q               this help, quit\n"
	"\n"
	"Filters\n"
	"  level>=WARN   target=net.*   msg~time(out|d out)   symbol=AAPL and took_us>5ms\n"
	"  pid=1 tid=2 comm=worker*   has(retry)   not (a=1 or b=2)   took>1ms   ts>=-10s\n";

static void write_problems(struct out *out, const struct input *input)
{
	size_t missing = input->file_cnt - input->reader_cnt;

	if (missing)
		out__format(out, "%zu of %zu files could not be opened\n\n", missing,
			    input->file_cnt);
	for (size_t i = 0; i < input->reader_cnt; i++) {
		const struct ttlog_contents *contents = ttlog_snapshot_contents(input->readers[i]);

		if (!contents->problem_cnt)
			continue;
		out__plain(out, ttlog_text_of(ttlog_snapshot_name(input->readers[i])));
		out__text(out, " is not whole\n");
		for (size_t k = 0; k < contents->problem_cnt; k++) {
			out__plain_after(out, "  ", ttlog_text_of(contents->problems[k]));
			out__char(out, '\n');
		}
		if (contents->problem_more)
			out__format(out, "  and %zu problems more\n", contents->problem_more);
		out__char(out, '\n');
	}
}

static int write_info(struct page *page, struct out *out)
{
	const struct input *input = &page->events->input;
	int err = 0;

	sources__disturb(&page->events->sources);
	write_problems(out, input);
	follower__print_info(page->follower, out);
	for (size_t i = 0; !err && i < input->reader_cnt; i++) {
		if (i)
			out__char(out, '\n');
		err = info__print_scan(out, input->readers[i], &page->scans[i], false);
	}
	return err;
}

/* Replaces the text; it stays scrolled to the same place. */
static int write_text(struct page *page)
{
	const size_t top = page->scroll.top;
	const int left = page->scroll.left;
	struct out out;
	int err = out__init_memory(&out), taken;

	if (err)
		return err;
	if (page->kind == PAGE_HELP)
		out__text(&out, HELP);
	else if (page->kind == PAGE_INFO)
		err = write_info(page, &out);
	else if (page->survey)
		err = stats__print(page->stats, &out, SIZE_MAX, false);
	else
		out__text(&out, "counting ...\n");
	taken = scroll__take(&page->scroll, &out);
	page->scroll.top = top;
	page->scroll.left = left;
	return err ? err : taken;
}

/* ---- Surveys ---- */

static int begin_survey(struct page *page, rows_watch *watch)
{
	page->survey = events__make_rows(page->events, NULL, NULL);
	if (!page->survey)
		return -errno;
	rows__watch(page->survey, watch, page);
	return 0;
}

static void watch_stats(void *context, uint64_t row, const struct ttlog_run *run)
{
	struct page *page = context;

	(void)row;
	if (page->stats && stats__run(page->stats, run))
		page->err = -ENOMEM;
}

static int begin_stats(struct page *page)
{
	stats__free(page->stats);
	page->stats = stats__new(GROUP_BY_DEFAULT, NULL);
	return page->stats ? begin_survey(page, watch_stats) : -errno;
}

static void watch_lanes(void *context, uint64_t row, const struct ttlog_run *run)
{
	struct page *page = context;

	(void)row;
	if (lanes__run(&page->lanes, run))
		page->err = -ENOMEM;
}

static int begin_lanes(struct page *page)
{
	struct sources *sources = &page->events->sources;
	const struct input *input = &page->events->input;
	uint64_t first_ns, last_ns;
	int err;

	while (sources__scan(sources, UINT64_MAX))
		;
	first_ns = sources__first_ns(sources);
	last_ns = sources->last_ns;
	lanes__fini(&page->lanes);
	err = lanes__init(&page->lanes, input->readers, input->reader_cnt, first_ns,
			  first_ns && last_ns > first_ns ? last_ns : first_ns);
	page->lane = page->lane_top = 0;
	return err ? err : begin_survey(page, watch_lanes);
}

/* The thread that crashed comes first. */
static void sort_lanes(struct page *page)
{
	const struct input *input = &page->events->input;
	const struct ttlog_crash *crash = NULL;

	if (input->reader_cnt)
		crash = ttlog_snapshot_info(input->readers[page->goal->crash])->crash;
	lanes__sort(&page->lanes, crash && crash->has_tid ? crash->tid : UINT64_MAX);
}

static int show_survey(struct page *page)
{
	/* Only once: lanes that change places cannot be read. */
	if (page->kind == PAGE_LANES && !page->is_shown)
		sort_lanes(page);
	if (!page->is_shown)
		page->scroll.left = 0;
	page->is_shown = true;
	page->shown_cnt = rows__cnt(page->survey);
	return page->kind == PAGE_STATS && page->stats ? write_text(page) : 0;
}

int page__work_on_survey(struct page *page, uint64_t until_ns)
{
	int more = page->survey ? rows__work(page->survey, until_ns) : 0;

	if (!more && page->survey &&
	    (!page->is_shown || page->shown_cnt != rows__cnt(page->survey)))
		more = show_survey(page);
	return page->err ? page->err : more;
}

bool page__counts(const struct page *page)
{
	return page->kind == PAGE_STATS || page->kind == PAGE_LANES;
}

void page__show_lane(struct page *page, int height)
{
	const size_t lanes = height > 1 ? (size_t)height - 1 : 0;

	if (page->lane < page->lane_top)
		page->lane_top = page->lane;
	if (lanes && page->lane - page->lane_top >= lanes)
		page->lane_top = page->lane - lanes + 1;
	if (page->lanes.more)
		message__set(page->message, "%llu events are of threads beyond the first %u",
			     (unsigned long long)page->lanes.more, LANES_MAX);
}

/* ---- The files: what takes reading all events comes later ---- */

static void end_info(struct page *page)
{
	for (size_t i = 0; page->scans && i < page->events->input.reader_cnt; i++)
		info_scan__fini(&page->scans[i]);
	free(page->scans);
	page->scans = NULL;
}

static int scan_files(struct page *page, uint64_t until_ns)
{
	const struct input *input = &page->events->input;
	int more = 0;

	/* between two calls others have loaded chunks */
	sources__disturb(&page->events->sources);
	while (more >= 0 && page->scan < input->reader_cnt) {
		struct info_scan *scan = &page->scans[page->scan];

		if (!scan->reader)
			more = info_scan__begin(scan, input->readers[page->scan]);
		if (more >= 0)
			more = info_scan__step(scan);
		if (!more)
			page->scan++;
		if (more >= 0 && clock__now_mono_ns() >= until_ns)
			return 1;
	}
	return more;
}

int page__work_on_info(struct page *page, uint64_t until_ns, int height)
{
	const size_t bottom = page->scroll.top + (size_t)height;
	const bool is_at_end = page->scroll.top && bottom >= page->scroll.line_cnt;
	int err = page->scans ? scan_files(page, until_ns) : 0;

	if (err || !page->scans)
		return err;
	err = write_text(page);
	end_info(page);
	if (is_at_end)
		scroll__to_end(&page->scroll, height);
	return err;
}

/* Shows at once what a moment can find: small files, and what the thread that crashed did last. */
static int begin_info(struct page *page, int height)
{
	const uint64_t until_ns = clock__now_mono_ns() + ROWS_SLICE_NS;
	int err;

	page->scan = 0;
	page->scans = calloc(page->events->input.reader_cnt + 1, sizeof(*page->scans));
	if (!page->scans)
		return -ENOMEM;
	err = sources__scan(&page->events->sources, until_ns)
		      ? 1
		      : page__work_on_info(page, until_ns, height);
	return err == 1 ? write_text(page) : err;
}

unsigned page__info_progress(const struct page *page)
{
	const struct input *input = &page->events->input;
	size_t left = 0, all = 0;

	if (!page->scans)
		return 1000;
	for (size_t i = 0; i < input->reader_cnt; i++) {
		size_t cnt = ttlog_snapshot_contents(input->readers[i])->chunk_cnt;

		all += cnt;
		if (i >= page->scan)
			left += page->scans[i].reader ? page->scans[i].left : cnt;
	}
	return all ? (unsigned)((double)(all - left) / (double)all * 999) : 0;
}

/* ---- All pages ---- */

int page__open(struct page *page, enum page_kind kind, int height)
{
	int err;

	page__close(page);
	if (!page->events->rows && kind != PAGE_HELP) {
		message__set(page->message, "the files are being read: in a moment");
		return 0;
	}
	page->kind = kind;
	page->is_shown = false;
	page->scroll.top = 0;
	page->scroll.left = 0;
	if (kind == PAGE_LANES)
		return begin_lanes(page);
	if (kind == PAGE_INFO)
		return begin_info(page, height);
	err = write_text(page);
	return !err && kind == PAGE_STATS ? begin_stats(page) : err;
}

void page__close(struct page *page)
{
	page->kind = PAGE_EVENTS;
	rows__free(page->survey);
	page->survey = NULL;
	end_info(page);
}

void page__drop(struct page *page)
{
	stats__free(page->stats);
	page->stats = NULL;
}

void page__fini(struct page *page)
{
	page__close(page);
	page__drop(page);
	lanes__fini(&page->lanes);
	scroll__fini(&page->scroll);
}
