/* SPDX-License-Identifier: MIT */
/* What `ttlog-view --format otlp-json` writes: a request of OTLP in each line. One is in memory at a time. */
#ifndef TTLOG_OTLP_LINES_H
#define TTLOG_OTLP_LINES_H

#include <stddef.h>

/* ttlog-view cuts at 1 MiB. */
#define OTLP_LINE_BYTES (2u << 20)

struct otlp_lines {
	int fd;
	char *buffer;
	size_t start, len, cap; /* what was read, and was no line yet, begins at start */
};

enum otlp_signal {
	OTLP_LOGS,
	OTLP_SPANS,
	OTLP_SIGNAL_CNT,
};

struct otlp_line {
	enum otlp_signal signal;
	const char *json; /* until the next call; not ended by a zero */
	size_t len;
};

/* fd: still the caller's. */
void otlp_lines__init(struct otlp_lines *lines, int fd);
void otlp_lines__fini(struct otlp_lines *lines);
/* Lines without records are passed over. 1; 0: the end; -ETIMEDOUT: nothing came for long; -EMSGSIZE: a line has more than
 * OTLP_LINE_BYTES; -EBADMSG: it is no request, or is cut; -ENOMEM; else -errno. */
int otlp_lines__next(struct otlp_lines *lines, struct otlp_line *ret);

#endif /* TTLOG_OTLP_LINES_H */
