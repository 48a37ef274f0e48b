/* SPDX-License-Identifier: MIT */
/*
 * Records that are held back until the next job: they are newer than the moment up to which all
 * threads have been read, so older ones may still come. In the order of time.
 */
#ifndef TTLOG_CARRY_H
#define TTLOG_CARRY_H

#include <stdbool.h>
#include <stddef.h>

#include "merge.h"

struct carried;

/* All zero is valid and empty. */
struct carry {
	struct carried *records;
	size_t cnt, capacity, at; /* at: the next one */
	unsigned char *fields;
	size_t bytes, fields_capacity;
};

void carry__fini(struct carry *carry);
/* Copies the record; its site must stay. 0 or -ENOMEM. */
int carry__add(struct carry *carry, const struct merge_record *record);
/* The next one, which stays; false: there is none. */
bool carry__peek(const struct carry *carry, struct merge_record *ret_record);
static inline void carry__pass(struct carry *carry)
{
	carry->at++;
}
/* How many there are from the next one on. */
static inline size_t carry__left(const struct carry *carry)
{
	return carry->cnt - carry->at;
}
/* Empties it, and keeps its memory. */
void carry__reset(struct carry *carry);

#endif /* TTLOG_CARRY_H */
