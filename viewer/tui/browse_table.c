/* SPDX-License-Identifier: MIT */
/* From top to bottom: what died and how, the events, the cursor's event, where one is, keys. */
#include <stdio.h>
#include <string.h>

#include "browse.h"
#include "info.h"
#include <ttlog/read.h>
#include "screen.h"
#include "text.h"

#define LEVEL_WIDTH 5

/* What is in browse->out since that length. */
static struct ttlog_text text_since(const struct browse *browse, size_t start)
{
	return (struct ttlog_text){ browse->out.buf + start, browse->out.len - start };
}

static struct out *begin_text(struct browse *browse)
{
	browse->out.len = 0;
	browse->out.err = 0;
	return &browse->out;
}

static int draw_bar(struct browse *browse, int y, enum screen_style style)
{
	screen__line(y, style, false);
	return screen__text(y, 0, screen__width(), text_since(browse, 0), style, false);
}

/* ---- The top ---- */

static struct ttlog_text base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return ttlog_text_of(slash && slash[1] ? slash + 1 : path);
}

/* The reader that the title tells of: the one that crashed, or else the first. NULL: no file. */
static struct ttlog_snapshot *chief(const struct browse *browse)
{
	return browse->input.reader_cnt ? browse->input.readers[browse->crash] : NULL;
}

static size_t problem_cnt(const struct browse *browse)
{
	size_t cnt = browse->input.file_cnt - browse->input.reader_cnt;

	for (size_t i = 0; i < browse->input.reader_cnt; i++)
		cnt += ttlog_snapshot_contents(browse->input.readers[i])->problem_cnt +
		       ttlog_snapshot_contents(browse->input.readers[i])->problem_more;
	return cnt;
}

static uint64_t lost_of(const struct ttlog_snapshot *reader)
{
	return ttlog_snapshot_contents(reader)->lost->total;
}

static void draw_title(struct browse *browse, int y)
{
	struct out *out = begin_text(browse);
	const struct ttlog_snapshot *reader = chief(browse);
	uint64_t lost = 0;

	out__char(out, ' ');
	if (!reader) {
		out__text(out, "Events of running collectors, as they come");
		(void)draw_bar(browse, y, STYLE_BAR);
		return;
	}
	if (browse->input.reader_cnt > 1)
		out__format(out, "%zu files: ", browse->input.reader_cnt);
	out__plain(out, base_name(ttlog_snapshot_name(reader)));
	if (ttlog_snapshot_info(reader)->comm.p) {
		out__text(out, "  ");
		out__plain(out, ttlog_snapshot_info(reader)->comm);
		out__format(out, "[%llu]", (unsigned long long)ttlog_snapshot_info(reader)->pid);
	}
	if (ttlog_snapshot_info(reader)->reason.p) {
		out__text(out, "  ");
		out__plain(out, ttlog_snapshot_info(reader)->reason);
	}
	for (size_t i = 0; i < browse->input.reader_cnt; i++)
		lost += lost_of(browse->input.readers[i]);
	if (lost) {
		out__text(out, "  lost ");
		out__grouped(out, lost);
	}
	(void)draw_bar(browse, y, STYLE_BAR);
}

static bool has_end_line(const struct browse *browse)
{
	const struct ttlog_info *header;

	if (!chief(browse))
		return false;
	header = ttlog_snapshot_info(chief(browse));
	return header->crash->is_there || header->exit->signal.p || header->exit->has_code;
}

/* How it ended. */
static void draw_end(struct browse *browse, int y)
{
	struct out *out = begin_text(browse);
	const struct ttlog_info *header = ttlog_snapshot_info(chief(browse));
	bool is_alarm = header->crash->is_there || header->exit->signal.p;

	if (header->crash->is_there) {
		out__text(out, " died of ");
		info__crash_cause(out, header->crash);
		info__sender(out, header);
		if (header->crash->exception_type.p) {
			out__text(out, ", ");
			info__exception(out, header->crash);
		}
		/* The name first: 80 columns may end here. */
		if (header->crash->has_tid || header->crash->thread.p)
			out__text(out, "  in ");
		if (header->crash->thread.p)
			out__plain(out, header->crash->thread);
		if (header->crash->has_tid)
			out__format(out, "[%llu]", (unsigned long long)header->crash->tid);
	} else if (header->exit->signal.p) {
		out__text(out, " died of ");
		out__plain(out, header->exit->signal);
		info__sender(out, header);
	} else {
		out__format(out, " ended with status %lld", (long long)header->exit->code);
	}
	if (header->created_at.p) {
		out__text(out, "  ");
		out__plain(out, header->created_at);
	}
	(void)draw_bar(browse, y, is_alarm ? STYLE_ALARM : STYLE_BAR);
}

static void draw_problem(struct browse *browse, int y)
{
	struct out *out = begin_text(browse);
	size_t cnt = problem_cnt(browse);

	out__text(out, " not whole: ");
	for (size_t i = 0; i < browse->input.reader_cnt; i++) {
		const struct ttlog_snapshot *reader = browse->input.readers[i];

		if (!ttlog_snapshot_contents(reader)->problem_cnt)
			continue;
		if (browse->input.reader_cnt > 1) {
			out__plain(out, base_name(ttlog_snapshot_name(reader)));
			out__text(out, ": ");
		}
		out__plain(out, ttlog_text_of(ttlog_snapshot_contents(reader)->problems[0]));
		cnt--;
		break;
	}
	if (cnt)
		out__format(out, " (%zu more: i)", cnt);
	(void)draw_bar(browse, y, STYLE_ERROR);
}

static int draw_top(struct browse *browse)
{
	int y = 0;

	draw_title(browse, y++);
	if (has_end_line(browse))
		draw_end(browse, y++);
	if (problem_cnt(browse))
		draw_problem(browse, y++);
	return y;
}

int browse__table_top(const struct browse *browse)
{
	return 2 + has_end_line(browse) + (problem_cnt(browse) != 0);
}

int browse__table_height(const struct browse *browse)
{
	int height =
		screen__height() - browse__table_top(browse) - 2 - browse__detail_height(browse);

	return height > 0 ? height : 0;
}

/* A page has the place of the table and of what is above its lines. */
int browse__page_height(const struct browse *browse)
{
	int height = screen__height() - browse__table_top(browse) - 1;

	return height > 0 ? height : 0;
}

/* ---- The events ---- */

struct layout {
	int x[CELL_CNT], width[CELL_CNT];
};

static const char *const HEADS[] = { "TIME (UTC)", "LEVEL", "THREAD", "WHERE", "MESSAGE" };

static const char *head_of(const struct browse *browse, enum browse_cell cell)
{
	if (cell != CELL_THREAD || (!browse->has_processes && !browse->thread_names.repeat))
		return HEADS[cell];
	if (!browse->thread_names.repeat)
		return "PID THREAD";
	return browse->has_processes ? "PID TID THREAD" : "TID THREAD";
}

/* What stands before a thread's name. */
static size_t ids_width(const struct browse *browse)
{
	return (browse->has_processes ? (size_t)browse->pid_width + 1 : 0) +
	       (browse->thread_names.repeat ? (size_t)browse->tid_width + 1 : 0);
}

static int width_of(const struct browse *browse, enum browse_cell cell, size_t width, int most)
{
	size_t least = strlen(head_of(browse, cell));

	width = width > least ? width : least;
	return width < (size_t)most ? (int)width : most;
}

static void lay_out(struct browse *browse, struct layout *ret)
{
	const int total = screen__width();
	const size_t ids = ids_width(browse);
	int x = 1;

	if (!browse->has_widths || !browse->is_ready) {
		text_output__init(&browse->widths, &browse->out, false, browse->input.readers,
				  browse->input.reader_cnt);
		browse->has_widths = browse->is_ready;
	}
	ret->width[CELL_TIME] = total >= 120 ? 18 : 15;
	ret->width[CELL_LEVEL] = LEVEL_WIDTH;
	ret->width[CELL_THREAD] = total < 50 ? 0
					     : width_of(browse, CELL_THREAD,
							browse->widths.comm_width + ids,
							(total < 100 ? 10 : 16) + (int)ids);
	ret->width[CELL_WHERE] =
		total < 60 ? 0
			   : width_of(browse, CELL_WHERE, browse->widths.where_width, total / 5);
	for (int i = 0; i < CELL_CNT; i++) {
		ret->x[i] = x;
		if (i < CELL_CONTENT && ret->width[i])
			x += ret->width[i] + 1;
	}
	ret->width[CELL_CONTENT] = x < total ? total - x : 0;
}

int browse__left_most(struct browse *browse)
{
	const int height = browse__table_height(browse);
	const uint64_t cnt = browse__line_cnt(browse);
	struct layout layout;
	int most = 0;

	lay_out(browse, &layout);
	for (int i = 0; i < height && browse->top + (uint64_t)i < cnt; i++) {
		const struct browse_line *line =
			browse__get_line(browse, browse__row(browse, browse->top + (uint64_t)i));
		int columns = line ? screen__columns(line->cells[CELL_CONTENT]) : 0;

		most = columns > most ? columns : most;
	}
	return most > layout.width[CELL_CONTENT] ? most - layout.width[CELL_CONTENT] : 0;
}

static void draw_head(const struct browse *browse, const struct layout *layout, int y)
{
	screen__line(y, STYLE_HEAD, false);
	for (int i = 0; i < CELL_CNT; i++)
		(void)screen__text(y, layout->x[i], layout->width[i],
				   ttlog_text_of(head_of(browse, (enum browse_cell)i)), STYLE_HEAD,
				   false);
}

static enum screen_style style_of(unsigned level, enum browse_cell cell)
{
	if (cell == CELL_LEVEL && level <= TTLOG_LEVEL_FATAL)
		return (enum screen_style)(STYLE_LEVEL + level);
	if (cell == CELL_TIME || level == TTLOG_LEVEL_TRACE)
		return STYLE_DIM;
	return cell == CELL_CONTENT && level >= TTLOG_LEVEL_WARN ? STYLE_BOLD : STYLE_PLAIN;
}

static bool is_marked(const struct browse *browse, const struct rows_place *place)
{
	for (size_t i = 0; i < browse->mark_cnt; i++) {
		if (!rows_place__compare(&browse->marks[i], place))
			return true;
	}
	return false;
}

static void draw_row(struct browse *browse, const struct layout *layout, int y, uint64_t number)
{
	const struct browse_line *line = browse__get_line(browse, browse__row(browse, number));
	bool selected = number == browse->cursor;

	screen__line(y, STYLE_PLAIN, selected);
	if (!line) {
		(void)screen__text(y, 1, screen__width(),
				   ttlog_text_of("this event can be read no more"), STYLE_ERROR,
				   selected);
		return;
	}
	for (int i = 0; i < CELL_CNT; i++)
		(void)screen__text_from(y, layout->x[i], layout->width[i], line->cells[i],
					i == CELL_CONTENT ? browse->left : 0,
					style_of(line->level, (enum browse_cell)i), selected);
	if (line->is_hit)
		(void)screen__text(y, 0, 1, ttlog_text_of("/"), STYLE_MARK, selected);
	if (is_marked(browse, &line->place))
		(void)screen__text(y, 0, 1, ttlog_text_of("*"), STYLE_MARK, selected);
}

static void scroll_to_cursor(struct browse *browse, int height)
{
	uint64_t cnt = browse__line_cnt(browse), rows = (uint64_t)height;

	if (browse->cursor < browse->top)
		browse->top = browse->cursor;
	if (rows && browse->cursor - browse->top >= rows)
		browse->top = browse->cursor - rows + 1;
	/* No empty lines where there are events above. */
	if (browse->top + rows > cnt)
		browse->top = cnt > rows ? cnt - rows : 0;
}

static void draw_nothing(struct browse *browse, int y)
{
	struct out *out = begin_text(browse);
	unsigned progress = browse__progress(browse);
	const char *unknown = NULL;

	/* of those who are followed not all sites are known */
	if (progress >= 1000 && !browse->follow)
		unknown = rows__unknown_key(browse->rows);
	if (progress < 1000)
		out__format(out, "reading: %u%%", progress / 10);
	else if (unknown)
		out__format(out, "No event has a field %s. & edits the filter, c clears it.",
			    unknown);
	else if (*browse->choice.expr || browse->choice.level || browse->choice.search_cnt)
		out__text(out, "No event matches. & edits the filter, c clears it.");
	else if (browse->follow)
		out__text(out, "Waiting for events.");
	else if (browse->options->has_since || browse->options->has_until)
		out__text(out, "There are no events in that time: --since, --until.");
	else
		out__text(out, "There are no events.");
	(void)screen__text(y, 2, screen__width() - 2, text_since(browse, 0), STYLE_PLAIN, false);
}

static void draw_table(struct browse *browse)
{
	int y = browse__table_top(browse), height = browse__table_height(browse);
	uint64_t cnt = browse__line_cnt(browse);
	struct layout layout;

	lay_out(browse, &layout);
	draw_head(browse, &layout, y - 1);
	if (browse->is_ready)
		scroll_to_cursor(browse, height);
	for (int i = 0; i < height; i++) {
		/* In the order of the rows: that is how they are found. */
		int k = browse->is_reversed && !browse->is_sorted ? height - 1 - i : i;

		if (browse->top + (uint64_t)k < cnt)
			draw_row(browse, &layout, y + k, browse->top + (uint64_t)k);
		else
			screen__line(y + k, STYLE_PLAIN, false);
	}
	if (!cnt && height)
		draw_nothing(browse, y);
}

/* ---- The bottom ---- */

static void draw_sorting(struct browse *browse)
{
	struct out *out = &browse->out;

	out__text(out, browse->is_sorted ? "  by " : "  sorting by ");
	out__plain(out, ttlog_text_of(browse__sort_name(browse)));
	if (browse->is_reversed)
		out__text(out, " reversed");
	if (!browse->is_sorted || !top_k__is_cut(&browse->order))
		return;
	out__text(out, ", cut: first of ");
	out__grouped(out, browse->order.total);
}

static void draw_status(struct browse *browse, int y)
{
	struct out *out = begin_text(browse);
	uint64_t cnt = browse__line_cnt(browse);
	unsigned progress = browse__progress(browse);

	out__char(out, ' ');
	out__grouped(out, cnt ? browse->cursor + 1 : 0);
	out__char(out, '/');
	out__grouped(out, cnt);
	if (cnt)
		out__format(out, " %u%%",
			    (unsigned)((double)(browse->cursor + 1) / (double)cnt * 100));
	if (progress < 1000)
		out__format(out, "  [reading %u%%]", progress / 10);
	browse__print_follow(browse, out);
	if (browse->is_sorted || browse->sorter)
		draw_sorting(browse);
	else if (browse->is_reversed)
		out__text(out, "  newest first");
	if (browse->choice.level)
		out__format(out, "  level>=%s", ttlog_level_name(browse->choice.level));
	if (browse->hits) {
		out__text(out, "  /");
		out__plain(out, ttlog_text_of(browse->search));
		out__text(out, " ");
		out__grouped(out, rows__cnt(browse->hits));
		out__text(out, rows__is_done(browse->hits) ? " found" : "+ found");
	}
	for (size_t i = 0; i < browse->choice.search_cnt; i++) {
		out__text(out, "  search: ");
		out__plain(out, ttlog_text_of(browse->options->searches[i]));
	}
	if (*browse->choice.expr) {
		out__text(out, "  filter: ");
		out__plain(out, ttlog_text_of(browse->choice.expr));
	}
	if (rows__gave_up(browse->rows) || rows__gave_up(browse->hits))
		out__text(out, "  regular expression too slow for some texts");
	(void)draw_bar(browse, y, STYLE_BAR);
}

static void draw_hints(struct browse *browse, int y)
{
	static const char HINTS[] =
		"?:help q:quit &:filter /:search l:level e:error x:crash t:time Enter:all i:info";

	static const char PAGE_HINTS[] = "Esc:back  arrows, PgUp, PgDn, g, G:scroll  ?:help";

	screen__line(y, STYLE_PLAIN, false);
	if (*browse->message)
		(void)screen__text(y, 1, screen__width() - 1, ttlog_text_of(browse->message),
				   STYLE_BOLD, false);
	else
		(void)screen__text(y, 0, screen__width(),
				   ttlog_text_of(browse->page == PAGE_EVENTS ? HINTS : PAGE_HINTS),
				   STYLE_DIM, false);
}

/* The place of the mistake in a prompt's line, and below it what it is. */
static void draw_why(struct browse *browse, int y, int caret)
{
	struct out *out = begin_text(browse);

	screen__line(y, STYLE_PLAIN, false);
	(void)screen__text(y, caret < 0 ? 0 : caret, 1, ttlog_text_of("^"), STYLE_ERROR, false);
	out__plain(out, ttlog_text_of(browse->why));
	screen__line(y + 1, STYLE_PLAIN, false);
	(void)screen__text(y + 1, 0, screen__width(), text_since(browse, 0), STYLE_ERROR, false);
}

static int columns_before(struct ttlog_text text, size_t characters)
{
	size_t len = 0;
	uint32_t code;

	for (; characters && len < text.len; characters--)
		len += text_next_char(text.p + len, text.p + text.len, &code);
	return screen__columns((struct ttlog_text){ text.p, len });
}

static void draw_prompt(struct browse *browse, int y)
{
	static const char *const NAMES[] = {
		[PROMPT_FILTER] = "filter: ",
		[PROMPT_SEARCH] = "/",
		[PROMPT_TIME] = "go to time: ",
		[PROMPT_SORT] = "sort by field: ",
	};
	static const char *const HINTS[] = {
		[PROMPT_FILTER] = "Enter: keep it   Esc: as it was   Ctrl-U: empty",
		[PROMPT_SEARCH] =
			"Enter: to the next match   Esc: back   nothing: searches no more",
		[PROMPT_TIME] =
			"Enter: go there   Esc: back   06:00:00.5, 2026-11-21T06:00Z or -10s",
		[PROMPT_SORT] = "Enter: sort by this field's key   Esc: back",
	};
	struct ttlog_text name = ttlog_text_of(NAMES[browse->prompt]),
			  text = ttlog_text_of(browse->edit.text);
	int x = (int)name.len, width = screen__width() - x - 1;
	int at = screen__columns((struct ttlog_text){ text.p, browse->edit.at });
	int skip = at > width ? at - width : 0;
	unsigned progress = browse__progress(browse);
	struct out *out;

	if (*browse->why) {
		draw_why(browse, y, x + columns_before(text, browse->why_at) - skip);
		y--;
	} else {
		out = begin_text(browse);
		out__text(out, HINTS[browse->prompt]);
		if (progress < 1000)
			out__format(out, "   [reading %u%%]", progress / 10);
		screen__line(y + 1, STYLE_PLAIN, false);
		(void)screen__text(y + 1, 0, screen__width(), text_since(browse, 0), STYLE_DIM,
				   false);
	}
	screen__line(y, STYLE_PLAIN, false);
	(void)screen__text(y, 0, x, name, STYLE_BOLD, false);
	(void)screen__text_from(y, x, width + 1, text, skip, STYLE_PLAIN, false);
	screen__cursor(y, x + at - skip);
}

void browse__draw(struct browse *browse)
{
	int bottom = screen__height() - 2, top;

	screen__cursor(-1, 0);
	if (bottom < 2) {
		for (int y = 0; y < screen__height(); y++)
			screen__line(y, STYLE_PLAIN, false);
		(void)screen__text(0, 0, screen__width(), ttlog_text_of("too small"), STYLE_PLAIN,
				   false);
		return;
	}
	top = draw_top(browse);
	if (browse->page == PAGE_LANES) {
		browse__draw_lanes(browse, top, browse__page_height(browse));
	} else if (browse->page != PAGE_EVENTS) {
		scroll__draw(&browse->scroll, top, browse__page_height(browse));
	} else {
		draw_table(browse);
		browse__draw_detail(browse, bottom - browse__detail_height(browse),
				    browse__detail_height(browse));
	}
	if (browse->prompt != PROMPT_NONE) {
		draw_prompt(browse, bottom);
		return;
	}
	draw_status(browse, bottom);
	draw_hints(browse, bottom + 1);
}
