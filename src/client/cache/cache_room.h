/* SPDX-License-Identifier: MIT */
/* Room in the cache: what was not used for the longest time goes first, never what is in use. */
#ifndef TTLOG_CACHE_ROOM_H
#define TTLOG_CACHE_ROOM_H

#include <stdint.h>

#define CACHE_ROOM_PART "part-" /* names of what is on its way in */

/* Removes files until `bytes` fit into max_bytes, and a sixteenth more, or all that is left is in use.
 * *ret_taken: by what is left. Under the cache's lock. 0 or -errno. */
int cache_room__make(int dir_fd, uint64_t max_bytes, uint64_t bytes, uint64_t *ret_taken);

#endif /* TTLOG_CACHE_ROOM_H */
