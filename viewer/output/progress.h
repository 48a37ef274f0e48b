/* SPDX-License-Identifier: MIT */
/*
 * How far reading has come: a line on stderr, where that is a terminal, for work that takes longer
 * than a second. It is written again in place, and gone before anything else is shown.
 *
 * A thread of its own looks at what the kernel says this process has read, so that nothing else has
 * to think of it, however long one call takes.
 */
#ifndef TTLOG_VIEW_PROGRESS_H
#define TTLOG_VIEW_PROGRESS_H

#include <stddef.h>

/* `passes`: how many times the files will be read. No files: how much there is is unknown. Where
 * there is nobody to see it, or no thread, nothing happens. */
void progress__begin(char *const *files, size_t cnt, unsigned passes);
/* For who writes to stderr: takes the line away, and lets it come again. */
void progress__hold(void);
void progress__release(void);
/* Takes it away for good. More than once is as good. */
void progress__end(void);

#endif /* TTLOG_VIEW_PROGRESS_H */
