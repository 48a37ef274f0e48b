/* SPDX-License-Identifier: MIT */
#include "cursor.h"
#include "events.h"
#include "lines.h"
#include "message.h"
#include "order.h"

void cursor__put(struct cursor *cursor, uint64_t line)
{
	const uint64_t above = cursor->line - cursor->top;

	cursor->line = line;
	cursor->top = line > above ? line - above : 0;
}

void cursor__move(struct cursor *cursor, int64_t lines, bool with_top)
{
	const uint64_t cnt = order__line_cnt(cursor->order);
	const uint64_t last = cnt ? cnt - 1 : 0, up = (uint64_t)-lines, before = cursor->line;

	if (lines < 0)
		cursor->line = before > up ? before - up : 0;
	else
		cursor->line = last - before > (uint64_t)lines ? before + (uint64_t)lines : last;
	if (!with_top)
		return;
	if (lines < 0)
		cursor->top = cursor->top > up ? cursor->top - up : 0;
	else
		cursor->top += cursor->line - before;
}

void cursor__go_to(struct cursor *cursor, const struct rows_place *place)
{
	const struct order *order = cursor->order;
	struct rows *rows = order->events->rows;
	const uint64_t cnt = rows__cnt(rows);
	bool is_exact;
	uint64_t row, line;

	if (!cnt)
		return;
	row = rows__find(rows, place, &is_exact);
	line = order__line(order, row < cnt ? row : cnt - 1);
	if (line < order__line_cnt(order))
		cursor__put(cursor, line);
	else
		message__set(cursor->message,
			     "that event is not among the first %zu, which are sorted",
			     order->sorted.cnt);
}

bool cursor__look(struct cursor *cursor, struct lines *lines)
{
	const uint64_t cnt = order__line_cnt(cursor->order);
	const struct rows_place before = cursor->here;
	const struct line *line;

	if (cursor->line >= cnt)
		cursor->line = cnt ? cnt - 1 : 0;
	if (!cnt)
		return false;
	line = lines__make(lines, cursor->line);
	cursor->has_here = line;
	if (line)
		cursor->here = line->place;
	return rows_place__compare(&cursor->here, &before);
}

void cursor__show(struct cursor *cursor, int height)
{
	const uint64_t cnt = order__line_cnt(cursor->order), lines = (uint64_t)height;

	if (cursor->line < cursor->top)
		cursor->top = cursor->line;
	if (lines && cursor->line - cursor->top >= lines)
		cursor->top = cursor->line - lines + 1;
	/* No empty lines below if there are events above. */
	if (cursor->top + lines > cnt)
		cursor->top = cnt > lines ? cnt - lines : 0;
}
