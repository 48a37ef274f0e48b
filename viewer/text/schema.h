/* SPDX-License-Identifier: MIT */
/* The JSON Schema of what --format json prints: a line of events. */
#ifndef TTLOG_VIEW_SCHEMA_H
#define TTLOG_VIEW_SCHEMA_H

#include "out.h"

void schema__print(struct out *out);

#endif /* TTLOG_VIEW_SCHEMA_H */
