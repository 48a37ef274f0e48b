/* SPDX-License-Identifier: MIT */
/*
 * Finds the group of events that had the same site, thread and numbers before: saves making their
 * key. It may forget, but never errs. At most 5 MiB.
 */
#ifndef TTLOG_VIEW_GROUP_MEMO_H
#define TTLOG_VIEW_GROUP_MEMO_H

#include <stdbool.h>
#include <stdint.h>

#define GROUP_MEMO_NUMBERS 2u

struct group;
struct ttlog_site;
struct ttlog_thread;

/* What decides the group; 0 and NULL if it does not. */
struct group_memo_key {
	const struct ttlog_site *site;
	const struct ttlog_thread *thread;
	uint64_t numbers[GROUP_MEMO_NUMBERS];
};

struct group_memo_entry {
	struct group_memo_key key;
	struct group *group; /* NULL: the entry is free */
};

/* All 0: empty. */
struct group_memo {
	struct group_memo_entry *entries;
	uint32_t cap, cnt; /* cap: a power of two */
	uint64_t miss_cnt;
	bool is_useless; /* hardly any key comes again: don't ask */
};

void group_memo__fini(struct group_memo *memo);

/* NULL: not known. */
struct group *group_memo__find(const struct group_memo *memo, const struct group_memo_key *key);
/* Adds a key that was not found. */
void group_memo__add(struct group_memo *memo, const struct group_memo_key *key,
		     struct group *group);

#endif /* TTLOG_VIEW_GROUP_MEMO_H */
