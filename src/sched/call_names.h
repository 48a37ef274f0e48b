/* SPDX-License-Identifier: MIT */
/*
 * System calls of this machine by number. Never changes: any thread may read it.
 */
#ifndef TTLOG_CALL_NAMES_H
#define TTLOG_CALL_NAMES_H

#include <stdint.h>

struct call_names;

/* NULL: no memory. */
struct call_names *call_names__new(void);
/* NULL is fine. */
void call_names__free(struct call_names *names);
/* NULL: no such call, or one that is newer than the library of names. */
const char *call_names__of(const struct call_names *names, int32_t number);

#endif /* TTLOG_CALL_NAMES_H */
