/* SPDX-License-Identifier: MIT */
/*
 * All that the full screen knows. keys -> model <- draw
 *
 * Keys change it, work finds out more, and drawing only reads it. There is one thread: between keys
 * it works in slices of ROWS_SLICE_NS, which scan files, find rows and search matches.
 * model__prepare makes ready what is drawn: what is known by then.
 *
 * Each noun has a struct of its own, with pointers to the nouns that it uses. What changes several
 * of them is here.
 */
#ifndef TTLOG_VIEW_MODEL_H
#define TTLOG_VIEW_MODEL_H

#include "cursor.h"
#include "detail.h"
#include "events.h"
#include "follower.h"
#include "goal.h"
#include "line_edit.h"
#include "lines.h"
#include "marks.h"
#include "message.h"
#include "order.h"
#include "page.h"
#include "search.h"

/* In a lower terminal nothing fits. */
#define MODEL_MIN_HEIGHT 4

enum prompt_kind {
	PROMPT_NONE,
	PROMPT_FILTER,
	PROMPT_SEARCH,
	PROMPT_TIME,
	PROMPT_SORT,
};

/* A line that the user types: a filter, a search, a time, or a field to sort by. */
struct prompt {
	enum prompt_kind kind;
	struct line_edit edit;
	struct choice before; /* Esc returns to it, */
	/* and to this place; each letter of a filter starts from there, too */
	bool has_anchor;
	struct rows_place anchor;
	uint64_t anchor_above; /* lines in sight above it */
};

struct model {
	struct events events;
	struct order order;
	struct search search;
	struct lines lines;
	struct cursor cursor;
	struct goal goal;
	struct marks marks;
	struct follower follower;
	struct page page;
	struct detail detail;
	struct prompt prompt;
	struct message message;
	uint64_t order_error_ns; /* by how much clocks of two hosts may differ; 0: they don't */
	bool is_over;            /* the user wants to end */
	int err;                 /* 0, or -errno: the program cannot go on */
};

/* NULL: no memory. */
struct model *model__new(struct options *options);
void model__free(struct model *model);
/* Opens files or asks collectors. Returns 0 or -errno, which is printed. */
int model__open(struct model *model);

/* ---- Work ---- */

/* Finds out more until then (CLOCK_MONOTONIC). Returns whether there is more to do. */
bool model__work(struct model *model, uint64_t until_ns);
/* In thousandths; 1000: nothing is being done. */
unsigned model__progress(const struct model *model);
/* Goes to the goal, if enough is known. */
void model__pursue(struct model *model);
/* To be polled for reading; -1: nothing is awaited. */
int model__follow_fd(const struct model *model);
void model__take_live_chunks(struct model *model);
/* Finds the cursor's event. */
void model__look(struct model *model);
/* Makes what is in sight ready to be drawn. */
void model__prepare(struct model *model);

/* ---- What keys do ---- */

/* Shows other events; the cursor stays where it was. Returns 0 or -errno: -EINVAL sets the mistake
 * in `events`. */
int model__choose(struct model *model, const struct choice *choice);
/* Searches for a regular expression; "": for nothing. Returns the same. */
int model__search(struct model *model, const char *regex);
void model__sort_by(struct model *model, enum order_by by);
void model__reverse(struct model *model);
void model__go(struct model *model, enum goal_kind kind);
/* GOAL_NEXT, GOAL_PREVIOUS. */
void model__go_to_found(struct model *model, enum goal_kind kind, enum search_for what);
void model__go_to(struct model *model, const struct rows_place *place, uint64_t above);
void model__follow(struct model *model);
void model__open_page(struct model *model, enum page_kind kind);

/* ---- Layout ---- */

/* The file in the title: the one that crashed, else the first. NULL: no file. */
const struct ttlog_snapshot *model__title_file(const struct model *model);
/* Its content, if its process has ended; else NULL. */
const struct ttlog_info *model__end_info(const struct model *model);
int model__table_top(const struct model *model); /* the screen's line */
int model__table_height(const struct model *model);
int model__detail_height(const struct model *model); /* 0: none */
/* A page takes the place of the table and its head. */
int model__page_height(const struct model *model);
/* How many columns of the longest message in sight do not fit. */
int model__hidden_columns(struct model *model);

#endif /* TTLOG_VIEW_MODEL_H */
