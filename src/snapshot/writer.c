/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "job.h"
#include "retain.h"
#include "snapshot.h"
#include "writer.h"

struct writer {
	char *dir;
	int dir_fd;
	size_t max_files;
	uint64_t max_bytes;
};

uint64_t writer__free_bytes(const struct writer *writer)
{
	struct statvfs fs;

	return fstatvfs(writer->dir_fd, &fs) ? UINT64_MAX : fs.f_bavail * (uint64_t)fs.f_frsize;
}

void writer__write(const struct writer *writer, struct job *job)
{
	const bool may_be_part = job->is_last && !job->has_part;
	char name[NAME_MAX + 1];

	job->left_out = 0;
	job->err = snapshot__write(writer->dir_fd, &job->source, name, &job->events_cnt,
				   &job->corrupt_cnt, may_be_part ? &job->left_out : NULL);
	if (job->err || job->left_out)
		job->free_bytes = writer__free_bytes(writer);
	if (job->err)
		return;
	if (job->has_part)
		(void)unlink(job->path);
	job->has_part = job->left_out;
	(void)snprintf(job->path, sizeof(job->path), "%s/%s", writer->dir, name);
	/* what can't be deleted now is tried again with the next snapshot */
	(void)retain__apply(writer->dir_fd, writer->max_files, writer->max_bytes, name);
}

/* mkdir -p, the last part private. */
static int make_dir(const char *dir)
{
	char path[PATH_MAX];
	size_t len = strlen(dir);

	if (len == 0 || len >= sizeof(path))
		return -ENAMETOOLONG;
	memcpy(path, dir, len + 1);
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(path, 0755) && errno != EEXIST)
			return -errno;
		*slash = '/';
	}
	return mkdir(path, 0700) && errno != EEXIST ? -errno : 0;
}

struct writer *writer__new(const char *dir, size_t max_files, uint64_t max_bytes)
{
	struct writer *writer = calloc(1, sizeof(*writer));
	int err;

	if (!writer)
		return NULL;
	writer->max_files = max_files;
	writer->max_bytes = max_bytes;
	writer->dir_fd = -1;
	err = make_dir(dir);
	if (!err) {
		writer->dir = realpath(dir, NULL);
		writer->dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (!writer->dir || writer->dir_fd < 0 ||
		    faccessat(writer->dir_fd, ".", W_OK, AT_EACCESS))
			err = -errno;
	}
	if (err) {
		writer__free(writer);
		errno = -err;
		return NULL;
	}
	return writer;
}

void writer__free(struct writer *writer)
{
	if (!writer)
		return;
	if (writer->dir_fd >= 0)
		(void)close(writer->dir_fd);
	free(writer->dir);
	free(writer);
}
