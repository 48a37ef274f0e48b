/* SPDX-License-Identifier: MIT */
/*
 * A snapshot's header: FORMAT.md sections 2 and 3.
 */
#ifndef TTLOG_READ_HEADER_H
#define TTLOG_READ_HEADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arena.h"
#include "details.h"
#include "cbor_reader.h"

/* An executable or library that sites are of. */
struct header_module {
	struct ttlog_text build_id; /* may be empty */
	uint64_t site_cnt;
};

/* All text lies in `content`. */
struct header {
	struct ttlog_info info; /* has_header: the rest is not empty */
	unsigned char *content; /* owned: the item */
	struct arena arena;

	struct ttlog_site *sites; /* info has pointers to these */
	struct ttlog_thread *threads;
	struct header_module *modules; /* NULL: the file does not have them */
	size_t module_cnt;
	uint32_t *site_modules; /* by site; NULL likewise */
	struct ttlog_exit exit;
	struct ttlog_crash crash;

	/* What counts is the end, where it is there. */
	bool has_totals;
	uint64_t emitted, recorded, overwritten;
	struct ttlog_lost lost;
	struct ttlog_cbor lost_item;
};

/* Makes it empty, whatever it was: it must not move. */
void header__clear(struct header *ret);

/*
 * Reads a map that is a header. Copies what it needs; its tables take no more than max_bytes.
 * ret_why says what is wrong in words. Returns 0; -EBADMSG where it is no valid header; -ENOTSUP
 * where it is one that this reader must refuse; -ENOMEM. On failure ret is empty.
 */
int header__init(struct header *ret, const unsigned char *data, size_t len, size_t max_bytes,
		 char *ret_why, size_t why_size);
void header__fini(struct header *header);

/* Whether its events may have an identity (identity.h). */
static inline bool header__has_identity(const struct header *header)
{
	return header->info.has_header && header->info.has_pid && header->info.has_start_time &&
	       header->info.boot_id.len && header->site_modules;
}

#endif /* TTLOG_READ_HEADER_H */
