/* SPDX-License-Identifier: MIT */
/* There are few rules, and each site is matched once: so there is no index. */
#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "site_filter.h"
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

struct rule {
	enum key key;
	char *glob;     /* all keys but KEY_LEVEL */
	uint8_t levels; /* KEY_LEVEL: a bit per level that matches */
};

struct site_filter {
	uint8_t level;
	struct rule *rules;
	size_t cnt, cap;
};

struct site_filter *site_filter__new(void)
{
	return calloc(1, sizeof(struct site_filter));
}

void site_filter__free(struct site_filter *filter)
{
	if (!filter)
		return;
	for (size_t i = 0; i < filter->cnt; i++)
		free(filter->rules[i].glob);
	free(filter->rules);
	free(filter);
}

void site_filter__set_level(struct site_filter *filter, uint8_t level)
{
	filter->level = level;
}

/* The levels for which "level OPERATOR wanted" is true; 0: there is no such operator. */
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

static int parse_level_rule(const char *operator, size_t len, const char *value,
			    struct rule *ret_rule, char *error, size_t error_size)
{
	const int level = value__parse_level(value);

	if (level < 0) {
		snprintf(error, error_size,
			 "\"%s\" is no level: trace, debug, info, warn, error or fatal", value);
		return -EINVAL;
	}
	/* "level<trace" and "level>fatal" match no site, as the user asked */
	ret_rule->levels = levels_of(operator, len, (uint8_t)level);
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

static int parse_rule(const char *expression, struct rule *ret_rule, char *error, size_t error_size)
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
	if (!find_key(expression, key_len, &ret_rule->key)) {
		snprintf(error, error_size,
			 "\"%.*s\" in \"%s\" is no key: use target, probe, file or level",
			 (int)key_len, expression, expression);
		return -EINVAL;
	}
	if (!is_operator(operator, operator_len) ||
	    (ret_rule->key != KEY_LEVEL && *operator!= '=')) {
		snprintf(error, error_size, "%s takes %s, not \"%.*s\", in \"%s\"",
			 key_names[ret_rule->key],
			 ret_rule->key == KEY_LEVEL ? "= != < <= > or >=" : "=",
			 (int)operator_len, operator, expression);
		return -EINVAL;
	}
	if (!*value) {
		snprintf(error, error_size, "\"%s\" has nothing after \"%.*s\"", expression,
			 (int)operator_len, operator);
		return -EINVAL;
	}
	if (ret_rule->key == KEY_LEVEL)
		return parse_level_rule(operator, operator_len, value, ret_rule, error, error_size);
	ret_rule->glob = strdup(value);
	return ret_rule->glob ? 0 : -ENOMEM;
}

int site_filter__add(struct site_filter *filter, const char *expression, char *error,
		     size_t error_size)
{
	struct rule rule = { .glob = NULL };
	int err;

	err = parse_rule(expression, &rule, error, error_size);
	if (err)
		return err;
	if (array__reserve(filter->rules, filter->cnt + 1, &filter->cap)) {
		free(rule.glob);
		return -ENOMEM;
	}
	filter->rules[filter->cnt++] = rule;
	return 0;
}

static bool matches_file(const char *glob, const char *path)
{
	const char *slash = strrchr(path, '/');

	return !fnmatch(glob, path, 0) || (slash && !fnmatch(glob, slash + 1, 0));
}

static bool rule_matches(const struct rule *rule, const struct site *site)
{
	switch (rule->key) {
	case KEY_TARGET:
		return !fnmatch(rule->glob, site->target, 0);
	case KEY_PROBE:
		return !fnmatch(rule->glob, site->name, 0);
	case KEY_FILE:
		return matches_file(rule->glob, site->file);
	case KEY_LEVEL:
		return rule->levels >> site->level & 1;
	}
	return false;
}

bool site_filter__matches(const struct site_filter *filter, const struct site *site)
{
	if (site->level < filter->level)
		return false;
	for (size_t i = 0; i < filter->cnt; i++) {
		if (!rule_matches(&filter->rules[i], site))
			return false;
	}
	return true;
}
