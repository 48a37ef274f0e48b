/* SPDX-License-Identifier: MIT */
/*
 * Hashes. Keys that a hostile file or program chooses are hashed with a secret: else it could make
 * all entries of a table collide. The order of entries in such a table must not be visible.
 */
#ifndef TTLOG_HASH_H
#define TTLOG_HASH_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/random.h>

#define HASH_FNV_START UINT64_C(0xcbf29ce484222325)

/* FNV-1a, byte by byte, from HASH_FNV_START or from the hash of what comes before. */
static inline uint64_t hash__fnv(uint64_t hash, const void *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		hash = (hash ^ ((const unsigned char *)bytes)[i]) * UINT64_C(0x100000001b3);
	return hash;
}

/* One step of splitmix64: every bit of `hash` and `v` changes half of the result. */
static inline uint64_t hash__mix(uint64_t hash, uint64_t v)
{
	hash ^= v;
	hash = (hash ^ hash >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	hash = (hash ^ hash >> 27) * UINT64_C(0x94d049bb133111eb);
	return hash ^ hash >> 31;
}

/* Takes eight bytes in a step. */
static inline uint64_t hash__bytes(uint64_t hash, const void *bytes, size_t len)
{
	const unsigned char *p = bytes;
	uint64_t word;
	size_t i;

	for (i = 0; i + sizeof(word) <= len; i += sizeof(word)) {
		memcpy(&word, p + i, sizeof(word));
		hash = hash__mix(hash, word);
	}
	word = len;
	for (; i < len; i++)
		word = word << 8 | p[i];
	return hash__mix(hash, word);
}

/* A new one at each call; 0 if the kernel has none yet, which still works. */
static inline uint64_t hash__new_secret(void)
{
	uint64_t secret = 0;

	(void)!getrandom(&secret, sizeof(secret), GRND_NONBLOCK);
	return secret;
}

#endif /* TTLOG_HASH_H */
