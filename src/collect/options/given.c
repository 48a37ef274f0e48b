/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "given.h"
#include "settings.h"

int given_list__add(struct given_list *list, const struct setting *setting, const char *text,
		    const char *place)
{
	struct given given = {
		.setting = setting,
		.text = text ? strdup(text) : NULL,
		.place = place ? strdup(place) : NULL,
	};

	if ((text && !given.text) || (place && !given.place) ||
	    array__reserve(list->items, list->cnt + 1, &list->cap)) {
		free(given.text);
		free(given.place);
		return -ENOMEM;
	}
	list->items[list->cnt++] = given;
	return 0;
}

int given_list__put(struct given_list *list, const struct setting *setting, const char *text,
		    const char *place)
{
	const struct given *earlier = given_list__find(list, setting);
	size_t at = earlier ? (size_t)(earlier - list->items) : 0;
	int err = given_list__add(list, setting, text, place);

	if (err || !earlier || (setting->flags & SETTING_REPEATS))
		return err;
	free(list->items[at].text);
	free(list->items[at].place);
	list->items[at] = list->items[--list->cnt];
	return 0;
}

void given_list__fini(struct given_list *list)
{
	for (size_t i = 0; i < list->cnt; i++) {
		free(list->items[i].text);
		free(list->items[i].place);
	}
	free(list->items);
	*list = (struct given_list){ 0 };
}

const struct given *given_list__find(const struct given_list *list, const struct setting *setting)
{
	for (size_t i = list->cnt; i > 0; i--) {
		if (list->items[i - 1].setting == setting)
			return &list->items[i - 1];
	}
	return NULL;
}

bool given_list__replaces(const struct given_list *list, const struct setting *setting)
{
	for (size_t i = 0; i < list->cnt; i++) {
		const struct setting *other = list->items[i].setting;

		if (other == setting || (setting->group && other->group == setting->group))
			return true;
	}
	return false;
}

int given__apply(const struct given *given, struct env *env, char *error, size_t error_size)
{
	const struct setting *setting = given->setting;
	struct argument argument = {
		.setting = setting,
		.text = given->text,
		.member = (char *)env + setting->at,
	};
	const char *name = given->place ? setting__long_name(setting) : setting->name;
	const char *place = given->place ? given->place : "";
	const char *colon = given->place ? ": " : "";
	int err = setting->set ? setting->set(env, &argument) : 0;

	if (err == -ENOMEM)
		return err;
	if (!err)
		env->used[setting - settings] = !argument.is_off;
	else if (argument.error[0])
		(void)snprintf(error, error_size, "%s%s%s: %s", place, colon, name, argument.error);
	else
		(void)snprintf(error, error_size, "%s%s%s: '%s' is %s%s", place, colon, name,
			       given->text, err == -ERANGE ? "out of range; it takes " : "not ",
			       setting->form);
	return err ? -EINVAL : 0;
}
