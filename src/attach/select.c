/* SPDX-License-Identifier: MIT */
/* Filters are kept as they were split; there are few, and each site is asked about once. */
#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "select.h"
#include "site.h"
#include "value.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

enum key {
	KEY_TARGET,
	KEY_PROBE,
	KEY_FILE,
	KEY_LEVEL,
};

static const char *const key_names[] = {
	[KEY_TARGET] = "target",
	[KEY_PROBE] = "probe",
	[KEY_FILE] = "file",
	[KEY_LEVEL] = "level",
};

struct filter {
	enum key key;
	char *glob;     /* all keys but KEY_LEVEL */
	uint8_t levels; /* KEY_LEVEL: bit set of those that match */
};

struct selection {
	uint8_t level;
	struct filter *filters;
	size_t cnt;
};

struct selection *selection__new(void)
{
	return calloc(1, sizeof(struct selection));
}

void selection__free(struct selection *selection)
{
	if (!selection)
		return;
	for (size_t i = 0; i < selection->cnt; i++)
		free(selection->filters[i].glob);
	free(selection->filters);
	free(selection);
}

void selection__set_level(struct selection *selection, uint8_t level)
{
	selection->level = level;
}

/* Levels for which "level OPERATOR wanted" holds; 0 where there is no such operator. */
static uint8_t levels_of(const char *operator, size_t len, uint8_t wanted)
{
	uint8_t equal = (uint8_t)(1u << wanted), below = (uint8_t)(equal - 1u);

	if (len == 1 && *operator== '=')
		return equal;
	if (len == 1 && *operator== '<')
		return below;
	if (len == 1 && *operator== '>')
		return (uint8_t) ~(below | equal);
	if (len != 2 || operator[1] != '=')
		return 0;
	switch (*operator) {
	case '<':
		return below | equal;
	case '>':
		return (uint8_t)~below;
	case '!':
		return (uint8_t)~equal;
	default:
		return 0;
	}
}

static int parse_level_filter(const char *operator, size_t len, const char *value,
			      struct filter *ret_filter, char *error, size_t error_size)
{
	const int level = value__parse_level(value);

	if (level < 0) {
		snprintf(error, error_size,
			 "\"%s\" is no level: trace, debug, info, warn, error or fatal", value);
		return -EINVAL;
	}
	/* no site is below the lowest or above the highest level: that filter would select none,
	 * which is as the user said */
	ret_filter->levels = levels_of(operator, len, (uint8_t)level);
	return 0;
}

static bool find_key(const char *name, size_t len, enum key *ret_key)
{
	for (size_t i = 0; i < ARRAY_SIZE(key_names); i++) {
		if (strlen(key_names[i]) == len && !memcmp(key_names[i], name, len)) {
			*ret_key = (enum key)i;
			return true;
		}
	}
	return false;
}

static bool is_operator(const char *operator, size_t len)
{
	return (len == 1 && strchr("=<>", *operator)) ||
	       (len == 2 && strchr("!<>", *operator) && operator[1] == '=');
}

static int parse_filter(const char *expression, struct filter *ret_filter, char *error,
			size_t error_size)
{
	size_t key_len = strcspn(expression, "=<>!~");
	const char *operator= expression + key_len;
	/* a value may start with "!" or "<" in a glob, so an operator ends at its "=" */
	size_t operator_len = strspn(operator, "<>!~");
	const char *value;

	operator_len += operator[operator_len] == '=';
	value = operator+ operator_len;
	if (!operator_len) {
		snprintf(error, error_size,
			 "\"%s\" has no operator: write target=GLOB, probe=GLOB, file=GLOB or "
			 "level>=LEVEL",
			 expression);
		return -EINVAL;
	}
	if (!find_key(expression, key_len, &ret_filter->key)) {
		snprintf(error, error_size,
			 "\"%.*s\" in \"%s\" is no key: use target, probe, file or level",
			 (int)key_len, expression, expression);
		return -EINVAL;
	}
	if (!is_operator(operator, operator_len) ||
	    (ret_filter->key != KEY_LEVEL && *operator!= '=')) {
		snprintf(error, error_size, "%s takes %s, not \"%.*s\", in \"%s\"",
			 key_names[ret_filter->key],
			 ret_filter->key == KEY_LEVEL ? "= != < <= > or >=" : "=",
			 (int)operator_len, operator, expression);
		return -EINVAL;
	}
	if (!*value) {
		snprintf(error, error_size, "\"%s\" has nothing after \"%.*s\"", expression,
			 (int)operator_len, operator);
		return -EINVAL;
	}
	if (ret_filter->key == KEY_LEVEL)
		return parse_level_filter(operator, operator_len, value, ret_filter, error,
					  error_size);
	ret_filter->glob = strdup(value);
	return ret_filter->glob ? 0 : -ENOMEM;
}

int selection__add_filter(struct selection *selection, const char *expression, char *error,
			  size_t error_size)
{
	struct filter filter = { .glob = NULL };
	struct filter *filters;
	int err;

	err = parse_filter(expression, &filter, error, error_size);
	if (err)
		return err;
	filters = realloc(selection->filters, (selection->cnt + 1) * sizeof(*filters));
	if (!filters) {
		free(filter.glob);
		return -ENOMEM;
	}
	selection->filters = filters;
	filters[selection->cnt++] = filter;
	return 0;
}

static bool matches_file(const char *glob, const char *path)
{
	const char *slash = strrchr(path, '/');

	return !fnmatch(glob, path, 0) || (slash && !fnmatch(glob, slash + 1, 0));
}

static bool filter_matches(const struct filter *filter, const struct site *site)
{
	switch (filter->key) {
	case KEY_TARGET:
		return !fnmatch(filter->glob, site->target, 0);
	case KEY_PROBE:
		return !fnmatch(filter->glob, site->name, 0);
	case KEY_FILE:
		return matches_file(filter->glob, site->file);
	case KEY_LEVEL:
		return filter->levels >> site->level & 1;
	}
	return false;
}

bool selection__matches(const struct selection *selection, const struct site *site)
{
	if (site->level < selection->level)
		return false;
	for (size_t i = 0; i < selection->cnt; i++) {
		if (!filter_matches(&selection->filters[i], site))
			return false;
	}
	return true;
}
