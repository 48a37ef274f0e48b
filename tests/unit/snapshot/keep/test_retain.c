/* SPDX-License-Identifier: MIT */
/* Which snapshots are deleted when there are too many. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>
#include <cmocka.h>

#include <sched.h>

#include "age_clock.h"
#include "file_order.h"
#include "label.h"
#include "retain.h"

struct fixture {
	char dir[32];
	int dir_fd;
};

static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	if (!fixture)
		return -1;
	*state = fixture;
	strcpy(fixture->dir, "/tmp/test_retain.XXXXXX");
	if (!mkdtemp(fixture->dir))
		return -1;
	fixture->dir_fd = open(fixture->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fixture->dir_fd < 0 ? -1 : 0;
}

/* How many names are in the directory; deletes them if asked. */
static size_t walk_files(const struct fixture *fixture, int is_delete)
{
	DIR *dir = opendir(fixture->dir);
	struct dirent *entry;
	size_t cnt = 0;

	while (dir && (entry = readdir(dir))) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		cnt++;
		if (is_delete)
			(void)unlinkat(fixture->dir_fd, entry->d_name, 0);
	}
	if (dir)
		(void)closedir(dir);
	return cnt;
}

static size_t count_files(const struct fixture *fixture)
{
	return walk_files(fixture, 0);
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	(void)walk_files(fixture, 1);
	(void)rmdir(fixture->dir);
	(void)close(fixture->dir_fd);
	free(fixture);
	return 0;
}

static void touch(const struct fixture *fixture, const char *name, off_t bytes)
{
	int fd = openat(fixture->dir_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, bytes), 0);
	(void)close(fd);
}

static int exists(const struct fixture *fixture, const char *name)
{
	return faccessat(fixture->dir_fd, name, F_OK, 0) == 0;
}

static int apply(int dir_fd, size_t max_files, uint64_t max_bytes, const char *kept)
{
	const struct retain_options options = { .max_files = max_files, .max_bytes = max_bytes };
	struct retain *retain = retain__new(dir_fd, &options);
	int err;

	assert_non_null(retain);
	err = retain__apply(retain, kept);
	retain__free(retain);
	return err;
}

static void test_retain_keeps_the_newest(void **state)
{
	struct fixture *fixture = *state;

	touch(fixture, "ttlog-9-20260101000000000-timer.bin", 1000); /* by time, not by name */
	touch(fixture, "ttlog-1-20260102000000000-timer.bin", 1000);
	touch(fixture, "ttlog-1-20260103000000000-a-b.c_d.bin", 1000);
	touch(fixture, "ttlog-1-20260104000000000-now.bin", 1000);
	/* no snapshots */
	touch(fixture, "ttlog-1-2026010100000000-timer.bin", 1000);
	touch(fixture, "ttlog--20260101000000000-timer.bin", 1000);
	touch(fixture, "ttlog-1-20250101000000000-.bin", 1000);
	touch(fixture, "ttlog-1-20250101000000000-timer.bin.gz", 1000);
	touch(fixture, "ttlog-1", 1000);
	touch(fixture, "ttlog-1-", 1000);
	assert_int_equal(symlinkat("ttlog-1", fixture->dir_fd, "ttlog-1-20250101000000000-x.bin"),
			 0);

	assert_int_equal(apply(fixture->dir_fd, 0, 0, NULL), 0);
	assert_int_equal(apply(fixture->dir_fd, 4, 4000, NULL), 0);
	assert_int_equal(count_files(fixture), 11);
	assert_int_equal(apply(fixture->dir_fd, 3, 0, NULL), 0);
	assert_false(exists(fixture, "ttlog-9-20260101000000000-timer.bin"));
	assert_int_equal(count_files(fixture), 10);
	assert_int_equal(apply(fixture->dir_fd, 0, 2999, NULL), 0);
	assert_false(exists(fixture, "ttlog-1-20260102000000000-timer.bin"));
	assert_true(exists(fixture, "ttlog-1-20260103000000000-a-b.c_d.bin"));
	assert_int_equal(count_files(fixture), 9);
	/* the newest one always stays, whatever its size */
	assert_int_equal(apply(fixture->dir_fd, 0, 1, NULL), 0);
	assert_true(exists(fixture, "ttlog-1-20260104000000000-now.bin"));
	assert_int_equal(count_files(fixture), 8);
	assert_int_equal(apply(-1, 1, 1, NULL), -EBADF);
}

/* Timer, request, killed, crash; and of one kind the oldest first. */
static void test_retain_by_reason(void **state)
{
	static const char *const in_order[] = {
		"ttlog-1-20260107000000000-timer.bin",     "ttlog-1-20260108000000000-timer.bin",
		"ttlog-1-20260105000000000-request.bin",   "ttlog-1-20260106000000000-crash2.bin",
		"ttlog-1-20260103000000000-recovered.bin", "ttlog-1-20260104000000000-killed.bin",
		"ttlog-1-20260101000000000-crash.bin",     "ttlog-1-20260102000000000-crash.bin",
	};
	const size_t cnt = sizeof(in_order) / sizeof(*in_order);
	struct fixture *fixture = *state;

	for (size_t i = 0; i < cnt; i++)
		touch(fixture, in_order[i], 1000);
	for (size_t i = 0; i < cnt; i++) {
		struct timespec times[2] = { { .tv_sec = in_order[i][15] }, { 0 } };

		times[1] = times[0];
		assert_int_equal(utimensat(fixture->dir_fd, in_order[i], times, 0), 0);
	}
	for (size_t left = cnt - 1; left; left--) {
		assert_int_equal(apply(fixture->dir_fd, left, 0, NULL), 0);
		for (size_t i = 0; i < cnt; i++)
			assert_int_equal(exists(fixture, in_order[i]), i >= cnt - left);
	}
}

static void test_retain_empty_directory(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(apply(fixture->dir_fd, 1, 1, NULL), 0);
	touch(fixture, "ttlog-1-20260104000000000-timer.bin", 1000);
	assert_int_equal(apply(fixture->dir_fd, 1, 1, NULL), 0);
	assert_int_equal(count_files(fixture), 1);
}

/* Publishes a file as snapshots are published. service: NULL for a file of an old version. */
static void publish_of(const struct fixture *fixture, const char *name, const char *service,
		       const char *signature, off_t bytes)
{
	int fd = openat(fixture->dir_fd, "new", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, bytes), 0);
	assert_int_equal(file_order__make_newest(fixture->dir_fd, fd), 0);
	if (service)
		label__put(fd, service, signature);
	(void)close(fd);
	assert_int_equal(renameat(fixture->dir_fd, "new", fixture->dir_fd, name), 0);
}

static void publish(const struct fixture *fixture, const char *name)
{
	publish_of(fixture, name, NULL, NULL, 0);
}

/* The clock is set back from 2099 to now: files that are written after that are still the
 * newest. */
static void test_retain_when_the_clock_is_set_back(void **state)
{
	static const char *const names[] = {
		"ttlog-1-20990103000000000-crash.bin", "ttlog-1-20990104000000000-crash.bin",
		"ttlog-1-20260101000000000-crash.bin", "ttlog-1-20260102000000000-crash.bin",
		"ttlog-1-20251231000000000-crash.bin", /* set back once more */
	};
	const struct timespec in_2099[2] = { { .tv_sec = 4073000000 }, { .tv_sec = 4073000000 } };
	struct fixture *fixture = *state;

	for (size_t i = 0; i < 2; i++) {
		touch(fixture, names[i], 1000);
		assert_int_equal(utimensat(fixture->dir_fd, names[i], in_2099, 0), 0);
	}
	for (size_t i = 2; i < 5; i++)
		publish(fixture, names[i]);
	for (size_t left = 4; left; left--) {
		assert_int_equal(apply(fixture->dir_fd, left, 0, NULL), 0);
		assert_int_equal(count_files(fixture), left);
		for (size_t i = 0; i < 5; i++)
			assert_int_equal(exists(fixture, names[i]), i >= 5 - left);
	}
}

/* If the file system does not keep the order that we set. */
static void test_retain_order_of_a_directory(void **state)
{
	static const char *const bad[] = { "", "x", "-1", "99999999999999999999",
					   "5000000000000000000" };
	const struct timespec in_2099 = { .tv_sec = 4073000000 };
	const struct timespec times[2] = { in_2099, in_2099 };
	struct fixture *fixture = *state;
	struct stat st;

	if (fsetxattr(fixture->dir_fd, "user.ttlog.newest", "0", 1, 0))
		skip();
	/* what it says counts, not what is there */
	touch(fixture, "ttlog-1-20990101000000000-crash.bin", 1);
	assert_int_equal(
		utimensat(fixture->dir_fd, "ttlog-1-20990101000000000-crash.bin", times, 0), 0);
	publish(fixture, "ttlog-1-20260101000000000-crash.bin");
	assert_int_equal(fstatat(fixture->dir_fd, "ttlog-1-20260101000000000-crash.bin", &st, 0),
			 0);
	assert_true(st.st_mtim.tv_sec < in_2099.tv_sec);
	/* if it says anything */
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		assert_int_equal(
			fsetxattr(fixture->dir_fd, "user.ttlog.newest", bad[i], strlen(bad[i]), 0),
			0);
		publish(fixture, "ttlog-1-20260102000000000-crash.bin");
		assert_int_equal(
			fstatat(fixture->dir_fd, "ttlog-1-20260102000000000-crash.bin", &st, 0), 0);
		assert_true(st.st_mtim.tv_sec >= in_2099.tv_sec);
	}
}

static void test_retain_never_deletes_what_was_just_written(void **state)
{
	static const char kept[] = "ttlog-1-20260101000000000-crash.bin";
	const struct timespec long_ago[2] = { { .tv_sec = 1 }, { .tv_sec = 1 } };
	struct fixture *fixture = *state;

	touch(fixture, kept, 1000);
	assert_int_equal(utimensat(fixture->dir_fd, kept, long_ago, 0), 0);
	touch(fixture, "ttlog-1-20260102000000000-timer.bin", 1000);
	touch(fixture, "ttlog-1-20260103000000000-timer.bin", 1000);
	assert_int_equal(apply(fixture->dir_fd, 2, 0, kept), 0);
	assert_true(exists(fixture, kept));
	assert_true(exists(fixture, "ttlog-1-20260103000000000-timer.bin"));
	assert_int_equal(count_files(fixture), 2);
}

#define NS_PER_S 1000000000ull
#define HOUR_S   3600

/* A name for a file that is made so many seconds after noon of 2026-01-01. */
static void name_at(char ret[64], unsigned pid, unsigned seconds, const char *reason)
{
	(void)snprintf(ret, 64, "ttlog-%u-2026%02u%02u%02u%02u%02u000-%s.bin", pid, 1u,
		       1 + (seconds / HOUR_S + 12) / 24, (seconds / HOUR_S + 12) % 24,
		       seconds / 60 % 60, seconds % 60, reason);
}

static void now_at(struct age_clock_time *ret, unsigned seconds)
{
	*ret = (struct age_clock_time){
		.real_ns = (1767268800 + (uint64_t)seconds) * NS_PER_S, /* 2026-01-01T12:00 */
		.boot_ns = (1000 + (uint64_t)seconds) * NS_PER_S,
		.boot_id = "11111111-2222-3333-4444-555555555555",
	};
}

struct told {
	size_t deleted_cnt, wrong_cnt;
	enum kept_why why;
};

static void tell_deleted(void *ctx, const struct kept_file *file)
{
	struct told *told = ctx;

	told->deleted_cnt++;
	told->wrong_cnt += strncmp(file->name, "ttlog-1-", 8) != 0 || file->why != told->why;
}

/* Of service "loop" a program crashes once a second for an hour. All that three other services
 * had, a crash, a killed, a request and a timer each, stays. */
static void crash_for_an_hour(const struct fixture *fixture, const struct retain_options *limits,
			      struct told *told, off_t bytes)
{
	static const char *const reasons[] = { "timer", "request", "killed", "crash" };
	static const char *const services[] = { "api", "db", "web" };
	struct retain_options options = *limits;
	struct age_clock_time now;
	struct retain *retain;
	char name[64];

	options.deleted = tell_deleted;
	options.ctx = told;
	retain = retain__new(fixture->dir_fd, &options);
	assert_non_null(retain);
	for (unsigned i = 0; i < 12; i++) {
		name_at(name, 2 + i % 3, i, reasons[i / 3]);
		publish_of(fixture, name, services[i % 3], i / 3 == 3 ? "1234" : NULL, bytes);
	}
	for (unsigned i = 0; i < HOUR_S; i++) {
		name_at(name, 1, 60 + i, "crash");
		now_at(&now, 60 + i);
		publish_of(fixture, name, "loop", "0123456789abcdef", bytes);
		assert_int_equal(retain__apply_at(retain, name, &now), 0);
	}
	retain__free(retain);
	for (unsigned i = 0; i < 12; i++) {
		name_at(name, 2 + i % 3, i, reasons[i / 3]);
		assert_true(exists(fixture, name));
	}
	/* the first one and the last three, at least */
	for (unsigned i = 0; i < 4; i++) {
		name_at(name, 1, 60 + (i ? HOUR_S - i : 0), "crash");
		assert_true(exists(fixture, name));
	}
	assert_int_equal(told->wrong_cnt, 0);
}

static void test_retain_crash_loop_by_number(void **state)
{
	const struct retain_options limits = { .max_files = 20 };
	struct told told = { .why = KEPT_MAX_SNAPSHOTS };
	struct fixture *fixture = *state;

	crash_for_an_hour(fixture, &limits, &told, 100);
	assert_int_equal(count_files(fixture), 20);
	assert_int_equal(told.deleted_cnt, HOUR_S + 12 - 20);
}

static void test_retain_crash_loop_by_size(void **state)
{
	const struct retain_options limits = { .max_bytes = 25000 };
	struct told told = { .why = KEPT_MAX_DISK };
	struct fixture *fixture = *state;

	crash_for_an_hour(fixture, &limits, &told, 1000);
	assert_int_equal(count_files(fixture), 25);
}

/* The label of a file is read once: it may have been replaced since. */
static void test_retain_sees_a_file_that_took_another_s_place(void **state)
{
	const struct retain_options options = { .max_bytes = 2500 };
	struct fixture *fixture = *state;
	struct retain *retain = retain__new(fixture->dir_fd, &options);

	assert_non_null(retain);
	publish_of(fixture, "ttlog-1-20260101000000000-crash.bin", "a", "1", 1000);
	publish_of(fixture, "ttlog-1-20260102000000000-crash.bin", "a", "1", 1000);
	assert_int_equal(retain__apply(retain, NULL), 0);
	assert_int_equal(count_files(fixture), 2);
	/* as --recompress does */
	publish_of(fixture, "ttlog-1-20260101000000000-crash.bin", "a", "1", 100);
	publish_of(fixture, "ttlog-1-20260103000000000-crash.bin", "a", "1", 1000);
	assert_int_equal(retain__apply(retain, NULL), 0);
	assert_int_equal(count_files(fixture), 3);
	publish_of(fixture, "ttlog-1-20260104000000000-crash.bin", "a", "1", 1000);
	assert_int_equal(retain__apply(retain, NULL), 0);
	assert_false(exists(fixture, "ttlog-1-20260102000000000-crash.bin"));
	assert_int_equal(count_files(fixture), 3);
	retain__free(retain);
}

/* Another collector's files are seen, too, when the directory is read again. */
static void test_retain_sees_what_others_write_and_delete(void **state)
{
	const struct retain_options options = { .max_files = 4 };
	struct fixture *fixture = *state;
	struct retain *retain = retain__new(fixture->dir_fd, &options);
	struct age_clock_time now;
	char name[64];

	for (unsigned i = 0; i < 4; i++) {
		name_at(name, 1, i, "killed");
		now_at(&now, i);
		publish_of(fixture, name, "a", NULL, 10);
		assert_int_equal(retain__apply_at(retain, name, &now), 0);
	}
	assert_int_equal(count_files(fixture), 4);
	publish_of(fixture, "ttlog-2-20260101000000000-killed.bin", "a", NULL, 10);
	name_at(name, 1, 5, "killed");
	publish_of(fixture, name, "a", NULL, 10);
	assert_int_equal(retain__apply_at(retain, name, &now), 0);
	assert_int_equal(count_files(fixture), 5);
	name_at(name, 1, 20, "killed");
	now_at(&now, 20);
	publish_of(fixture, name, "a", NULL, 10);
	assert_int_equal(retain__apply_at(retain, name, &now), 0);
	assert_int_equal(count_files(fixture), 4);
	assert_true(exists(fixture, "ttlog-2-20260101000000000-killed.bin"));
	retain__free(retain);
}

/* Open segments take room, and are never deleted. */
static void test_retain_streams(void **state)
{
	static const char open[] = "ttlog-1-20260101000000000-stream.bin.part";
	struct fixture *fixture = *state;

	touch(fixture, open, 1000);
	touch(fixture, "ttlog-1-20260102000000000-stream.bin", 1000);
	touch(fixture, "ttlog-1-20260103000000000-crash.bin", 1000);
	touch(fixture, "ttlog-1-20250103000000000-crash.bin.part", 1000); /* no name of ours */
	assert_int_equal(apply(fixture->dir_fd, 0, 3000, NULL), 0);
	assert_int_equal(count_files(fixture), 4);
	assert_int_equal(apply(fixture->dir_fd, 0, 2999, NULL), 0);
	assert_false(exists(fixture, "ttlog-1-20260102000000000-stream.bin"));
	assert_int_equal(count_files(fixture), 3);
	assert_int_equal(apply(fixture->dir_fd, 0, 1, NULL), 0);
	assert_true(exists(fixture, open));
	assert_int_equal(count_files(fixture), 2);
}

/* It is asked for its size each time, whether its service is known or not. */
static void test_retain_open_streams_grow(void **state)
{
	static const char *const names[] = {
		"ttlog-1-20260101000000000-stream.bin.part",
		"ttlog-2-20260101000000000-stream.bin.part",
		"ttlog-1-20260102000000000-request.bin",
	};
	const struct retain_options options = { .max_bytes = 200000 };
	struct fixture *fixture = *state;
	struct retain *retain = retain__new(fixture->dir_fd, &options);

	for (size_t i = 0; i < 3; i++)
		publish_of(fixture, names[i], i == 1 ? NULL : "a", NULL, 1000);
	for (size_t i = 0; i < 2; i++) {
		int fd = openat(fixture->dir_fd, names[i], O_WRONLY | O_CLOEXEC);

		assert_int_equal(retain__apply(retain, NULL), 0);
		assert_int_equal(count_files(fixture), 3);
		assert_int_equal(ftruncate(fd, 150000), 0);
		(void)close(fd);
	}
	assert_int_equal(retain__apply(retain, NULL), 0);
	assert_false(exists(fixture, names[2]));
	assert_int_equal(count_files(fixture), 2);
	retain__free(retain);
}

static void count_held(void *ctx, int64_t ns, size_t held_cnt)
{
	(void)ns;
	*(size_t *)ctx += held_cnt;
}

/* By age all go in the end. A clock that jumps ten years ahead deletes none, whether a collector
 * runs then or not. */
static void test_retain_by_age(void **state)
{
	size_t held_cnt = 0;
	const struct retain_options options = {
		.max_age_ns = 10ull * HOUR_S * NS_PER_S,
		.jumped = count_held,
		.ctx = &held_cnt,
	};
	const uint64_t ten_years = 10ull * 365 * 24 * HOUR_S * NS_PER_S;
	struct fixture *fixture = *state;
	struct retain *retain = retain__new(fixture->dir_fd, &options);
	struct age_clock_time now;
	char name[64];

	for (unsigned i = 0; i < 4; i++) {
		name_at(name, 1, i * HOUR_S, "crash");
		publish(fixture, name);
	}
	now_at(&now, 10 * HOUR_S);
	assert_int_equal(retain__apply_at(retain, NULL, &now), 0);
	assert_int_equal(count_files(fixture), 4 + 1); /* and the clock's */
	now_at(&now, 10 * HOUR_S + 1);
	assert_int_equal(retain__apply_at(retain, NULL, &now), 0);
	assert_int_equal(count_files(fixture), 3 + 1);

	now.real_ns += ten_years;
	assert_int_equal(retain__apply_at(retain, NULL, &now), 0);
	assert_int_equal(held_cnt, 3);
	retain__free(retain);
	retain = retain__new(fixture->dir_fd, &options);
	assert_int_equal(retain__apply_at(retain, NULL, &now), 0);
	assert_int_equal(count_files(fixture), 3 + 1);
	/* they go when their time has come */
	now_at(&now, 11 * HOUR_S + 1);
	now.real_ns += ten_years;
	assert_int_equal(retain__apply_at(retain, NULL, &now), 0);
	assert_int_equal(count_files(fixture), 2 + 1);
	now_at(&now, 100 * HOUR_S);
	now.real_ns += ten_years;
	assert_int_equal(retain__apply_at(retain, NULL, &now), 0);
	assert_int_equal(count_files(fixture), 1);
	retain__free(retain);
}

/* A file system that has less free than is wanted: all goes but what is spared if that does not
 * help, since something else fills the disk. */
static void test_retain_spares_crashes_of_a_full_disk(void **state)
{
	const struct retain_options options = { .keep_free_bytes = INT64_MAX };
	struct fixture *fixture = *state;
	struct retain *retain = retain__new(fixture->dir_fd, &options);
	char name[64];

	for (unsigned i = 0; i < 6; i++) {
		name_at(name, 1, i, "crash");
		publish_of(fixture, name, "a", "1", 1000);
		name_at(name, 2, i, "killed");
		publish_of(fixture, name, "a", NULL, 1000);
	}
	assert_int_equal(retain__apply(retain, NULL), 0);
	for (unsigned i = 0; i < 6; i++) {
		name_at(name, 1, i, "crash");
		assert_int_equal(exists(fixture, name), i == 0 || i >= 3);
	}
	assert_int_equal(count_files(fixture), 4);
	retain__free(retain);
}

/* No limit at the start: its thread begins with the change, and looks at once. */
static void test_retain_changes_its_limits(void **state)
{
	const struct retain_options none = { 0 }, two = { .max_files = 2 };
	struct fixture *fixture = *state;
	struct retain *retain = retain__new(fixture->dir_fd, &none);
	char name[64];

	assert_int_equal(retain__start(retain), 0);
	for (unsigned i = 0; i < 6; i++) {
		name_at(name, 1, i, "request");
		publish_of(fixture, name, "a", NULL, 1000);
	}
	assert_int_equal(retain__apply(retain, NULL), 0);
	assert_int_equal(count_files(fixture), 6);
	assert_int_equal(retain__change(retain, &two), 0);
	while (count_files(fixture) > 2)
		(void)sched_yield();
	assert_int_equal(retain__change(retain, &none), 0);
	name_at(name, 2, 0, "request");
	publish_of(fixture, name, "a", NULL, 1000);
	assert_int_equal(retain__apply(retain, NULL), 0);
	assert_int_equal(count_files(fixture), 3);
	retain__free(retain);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_retain_keeps_the_newest, setup, teardown),
		cmocka_unit_test_setup_teardown(test_retain_by_reason, setup, teardown),
		cmocka_unit_test_setup_teardown(test_retain_empty_directory, setup, teardown),
		cmocka_unit_test_setup_teardown(test_retain_when_the_clock_is_set_back, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_retain_order_of_a_directory, setup, teardown),
		cmocka_unit_test_setup_teardown(test_retain_never_deletes_what_was_just_written,
						setup, teardown),
		cmocka_unit_test_setup_teardown(test_retain_crash_loop_by_number, setup, teardown),
		cmocka_unit_test_setup_teardown(test_retain_crash_loop_by_size, setup, teardown),
		cmocka_unit_test_setup_teardown(test_retain_sees_a_file_that_took_another_s_place,
						setup, teardown),
		cmocka_unit_test_setup_teardown(test_retain_sees_what_others_write_and_delete,
						setup, teardown),
		cmocka_unit_test_setup_teardown(test_retain_streams, setup, teardown),
		cmocka_unit_test_setup_teardown(test_retain_open_streams_grow, setup, teardown),
		cmocka_unit_test_setup_teardown(test_retain_by_age, setup, teardown),
		cmocka_unit_test_setup_teardown(test_retain_spares_crashes_of_a_full_disk, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_retain_changes_its_limits, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
