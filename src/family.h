/* SPDX-License-Identifier: MIT */
/*
 * Who forked whom, of late: a child that is gone before its first event is read had its parent's
 * mappings and program. One thread.
 */
#ifndef TTLOG_FAMILY_H
#define TTLOG_FAMILY_H

#include <stddef.h>
#include <stdint.h>

#define FAMILY_MAX 1024 /* more than may die between two looks into the kernel's messages */

struct family_fork {
	uint32_t child, parent;
	uint32_t exec; /* which of the parent's programs both run */
	uint64_t parent_start_ns;
};

/* Starts with zeroes. */
struct family {
	struct family_fork forks[FAMILY_MAX];
	size_t next;
};

void family__add(struct family *family, const struct family_fork *fork);
/* The newest of that child, NULL for none. */
const struct family_fork *family__find(const struct family *family, uint32_t child);

#endif /* TTLOG_FAMILY_H */
