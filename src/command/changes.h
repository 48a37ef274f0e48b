/* SPDX-License-Identifier: MIT */
/*
 * What `ttlog-ctl level` and `filter` have changed of what the configuration says, until it comes
 * back. One thread.
 *
 * Of a selector there is one change that stays and one for a time, which counts while it lasts; a
 * new one takes the place of its kind.
 */
#ifndef TTLOG_CHANGES_H
#define TTLOG_CHANGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json_out;
struct selector;
struct site_choice;
struct site_filter;

#define CHANGES_MAX 64

struct change {
	char *levels_text;
	struct site_filter *levels;
	uint32_t pid;
	char *service, *target;
	uint64_t until_ns; /* CLOCK_MONOTONIC; 0: it stays */
};

/* Starts with zeros, but for base. */
struct changes {
	struct site_filter *base;  /* of the configuration */
	struct site_filter *rules; /* instead of the base's; NULL: none */
	char *rules_text;          /* expressions, each zero-terminated */
	size_t rules_bytes;
	struct change *items; /* those that stay, then those for a time; each by age */
	size_t cnt, cap;
};

/* All that is in it, base included. */
void changes__fini(struct changes *changes);
/*
 * Adds one. for_ns: 0: it stays. levels: "default" removes those of the selector. 0; -EINVAL with a
 * message for the user; -ENOSPC: there are CHANGES_MAX; -ENOMEM.
 */
int changes__add(struct changes *changes, const struct selector *selector, const char *levels,
		 uint64_t for_ns, uint64_t now_ns, char *error, size_t error_size);
/* Other expressions than --filter's: each zero-terminated. As above. */
int changes__set_rules(struct changes *changes, const char *texts, size_t bytes, char *error,
		       size_t error_size);
/* The configuration was read again: takes ownership of base (NULL: it has not changed). What stays
 * goes; what is for a time does not. */
void changes__rebase(struct changes *changes, struct site_filter *base);

/* When the next one ends; 0: none does. */
uint64_t changes__due_ns(const struct changes *changes);
/* Removes those that have ended. Returns whether there were any. */
bool changes__expire(struct changes *changes, uint64_t now_ns);

/* NULL without memory. */
struct site_choice *changes__choice(const struct changes *changes);
/* The member "changes", and "filter" if it is another one. */
void changes__write(const struct changes *changes, struct json_out *json, uint64_t now_ns);

#endif /* TTLOG_CHANGES_H */
