/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "rfc3339.h"
#include "field.h"
#include "sql_time.h"
#include "time_expr.h"

#define MOST_BYTES 64u

static bool is_shown(struct ttlog_text text)
{
	return text.len == RFC3339_BYTES && text.p[10] == 'T' && text.p[19] == '.' &&
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

	if (is_shown(text) || !parse(text, last_ns, &ns))
		return text;
	rfc3339__text(to, ns);
	return (struct ttlog_text){ to, RFC3339_BYTES };
}

int sql_time__collate(struct ttlog_text a, struct ttlog_text b, uint64_t last_ns)
{
	char a_buf[MOST_BYTES], b_buf[MOST_BYTES];

	return event_field__order(shown(a, last_ns, a_buf), shown(b, last_ns, b_buf));
}
