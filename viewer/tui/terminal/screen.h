/* SPDX-License-Identifier: MIT */
/*
 * The terminal of the full screen: begin, end, keys, and text that fits.
 *
 * However the process ends, the terminal is as it was before: the handler of fatal signals and
 * crashes restores it with what screen__begin has prepared. SIGKILL and SIGSTOP can't be caught.
 * ncurses handles Ctrl-Z and fg.
 */
#ifndef TTLOG_VIEW_SCREEN_H
#define TTLOG_VIEW_SCREEN_H

#include <ttlog/read.h>

/* A character that was typed is its code point; the others are these. Each Enter is '\r'. */
#define SCREEN_KEY_NONE     (-1)
#define SCREEN_KEY_GONE     (-2) /* the terminal is gone */
#define SCREEN_KEY_ESC      27
#define SCREEN_KEY(c)       ((c)&0x1f)
#define SCREEN_SPECIAL(key) (0x200000 + (key)) /* KEY_* of ncurses, after all code points */

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

/* Returns 0, or -EINVAL with the reason. */
int screen__begin(bool colour, char *ret_why, size_t why_size);
void screen__end(void);

int screen__height(void);
int screen__width(void);

/* Waits for a key. Returns SCREEN_KEY_NONE after timeout_ms (-1: never), or as soon as other_fd
 * (-1: none) can be read. */
int screen__key(int timeout_ms, int other_fd);

/* Who gets clicks and the wheel: this program, as keys, or the terminal, which selects text with
 * them. Returns whether they are keys now, as they are at first. */
bool screen__toggle_mouse(void);

/* Makes a line blank. `selected`: in reverse. */
void screen__line(int y, enum screen_style style, bool selected);
/* Draws text from column x on, at most `width` columns: UTF-8 without control characters, as out.h
 * makes it. Returns the columns that it took. */
int screen__text(int y, int x, int width, struct ttlog_text text, enum screen_style style,
		 bool selected);
/* The same without its first `skip` columns. */
int screen__text_from(int y, int x, int width, struct ttlog_text text, int skip,
		      enum screen_style style, bool selected);
/* How many bytes of a text fit into so many columns, with combining marks; at least one
 * character. */
size_t screen__bytes(struct ttlog_text text, int width);
/* How many columns a text takes. */
int screen__columns(struct ttlog_text text);
void screen__cursor(int y, int x); /* y -1: none */
void screen__show(void);           /* what was drawn */
void screen__redraw(void);         /* everything, also what has not changed */

#endif /* TTLOG_VIEW_SCREEN_H */
