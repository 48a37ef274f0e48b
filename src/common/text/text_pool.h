/* SPDX-License-Identifier: MIT */
/*
 * Texts that are kept once: equal ones share their bytes, and all go together.
 *
 * A site table owns one: ten thousand sites name few files and functions. Made by one thread;
 * what it handed out may be read by any.
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
 * The pool's own copy of len bytes at text, with a zero byte behind them; the same address for the
 * same bytes, valid until the pool goes. NULL with errno where memory is short.
 */
const char *text_pool__add(struct text_pool *pool, const char *text, size_t len);

#endif /* TTLOG_TEXT_POOL_H */
