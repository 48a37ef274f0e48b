/* SPDX-License-Identifier: MIT */
/*
 * Where snapshots go, and what earlier collectors have left to be written there.
 */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "barrier.h"
#include "clock.h"
#include "collect_parts.h"
#include "drain.h"
#include "env.h"
#include "given_path.h"
#include "job_queue.h"
#include "live.h"
#include "out_dir.h"
#include "profile.h"
#include "recover.h"
#include "redact.h"
#include "report.h"
#include "retain.h"
#include "segment_recover.h"
#include "shipped_dir.h"
#include "stack_places.h"
#include "streams.h"
#include "writer.h"

/* At the end, recovery must write something in this time. */
#define RECOVERY_STEP_NS  20000000000ull
/* What could not be written is tried again. */
#define RECOVERY_AGAIN_MS 5000
/* How often it is said that files were deleted before they were shipped. */
#define UNSHIPPED_NS      60000000000ull

static void job_done(void *ctx, struct job *job)
{
	struct collector *collector = ctx;

	drain__job_done(collector->drain, job);
}

static int tell_unwritable(const struct env *env, int err)
{
	if (env->group == OUT_DIR_NO_GROUP)
		return report__error("can't write snapshots to", env->output_dir, err);
	fprintf(stderr, "ttlog-collect: can't give %s to the group of --group: %s%s\n",
		env->output_dir, strerror(-err),
		err == -EPERM
			? " (it must belong to root or to the user that ttlog-collect runs as, who must be a member of the group, and others must not be able to write to it)"
			: "");
	return err;
}

/* Once in a while: they may be many. */
static void tell_unshipped(struct collector *collector, const struct kept_file *file)
{
	struct shipped_notes *notes = &collector->shipped;
	const uint64_t now_ns = clock__now_mono_ns();

	notes->lost_cnt++;
	if (notes->said_ns && now_ns - notes->said_ns < UNSHIPPED_NS)
		return;
	notes->said_ns = now_ns;
	fprintf(stderr,
		"ttlog-collect: %" PRIu64
		" files were deleted before they were shipped, the last one %s/%s (--%s)\n",
		notes->lost_cnt, collector->env->output_dir, file->name, kept_file__why(file->why));
}

static void count_deleted(void *ctx, const struct kept_file *file)
{
	struct collector *collector = ctx;

	(void)__atomic_fetch_add(&collector->deleted_cnt[file->why], 1, __ATOMIC_RELAXED);
	if (collector->env->verbose)
		fprintf(stderr, "ttlog-collect: deleted %s/%s (--%s)\n", collector->env->output_dir,
			file->name, kept_file__why(file->why));
	if (collector->env->shipped_state && !file->is_shipped)
		tell_unshipped(collector, file);
}

/* What lasts is said once. */
static int open_shipped(void *ctx)
{
	struct collector *collector = ctx;
	const char *state = collector->env->shipped_state;
	const int fd = given_path__open_shipped(state), err = fd < 0 ? fd : 0;

	if (err && err != collector->shipped.err)
		fprintf(stderr,
			"ttlog-collect: --keep-until-shipped: can't read %s/" SHIPPED_DIR
			": %s: no file counts as shipped; is this ttlog-ship's --state, and does it run?\n",
			state, strerror(-err));
	collector->shipped.err = err;
	return fd;
}

/* At the start: that nothing counts as shipped, or that nothing ends it. */
static void look_at_shipped(struct collector *collector)
{
	const struct env *env = collector->env;
	const int fd = env->shipped_state ? open_shipped(collector) : -1;

	if (fd >= 0)
		(void)close(fd);
	if (env->shipped_state && !env->quiet && (env->max_snapshots || env->max_age_ns) &&
	    !env->max_disk_bytes && !env->keep_free_bytes && !env->keep_free_percent)
		fputs("ttlog-collect: --keep-until-shipped: without --max-disk or --keep-free, what can't be shipped may fill the disk\n",
		      stderr);
}

static void tell_jump(void *ctx, int64_t ns, size_t held_cnt)
{
	const struct collector *collector = ctx;

	fprintf(stderr,
		"ttlog-collect: the clock jumped by %" PRId64
		" s, which makes %zu snapshots in %s no older: they stay longer (--max-age)\n",
		ns / 1000000000, held_cnt, collector->env->output_dir);
}

struct retain_options collect__retain_options(struct collector *collector, const struct env *env)
{
	return (struct retain_options){
		.max_files = env->max_snapshots,
		.max_bytes = env->max_disk_bytes,
		.max_age_ns = env->max_age_ns,
		.keep_free_bytes = env->keep_free_bytes,
		.keep_free_percent = env->keep_free_percent,
		.open_shipped = collector->env->shipped_state ? open_shipped : NULL,
		.deleted = count_deleted,
		.jumped = env->quiet ? NULL : tell_jump,
		.ctx = collector,
	};
}

/* If we are killed, the next collector has to hide the same, and for the same readers. */
static int write_notes(const struct collector *collector)
{
	const struct env *env = collector->env;
	char redact[REDACT_LIST_BYTES], recipients[RECIPIENTS_TEXT_BYTES];
	int err = 0;

	redact__list(&env->redact, redact);
	recipients__text(&env->recipients, recipients);
	if (redact[0])
		err = journal__write_note(&collector->journal, "redact", redact);
	if (!err && recipients[0])
		err = journal__write_note(&collector->journal, "recipients", recipients);
	return err ? report__error("can't write to", collector->journal.dir, err) : 0;
}

/* Of all, or of a section. */
static bool has_streams(const struct env *env)
{
	for (size_t i = 0; i < env->targets.cnt; i++) {
		if (env->targets.items[i].env->stream)
			return true;
	}
	return env->stream;
}

static int open_streams(struct collector *collector)
{
	const struct env *env = collector->env;
	const struct streams_options options = {
		.writer = {
			.writer = collector->writer,
			.dir = env->output_dir,
			.sync = env->sync,
			.sync_ns = env->sync_ns,
			.segment_bytes = env->segment_bytes,
		},
		.segment_age_ns = env->segment_age_ns,
		.compression = env->profile->compression,
		.attach = env->stack_from != STACK_PLACES_OFF ? collector->attach : NULL,
	};

	if (!has_streams(env))
		return 0;
	collector->streams = streams__new(&options);
	return collector->streams ? 0 : report__error("can't start", NULL, -errno);
}

int collect__open_writer(struct collector *collector)
{
	const struct env *env = collector->env;
	struct job_queue_options queue = {
		.attach = collector->attach,
		.done = job_done,
		.ctx = collector,
	};
	const struct writer_options writer = {
		.dir = env->output_dir,
		.redact = &env->redact,
		.recipients = &env->recipients,
		.group = env->group,
		.level = env->profile->compression,
		.retain = collect__retain_options(collector, env),
	};
	char clock_path[PATH_MAX + 16];
	int err;

	(void)snprintf(clock_path, sizeof(clock_path), "%s/clock", collector->journal.dir);
	collector->clock = clock__new(clock_path);
	if (!collector->clock)
		return report__error("no clock", NULL, -errno);
	err = write_notes(collector);
	if (err)
		return err;
	look_at_shipped(collector);
	collector->writer = writer__new(&writer);
	if (!collector->writer)
		return tell_unwritable(env, -errno);
	queue.writer = collector->writer;
	collector->queue = job_queue__new(&queue);
	if (!collector->queue)
		return report__error("can't start", NULL, -errno);
	collector->live = live__new(collector->attach);
	return collector->live ? open_streams(collector)
			       : report__error("can't start", NULL, -errno);
}

static void tell_unrecovered(const struct collector *collector, int err)
{
	(void)report__error("can't recover all that collectors before had in", collector->ring_root,
			    err);
}

void collect__take_left_over(struct collector *collector)
{
	const struct recover_options options = {
		.root = collector->ring_root,
		.out_dir = collector->env->output_dir,
		.target = writer__target(collector->writer),
		.tags = &collector->env->tags,
		.report = collector->env->quiet ? NULL : stderr,
		.written_cnt = &collector->recovered_cnt,
	};

	collector->recover = recover__new(&options);
	if (!collector->recover)
		tell_unrecovered(collector, -errno);
}

/* Segments first: a collector of the same directory has its own locked. 0 or -errno, which is printed
 * if tells. */
static int end_left_segments(const struct collector *collector, bool tells)
{
	const char *dir = collector->env->output_dir;
	int cnt = segment_recover__all(writer__target(collector->writer), dir,
				       collector->env->quiet ? NULL : stderr);

	if (cnt < 0 && tells)
		(void)report__error("can't end all segments that collectors before left in", dir,
				    cnt);
	return cnt < 0 ? cnt : 0;
}

static int write_rings(struct collector *collector, bool tells)
{
	const int cnt = collector->recover ? recover__write(collector->recover) : 0;

	if (cnt < 0 && tells)
		tell_unrecovered(collector, cnt);
	return cnt < 0 ? cnt : 0;
}

/* False: the collector ends first. */
static bool wait_to_try_again(const struct collector *collector)
{
	struct pollfd end = { .fd = collector->recover_end_fd, .events = POLLIN };

	return collector->recover_end_fd >= 0 && !poll(&end, 1, RECOVERY_AGAIN_MS);
}

/* The disk may be full, or its directory not there yet. That is said once. */
static void *write_left_over(void *arg)
{
	struct collector *collector = arg;
	bool is_first = true, is_done = false;

	while (!is_done) {
		if (is_first || !writer__refresh(collector->writer)) {
			is_done = !end_left_segments(collector, is_first);
			is_done &= !write_rings(collector, is_first);
		}
		is_first = false;
		if (!is_done && !wait_to_try_again(collector))
			break;
	}
	return NULL;
}

void collect__start_recovery(struct collector *collector)
{
	collector->recover_end_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	collector->has_recover_thread =
		!pthread_create(&collector->recover_thread, NULL, write_left_over, collector);
	if (collector->has_recover_thread)
		return;
	/* it does not wait to try again */
	(void)eventfd_write(collector->recover_end_fd, 1);
	(void)write_left_over(collector);
}

bool collect__end_recovery(struct collector *collector)
{
	uint64_t before = UINT64_MAX, steps;
	struct timespec until;
	int err = collector->has_recover_thread ? ETIMEDOUT : 0;

	if (collector->has_recover_thread)
		(void)eventfd_write(collector->recover_end_fd, 1);
	while (err == ETIMEDOUT) {
		steps = writer__steps(collector->writer);
		if (steps == before) {
			fputs("ttlog-collect: the disk does not answer: what collectors before had is left to the next one\n",
			      stderr);
			return false;
		}
		before = steps;
		until = clock__timespec(clock__now_real_ns() + RECOVERY_STEP_NS);
		err = pthread_timedjoin_np(collector->recover_thread, NULL, &until);
	}
	if (collector->recover_end_fd >= 0)
		(void)close(collector->recover_end_fd);
	recover__free(collector->recover);
	return true;
}
