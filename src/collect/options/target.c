/* SPDX-License-Identifier: MIT */
/* There are few sections, and a process is matched once: so there is no index. */
#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "env.h"
#include "target.h"

const struct target_key target_keys[] = {
	{ "exe", offsetof(struct target_subject, exe) },
	{ "unit", offsetof(struct target_subject, unit) },
	{ "cgroup", offsetof(struct target_subject, cgroup) },
	{ "service", offsetof(struct target_subject, service) },
	{ 0 },
};

const struct target_key *target_key__find(const char *name)
{
	for (const struct target_key *key = target_keys; key->name; key++) {
		if (!strcmp(key->name, name))
			return key;
	}
	return NULL;
}

static bool glob_matches(const struct target_glob *glob, const struct target_subject *subject)
{
	const char *text = *(const char *const *)((const char *)subject + glob->key->at);

	if (!text)
		return false;
	if (!fnmatch(glob->glob, text, 0))
		return true;
	return text == subject->exe && !fnmatch(glob->glob, basename(text), 0);
}

static bool matches(const struct target *target, const struct target_subject *subject)
{
	for (const struct target_key *key = target_keys; key->name; key++) {
		bool has = false, matched = false;

		for (size_t i = 0; i < target->glob_cnt; i++) {
			const struct target_glob *glob = &target->globs[i];

			has |= glob->key == key;
			matched |= glob->key == key && glob_matches(glob, subject);
		}
		if (has && !matched)
			return false;
	}
	return target->glob_cnt > 0;
}

const struct target *target_list__match(const struct target_list *list,
					const struct target_subject *subject)
{
	for (size_t i = 0; i < list->cnt; i++) {
		if (matches(&list->items[i], subject))
			return &list->items[i];
	}
	return NULL;
}

bool target_list__has(const struct target_list *list, const char *key)
{
	for (size_t i = 0; i < list->cnt; i++) {
		for (size_t j = 0; j < list->items[i].glob_cnt; j++) {
			if (!strcmp(list->items[i].globs[j].key->name, key))
				return true;
		}
	}
	return false;
}

const struct target *target_list__find(const struct target_list *list, const char *name)
{
	for (size_t i = 0; i < list->cnt; i++) {
		if (!strcmp(list->items[i].name, name))
			return &list->items[i];
	}
	return NULL;
}

int target_list__add(struct target_list *list, const char *name, const char *place)
{
	struct target target = { .name = strdup(name), .place = strdup(place) };

	if (!target.name || !target.place ||
	    array__reserve(list->items, list->cnt + 1, &list->cap)) {
		free(target.name);
		free(target.place);
		return -ENOMEM;
	}
	list->items[list->cnt++] = target;
	return 0;
}

int target__add_glob(struct target *target, const struct target_key *key, const char *glob)
{
	char *copy = strdup(glob);

	if (!copy || array__reserve(target->globs, target->glob_cnt + 1, &target->glob_cap)) {
		free(copy);
		return -ENOMEM;
	}
	target->globs[target->glob_cnt++] = (struct target_glob){ .key = key, .glob = copy };
	return 0;
}

static bool is_same(const struct target *a, const struct target *b)
{
	if (strcmp(a->name, b->name) != 0 || a->glob_cnt != b->glob_cnt ||
	    a->given.cnt != b->given.cnt)
		return false;
	for (size_t i = 0; i < a->glob_cnt; i++) {
		if (a->globs[i].key != b->globs[i].key ||
		    strcmp(a->globs[i].glob, b->globs[i].glob) != 0)
			return false;
	}
	for (size_t i = 0; i < a->given.cnt; i++) {
		const struct given *one = &a->given.items[i], *other = &b->given.items[i];

		if (one->setting != other->setting || !one->text != !other->text ||
		    (one->text && strcmp(one->text, other->text) != 0))
			return false;
	}
	return true;
}

bool target_list__is_same(const struct target_list *a, const struct target_list *b)
{
	for (size_t i = 0; i < a->cnt && i < b->cnt; i++) {
		if (!is_same(&a->items[i], &b->items[i]))
			return false;
	}
	return a->cnt == b->cnt;
}

void target_list__fini(struct target_list *list)
{
	for (size_t i = 0; i < list->cnt; i++) {
		struct target *target = &list->items[i];

		for (size_t j = 0; j < target->glob_cnt; j++)
			free(target->globs[j].glob);
		free(target->globs);
		given_list__fini(&target->given);
		if (target->env)
			env__fini(target->env);
		free(target->env);
		free(target->name);
		free(target->place);
	}
	free(list->items);
	*list = (struct target_list){ 0 };
}
