/* SPDX-License-Identifier: MIT */
#include "buffer.h"
#include "counters.h"
#include "hex.h"
#include "perfetto_schema.h"
#include "perfetto_value.h"
#include "protobuf.h"

/* Bytes are shown as hexadecimal text, as in the other outputs. */
static void text_value(struct buffer *packet, const struct ttlog_field *field)
{
	size_t text = protobuf__open(packet, ANNOTATION_TEXT);

	if (field->type == TTLOG_TYPE_STR)
		buffer__text(packet, field->text);
	for (size_t i = 0; field->type == TTLOG_TYPE_BYTES && i < field->text.len; i++) {
		char digits[2];

		hex__bytes(digits, field->text.p + i, 1);
		buffer__bytes(packet, digits, sizeof(digits));
	}
	if (field->cut)
		buffer__bytes(packet, "\xe2\x80\xa6", 3);
	protobuf__close(packet, text);
}

void perfetto_value__put(struct buffer *packet, const struct ttlog_field *field)
{
	char c = (char)field->u;

	switch (field->type) {
	case TTLOG_TYPE_BOOL:
		protobuf__u64(packet, ANNOTATION_BOOL, field->u);
		break;
	case TTLOG_TYPE_CHAR:
		protobuf__text(packet, ANNOTATION_TEXT, (struct ttlog_text){ &c, 1 });
		break;
	case TTLOG_TYPE_I8:
	case TTLOG_TYPE_I16:
	case TTLOG_TYPE_I32:
	case TTLOG_TYPE_I64:
		protobuf__u64(packet, ANNOTATION_INT, field->u);
		break;
	case TTLOG_TYPE_F32:
	case TTLOG_TYPE_F64:
	case TTLOG_TYPE_DECIMAL:
		protobuf__double(packet, ANNOTATION_DOUBLE, counters__double(field));
		break;
	case TTLOG_TYPE_PTR:
	case TTLOG_TYPE_HEX:
		protobuf__u64(packet, ANNOTATION_POINTER, field->u);
		break;
	case TTLOG_TYPE_STR:
	case TTLOG_TYPE_BYTES:
		text_value(packet, field);
		break;
	default:
		protobuf__u64(packet, ANNOTATION_UINT, field->u);
	}
}
