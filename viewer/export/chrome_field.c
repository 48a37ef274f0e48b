/* SPDX-License-Identifier: MIT */
#include <stdbool.h>
#include <string.h>

#include "buffer.h"
#include "chrome_field.h"
#include "counters.h"
#include "json.h"
#include "out.h"

/* Readers allow no more digits after the point: they multiply by powers of ten in 64 bits. */
#define EXACT_DECIMALS 18

static bool is_beyond_integers(const struct ttlog_field *field)
{
	return field->type == TTLOG_TYPE_U64 && field->u > INT64_MAX && !field->null;
}

static bool is_beyond_decimals(const struct ttlog_field *field)
{
	return field->type == TTLOG_TYPE_DECIMAL && field->scale > EXACT_DECIMALS && !field->null;
}

bool chrome_field__is_beyond(const struct ttlog_field *field)
{
	return is_beyond_integers(field) || is_beyond_decimals(field);
}

/* Perfetto ends text at a NUL, so a symbol is shown for it. */
static bool put_nul_text(struct out *out, const struct ttlog_field *field)
{
	char buf[FORMAT_NUMBER_BYTES];
	struct ttlog_text text = ttlog_field_text(field, buf);
	struct buffer shown = { .len = 0 };

	if (field->null || (field->type != TTLOG_TYPE_STR && field->type != TTLOG_TYPE_CHAR) ||
	    !text.len || !memchr(text.p, 0, text.len))
		return false;
	buffer__text(&shown, text);
	if (shown.err)
		out->err = shown.err;
	out__json_text(out, (struct ttlog_text){ shown.bytes, shown.len }, field->cut);
	buffer__fini(&shown);
	return true;
}

void chrome_field__put(struct out *out, struct ttlog_text key, const struct ttlog_field *field)
{
	bool quoted = is_beyond_integers(field);

	out__json_text(out, key, false);
	out__text(out, quoted ? ":\"" : ":");
	if (is_beyond_decimals(field))
		out__f64(out, counters__double(field));
	else if (!put_nul_text(out, field))
		json__field(out, field);
	out__text(out, quoted ? "\"," : ",");
}
