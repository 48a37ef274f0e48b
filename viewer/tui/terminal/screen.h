/* SPDX-License-Identifier: MIT */
/*
 * The terminal of the full screen: begin, end, keys, and text that fits.
 *
 * However the process ends, the terminal is as it was before: fatal signals and crashes restore it
 * from their handler, with what was prepared at the begin, and then go their way. SIGKILL and
 * SIGSTOP can't be caught. Ctrl-Z and fg are ncurses' own.
 */
#ifndef TTLOG_VIEW_SCREEN_H
#define TTLOG_VIEW_SCREEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ttlog/read.h>

/* Beside ncurses' KEY_*: a character that was typed is its code point. */
#define SCREEN_KEY_NONE (-1)
#define SCREEN_KEY_GONE (-2) /* the terminal is */
#define SCREEN_KEY_ESC  27
#define SCREEN_KEY(c)   ((c)&0x1f)

/* What text looks like. */
enum screen_style {
	STYLE_PLAIN,
	STYLE_DIM,
	STYLE_BOLD,
	STYLE_BAR,   /* title and status */
	STYLE_ALARM, /* a title that tells of a crash */
	STYLE_HEAD,  /* of columns */
	STYLE_KEY,   /* of a field */
	STYLE_ERROR,
	STYLE_MARK,  /* bookmarks, hits */
	STYLE_LEVEL, /* plus enum ttlog_level: must be last */
	STYLE_CNT = STYLE_LEVEL + 6,
};

/* Returns 0, or -EINVAL with the reason in words. */
int screen__begin(bool colour, char *ret_why, size_t why_size);
void screen__end(void);

int screen__height(void);
int screen__width(void);

/* A key, or SCREEN_KEY_NONE after timeout_ms (-1: never) and where another descriptor (-1: none)
 * can be read. ret_special: it is one of ncurses' KEY_*. */
int screen__key(int timeout_ms, int other_fd, bool *ret_special);

/* Whether clicks and the wheel are keys now, as they are at first, or the terminal's, which selects
 * text with them. */
bool screen__toggle_mouse(void);

/* What follows goes to this line; the rest of it becomes blank. `selected`: in reverse. */
void screen__line(int y, enum screen_style style, bool selected);
/* From column x on, at most `width` columns. Text is what out.h made: UTF-8 without control
 * characters. Returns the columns that it took. */
int screen__text(int y, int x, int width, struct ttlog_text text, enum screen_style style,
		 bool selected);
/* The same without its first `skip` columns. */
int screen__text_from(int y, int x, int width, struct ttlog_text text, int skip,
		      enum screen_style style, bool selected);
/* How many of its bytes fit into so many columns, with the marks on its last character; at least one
 * character. */
size_t screen__bytes(struct ttlog_text text, int width);
/* How many columns it takes; those of the first `len` bytes of a prompt, say. */
int screen__columns(struct ttlog_text text);
void screen__cursor(int y, int x); /* y -1: none */
void screen__show(void);           /* what was drawn */
void screen__redraw(void);         /* all of it, even what has not changed */

#endif /* TTLOG_VIEW_SCREEN_H */
