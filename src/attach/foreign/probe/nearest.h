/* SPDX-License-Identifier: MIT */
/*
 * Names that are near a wrong one, for messages: "did you mean ...". A name is near if few letters
 * have to change, in any case; or if one of both contains the other.
 *
 *	struct nearest nearest = nearest__to("query_start");
 *
 *	nearest__offer(&nearest, "query__start");
 *	... all names that there are ...
 *	nearest__print(&nearest, text, sizeof(text)): "'query__start' or 'query__done'"
 */
#ifndef TTLOG_NEAREST_H
#define TTLOG_NEAREST_H

#include <stddef.h>

#define NEAREST_MAX_NAMES 3u
/* Longer names are only near themselves. */
#define NEAREST_MAX_BYTES 128u

struct nearest {
	const char *wrong;
	size_t cnt, offered_cnt;
	struct {
		char name[NEAREST_MAX_BYTES];
		size_t distance;
	} found[NEAREST_MAX_NAMES]; /* the nearest first */
};

/* Keeps the text. */
struct nearest nearest__to(const char *wrong);
/* Each different name counts once. */
void nearest__offer(struct nearest *nearest, const char *name);
/* "'a', 'b' or 'c'"; "": none is near. Returns ret. */
const char *nearest__print(const struct nearest *nearest, char *ret, size_t size);

#endif /* TTLOG_NEAREST_H */
