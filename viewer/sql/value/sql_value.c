/* SPDX-License-Identifier: MIT */
#include <math.h>

#include "sql_value.h"
#include "utf8.h"

#define REPLACEMENT "\xef\xbf\xbd"
#define ELLIPSIS    "\xe2\x80\xa6"

static bool is_ascii(struct ttlog_text text)
{
	unsigned char all = 0;
	uint64_t eight, sum = 0;
	size_t i = 0;

	for (; i + sizeof(eight) <= text.len; i += sizeof(eight)) {
		memcpy(&eight, text.p + i, sizeof(eight));
		sum |= eight;
	}
	for (; i < text.len; i++)
		all |= (unsigned char)text.p[i];
	return !(sum & 0x8080808080808080u) && !(all & 0x80);
}

bool sql_value__is_clean(struct ttlog_text text)
{
	const char *p = text.p, *end = ttlog_text_end(text);
	uint32_t code = 0;

	if (is_ascii(text))
		return true;
	while (p < end && code != UINT32_MAX)
		p += utf8__next(p, end, &code);
	return code != UINT32_MAX;
}

void sql_value__clean(struct out *out, struct ttlog_text text)
{
	const char *p = text.p, *end = ttlog_text_end(text);

	while (p < end) {
		uint32_t code;
		size_t len = utf8__next(p, end, &code);

		if (code == UINT32_MAX)
			out__text(out, REPLACEMENT);
		else
			out__bytes(out, p, len);
		p += len;
	}
}

void sql_value__show(struct out *out, struct ttlog_text text, bool cut)
{
	sql_value__clean(out, text);
	if (cut)
		out__text(out, ELLIPSIS);
}

void sql_value__written(sqlite3_context *to, struct out *written)
{
	struct ttlog_text text = out__written(written);

	if (written->err)
		sqlite3_result_error_nomem(to);
	else
		sqlite3_result_text64(to, text.p, text.len, SQLITE_TRANSIENT, SQLITE_UTF8);
}

/* Text that is cut or not UTF-8 is rare, so it may take a buffer of its own. */
static void odd_text(sqlite3_context *to, struct ttlog_text text, bool cut)
{
	struct out out;

	if (out__init_memory(&out)) {
		sqlite3_result_error_nomem(to);
		return;
	}
	sql_value__show(&out, text, cut);
	sql_value__written(to, &out);
	out__fini(&out);
}

void sql_value__text(sqlite3_context *to, struct ttlog_text text, enum sql_value_life life)
{
	if (!sql_value__is_clean(text))
		odd_text(to, text, false);
	else
		sqlite3_result_text64(to, text.p ? text.p : "", text.len,
				      life == SQL_VALUE_STAYS ? SQLITE_STATIC : SQLITE_TRANSIENT,
				      SQLITE_UTF8);
}

void sql_value__text_or_null(sqlite3_context *to, struct ttlog_text text)
{
	if (text.p)
		sql_value__text(to, text, SQL_VALUE_STAYS);
}

void sql_value__u64(sqlite3_context *to, uint64_t v)
{
	char digits[FORMAT_NUMBER_BYTES];

	if (v <= INT64_MAX)
		sqlite3_result_int64(to, (sqlite3_int64)v);
	else
		sqlite3_result_text(to, digits, (int)format__u64(digits, v), SQLITE_TRANSIENT);
}

static void shown(sqlite3_context *to, const struct ttlog_field *field)
{
	char buf[FORMAT_NUMBER_BYTES];
	struct ttlog_text text = ttlog_field_text(field, buf);

	sql_value__text(to, text, SQL_VALUE_PASSING);
}

void sql_value__field(sqlite3_context *to, const struct ttlog_field *field, bool as_decimal)
{
	if (field->null)
		return;
	switch (field->type) {
	case TTLOG_TYPE_NONE:
		return;
	case TTLOG_TYPE_STR:
		if (field->cut)
			odd_text(to, field->text, true);
		else
			sql_value__text(to, field->text, SQL_VALUE_PASSING);
		return;
	case TTLOG_TYPE_BYTES:
		sqlite3_result_blob64(to, field->text.len ? field->text.p : "", field->text.len,
				      SQLITE_TRANSIENT);
		return;
	case TTLOG_TYPE_CHAR:
	case TTLOG_TYPE_PTR:
	case TTLOG_TYPE_HEX:
	case TTLOG_TYPE_DECIMAL:
		shown(to, field);
		return;
	default:
		break;
	}
	if (field->type == TTLOG_TYPE_BOOL)
		sqlite3_result_int(to, (int)field->u);
	else if (as_decimal)
		shown(to, field);
	else if (field->type == TTLOG_TYPE_F32 || field->type == TTLOG_TYPE_F64)
		isnan(field->d) ? shown(to, field) : sqlite3_result_double(to, field->d);
	else if (field->type == TTLOG_TYPE_U64)
		sql_value__u64(to, field->u);
	else
		sqlite3_result_int64(to, field->i);
}

void sql_value__time(sqlite3_context *to, struct out *scratch, uint64_t real_ns)
{
	out__clear(scratch);
	out__time(scratch, real_ns);
	sql_value__written(to, scratch);
}
