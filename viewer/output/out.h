/* SPDX-License-Identifier: MIT */
/*
 * Writes text into a big buffer, and from there to a descriptor.
 *
 * It formats numbers, times and hostile text for all outputs, without stdio: most of the work of
 * printing millions of events. `err` keeps the first write error, and all text after it is dropped.
 */
#ifndef TTLOG_VIEW_OUT_H
#define TTLOG_VIEW_OUT_H

#include <signal.h>

#include <ttlog/read.h>
#include "format_number.h"
#include "rfc3339.h"

#define OUT_BYTES      (64u << 10) /* a pipe takes so much at once */
#define OUT_COPY_BYTES (1u << 20)  /* a larger copy becomes an error */

struct out {
	int fd;
	int err;           /* 0 or -errno */
	bool in_html;      /* the JSON is inside a script element, so its text may have no tag */
	bool csv_formulas; /* CSV: do not change text that a spreadsheet would compute */
	size_t len;
	char *buf;
	uint64_t flushed; /* bytes that are no longer in the buffer */
	/* Called once, before the first byte is written; may change fd. Returns 0 or -errno. May be
	 * NULL. */
	int (*begin)(struct out *out);
	uint64_t unwritten_lines; /* since err was set */
	/* Set by a signal's handler: then out waits for no reader any more: -ECANCELED. NULL:
	 * signals are ignored here. */
	const volatile sig_atomic_t *is_told;
	struct out *copy; /* in memory: also gets all that is written; may be NULL */
	/* in memory: what the buffer had no room for */
	char *spilled;
	size_t spilled_len, spilled_cap;
	/* the last second that was formatted */
	uint64_t second;
	char date[RFC3339_SECOND_BYTES];
};

/* Returns 0 or -ENOMEM. The caller still owns fd. */
int out__init(struct out *out, int fd);
/* Keeps all in memory, for out__written() and out__clear(). */
int out__init_memory(struct out *out);
/* All of it; valid until more is written. If memory ran out (out->err), only a part. */
struct ttlog_text out__written(struct out *out);
void out__clear(struct out *out);
void out__fini(struct out *out);
/* Writes what is in the buffer. Returns 0 or the first error. */
int out__flush(struct out *out);

/* For when the buffer has no room for these bytes. */
void out__bytes_slow(struct out *out, const char *p, size_t len);

/* Inlined, because most texts have a constant length. */
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

/* How many bytes were written to it so far. */
static inline uint64_t out__position(const struct out *out)
{
	return out->flushed + out->len;
}

void out__pad(struct out *out, size_t cnt);
__attribute__((format(printf, 2, 3))) void out__format(struct out *out, const char *format, ...);

void out__u64(struct out *out, uint64_t v);
size_t out__u64_width(uint64_t v);
void out__i64(struct out *out, int64_t v);
void out__f64(struct out *out, double v); /* as format__f64() */
/* 1,234,567 */
void out__grouped(struct out *out, uint64_t v);
/* "2026-11-21T06:00:00.123456789Z" without the quotes; `real_ns` since 1970. */
void out__time(struct out *out, uint64_t real_ns);
/* The same from the hour on, without the Z: "06:00:00.123456789". */
void out__time_of_day(struct out *out, uint64_t real_ns);
/* 1.234ms: about four digits. */
void out__duration(struct out *out, uint64_t ns);

/*
 * Text as a JSON string; each byte that is not UTF-8 becomes U+FFFD. Control characters, and
 * characters that change the direction of text, are escaped: so the JSON is harmless on a terminal,
 * and reads back the same.
 */
void out__json_text(struct out *out, struct ttlog_text text, bool cut);
/* A member of an object, whose key is written so: `,"name":`. */
void out__json_member(struct out *out, const char *key, struct ttlog_text text);
void out__json_u64(struct out *out, const char *key, uint64_t v);
/* Finished JSON; only escapes what a terminal would act on. */
void out__json_made(struct out *out, struct ttlog_text json);
/* A cell of CSV. Line feeds and tabs stay unchanged, in quotes; other characters that JSON would
 * escape are written as by out__plain(). Empty text is a pair of quotes. Text that spreadsheets
 * take for a formula gets an apostrophe before it, unless csv_formulas is set. */
void out__csv_text(struct out *out, struct ttlog_text text, bool cut);
/* As text: such characters become \n, \x1b, \u202e, and bytes that are not UTF-8 become \xff. */
void out__plain(struct out *out, struct ttlog_text text);
/* The same, and numbers as by out__grouped(), after a text of our own. */
void out__plain_after(struct out *out, const char *before, struct ttlog_text text);
void out__grouped_after(struct out *out, const char *before, uint64_t v);
/* As a value of key=value: in quotes if it could be misread without them. */
void out__value(struct out *out, struct ttlog_text text, bool cut);
/* The same for go-logfmt: a JSON string if it needs quotes. */
void out__logfmt_text(struct out *out, struct ttlog_text text, bool cut);
/* A key of logfmt: never empty; _ replaces what would end it, or is not UTF-8. */
void out__logfmt_key(struct out *out, struct ttlog_text key);
/* A string of CTF's metadata: characters that JSON would escape become U+FFFD. */
void out__tsdl_text(struct out *out, struct ttlog_text text);
void out__hex_bytes(struct out *out, struct ttlog_text bytes);
void out__base64(struct out *out, struct ttlog_text bytes);
/* About how many columns out__plain() takes: code points. */
size_t out__width(struct ttlog_text text);

/* The text of out__duration(), with a final zero. Returns its length. */
#define DURATION_BYTES 48u
size_t duration_text(char *to, uint64_t ns);

#endif /* TTLOG_VIEW_OUT_H */
