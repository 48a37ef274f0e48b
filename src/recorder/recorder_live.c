/* SPDX-License-Identifier: MIT */
/*
 * Those who follow: in rounds, a job for each process of which there is something new.
 *
 * A round takes the drain thread's time: what is unflushed is pulled, rings are frozen. Where that
 * is much, thousands of threads, rounds are further apart, so that it stays a fifth of it.
 */
#include <errno.h>

#include "clock.h"
#include "job.h"
#include "live.h"
#include "process.h"
#include "pull.h"
#include "recorder_parts.h"
#include "ring.h"

#define ROUND_NS  100000000ull
#define MAX_SHARE 5u /* a round takes at most one of so many parts of the time */

static bool has_news(const struct process *process)
{
	return process->ring && process->live.written_bytes != ring__written_bytes(process->ring);
}

static void mark(struct process *process)
{
	process->live.written_bytes = ring__written_bytes(process->ring);
	process->live.events = ring__events(process->ring);
}

/* Without memory for it what is new stays so until the next round. */
static void submit(struct recorder *recorder, struct process *process)
{
	struct job *job;
	uint64_t events_before;

	job = job__new_since(process, &recorder->options.job, process->live.written_bytes,
			     &events_before);
	if (!job)
		return;
	live__submit(recorder->options.live, job, events_before - process->live.events);
	mark(process);
}

static void submit_all(struct recorder *recorder)
{
	struct process *process;
	struct process_cursor cursor = { 0 };
	bool sampled = false;

	while ((process = process_table__next(&recorder->table, &cursor))) {
		if (!has_news(process))
			continue;
		/* as in snapshots: a pair later than all events */
		if (!sampled)
			clock__sample(recorder->options.job.clock);
		sampled = true;
		submit(recorder, process);
	}
}

/* All that there is by now was before anybody followed. */
static void begin(struct recorder *recorder)
{
	struct process *process;
	struct process_cursor cursor = { 0 };

	while ((process = process_table__next(&recorder->table, &cursor))) {
		if (process->ring)
			mark(process);
	}
	live__begin(recorder->options.live);
}

static bool is_followed(const struct recorder *recorder)
{
	return recorder->options.live && live__state(recorder->options.live) != LIVE_NOBODY;
}

int recorder__live_wait_ms(const struct recorder *recorder, int longest_ms)
{
	uint64_t now_ns;

	if (!is_followed(recorder))
		return longest_ms;
	now_ns = clock__now_mono_ns();
	if (recorder->live_due_ns <= now_ns)
		return 0;
	if (recorder->live_due_ns - now_ns >= (uint64_t)longest_ms * 1000000u)
		return longest_ms;
	return (int)((recorder->live_due_ns - now_ns + 999999u) / 1000000u);
}

void recorder__show(struct recorder *recorder, bool (*between)(void *ctx), void *ctx)
{
	const struct pull_meanwhile meanwhile = { .act = between, .ctx = ctx };
	uint64_t start_ns, took_ns;
	enum live_state state;

	if (!recorder->options.live)
		return;
	live__collect(recorder->options.live);
	state = live__state(recorder->options.live);
	start_ns = clock__now_mono_ns();
	if (state == LIVE_NOBODY || start_ns < recorder->live_due_ns)
		return;
	/* as long as the jobs before are not done the rings keep what comes */
	if (state != LIVE_BUSY) {
		recorder__pull_new(recorder, &meanwhile);
		if (state == LIVE_NEW)
			begin(recorder);
		else
			submit_all(recorder);
	}
	took_ns = clock__now_mono_ns() - start_ns;
	recorder->live_due_ns =
		start_ns + (took_ns * MAX_SHARE > ROUND_NS ? took_ns * MAX_SHARE : ROUND_NS);
}

void recorder__show_last(struct recorder *recorder, struct process *process)
{
	if (is_followed(recorder) && live__state(recorder->options.live) != LIVE_NEW &&
	    has_news(process))
		submit(recorder, process);
}

void recorder__show_all(struct recorder *recorder)
{
	if (is_followed(recorder) && live__state(recorder->options.live) != LIVE_NEW)
		submit_all(recorder);
}
