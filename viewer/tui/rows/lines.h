/* SPDX-License-Identifier: MIT */
/*
 * The table's lines as text. They are kept: lines in sight may lie in many chunks, and to decode a
 * chunk takes a millisecond, while to make a line takes a microsecond.
 */
#ifndef TTLOG_VIEW_LINES_H
#define TTLOG_VIEW_LINES_H

#include <ttlog/read.h>
#include "columns.h"
#include "out.h"
#include "rows.h"

#define LINES_CNT 1024u

struct order;
struct search;

struct line {
	bool is_valid, is_match;
	uint8_t level;
	uint64_t row;
	struct rows_place place;
	char *text; /* owned */
	struct ttlog_text cells[CELL_CNT];
};

struct lines {
	const struct order *order;
	const struct search *search;
	struct columns columns;
	struct out out; /* in memory: a line is made here */
	struct line lines[LINES_CNT];
};

int lines__init(struct lines *lines);
/* A line, made now if it is not kept. NULL: its event cannot be read. LINES_CNT lines in a row are
 * kept. */
const struct line *lines__make(struct lines *lines, uint64_t number);
/* A line that is kept, or NULL. */
const struct line *lines__find(const struct lines *lines, uint64_t number);
void lines__forget(struct lines *lines); /* rows or matches have changed */
/* Takes note of new snapshots. */
void lines__add_snapshots(struct lines *lines, struct ttlog_snapshot *const *readers, size_t cnt);
void lines__fini(struct lines *lines);

#endif /* TTLOG_VIEW_LINES_H */
