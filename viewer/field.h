/* SPDX-License-Identifier: MIT */
#ifndef TTLOG_VIEW_FIELD_H
#define TTLOG_VIEW_FIELD_H

#include "event.h"

/* A field's value as filters and groups see it: the text of a str, 150.25, true, 0x1f.
 * `buf` (OUT_NUMBER_BYTES) holds what is not text already; bytes are given as they are. */
struct text event_field__text(const struct event_field *field, char *buf);

#endif /* TTLOG_VIEW_FIELD_H */
