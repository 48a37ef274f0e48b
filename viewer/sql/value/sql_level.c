/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "ascii.h"
#include "field.h"
#include "sql_level.h"

int sql_level__parse(struct ttlog_text name)
{
	const char *level;

	for (unsigned i = 0; (level = ttlog_level_name(i)); i++) {
		if (strlen(level) == name.len && ascii__begins_alike(level, name.p, name.len))
			return (int)i;
	}
	return -EINVAL;
}

int sql_level__collate(struct ttlog_text a, struct ttlog_text b)
{
	int x = sql_level__parse(a), y = sql_level__parse(b);

	if (x >= 0 && y >= 0)
		return x - y;
	if (x < 0 && y < 0)
		return event_field__order(a, b);
	return x < 0 ? 1 : -1;
}
