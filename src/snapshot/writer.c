/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "death.h"
#include "job.h"
#include "snapshot.h"
#include "unwind.h"
#include "writer.h"

#define REST_AFTER_S 1

#define THREAD_CNT  2
#define MAX_WAITING 4096 /* jobs; beyond it those who want one have to wait */
/* Of the rings of further jobs of processes that have one waiting; one such is always taken. */
#define MAX_BYTES   (64u << 20)

struct writer_thread {
	struct writer *writer;
	pthread_t thread;
	struct unwind *unwind;
	const struct job *job; /* that it works on; NULL: none */
};

struct writer {
	struct writer_options options;
	char *dir;
	int dir_fd;
	struct writer_thread threads[THREAD_CNT];
	size_t thread_cnt;

	pthread_mutex_t lock; /* what follows, and the threads' jobs */
	pthread_cond_t changed;
	struct job *first, **last;
	size_t waiting_cnt;
	uint64_t waiting_bytes;
	bool stopping;
};

uint64_t writer__free_bytes(const struct writer *writer)
{
	struct statvfs fs;

	return fstatvfs(writer->dir_fd, &fs) ? UINT64_MAX : fs.f_bavail * (uint64_t)fs.f_frsize;
}

static int write_snapshot(const struct writer *writer, struct job *job, char ret_name[NAME_MAX + 1])
{
	if (!job->is_last || job->has_part)
		return snapshot__write(writer->dir_fd, &job->source, ret_name, &job->events_cnt,
				       &job->corrupt_cnt);
	return snapshot__write_newest(writer->dir_fd, &job->source, ret_name, &job->events_cnt,
				      &job->corrupt_cnt, &job->left_out);
}

static void write_job(struct writer *writer, struct job *job, struct unwind *unwind)
{
	char name[NAME_MAX + 1];

	if (!job->is_resolved)
		death__resolve(&job->crash, job->source.uid, writer->options.attach, unwind);
	job->is_resolved = true;
	job->left_out = 0;
	job->err = write_snapshot(writer, job, name);
	if (job->err || job->left_out)
		job->free_bytes = writer__free_bytes(writer);
	if (job->err)
		return;
	if (job->has_part)
		(void)unlink(job->path);
	job->has_part = job->left_out;
	(void)snprintf(job->path, sizeof(job->path), "%s/%s", writer->dir, name);
	/* what can't be deleted now can be at the next snapshot */
	(void)snapshot__retain(writer->dir_fd, writer->options.max_files, writer->options.max_bytes,
			       name);
}

static bool is_being_written(const struct writer *writer, uint32_t pid)
{
	for (size_t i = 0; i < writer->thread_cnt; i++) {
		if (writer->threads[i].job && writer->threads[i].job->source.pid == pid)
			return true;
	}
	return false;
}

/* The first that may be written now, taken out of the queue; NULL for none. */
static struct job *take_job(struct writer *writer)
{
	struct job **link = &writer->first, *job;

	while (*link && is_being_written(writer, (*link)->source.pid))
		link = &(*link)->next;
	job = *link;
	if (!job)
		return NULL;
	*link = job->next;
	if (!job->next)
		writer->last = link;
	writer->waiting_cnt--;
	writer->waiting_bytes -= job->bytes;
	return job;
}

/* With nothing to do for a while it rests: the child keeps files that others may want to be rid
 * of. */
static void wait_for_change(struct writer_thread *thread, bool *rests)
{
	struct writer *writer = thread->writer;
	struct timespec until;

	if (*rests) {
		pthread_cond_wait(&writer->changed, &writer->lock);
		return;
	}
	(void)clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += REST_AFTER_S;
	if (pthread_cond_timedwait(&writer->changed, &writer->lock, &until) != ETIMEDOUT)
		return;
	*rests = true;
	if (thread->unwind)
		unwind__rest(thread->unwind);
}

static struct job *wait_for_job(struct writer_thread *thread)
{
	struct writer *writer = thread->writer;
	bool rests = false;

	pthread_mutex_lock(&writer->lock);
	while (!(thread->job = take_job(writer)) && !(writer->stopping && !writer->first))
		wait_for_change(thread, &rests);
	pthread_mutex_unlock(&writer->lock);
	return (struct job *)thread->job;
}

static void *run(void *arg)
{
	struct writer_thread *thread = arg;
	struct writer *writer = thread->writer;
	struct job *job;

	/* without memory for it stacks are as the kernel saw them */
	thread->unwind = unwind__new();
	while ((job = wait_for_job(thread))) {
		write_job(writer, job, thread->unwind);
		pthread_mutex_lock(&writer->lock);
		thread->job = NULL;
		/* those of the same process have waited for it */
		if (writer->first)
			pthread_cond_broadcast(&writer->changed);
		pthread_mutex_unlock(&writer->lock);
		writer->options.done(writer->options.ctx, job);
	}
	unwind__free(thread->unwind);
	return NULL;
}

static int start_threads(struct writer *writer)
{
	for (; writer->thread_cnt < THREAD_CNT; writer->thread_cnt++) {
		struct writer_thread *thread = &writer->threads[writer->thread_cnt];

		thread->writer = writer;
		if (pthread_create(&thread->thread, NULL, run, thread))
			break;
	}
	return writer->thread_cnt ? 0 : -EAGAIN;
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
		err = start_threads(writer);
	if (err) {
		writer__free(writer);
		errno = -err;
		return NULL;
	}
	return writer;
}

bool writer__is_full(struct writer *writer, uint64_t bytes)
{
	bool is_full;

	pthread_mutex_lock(&writer->lock);
	is_full = writer->waiting_cnt >= MAX_WAITING ||
		  (bytes && writer->waiting_cnt && writer->waiting_bytes + bytes > MAX_BYTES);
	pthread_mutex_unlock(&writer->lock);
	return is_full;
}

void writer__submit(struct writer *writer, struct job *job)
{
	job->next = NULL;
	pthread_mutex_lock(&writer->lock);
	*writer->last = job;
	writer->last = &job->next;
	writer->waiting_cnt++;
	writer->waiting_bytes += job->bytes;
	pthread_cond_signal(&writer->changed);
	pthread_mutex_unlock(&writer->lock);
}

void writer__free(struct writer *writer)
{
	if (!writer)
		return;
	pthread_mutex_lock(&writer->lock);
	writer->stopping = true;
	pthread_cond_broadcast(&writer->changed);
	pthread_mutex_unlock(&writer->lock);
	for (size_t i = 0; i < writer->thread_cnt; i++)
		pthread_join(writer->threads[i].thread, NULL);
	if (writer->dir_fd >= 0)
		(void)close(writer->dir_fd);
	free(writer->dir);
	pthread_cond_destroy(&writer->changed);
	pthread_mutex_destroy(&writer->lock);
	free(writer);
}
