/* SPDX-License-Identifier: MIT */
#include "clock.h"
#include "event_stacks.h"
#include "job.h"
#include "process.h"
#include "process_settings.h"
#include "processes.h"
#include "pull.h"
#include "puller.h"
#include "ring.h"
#include "stream_rounds.h"
#include "streams.h"

#define LOOK_NS       10000000ull
#define MAX_SHARE     5u /* rounds take at most a fifth of the time */
/* The times of events are measured, and may be wrong by so much. */
#define CLOCK_SLOP_NS 100000u
/* Less than all of a ring waits, also of a small one. */
#define RING_SHARE    4u

static bool is_streamed(const struct stream_rounds *rounds, const struct process *process)
{
	const struct process_settings *settings = process->settings;

	return settings && settings->has_stream ? settings->stream : rounds->options->stream_all;
}

static uint64_t new_bytes(const struct stream_rounds *rounds, const struct process *process)
{
	if (!is_streamed(rounds, process))
		return 0;
	return process->ring
		       ? ring__written_bytes(process->ring) - process->streamed.mark.written_bytes
		       : 0;
}

/* Without memory, new events wait for the next round. */
static void submit(struct stream_rounds *rounds, struct process *process, bool is_last)
{
	struct streamed *streamed = &process->streamed;
	struct stream_submission submission = {
		.covers_ns = streamed->covers_ns,
		.is_last = is_last,
	};
	uint64_t events_before;

	if (!process->stream)
		process->stream = streams__open(rounds->options->streams, process->id.pid);
	if (!process->stream)
		return;
	submission.job = job__new_since(process, &rounds->options->job,
					streamed->mark.written_bytes, &events_before);
	if (!submission.job)
		return;
	if (is_last || stream__wants_stacks(process->stream))
		job__add_stacks(submission.job, process, EVENT_STACK_STREAM);
	if (is_last)
		job__add_exit(submission.job, process);
	submission.missed = events_before - streamed->mark.events;
	submission.events = ring__events(process->ring) - events_before;
	streamed->mark.written_bytes = ring__written_bytes(process->ring);
	streamed->mark.events = ring__events(process->ring);
	streamed->sent_ns = streamed->covers_ns;
	streams__submit(rounds->options->streams, process->stream, &submission);
	if (is_last)
		process->stream = NULL;
}

/* All of before covers_ns is in the rings from now on, of processes whose batches could be read. */
static void take_all(struct stream_rounds *rounds, const struct pull_meanwhile *meanwhile,
		     bool is_behind)
{
	rounds->taken_ns = clock__now_mono_ns();
	puller__pull_new(rounds->puller, meanwhile);
	/* what was flushed while it pulled; threads that are not known yet began after begun_ns */
	if (meanwhile->act(meanwhile->ctx) && !is_behind && rounds->begun_ns > CLOCK_SLOP_NS)
		rounds->covers_ns = rounds->begun_ns - CLOCK_SLOP_NS;
	/* a pair later than all events, as in snapshots */
	clock__sample(rounds->options->job.clock);
}

/* At least so many, which the stream would take now. */
static bool has_stacks(const struct stream_rounds *rounds, const struct process *process,
		       size_t cnt)
{
	return process->stacks && is_streamed(rounds, process) &&
	       (!process->stream || stream__wants_stacks(process->stream)) &&
	       event_stacks__new_cnt(process->stacks, EVENT_STACK_STREAM) >= cnt;
}

/* A job without events takes those that were held back, stacks of events that were taken before, and
 * news that the disk works again. */
static bool has_more(const struct stream_rounds *rounds, const struct process *process)
{
	const struct streamed *streamed = &process->streamed;

	if (new_bytes(rounds, process) || has_stacks(rounds, process, 1))
		return true;
	return process->stream && stream__wants_job(process->stream) &&
	       streamed->covers_ns > streamed->sent_ns;
}

/* Nothing has been logged since the last job: if that is on disk, so is all of before this round. */
static void note_quiet(const struct stream_rounds *rounds, struct process *process)
{
	struct streamed *streamed = &process->streamed;

	if (process->stream && is_streamed(rounds, process) &&
	    !stream__wants_job(process->stream) &&
	    stream__durable_mono_ns(process->stream) >= streamed->sent_ns)
		streamed->durable_ns = streamed->covers_ns;
}

static void submit_all(struct stream_rounds *rounds)
{
	struct process *process = NULL;

	while ((process = process_table__next(&rounds->processes->table, process))) {
		if (process->lifecycle.ended)
			continue;
		if (process->arrivals.read_ns >= rounds->taken_ns)
			process->streamed.covers_ns = rounds->covers_ns;
		if (process->stream && !stream__is_idle(process->stream))
			continue;
		if (!has_more(rounds, process))
			note_quiet(rounds, process);
		else if (streams__has_room(rounds->options->streams))
			submit(rounds, process, false);
	}
}

/* Whether a process has so much that it should not wait. */
static bool is_pressing(const struct stream_rounds *rounds)
{
	const uint64_t most = rounds->options->stream_bytes;
	const uint64_t share = rounds->options->ring_bytes / RING_SHARE;
	const uint64_t wanted = most < share ? most : share;
	const struct process *process = NULL;

	while ((process = process_table__next(&rounds->processes->table, process))) {
		/* more stacks, and some might be dropped before the next round */
		if ((new_bytes(rounds, process) >= wanted ||
		     has_stacks(rounds, process, EVENT_STACKS_MAX / 4)) &&
		    (!process->stream || stream__is_idle(process->stream)))
			return true;
	}
	return false;
}

static uint64_t next_ns(const struct stream_rounds *rounds)
{
	return rounds->look_ns < rounds->due_ns ? rounds->look_ns : rounds->due_ns;
}

int stream_rounds__wait_ms(const struct stream_rounds *rounds, int longest_ms)
{
	uint64_t now_ns, at_ns = next_ns(rounds);

	if (!rounds->options->streams || !rounds->processes->table.cnt)
		return longest_ms;
	if (at_ns < rounds->rest_ns)
		at_ns = rounds->rest_ns;
	now_ns = clock__now_mono_ns();
	if (at_ns <= now_ns)
		return 0;
	if (at_ns - now_ns >= (uint64_t)longest_ms * 1000000u)
		return longest_ms;
	return (int)((at_ns - now_ns + 999999u) / 1000000u);
}

void stream_rounds__begin(struct stream_rounds *rounds)
{
	if (rounds->options->streams)
		rounds->begun_ns = clock__now_mono_ns();
}

void stream_rounds__write(struct stream_rounds *rounds, const struct pull_meanwhile *meanwhile,
			  bool is_behind)
{
	uint64_t start_ns, end_ns;

	if (!rounds->options->streams)
		return;
	streams__collect(rounds->options->streams);
	start_ns = clock__now_mono_ns();
	if (start_ns < next_ns(rounds) || start_ns < rounds->rest_ns)
		return;
	rounds->look_ns = start_ns + LOOK_NS;
	if (start_ns >= rounds->due_ns || is_pressing(rounds)) {
		take_all(rounds, meanwhile, is_behind);
		submit_all(rounds);
		rounds->due_ns = start_ns + rounds->options->stream_age_ns;
	}
	end_ns = clock__now_mono_ns();
	rounds->rest_ns = end_ns + (end_ns - start_ns) * (MAX_SHARE - 1);
}

void stream_rounds__end(struct stream_rounds *rounds, struct process *process)
{
	if (!rounds->options->streams || !process->ring)
		return;
	if (!process->stream && !new_bytes(rounds, process))
		return;
	clock__sample(rounds->options->job.clock);
	submit(rounds, process, true);
}

void stream_rounds__end_all(struct stream_rounds *rounds)
{
	struct process *process = NULL;

	while ((process = process_table__next(&rounds->processes->table, process))) {
		if (!process->lifecycle.ended)
			stream_rounds__end(rounds, process);
	}
}
