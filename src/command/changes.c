/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "answer.h"
#include "array.h"
#include "ascii.h"
#include "changes.h"
#include "json_out.h"
#include "site_choice.h"
#include "site_filter.h"

#define DEFAULT "default"

static void free_change(struct change *change)
{
	free(change->levels_text);
	site_filter__free(change->levels);
	free(change->service);
	free(change->target);
}

static void drop_rules(struct changes *changes)
{
	site_filter__free(changes->rules);
	free(changes->rules_text);
	changes->rules = NULL;
	changes->rules_text = NULL;
	changes->rules_bytes = 0;
}

void changes__fini(struct changes *changes)
{
	for (size_t i = 0; i < changes->cnt; i++)
		free_change(&changes->items[i]);
	free(changes->items);
	drop_rules(changes);
	site_filter__free(changes->base);
	*changes = (struct changes){ 0 };
}

static void remove_at(struct changes *changes, size_t i)
{
	free_change(&changes->items[i]);
	changes->cnt--;
	memmove(&changes->items[i], &changes->items[i + 1],
		(changes->cnt - i) * sizeof(*changes->items));
}

/* ---- levels ---- */

static bool is_of(const struct change *change, const struct selector *selector)
{
	return change->pid == selector->pid && !strcmp(change->service, selector->service) &&
	       !strcmp(change->target, selector->target);
}

/* temporary, stays: which kinds. */
static void remove_of(struct changes *changes, const struct selector *selector, bool temporary,
		      bool stays)
{
	for (size_t i = changes->cnt; i-- > 0;) {
		const struct change *change = &changes->items[i];

		if (is_of(change, selector) && (change->until_ns ? temporary : stays))
			remove_at(changes, i);
	}
}

/* After those that stay, or after all. Takes ownership. */
static int insert(struct changes *changes, const struct change *change)
{
	size_t at = changes->cnt;

	if (changes->cnt == CHANGES_MAX)
		return -ENOSPC;
	if (array__reserve(changes->items, changes->cnt + 1, &changes->cap))
		return -ENOMEM;
	while (!change->until_ns && at > 0 && changes->items[at - 1].until_ns)
		at--;
	memmove(&changes->items[at + 1], &changes->items[at],
		(changes->cnt - at) * sizeof(*changes->items));
	changes->items[at] = *change;
	changes->cnt++;
	return 0;
}

int changes__add(struct changes *changes, const struct selector *selector, const char *levels,
		 uint64_t for_ns, uint64_t now_ns, char *error, size_t error_size)
{
	struct change change = { .pid = selector->pid };
	int err = -ENOMEM;

	if (ascii__is_alike(levels, DEFAULT)) {
		remove_of(changes, selector, true, true);
		return 0;
	}
	if (for_ns)
		change.until_ns = for_ns < UINT64_MAX - now_ns ? now_ns + for_ns : UINT64_MAX;
	change.levels = site_filter__new();
	change.levels_text = strdup(levels);
	change.service = strdup(selector->service);
	change.target = strdup(selector->target);
	if (change.levels && change.levels_text && change.service && change.target)
		err = site_filter__set_levels(change.levels, levels, error, error_size);
	if (!err) {
		remove_of(changes, selector, for_ns, !for_ns);
		err = insert(changes, &change);
	}
	if (err)
		free_change(&change);
	return err;
}

/* ---- the rest ---- */

int changes__set_rules(struct changes *changes, const char *texts, size_t bytes, char *error,
		       size_t error_size)
{
	struct site_filter *rules = site_filter__new();
	char *copy = malloc(bytes + 1);
	int err = rules && copy ? 0 : -ENOMEM;

	for (const char *text = texts; !err && text < texts + bytes; text += strlen(text) + 1)
		err = site_filter__add(rules, text, error, error_size);
	if (err) {
		site_filter__free(rules);
		free(copy);
		return err;
	}
	drop_rules(changes);
	changes->rules = rules;
	changes->rules_text = memcpy(copy, texts, bytes);
	changes->rules_bytes = bytes;
	return 0;
}

void changes__rebase(struct changes *changes, struct site_filter *base)
{
	if (base) {
		site_filter__free(changes->base);
		changes->base = base;
	}
	drop_rules(changes);
	while (changes->cnt && !changes->items[0].until_ns)
		remove_at(changes, 0);
}

uint64_t changes__due_ns(const struct changes *changes)
{
	uint64_t due_ns = 0;

	for (size_t i = 0; i < changes->cnt; i++) {
		const uint64_t until_ns = changes->items[i].until_ns;

		if (until_ns && (!due_ns || until_ns < due_ns))
			due_ns = until_ns;
	}
	return due_ns;
}

bool changes__expire(struct changes *changes, uint64_t now_ns)
{
	const size_t cnt = changes->cnt;

	for (size_t i = changes->cnt; i-- > 0;) {
		if (changes->items[i].until_ns && changes->items[i].until_ns <= now_ns)
			remove_at(changes, i);
	}
	return changes->cnt != cnt;
}

struct site_choice *changes__choice(const struct changes *changes)
{
	struct site_choice *choice =
		site_choice__new(changes->base, changes->rules ? changes->rules : changes->base);

	for (size_t i = 0; choice && i < changes->cnt; i++) {
		const struct change *change = &changes->items[i];
		const struct site_change own = {
			.levels = change->levels,
			.target = change->target,
			.service = change->service,
			.pid = change->pid,
		};

		if (site_choice__add(choice, &own)) {
			site_choice__unref(choice);
			return NULL;
		}
	}
	return choice;
}

void changes__write(const struct changes *changes, struct json_out *json, uint64_t now_ns)
{
	json_out__open(json, "changes", '[');
	for (size_t i = 0; i < changes->cnt; i++) {
		const struct change *change = &changes->items[i];

		json_out__open(json, NULL, '{');
		json_out__text(json, "level", change->levels_text);
		if (change->pid)
			json_out__u64(json, "pid", change->pid);
		json_out__text(json, "service", change->service[0] ? change->service : NULL);
		json_out__text(json, "target", change->target[0] ? change->target : NULL);
		if (change->until_ns)
			json_out__u64(json, "left_ns",
				      change->until_ns > now_ns ? change->until_ns - now_ns : 0);
		json_out__close(json, '}');
	}
	json_out__close(json, ']');
	if (!changes->rules)
		return;
	json_out__open(json, "filter", '[');
	for (size_t at = 0; at < changes->rules_bytes; at += strlen(changes->rules_text + at) + 1)
		json_out__text(json, NULL, changes->rules_text + at);
	json_out__close(json, ']');
}
