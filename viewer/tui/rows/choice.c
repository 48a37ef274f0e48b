/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "choice.h"
#include "options.h"

void mistake__set(struct mistake *ret, const char *message)
{
	static const char AT[] = ", at character ";
	size_t len = strcspn(message, "\n");
	const char *found = NULL;

	snprintf(ret->why, sizeof(ret->why), "%.*s", (int)len, message);
	for (const char *p = ret->why; (p = strstr(p, AT)); p++)
		found = p;
	ret->at = found ? strtoul(found + sizeof(AT) - 1, NULL, 10) - 1 : 0;
}

int choice__init(struct choice *ret, const struct options *options)
{
	char *to = ret->expr;
	size_t left = sizeof(ret->expr);

	*ret = (struct choice){ .search_cnt = options->search_cnt };
	for (size_t i = 0; i < options->filter_cnt; i++) {
		int len = snprintf(to, left, options->filter_cnt == 1 ? "%s%s" : "%s(%s)",
				   i ? " and " : "", options->filters[i]);

		if (len < 0 || (size_t)len >= left)
			return -EINVAL;
		to += len;
		left -= (size_t)len;
	}
	return 0;
}

bool choice__is_equal(const struct choice *a, const struct choice *b)
{
	return a->level == b->level && a->search_cnt == b->search_cnt && !strcmp(a->expr, b->expr);
}

struct ttlog_filter *choice__filter(const struct choice *choice, const struct options *options,
				    const char *expr, const char *search,
				    struct mistake *ret_mistake)
{
	struct ttlog_filter *filter = ttlog_filter_new();
	char why[TTLOG_WHY_BYTES] = "", level[32];
	int err = filter ? 0 : -ENOMEM;

	snprintf(level, sizeof(level), "level>=%s", ttlog_level_name(choice->level));
	for (size_t i = 0; !err && i < choice->search_cnt; i++)
		err = ttlog_filter_search(filter, options->searches[i], why, sizeof(why));
	if (!err && *choice->expr)
		err = ttlog_filter_add(filter, choice->expr, why, sizeof(why));
	if (!err && choice->level)
		err = ttlog_filter_add(filter, level, why, sizeof(why));
	if (!err && expr)
		err = ttlog_filter_add(filter, expr, why, sizeof(why));
	if (!err && search)
		err = ttlog_filter_search(filter, search, why, sizeof(why));
	if (!err)
		return filter;
	if (err == -EINVAL)
		mistake__set(ret_mistake, why);
	ttlog_filter_free(filter);
	errno = -err;
	return NULL;
}
