/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "info_ahead.h"

#define NONE SIZE_MAX

void info_ahead__forget(struct info_ahead *ahead)
{
	for (size_t i = 0; i < SPOOL_AHEAD_MOST; i++)
		free(ahead->texts[i]);
	*ahead = (struct info_ahead){ .most = 0 };
}

void info_ahead__begin(struct info_ahead *ahead, const struct spool_names *names, size_t most,
		       char ret[INFO_AHEAD_REQUEST_BYTES])
{
	char *end = ret;

	info_ahead__forget(ahead);
	ahead->asked = *names;
	ahead->most = most;
	ahead->is_asked = true;
	for (size_t i = 0; i < names->cnt; i++) {
		if (i)
			end = stpcpy(end, INFO_AHEAD_BETWEEN);
		end = stpcpy(end, names->names[i]);
	}
}

static size_t count_lines(const char *text)
{
	size_t cnt = 0;

	while ((text = strchr(text, '\n')) != NULL) {
		cnt++;
		text++;
	}
	return cnt;
}

void info_ahead__fill(struct info_ahead *ahead, const char *answer)
{
	ahead->is_asked = false;
	if (!answer || count_lines(answer) != ahead->asked.cnt) {
		ahead->asked.cnt = 0;
		return;
	}
	for (size_t i = 0; i < ahead->asked.cnt; i++) {
		const size_t len = strcspn(answer, "\n");

		ahead->texts[i] = strndup(answer, len);
		answer += len + 1;
	}
}

static size_t find(const struct info_ahead *ahead, const char *name)
{
	for (size_t i = 0; i < ahead->asked.cnt; i++) {
		if (!strcmp(ahead->asked.names[i], name))
			return i;
	}
	return NONE;
}

bool info_ahead__has(const struct info_ahead *ahead, const char *name)
{
	const size_t at = find(ahead, name);

	return at != NONE && (ahead->is_asked || ahead->texts[at]);
}

char *info_ahead__take(struct info_ahead *ahead, const char *name)
{
	const size_t at = find(ahead, name);
	char *text = at == NONE ? NULL : ahead->texts[at];

	if (text)
		ahead->texts[at] = NULL;
	return text;
}
