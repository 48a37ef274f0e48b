/* SPDX-License-Identifier: MIT */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "jobs.h"
#include "process.h"
#include "processes.h"
#include "pull.h"
#include "puller.h"
#include "trigger.h"
#include "trigger_plan.h"
#include "trigger_rounds.h"

#define ROUND_NS  100000000ull
#define YOUNG_NS  (ROUND_NS / 5) /* a batch that began since then can wait for the next round */
#define MAX_SHARE 5u
#define AGAIN_NS  10000000ull /* if the last snapshot of a process is still written */

struct process_key {
	uint32_t pid;
	uint64_t start_ns;
};

void trigger_rounds__init(struct trigger_rounds *rounds, const struct recorder_options *options,
			  struct puller *puller, struct jobs *jobs)
{
	*rounds = (struct trigger_rounds){
		.options = options,
		.processes = jobs->processes,
		.puller = puller,
		.jobs = jobs,
		.last = &rounds->first,
	};
}

static struct trigger_request *take_first(struct trigger_rounds *rounds)
{
	struct trigger_request *request = rounds->first;

	rounds->first = request->next;
	if (!rounds->first)
		rounds->last = &rounds->first;
	rounds->cnt--;
	return request;
}

void trigger_rounds__fini(struct trigger_rounds *rounds)
{
	while (rounds->first)
		trigger_request__free(take_first(rounds));
}

static uint64_t delay_ns(const struct trigger_rounds *rounds)
{
	return rounds->options->plan->rules.delay_ns;
}

/* ---- requests ---- */

static void refuse(struct trigger_request *request)
{
	if (request->answer) {
		trigger_request__add_line(request, "error: too many requests at once");
		request->answer(request);
	}
	trigger_request__free(request);
}

static void put_off(struct trigger_rounds *rounds, struct trigger_request *request)
{
	if (rounds->cnt == TRIGGER_ROUNDS_MAX) {
		refuse(request);
		return;
	}
	if (__builtin_add_overflow(clock__now_mono_ns(), delay_ns(rounds), &request->due_ns))
		request->due_ns = UINT64_MAX;
	request->next = NULL;
	*rounds->last = request;
	rounds->last = &request->next;
	rounds->cnt++;
}

static void make_request(struct trigger_rounds *rounds, struct trigger_request *request,
			 const struct pull_meanwhile *meanwhile)
{
	puller__pull(rounds->puller, request->pid, meanwhile);
	jobs__snapshot(rounds->jobs, request);
}

void trigger_rounds__request(struct trigger_rounds *rounds, struct trigger_request *request,
			     const struct pull_meanwhile *meanwhile)
{
	if (delay_ns(rounds))
		put_off(rounds, request);
	else
		make_request(rounds, request, meanwhile);
}

/* Whether what waits for that program will show this one, too. */
static bool is_waited_for(const struct trigger_rounds *rounds,
			  const struct trigger_request *request)
{
	const struct trigger_request *other = rounds->first;
	size_t own_cnt = 0;

	for (; other; other = other->next) {
		if (other->pid != request->pid || other->answer)
			continue;
		if (!strcmp(other->reason, request->reason) || ++own_cnt == TRIGGER_ROUNDS_OWN_MAX)
			return true;
	}
	return false;
}

void trigger_rounds__request_own(struct trigger_rounds *rounds, struct trigger_request *request)
{
	if (!delay_ns(rounds))
		jobs__snapshot(rounds->jobs, request);
	else if (is_waited_for(rounds, request))
		trigger_request__free(request);
	else
		put_off(rounds, request);
}

/* After a reload with a shorter delay, a later request may be due before an earlier one: it waits
 * for that. */
static void make_requests(struct trigger_rounds *rounds, uint64_t now_ns,
			  const struct pull_meanwhile *meanwhile)
{
	while (rounds->first && rounds->first->due_ns <= now_ns)
		make_request(rounds, take_first(rounds), meanwhile);
}

/* ---- watches ---- */

static bool is_watching(const struct trigger_rounds *rounds)
{
	return watches__is_on(&rounds->processes->watches);
}

/* Said once: it goes on as long as the program logs so much. */
static void tell_unchecked(struct trigger_rounds *rounds)
{
	const uint64_t cnt = rounds->processes->watches.unchecked_cnt;

	if (rounds->told_unchecked || !cnt)
		return;
	rounds->told_unchecked = true;
	fputs("ttlog-collect: --on event: so many events come that not all can be compared with the expression: "
	      "some that match will make no snapshot; name a target, a probe or a level in it\n",
	      stderr);
}

static void check_all(struct trigger_rounds *rounds, uint64_t now_ns)
{
	struct process *process = NULL;

	while ((process = process_table__next(&rounds->processes->table, process))) {
		if (process->watch && !process->lifecycle.ended)
			watches__check(&rounds->processes->watches, process, now_ns);
	}
}

static void pull_round(struct trigger_rounds *rounds, const struct pull_meanwhile *meanwhile)
{
	const uint64_t start_ns = clock__now_mono_ns();
	uint64_t took_ns;

	if (start_ns < rounds->pull_due_ns)
		return;
	puller__pull_older(rounds->puller, YOUNG_NS, meanwhile);
	check_all(rounds, clock__now_mono_ns());
	tell_unchecked(rounds);
	took_ns = clock__now_mono_ns() - start_ns;
	rounds->pull_due_ns =
		start_ns + (took_ns * MAX_SHARE > ROUND_NS ? took_ns * MAX_SHARE : ROUND_NS);
}

/* Its cause stays for the job. */
static void make(struct trigger_rounds *rounds, struct process *process)
{
	struct schedule *schedule = &process->snapshots.schedule;

	schedule->due_ns = 0;
	if (process->ring)
		(void)jobs__want(rounds->jobs, process, schedule->reason, NULL);
}

/* Another one is written: one after another, and what comes meanwhile is in the next one. */
static bool has_to_wait(const struct process *process)
{
	return process->snapshots.job_cnt || process->snapshots.is_owed;
}

/* When it is to be looked at again; 0: it is due. */
static uint64_t again_ns(const struct process *process, uint64_t now_ns)
{
	const uint64_t due_ns = process->snapshots.schedule.due_ns;

	if (due_ns > now_ns)
		return due_ns;
	return has_to_wait(process) ? now_ns + AGAIN_NS : 0;
}

/* Those that are due: the table may change while they are made. */
static size_t list_due(struct trigger_rounds *rounds, uint64_t now_ns, struct process_key *keys)
{
	struct watches *watches = &rounds->processes->watches;
	struct process *process = NULL;
	size_t cnt = 0;

	watches->next_due_ns = WATCHES_NEVER;
	while ((process = process_table__next(&rounds->processes->table, process))) {
		uint64_t at_ns;

		if (!process->snapshots.schedule.due_ns || process->lifecycle.ended)
			continue;
		at_ns = now_ns == WATCHES_NEVER ? 0 : again_ns(process, now_ns);
		if (!at_ns)
			keys[cnt++] = (struct process_key){ process->id.pid, process->id.start_ns };
		else if (at_ns < watches->next_due_ns)
			watches->next_due_ns = at_ns;
	}
	return cnt;
}

/* now_ns: WATCHES_NEVER: all, without waiting for others. */
static void make_due(struct trigger_rounds *rounds, uint64_t now_ns,
		     const struct pull_meanwhile *meanwhile)
{
	struct process_key *keys = calloc(rounds->processes->table.cnt + 1, sizeof(*keys));
	size_t cnt = keys ? list_due(rounds, now_ns, keys) : 0;

	for (size_t i = 0; i < cnt; i++) {
		struct process *process;

		puller__pull(rounds->puller, keys[i].pid, meanwhile);
		process = processes__find(rounds->processes, keys[i].pid, keys[i].start_ns);
		if (process && process->snapshots.schedule.due_ns && !process->lifecycle.ended)
			make(rounds, process);
	}
	free(keys);
}

/* ---- the rounds ---- */

void trigger_rounds__run(struct trigger_rounds *rounds, const struct pull_meanwhile *meanwhile)
{
	uint64_t now_ns;

	if (is_watching(rounds))
		pull_round(rounds, meanwhile);
	if (!rounds->first && rounds->processes->watches.next_due_ns == WATCHES_NEVER)
		return;
	now_ns = clock__now_mono_ns();
	if (rounds->processes->watches.next_due_ns <= now_ns)
		make_due(rounds, now_ns, meanwhile);
	make_requests(rounds, now_ns, meanwhile);
}

static int sooner_ms(uint64_t due_ns, uint64_t now_ns, int longest_ms)
{
	if (due_ns <= now_ns)
		return 0;
	if (due_ns - now_ns >= (uint64_t)longest_ms * 1000000u)
		return longest_ms;
	return (int)((due_ns - now_ns + 999999u) / 1000000u);
}

int trigger_rounds__wait_ms(const struct trigger_rounds *rounds, int longest_ms)
{
	uint64_t due_ns = rounds->processes->watches.next_due_ns;

	if (is_watching(rounds) && rounds->pull_due_ns < due_ns)
		due_ns = rounds->pull_due_ns;
	if (rounds->first && rounds->first->due_ns < due_ns)
		due_ns = rounds->first->due_ns;
	if (due_ns == WATCHES_NEVER)
		return longest_ms;
	return sooner_ms(due_ns, clock__now_mono_ns(), longest_ms);
}

static const char *waiting_reason(const struct trigger_rounds *rounds,
				  const struct process *process)
{
	const struct trigger_request *request = rounds->first;

	if (process->snapshots.schedule.due_ns)
		return process->snapshots.schedule.reason;
	while (request && request->pid && request->pid != process->id.pid)
		request = request->next;
	return request ? request->reason : NULL;
}

void trigger_rounds__end(struct trigger_rounds *rounds, struct process *process)
{
	const char *reason = waiting_reason(rounds, process);

	/* one is enough: it has all, and nothing will come after it */
	if (reason && !jobs__heed_end(rounds->jobs, process))
		(void)jobs__want(rounds->jobs, process, reason, NULL);
	process->snapshots.schedule.due_ns = 0;
}

void trigger_rounds__flush(struct trigger_rounds *rounds, const struct pull_meanwhile *meanwhile)
{
	make_due(rounds, WATCHES_NEVER, meanwhile);
	make_requests(rounds, WATCHES_NEVER, meanwhile);
}
