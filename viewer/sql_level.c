/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include <ttlog/read.h>
#include "field.h"
#include "sql_level.h"
#include "value.h"

int sql_level__parse(struct ttlog_text name)
{
	char text[8];

	if (!name.len || name.len >= sizeof(text) || memchr(name.p, 0, name.len))
		return -EINVAL;
	memcpy(text, name.p, name.len);
	text[name.len] = 0;
	return value__parse_level(text);
}

int sql_level__collate(struct ttlog_text a, struct ttlog_text b)
{
	int x = sql_level__parse(a), y = sql_level__parse(b);

	if (x >= 0 && y >= 0)
		return x - y;
	if (x < 0 && y < 0)
		return text_compare(a, b);
	return x < 0 ? 1 : -1;
}
