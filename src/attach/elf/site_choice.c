/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "site.h"
#include "site_choice.h"
#include "site_filter.h"

struct site_choice {
	unsigned int refs; /* atomic */
	uint64_t number;
	struct site_filter *levels, *rules;
	struct site_change *changes; /* own their texts and filters */
	size_t cnt, cap;
};

/* Atomic. */
static uint64_t last_number;

struct site_choice *site_choice__new(const struct site_filter *levels,
				     const struct site_filter *rules)
{
	struct site_choice *choice = calloc(1, sizeof(*choice));

	if (!choice)
		return NULL;
	choice->refs = 1;
	choice->number = __atomic_add_fetch(&last_number, 1, __ATOMIC_RELAXED);
	choice->levels = site_filter__ref(levels);
	choice->rules = site_filter__ref(rules);
	return choice;
}

static void free_change(struct site_change *change)
{
	site_filter__free((struct site_filter *)change->levels);
	free((char *)change->target);
	free((char *)change->service);
}

int site_choice__add(struct site_choice *choice, const struct site_change *change)
{
	struct site_change own = {
		.target = strdup(change->target),
		.service = strdup(change->service),
		.pid = change->pid,
	};

	if (!own.target || !own.service ||
	    array__reserve(choice->changes, choice->cnt + 1, &choice->cap)) {
		free_change(&own);
		return -ENOMEM;
	}
	own.levels = site_filter__ref(change->levels);
	choice->changes[choice->cnt++] = own;
	return 0;
}

struct site_choice *site_choice__ref(struct site_choice *choice)
{
	(void)__atomic_fetch_add(&choice->refs, 1, __ATOMIC_RELAXED);
	return choice;
}

void site_choice__unref(struct site_choice *choice)
{
	if (!choice || __atomic_sub_fetch(&choice->refs, 1, __ATOMIC_ACQ_REL))
		return;
	for (size_t i = 0; i < choice->cnt; i++)
		free_change(&choice->changes[i]);
	free(choice->changes);
	site_filter__free(choice->levels);
	site_filter__free(choice->rules);
	free(choice);
}

uint64_t site_choice__number(const struct site_choice *choice)
{
	return choice->number;
}

/* ---- sites ---- */

static bool takes_target(const struct site_change *change, const struct site *site)
{
	return !change->target[0] || !fnmatch(change->target, site->target, 0);
}

bool site_choice__matches_from(const struct site_choice *choice, const struct site_filter *base,
			       const struct site *site)
{
	const struct site_filter *levels = base ? base : choice->levels;

	for (size_t i = 0; i < choice->cnt; i++) {
		const struct site_change *change = &choice->changes[i];

		if (site_change__is_for_all(change) && takes_target(change, site))
			levels = change->levels;
	}
	return site_filter__matches_level(levels, site) &&
	       site_filter__matches_rules(base ? base : choice->rules, site);
}

bool site_choice__matches(const struct site_choice *choice, const struct site *site)
{
	return site_choice__matches_from(choice, NULL, site);
}

bool site_choice__adds(const struct site_choice *choice, const struct site_filter *base,
		       const struct site *site, uint32_t pid, const char *service)
{
	bool adds = false;

	for (size_t i = 0; i < choice->cnt && !adds; i++) {
		const struct site_change *change = &choice->changes[i];

		adds = !site_change__is_for_all(change) && takes_target(change, site) &&
		       site_change__takes_process(change, pid, service) &&
		       site_filter__matches_level(change->levels, site);
	}
	return adds && site_filter__matches_rules(base ? base : choice->rules, site) &&
	       !site_choice__matches_from(choice, base, site);
}

/* ---- processes ---- */

bool site_change__is_for_all(const struct site_change *change)
{
	return !change->pid && !change->service[0];
}

bool site_change__takes_process(const struct site_change *change, uint32_t pid, const char *service)
{
	if (change->pid && change->pid != pid)
		return false;
	return !change->service[0] || !fnmatch(change->service, service ? service : "", 0);
}

bool site_choice__takes_process(const struct site_choice *choice, uint32_t pid, const char *service)
{
	for (size_t i = 0; i < choice->cnt; i++) {
		if (!site_change__is_for_all(&choice->changes[i]) &&
		    site_change__takes_process(&choice->changes[i], pid, service))
			return true;
	}
	return false;
}

bool site_choice__has_processes(const struct site_choice *choice)
{
	for (size_t i = 0; i < choice->cnt; i++) {
		if (!site_change__is_for_all(&choice->changes[i]))
			return true;
	}
	return false;
}
