/* SPDX-License-Identifier: MIT */
/*
 * /etc/ld.so.cache of glibc: where libraries are, by name. It is read whole.
 */
#ifndef TTLOG_LIBRARY_CACHE_H
#define TTLOG_LIBRARY_CACHE_H

#include <limits.h>
#include <stdbool.h>

struct library_cache;

#define LIBRARY_CACHE_PATH      "/etc/ld.so.cache"
#define LIBRARY_CACHE_MAX_BYTES (16u << 20)

/* NULL: there is none, or it has another form. */
struct library_cache *library_cache__new(const char *path);
/* NULL is fine. */
void library_cache__free(struct library_cache *cache);

/* The path of the first library with that name for this machine. NULL has none. */
bool library_cache__find(const struct library_cache *cache, const char *name,
			 char ret_path[PATH_MAX]);

#endif /* TTLOG_LIBRARY_CACHE_H */
