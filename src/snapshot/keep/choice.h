/* SPDX-License-Identifier: MIT */
/*
 * Which files go when there are too many. Nothing here touches a file.
 *
 * Services share the limit evenly; what one does not use is for the others. Only services that have
 * more than their share lose files: by rank, and of one rank the oldest first. Of each signature of
 * a service the first crash and the last three are spared as long as they have any other file. So a
 * program in a crash loop evicts its own crashes, and nothing of another service. Files whose
 * service is unknown have no share.
 *
 * Files that are kept until they are shipped do not go for being too many; for being too large only
 * after all that are shipped.
 */
#ifndef TTLOG_CHOICE_H
#define TTLOG_CHOICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kept_file.h"

struct choice_limits {
	size_t max_files;   /* 0: no limit */
	uint64_t max_bytes; /* the same */
	/* How many bytes of the disk are missing; 0: none. If all snapshots together have not so
	 * many, those that are spared stay. */
	uint64_t missing_bytes;
	const char *kept; /* was just written, and stays; NULL: none */
	bool keeps_unshipped;
};

/* Of more than 1,000 files, 1/128 of the limit goes besides. Sets `why` of files that still have KEPT_STAYS there. At least one file stays. 0 or -ENOMEM. */
int choice__make(struct kept_file *files, size_t cnt, const struct choice_limits *limits);

#endif /* TTLOG_CHOICE_H */
