/* SPDX-License-Identifier: MIT */

#include "clock.h"
#include "event_stacks.h"
#include "job.h"
#include "live.h"
#include "live_rounds.h"
#include "process.h"
#include "processes.h"
#include "pull.h"
#include "puller.h"
#include "ring.h"

#define ROUND_NS  100000000ull
#define MAX_SHARE 5u /* rounds take at most a fifth of the time */

static bool has_news(const struct process *process)
{
	return process->ring && process->live.written_bytes != ring__written_bytes(process->ring);
}

static void mark(struct process *process)
{
	process->live.written_bytes = ring__written_bytes(process->ring);
	process->live.events = ring__events(process->ring);
}

/* Without memory, new events wait for the next round. */
static void submit(struct live_rounds *rounds, struct process *process)
{
	struct job *job;
	uint64_t events_before;

	job = job__new_since(process, &rounds->options->job, process->live.written_bytes,
			     &events_before);
	if (!job)
		return;
	job__add_stacks(job, process, EVENT_STACK_FOLLOWER);
	live__submit(rounds->options->live, job, events_before - process->live.events);
	mark(process);
}

static void submit_all(struct live_rounds *rounds)
{
	struct process *process = NULL;
	bool sampled = false;

	while ((process = process_table__next(&rounds->processes->table, process))) {
		if (!has_news(process))
			continue;
		/* as in snapshots: a pair later than all events */
		if (!sampled)
			clock__sample(rounds->options->job.clock);
		sampled = true;
		submit(rounds, process);
	}
}

/* Its threads may be in a context that they set before. Without memory that is not known. */
static void submit_before(struct live_rounds *rounds, struct process *process)
{
	const uint64_t position =
		ring__written_bytes(process->ring) - ring__used_bytes(process->ring);
	uint64_t events_before;
	struct job *job = process->has_side ? job__new_since(process, &rounds->options->job,
							     position, &events_before)
					    : NULL;

	if (!job)
		return;
	job->is_before = true;
	live__submit(rounds->options->live, job, 0);
}

/* There was no follower until now: records that are already there are not shown. */
static void begin(struct live_rounds *rounds)
{
	struct process *process = NULL;

	while ((process = process_table__next(&rounds->processes->table, process))) {
		if (!process->ring)
			continue;
		submit_before(rounds, process);
		event_stacks__pass(process->stacks, EVENT_STACK_FOLLOWER);
		mark(process);
	}
	live__begin(rounds->options->live);
}

static bool is_followed(const struct live_rounds *rounds)
{
	return rounds->options->live && live__state(rounds->options->live) != LIVE_NOBODY;
}

int live_rounds__wait_ms(const struct live_rounds *rounds, int longest_ms)
{
	uint64_t now_ns;

	if (!is_followed(rounds))
		return longest_ms;
	now_ns = clock__now_mono_ns();
	if (rounds->due_ns <= now_ns)
		return 0;
	if (rounds->due_ns - now_ns >= (uint64_t)longest_ms * 1000000u)
		return longest_ms;
	return (int)((rounds->due_ns - now_ns + 999999u) / 1000000u);
}

void live_rounds__show(struct live_rounds *rounds, const struct pull_meanwhile *meanwhile)
{
	uint64_t start_ns, took_ns;
	enum live_state state;

	if (!rounds->options->live)
		return;
	live__collect(rounds->options->live);
	state = live__state(rounds->options->live);
	start_ns = clock__now_mono_ns();
	if (state == LIVE_NOBODY || start_ns < rounds->due_ns)
		return;
	/* until the earlier jobs are done, events stay in the rings */
	if (state != LIVE_BUSY) {
		puller__pull_new(rounds->puller, meanwhile);
		if (state == LIVE_NEW)
			begin(rounds);
		else
			submit_all(rounds);
	}
	took_ns = clock__now_mono_ns() - start_ns;
	rounds->due_ns =
		start_ns + (took_ns * MAX_SHARE > ROUND_NS ? took_ns * MAX_SHARE : ROUND_NS);
}

void live_rounds__show_last(struct live_rounds *rounds, struct process *process)
{
	if (is_followed(rounds) && live__state(rounds->options->live) != LIVE_NEW &&
	    has_news(process))
		submit(rounds, process);
}

void live_rounds__show_all(struct live_rounds *rounds)
{
	if (is_followed(rounds) && live__state(rounds->options->live) != LIVE_NEW)
		submit_all(rounds);
}
