/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "ttlog/read.h"

#include "format_number.h"

static size_t format_hex(char *to, uint64_t v)
{
	return (size_t)sprintf(to, "0x%llx", (unsigned long long)v);
}

struct ttlog_text ttlog_field_text(const struct ttlog_field *field, char *buf)
{
	size_t len = 0;

	if (field->null || field->type == TTLOG_TYPE_NONE)
		return ttlog_text_of("null");
	switch (field->type) {
	case TTLOG_TYPE_BOOL:
		return ttlog_text_of(field->u ? "true" : "false");
	case TTLOG_TYPE_CHAR:
		buf[0] = (char)field->u;
		len = 1;
		break;
	case TTLOG_TYPE_I8:
	case TTLOG_TYPE_I16:
	case TTLOG_TYPE_I32:
	case TTLOG_TYPE_I64:
		len = format__decimal(buf, field->i, 0);
		break;
	case TTLOG_TYPE_F32:
		len = format__f32(buf, (float)field->d);
		break;
	case TTLOG_TYPE_F64:
		len = format__f64(buf, field->d);
		break;
	case TTLOG_TYPE_PTR:
	case TTLOG_TYPE_HEX:
		len = format_hex(buf, field->u);
		break;
	case TTLOG_TYPE_DECIMAL:
		len = format__decimal(buf, field->i, field->scale);
		break;
	case TTLOG_TYPE_STR:
	case TTLOG_TYPE_BYTES:
		return field->text;
	default:
		len = format__u64(buf, field->u);
	}
	return (struct ttlog_text){ buf, len };
}
