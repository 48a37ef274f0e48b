/* SPDX-License-Identifier: MIT */
#include "event.h"
#include "expr_error.h"
#include "format.h"
#include "format_number.h"
#include "value.h"

_Static_assert(TTLOG_CHUNK_MAX_EVENTS == FORMAT_CHUNK_MAX_EVENTS, "a public constant is off");
_Static_assert(TTLOG_CBOR_MAX_DEPTH == FORMAT_MAX_DEPTH, "a public constant is off");
_Static_assert(TTLOG_FIELD_TEXT_BYTES == FORMAT_NUMBER_BYTES, "a public constant is off");
_Static_assert(TTLOG_WHY_BYTES == EXPR_ERROR_PRINT_BYTES, "a public constant is off");

int ttlog_read_version(void)
{
	return TTLOG_READ_VERSION;
}

const char *ttlog_level_name(unsigned level)
{
	return value__level_name(level);
}

const char *ttlog_type_name(unsigned type)
{
	return value__type_name(type);
}

int ttlog_level_parse(const char *name)
{
	return value__parse_level(name);
}

bool ttlog_type_is_signed(unsigned type)
{
	return type <= UINT8_MAX && value__is_signed((uint8_t)type);
}

void ttlog_event_field(const struct ttlog_event *event, unsigned idx, struct ttlog_field *ret)
{
	const struct ttlog_column *column;

	if (idx < event->site->nfields && event->source->field) {
		event->source->field(event, idx, ret);
		return;
	}
	column = ttlog_event_column(event, idx);
	if (column)
		ttlog_column_field(column, event->row, ret);
	else
		*ret = (struct ttlog_field){ .type = TTLOG_TYPE_NONE, .null = true };
}

const struct ttlog_column *ttlog_event_column(const struct ttlog_event *event, unsigned idx)
{
	return idx < event->site->nfields ? event->source->column(event, idx) : NULL;
}
