/* SPDX-License-Identifier: MIT */
/* A line a thread: how much it said when, denser characters for more, coloured by the worst. */
#include <errno.h>
#include <ncurses.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "browse.h"
#include "screen.h"

#define NAME_WIDTH      24
#define CNT_WIDTH       13
/* "2026-11-21T" */
#define AXIS_DATE_BYTES 11

static void watch(void *context, uint64_t row, const struct ttlog_run *run)
{
	struct browse *browse = context;

	(void)row;
	if (lanes__run(&browse->lanes, run))
		browse->err = -ENOMEM;
}

/* Of all; 0 where there are no events. */
static uint64_t first_of(struct ttlog_snapshot *const *readers, size_t cnt)
{
	uint64_t first_ns = UINT64_MAX;

	for (size_t i = 0; i < cnt; i++) {
		const struct ttlog_contents *contents = ttlog_snapshot_contents(readers[i]);
		uint64_t at;

		if (!contents->chunk_cnt || !ttlog_snapshot_info(readers[i])->has_header)
			continue;
		at = ttlog_info_real_ns(ttlog_snapshot_info(readers[i]),
					contents->chunks[0].first_ns);
		first_ns = at < first_ns ? at : first_ns;
	}
	return first_ns == UINT64_MAX ? 0 : first_ns;
}

int browse__begin_lanes(struct browse *browse)
{
	struct ttlog_snapshot **all;
	uint64_t first_ns, last_ns;
	size_t cnt;
	int err;

	while (sources__scan(&browse->sources, UINT64_MAX))
		;
	all = sources__readers(&browse->sources, &cnt);
	if (!all)
		return -ENOMEM;
	first_ns = first_of(all, cnt);
	free(all);
	last_ns = browse->sources.last_ns;
	lanes__fini(&browse->lanes);
	err = lanes__init(&browse->lanes, browse->input.readers, browse->input.reader_cnt, first_ns,
			  first_ns && last_ns > first_ns ? last_ns : first_ns);
	if (!err)
		err = browse__survey(browse, watch);
	browse->lane = browse->lane_top = 0;
	return err;
}

void browse__end_lanes(struct browse *browse)
{
	const struct input *input = &browse->input;
	uint64_t tid = UINT64_MAX;

	if (input->reader_cnt && ttlog_snapshot_info(input->readers[browse->crash])->crash->has_tid)
		tid = ttlog_snapshot_info(input->readers[browse->crash])->crash->tid;
	lanes__sort(&browse->lanes, tid);
}

static char shade(uint64_t cnt, uint64_t most)
{
	static const char SHADES[] = ".:-=+*#%@";
	size_t shades = sizeof(SHADES) - 1, i = 0;

	/* Each is for about twice as many as the one before. */
	for (uint64_t at = most; i + 1 < shades && at > cnt; at /= 2)
		i++;
	return SHADES[shades - 1 - i];
}

static void draw_lane(const struct browse *browse, const struct lane *lane, int y, bool selected)
{
	const int width = screen__width() - NAME_WIDTH - CNT_WIDTH;
	const size_t slices = lanes__slice_cnt(&browse->lanes);
	uint64_t most = 1;

	for (size_t i = 0; i < slices; i++)
		most = lane->cnts[i] > most ? lane->cnts[i] : most;
	if (width > 0 && slices > (size_t)width)
		most = most * slices / (size_t)width;
	for (int x = 0; x < width; x++) {
		size_t from = (size_t)x * slices / (size_t)width;
		size_t to = (size_t)(x + 1) * slices / (size_t)width;
		uint64_t cnt = 0;
		uint8_t level = 0;
		char c;

		for (size_t i = from; i < to || i == from; i++) {
			cnt += lane->cnts[i];
			level = lane->levels[i] > level ? lane->levels[i] : level;
		}
		if (!cnt)
			continue;
		c = shade(cnt, most);
		(void)screen__text(y, NAME_WIDTH + CNT_WIDTH + x, 1, (struct ttlog_text){ &c, 1 },
				   (enum screen_style)(STYLE_LEVEL + level), selected);
	}
}

static void draw_name(struct browse *browse, const struct lane *lane, int y, bool selected)
{
	struct out *out = &browse->out;

	out->len = 0;
	out__format(out, "%llu/%llu ", (unsigned long long)lane->thread->pid,
		    (unsigned long long)lane->thread->tid);
	out__plain(out, lane->thread->comm);
	(void)screen__text(y, 1, NAME_WIDTH - 2, (struct ttlog_text){ out->buf, out->len },
			   STYLE_PLAIN, selected);
	out->len = 0;
	out__grouped(out, lane->cnt);
	(void)screen__text(y, NAME_WIDTH + CNT_WIDTH - 2 - (int)out->len, CNT_WIDTH,
			   (struct ttlog_text){ out->buf, out->len }, STYLE_BOLD, selected);
}

/* Where the cursor's event is; -1: not in there. */
static int find_marker(const struct browse *browse, int width)
{
	const struct lanes *lanes = &browse->lanes;
	uint64_t span_ns = lanes->last_ns - lanes->first_ns;
	double at;

	if (!browse->has_here || !span_ns || browse->here.key < lanes->first_ns || width < 1)
		return -1;
	at = (double)(browse->here.key - lanes->first_ns) / (double)span_ns * (width - 1);
	return at < width - 1 ? (int)at : width - 1;
}

/* When it begins and how long it takes, or, where there is less room, the begin alone; the day is in
 * every event. The marker is in none of it. */
static void draw_span(struct browse *browse, int y, int left, int width, int marker)
{
	const struct lanes *lanes = &browse->lanes;
	struct out *out = &browse->out;
	int ends[2], x = 0, room = marker < 0 ? width : marker - 1;

	out->len = 0;
	out__time(out, lanes->first_ns);
	ends[0] = (int)out->len;
	out__text(out, "  + ");
	out__duration(out, lanes->last_ns - lanes->first_ns);
	ends[1] = (int)out->len;
	if (room < ends[1] && width - marker - 2 > room) {
		x = marker + 2;
		room = width - x;
	}
	for (int i = 2; i-- > 0;) {
		int from = room < ends[i] ? AXIS_DATE_BYTES : 0;

		if (ends[i] - from > room)
			continue;
		(void)screen__text(y, left + x, room,
				   (struct ttlog_text){ out->buf + from, (size_t)(ends[i] - from) },
				   STYLE_HEAD, false);
		return;
	}
}

static void draw_axis(struct browse *browse, int y)
{
	const int left = NAME_WIDTH + CNT_WIDTH, width = screen__width() - left;
	const int marker = find_marker(browse, width);

	screen__line(y, STYLE_HEAD, false);
	(void)screen__text(y, 1, NAME_WIDTH, ttlog_text_of("THREAD"), STYLE_HEAD, false);
	(void)screen__text(y, left - 8, 8, ttlog_text_of("EVENTS"), STYLE_HEAD, false);
	if (browse->lanes.first_ns)
		draw_span(browse, y, left, width, marker);
	if (marker >= 0)
		(void)screen__text(y, left + marker, 1, ttlog_text_of("v"), STYLE_MARK, true);
}

void browse__draw_lanes(struct browse *browse, int top, int height)
{
	const struct lanes *lanes = &browse->lanes;
	size_t rows = height > 1 ? (size_t)height - 1 : 0;

	draw_axis(browse, top);
	if (browse->lane < browse->lane_top)
		browse->lane_top = browse->lane;
	if (rows && browse->lane - browse->lane_top >= rows)
		browse->lane_top = browse->lane - rows + 1;
	for (size_t i = 0; i < rows; i++) {
		size_t number = browse->lane_top + i;
		bool selected = number == browse->lane;
		int y = top + 1 + (int)i;

		screen__line(y, STYLE_PLAIN, selected && number < lanes->cnt);
		if (number >= lanes->cnt)
			continue;
		draw_name(browse, lanes->lanes[number], y, selected);
		draw_lane(browse, lanes->lanes[number], y, selected);
	}
	if (lanes->more)
		browse__say(browse, "%llu events are of threads beyond the first %u",
			    (unsigned long long)lanes->more, LANES_MAX);
}

/* Only that thread's events. */
static void choose_thread(struct browse *browse)
{
	const struct ttlog_thread *thread;
	struct browse_choice choice = browse->choice;
	int len;

	if (browse->lane >= browse->lanes.cnt)
		return;
	thread = browse->lanes.lanes[browse->lane]->thread;
	len = snprintf(choice.expr, sizeof(choice.expr),
		       *browse->choice.expr ? "(%s) and pid=%llu and tid=%llu"
					    : "%spid=%llu and tid=%llu",
		       browse->choice.expr, (unsigned long long)thread->pid,
		       (unsigned long long)thread->tid);
	if (len < 0 || (size_t)len >= sizeof(choice.expr)) {
		browse__say(browse, "the filter would be too long");
		return;
	}
	browse__close_page(browse);
	if (browse__choose(browse, &choice))
		browse__say(browse, "%s", browse->why);
}

bool browse__lanes_key(struct browse *browse, int key, bool special, int height)
{
	size_t last = browse->lanes.cnt ? browse->lanes.cnt - 1 : 0;
	size_t page = height > 1 ? (size_t)height - 1 : 1, at = browse->lane;

	if (key == 'j' || key == SCREEN_KEY('n') || (special && key == KEY_DOWN))
		at++;
	else if (key == 'k' || key == SCREEN_KEY('p') || (special && key == KEY_UP))
		at -= at != 0;
	else if (key == ' ' || key == SCREEN_KEY('f') || (special && key == KEY_NPAGE))
		at += page;
	else if (key == SCREEN_KEY('b') || (special && key == KEY_PPAGE))
		at -= at > page ? page : at;
	else if (key == 'g' || (special && key == KEY_HOME))
		at = 0;
	else if (key == 'G' || (special && key == KEY_END))
		at = last;
	else if (key == '\r' || key == '\n' || (special && key == KEY_ENTER))
		choose_thread(browse);
	else
		return false;
	browse->lane = at < last ? at : last;
	return true;
}
