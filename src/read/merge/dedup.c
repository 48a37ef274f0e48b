/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>

#include <ttlog/read.h>
#include "hash.h"
#include "dedup.h"

/* Events in one nanosecond are few; but a hostile file must not fill the memory. */
#define MAX_SEEN (1u << 20)

struct seen {
	uint64_t hash;
	uint64_t round; /* of an earlier round: the slot is free */
	uint32_t number;
	uint32_t in_file, shown; /* equal events in that file, and in the file with most */
};

static uint64_t hash_event(const struct dedup *dedup, uint64_t family,
			   const struct ttlog_event *event)
{
	uint64_t hash = hash__mix(dedup->secret, family);

	hash = hash__mix(hash, event->site->identity);
	hash = hash__mix(hash, event->thread->tid);
	hash = hash__mix(hash, event->thread->pid);
	for (unsigned i = 0; i < event->site->nfields; i++) {
		struct ttlog_field field;

		ttlog_event_field(event, i, &field);
		hash = hash__mix(hash, (uint64_t)field.type << 16 | (uint64_t)field.null << 9 |
					       (uint64_t)field.cut << 8 | field.scale);
		if (field.null)
			continue;
		if (field.type == TTLOG_TYPE_STR || field.type == TTLOG_TYPE_BYTES)
			hash = hash__bytes(hash, field.text.p, field.text.len);
		else
			hash = hash__mix(hash, field.u);
	}
	return hash;
}

static struct seen *find_seen(struct dedup *dedup, uint64_t hash)
{
	size_t i = hash & (dedup->cap - 1);

	while (dedup->table[i].round == dedup->round && dedup->table[i].hash != hash)
		i = (i + 1) & (dedup->cap - 1);
	return &dedup->table[i];
}

static int grow_seen(struct dedup *dedup)
{
	size_t cap = dedup->cap ? dedup->cap * 2 : 64, old_cap = dedup->cap;
	struct seen *old = dedup->table, *grown;

	if (cap > MAX_SEEN)
		return -ENOSPC;
	if (!dedup->cap)
		dedup->secret = hash__new_secret();
	grown = calloc(cap, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	dedup->table = grown;
	dedup->cap = cap;
	for (size_t i = 0; i < old_cap; i++) {
		if (old[i].round == dedup->round)
			*find_seen(dedup, old[i].hash) = old[i];
	}
	free(old);
	return 0;
}

bool dedup__was_shown(struct dedup *dedup, uint64_t key, uint64_t family, uint32_t number,
		      const struct ttlog_event *event)
{
	struct seen *seen;
	uint64_t hash;

	if (dedup->key != key || !dedup->round) {
		dedup->key = key;
		dedup__forget(dedup);
	}
	if (dedup->cnt * 2 >= dedup->cap && grow_seen(dedup))
		return false;
	hash = hash_event(dedup, family, event);
	seen = find_seen(dedup, hash);
	if (seen->round != dedup->round) {
		*seen = (struct seen){ .hash = hash, .round = dedup->round, .number = number };
		dedup->cnt++;
	}
	if (seen->number != number) {
		seen->number = number;
		seen->in_file = 0;
	}
	if (++seen->in_file <= seen->shown)
		return true;
	seen->shown = seen->in_file;
	return false;
}

bool dedup__knows(const struct dedup *dedup, uint64_t key)
{
	return dedup->cnt && dedup->key >= key;
}

void dedup__forget(struct dedup *dedup)
{
	dedup->round++;
	dedup->cnt = 0;
}

void dedup__fini(struct dedup *dedup)
{
	free(dedup->table);
}
