/* SPDX-License-Identifier: MIT */
/*
 * Text into a big buffer, and from there to a descriptor.
 *
 * Numbers, times and hostile text are formatted here once for all outputs, without stdio: printing
 * millions of events is mostly this. The first write error is kept and everything after it dropped;
 * out__error() tells.
 */
#ifndef TTLOG_VIEW_OUT_H
#define TTLOG_VIEW_OUT_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ttlog/read.h>
#include "format_number.h"
#include "rfc3339.h"

#define OUT_BYTES      (64u << 10) /* what a pipe takes at once */
#define OUT_COPY_BYTES (1u << 20)  /* a copy that would be larger has an error instead */

struct out {
	int fd;
	int err;           /* 0 or -errno */
	bool in_html;      /* what JSON is in ends at a tag: none may be in its text */
	bool csv_formulas; /* CSV's text that a spreadsheet would compute stands as it is */
	size_t len;
	char *buf;
	uint64_t flushed; /* bytes that are no longer in the buffer */
	/* Called once, before the first byte is written: may change fd, returns 0 or -errno. NULL:
	 * nothing has to be done. */
	int (*begin)(struct out *out);
	uint64_t unwritten_lines; /* since err is set */
	/* Set by a signal's handler: who does not read is not waited for any more, -ECANCELED. NULL:
	 * signals are nobody's affair. */
	const volatile sig_atomic_t *is_told;
	struct out *copy; /* in memory: gets what is written, too; NULL: none does */
	/* in memory: what the buffer had no room for */
	char *spilled;
	size_t spilled_len, spilled_cap;
	/* the last second that was formatted */
	uint64_t second;
	char date[RFC3339_SECOND_BYTES];
};

/* Returns 0 or -ENOMEM. fd stays the caller's. */
int out__init(struct out *out, int fd);
/* Keeps what is written for out__written() and out__clear(), and writes it nowhere. */
int out__init_memory(struct out *out);
/* All of it; until more is written. Only what there was memory for: out->err. */
struct ttlog_text out__written(struct out *out);
void out__clear(struct out *out);
void out__fini(struct out *out);
/* Writes what is in the buffer. Returns 0 or the first error. */
int out__flush(struct out *out);

/* Where the buffer has no room for these bytes. */
void out__bytes_slow(struct out *out, const char *p, size_t len);

/* Inlined, because the length of most texts is known where they are written. */
static inline void out__bytes(struct out *out, const char *p, size_t len)
{
	if (len > OUT_BYTES - out->len) {
		out__bytes_slow(out, p, len);
		return;
	}
	if (len)
		memcpy(out->buf + out->len, p, len);
	out->len += len;
}

static inline void out__text(struct out *out, const char *zero_terminated)
{
	out__bytes(out, zero_terminated, strlen(zero_terminated));
}

static inline void out__char(struct out *out, char c)
{
	out__bytes(out, &c, 1);
}

/* How many bytes were put in so far. */
static inline uint64_t out__position(const struct out *out)
{
	return out->flushed + out->len;
}

void out__pad(struct out *out, size_t cnt);
__attribute__((format(printf, 2, 3))) void out__format(struct out *out, const char *format, ...);

void out__u64(struct out *out, uint64_t v);
void out__i64(struct out *out, int64_t v);
/* 1,234,567 */
void out__grouped(struct out *out, uint64_t v);
/* "2026-11-21T06:00:00.123456789Z" without the quotes; `real_ns` since 1970. */
void out__time(struct out *out, uint64_t real_ns);
/* The same from the hour on, and without the Z: "06:00:00.123456789". */
void out__time_of_day(struct out *out, uint64_t real_ns);
/* 1.234ms, with four digits or so. */
void out__duration(struct out *out, uint64_t ns);

/*
 * Text in quotes as JSON has it; every byte that is not UTF-8 becomes a U+FFFD.
 * Control characters and those that change the direction of text are escaped: JSON on a terminal
 * is harmless, and reads back the same.
 */
void out__json_text(struct out *out, struct ttlog_text text, bool cut);
/* JSON that someone made, in which only what a terminal would act on is escaped. */
void out__json_made(struct out *out, struct ttlog_text json);
/* A cell of CSV. Inside quotes line feeds and tabs stand as they are; other characters that JSON
 * would escape are shown as out__plain shows them. Empty text is a pair of quotes. Text that
 * spreadsheets take for a formula gets an apostrophe before it, unless csv_formulas says no. */
void out__csv_text(struct out *out, struct ttlog_text text, bool cut);
/* For people: the same characters as \n, \x1b, \u202e, and bytes that are not UTF-8 as \xff. */
void out__plain(struct out *out, struct ttlog_text text);
/* As a value of key=value: in quotes where it could be misread without. */
void out__value(struct out *out, struct ttlog_text text, bool cut);
/* The same as go-logfmt reads it: a JSON string where quotes are needed. */
void out__logfmt_text(struct out *out, struct ttlog_text text, bool cut);
/* A key of logfmt: never empty, with _ for what would end it or is not UTF-8. */
void out__logfmt_key(struct out *out, struct ttlog_text key);
/* A string of CTF's metadata: what JSON would escape becomes a U+FFFD, as it is no line of text. */
void out__tsdl_text(struct out *out, struct ttlog_text text);
void out__hex_bytes(struct out *out, struct ttlog_text bytes);
void out__base64(struct out *out, struct ttlog_text bytes);
/* How many columns out__plain takes, about: code points. */
size_t out__width(struct ttlog_text text);

/* What out__duration writes, with a zero behind; returns its length. */
#define DURATION_BYTES 48u
size_t duration_text(char *to, uint64_t ns);

#endif /* TTLOG_VIEW_OUT_H */
