/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "array.h"
#include "out.h"

#define NS_PER_S   1000000000u
#define DIGITS_MAX 20u
#define DAY_BYTES  9u /* "06:00:00." */
#define IN_MEMORY  (-1)
#define GRACE_MS   200 /* to wait for a reader after we are told to end */

int out__init(struct out *out, int fd)
{
	*out = (struct out){ .fd = fd, .second = UINT64_MAX };
	out->buf = malloc(OUT_BYTES);
	return out->buf ? 0 : -ENOMEM;
}

int out__init_memory(struct out *out)
{
	return out__init(out, IN_MEMORY);
}

void out__fini(struct out *out)
{
	free(out->buf);
	free(out->spilled);
	out->buf = out->spilled = NULL;
}

static void spill(struct out *out, const char *p, size_t len)
{
	if (array__reserve(out->spilled, out->spilled_len + len, &out->spilled_cap)) {
		out->err = -ENOMEM;
		return;
	}
	if (len)
		memcpy(out->spilled + out->spilled_len, p, len);
	out->spilled_len += len;
}

static void copy_to(struct out *copy, const char *p, size_t len)
{
	if (copy->len + copy->spilled_len + len > OUT_COPY_BYTES)
		copy->err = -E2BIG;
	else
		out__bytes(copy, p, len);
}

/* After it was told to end, it waits for a reader for at most GRACE_MS, and writes no more than
 * can't block. */
static ssize_t write_some(const struct out *out, const char *p, size_t len)
{
	struct pollfd room = { .fd = out->fd, .events = POLLOUT };

	if (out->is_told && *out->is_told) {
		if (poll(&room, 1, GRACE_MS) <= 0) {
			errno = ECANCELED;
			return -1;
		}
		len = len < PIPE_BUF ? len : PIPE_BUF;
	}
	return write(out->fd, p, len);
}

/* The descriptor may be non-blocking: another process may have made it so. */
static bool is_worth_another(const struct out *out)
{
	struct pollfd room = { .fd = out->fd, .events = POLLOUT };

	if (errno == EINTR)
		return true;
	return errno == EAGAIN && (poll(&room, 1, -1) > 0 || errno == EINTR);
}

static void write_all(struct out *out, const char *p, size_t len)
{
	int (*begin)(struct out * out) = out->begin;

	out->flushed += len;
	if (out->fd == IN_MEMORY && !out->err) {
		spill(out, p, len);
		return;
	}
	if (begin && len) {
		out->begin = NULL;
		out->err = begin(out);
	}
	if (out->copy)
		copy_to(out->copy, p, len);
	while (len && !out->err) {
		ssize_t done = write_some(out, p, len);

		if (done < 0 && is_worth_another(out))
			continue;
		if (done < 0) {
			out->err = -errno;
			break;
		}
		p += done;
		len -= (size_t)done;
	}
	for (const char *end = p + len; out->err && (p = memchr(p, '\n', (size_t)(end - p))); p++)
		out->unwritten_lines++;
}

int out__flush(struct out *out)
{
	write_all(out, out->buf, out->len);
	out->len = 0;
	return out->err;
}

struct ttlog_text out__written(struct out *out)
{
	if (!out->spilled_len)
		return (struct ttlog_text){ out->buf, out->len };
	(void)out__flush(out);
	return (struct ttlog_text){ out->spilled, out->spilled_len };
}

void out__clear(struct out *out)
{
	out->len = out->spilled_len = 0;
	out->err = 0;
}

void out__bytes_slow(struct out *out, const char *p, size_t len)
{
	(void)out__flush(out);
	if (len > OUT_BYTES)
		write_all(out, p, len);
	else
		out__bytes(out, p, len);
}

/* A place for `len` contiguous bytes; the caller adds what it used to out->len. */
static char *reserve(struct out *out, size_t len)
{
	if (len > OUT_BYTES - out->len)
		out__flush(out);
	return out->buf + out->len;
}

void out__pad(struct out *out, size_t cnt)
{
	while (cnt--)
		out__char(out, ' ');
}

void out__format(struct out *out, const char *format, ...)
{
	char text[512];
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (len > 0)
		out__bytes(out, text, (size_t)len < sizeof(text) ? (size_t)len : sizeof(text) - 1);
}

/* ---- Integers ---- */

void out__u64(struct out *out, uint64_t v)
{
	out->len += format__u64(reserve(out, DIGITS_MAX), v);
}

size_t out__u64_width(uint64_t v)
{
	char digits[DIGITS_MAX];

	return format__u64(digits, v);
}

void out__i64(struct out *out, int64_t v)
{
	if (v < 0)
		out__char(out, '-');
	out__u64(out, v < 0 ? -(uint64_t)v : (uint64_t)v);
}

void out__f64(struct out *out, double v)
{
	out->len += format__f64(reserve(out, FORMAT_NUMBER_BYTES), v);
}

void out__grouped(struct out *out, uint64_t v)
{
	char digits[DIGITS_MAX];
	size_t len = format__u64(digits, v);

	for (size_t i = 0; i < len; i++) {
		if (i && (len - i) % 3 == 0)
			out__char(out, ',');
		out__char(out, digits[i]);
	}
}

void out__grouped_after(struct out *out, const char *before, uint64_t v)
{
	out__text(out, before);
	out__grouped(out, v);
}

/* ---- Time ---- */

/* All but the Z. Returns the place of the time of day. */
static const char *time_text(struct out *out, uint64_t real_ns, char *to)
{
	uint64_t second = real_ns / NS_PER_S;

	if (second != out->second) {
		rfc3339__second(out->date, second);
		out->second = second;
	}
	memcpy(to, out->date, sizeof(out->date));
	to += sizeof(out->date);
	rfc3339__fraction(to, (uint32_t)(real_ns % NS_PER_S));
	return to - DAY_BYTES;
}

void out__time(struct out *out, uint64_t real_ns)
{
	char *to = reserve(out, RFC3339_BYTES);

	(void)time_text(out, real_ns, to);
	to[RFC3339_BYTES - 1] = 'Z';
	out->len += RFC3339_BYTES;
}

void out__time_of_day(struct out *out, uint64_t real_ns)
{
	char text[sizeof(out->date) + 9];

	out__bytes(out, time_text(out, real_ns, text), DAY_BYTES + 9);
}

size_t duration_text(char *to, uint64_t ns)
{
	const unsigned long minutes = (unsigned long)(ns / (60ull * NS_PER_S));
	int len;

	if (ns < 1000)
		len = sprintf(to, "%luns", (unsigned long)ns);
	else if (ns < 1000000)
		len = sprintf(to, "%.3fus", (double)ns / 1e3);
	else if (ns < NS_PER_S)
		len = sprintf(to, "%.3fms", (double)ns / 1e6);
	else if (!minutes)
		len = sprintf(to, "%.3fs", (double)ns / 1e9);
	else if (minutes < 60)
		len = sprintf(to, "%lum%.3fs", minutes, (double)(ns % (60ull * NS_PER_S)) / 1e9);
	else
		len = sprintf(to, "%luh%lum%lus", minutes / 60, minutes % 60,
			      (unsigned long)(ns / NS_PER_S % 60));
	return (size_t)len;
}

void out__duration(struct out *out, uint64_t ns)
{
	out->len += duration_text(reserve(out, DURATION_BYTES), ns);
}
