/* SPDX-License-Identifier: MIT */
/* Events for programs: DESIGN.md section 6, one JSON object a line. */
#ifndef TTLOG_VIEW_JSON_H
#define TTLOG_VIEW_JSON_H

#include <ttlog/read.h>
#include "out.h"

void json__event(struct out *out, const struct ttlog_event *event);
/* order_error_ns: of host_order__take(); 0: there is no such key. */
void json__ordered_event(struct out *out, const struct ttlog_event *event, uint64_t order_error_ns);
/* The same without the newline. */
void json__object(struct out *out, const struct ttlog_event *event);
/* An object of the fields, without the duration of a span's end. */
void json__fields(struct out *out, const struct ttlog_event *event);
void json__field(struct out *out, const struct ttlog_field *field);
/* Number i of an object, without the object's end. */
void json__member(struct out *out, unsigned i, struct ttlog_text key,
		  const struct ttlog_field *field);
/* Any item as JSON: bytes as hexadecimal text, without tags. What cannot be read is null. */
void json__item(struct out *out, struct ttlog_cbor item);

#endif /* TTLOG_VIEW_JSON_H */
