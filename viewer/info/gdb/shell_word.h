/* SPDX-License-Identifier: MIT */
/* A text as one word of a command for bash, zsh or ksh, that is safe to paste: no byte of it has a
 * meaning for the shell or the terminal. */
#ifndef TTLOG_VIEW_SHELL_WORD_H
#define TTLOG_VIEW_SHELL_WORD_H

struct out;

void shell_word__print(struct out *out, const char *text);

#endif /* TTLOG_VIEW_SHELL_WORD_H */
