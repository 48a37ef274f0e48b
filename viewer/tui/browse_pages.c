/* SPDX-License-Identifier: MIT */
/* Pages of text in the place of the table: help, and what the files say of themselves. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "browse.h"
#include "info.h"
#include <ttlog/read.h>
#include "screen.h"
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
		const struct ttlog_snapshot *reader = input->readers[i];

		if (!ttlog_snapshot_contents(reader)->problem_cnt)
			continue;
		out__plain(out, ttlog_text_of(ttlog_snapshot_name(reader)));
		out__text(out, " is not whole\n");
		for (size_t k = 0; k < ttlog_snapshot_contents(reader)->problem_cnt; k++) {
			out__text(out, "  ");
			out__plain(out,
				   ttlog_text_of(ttlog_snapshot_contents(reader)->problems[k]));
			out__char(out, '\n');
		}
		if (ttlog_snapshot_contents(reader)->problem_more)
			out__format(out, "  and %zu problems more\n",
				    ttlog_snapshot_contents(reader)->problem_more);
		out__char(out, '\n');
	}
}

static int write_info(struct browse *browse, struct out *out)
{
	int err = 0;

	sources__disturb(&browse->sources);
	write_problems(out, &browse->input);
	browse__print_follow_info(browse, out);
	for (size_t i = 0; !err && i < browse->input.reader_cnt; i++) {
		if (i)
			out__char(out, '\n');
		err = info__print_scan(out, browse->input.readers[i], &browse->scans[i], false);
	}
	return err;
}

static void watch_stats(void *context, uint64_t row, const struct ttlog_run *run)
{
	struct browse *browse = context;

	(void)row;
	if (browse->stats && stats__run(browse->stats, run))
		browse->err = -ENOMEM;
}

static int begin_stats(struct browse *browse)
{
	const char *keys = browse->options->group_by;
	const struct stats_setup setup = { .keys = keys ? keys : GROUP_BY_DEFAULT };

	stats__free(browse->stats);
	browse->stats = stats__new(&setup);
	return browse->stats ? browse__survey(browse, watch_stats) : -errno;
}

static int show_stats(struct browse *browse)
{
	const size_t top = browse->is_surveyed ? browse->scroll.top : 0;
	const int left = browse->is_surveyed ? browse->scroll.left : 0;
	struct out out;
	int err = scroll__begin(&out), closed;

	if (err)
		return err;
	err = stats__print(browse->stats, &out, SIZE_MAX, false);
	closed = scroll__end(&browse->scroll, &out);
	browse->scroll.top = top;
	browse->scroll.left = left;
	return err ? err : closed;
}

void browse__surveyed(struct browse *browse)
{
	int err = 0;

	/* Once: lanes that change their places cannot be looked at. */
	if (browse->page == PAGE_LANES && !browse->is_surveyed)
		browse__end_lanes(browse);
	if (browse->page == PAGE_STATS && browse->stats)
		err = show_stats(browse);
	browse->is_surveyed = true;
	browse->surveyed = rows__cnt(browse->survey);
	if (err)
		browse->err = err;
}

static int write_page(struct browse *browse, enum browse_page page)
{
	struct out out;
	int err = scroll__begin(&out), closed;

	if (err)
		return err;
	if (page == PAGE_HELP)
		out__text(&out, HELP);
	if (page == PAGE_INFO)
		err = write_info(browse, &out);
	if (page == PAGE_STATS)
		out__text(&out, "counting ...\n");
	closed = scroll__end(&browse->scroll, &out);
	return err ? err : closed;
}

/* ---- The page of the files: what takes going over the events comes later ---- */

void browse__end_info(struct browse *browse)
{
	for (size_t i = 0; browse->scans && i < browse->input.reader_cnt; i++)
		info_scan__fini(&browse->scans[i]);
	free(browse->scans);
	browse->scans = NULL;
}

static int scan_files(struct browse *browse, uint64_t until_ns)
{
	int more = 0;

	/* tables load chunks, too, between two calls */
	sources__disturb(&browse->sources);
	while (more >= 0 && browse->scan < browse->input.reader_cnt) {
		struct info_scan *scan = &browse->scans[browse->scan];

		if (!scan->reader)
			more = info_scan__begin(scan, browse->input.readers[browse->scan]);
		if (more >= 0)
			more = info_scan__step(scan);
		if (!more)
			browse->scan++;
		if (more >= 0 && sources__now_ns() >= until_ns)
			return 1;
	}
	return more;
}

int browse__scan_info(struct browse *browse, uint64_t until_ns)
{
	const struct scroll before = browse->scroll;
	const int height = browse__page_height(browse);
	int err;

	if (!browse->scans)
		return 0;
	err = scan_files(browse, until_ns);
	if (err)
		return err;
	err = write_page(browse, PAGE_INFO);
	browse__end_info(browse);
	/* Who looks at the end still does. */
	if (before.top && before.top + (size_t)height >= before.line_cnt)
		(void)scroll__key(&browse->scroll, 'G', false, height);
	else
		browse->scroll.top = before.top;
	browse->scroll.left = before.left;
	return err;
}

/* What a moment gives is there at once: small files, and what the thread that crashed did last. */
static int begin_info(struct browse *browse)
{
	const uint64_t until_ns = sources__now_ns() + BROWSE_SLICE_NS;
	int err;

	browse->scan = 0;
	browse->scroll.top = 0;
	browse->scroll.left = 0;
	browse->scans = calloc(browse->input.reader_cnt + 1, sizeof(*browse->scans));
	if (!browse->scans)
		return -ENOMEM;
	err = sources__scan(&browse->sources, until_ns) ? 1 : browse__scan_info(browse, until_ns);
	return err == 1 ? write_page(browse, PAGE_INFO) : err;
}

void browse__open_page(struct browse *browse, enum browse_page page)
{
	int err = 0;

	browse__close_page(browse);
	if (!browse->is_ready && page != PAGE_HELP) {
		browse__say(browse, "the files are being read: in a moment");
		return;
	}
	browse->page = page;
	if (page == PAGE_LANES)
		err = browse__begin_lanes(browse);
	else if (page == PAGE_INFO)
		err = begin_info(browse);
	else
		err = write_page(browse, page);
	if (!err && page == PAGE_STATS)
		err = begin_stats(browse);
	if (err)
		browse->err = err;
}

bool browse__page_counts(const struct browse *browse)
{
	return browse->page == PAGE_STATS || browse->page == PAGE_LANES;
}

void browse__close_page(struct browse *browse)
{
	browse->page = PAGE_EVENTS;
	rows__free(browse->survey);
	browse->survey = NULL;
	browse__end_info(browse);
}
