/* SPDX-License-Identifier: MIT */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <ttlog/read.h>
#include "sql_time.h"
#include "sql_value.h"
#include "time_expr.h"

#define NS_PER_S    1000000000u
#define SHOWN_BYTES 30u /* 2026-11-21T06:00:00.123456789Z: as column ts has them */
#define MOST_BYTES  64u

static bool is_shown(struct ttlog_text text)
{
	return text.len == SHOWN_BYTES && text.p[10] == 'T' && text.p[19] == '.' &&
	       text.p[29] == 'Z';
}

static bool parse(struct ttlog_text text, uint64_t last_ns, uint64_t *ret_ns)
{
	char buf[MOST_BYTES];
	struct time_expr time;

	if (!text.len || text.len >= sizeof(buf) || memchr(text.p, 0, text.len))
		return false;
	memcpy(buf, text.p, text.len);
	buf[text.len] = 0;
	if (time_expr__parse(&time, buf))
		return false;
	*ret_ns = time_expr__resolve(&time, last_ns);
	return true;
}

/* The time as column ts shows it, if the text is one. */
static struct ttlog_text shown(struct ttlog_text text, uint64_t last_ns, char *to)
{
	uint64_t ns;
	struct tm tm;
	time_t s;
	size_t len;

	if (is_shown(text) || !parse(text, last_ns, &ns))
		return text;
	s = (time_t)(ns / NS_PER_S);
	len = gmtime_r(&s, &tm) ? strftime(to, MOST_BYTES, "%Y-%m-%dT%H:%M:%S", &tm) : 0;
	len += (size_t)snprintf(to + len, MOST_BYTES - len, ".%09uZ", (unsigned)(ns % NS_PER_S));
	return (struct ttlog_text){ to, len };
}

int sql_time__collate(struct ttlog_text a, struct ttlog_text b, uint64_t last_ns)
{
	char a_buf[MOST_BYTES], b_buf[MOST_BYTES];

	return sql_value__compare(shown(a, last_ns, a_buf), shown(b, last_ns, b_buf));
}
