/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "death.h"
#include "ring.h"
#include "unwind.h"
#include "writer.h"

#define REST_AFTER_S 1

struct writer {
	struct writer_options options;
	char *dir;
	int dir_fd;
	pthread_t thread;
	bool has_thread;
	struct unwind *unwind; /* the thread's */

	pthread_mutex_t lock; /* what follows */
	pthread_cond_t changed;
	struct writer_job *first, **last;
	bool stopping;
};

void writer_job__free(struct writer_job *job)
{
	if (!job)
		return;
	ring_copy__free(job->events);
	crash__fini(&job->crash);
	free(job->threads);
	free(job->modules);
	free(job->service);
	free(job->comm);
	free(job->exe);
	free(job->build_id);
	free(job->reason);
	free(job);
}

static void write_job(struct writer *writer, struct writer_job *job)
{
	char name[NAME_MAX + 1];

	death__resolve(&job->crash, job->source.uid, writer->options.attach, writer->unwind);
	job->err = snapshot__write(writer->dir_fd, &job->source, name, &job->events_cnt,
				   &job->corrupt_cnt);
	if (job->err)
		return;
	(void)snprintf(job->path, sizeof(job->path), "%s/%s", writer->dir, name);
	/* what can't be deleted now can be at the next snapshot */
	(void)snapshot__retain(writer->dir_fd, writer->options.max_files,
			       writer->options.max_bytes);
}

/* With nothing to do for a while it rests: the child keeps files that others may want to be rid of. */
static void wait_for_change(struct writer *writer)
{
	struct timespec until;

	(void)clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += REST_AFTER_S;
	if (pthread_cond_timedwait(&writer->changed, &writer->lock, &until) != ETIMEDOUT)
		return;
	if (writer->unwind)
		unwind__rest(writer->unwind);
	while (!writer->first && !writer->stopping)
		pthread_cond_wait(&writer->changed, &writer->lock);
}

static struct writer_job *wait_for_job(struct writer *writer)
{
	struct writer_job *job;

	pthread_mutex_lock(&writer->lock);
	while (!writer->first && !writer->stopping)
		wait_for_change(writer);
	job = writer->first;
	if (job) {
		writer->first = job->next;
		if (!writer->first)
			writer->last = &writer->first;
	}
	pthread_mutex_unlock(&writer->lock);
	return job;
}

static void *run(void *arg)
{
	struct writer *writer = arg;
	struct writer_job *job;

	/* without memory for it stacks are as the kernel saw them */
	writer->unwind = unwind__new();
	while ((job = wait_for_job(writer))) {
		write_job(writer, job);
		writer->options.done(writer->options.ctx, job);
	}
	unwind__free(writer->unwind);
	return NULL;
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

static void init_condition(pthread_cond_t *condition)
{
	pthread_condattr_t attributes;

	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(condition, &attributes);
	pthread_condattr_destroy(&attributes);
}

struct writer *writer__new(const struct writer_options *options)
{
	struct writer *writer = calloc(1, sizeof(*writer));
	int err;

	if (!writer)
		return NULL;
	writer->options = *options;
	writer->last = &writer->first;
	writer->dir_fd = -1;
	pthread_mutex_init(&writer->lock, NULL);
	init_condition(&writer->changed);
	err = make_dir(options->dir);
	if (!err) {
		writer->dir = realpath(options->dir, NULL);
		writer->dir_fd = open(options->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (!writer->dir || writer->dir_fd < 0)
			err = -errno;
		else if (faccessat(writer->dir_fd, ".", W_OK, AT_EACCESS))
			err = -errno;
	}
	if (!err)
		err = -pthread_create(&writer->thread, NULL, run, writer);
	if (err) {
		writer__free(writer);
		errno = -err;
		return NULL;
	}
	writer->has_thread = true;
	return writer;
}

void writer__submit(struct writer *writer, struct writer_job *job)
{
	job->next = NULL;
	pthread_mutex_lock(&writer->lock);
	*writer->last = job;
	writer->last = &job->next;
	pthread_cond_signal(&writer->changed);
	pthread_mutex_unlock(&writer->lock);
}

void writer__free(struct writer *writer)
{
	if (!writer)
		return;
	if (writer->has_thread) {
		pthread_mutex_lock(&writer->lock);
		writer->stopping = true;
		pthread_cond_signal(&writer->changed);
		pthread_mutex_unlock(&writer->lock);
		pthread_join(writer->thread, NULL);
	}
	if (writer->dir_fd >= 0)
		(void)close(writer->dir_fd);
	free(writer->dir);
	pthread_cond_destroy(&writer->changed);
	pthread_mutex_destroy(&writer->lock);
	free(writer);
}
