/* SPDX-License-Identifier: MIT */
#include "contexts.h"
#include "job.h"
#include "live_contexts.h"

static bool is_of(const struct live_context *place, const struct job *job)
{
	return place->contexts && place->pid == job->source.pid && place->start_ns == job->start_ns;
}

/* That of the job's process; else a free one, or that which was not used for longest. */
static struct live_context *find(struct live_contexts *live, const struct job *job)
{
	struct live_context *best = live->processes;

	for (unsigned i = 0; i < LIVE_CONTEXTS_MAX; i++) {
		struct live_context *place = &live->processes[i];

		if (is_of(place, job))
			return place;
		if (place->used < best->used)
			best = place;
	}
	contexts__free(best->contexts);
	*best = (struct live_context){ .pid = job->source.pid, .start_ns = job->start_ns };
	return best;
}

struct contexts *live_contexts__pass(struct live_contexts *live, struct job *job)
{
	struct live_context *place;
	struct contexts *before = NULL;

	if (!job->source.has_side)
		return NULL;
	place = find(live, job);
	place->used = ++live->uses;
	if (!place->contexts)
		place->contexts = contexts__new();
	if (!place->contexts)
		return NULL;
	if (!contexts__are_none(place->contexts))
		before = contexts__clone(place->contexts);
	contexts__use(place->contexts, job->source.threads, job->source.thread_cnt);
	contexts__take_all(place->contexts, job->source.events);
	job->source.contexts = before;
	return before;
}

void live_contexts__fini(struct live_contexts *live)
{
	for (unsigned i = 0; i < LIVE_CONTEXTS_MAX; i++)
		contexts__free(live->processes[i].contexts);
}
