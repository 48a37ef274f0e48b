/* SPDX-License-Identifier: MIT */
/*
 * The table's lines as text, kept: what is scrolled through or sorted lies in many chunks, and to
 * decode a chunk takes a millisecond where a line takes a microsecond.
 */
#ifndef TTLOG_VIEW_LINES_H
#define TTLOG_VIEW_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ttlog/read.h>
#include "columns.h"
#include "out.h"
#include "rows.h"

#define LINES_CNT 1024u

struct events;
struct order;
struct search;

/* A line of the table. */
struct line {
	bool is_valid, is_match;
	uint8_t level;
	uint64_t row;
	struct rows_place place;
	char *text; /* owned */
	struct ttlog_text cells[CELL_CNT];
};

struct lines {
	struct events *events;
	const struct order *order;
	const struct search *search;
	struct columns columns;
	struct out out; /* what a line is made in */
	struct line lines[LINES_CNT];
};

int lines__init(struct lines *lines);
/* Makes a line, or has it. NULL where its event cannot be read. Of LINES_CNT in a row all are kept. */
const struct line *lines__make(struct lines *lines, uint64_t number);
/* The same of one that was made; NULL: it was not. */
const struct line *lines__find(const struct lines *lines, uint64_t number);
void lines__forget(struct lines *lines); /* rows are others now, or matches */
/* Snapshots that are there from now on. */
void lines__add_snapshots(struct lines *lines, struct ttlog_snapshot *const *readers, size_t cnt);
void lines__fini(struct lines *lines);

#endif /* TTLOG_VIEW_LINES_H */
