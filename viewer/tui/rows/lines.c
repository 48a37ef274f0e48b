/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "events.h"
#include "lines.h"
#include "order.h"
#include "search.h"
#include "text.h"

/* No screen has room for more. */
#define CONTENT_BYTES 8192u
#define LINE_BYTES    (4 * CONTENT_BYTES)
#define DATE_BYTES    11u /* "2026-11-21T" */

static void put_content(struct lines *lines, const struct ttlog_event *event)
{
	struct out *out = &lines->out;
	const uint64_t start = out__position(out);

	text__message(out, event->site);
	for (unsigned i = 0; i < event->site->nfields && out__position(out) - start < CONTENT_BYTES;
	     i++) {
		out__char(out, ' ');
		text__key(out, event->site, i);
		out__char(out, '=');
		text__value(out, event, i);
	}
}

static void put_cell(struct lines *lines, const struct ttlog_event *event, enum cell cell)
{
	const struct columns *columns = &lines->columns;
	struct out *out = &lines->out;

	switch (cell) {
	case CELL_TIME:
		out__time(out, event->real_ns);
		break;
	case CELL_LEVEL:
		out__text(out, ttlog_level_name(event->site->level));
		break;
	case CELL_THREAD:
		if (columns->has_processes)
			out__format(out, "%*llu ", columns->pid_width,
				    (unsigned long long)event->thread->pid);
		if (columns->thread_names.repeat)
			out__format(out, "%*llu ", columns->tid_width,
				    (unsigned long long)event->thread->tid);
		out__plain(out, event->thread->comm);
		break;
	case CELL_WHERE:
		text__where(out, event->site);
		break;
	default:
		put_content(lines, event);
		break;
	}
}

/* Returns whether there was memory. */
static bool make(struct lines *lines, const struct ttlog_event *event, struct line *line)
{
	struct out *out = &lines->out;
	size_t ends[CELL_CNT], len;
	char *text;

	out__clear(out);
	for (int i = 0; i < CELL_CNT; i++) {
		put_cell(lines, event, (enum cell)i);
		ends[i] = out__written(out).len;
	}
	len = ends[CELL_CNT - 1] < LINE_BYTES ? ends[CELL_CNT - 1] : LINE_BYTES;
	text = out->err ? NULL : realloc(line->text, len + 1);
	if (!text)
		return false;
	memcpy(text, out__written(out).p, len);
	line->text = text;
	for (int i = 0; i < CELL_CNT; i++) {
		size_t start = i ? ends[i - 1] : 0, end = ends[i];

		start += i == CELL_TIME ? DATE_BYTES : 0;
		end = end < len ? end : len;
		line->cells[i] = (struct ttlog_text){ text + (start < end ? start : end),
						      start < end ? end - start : 0 };
	}
	return true;
}

/* New events move lines but not rows. In a sorted table, rows in sight may share a slot, lines do
 * not. */
static size_t slot_of(const struct lines *lines, uint64_t number, uint64_t row)
{
	return (lines->order->is_sorted ? number : row) % LINES_CNT;
}

const struct line *lines__make(struct lines *lines, uint64_t number)
{
	uint64_t row = order__row(lines->order, number);
	struct line *line = &lines->lines[slot_of(lines, number, row)];
	struct ttlog_event event;

	if (line->is_valid && line->row == row)
		return line;
	line->is_valid = false;
	if (rows__event(lines->order->events->rows, row, &event, &line->place))
		return NULL;
	if (!make(lines, &event, line))
		return NULL;
	line->level = event.site->level;
	line->is_match = search__is_match(lines->search, &event);
	line->row = row;
	line->is_valid = true;
	return line;
}

const struct line *lines__find(const struct lines *lines, uint64_t number)
{
	uint64_t row = order__row(lines->order, number);
	const struct line *line = &lines->lines[slot_of(lines, number, row)];

	return line->is_valid && line->row == row ? line : NULL;
}

void lines__forget(struct lines *lines)
{
	for (size_t i = 0; i < LINES_CNT; i++)
		lines->lines[i].is_valid = false;
}

void lines__add_snapshots(struct lines *lines, struct ttlog_snapshot *const *readers, size_t cnt)
{
	bool is_changed = false;

	text_output__widen(&lines->columns.widths, readers, cnt);
	for (size_t i = 0; i < cnt; i++)
		is_changed |= columns__add_process(&lines->columns, readers[i]);
	if (is_changed)
		lines__forget(lines);
}

int lines__init(struct lines *lines)
{
	return out__init_memory(&lines->out);
}

void lines__fini(struct lines *lines)
{
	for (size_t i = 0; i < LINES_CNT; i++)
		free(lines->lines[i].text);
	columns__fini(&lines->columns);
	out__fini(&lines->out);
}
