/* SPDX-License-Identifier: MIT */
/*
 * OpenTelemetry's attributes as OTLP/JSON has them: {"key": ..., "value": ...}. No comma comes before
 * one; what comes after it is said with each.
 */
#ifndef TTLOG_VIEW_OTLP_ATTRIBUTE_H
#define TTLOG_VIEW_OTLP_ATTRIBUTE_H

#include <stdint.h>

#include <ttlog/read.h>

struct out;

/* With a comma; an empty text is none. */
void otlp_attribute__text(struct out *out, const char *key, struct ttlog_text text);
void otlp_attribute__u64(struct out *out, const char *key, uint64_t number, const char *after);
/* With a comma. */
void otlp_attribute__field(struct out *out, const char *key, const struct ttlog_field *field);
/* An event's fields, each with a comma. kept: their values; NULL: the event has them. */
void otlp_attribute__fields(struct out *out, const struct ttlog_event *event,
			    const struct ttlog_field *kept);
/* Where in the program it was, with the end of the array: by OpenTelemetry's semantic conventions; what
 * they have no word for is ttlog's. */
void otlp_attribute__place(struct out *out, const struct ttlog_event *event);

#endif /* TTLOG_VIEW_OTLP_ATTRIBUTE_H */
