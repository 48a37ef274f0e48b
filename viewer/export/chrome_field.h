/* SPDX-License-Identifier: MIT */
/*
 * A value in Trace Event Format, so that its readers show it as it is: Perfetto shows large integers
 * as negative, and ends text at a NUL, so these become other text.
 */
#ifndef TTLOG_CHROME_FIELD_H
#define TTLOG_CHROME_FIELD_H

#include <stdbool.h>

#include <ttlog/read.h>

struct out;

/* Whether readers can't hold it as a number. */
bool chrome_field__is_beyond(const struct ttlog_field *field);
/* "key":value, */
void chrome_field__put(struct out *out, struct ttlog_text key, const struct ttlog_field *field);

#endif /* TTLOG_CHROME_FIELD_H */
