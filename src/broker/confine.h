/* SPDX-License-Identifier: MIT */
/*
 * Gives up, for good, all that the recorder does not need once the broker runs: capabilities, system
 * calls, and the paths that it may open.
 */
#ifndef TTLOG_CONFINE_H
#define TTLOG_CONFINE_H

#include <stddef.h>

struct confine_paths {
	const char *const
		*written;        /* directories that it may write and make files in; NULL ends it */
	const char *const *read; /* files and directories; what is missing is passed over */
};

/* What the kernel lacks. */
enum confine_gap {
	CONFINE_GAP_PATHS = 1, /* Landlock: it may open what its user may */
};

/* In the only thread. 0 or -errno: then *ret_failed says what failed. ret_gaps: enum confine_gap. */
int confine__self(const struct confine_paths *paths, unsigned int *ret_gaps,
		  const char **ret_failed);

#endif /* TTLOG_CONFINE_H */
