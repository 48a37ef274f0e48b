/* SPDX-License-Identifier: MIT */
/* What a bucket has, by its index alone. */
#ifndef TTLOG_INDEX_LIST_H
#define TTLOG_INDEX_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fleet_name.h"
#include "index_stream.h"
#include "index_summary.h"

#define INDEX_ID_BYTES 65 /* a SHA-256 in hexadecimal digits, with the zero */

/* Globs; "": all. A host is meant by its whole HOST, or by its name without the digits. */
struct index_filter {
	const char *host, *service, *reason;
};

/* One file. What hosts send is not checked beyond its subject and the types of its summary. */
struct index_entry {
	char host[FLEET_NAME_BYTES], service[FLEET_NAME_BYTES], reason[FLEET_NAME_BYTES];
	char id[INDEX_ID_BYTES]; /* of the subject */
	bool has_summary;        /* else it is damaged */
	struct index_summary summary;
	uint64_t stored_ns; /* when a server took it, since 1970 */
};

/* Whether that glob means the host, which is not escaped. */
bool index_list__is_host(const char *glob, const char *host);

/* Each file that matches, in the order in which they came. each: 0, or -errno, which ends it. */
int index_list__each(const struct index_stream *index, const struct index_filter *filter,
		     int (*each)(void *ctx, const struct index_entry *entry), void *ctx,
		     struct fleet_error *error);

#endif /* TTLOG_INDEX_LIST_H */
