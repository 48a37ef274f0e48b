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
#include "stacks.h"

/* An executable or library with sites. */
struct header_module {
	struct ttlog_text build_id; /* may be empty */
	uint32_t site_cnt;
	uint32_t same_as; /* an earlier one, of which these are more sites; UINT32_MAX: none */
};

/* All text points into `content`. */
struct header {
	struct ttlog_info info; /* has_header: else all is empty */
	unsigned char *content; /* a copy of the item */
	struct arena arena;

	struct ttlog_site *sites; /* info.sites points to them */
	struct ttlog_thread *threads;
	struct header_module *modules; /* NULL: the file has none */
	size_t module_cnt;
	uint32_t *site_modules; /* by site; NULL: no modules */
	struct ttlog_exit exit;
	struct ttlog_crash crash;

	/* If the file has an end item, its numbers count instead. */
	bool has_totals;
	uint64_t emitted, recorded, overwritten, unread, suppressed;
	struct ttlog_lost lost;
	struct ttlog_cbor lost_item;
	struct stacks stacks;
	struct ttlog_cbor stacks_item;
};

/* Makes an empty header. It has pointers to itself, so it must not move. */
void header__clear(struct header *ret);

struct header_limits {
	size_t max_bytes;    /* for its tables */
	uint64_t known_bits; /* of `incompatible` */
};

/*
 * Parses a header, from a copy of `data`. Returns 0; -EBADMSG:
 * it is not valid; -ENOTSUP: this reader must refuse its format; -ENOMEM. On failure ret is empty,
 * and ret_why has the reason in words.
 */
int header__init(struct header *ret, const unsigned char *data, size_t len,
		 const struct header_limits *limits, char *ret_why, size_t why_size);
void header__fini(struct header *header);

/* Whether its events may have an identity (identity.h). */
static inline bool header__has_identity(const struct header *header)
{
	return header->info.has_header && header->info.has_pid && header->info.has_start_time &&
	       header->info.boot_id.len && header->site_modules;
}

#endif /* TTLOG_READ_HEADER_H */
