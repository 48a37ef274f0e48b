/* SPDX-License-Identifier: MIT */
#include "array.h"
#include "tracee.h"
#include "tracer.h"

#include <errno.h>
#include <stdlib.h>

/*
 * A child makes few calls between fork and exec. If it makes more, it has work of its own, and runs
 * at full speed from then on.
 */
#define YOUNG_CALLS   512
/* A linker that still works after so many calls did not report that it was ready. */
#define LINKING_CALLS 100000

void tracees__fini(struct tracees *tracees)
{
	free(tracees->all);
	*tracees = (struct tracees){ 0 };
}

bool tracee__is_stopped_by_linker(const struct tracee *tracee)
{
	return tracee && tracee->state == TRACEE_LINKING && tracee->stops;
}

bool tracee__has_calls(const struct tracee *tracee)
{
	return tracee && (!tracee__is_stopped_by_linker(tracee) || tracee->young_cnt);
}

struct tracee *tracees__find(const struct tracees *tracees, pid_t pid)
{
	for (size_t i = 0; i < tracees->cnt; i++) {
		if (tracees->all[i].pid == pid)
			return &tracees->all[i];
	}
	return NULL;
}

/* The last call of a young one is not among them: with it, it settles. */
size_t tracees__list_quiet(const struct tracees *tracees, struct tracer_quiet *ret, size_t room)
{
	size_t cnt = 0;

	for (size_t i = 0; i < tracees->cnt && cnt < room; i++) {
		const struct tracee *tracee = &tracees->all[i];

		if (tracee->state == TRACEE_LINKING)
			continue;
		ret[cnt++] = (struct tracer_quiet){
			.tid = tracee->pid,
			.left = tracee->state == TRACEE_YOUNG ? tracee->calls_left - 1 : UINT32_MAX,
		};
	}
	return cnt;
}

void tracees__pass_quiet(struct tracees *tracees, const struct tracer_quiet *quiet, size_t cnt)
{
	for (size_t i = 0; i < cnt; i++) {
		struct tracee *tracee = tracees__find(tracees, quiet[i].tid);

		if (tracee && tracee->state == TRACEE_YOUNG)
			tracee->calls_left = quiet[i].left + 1;
	}
}

/* NULL: out of memory. */
static struct tracee *find_or_add(struct tracees *tracees, pid_t pid)
{
	struct tracee *tracee = tracees__find(tracees, pid);

	if (tracee)
		return tracee;
	if (array__reserve(tracees->all, tracees->cnt + 1, &tracees->cap))
		return NULL;
	tracee = &tracees->all[tracees->cnt++];
	*tracee = (struct tracee){ .pid = pid };
	return tracee;
}

static void drop_if_idle(struct tracees *tracees, struct tracee *tracee)
{
	if (tracee->state == TRACEE_SETTLED && !tracee->young_cnt && !tracee->unclaimed)
		*tracee = tracees->all[--tracees->cnt];
}

static void set_young(struct tracee *tracee)
{
	tracee->state = TRACEE_YOUNG;
	tracee->calls_left = YOUNG_CALLS;
}

void tracees__add_young(struct tracees *tracees, pid_t pid)
{
	struct tracee *tracee = tracees__find(tracees, pid);

	if (tracee && tracee->state == TRACEE_YOUNG) /* the parent's event came first */
		return;
	tracee = find_or_add(tracees, pid);
	if (!tracee)
		return;
	set_young(tracee);
	tracee->unclaimed = true;
}

void tracees__claim_young(struct tracees *tracees, pid_t parent, pid_t child)
{
	struct tracee *tracee = tracees__find(tracees, child);

	if (tracee && tracee->unclaimed) {
		tracee->unclaimed = false;
		if (tracee->state != TRACEE_YOUNG) {
			drop_if_idle(tracees, tracee);
			return;
		}
	} else {
		tracee = find_or_add(tracees, child);
		if (!tracee)
			return;
		set_young(tracee);
	}
	tracee->parent = parent;
	tracee = find_or_add(tracees, parent);
	if (tracee)
		tracee->young_cnt++;
}

int tracees__add_linking(struct tracees *tracees, pid_t pid, const struct linker *linker,
			 bool stops)
{
	struct tracee *tracee;

	tracees__settle(tracees, pid);
	tracee = find_or_add(tracees, pid);
	if (!tracee)
		return -ENOMEM;
	tracee->state = TRACEE_LINKING;
	tracee->calls_left = LINKING_CALLS;
	tracee->linker = *linker;
	tracee->maps_code = false;
	tracee->stops = stops;
	return 0;
}

void tracees__settle(struct tracees *tracees, pid_t pid)
{
	struct tracee *tracee = tracees__find(tracees, pid);
	pid_t parent;

	if (!tracee)
		return;
	parent = tracee->parent;
	tracee->parent = 0;
	tracee->state = TRACEE_SETTLED;
	drop_if_idle(tracees, tracee);
	tracee = parent ? tracees__find(tracees, parent) : NULL;
	if (!tracee)
		return;
	/* it has one young child less */
	if (tracee->young_cnt)
		tracee->young_cnt--;
	drop_if_idle(tracees, tracee);
}

void tracees__forget(struct tracees *tracees, pid_t pid)
{
	struct tracee *tracee = tracees__find(tracees, pid);

	if (!tracee)
		return;
	if (tracee->young_cnt) {
		for (size_t i = 0; i < tracees->cnt; i++) {
			if (tracees->all[i].parent == pid)
				tracees->all[i].parent = 0;
		}
		tracee->young_cnt = 0;
	}
	tracees__settle(tracees, pid);
}
