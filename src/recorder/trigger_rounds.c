/* SPDX-License-Identifier: MIT */
#include <stdbool.h>
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

/* ---- the rounds ---- */

void trigger_rounds__run(struct trigger_rounds *rounds, const struct pull_meanwhile *meanwhile)
{
	if (rounds->first)
		make_requests(rounds, clock__now_mono_ns(), meanwhile);
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
	if (!rounds->first)
		return longest_ms;
	return sooner_ms(rounds->first->due_ns, clock__now_mono_ns(), longest_ms);
}

void trigger_rounds__end(struct trigger_rounds *rounds, struct process *process)
{
	struct trigger_request *request = rounds->first;

	if (!request || jobs__heed_end(rounds->jobs, process))
		return;
	while (request && request->pid && request->pid != process->id.pid)
		request = request->next;
	/* one is enough: it has all, and nothing will come after it */
	if (request)
		(void)jobs__want(rounds->jobs, process, request->reason, NULL);
}

void trigger_rounds__flush(struct trigger_rounds *rounds, const struct pull_meanwhile *meanwhile)
{
	make_requests(rounds, UINT64_MAX, meanwhile);
}
