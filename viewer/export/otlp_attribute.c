/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "buffer.h"
#include "json.h"
#include "otlp_attribute.h"
#include "out.h"

static const char *value_key(const struct ttlog_field *field)
{
	switch (field->type) {
	case TTLOG_TYPE_BOOL:
		return "boolValue";
	case TTLOG_TYPE_F32:
	case TTLOG_TYPE_F64:
	case TTLOG_TYPE_DECIMAL:
		return "doubleValue";
	case TTLOG_TYPE_STR:
	case TTLOG_TYPE_CHAR:
	case TTLOG_TYPE_PTR:
	case TTLOG_TYPE_HEX:
		return "stringValue";
	case TTLOG_TYPE_BYTES:
		return "bytesValue";
	case TTLOG_TYPE_U64:
		/* OTLP integers are signed */
		return field->u > INT64_MAX ? "stringValue" : "intValue";
	default:
		return "intValue";
	}
}

/* An empty value is null. */
static void value(struct out *out, const struct ttlog_field *field)
{
	const char *key = value_key(field);
	bool quoted = !strcmp(key, "intValue") ||
		      (field->type == TTLOG_TYPE_U64 && field->u > INT64_MAX);

	out__text(out, ",\"value\":{");
	if (field->null || field->type == TTLOG_TYPE_NONE) {
		out__text(out, "}}");
		return;
	}
	out__char(out, '"');
	out__text(out, key);
	out__text(out, "\":");
	if (field->type == TTLOG_TYPE_BYTES) {
		out__char(out, '"');
		out__base64(out, field->text);
		out__char(out, '"');
	} else {
		out__text(out, quoted ? "\"" : "");
		json__field(out, field);
		out__text(out, quoted ? "\"" : "");
	}
	out__text(out, "}}");
}

/* Keys of our own attributes; and a key must not be empty. */
static bool is_taken(struct ttlog_text key)
{
	static const char *const OURS[] = { "thread.name",      "thread.id",
					    "code.file.path",   "code.function.name",
					    "code.line.number", "log.record.uid" };

	for (size_t i = 0; i < sizeof(OURS) / sizeof(OURS[0]); i++) {
		if (ttlog_text_is(key, OURS[i]))
			return true;
	}
	return !key.len || (key.len > 6 && !memcmp(key.p, "ttlog.", 6));
}

/* A unique key, which the specification requires. */
static void field_key(struct out *out, const struct ttlog_site *site, unsigned idx,
		      const char *before)
{
	struct ttlog_text key = site->keys[idx];
	struct buffer unique = { .len = 0 };
	char nth_text[16];
	unsigned nth = 1;

	for (unsigned i = 0; i < idx; i++)
		nth += ttlog_text_equal(site->keys[i], key);
	out__text(out, "{\"key\":");
	if (nth == 1 && !*before && !is_taken(key)) {
		out__json_text(out, key, false);
		return;
	}
	buffer__bytes(&unique, before, strlen(before));
	if (is_taken(key))
		buffer__bytes(&unique, "fields.", 7);
	buffer__bytes(&unique, key.p, key.len);
	if (nth > 1)
		buffer__bytes(&unique, nth_text,
			      (size_t)snprintf(nth_text, sizeof(nth_text), "#%u", nth));
	if (unique.err)
		out->err = unique.err;
	out__json_text(out, (struct ttlog_text){ unique.bytes, unique.len }, false);
	buffer__fini(&unique);
}

void otlp_attribute__fields(struct out *out, const struct ttlog_event *event,
			    const struct ttlog_field *kept)
{
	for (unsigned i = ttlog_site_first_field(event->site); i < event->site->nfields; i++) {
		struct ttlog_field field;

		if (kept)
			field = kept[i];
		else
			ttlog_event_field(event, i, &field);
		field_key(out, event->site, i, "");
		value(out, &field);
		out__char(out, ',');
		/* cut text shows it, cut bytes can't */
		if (field.type != TTLOG_TYPE_BYTES || !field.cut)
			continue;
		field_key(out, event->site, i, "ttlog.cut.");
		out__text(out, ",\"value\":{\"boolValue\":true}},");
	}
}

void otlp_attribute__field(struct out *out, const char *key, const struct ttlog_field *field)
{
	out__text(out, "{\"key\":\"");
	out__text(out, key);
	out__char(out, '"');
	value(out, field);
	out__char(out, ',');
}

void otlp_attribute__text(struct out *out, const char *key, struct ttlog_text text)
{
	if (!text.len)
		return;
	out__text(out, "{\"key\":\"");
	out__text(out, key);
	out__json_member(out, "\",\"value\":{\"stringValue\":", text);
	out__text(out, "}},");
}

void otlp_attribute__u64(struct out *out, const char *key, uint64_t number, const char *after)
{
	out__text(out, "{\"key\":\"");
	out__text(out, key);
	out__text(out, number > INT64_MAX ? "\",\"value\":{\"stringValue\":\""
					  : "\",\"value\":{\"intValue\":\"");
	out__u64(out, number);
	out__text(out, "\"}}");
	out__text(out, after);
}

void otlp_attribute__place(struct out *out, const struct ttlog_event *event)
{
	const struct ttlog_site *site = event->site;

	otlp_attribute__text(out, "ttlog.target", site->target);
	otlp_attribute__text(out, "thread.name", event->thread->comm);
	otlp_attribute__text(out, "code.file.path", site->file);
	otlp_attribute__text(out, "code.function.name", site->func);
	otlp_attribute__u64(out, "code.line.number", site->line, ",");
	otlp_attribute__u64(out, "thread.id", event->thread->tid, "]");
}
