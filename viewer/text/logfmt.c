/* SPDX-License-Identifier: MIT */
/*
 * Events as key=value, a line for each, as go-logfmt and its readers (Loki, lnav, hutils) take
 * them. A value in quotes is a JSON string. Keys cannot be quoted, so a character that would end a
 * key becomes _.
 */
#include "event_output.h"
#include <ttlog/read.h>

static void value(struct out *out, const struct ttlog_field *field)
{
	char buf[FORMAT_NUMBER_BYTES];
	struct ttlog_text text = ttlog_field_text(field, buf);

	if (field->type == TTLOG_TYPE_BYTES && !field->null) {
		out__hex_bytes(out, field->text);
		out__text(out, field->cut ? "\xe2\x80\xa6" : "");
	} else if ((field->type == TTLOG_TYPE_STR || field->type == TTLOG_TYPE_CHAR) &&
		   !field->null) {
		out__logfmt_text(out, text, field->cut);
	} else {
		out__bytes(out, text.p, text.len);
	}
}

static void fields(struct out *out, const struct ttlog_event *event, bool has_suppressed)
{
	const struct ttlog_site *site = event->site;

	for (unsigned i = 0; i < site->nfields; i++) {
		struct ttlog_field field;

		ttlog_event_field(event, i, &field);
		out__char(out, ' ');
		if (i < ttlog_site_first_field(site)) {
			out__text(out, "duration_ns");
		} else {
			out__text(out, event_output__is_taken(site->keys[i], has_suppressed)
					       ? "fields."
					       : "");
			out__logfmt_key(out, site->keys[i]);
		}
		out__char(out, '=');
		value(out, &field);
	}
}

#define NUMBER(key, value)                                                                         \
	out__text(out, " " #key "=");                                                              \
	out__u64(out, value);
#define TEXT(key, value)                                                                           \
	out__text(out, " " #key "=");                                                              \
	out__logfmt_text(out, value, false);

static void id(struct out *out, const char *key, struct ttlog_text digits)
{
	if (!digits.len)
		return;
	out__text(out, key);
	out__bytes(out, digits.p, digits.len);
}

void logfmt__event(struct out *out, const struct ttlog_event *event, uint64_t order_error_ns)
{
	const uint64_t suppressed = ttlog_event_suppressed(event);
	char buf[TTLOG_ID_BYTES];

	out__text(out, "ts=");
	out__time(out, event->real_ns);
	EVENT_VALUES(event, NUMBER, TEXT)
	fields(out, event, suppressed > 0);
	id(out, " trace_id=", ttlog_event_trace_id(event, buf));
	id(out, " span_id=", ttlog_event_span_id(event, buf));
	if (suppressed) {
		out__text(out, " suppressed=");
		out__u64(out, suppressed);
	}
	if (order_error_ns) {
		out__text(out, " order_error_ns=");
		out__u64(out, order_error_ns);
	}
	out__char(out, '\n');
}
