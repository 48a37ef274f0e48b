/* SPDX-License-Identifier: MIT */
/*
 * OpenTelemetry's attributes in OTLP/JSON: {"key": ..., "value": ...}. No comma comes before one;
 * each function says what comes after it.
 */
#ifndef TTLOG_VIEW_OTLP_ATTRIBUTE_H
#define TTLOG_VIEW_OTLP_ATTRIBUTE_H

#include <ttlog/read.h>

struct out;

/* With a comma after it; an empty text gives no attribute. */
void otlp_attribute__text(struct out *out, const char *key, struct ttlog_text text);
void otlp_attribute__u64(struct out *out, const char *key, uint64_t number, const char *after);
/* With a comma after it. */
void otlp_attribute__field(struct out *out, const char *key, const struct ttlog_field *field);
/* An event's fields, but no duration, each with a comma after it. kept: their values; NULL: read them from the
 * event. */
void otlp_attribute__fields(struct out *out, const struct ttlog_event *event,
			    const struct ttlog_field *kept);
/* The place in the program, and the end of the array, by OpenTelemetry's semantic conventions. Keys
 * that these lack are ttlog's own. */
void otlp_attribute__place(struct out *out, const struct ttlog_event *event);

#endif /* TTLOG_VIEW_OTLP_ATTRIBUTE_H */
