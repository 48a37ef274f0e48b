/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <ttlog/read.h>
#include "mix.h"
#include "repeats.h"

/* Equal nanoseconds are rare; a file in which all are equal must not fill the memory. */
#define MAX_SEEN (1u << 20)

struct seen {
	uint64_t hash;
	uint64_t round; /* of an earlier one: the place is free */
	uint32_t number;
	uint32_t in_file, shown; /* so many in that file, and in the one that had most */
};

static uint64_t hash_event(const struct repeats *repeats, uint64_t family,
			   const struct ttlog_event *event)
{
	uint64_t hash = mix(repeats->secret, family);

	hash = mix(hash, event->site->identity);
	hash = mix(hash, event->thread->tid);

	hash = mix(hash, event->thread->pid);
	for (unsigned i = 0; i < event->site->nfields; i++) {
		struct ttlog_field field;

		ttlog_event_field(event, i, &field);
		hash = mix(hash, (uint64_t)field.type << 16 | (uint64_t)field.null << 9 |
					 (uint64_t)field.cut << 8 | field.scale);
		if (field.null)
			continue;
		if (field.type == TTLOG_TYPE_STR || field.type == TTLOG_TYPE_BYTES)
			hash = mix_text(hash, field.text);
		else
			hash = mix(hash, field.u);
	}
	return hash;
}

static struct seen *find_seen(struct repeats *repeats, uint64_t hash)
{
	size_t i = hash & (repeats->cap - 1);

	while (repeats->table[i].round == repeats->round && repeats->table[i].hash != hash)
		i = (i + 1) & (repeats->cap - 1);
	return &repeats->table[i];
}

static int grow_seen(struct repeats *repeats)
{
	size_t cap = repeats->cap ? repeats->cap * 2 : 64, old_cap = repeats->cap;
	struct seen *old = repeats->table, *grown;

	if (cap > MAX_SEEN)
		return -ENOSPC;
	if (!repeats->cap)
		/* Without one it is still right. */
		(void)!getrandom(&repeats->secret, sizeof(repeats->secret), GRND_NONBLOCK);
	grown = calloc(cap, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	repeats->table = grown;
	repeats->cap = cap;
	for (size_t i = 0; i < old_cap; i++) {
		if (old[i].round == repeats->round)
			*find_seen(repeats, old[i].hash) = old[i];
	}
	free(old);
	return 0;
}

bool repeats__has(struct repeats *repeats, uint64_t key, uint64_t family, uint32_t number,
		  const struct ttlog_event *event)
{
	struct seen *seen;
	uint64_t hash;

	if (repeats->key != key || !repeats->round) {
		repeats->key = key;
		repeats__forget(repeats);
	}
	if (repeats->cnt * 2 >= repeats->cap && grow_seen(repeats))
		return false;
	hash = hash_event(repeats, family, event);
	seen = find_seen(repeats, hash);
	if (seen->round != repeats->round) {
		*seen = (struct seen){ .hash = hash, .round = repeats->round, .number = number };
		repeats->cnt++;
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

bool repeats__knows(const struct repeats *repeats, uint64_t key)
{
	return repeats->cnt && repeats->key >= key;
}

void repeats__forget(struct repeats *repeats)
{
	repeats->round++;
	repeats->cnt = 0;
}

void repeats__fini(struct repeats *repeats)
{
	free(repeats->table);
}
