/* SPDX-License-Identifier: MIT */
/*
 * Gives up, for good, all that the recorder does not need once the broker runs: capabilities, system
 * calls, and the paths that it may open.
 */
#ifndef TTLOG_CONFINE_H
#define TTLOG_CONFINE_H

#include "allowed_paths.h"

/* What the kernel lacks. */
enum confine_gap {
	CONFINE_GAP_PATHS = 1, /* Landlock: it may open what its user may */
};

/* In the only thread. 0 or -errno: then *ret_failed says what failed. ret_gaps: enum confine_gap. */
int confine__self(const struct allowed_paths *paths, unsigned int *ret_gaps,
		  const char **ret_failed);

#endif /* TTLOG_CONFINE_H */
