/* SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <errno.h>
#include <stddef.h>
#include <unistd.h>

#include "kept_file.h"
#include "shelf.h"
#include "shipped.h"

/* Names of files that are gone here, until ttlog-ship has seen it. */
#define MORE_NAMES 10000

int shipped__read(struct shelf *shelf, int dir_fd)
{
	size_t left = shelf->cnt + MORE_NAMES;
	const struct dirent *entry;
	struct kept_file *file;
	DIR *dir;
	int err;

	for (size_t i = 0; i < shelf->cnt; i++)
		shelf->files[i].is_shipped = false;
	if (dir_fd < 0)
		return dir_fd;
	dir = fdopendir(dir_fd);
	if (!dir) {
		err = -errno;
		(void)close(dir_fd);
		return err;
	}
	for (errno = 0; left && (entry = readdir(dir)); errno = 0, left--) {
		file = entry->d_type == DT_REG || entry->d_type == DT_UNKNOWN
			       ? shelf__find(shelf, entry->d_name)
			       : NULL;
		if (file)
			file->is_shipped = true;
	}
	err = -errno;
	(void)closedir(dir);
	return err;
}
