/* SPDX-License-Identifier: MIT */
/*
 * Keeps each text once: equal ones share their bytes. All are freed together.
 *
 * A site table has a pool: ten thousand sites have few different files and functions. One thread
 * adds texts; any thread may read them.
 */
#ifndef TTLOG_TEXT_POOL_H
#define TTLOG_TEXT_POOL_H

#include <stddef.h>

struct text_pool;

/* NULL with errno on failure. */
struct text_pool *text_pool__new(void);
/* NULL is fine. */
void text_pool__free(struct text_pool *pool);

/*
 * The pool's copy of len bytes at text, with a zero byte after them: the same address for the same
 * bytes, valid until the pool is freed. NULL with errno.
 */
const char *text_pool__add(struct text_pool *pool, const char *text, size_t len);

#endif /* TTLOG_TEXT_POOL_H */
