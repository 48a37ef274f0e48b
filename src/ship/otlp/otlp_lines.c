/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "array.h"
#include "otlp_lines.h"

#define READ_BYTES 65536
/* The file is read once before the first line comes. */
#define WAIT_MS    300000

void otlp_lines__init(struct otlp_lines *lines, int fd)
{
	*lines = (struct otlp_lines){ .fd = fd };
}

void otlp_lines__fini(struct otlp_lines *lines)
{
	free(lines->buffer);
	lines->buffer = NULL;
}

/* How many bytes came; 0: the end. */
static int read_more(struct otlp_lines *lines)
{
	struct pollfd wait = { .fd = lines->fd, .events = POLLIN };
	ssize_t len;
	int ready;

	if (lines->len - lines->start > OTLP_LINE_BYTES)
		return -EMSGSIZE;
	if (lines->start) {
		memmove(lines->buffer, lines->buffer + lines->start, lines->len - lines->start);
		lines->len -= lines->start;
		lines->start = 0;
	}
	if (array__reserve(lines->buffer, lines->len + READ_BYTES, &lines->cap))
		return -ENOMEM;
	do {
		ready = poll(&wait, 1, WAIT_MS);
	} while (ready < 0 && errno == EINTR);
	if (!ready)
		return -ETIMEDOUT;
	len = ready < 0 ? -1 : read(lines->fd, lines->buffer + lines->len, READ_BYTES);
	if (len < 0)
		return -errno;
	lines->len += (size_t)len;
	return (int)len;
}

/* 1, 0 or -errno. */
static int next_line(struct otlp_lines *lines, struct otlp_line *ret)
{
	size_t looked = lines->start;

	for (;;) {
		const size_t left = lines->len - looked;
		const char *end = left ? memchr(lines->buffer + looked, '\n', left) : NULL;
		int more;

		if (end) {
			ret->json = lines->buffer + lines->start;
			ret->len = (size_t)(end - ret->json);
			lines->start += ret->len + 1;
			return 1;
		}
		looked = lines->len - lines->start;
		more = read_more(lines);
		if (!more && lines->len > lines->start)
			return -EBADMSG;
		if (more <= 0)
			return more;
	}
}

static bool begins(const struct otlp_line *line, const char *text)
{
	return line->len > strlen(text) && !memcmp(line->json, text, strlen(text));
}

int otlp_lines__next(struct otlp_lines *lines, struct otlp_line *ret)
{
	int err;

	do {
		err = next_line(lines, ret);
		if (err <= 0)
			return err;
	} while (begins(ret, "{\"resourceLogs\":[]"));
	if (begins(ret, "{\"resourceLogs\":["))
		ret->signal = OTLP_LOGS;
	else if (begins(ret, "{\"resourceSpans\":["))
		ret->signal = OTLP_SPANS;
	else
		return -EBADMSG;
	return 1;
}
