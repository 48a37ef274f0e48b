/* SPDX-License-Identifier: MIT */
/* There are few rules, and each site is matched once: so there is no index. */
#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "ascii.h"
#include "site_filter.h"
#include "site.h"
#include "value.h"

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

/* Which levels match, compared with that of the rule. */
static const struct comparison {
	const char *text;
	bool below, equal, above;
} comparisons[] = {
	{ "=", .equal = true }, { "!=", .below = true, .above = true },
	{ "<", .below = true }, { "<=", .below = true, .equal = true },
	{ ">", .above = true }, { ">=", .equal = true, .above = true },
};

struct rule {
	enum key key;
	char *glob;     /* all keys but KEY_LEVEL */
	uint8_t levels; /* KEY_LEVEL: a bit per level that matches */
};

/* Above all levels. */
#define LEVEL_OFF UINT8_MAX

struct target_level {
	char *glob;
	size_t len;
	uint8_t level; /* the lowest one that is taken */
};

struct target_levels {
	uint8_t rest; /* of targets that no glob matches */
	struct target_level *items;
	size_t cnt, cap;
};

struct site_filter {
	struct target_levels levels;
	struct rule *rules;
	size_t cnt, cap;
	unsigned int refs; /* atomic */
};

struct site_filter *site_filter__new(void)
{
	struct site_filter *filter = calloc(1, sizeof(*filter));

	if (filter)
		filter->refs = 1;
	return filter;
}

struct site_filter *site_filter__ref(const struct site_filter *filter)
{
	struct site_filter *own = (struct site_filter *)filter;

	if (own)
		(void)__atomic_fetch_add(&own->refs, 1, __ATOMIC_RELAXED);
	return own;
}

static void free_levels(struct target_levels *levels)
{
	for (size_t i = 0; i < levels->cnt; i++)
		free(levels->items[i].glob);
	free(levels->items);
}

void site_filter__free(struct site_filter *filter)
{
	if (!filter || __atomic_sub_fetch(&filter->refs, 1, __ATOMIC_ACQ_REL))
		return;
	free_levels(&filter->levels);
	for (size_t i = 0; i < filter->cnt; i++)
		free(filter->rules[i].glob);
	free(filter->rules);
	free(filter);
}

/* `text`: LEVEL, or GLOB=LEVEL; it is changed. */
static int add_level(struct target_levels *levels, char *text, char *error, size_t error_size)
{
	char *equals = strrchr(text, '='), *name = equals ? equals + 1 : text;
	const int level = ascii__is_alike(name, "off") ? LEVEL_OFF : value__parse_level(name);
	struct target_level *item;

	if (level < 0) {
		(void)snprintf(error, error_size, "'%s'%s%s%s is not one of %s", name,
			       equals ? " (in '" : "", equals ? text : "", equals ? "')" : "",
			       "trace, debug, info, warn, error, fatal, off");
		return -EINVAL;
	}
	if (!equals) {
		levels->rest = (uint8_t)level;
		return 0;
	}
	if (array__reserve(levels->items, levels->cnt + 1, &levels->cap))
		return -ENOMEM;
	item = &levels->items[levels->cnt];
	item->len = (size_t)(equals - text);
	item->level = (uint8_t)level;
	item->glob = strndup(text, item->len);
	if (!item->glob)
		return -ENOMEM;
	levels->cnt++;
	return 0;
}

int site_filter__set_levels(struct site_filter *filter, const char *levels, char *error,
			    size_t error_size)
{
	struct target_levels parsed = { 0 };
	char *copy = strdup(levels), *rest = copy;
	int err = copy ? 0 : -ENOMEM;

	while (rest && !err)
		err = add_level(&parsed, strsep(&rest, ","), error, error_size);
	free(copy);
	if (err) {
		free_levels(&parsed);
		return err;
	}
	free_levels(&filter->levels);
	filter->levels = parsed;
	return 0;
}

static const struct comparison *find_comparison(const char *text, size_t len)
{
	for (size_t i = 0; i < ARRAY_SIZE(comparisons); i++) {
		if (strlen(comparisons[i].text) == len && !memcmp(comparisons[i].text, text, len))
			return &comparisons[i];
	}
	return NULL;
}

static int parse_level_rule(const struct comparison *comparison, const char *value,
			    struct rule *ret_rule, char *error, size_t error_size)
{
	const int level = value__parse_level(value);
	unsigned int equal, below;

	if (level < 0) {
		snprintf(error, error_size,
			 "\"%s\" is no level: trace, debug, info, warn, error or fatal", value);
		return -EINVAL;
	}
	equal = 1u << level;
	below = equal - 1;
	/* "level<trace" and "level>fatal" match no site, as the user asked */
	ret_rule->levels =
		(uint8_t)((comparison->below ? below : 0) | (comparison->equal ? equal : 0) |
			  (comparison->above ? ~(below | equal) : 0));
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

static int parse_rule(const char *expression, struct rule *ret_rule, char *error, size_t error_size)
{
	size_t key_len = strcspn(expression, "=<>!~");
	const char *text = expression + key_len, *value;
	/* a value may start with "!" or "<" in a glob, so an operator ends at its "=" */
	size_t operator_len = strspn(text, "<>!~");
	const struct comparison *comparison;

	operator_len += text[operator_len] == '=';
	comparison = find_comparison(text, operator_len);
	value = text + operator_len;
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
	if (!comparison || (ret_rule->key != KEY_LEVEL && *text != '=')) {
		snprintf(error, error_size, "%s takes %s, not \"%.*s\", in \"%s\"",
			 key_names[ret_rule->key],
			 ret_rule->key == KEY_LEVEL ? "= != < <= > or >=" : "=", (int)operator_len,
			 text, expression);
		return -EINVAL;
	}
	if (!*value) {
		snprintf(error, error_size, "\"%s\" has nothing after \"%.*s\"", expression,
			 (int)operator_len, text);
		return -EINVAL;
	}
	if (ret_rule->key == KEY_LEVEL)
		return parse_level_rule(comparison, value, ret_rule, error, error_size);
	ret_rule->glob = strdup(value);
	return ret_rule->glob ? 0 : -ENOMEM;
}

int site_filter__add(struct site_filter *filter, const char *expression, char *error,
		     size_t error_size)
{
	struct rule rule = { .glob = NULL };
	int err = parse_rule(expression, &rule, error, error_size);

	if (err)
		return err;
	if (array__reserve(filter->rules, filter->cnt + 1, &filter->cap)) {
		free(rule.glob);
		return -ENOMEM;
	}
	filter->rules[filter->cnt++] = rule;
	return 0;
}

static bool rule_matches(const struct rule *rule, const struct site *site)
{
	switch (rule->key) {
	case KEY_TARGET:
		return !fnmatch(rule->glob, site->target, 0);
	case KEY_PROBE:
		return !fnmatch(rule->glob, site->name, 0);
	case KEY_FILE:
		return !fnmatch(rule->glob, site->file, 0) ||
		       !fnmatch(rule->glob, basename(site->file), 0);
	case KEY_LEVEL:
		return rule->levels >> site->level & 1;
	}
	return false;
}

static uint8_t lowest_level(const struct target_levels *levels, const char *target)
{
	const struct target_level *longest = NULL;

	for (size_t i = 0; i < levels->cnt; i++) {
		const struct target_level *item = &levels->items[i];

		if ((!longest || item->len >= longest->len) && !fnmatch(item->glob, target, 0))
			longest = item;
	}
	return longest ? longest->level : levels->rest;
}

bool site_filter__matches_level(const struct site_filter *filter, const struct site *site)
{
	return site->level >= lowest_level(&filter->levels, site->target);
}

bool site_filter__matches_rules(const struct site_filter *filter, const struct site *site)
{
	for (size_t i = 0; i < filter->cnt; i++) {
		if (!rule_matches(&filter->rules[i], site))
			return false;
	}
	return true;
}

bool site_filter__matches(const struct site_filter *filter, const struct site *site)
{
	return site_filter__matches_level(filter, site) && site_filter__matches_rules(filter, site);
}
