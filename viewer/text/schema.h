/* SPDX-License-Identifier: MIT */
/* The JSON Schema of an event of --format json. */
#ifndef TTLOG_VIEW_SCHEMA_H
#define TTLOG_VIEW_SCHEMA_H

#include "out.h"

void schema__print(struct out *out);

#endif /* TTLOG_VIEW_SCHEMA_H */
