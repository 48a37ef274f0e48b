/* SPDX-License-Identifier: MIT */
/*
 * Rings with a memory budget that is smaller than their size: they hold the newest entries all the
 * same, to the event, and together they stay within the budget.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "prefault.h"
#include "ring.h"
#include "ring_budget.h"
#include "ring_memory.h"
#include "ring_pattern.h"

#define MIB        ((size_t)1 << 20)
#define RING_BYTES (16 * MIB)
#define RING_CNT   12

struct fixture {
	char dir[32], path[RING_CNT][64];
	struct ring_budget *budget;
	uint64_t max_bytes;
	struct ring *rings[RING_CNT];
	uint64_t written[RING_CNT]; /* pattern entries */
};

static void mount_dir(const struct fixture *fixture, const char *size, unsigned long flags)
{
	char options[32];

	(void)snprintf(options, sizeof(options), "size=%s", size);
	assert_int_equal(mount("none", fixture->dir, "tmpfs", flags, options), 0);
}

static void open_dir(struct fixture *fixture, const char *size, uint64_t max_bytes)
{
	*fixture = (struct fixture){ 0 };
	(void)snprintf(fixture->dir, sizeof(fixture->dir), "/tmp/test_budget.XXXXXX");
	assert_non_null(mkdtemp(fixture->dir));
	mount_dir(fixture, size, 0);
	for (int i = 0; i < RING_CNT; i++)
		(void)snprintf(fixture->path[i], sizeof(fixture->path[i]), "%s/%d", fixture->dir,
			       i);
	fixture->max_bytes = max_bytes;
	fixture->budget = ring_budget__new(max_bytes);
	assert_non_null(fixture->budget);
}

static void close_dir(struct fixture *fixture)
{
	for (int i = 0; i < RING_CNT; i++)
		ring__free(fixture->rings[i]);
	/* nothing is used any more */
	assert_true(ring_budget__fits(fixture->budget, fixture->max_bytes));
	ring_budget__free(fixture->budget);
	assert_int_equal(umount(fixture->dir), 0);
	assert_int_equal(rmdir(fixture->dir), 0);
}

static void make_ring(struct fixture *fixture, int i)
{
	fixture->rings[i] = ring__new_within(fixture->budget, fixture->path[i], RING_BYTES);
	assert_non_null(fixture->rings[i]);
}

/* About 3 KiB each. */
static void write_some(struct fixture *fixture, int i, uint64_t cnt)
{
	while (cnt-- > 0)
		write_pattern(fixture->rings[i], ++fixture->written[i]);
}

static uint64_t file_bytes(const struct fixture *fixture, int i)
{
	struct stat st;

	assert_int_equal(stat(fixture->path[i], &st), 0);
	return (uint64_t)st.st_blocks * 512;
}

/* Checks that the newest entries are there, consecutive, and that with the overwritten ones they
 * are all. Returns their bytes. */
static uint64_t check_ring(const struct fixture *fixture, int i)
{
	const struct ring_entry *entry;
	uint64_t events = 0, overwritten, number = 0, bytes = 0;
	struct ring_copy *copy = ring__freeze(fixture->rings[i], &overwritten);
	size_t cursor = 0;

	assert_non_null(copy);
	while ((entry = ring_copy__next(copy, &cursor))) {
		assert_true(is_whole(entry));
		assert_true(!number || entry->seq == number + 1);
		number = entry->seq;
		events += entry->events;
		bytes += entry->bytes;
	}
	assert_int_equal(number, fixture->written[i]);
	assert_int_equal(overwritten + events, ring__events(fixture->rings[i]));
	assert_int_equal(overwritten, ring__overwritten(fixture->rings[i]));
	ring_copy__free(copy);
	return bytes;
}

/* Writes 20 MB into a ring of 16 MiB in a file system of 3 MiB: it holds the last ones. Later there
 * is room, and the ring grows. */
static void test_ring_budget_on_a_full_file_system(void **state)
{
	struct fixture fixture;

	(void)state;
	if (geteuid() != 0)
		skip();
	open_dir(&fixture, "3m", 64 * MIB);
	make_ring(&fixture, 0);
	write_some(&fixture, 0, 7000);
	assert_true(file_bytes(&fixture, 0) <= 3 * MIB);
	assert_true(check_ring(&fixture, 0) > 2 * MIB);
	ring__leave(fixture.rings[0]);
	ring__free(fixture.rings[0]);
	fixture.rings[0] = ring__open(fixture.path[0]);
	assert_non_null(fixture.rings[0]);
	assert_true(check_ring(&fixture, 0) > 2 * MIB);
	/* as a collector does that takes over a dead one's ring */
	write_some(&fixture, 0, 3000);
	assert_true(file_bytes(&fixture, 0) <= 3 * MIB);
	assert_true(check_ring(&fixture, 0) > 2 * MIB);
	mount_dir(&fixture, "64m", MS_REMOUNT);
	write_some(&fixture, 0, 15000);
	assert_true(check_ring(&fixture, 0) > 15 * MIB);
	close_dir(&fixture);
}

/* Makes a file of another program, as large as possible. */
static void fill(const char *path)
{
	static const char bytes[64 << 10];
	const int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	while (write(fd, bytes, sizeof(bytes)) == (ssize_t)sizeof(bytes))
		continue;
	assert_int_equal(close(fd), 0);
}

/* Other programs fill that file system and free it, again and again. */
static void test_ring_budget_of_others_files(void **state)
{
	struct fixture fixture;
	char path[64];

	(void)state;
	if (geteuid() != 0)
		skip();
	open_dir(&fixture, "12m", 64 * MIB);
	(void)snprintf(path, sizeof(path), "%s/filler", fixture.dir);
	make_ring(&fixture, 0);
	make_ring(&fixture, 1);
	for (int round = 0; round < 40; round++) {
		fill(path);
		write_some(&fixture, round % 3 == 0, 500);
		write_some(&fixture, round % 3 != 0, 37);
		(void)check_ring(&fixture, 0);
		(void)check_ring(&fixture, 1);
		assert_int_equal(unlink(path), 0);
		write_some(&fixture, round % 5 == 0, 100);
	}
	assert_true(check_ring(&fixture, 0) > MIB);
	assert_true(check_ring(&fixture, 1) > MIB);
	close_dir(&fixture);
}

/* The first ring had the whole budget; rings that come later get as much. */
static void test_ring_budget_is_shared(void **state)
{
	const uint64_t max_bytes = 8 * MIB;
	struct fixture fixture;
	uint64_t sum = 0, least = UINT64_MAX;

	(void)state;
	if (geteuid() != 0)
		skip();
	open_dir(&fixture, "64m", max_bytes);
	make_ring(&fixture, 0);
	write_some(&fixture, 0, 7000);
	assert_true(check_ring(&fixture, 0) > max_bytes * 3 / 4);
	for (int i = 1; i < RING_CNT; i++) {
		make_ring(&fixture, i);
		write_some(&fixture, i, 1 + (uint64_t)i % 3);
	}
	for (int round = 0; round < 100; round++) {
		for (int i = 0; i < RING_CNT; i++)
			write_some(&fixture, i, 20);
		assert_true(ring_budget__fits(fixture.budget, 0));
	}
	for (int i = 0; i < RING_CNT; i++) {
		const uint64_t bytes = check_ring(&fixture, i);

		sum += file_bytes(&fixture, i);
		least = bytes < least ? bytes : least;
	}
	assert_true(sum <= max_bytes);
	assert_true(sum > max_bytes * 3 / 4);
	/* a twelfth of it, less what is lost at the ends of extents */
	assert_true(least > max_bytes / RING_CNT / 2);
	close_dir(&fixture);
}

/* A new ring begins with memory that another one gives up, or not at all; it can begin once there
 * is room again. */
static void test_ring_budget_is_kept(void **state)
{
	struct fixture fixture;
	int cnt = 0;

	(void)state;
	if (geteuid() != 0)
		skip();
	open_dir(&fixture, "64m", MIB);
	for (; cnt < RING_CNT; cnt++) {
		fixture.rings[cnt] =
			ring__new_within(fixture.budget, fixture.path[cnt], RING_BYTES);
		if (!fixture.rings[cnt])
			break;
		write_some(&fixture, cnt, 500);
	}
	assert_int_equal(errno, ENOBUFS);
	assert_in_range(cnt, 4,
			7); /* 132 KiB at least, and a third extent if the head is in that one */
	assert_false(ring_memory__may_begin(fixture.budget));
	/* nor can a ring in memory, without a file */
	assert_null(ring__new_within(fixture.budget, NULL, RING_BYTES));
	assert_int_equal(access(fixture.path[cnt], F_OK), -1);
	/* a ring without new entries keeps at least its last ones */
	for (int i = 0; i < cnt; i++)
		(void)check_ring(&fixture, i);
	for (int i = 0; i < cnt; i++) {
		write_some(&fixture, i, 100);
		assert_true(check_ring(&fixture, i) > 64 << 10);
	}
	ring__free(fixture.rings[0]);
	fixture.rings[0] = NULL;
	assert_true(ring_memory__may_begin(fixture.budget));
	make_ring(&fixture, cnt);
	write_some(&fixture, cnt, 500);
	assert_true(check_ring(&fixture, cnt) > 64 << 10);
	close_dir(&fixture);
}

/* The largest possible batch fits into a ring's memory, at any position of the head. */
static void test_ring_budget_large_entries(void **state)
{
	static unsigned char records[256 << 10];
	struct fixture fixture;
	uint64_t events = 0;

	(void)state;
	if (geteuid() != 0)
		skip();
	open_dir(&fixture, "64m", 2 * MIB);
	make_ring(&fixture, 0);
	make_ring(&fixture, 1);
	write_some(&fixture, 1, 2000);
	for (uint64_t i = 1; i <= 300; i++) {
		const struct ring_entry entry = {
			.bytes = i % 2 ? sizeof(records) - 64 : (uint32_t)(i * 104 % 30000),
			.events = 10,
			.seq = i,
		};

		assert_int_equal(ring__write(fixture.rings[0], &entry, records), 0);
		events += 10;
		write_some(&fixture, 1, 3);
	}
	assert_int_equal(ring__events(fixture.rings[0]), events);
	(void)check_ring(&fixture, 1);
	close_dir(&fixture);
}

/* What a reader still needs stays, even if other rings need memory; and it is whole. */
static void test_ring_budget_of_a_frozen_ring(void **state)
{
	const struct ring_entry *entry;
	struct fixture fixture;
	struct ring_copy *copy;
	uint64_t overwritten, number = 0;
	size_t cursor = 0;

	(void)state;
	if (geteuid() != 0)
		skip();
	open_dir(&fixture, "64m", 8 * MIB);
	make_ring(&fixture, 0);
	write_some(&fixture, 0, 7000);
	assert_true(check_ring(&fixture, 0) > 7 * MIB);
	copy = ring__freeze(fixture.rings[0], &overwritten);
	assert_non_null(copy);
	make_ring(&fixture, 1);
	write_some(&fixture, 1, 2000);
	(void)check_ring(&fixture, 1);
	write_some(&fixture, 0, 400);
	while ((entry = ring_copy__next(copy, &cursor))) {
		assert_true(is_whole(entry));
		assert_true(!number || entry->seq == number + 1);
		number = entry->seq;
	}
	assert_int_equal(number, 7000);
	ring_copy__free(copy);
	(void)check_ring(&fixture, 0);
	write_some(&fixture, 1, 2000);
	assert_true(check_ring(&fixture, 1) > 2 * MIB);
	close_dir(&fixture);
}

/* Prefault takes memory from the same budget, and leaves some. */
static void test_ring_budget_with_prefault(void **state)
{
	const uint64_t max_bytes = 24 * MIB;
	struct prefault *prefault;
	struct fixture fixture;

	(void)state;
	if (geteuid() != 0)
		skip();
	open_dir(&fixture, "256m", max_bytes);
	prefault = prefault__new();
	assert_non_null(prefault);
	for (int i = 0; i < 4; i++) {
		make_ring(&fixture, i);
		prefault__add(prefault, fixture.rings[i]);
	}
	for (int round = 0; round < 200; round++) {
		for (int i = 0; i < 4; i++)
			write_some(&fixture, i, 30);
		assert_true(ring_budget__fits(fixture.budget, 0));
	}
	for (int i = 0; i < 4; i++) {
		assert_true(check_ring(&fixture, i) > 4 * MIB);
		prefault__remove(prefault, fixture.rings[i]);
	}
	close_dir(&fixture);
	prefault__free(prefault);
}

static void test_ring_budget_of_a_directory(void **state)
{
	uint64_t bytes = 0;
	struct fixture fixture;

	(void)state;
	if (geteuid() != 0)
		skip();
	open_dir(&fixture, "8m", MIB);
	assert_int_equal(ring_budget__of_dir(fixture.dir, &bytes), 0);
	assert_int_equal(bytes, 4 * MIB);
	mount_dir(&fixture, "0", MS_REMOUNT);
	assert_int_equal(ring_budget__of_dir(fixture.dir, &bytes), 0);
	assert_true(bytes > 0);
	assert_int_equal(ring_budget__of_dir("/nonexistent", &bytes), -ENOENT);
	close_dir(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ring_budget_on_a_full_file_system),
		cmocka_unit_test(test_ring_budget_of_others_files),
		cmocka_unit_test(test_ring_budget_is_shared),
		cmocka_unit_test(test_ring_budget_is_kept),
		cmocka_unit_test(test_ring_budget_large_entries),
		cmocka_unit_test(test_ring_budget_of_a_frozen_ring),
		cmocka_unit_test(test_ring_budget_with_prefault),
		cmocka_unit_test(test_ring_budget_of_a_directory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
