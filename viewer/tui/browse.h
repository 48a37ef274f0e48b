/* SPDX-License-Identifier: MIT */
/*
 * The full screen, --interactive: files -> sources -> rows -> what is drawn.
 *
 * One thread. Between keys it works in slices of some ms: files are gone over, rows found, hits
 * searched; so that a key never waits for longer than a chunk takes. What is drawn is always what
 * is known by then. This header is what the files browse*.c share, and nobody else sees it but
 * for browse__main.
 */
#ifndef TTLOG_VIEW_BROWSE_H
#define TTLOG_VIEW_BROWSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "follow.h"
#include "info.h"
#include "input.h"
#include "lanes.h"
#include "line_edit.h"
#include "options.h"
#include "top_k.h"
#include "out.h"
#include "scroll.h"
#include "rows.h"
#include "sources.h"
#include "text.h"
#include "thread_names.h"

#define BROWSE_MARKS_MAX 1000u
#define BROWSE_WHY_BYTES TTLOG_WHY_BYTES

#define BROWSE_LINES 512u

#define BROWSE_NS_PER_MS 1000000u
/* No key waits for longer, but for the chunk that is being decoded. */
#define BROWSE_SLICE_NS  (10ull * BROWSE_NS_PER_MS)

enum browse_cell {
	CELL_TIME,
	CELL_LEVEL,
	CELL_THREAD,
	CELL_WHERE,
	CELL_CONTENT,
	CELL_CNT,
};

/* A line of the table, as text. */
struct browse_line {
	bool is_valid, is_hit;
	uint8_t level;
	uint64_t row;
	struct rows_place place;
	char *text; /* owned */
	struct ttlog_text cells[CELL_CNT];
};

/* What the table is sorted by; browse__sort_name follows. */
enum browse_sort {
	SORT_TIME,
	SORT_LEVEL,
	SORT_THREAD,
	SORT_WHERE,
	SORT_MESSAGE,
	SORT_FIELD,
};

enum browse_page {
	PAGE_EVENTS,
	PAGE_HELP,
	PAGE_INFO,
	PAGE_STATS,
	PAGE_LANES,
};

enum browse_prompt {
	PROMPT_NONE,
	PROMPT_FILTER,
	PROMPT_SEARCH,
	PROMPT_TIME,
	PROMPT_SORT,
};

/* Where to go as soon as enough is known. */
enum browse_goal {
	GOAL_NONE,
	GOAL_PLACE, /* browse.goal_place */
	GOAL_END,
	GOAL_CRASH,
	GOAL_NEXT, /* of browse.goal_rows, from browse.here */
	GOAL_PREVIOUS,
};

/* What the shown events are chosen by. */
struct browse_choice {
	char expr[LINE_EDIT_BYTES];
	uint8_t level;     /* the lowest shown */
	size_t search_cnt; /* the first ones of the command line's that hold */
};

/* What the lines of a sorted view are, for n and e. */
struct found {
	struct rows *rows; /* as those shown; NULL: nothing was asked for */
	uint32_t *lines;   /* in the order of their rows; those before `at` were looked at */
	size_t at;
	uint8_t *flags; /* of each line */
};

struct browse {
	struct options *options;
	struct input input;
	struct sources sources;
	struct ttlog_range range;
	struct out out; /* for a line of text; never written */
	bool is_ready;  /* as much of the files is known as the rows need */

	struct browse_choice choice;
	struct rows *rows; /* what is shown */
	struct rows *next; /* what will be, once it has come to where the cursor is; NULL: none */

	char search[LINE_EDIT_BYTES]; /* "": none */
	struct ttlog_filter *hit;     /* the same */
	struct rows *hits;            /* of these, those with the search; NULL: none */
	struct rows *errors;
	struct rows *survey; /* goes over all of them for a page; NULL: none does */
	bool is_surveyed;    /* and what it found was shown: */
	uint64_t surveyed;   /* so many events */

	enum browse_goal goal;
	struct rows *goal_rows;
	struct rows_place goal_place;
	uint64_t goal_above; /* lines of the table above it; UINT64_MAX: where it is well seen */
	size_t crash;        /* the reader whose crash the title tells of */
	size_t crash_left;   /* GOAL_CRASH: its chunks that were not looked at, at least */
	bool was_at_crash;   /* by a key: the next is another file's */

	enum browse_sort sort;
	char sort_field[LINE_EDIT_BYTES];
	struct rows *sorter;         /* NULL: nothing is being sorted */
	struct top_k sorting, order; /* what is, and what was: is_sorted */
	bool is_sorted;              /* else by time */
	struct found found;
	const struct ttlog_site **ranked; /* SORT_WHERE, SORT_MESSAGE: the sites, sorted */
	size_t ranked_cnt;

	struct browse_line lines[BROWSE_LINES]; /* at row % BROWSE_LINES */
	uint64_t cursor, top;                   /* lines of the table, from the first row */
	int left;                               /* columns of the message that are out of sight */
	struct rows_place here;                 /* the cursor's event */
	bool has_here;
	bool is_reversed;
	bool is_following, is_paused;
	struct follow *follow;               /* running collectors; NULL: none is followed */
	struct browse_choice followed;       /* what they were asked for */
	bool has_followed;                   /* they were, and have ended */
	uint64_t live_bytes, gone, left_out; /* kept; events: dropped here, and by collectors */

	struct text_output widths; /* of columns, over the first part */
	bool has_widths;
	uint64_t pid;       /* of the first snapshot */
	bool has_processes; /* there are others: the threads' column has theirs, too */
	int pid_width;
	struct thread_names thread_names; /* where they repeat the column has tids, too */
	int tid_width;

	enum browse_page page;
	bool has_detail, is_in_detail;
	int detail_top;
	struct scroll scroll; /* of the pages of text */
	struct stats *stats;  /* PAGE_STATS */
	/* PAGE_INFO, of each file; NULL: nothing is being counted for it. */
	struct info_scan *scans;
	size_t scan;        /* the one that is gone on with */
	struct lanes lanes; /* PAGE_LANES */
	size_t lane, lane_top;

	struct rows_place marks[BROWSE_MARKS_MAX];
	size_t mark_cnt;

	enum browse_prompt prompt;
	struct line_edit edit;
	struct browse_choice before; /* the prompt: what Esc returns to */
	struct rows_place anchor;    /* and where: what is typed looks for events from there on */
	uint64_t anchor_above;
	bool has_anchor;
	char why[BROWSE_WHY_BYTES]; /* what is wrong with what is typed */
	size_t why_at;              /* characters before it */
	char message[256];          /* until the next key */

	bool is_over;
	int err;
};

/* The whole of it. Returns the exit status. */
int browse__main(struct options *options);

/* ---- browse.c ---- */

/* Something was said by a key; in plain text. */
__attribute__((format(printf, 2, 3))) void browse__say(struct browse *browse, const char *format,
						       ...);
/* In thousandths; 1000: nothing is being done. */
unsigned browse__progress(const struct browse *browse);

/* ---- browse_choice.c ---- */

/* Shows other events; the cursor stays where it was. 0, or -errno with the reason in browse.why. */
int browse__choose(struct browse *browse, const struct browse_choice *choice);
/* The rows that have the choice and `expr` and `search` (NULL: none of it). NULL with errno. */
struct rows *browse__make_rows(struct browse *browse, const struct browse_choice *choice,
			       const char *expr, const char *search);
/* The filter of it; as browse__make_rows. */
struct ttlog_filter *browse__make_filter(struct browse *browse, const struct browse_choice *choice,
					 const char *expr, const char *search);
int browse__search(struct browse *browse, const char *regex);
/* Shows a watcher all events of the choice, as they are found again. 0 or -errno. */
int browse__survey(struct browse *browse, rows_watch *watch);

/* ---- browse_goals.c ---- */

uint64_t browse__line_cnt(const struct browse *browse);
uint64_t browse__row(const struct browse *browse, uint64_t line);
uint64_t browse__line(const struct browse *browse, uint64_t row);
void browse__go_to_place(struct browse *browse, const struct rows_place *place);
void browse__go(struct browse *browse, enum browse_goal goal, struct rows *rows);
/* Goes there, if enough is known. */
void browse__pursue(struct browse *browse);

/* ---- browse_follow.c ---- */

/* What running collectors record, behind the files' events. 0, or -errno with the reason in why. */
int browse__begin_follow(struct browse *browse, char *why, size_t why_size);
void browse__end_follow(struct browse *browse);
/* To be polled for reading; -1: nothing is awaited. */
int browse__follow_fd(const struct browse *browse);
void browse__take_live_chunks(struct browse *browse);
/* The collectors send what is shown, also when that is something else now. */
void browse__follow_choice(struct browse *browse);
void browse__print_follow(const struct browse *browse, struct out *out);      /* for the status */
void browse__print_follow_info(const struct browse *browse, struct out *out); /* for the page */

/* ---- browse_line.c ---- */

/* Valid until the next call. NULL where it cannot be had. */
const struct browse_line *browse__get_line(struct browse *browse, uint64_t row);
void browse__forget_lines(struct browse *browse); /* rows are others now, or hits */
/* A snapshot that is there from now on. */
void browse__note_process(struct browse *browse, const struct ttlog_snapshot *reader);
void browse__free_lines(struct browse *browse);

/* ---- browse_order.c ---- */

void browse__sort_by(struct browse *browse, enum browse_sort sort);
/* Begins anew, by browse.sort and is_reversed. 0 or -errno. */
int browse__sort(struct browse *browse);
void browse__sorted(struct browse *browse); /* all events were seen */
void browse__end_sort(struct browse *browse);
const char *browse__sort_name(const struct browse *browse);

/* ---- browse_found.c ---- */

/* Pursues GOAL_NEXT and GOAL_PREVIOUS by line: is_sorted. */
void browse__go_to_found(struct browse *browse);
bool browse__is_finding(const struct browse *browse);
void browse__end_found(struct browse *browse); /* something else is sorted or searched */

/* ---- browse_keys.c ---- */

void browse__key(struct browse *browse, int key, bool special);

/* ---- browse_prompt.c ---- */

void browse__open_prompt(struct browse *browse, enum browse_prompt prompt, const char *text);
void browse__prompt_key(struct browse *browse, int key, bool special);

/* ---- browse_marks.c ---- */

void browse__toggle_mark(struct browse *browse);
void browse__next_mark(struct browse *browse);

/* ---- browse_table.c: the screen but for the pages ---- */

void browse__draw(struct browse *browse);
int browse__table_height(const struct browse *browse);
int browse__table_top(const struct browse *browse); /* the screen's line */
int browse__page_height(const struct browse *browse);
/* How many columns of the longest message in sight there is no room for. */
int browse__left_most(struct browse *browse);

/* ---- browse_detail.c ---- */

int browse__detail_height(const struct browse *browse); /* 0: none */
void browse__draw_detail(struct browse *browse, int top, int height);

/* ---- browse_pages.c ---- */

void browse__open_page(struct browse *browse, enum browse_page page);
/* Whether what it shows is counted of the events that are chosen. */
bool browse__page_counts(const struct browse *browse);
void browse__close_page(struct browse *browse);
/* The page's survey is over. */
void browse__surveyed(struct browse *browse);
/* Goes on counting for PAGE_INFO, until then. All files were gone over. Returns 1 while there is
 * more, 0, or -ENOMEM. */
int browse__scan_info(struct browse *browse, uint64_t until_ns);
void browse__end_info(struct browse *browse);

/* ---- browse_lanes.c ---- */

int browse__begin_lanes(struct browse *browse);
void browse__end_lanes(struct browse *browse); /* all events were seen */
void browse__draw_lanes(struct browse *browse, int top, int height);
bool browse__lanes_key(struct browse *browse, int key, bool special, int height);

#endif /* TTLOG_VIEW_BROWSE_H */
