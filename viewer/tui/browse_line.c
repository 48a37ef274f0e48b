/* SPDX-License-Identifier: MIT */
/*
 * The table's lines as text, kept: what is scrolled through or sorted lies in many chunks, and a
 * chunk takes a millisecond where a line takes a microsecond.
 */
#include <stdlib.h>
#include <string.h>

#include "browse.h"

/* Of one line's text: what no screen has room for need not be made. */
#define CONTENT_BYTES 8192u
#define DATE_BYTES    11u /* "2026-11-21T" */

static void put_content(struct browse *browse, const struct ttlog_event *event)
{
	struct out *out = &browse->out;
	size_t start = out->len;

	text__message(out, event->site);
	for (unsigned i = 0; i < event->site->nfields && out->len - start < CONTENT_BYTES; i++) {
		out__char(out, ' ');
		text__key(out, event->site, i);
		out__char(out, '=');
		text__value(out, event, i);
	}
}

static void put_cell(struct browse *browse, const struct ttlog_event *event, enum browse_cell cell)
{
	struct out *out = &browse->out;

	switch (cell) {
	case CELL_TIME:
		out__time(out, event->real_ns);
		break;
	case CELL_LEVEL:
		out__text(out, ttlog_level_name(event->site->level));
		break;
	case CELL_THREAD:
		if (browse->has_processes)
			out__format(out, "%*llu ", browse->pid_width,
				    (unsigned long long)event->thread->pid);
		if (browse->thread_names.repeat)
			out__format(out, "%*llu ", browse->tid_width,
				    (unsigned long long)event->thread->tid);
		out__plain(out, event->thread->comm);
		break;
	case CELL_WHERE:
		text__where(out, event->site);
		break;
	default:
		put_content(browse, event);
		break;
	}
}

/* Returns whether there was memory. */
static bool make(struct browse *browse, const struct ttlog_event *event, struct browse_line *line)
{
	struct out *out = &browse->out;
	size_t ends[CELL_CNT];
	char *text;

	out->len = 0;
	out->err = 0;
	for (int i = 0; i < CELL_CNT; i++) {
		put_cell(browse, event, (enum browse_cell)i);
		ends[i] = out->len;
	}
	if (out->err || out->len > 4 * CONTENT_BYTES)
		out->len = out->err ? 0 : 4 * CONTENT_BYTES;
	text = realloc(line->text, out->len + 1);
	if (!text)
		return false;
	memcpy(text, out->buf, out->len);
	line->text = text;
	for (int i = 0; i < CELL_CNT; i++) {
		size_t start = i ? ends[i - 1] : 0, end = ends[i];

		start += i == CELL_TIME ? DATE_BYTES : 0;
		end = end < out->len ? end : out->len;
		line->cells[i] = (struct ttlog_text){ text + (start < end ? start : end),
						      start < end ? end - start : 0 };
	}
	return true;
}

const struct browse_line *browse__get_line(struct browse *browse, uint64_t row)
{
	struct browse_line *line = &browse->lines[row % BROWSE_LINES];
	struct ttlog_event event;

	if (line->is_valid && line->row == row)
		return line;
	line->is_valid = false;
	if (rows__event(browse->rows, row, &event, &line->place))
		return NULL;
	if (!make(browse, &event, line))
		return NULL;
	line->level = event.site->level;
	line->is_hit = *browse->search && ttlog_filter_matches(browse->hit, &event);
	line->row = row;
	line->is_valid = true;
	return line;
}

void browse__forget_lines(struct browse *browse)
{
	for (size_t i = 0; i < BROWSE_LINES; i++)
		browse->lines[i].is_valid = false;
}

/* Lines that were made without tids, or for fewer digits, are made anew. */
static void note_threads(struct browse *browse, const struct ttlog_info *info)
{
	const bool repeated = browse->thread_names.repeat;
	const int width = browse->tid_width;

	for (size_t i = 0; i < info->thread_cnt; i++) {
		char digits[FORMAT_NUMBER_BYTES];
		int tid_width = (int)format__u64(digits, info->threads[i]->tid);

		browse->tid_width = tid_width > browse->tid_width ? tid_width : browse->tid_width;
		thread_names__add(&browse->thread_names, info->threads[i]);
	}
	if (browse->thread_names.repeat && (!repeated || browse->tid_width > width))
		browse__forget_lines(browse);
}

void browse__note_process(struct browse *browse, const struct ttlog_snapshot *reader)
{
	const struct ttlog_info *info = ttlog_snapshot_info(reader);
	char digits[FORMAT_NUMBER_BYTES];
	int width = (int)format__u64(digits, info->pid);

	if (!info->has_header)
		return;
	note_threads(browse, info);
	if (!browse->pid_width)
		browse->pid = info->pid;
	if ((info->pid == browse->pid || browse->has_processes) && width <= browse->pid_width)
		return;
	browse->has_processes |= info->pid != browse->pid;
	browse->pid_width = width > browse->pid_width ? width : browse->pid_width;
	browse__forget_lines(browse);
}

void browse__free_lines(struct browse *browse)
{
	for (size_t i = 0; i < BROWSE_LINES; i++)
		free(browse->lines[i].text);
	thread_names__fini(&browse->thread_names);
}
