/* SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "default_snapshot.h"

#define TIME_DIGITS 17u /* YYYYMMDDHHMMSSmmm */

const char *default_snapshot__time(const char *name)
{
	static const char PREFIX[] = "ttlog-", SUFFIX[] = ".bin";
	size_t len = strlen(name), digits;
	const char *p = name + sizeof(PREFIX) - 1;

	if (strncmp(name, PREFIX, sizeof(PREFIX) - 1) || len < sizeof(SUFFIX) ||
	    strcmp(name + len - (sizeof(SUFFIX) - 1), SUFFIX))
		return NULL;
	digits = strspn(p, "0123456789");
	if (!digits || p[digits] != '-')
		return NULL;
	p += digits + 1;
	if (strspn(p, "0123456789") != TIME_DIGITS || p[TIME_DIGITS] != '-')
		return NULL;
	return p;
}

/* With equal times, the greater name: so the result is always the same. */
static bool is_newer(const char *a, const char *b)
{
	int order = strncmp(default_snapshot__time(a), default_snapshot__time(b), TIME_DIGITS);

	return order ? order > 0 : strcmp(a, b) > 0;
}

char *default_snapshot__find(const char *dir)
{
	DIR *handle = opendir(dir);
	char *best = NULL, *path = NULL;
	const struct dirent *entry;
	int err = ENOENT;

	if (!handle)
		return NULL;
	while ((entry = readdir(handle))) {
		char *copy;

		if (!default_snapshot__time(entry->d_name) ||
		    (best && !is_newer(entry->d_name, best)))
			continue;
		copy = strdup(entry->d_name);
		if (!copy) {
			err = ENOMEM;
			goto cleanup;
		}
		free(best);
		best = copy;
	}
	if (best && asprintf(&path, "%s/%s", dir, best) < 0) {
		path = NULL;
		err = ENOMEM;
	}
cleanup:
	free(best);
	closedir(handle);
	if (!path)
		errno = err;
	return path;
}
