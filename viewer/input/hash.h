/* SPDX-License-Identifier: MIT */
/* Hashes of values. A hostile file can make all alike that have no secret: who uses those must bear
 * that. */
#ifndef TTLOG_VIEW_HASH_H
#define TTLOG_VIEW_HASH_H

#include <stdint.h>

#include <ttlog/read.h>

/* splitmix64 */
static inline uint64_t hash__number(uint64_t v)
{
	v = (v ^ v >> 30) * 0xbf58476d1ce4e5b9u;
	v = (v ^ v >> 27) * 0x94d049bb133111ebu;
	return v ^ v >> 31;
}

/* FNV-1a, from a number that only this process knows: no file was made for it. The order of what is
 * found by it must not show in any output. */
uint64_t hash__secret(void);
static inline uint64_t hash__text_from(uint64_t hash, struct ttlog_text text)
{
	for (size_t i = 0; i < text.len; i++)
		hash = (hash ^ (unsigned char)text.p[i]) * 0x100000001b3u;
	return hash ^ hash >> 29;
}

static inline uint64_t hash__text(struct ttlog_text text)
{
	return hash__text_from(0xcbf29ce484222325u, text);
}

#endif /* TTLOG_VIEW_HASH_H */
