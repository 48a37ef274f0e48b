/* SPDX-License-Identifier: MIT */
/*
 * A snapshot's header: FORMAT.md sections 2 and 3.
 */
#ifndef TTLOG_VIEW_HEADER_H
#define TTLOG_VIEW_HEADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arena.h"
#include "details.h"
#include "event.h"
#include "token.h"

struct header_mapping {
	uint64_t start, end, offset;
	struct text path, build_id;
};

/* All text lies in `content`; an absent text has a NULL p. */
struct header {
	unsigned char *content; /* owned: the item */
	struct token_in item;   /* its bytes, for whoever wants keys that are not here */
	struct arena arena;

	uint64_t mono_ns, real_ns; /* the same moment */
	struct event_site *sites;
	size_t site_cnt;
	struct event_thread *threads;
	size_t thread_cnt;
	struct header_mapping *mappings;
	size_t mapping_cnt;
	struct text service, host, kernel, comm, exe, build_id, reason, created_at;
	bool has_pid, has_uid, has_cgroup;
	uint64_t pid, uid, cgroup;
	bool has_totals;
	uint64_t emitted, recorded, overwritten;
	struct details_exit exit;
	struct details_crash crash;
	struct details_lost lost;
	struct token_in lost_item, exit_item, crash_item; /* the same as they stand, with unknown
							   * keys; `at` is NULL where absent */
};

/*
 * Reads a map that is a header. Copies what it needs. ret_why says what is wrong in words.
 * Returns 0; -EBADMSG where it is no valid header; -ENOTSUP where it is one that this reader must
 * refuse; -ENOMEM. On failure ret is empty.
 */
int header__init(struct header *ret, const unsigned char *data, size_t len, char *ret_why,
		 size_t why_size);
void header__fini(struct header *header);

/* Wall time of a moment of CLOCK_MONOTONIC. */
static inline uint64_t header__real_ns(const struct header *header, uint64_t mono_ns)
{
	return header->real_ns + (mono_ns - header->mono_ns);
}

#endif /* TTLOG_VIEW_HEADER_H */
