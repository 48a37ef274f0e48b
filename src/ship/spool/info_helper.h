/* SPDX-License-Identifier: MIT */
/*
 * What `ttlog-view --info --format json` says of a file, and its events as `--format otlp-json` has them. A
 * process of its own starts ttlog-view: it is forked before this one gives up the right to start programs.
 * Any thread; one file at a time.
 */
#ifndef TTLOG_INFO_HELPER_H
#define TTLOG_INFO_HELPER_H

#include <stddef.h>

#include "spool.h"

struct info_helper;

/* In the only thread. dir: where the files are; view: the program, a path or a name. NULL with errno. */
struct info_helper *info_helper__start(const char *dir, const char *view);
void info_helper__end(struct info_helper *helper);

/* poll() says POLLHUP of it once that process has ended: then nothing can be asked any more. */
int info_helper__fd(const struct info_helper *helper);

/* The JSON, at most `most` bytes, without a newline; the caller frees it. NULL with errno: ENODATA,
 * EMSGSIZE, ETIMEDOUT: of this file it says nothing, or too much; ENOEXEC: there is no ttlog-view; EINTR:
 * it was ended; EPIPE: the process that starts it was. */
char *info_helper__ask(struct info_helper *helper, const char *name, size_t most);

/* Begins to ask, without waiting, for files that are asked for soon: one start of ttlog-view says it of all of
 * them. who: each destination has its own. Nothing is done while another one's are asked, or if the first
 * name is known. A finished file does not change, so its name is enough. */
void info_helper__begin(struct info_helper *helper, size_t who, const struct spool_names *names,
			size_t most);

/* The events, as a pipe to read: they come as fast as they are read. No other call of this helper returns before
 * info_helper__close_events(), which is of the same thread. -1 with errno. */
int info_helper__open_events(struct info_helper *helper, const char *name);
/* Closes the pipe; what still writes ends by that. 0; -ENODATA: ttlog-view could not read all of the file;
 * -EINTR, -ENOEXEC, -EPIPE as above. After an earlier end of reading it means nothing. */
int info_helper__close_events(struct info_helper *helper, int fd);

#endif /* TTLOG_INFO_HELPER_H */
