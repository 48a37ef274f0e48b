/* SPDX-License-Identifier: MIT */
/* Hashes of what files say, for tables: no file can know which they are. */
#ifndef TTLOG_READ_MIX_H
#define TTLOG_READ_MIX_H

#include <stdint.h>
#include <string.h>

#include "ttlog/read.h"

/* splitmix64: what a difference of two values becomes is up to the secret that it began with. Else a
 * file could make events of which all lie in one place of a table, or be taken for others. */
static inline uint64_t mix(uint64_t hash, uint64_t v)
{
	hash ^= v;
	hash = (hash ^ hash >> 30) * 0xbf58476d1ce4e5b9u;
	hash = (hash ^ hash >> 27) * 0x94d049bb133111ebu;
	return hash ^ hash >> 31;
}

static inline uint64_t mix_text(uint64_t hash, struct ttlog_text text)
{
	uint64_t word;
	size_t i;

	for (i = 0; i + sizeof(word) <= text.len; i += sizeof(word)) {
		memcpy(&word, text.p + i, sizeof(word));
		hash = mix(hash, word);
	}
	word = text.len;
	for (; i < text.len; i++)
		word = word << 8 | (unsigned char)text.p[i];
	return mix(hash, word);
}

#endif /* TTLOG_READ_MIX_H */
