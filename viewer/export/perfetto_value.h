/* SPDX-License-Identifier: MIT */
/* A value as part of an annotation, in Perfetto's own trace format. */
#ifndef TTLOG_VIEW_PERFETTO_VALUE_H
#define TTLOG_VIEW_PERFETTO_VALUE_H

#include <ttlog/read.h>

struct buffer;

/* Not null. */
void perfetto_value__put(struct buffer *packet, const struct ttlog_field *field);

#endif /* TTLOG_VIEW_PERFETTO_VALUE_H */
