/* SPDX-License-Identifier: MIT */
/*
 * Values of snapshots as SQL shows them.
 *
 * Text is valid UTF-8 (U+FFFD replaces the rest), with an ellipsis at the end if it was cut. bool
 * is 0 or 1. Integers are integers; beyond 2^63-1 they are the text of their digits, as decimals
 * are. ptr and hex are text (0x1f), bytes are a BLOB. NaN is text, since SQL has none. null is
 * NULL, as is a value that cannot be read.
 */
#ifndef TTLOG_VIEW_SQL_VALUE_H
#define TTLOG_VIEW_SQL_VALUE_H

#include <sqlite3.h>

#include <ttlog/read.h>
#include "out.h"

/* Text that lives as long as the database is not copied. */
enum sql_value_life {
	SQL_VALUE_PASSING,
	SQL_VALUE_STAYS,
};

void sql_value__text(sqlite3_context *to, struct ttlog_text text, enum sql_value_life life);
/* The same, but NULL if there is no text. */
void sql_value__text_or_null(sqlite3_context *to, struct ttlog_text text);
void sql_value__u64(sqlite3_context *to, uint64_t v);
/* `as_decimal`: numbers of any type become the text of a decimal. */
void sql_value__field(sqlite3_context *to, const struct ttlog_field *field, bool as_decimal);
/* ns since 1970 as text. Clears `scratch`. */
void sql_value__time(sqlite3_context *to, struct out *scratch, uint64_t real_ns);

/* What was written to `written`, which is in memory: valid UTF-8. */
void sql_value__written(sqlite3_context *to, struct out *written);

/* Text as above. */
void sql_value__clean(struct out *out, struct ttlog_text text);
void sql_value__show(struct out *out, struct ttlog_text text, bool cut);
bool sql_value__is_clean(struct ttlog_text text);

static inline struct ttlog_text sql_value__text_of(sqlite3_value *value)
{
	const char *p = (const char *)sqlite3_value_text(value);

	return (struct ttlog_text){ p, p ? (size_t)sqlite3_value_bytes(value) : 0 };
}

#endif /* TTLOG_VIEW_SQL_VALUE_H */
