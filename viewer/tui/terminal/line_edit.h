/* SPDX-License-Identifier: MIT */
/* A line that is being typed: UTF-8, with a cursor. */
#ifndef TTLOG_VIEW_LINE_EDIT_H
#define TTLOG_VIEW_LINE_EDIT_H

#include <stdbool.h>
#include <stddef.h>

#define LINE_EDIT_BYTES 1024u

struct line_edit {
	char text[LINE_EDIT_BYTES]; /* zero-terminated */
	size_t len, at;             /* bytes */
};

void line_edit__set(struct line_edit *edit, const char *text);
/* A key as screen__key gives it. Returns whether the text has changed. */
bool line_edit__key(struct line_edit *edit, int key);

#endif /* TTLOG_VIEW_LINE_EDIT_H */
