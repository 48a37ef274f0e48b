/* SPDX-License-Identifier: MIT */
/*
 * An answer that may be longer than one message: each begins with "PART/PARTS\n", counted from 1.
 * They come in order, or one is missing.
 */
#ifndef TTLOG_ASK_PARTS_H
#define TTLOG_ASK_PARTS_H

#include <stdbool.h>
#include <stddef.h>

#include "ask_answer.h"

#define ASK_PARTS_MOST      64 /* the servers may allow a host so many messages to a request */
#define ASK_PART_BYTES      (512u << 10)
#define ASK_PART_HEAD_BYTES 16

/* How many parts there are of so many bytes, if a server takes messages of at most max_payload bytes.
 * 0: too many. */
unsigned int ask_parts__count(size_t bytes, size_t max_payload);
/* Part `number`, from 1, in *ret with its head; the caller frees it. Its length; 0: no memory. */
size_t ask_parts__make(char **ret, const char *text, size_t bytes, size_t max_payload,
		       unsigned int number);

/* What came of one host. Starts with zeros. */
struct ask_parts {
	char *text; /* the caller frees it */
	size_t len, cap;
	unsigned int cnt, of; /* 0: none came */
	bool is_broken;
};

/* Whatever a host sent. Returns whether it was the last: then all is in text, or it is broken. */
bool ask_parts__take(struct ask_parts *parts, const char *bytes, size_t len);

#endif /* TTLOG_ASK_PARTS_H */
