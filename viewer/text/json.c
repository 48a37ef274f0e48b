/* SPDX-License-Identifier: MIT */
#include <math.h>

#include "event_output.h"
#include "json.h"

#define NUMBER(key, value)                                                                         \
	out__text(out, ",\"" #key "\":");                                                          \
	out__u64(out, value);
#define TEXT(key, value)                                                                           \
	out__text(out, ",\"" #key "\":");                                                          \
	out__json_text(out, value, false);

static void quoted(struct out *out, struct ttlog_text text)
{
	out__char(out, '"');
	out__bytes(out, text.p, text.len);
	out__char(out, '"');
}

void json__field(struct out *out, const struct ttlog_field *field)
{
	char buf[FORMAT_NUMBER_BYTES];
	struct ttlog_text text = ttlog_field_text(field, buf);

	if (field->null) {
		out__text(out, "null");
		return;
	}
	switch (field->type) {
	case TTLOG_TYPE_STR:
	case TTLOG_TYPE_CHAR:
		out__json_text(out, text, field->cut);
		break;
	case TTLOG_TYPE_BYTES:
		out__char(out, '"');
		out__hex_bytes(out, field->text);
		out__text(out, field->cut ? "\xe2\x80\xa6\"" : "\"");
		break;
	case TTLOG_TYPE_PTR:
	case TTLOG_TYPE_HEX:
		quoted(out, text);
		break;
	case TTLOG_TYPE_F32:
	case TTLOG_TYPE_F64:
		/* JSON has no NaN and no Infinity. */
		if (!isfinite(field->d)) {
			quoted(out, text);
			break;
		}
		/* fall through */
	default:
		out__bytes(out, text.p, text.len);
	}
}

void json__member(struct out *out, unsigned i, struct ttlog_text key,
		  const struct ttlog_field *field)
{
	out__char(out, i ? ',' : '{');
	out__json_text(out, key, false);
	out__char(out, ':');
	json__field(out, field);
}

void json__fields(struct out *out, const struct ttlog_event *event)
{
	const struct ttlog_site *site = event->site;
	const unsigned first = ttlog_site_first_field(site);

	for (unsigned i = first; i < site->nfields; i++) {
		struct ttlog_field field;

		ttlog_event_field(event, i, &field);
		json__member(out, i - first, site->keys[i], &field);
	}
	out__text(out, site->nfields > first ? "}" : "{}");
}

static void frame_member(struct out *out, bool *has_any, const char *key, struct ttlog_text text)
{
	if (!text.p)
		return;
	out__format(out, "%s\"%s\":", *has_any ? "," : "", key);
	out__json_text(out, text, false);
	*has_any = true;
}

/* As in the header's `crash`. */
static void frame(struct out *out, const struct ttlog_frame *frame)
{
	bool has_any = false;

	out__char(out, '{');
	frame_member(out, &has_any, "ip", frame->ip);
	frame_member(out, &has_any, "module", frame->module);
	frame_member(out, &has_any, "build_id", frame->build_id);
	frame_member(out, &has_any, "offset", frame->offset);
	frame_member(out, &has_any, "symbol", frame->symbol);
	frame_member(out, &has_any, "file", frame->file);
	if (frame->has_line)
		out__json_u64(out, has_any ? ",\"line\":" : "\"line\":", frame->line);
	out__char(out, '}');
}

static void stack(struct out *out, const struct ttlog_event *event)
{
	const struct ttlog_frame *const *frames;
	const size_t cnt = ttlog_event_stack(event, &frames);

	if (cnt)
		out__text(out, ",\"stack\":[");
	for (size_t i = 0; i < cnt; i++) {
		out__text(out, i ? "," : "");
		frame(out, frames[i]);
	}
	out__text(out, cnt ? "]" : "");
}

/* Absent if the text is. */
static void member(struct out *out, const char *key, struct ttlog_text text)
{
	if (!text.len)
		return;
	out__text(out, key);
	quoted(out, text);
}

/* Without the end. */
static void begin_object(struct out *out, const struct ttlog_event *event)
{
	const struct ttlog_site *site = event->site;
	const uint64_t suppressed = ttlog_event_suppressed(event);
	struct ttlog_field duration;
	char buf[TTLOG_ID_BYTES];

	out__text(out, "{\"ts\":\"");
	out__time(out, event->real_ns);
	out__char(out, '"');
	EVENT_VALUES(event, NUMBER, TEXT)
	out__text(out, ",\"fields\":");
	json__fields(out, event);
	if (site->kind == TTLOG_EVENT_SPAN_END) {
		ttlog_event_field(event, 0, &duration);
		out__text(out, ",\"duration_ns\":");
		json__field(out, &duration);
	}
	member(out, ",\"trace_id\":", ttlog_event_trace_id(event, buf));
	member(out, ",\"span_id\":", ttlog_event_span_id(event, buf));
	if (suppressed)
		out__json_u64(out, ",\"suppressed\":", suppressed);
	stack(out, event);
	member(out, ",\"id\":", ttlog_event_id(event, buf));
}

void json__object(struct out *out, const struct ttlog_event *event)
{
	begin_object(out, event);
	out__char(out, '}');
}

void json__ordered_event(struct out *out, const struct ttlog_event *event, uint64_t order_error_ns)
{
	begin_object(out, event);
	if (order_error_ns)
		out__json_u64(out, ",\"order_error_ns\":", order_error_ns);
	out__text(out, "}\n");
}

void json__event(struct out *out, const struct ttlog_event *event)
{
	json__ordered_event(out, event, 0);
}

static void scalar(struct out *out, const struct ttlog_cbor_item *item)
{
	switch (item->kind) {
	case TTLOG_CBOR_UINT:
		out__u64(out, item->u);
		break;
	case TTLOG_CBOR_NEGINT:
		if (item->u <= INT64_MAX) {
			out__i64(out, -1 - (int64_t)item->u);
			break;
		}
		/* Beyond 64 bits; format 1 has no such key. */
		out__f64(out, -1.0 - (double)item->u);
		break;
	case TTLOG_CBOR_BYTES:
		out__char(out, '"');
		out__hex_bytes(out, item->text);
		out__char(out, '"');
		break;
	case TTLOG_CBOR_TEXT:
		out__json_text(out, item->text, false);
		break;
	case TTLOG_CBOR_FLOAT:
		out__text(out, isfinite(item->d) ? "" : "\"");
		out__f64(out, item->d);
		out__text(out, isfinite(item->d) ? "" : "\"");
		break;
	case TTLOG_CBOR_BOOL:
		out__text(out, item->u ? "true" : "false");
		break;
	default:
		out__text(out, "null");
	}
}

/* The library has already limited the nesting. */
static void item_at(struct out *out, struct ttlog_cbor *in, unsigned depth)
{
	struct ttlog_cbor_item item = { .kind = TTLOG_CBOR_NULL };
	bool is_map;

	do {
		if (ttlog_cbor_next(in, &item))
			item.kind = TTLOG_CBOR_NULL;
	} while (item.kind == TTLOG_CBOR_TAG);
	if (item.kind != TTLOG_CBOR_ARRAY && item.kind != TTLOG_CBOR_MAP) {
		scalar(out, &item);
		return;
	}
	is_map = item.kind == TTLOG_CBOR_MAP;
	out__char(out, is_map ? '{' : '[');
	for (uint64_t i = 0; i < item.u && in->at < in->end && depth < TTLOG_CBOR_MAX_DEPTH; i++) {
		struct ttlog_cbor_item key;

		if (i)
			out__char(out, ',');
		if (is_map) {
			if (ttlog_cbor_next(in, &key) || key.kind != TTLOG_CBOR_TEXT)
				break;
			out__json_text(out, key.text, false);
			out__char(out, ':');
		}
		item_at(out, in, depth + 1);
	}
	out__char(out, is_map ? '}' : ']');
}

void json__item(struct out *out, struct ttlog_cbor item)
{
	item_at(out, &item, 0);
}
