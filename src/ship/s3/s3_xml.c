/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "array.h"
#include "s3_xml.h"

#define NAME_BYTES 64

static const struct {
	const char *text;
	char is;
} entities[] = {
	{ "&amp;", '&' }, { "&lt;", '<' }, { "&gt;", '>' }, { "&quot;", '"' }, { "&apos;", '\'' },
};

/* One character; *at is then behind it. */
static char take(const char **at)
{
	for (size_t i = 0; i < ARRAY_SIZE(entities); i++) {
		const size_t len = strlen(entities[i].text);

		if (!strncmp(*at, entities[i].text, len)) {
			*at += len;
			return entities[i].is;
		}
	}
	return *(*at)++;
}

size_t s3_xml__text(char *ret, size_t size, const char *xml, const char *name)
{
	char tag[NAME_BYTES];
	const char *at, *end;
	size_t len = 0;

	ret[0] = '\0';
	(void)snprintf(tag, sizeof(tag), "<%s>", name);
	at = xml ? strstr(xml, tag) : NULL;
	if (!at)
		return 0;
	at += strlen(tag);
	end = strchr(at, '<');
	while (end && at < end && len + 1 < size) {
		const char c = take(&at);

		ret[len++] = c >= ' ' && c <= '~' ? c : '?';
	}
	if (!end || at < end)
		len = 0;
	ret[len] = '\0';
	return len;
}
