/* SPDX-License-Identifier: MIT */
/*
 * What a thread had left out, and no event had said, when its recording began (struct ttlog_rates).
 * The next event of each such site says that, too: it is taken off there, before the event goes into
 * the ring.
 */
#ifndef TTLOG_LEFT_OUT_H
#define TTLOG_LEFT_OUT_H

#include <stddef.h>
#include <stdint.h>

struct left_out;
struct wire_batch;

/* Of the batch at that address, whose total it was. slots: hostile; NULL: they are not known. Without
 * memory, some events will say too much. */
void left_out__add(struct left_out **list, uint64_t address, uint64_t total, const void *slots,
		   size_t bytes);
/* The batch's, if there is one. */
void left_out__forget(struct left_out **list, uint64_t address);
/* NULL is fine. */
void left_out__free(struct left_out *list);

/* The batch with right counts in the records from there on, which are new: a copy that is valid until
 * the next call, or the batch itself. */
const struct wire_batch *left_out__correct(struct left_out *list, const struct wire_batch *message,
					   uint32_t from);

#endif /* TTLOG_LEFT_OUT_H */
