/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "input.h"
#include "options.h"
#include "diagnostics.h"
#include "file_key.h"
#include "unknown_key.h"

static void hint(const struct ttlog_filter *filter, const struct input *input)
{
	const char *key = ttlog_filter_unknown_key(filter, input->readers, input->reader_cnt);

	if (key)
		diagnostics__print(
			key,
			"no event has such a field (--sql \"SELECT * FROM sites\" lists all there are)");
}

/* Uses a filter to look for it, because that knows the names that are not fields. */
static void hint_key(const char *key, size_t len, const struct input *input)
{
	struct ttlog_filter *filter = ttlog_filter_new();
	char why[TTLOG_WHY_BYTES], *expression = NULL;

	if (filter && asprintf(&expression, "\"%.*s\"=*", (int)len, key) >= 0 &&
	    !ttlog_filter_add(filter, expression, why, sizeof(why)))
		hint(filter, input);
	free(expression);
	ttlog_filter_free(filter);
}

/* may_be_file: one of the file is none of its events' fields. */
static void hint_list(const char *keys, bool may_be_file, const struct input *input)
{
	while (keys && *keys) {
		const size_t len = strcspn(keys, ",");

		if (!may_be_file || !file_key__find((struct ttlog_text){ keys, len }))
			hint_key(keys, len, input);
		keys += len + (keys[len] == ',');
	}
}

void unknown_key__hint(const struct options *options, const struct input *input)
{
	/* not all sites of a damaged file are known */
	if (!input->reader_cnt || input->unreadable)
		return;
	hint(options->filter, input);
	hint_list(options->group_by, true, input);
	hint_list(options->histogram, false, input);
	hint_list(options->counters, false, input);
}
