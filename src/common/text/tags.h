/* SPDX-License-Identifier: MIT */
/*
 * What a user calls the recorded programs by: "env=production". A tag's key is a word, its value
 * any text. They go into each snapshot.
 */
#ifndef TTLOG_TAGS_H
#define TTLOG_TAGS_H

#include <stddef.h>

#define TAGS_MAX             32u
#define TAGS_KEY_MAX_BYTES   64u
#define TAGS_VALUE_MAX_BYTES 256u

struct tag {
	char key[TAGS_KEY_MAX_BYTES + 1], value[TAGS_VALUE_MAX_BYTES + 1];
};

/* All zero is valid: no tags. */
struct tags {
	struct tag *items;
	size_t cnt, capacity;
};

void tags__fini(struct tags *tags);

/* Adds "KEY=VALUE"; a key that is there gets the new value. 0, -EINVAL with the reason as text, or
 * -ENOMEM. */
int tags__add(struct tags *tags, const char *text, char *ret_why, size_t why_size);

#endif /* TTLOG_TAGS_H */
