/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "barrier.h"
#include "dir_calls.h"
#include "job.h"
#include "out_dir.h"
#include "recipients.h"
#include "retain.h"
#include "snapshot.h"
#include "writer.h"

struct writer {
	char *dir;
	struct snapshot_target target;
	struct retain *retain;
	uint64_t steps;
};

uint64_t writer__steps(const struct writer *writer)
{
	return barrier__load_relaxed(&writer->steps);
}

struct disk_room writer__room(const struct writer *writer)
{
	return disk_room__of(writer->target.dir_fd);
}

const struct snapshot_target *writer__target(const struct writer *writer)
{
	return &writer->target;
}

void writer__retain(const struct writer *writer, const char *name)
{
	(void)retain__apply(writer->retain, name);
}

int writer__refresh(const struct writer *writer)
{
	return out_dir__refresh(writer->dir, writer->target.group, writer->target.dir_fd);
}

void writer__write(const struct writer *writer, struct job *job)
{
	const bool may_be_part = job->is_last && !job->has_part;
	char name[NAME_MAX + 1];
	struct stat file;

	job->left_out = 0;
	job->is_sealed = writer->target.recipients && writer->target.recipients->cnt;
	job->err = writer__refresh(writer);
	if (!job->err)
		job->err = snapshot__write(&writer->target, &job->source, name, &job->events_cnt,
					   &job->corrupt_cnt, may_be_part ? &job->left_out : NULL);
	if (job->err || job->left_out)
		job->room = writer__room(writer);
	if (job->err)
		return;
	if (job->has_part)
		(void)dir_calls__unlink(writer->target.dir_fd, strrchr(job->path, '/') + 1);
	job->has_part = job->left_out;
	if (!dir_calls__look(writer->target.dir_fd, name, &file))
		job->file_bytes = (uint64_t)file.st_size;
	(void)snprintf(job->path, sizeof(job->path), "%s/%s", writer->dir, name);
	writer__retain(writer, name);
}

struct writer *writer__new(const struct writer_options *options)
{
	struct writer *writer = calloc(1, sizeof(*writer));
	char path[PATH_MAX];
	int err;

	if (!writer)
		return NULL;
	writer->target.group = options->group;
	writer->target.level = options->level;
	writer->target.redact = options->redact;
	writer->target.recipients = options->recipients;
	writer->target.steps = &writer->steps;
	writer->target.dir_fd = out_dir__open(options->dir, options->group, path);
	err = writer->target.dir_fd < 0 ? writer->target.dir_fd : 0;
	if (!err) {
		writer->dir = strdup(path);
		err = writer->dir ? 0 : -ENOMEM;
	}
	if (!err) {
		writer->retain = retain__new(writer->target.dir_fd, &options->retain);
		err = writer->retain ? retain__start(writer->retain) : -errno;
	}
	if (err) {
		writer__free(writer);
		errno = -err;
		return NULL;
	}
	return writer;
}

int writer__set_retain(struct writer *writer, const struct retain_options *options)
{
	return retain__change(writer->retain, options);
}

void writer__free(struct writer *writer)
{
	if (!writer)
		return;
	retain__free(writer->retain);
	if (writer->target.dir_fd >= 0)
		(void)close(writer->target.dir_fd);
	free(writer->dir);
	free(writer);
}
