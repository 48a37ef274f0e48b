/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/sysinfo.h>
#include <sys/vfs.h>

#include "memory_group.h"
#include "ring_budget.h"
#include "ring_layout.h"

struct ring_budget {
	uint64_t max_bytes;
	struct ring *rings;   /* the writer's own */
	pthread_mutex_t lock; /* what follows */
	uint64_t used_bytes;
};

static int read_free_bytes(const char *dir, uint64_t *ret_bytes)
{
	struct sysinfo machine;
	struct statfs fs;

	if (statfs(dir, &fs))
		return -errno;
	if (fs.f_blocks) {
		*ret_bytes = fs.f_bavail * (uint64_t)fs.f_bsize;
		return 0;
	}
	/* a file system without a limit has what the machine has */
	if (sysinfo(&machine))
		return -errno;
	*ret_bytes = (uint64_t)machine.freeram * machine.mem_unit;
	return 0;
}

int ring_budget__of_dir(const char *dir, uint64_t *ret_bytes)
{
	uint64_t group_bytes = memory_group__own_left_bytes(), free_bytes = 0;
	int err = read_free_bytes(dir, &free_bytes);

	if (err)
		return err;
	/* pages of a tmpfs are charged to the process that writes them first: us */
	if (group_bytes < 2 * RING_BUDGET_MIN_BYTES)
		group_bytes = 2 * RING_BUDGET_MIN_BYTES;
	*ret_bytes = (group_bytes < free_bytes ? group_bytes : free_bytes) / 2;
	return 0;
}

struct ring_budget *ring_budget__new(uint64_t max_bytes)
{
	struct ring_budget *budget = calloc(1, sizeof(*budget));

	if (!budget)
		return NULL;
	budget->max_bytes = max_bytes;
	pthread_mutex_init(&budget->lock, NULL);
	return budget;
}

void ring_budget__free(struct ring_budget *budget)
{
	if (!budget)
		return;
	pthread_mutex_destroy(&budget->lock);
	free(budget);
}

void ring_budget__add(struct ring_budget *budget, struct ring *ring)
{
	if (!budget)
		return;
	ring->budget = budget;
	ring->budget_next = budget->rings;
	budget->rings = ring;
}

void ring_budget__remove(struct ring_budget *budget, struct ring *ring)
{
	struct ring **at;

	if (!budget)
		return;
	for (at = &budget->rings; *at != ring; at = &(*at)->budget_next)
		continue;
	*at = ring->budget_next;
	ring->budget = NULL;
}

bool ring_budget__take(struct ring_budget *budget, enum ring_budget_use use, uint64_t bytes)
{
	static const uint64_t left_shares[] = {
		[RING_BUDGET_BEGIN] = UINT64_MAX, /* none is left */
		[RING_BUDGET_MORE] = 16,
		[RING_BUDGET_SPARE] = 4,
	};
	bool has;

	if (!budget)
		return true;
	pthread_mutex_lock(&budget->lock);
	has = budget->used_bytes + bytes + budget->max_bytes / left_shares[use] <=
	      budget->max_bytes;
	if (has)
		budget->used_bytes += bytes;
	pthread_mutex_unlock(&budget->lock);
	return has;
}

void ring_budget__give(struct ring_budget *budget, uint64_t bytes)
{
	if (!budget)
		return;
	pthread_mutex_lock(&budget->lock);
	budget->used_bytes -= bytes;
	pthread_mutex_unlock(&budget->lock);
}

struct ring *ring_budget__first(const struct ring_budget *budget)
{
	return budget->rings;
}

bool ring_budget__fits(struct ring_budget *budget, uint64_t bytes)
{
	bool fits;

	pthread_mutex_lock(&budget->lock);
	fits = budget->used_bytes + bytes <= budget->max_bytes;
	pthread_mutex_unlock(&budget->lock);
	return fits;
}

void ring_budget__read(struct ring_budget *budget, uint64_t *ret_used_bytes,
		       uint64_t *ret_max_bytes)
{
	*ret_used_bytes = 0;
	*ret_max_bytes = UINT64_MAX;
	if (!budget)
		return;
	pthread_mutex_lock(&budget->lock);
	*ret_used_bytes = budget->used_bytes;
	*ret_max_bytes = budget->max_bytes;
	pthread_mutex_unlock(&budget->lock);
}
