/* SPDX-License-Identifier: MIT */
/*
 * All that a recorder needs, set up as in the collector: a kernel side, attach, a clock, a queue of
 * jobs, a directory. And a child that logs, to be recorded.
 */
#ifndef TTLOG_TESTS_RECORDING_H
#define TTLOG_TESTS_RECORDING_H

#include <dirent.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include "make.h"
#include "marked_child.h"
#include "temp_dir.h"

#include <sys/eventfd.h>
#include <ttlog/read.h>
#include "attach.h"
#include "attached_process.h"
#include "clock.h"
#include "drain.h"
#include "job.h"
#include "job_queue.h"
#include "out_dir.h"
#include "recorder.h"
#include "site_filter.h"
#include "status_board.h"
#include "trigger.h"
#include "trigger_plan.h"
#include "writer.h"

struct recording {
	char dir[64];
	struct kernel *kernel;
	struct site_filter *filter;
	struct attach *attach;
	struct clock *clock;
	struct writer *writer;
	struct job_queue *queue;
	struct recorder *recorder;
	struct drain *drain; /* NULL: the test is its own drain thread */
	struct status_board *status;
	int done_fd;    /* of recorder_options */
	int done[2];    /* struct job *, if there is no drain thread */
	int answers[2]; /* lines, one for each request */
	struct marked_child child;
	uint32_t looked_at; /* the last process that it asked to look at, and the reason */
	uint32_t look;
	struct trigger_plan plan;
};

static inline void recording__wait_readable(int fd)
{
	struct pollfd ready = { .fd = fd, .events = POLLIN };

	assert_int_equal(poll(&ready, 1, DEADLINE_MS), 1);
}

static inline bool recording__look(void *ctx, uint32_t pid, uint64_t start_ns, uint32_t look)
{
	struct recording *recording = ctx;

	(void)start_ns;
	recording->looked_at = pid;
	recording->look = look;
	return true;
}

/* Called from one of the queue's threads. */
static inline void recording__job_done(void *ctx, struct job *job)
{
	struct recording *recording = ctx;

	if (recording->drain)
		drain__job_done(recording->drain, job);
	else if (write(recording->done[1], &job, sizeof(job)) != sizeof(job))
		abort();
}

static inline void recording__open_jobs(struct recording *recording)
{
	const struct writer_options writer = { .dir = recording->dir, .group = OUT_DIR_NO_GROUP };
	struct job_queue_options options = {
		.attach = recording->attach,
		.done = recording__job_done,
		.ctx = recording,
	};

	strcpy(recording->dir, "/tmp/ttlog-recording.XXXXXX");
	assert_non_null(mkdtemp(recording->dir));
	recording->clock = clock__new(NULL);
	recording->writer = writer__new(&writer);
	options.writer = recording->writer;
	recording->queue = job_queue__new(&options);
	assert_non_null(recording->clock);
	assert_non_null(recording->writer);
	assert_non_null(recording->queue);
}

/* Skips the test if recording is not possible here. on: enum trigger_on, or-ed. */
static inline struct recording *recording__start(unsigned int on)
{
	struct kernel *kernel = marked_child__open_kernel(false);
	struct recording *recording = calloc(1, sizeof(*recording));
	struct attach_options attach = { .kernel = kernel };
	struct recorder_options options = { .ring_bytes = 1 << 20, .quiet = true };

	assert_non_null(recording);
	recording->kernel = kernel;
	recording->plan.on = on;
	options.plan = &recording->plan;
	recording->child = marked_child__start();
	recording->filter = site_filter__new();
	attach.site_filter = recording->filter;
	recording->attach = attach__new(&attach);
	assert_non_null(recording->attach);
	recording__open_jobs(recording);
	recording->done_fd = eventfd(0, EFD_NONBLOCK);
	assert_true(recording->done_fd >= 0);
	assert_int_equal(pipe(recording->done), 0);
	assert_int_equal(pipe(recording->answers), 0);
	options.job = (struct job_context){
		.kernel = kernel,
		.attach = recording->attach,
		.clock = recording->clock,
		.queue = recording->queue,
		.writer = recording->writer,
	};
	options.done_fd = recording->done_fd;
	options.look = recording__look;
	options.look_ctx = recording;
	recording->status = status_board__new(&(const struct status_sources){
		.kernel = kernel,
		.attach = recording->attach,
	});
	assert_non_null(recording->status);
	recording->recorder = recorder__new(&options);
	assert_non_null(recording->recorder);
	return recording;
}

/* Call it after the child and the drain thread have ended. */
static inline void recording__free(struct recording *recording)
{
	int *pipes[] = { recording->done, recording->answers };

	drain__free(recording->drain);
	job_queue__free(recording->queue);
	writer__free(recording->writer);
	recorder__free(recording->recorder);
	status_board__free(recording->status);
	attach__free(recording->attach);
	site_filter__free(recording->filter);
	kernel__free(recording->kernel);
	clock__free(recording->clock);
	for (size_t i = 0; i < sizeof(pipes) / sizeof(*pipes); i++) {
		(void)close(pipes[i][0]);
		(void)close(pipes[i][1]);
	}
	(void)close(recording->done_fd);
	assert_int_equal(temp_dir__remove(recording->dir), 0);
	free(recording);
}

/* Called by the drain thread. */
static inline void recording__answer(struct trigger_request *request)
{
	const struct recording *recording = request->ctx;

	if (write(recording->answers[1], request->text, request->text_len) !=
	    (ssize_t)request->text_len)
		abort();
}

/* pid 0: of all processes. */
static inline struct trigger_request *recording__request(struct recording *recording, uint32_t pid,
							 bool only_new)
{
	struct trigger_request *request = trigger_request__new("asked", pid, only_new);

	assert_non_null(request);
	request->answer = recording__answer;
	request->ctx = recording;
	return request;
}

/* Reads a line: a path, or "error: ...". */
static inline void recording__read_answer(const struct recording *recording, char ret[PATH_MAX])
{
	size_t len = 0;

	do {
		recording__wait_readable(recording->answers[0]);
		assert_true(len < PATH_MAX - 1);
		assert_int_equal(read(recording->answers[0], ret + len, 1), 1);
	} while (ret[len++] != '\n');
	ret[len - 1] = '\0';
}

static inline void recording__assert_done_is_told(const struct recording *recording)
{
	eventfd_t cnt;

	recording__wait_readable(recording->done_fd);
	assert_int_equal(eventfd_read(recording->done_fd, &cnt), 0);
}

/* Checks the file: it has this many events `step`, with n from 0 on, and reports this many as
 * lost. */
static inline void recording__assert_file(const char *path, uint64_t recorded, uint64_t lost)
{
	char why[160] = "";
	struct ttlog_snapshot *snapshot = ttlog_snapshot_open(path, why, sizeof(why));
	const struct ttlog_contents *contents;
	struct ttlog_stream *stream;
	struct ttlog_event event;
	struct ttlog_field field;
	uint64_t n = 0;

	if (!snapshot)
		fail_msg("%s: %s", path, why);
	stream = ttlog_stream_new(&snapshot, 1, NULL, NULL);
	assert_non_null(stream);
	while (ttlog_stream_next(stream, &event)) {
		assert_true(ttlog_text_is(event.site->probe, "step"));
		ttlog_event_field(&event, 0, &field);
		assert_int_equal(field.u, n++);
	}
	contents = ttlog_snapshot_contents(snapshot);
	assert_int_equal(contents->problem_cnt, 0);
	assert_int_equal(n, recorded);
	assert_int_equal(contents->recorded, recorded);
	assert_int_equal(contents->lost->total, lost);
	assert_int_equal(contents->emitted, recorded + lost);
	ttlog_stream_free(stream);
	ttlog_snapshot_close(snapshot);
}

/* The path of the only file, whose name must end with -REASON.bin. */
static inline void recording__find_file(const struct recording *recording, const char *reason,
					char ret[PATH_MAX])
{
	DIR *dir = opendir(recording->dir);
	const struct dirent *entry;
	char end[NAME_MAX];
	int cnt = 0;

	assert_non_null(dir);
	(void)snprintf(end, sizeof(end), "-%s.bin", reason);
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		assert_non_null(strstr(entry->d_name, end));
		(void)snprintf(ret, PATH_MAX, "%s/%s", recording->dir, entry->d_name);
		cnt++;
	}
	(void)closedir(dir);
	assert_int_equal(cnt, 1);
}

#endif /* TTLOG_TESTS_RECORDING_H */
