/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "age_clock.h"
#include "choice.h"
#include "clock.h"
#include "dir_calls.h"
#include "retain.h"
#include "shelf.h"
#include "shipped.h"

#define NS_PER_S          1000000000ull
#define MAX_PERIOD_NS     (30 * NS_PER_S)
#define MIN_PERIOD_NS     (NS_PER_S / 2)
/* Of max_age: a file is deleted at most so much too late. */
#define PERIODS_OF_AGE    10
/* Another program may fill the disk. */
#define FREE_PERIOD_NS    NS_PER_S
#define READ_PERIOD_NS    (10 * NS_PER_S)
#define SAVE_AFTER_NS     (600 * NS_PER_S)
/* What is shipped is looked at so often. */
#define SHIPPED_PERIOD_NS NS_PER_S

struct retain {
	int dir_fd;

	pthread_mutex_t lock; /* all that follows */
	struct retain_options options;
	bool has_changed; /* the options: all files are looked at */
	struct shelf shelf;
	uint64_t read_ns;    /* CLOCK_BOOTTIME when all of it was; 0: never */
	uint64_t shipped_ns; /* the same for which of it is shipped */
	struct age_clock clock;
	bool has_clock;    /* it was loaded */
	uint64_t saved_ns; /* CLOCK_BOOTTIME of what is in its file; 0: nothing is */

	pthread_cond_t ends;
	bool is_ending, has_thread;
	pthread_t thread;
};

static uint64_t missing_bytes(const struct retain *retain)
{
	const struct retain_options *options = &retain->options;
	uint64_t wanted = options->keep_free_bytes, is_free;
	struct statvfs fs;

	if ((!wanted && !options->keep_free_percent) || fstatvfs(retain->dir_fd, &fs))
		return 0;
	if (options->keep_free_percent)
		wanted = (uint64_t)fs.f_blocks / 100 * options->keep_free_percent *
			 (uint64_t)fs.f_frsize;
	is_free = fs.f_bavail * (uint64_t)fs.f_frsize;
	return is_free < wanted ? wanted - is_free : 0;
}

/* If it can't be saved, a jump while no collector runs is not noticed. */
static void save_clock(struct retain *retain, bool has_changed)
{
	const uint64_t now_ns = retain->clock.last.boot_ns;

	if (!has_changed && retain->saved_ns && now_ns - retain->saved_ns < SAVE_AFTER_NS)
		return;
	retain->saved_ns = now_ns;
	(void)age_clock__save(&retain->clock, retain->dir_fd);
}

static int find_old(struct retain *retain, const struct age_clock_time *now)
{
	struct shelf *shelf = &retain->shelf;
	const int64_t ahead_ns = retain->clock.ahead_ns;
	size_t held_cnt;
	int64_t jump_ns;
	int err;

	if (!retain->options.max_age_ns)
		return 0;
	jump_ns = age_clock__advance(&retain->clock, now);
	err = age_clock__find_old(&retain->clock, shelf->files, shelf->cnt,
				  retain->options.max_age_ns, &held_cnt);
	if (err)
		return err;
	if (jump_ns && held_cnt && retain->options.jumped)
		retain->options.jumped(retain->options.ctx, jump_ns, held_cnt);
	save_clock(retain, jump_ns || retain->clock.ahead_ns != ahead_ns);
	for (size_t i = 0; retain->options.open_shipped && i < shelf->cnt; i++) {
		if (!shelf->files[i].is_shipped)
			shelf->files[i].why = KEPT_STAYS;
	}
	return 0;
}

/* One that was written since is not shipped. */
static void look_at_shipped(struct retain *retain, const struct age_clock_time *now)
{
	const struct retain_options *options = &retain->options;

	if (!options->open_shipped ||
	    (retain->shipped_ns && now->boot_ns - retain->shipped_ns < SHIPPED_PERIOD_NS))
		return;
	retain->shipped_ns = now->boot_ns;
	(void)shipped__read(&retain->shelf, options->open_shipped(options->ctx));
}

/* What can't be deleted now is tried again the next time. */
static int delete_chosen(struct retain *retain)
{
	const struct retain_options *options = &retain->options;
	int err = 0;

	for (size_t i = 0; i < retain->shelf.cnt; i++) {
		const struct kept_file *file = &retain->shelf.files[i];

		if (file->why == KEPT_STAYS)
			continue;
		if (dir_calls__unlink(retain->dir_fd, file->name) == 0) {
			if (options->deleted)
				options->deleted(options->ctx, file);
		} else if (errno != ENOENT) {
			err = -errno;
		}
	}
	return err;
}

static bool is_within(const struct retain *retain)
{
	const struct retain_options *options = &retain->options;
	uint64_t bytes = 0;

	for (size_t i = 0; i < retain->shelf.cnt; i++)
		bytes += retain->shelf.files[i].bytes;
	return (!options->max_files || retain->shelf.cnt <= options->max_files) &&
	       (!options->max_bytes || bytes <= options->max_bytes) && !missing_bytes(retain);
}

/* The directory is not read again for each file: others that write or delete there are seen some
 * seconds later. */
static int look_at_files(struct retain *retain, const char *kept, const struct age_clock_time *now,
			 bool *ret_all)
{
	const uint64_t since_ns = now->boot_ns - retain->read_ns;

	*ret_all = !kept || !retain->read_ns || since_ns >= READ_PERIOD_NS;
	if (!*ret_all)
		return shelf__add(&retain->shelf, retain->dir_fd, kept);
	retain->read_ns = now->boot_ns;
	return shelf__read(&retain->shelf, retain->dir_fd);
}

static int apply(struct retain *retain, const char *kept, const struct age_clock_time *now)
{
	struct choice_limits limits = {
		.max_files = retain->options.max_files,
		.max_bytes = retain->options.max_bytes,
		.kept = kept,
		.keeps_unshipped = retain->options.open_shipped != NULL,
	};
	struct shelf *shelf = &retain->shelf;
	bool is_all;
	int err = look_at_files(retain, kept, now, &is_all);

	if (err)
		return err;
	if (!(is_all && retain->options.max_age_ns) && is_within(retain))
		return 0;
	for (size_t i = 0; i < shelf->cnt; i++)
		shelf->files[i].why = KEPT_STAYS;
	look_at_shipped(retain, now);
	limits.missing_bytes = missing_bytes(retain);
	if (is_all)
		err = find_old(retain, now);
	if (!err)
		err = choice__make(shelf->files, shelf->cnt, &limits);
	if (err)
		return err;
	err = delete_chosen(retain);
	shelf__drop_deleted(shelf);
	return err;
}

static bool has_limits(const struct retain_options *options)
{
	return options->max_files || options->max_bytes || options->max_age_ns ||
	       options->keep_free_bytes || options->keep_free_percent;
}

int retain__apply_at(struct retain *retain, const char *kept, const struct age_clock_time *now)
{
	int err = 0;

	pthread_mutex_lock(&retain->lock);
	if (has_limits(&retain->options))
		err = apply(retain, kept, now);
	pthread_mutex_unlock(&retain->lock);
	return err;
}

int retain__apply(struct retain *retain, const char *kept)
{
	struct age_clock_time now;

	age_clock__now(&now);
	return retain__apply_at(retain, kept, &now);
}

/* ---- The thread ---- */

static uint64_t age_period_ns(const struct retain_options *options)
{
	const uint64_t period = options->max_age_ns / PERIODS_OF_AGE;

	if (period > MAX_PERIOD_NS)
		return MAX_PERIOD_NS;
	return period < MIN_PERIOD_NS ? MIN_PERIOD_NS : period;
}

static bool keeps_free(const struct retain_options *options)
{
	return options->keep_free_bytes || options->keep_free_percent;
}

static void load_clock(struct retain *retain)
{
	if (retain->options.max_age_ns && !retain->has_clock) {
		age_clock__load(&retain->clock, retain->dir_fd);
		retain->has_clock = true;
	}
}

/* With room enough the directory is not read again. */
static void look(struct retain *retain, uint64_t *next_ns)
{
	const struct retain_options *options = &retain->options;
	struct age_clock_time now;

	age_clock__now(&now);
	if (options->max_age_ns && now.boot_ns >= *next_ns)
		*next_ns = now.boot_ns + age_period_ns(options);
	else if (!missing_bytes(retain) && !retain->has_changed)
		return;
	retain->has_changed = false;
	load_clock(retain);
	(void)apply(retain, NULL, &now);
}

static uint64_t period_ns(const struct retain_options *options)
{
	const uint64_t age_ns = options->max_age_ns ? age_period_ns(options) : MAX_PERIOD_NS;

	return keeps_free(options) && age_ns > FREE_PERIOD_NS ? FREE_PERIOD_NS : age_ns;
}

static void *run(void *arg)
{
	struct retain *retain = arg;
	uint64_t next_ns = 0;
	struct timespec until;

	pthread_mutex_lock(&retain->lock);
	while (!retain->is_ending) {
		look(retain, &next_ns);
		until = clock__timespec(clock__now_mono_ns() + period_ns(&retain->options));
		while (!retain->is_ending && !retain->has_changed &&
		       pthread_cond_timedwait(&retain->ends, &retain->lock, &until) != ETIMEDOUT)
			;
	}
	pthread_mutex_unlock(&retain->lock);
	return NULL;
}

struct retain *retain__new(int dir_fd, const struct retain_options *options)
{
	struct retain *retain = calloc(1, sizeof(*retain));

	if (!retain)
		return NULL;
	retain->options = *options;
	retain->dir_fd = dir_fd;
	pthread_mutex_init(&retain->lock, NULL);
	clock__init_condition(&retain->ends);
	load_clock(retain);
	return retain;
}

static int start_thread(struct retain *retain)
{
	int err = pthread_create(&retain->thread, NULL, run, retain);

	retain->has_thread = !err;
	return -err;
}

int retain__start(struct retain *retain)
{
	if (!retain->options.max_age_ns && !keeps_free(&retain->options))
		return 0;
	return start_thread(retain);
}

int retain__change(struct retain *retain, const struct retain_options *options)
{
	pthread_mutex_lock(&retain->lock);
	retain->options = *options;
	retain->has_changed = true;
	pthread_cond_broadcast(&retain->ends);
	pthread_mutex_unlock(&retain->lock);
	return retain->has_thread ? 0 : start_thread(retain);
}

void retain__free(struct retain *retain)
{
	if (!retain)
		return;
	pthread_mutex_lock(&retain->lock);
	retain->is_ending = true;
	pthread_cond_broadcast(&retain->ends);
	pthread_mutex_unlock(&retain->lock);
	if (retain->has_thread)
		pthread_join(retain->thread, NULL);
	shelf__fini(&retain->shelf);
	pthread_cond_destroy(&retain->ends);
	pthread_mutex_destroy(&retain->lock);
	free(retain);
}
