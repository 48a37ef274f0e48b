/* SPDX-License-Identifier: MIT */
/* What the last key has done, as text, until the next key. */
#ifndef TTLOG_VIEW_MESSAGE_H
#define TTLOG_VIEW_MESSAGE_H

struct message {
	char text[256]; /* "": nothing */
};

__attribute__((format(printf, 2, 3))) void message__set(struct message *message, const char *format,
							...);
/* Sets the first of the lines. */
void message__set_line(struct message *message, const char *lines);

#endif /* TTLOG_VIEW_MESSAGE_H */
