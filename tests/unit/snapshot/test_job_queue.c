/* SPDX-License-Identifier: MIT */
/* Jobs go through their stages: names for a crash, then the file; two jobs at a time. */
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <unistd.h>
#include "temp_dir.h"
#include "make.h"

#include "clock.h"
#include "crash.h"
#include "job.h"
#include "job_queue.h"
#include "out_dir.h"
#include "ring.h"
#include "unwind_child.h"
#include "writer.h"

#define MIB (1u << 20)

struct fixture {
	char dir[64];
	struct clock *clock;
	struct ring *ring;
	struct writer *writer;
	struct job_queue *queue;
	sem_t done, go_on;
	bool holds; /* done() waits for go_on */
	pthread_mutex_t lock;
	struct job *first;
	unsigned cnt;
};

/* Called in one of the queue's threads. The main thread must end a frozen ring, so jobs are
 * kept. */
static void take(void *ctx, struct job *job)
{
	struct fixture *fixture = ctx;
	const bool holds = fixture->holds;

	pthread_mutex_lock(&fixture->lock);
	job->next = fixture->first;
	fixture->first = job;
	fixture->cnt++;
	pthread_mutex_unlock(&fixture->lock);
	(void)sem_post(&fixture->done);
	if (holds)
		(void)sem_wait(&fixture->go_on);
}

static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	struct writer_options writer = { .group = OUT_DIR_NO_GROUP };
	struct job_queue_options options = { .done = take, .ctx = fixture };

	if (!fixture)
		return -1;
	*state = fixture;
	strcpy(fixture->dir, "/tmp/test_job_queue.XXXXXX");
	if (!mkdtemp(fixture->dir))
		return -1;
	writer.dir = fixture->dir;
	fixture->clock = clock__new_blank();
	fixture->ring = ring__new(NULL, RING_MIN_BYTES);
	fixture->writer = options.writer = writer__new(&writer);
	pthread_mutex_init(&fixture->lock, NULL);
	sem_init(&fixture->done, 0, 0);
	sem_init(&fixture->go_on, 0, 0);
	if (!fixture->clock || !fixture->ring || !fixture->writer)
		return -1;
	fixture->queue = job_queue__new(&options);
	return fixture->queue ? 0 : -1;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;
	struct job *job;
	int err;

	job_queue__free(fixture->queue);
	while ((job = fixture->first)) {
		fixture->first = job->next;
		job__free(job);
	}
	writer__free(fixture->writer);
	err = temp_dir__remove(fixture->dir);
	ring__free(fixture->ring);
	clock__free(fixture->clock);
	pthread_mutex_destroy(&fixture->lock);
	sem_destroy(&fixture->done);
	sem_destroy(&fixture->go_on);
	free(fixture);
	return err;
}

static struct job *make_job(struct fixture *fixture, uint32_t pid)
{
	struct job *job = calloc(1, sizeof(*job));
	uint64_t overwritten;

	assert_non_null(job);
	job->events = ring__freeze(fixture->ring, &overwritten);
	assert_non_null(job->events);
	job->source.events = job->events;
	job->source.clock = fixture->clock;
	job->source.pid = pid;
	job->source.reason = strdup("test");
	return job;
}

static void wait_for(struct fixture *fixture, unsigned cnt)
{
	while (cnt--)
		assert_int_equal(sem_wait(&fixture->done), 0);
}

static void test_job_queue_writes_each_job(void **state)
{
	struct fixture *fixture = *state;

	for (uint32_t i = 0; i < 12; i++)
		job_queue__submit(fixture->queue, make_job(fixture, 40 + i % 3));
	wait_for(fixture, 12);
	for (const struct job *job = fixture->first; job; job = job->next) {
		assert_int_equal(job->err, 0);
		assert_int_equal(access(job->path, R_OK), 0);
		for (const struct job *other = job->next; other; other = other->next)
			assert_string_not_equal(job->path, other->path);
	}
}

static void test_job_queue_names_a_crash_first(void **state)
{
	struct fixture *fixture = *state;
	struct job *job = make_job(fixture, 42);
	struct crash *crash = &job->crash;

	crash->has_crash = true;
	crash->frame_cnt = 1;
	crash->frames[0].ip = 0x1010;
	crash->mappings.items = calloc(1, sizeof(*crash->mappings.items));
	assert_non_null(crash->mappings.items);
	crash->mappings.cnt = 1;
	crash->mappings.items[0] = (struct mapping){ .start = 0x1000, .end = 0x2000 };
	crash->mappings.items[0].path = strdup("[made]");
	job->source.crash = crash;
	job_queue__submit(fixture->queue, job);
	wait_for(fixture, 1);
	assert_int_equal(job->err, 0);
	assert_true(job->is_resolved);
	assert_string_equal(crash->frames[0].module, "[made]");
}

static void test_job_queue_goes_on_beside_one_that_hangs(void **state)
{
	struct fixture *fixture = *state;

	fixture->holds = true;
	job_queue__submit(fixture->queue, make_job(fixture, 40));
	wait_for(fixture, 1);
	/* the other thread takes this job */
	job_queue__submit(fixture->queue, make_job(fixture, 41));
	wait_for(fixture, 1);
	fixture->holds = false;
	(void)sem_post(&fixture->go_on);
	(void)sem_post(&fixture->go_on);
}

static void test_job_queue_bounds_what_waits(void **state)
{
	struct fixture *fixture = *state;
	struct job *job;

	fixture->holds = true;
	for (uint32_t i = 0; i < 2; i++)
		job_queue__submit(fixture->queue, make_job(fixture, 40 + i));
	wait_for(fixture, 2);
	assert_false(job_queue__is_full(fixture->queue, 128 * MIB));
	job = make_job(fixture, 42);
	job->bytes = 40 * MIB;
	job_queue__submit(fixture->queue, job);
	assert_false(job_queue__is_full(fixture->queue, 0));
	assert_false(job_queue__is_full(fixture->queue, 24 * MIB));
	assert_true(job_queue__is_full(fixture->queue, 25 * MIB));
	fixture->holds = false;
	(void)sem_post(&fixture->go_on);
	(void)sem_post(&fixture->go_on);
	wait_for(fixture, 1);
	assert_false(job_queue__is_full(fixture->queue, 128 * MIB));
}

/* Waiting jobs are written before the queue ends. */
static void test_job_queue_ends_when_all_is_done(void **state)
{
	struct fixture *fixture = *state;

	for (uint32_t i = 0; i < 20; i++)
		job_queue__submit(fixture->queue, make_job(fixture, 42));
	job_queue__free(fixture->queue);
	fixture->queue = NULL;
	assert_int_equal(fixture->cnt, 20);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_job_queue_writes_each_job, setup, teardown),
		cmocka_unit_test_setup_teardown(test_job_queue_names_a_crash_first, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_job_queue_goes_on_beside_one_that_hangs, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_job_queue_bounds_what_waits, setup, teardown),
		cmocka_unit_test_setup_teardown(test_job_queue_ends_when_all_is_done, setup,
						teardown),
	};

	/* a queue's thread also unwinds the crash */
	if (unwind_child__is_asked(argc, argv))
		unwind_child__run();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
