/* SPDX-License-Identifier: MIT */
/*
 * Touches the pages of new ring buffers, in the kernel and in this process, in a thread beside the
 * start. So no program waits for that while it logs.
 *
 * The kernel maps a ring buffer at once. But if a hypervisor keeps the page tables, the first touch
 * of each page takes 10 to 15 us: the first 64 MiB of events cost three times as much as later
 * ones. On other machines it takes only some milliseconds.
 */
#ifndef TTLOG_WARM_H
#define TTLOG_WARM_H

#include <stddef.h>

struct warm;
struct wire_ring;

struct warm_ring {
	int fd; /* of the map */
	size_t bytes;
	struct wire_ring *reader;
};

/* The rings must be new, and nothing else may read them until warm__end(). NULL: no memory or no
 * thread; then the first events are slower. */
struct warm *warm__start(const struct warm_ring *rings, size_t cnt);
/* Ends it, at any progress. NULL is fine. */
void warm__end(struct warm *warm);

#endif /* TTLOG_WARM_H */
