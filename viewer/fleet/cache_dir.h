/* SPDX-License-Identifier: MIT */
/* The directory for files of other machines. */
#ifndef TTLOG_VIEW_CACHE_DIR_H
#define TTLOG_VIEW_CACHE_DIR_H

#include <limits.h>

/* $XDG_CACHE_HOME/ttlog, else /var/cache/ttlog for root and ~/.cache/ttlog for others; makes it, for this
 * user alone. 0 or -errno; ret says on what. -ENOENT with "": there is no home. -EPERM: it is another
 * user's. */
int cache_dir__make(char ret[PATH_MAX]);

#endif /* TTLOG_VIEW_CACHE_DIR_H */
