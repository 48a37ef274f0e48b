/* SPDX-License-Identifier: MIT */
#include "attacher.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "attach.h"
#include "attached_process.h"
#include "clock.h"
#include "report.h"
#include "work_queue.h"

/* In addition to enum attach_look. */
#define WORK_GIVEN 0x10000u

#define GIVEN_WAIT_S 3
#define END_WAIT_NS  1000000000ull

struct attacher {
	struct attacher_options options;
	struct work_queue *queue;

	pthread_mutex_t lock; /* what follows */
	pthread_cond_t changed;
	pid_t awaited; /* attacher__attach() waits for it; 0: none */
	int err;       /* its result, when `awaited` is 0 again */
	size_t late_cnt;
};

/* ---- what is done ---- */

static void announce(const struct attacher *attacher, pid_t pid, const struct attach_result *result)
{
	if (!attacher->options.quiet)
		report__recording(pid, result);
}

struct change {
	struct attacher *attacher;
	bool was_announced;
};

static void take_changed(void *ctx, struct attached_process *attached)
{
	struct change *change = ctx;
	const struct attacher_options *options = &change->attacher->options;

	attached->ret_was_announced = &change->was_announced;
	options->before(options->ctx, attached);
}

/* It has mapped another library or program, whose sites are enabled. */
static void attach_to_change(struct attacher *attacher, pid_t pid, struct attach_result *ret)
{
	/* true: if the process is gone, there is nothing to announce */
	struct change change = { .attacher = attacher, .was_announced = true };
	int err;

	err = attach__process(attacher->options.attach, pid, take_changed, &change, ret);
	if (err && err != -ESRCH && err != -ENOENT && err != -ESHUTDOWN)
		report__failure(pid, err, "can't attach to what it has loaded");
	if (ret->module_cnt && !change.was_announced)
		announce(attacher, pid, ret);
}

void attacher__attach_loaded(struct attacher *attacher, pid_t pid)
{
	struct attach_result result = { 0 };

	attach_to_change(attacher, pid, &result);
}

/* The process was not stopped meanwhile. */
static void attach_late(struct attacher *attacher, const struct work *work)
{
	struct attach_result result = { 0 };

	attach_to_change(attacher, (pid_t)work->key, &result);
	if (result.new_cnt && work->what & ATTACH_LOOK_LIBRARY && !attacher->options.quiet)
		report__late((uint32_t)work->key, &result);
}

static int attach_to_given(struct attacher *attacher, pid_t pid)
{
	const struct attacher_options *options = &attacher->options;
	struct attach_result result = { 0 };
	char subject[32];
	int err;

	(void)snprintf(subject, sizeof(subject), "pid %d", (int)pid);
	if (kill(pid, 0) && errno == ESRCH) {
		fprintf(stderr, "ttlog-collect: no process: %s: %s\n", subject, strerror(ESRCH));
		return -ESRCH;
	}
	if (report__thread(pid))
		return -ESRCH;
	err = attach__process(options->attach, pid, options->before, options->ctx, &result);
	if (err == -ESHUTDOWN)
		return err;
	if (err || !result.module_cnt) {
		report__unattached(subject, &result, err);
		return err ? err : -ENOENT;
	}
	announce(attacher, pid, &result);
	return 0;
}

static void do_given(struct attacher *attacher, pid_t pid)
{
	int err = attach_to_given(attacher, pid);
	bool is_late;

	pthread_mutex_lock(&attacher->lock);
	is_late = attacher->awaited != pid;
	if (is_late) {
		attacher->late_cnt--;
	} else {
		attacher->awaited = 0;
		attacher->err = err;
		pthread_cond_broadcast(&attacher->changed);
	}
	pthread_mutex_unlock(&attacher->lock);
	if (is_late && err)
		attacher->options.failed(attacher->options.ctx);
}

/* After the first look: files may take long. */
static void keep_files(struct attacher *attacher, const struct work *work)
{
	const struct attacher_options *options = &attacher->options;
	struct attached_process *kept = attached_process__new(work->key);

	if (!kept)
		return;
	kept->look = ATTACH_LOOK_NEW;
	kept->start_ns = work->detail;
	attach__keep_files(options->attach, (pid_t)work->key, kept);
	options->tell(options->ctx, kept);
}

static bool is_chosen(const struct attacher_options *options, pid_t pid, uint32_t look)
{
	return !options->chooses || !(look & ATTACH_LOOK_EXEC) ||
	       options->chooses(options->ctx, pid);
}

static void run(void *ctx, const struct work *work)
{
	struct attacher *attacher = ctx;
	const struct attacher_options *options = &attacher->options;
	const pid_t pid = (pid_t)work->key;
	const uint32_t look = work->what & ~WORK_GIVEN;
	const bool attaches = look & (ATTACH_LOOK_LIBRARY | ATTACH_LOOK_EXEC) &&
			      !options->only_looks && is_chosen(options, pid, look);
	struct attached_process *found = NULL;

	if (work->what & ATTACH_FREE_UNUSED)
		attach__free_unused(options->attach);
	if (work->what & ATTACH_FIND_UNUSED)
		attach__find_unused(options->attach);
	if (!work->key)
		return;
	if (work->what & WORK_GIVEN)
		do_given(attacher, pid);
	/* attaching finds all that a look for libraries would */
	if (look && (look != ATTACH_LOOK_LIBRARY || !attaches))
		found = attached_process__new_look(work->key, work->detail, look);
	if (found)
		options->tell(options->ctx, found);
	if (attaches && look & ATTACH_LOOK_UNLINKED)
		attach__unlink(options->attach, pid);
	if (attaches)
		attach_late(attacher, work);
	else if (look & ~ATTACH_LOOK_CRASH)
		keep_files(attacher, work);
}

/* ---- for other threads ---- */

bool attacher__look(struct attacher *attacher, uint32_t pid, uint64_t start_ns, uint32_t what)
{
	const struct work work = { .key = pid, .what = what, .detail = start_ns };

	return !work_queue__post(attacher->queue, &work);
}

/* -EINPROGRESS if it takes too long. */
static int wait_for_given(struct attacher *attacher)
{
	struct timespec until;
	int err;

	(void)clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += GIVEN_WAIT_S;
	pthread_mutex_lock(&attacher->lock);
	while (attacher->awaited &&
	       pthread_cond_timedwait(&attacher->changed, &attacher->lock, &until) != ETIMEDOUT)
		continue;
	err = attacher->awaited ? -EINPROGRESS : attacher->err;
	attacher->late_cnt += err == -EINPROGRESS;
	attacher->awaited = 0;
	pthread_mutex_unlock(&attacher->lock);
	return err;
}

static int attach_one(struct attacher *attacher, pid_t pid)
{
	const struct work work = { .key = (uint32_t)pid, .what = WORK_GIVEN };
	int err;

	pthread_mutex_lock(&attacher->lock);
	attacher->awaited = pid;
	pthread_mutex_unlock(&attacher->lock);
	err = work_queue__post(attacher->queue, &work);
	if (err) {
		report__failure((uint32_t)pid, err, "can't attach to it");
		return err;
	}
	err = wait_for_given(attacher);
	if (err != -EINPROGRESS)
		return err;
	fprintf(stderr,
		"ttlog-collect: pid %d: its files can't be read yet: it will be recorded once they can\n",
		(int)pid);
	return 0;
}

int attacher__attach(struct attacher *attacher, const pid_t *pids, size_t cnt)
{
	int err = 0;

	for (size_t i = 0; !err && i < cnt; i++)
		err = attach_one(attacher, pids[i]);
	return err;
}

bool attacher__is_behind(struct attacher *attacher)
{
	bool is_behind;

	pthread_mutex_lock(&attacher->lock);
	is_behind = attacher->late_cnt > 0;
	pthread_mutex_unlock(&attacher->lock);
	return is_behind;
}

/* ---- up and down ---- */

struct attacher *attacher__new(const struct attacher_options *options)
{
	struct attacher *attacher = calloc(1, sizeof(*attacher));

	if (!attacher)
		return NULL;
	attacher->options = *options;
	pthread_mutex_init(&attacher->lock, NULL);
	clock__init_condition(&attacher->changed);
	/* these come first: the main thread waits, or the process is soon gone */
	attacher->queue =
		work_queue__new("ttlog-attach", run, attacher, WORK_GIVEN | ATTACH_LOOK_CRASH);
	if (attacher->queue)
		return attacher;
	free(attacher);
	return NULL;
}

bool attacher__free(struct attacher *attacher)
{
	if (!attacher)
		return true;
	if (!work_queue__stop(attacher->queue, END_WAIT_NS))
		return false;
	work_queue__free(attacher->queue);
	pthread_cond_destroy(&attacher->changed);
	pthread_mutex_destroy(&attacher->lock);
	free(attacher);
	return true;
}
