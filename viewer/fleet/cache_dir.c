/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cache_dir.h"

static int choose(char ret[PATH_MAX])
{
	const char *xdg = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
	int len;

	if (xdg && xdg[0] == '/')
		len = snprintf(ret, PATH_MAX, "%s/ttlog", xdg);
	else if (!geteuid())
		len = snprintf(ret, PATH_MAX, "/var/cache/ttlog");
	else if (home && home[0] == '/')
		len = snprintf(ret, PATH_MAX, "%s/.cache/ttlog", home);
	else {
		ret[0] = '\0';
		return -ENOENT;
	}
	return len < PATH_MAX ? 0 : -ENAMETOOLONG;
}

/* Also those above it. */
static int make(char *path)
{
	for (char *slash = strchr(path + 1, '/');; slash = strchr(slash + 1, '/')) {
		int err;

		if (slash)
			*slash = '\0';
		err = mkdir(path, 0700) && errno != EEXIST ? -errno : 0;
		if (slash)
			*slash = '/';
		if (err || !slash)
			return err;
	}
}

int cache_dir__make(char ret[PATH_MAX])
{
	struct stat status;
	int err = choose(ret);

	if (!err)
		err = make(ret);
	if (!err && lstat(ret, &status))
		err = -errno;
	if (!err && !S_ISDIR(status.st_mode))
		err = -ENOTDIR;
	if (!err && (status.st_uid != geteuid() || (status.st_mode & 022)))
		err = -EPERM;
	return err;
}
