/* SPDX-License-Identifier: MIT */
/*
 * Has the pages of new ring buffers touched, by the kernel and by us, in a thread beside the
 * start, so that no program waits for that while it logs.
 *
 * The kernel maps a ring buffer at once, but where a hypervisor keeps the page tables the first
 * touch of each page takes 10 to 15 us: 64 MiB of events cost three times as much as those after
 * them. Elsewhere it is over in some milliseconds.
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

/* The rings must be new, and nobody else may take from them until warm__end(). NULL where there is
 * no memory or thread for it: the first events are then slower. */
struct warm *warm__start(const struct warm_ring *rings, size_t cnt);
/* However far it is. NULL is fine. */
void warm__end(struct warm *warm);

#endif /* TTLOG_WARM_H */
