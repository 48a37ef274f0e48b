/* SPDX-License-Identifier: MIT */
/*
 * Pages are faulted in before the writer needs them, no more than the limit, and never at the cost
 * of what the writer needs.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "prefault.h"
#include "ring.h"
#include "ring_pattern.h"

#define MIB        ((size_t)1 << 20)
#define RING_BYTES (16 * MIB)
#define LEFT_BYTES (MIB / 2) /* a writer that had caught up has these to itself */
#define DEADLINE_S 300

/* How many page faults the writer may have in 1 MiB of prefaulted memory. */
#ifdef __SANITIZE_THREAD__
#define FAULTS_MAX LONG_MAX /* the sanitizer's shadow is larger than the ring */
#else
#define FAULTS_MAX ((long)pages_in(MIB) * 3 / 4)
#endif

/* A ring in a file, and a mapping that shows how much of the file is in memory. */
struct fixture {
	char dir[32], path[48];
	struct ring *ring;
	unsigned char *map; /* of the file, the test's own */
	size_t map_bytes;
};

static void make_ring(struct fixture *fixture, const char *name, size_t bytes)
{
	struct stat st;
	int fd;

	(void)snprintf(fixture->path, sizeof(fixture->path), "%s/%s", fixture->dir, name);
	fixture->ring = ring__new(fixture->path, bytes);
	assert_non_null(fixture->ring);
	fd = open(fixture->path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	fixture->map_bytes = (size_t)st.st_size;
	fixture->map = mmap(NULL, fixture->map_bytes, PROT_READ, MAP_SHARED, fd, 0);
	assert_ptr_not_equal(fixture->map, MAP_FAILED);
	assert_int_equal(close(fd), 0);
}

static void free_ring(struct fixture *fixture)
{
	assert_int_equal(munmap(fixture->map, fixture->map_bytes), 0);
	ring__free(fixture->ring);
}

/* Whether those bytes of the data area are in pages that were faulted in. */
static size_t count_pages(const struct fixture *fixture, size_t from, size_t to)
{
	const size_t head_bytes = fixture->map_bytes & (MIB - 1);
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t cnt = 0;

	for (size_t at = from; at < to; at += page) {
		unsigned char state;

		assert_int_equal(mincore(fixture->map + head_bytes + at, page, &state), 0);
		cnt += state & 1;
	}
	return cnt;
}

static size_t pages_in(size_t bytes)
{
	return bytes / (size_t)sysconf(_SC_PAGESIZE);
}

static void write_up_to(struct ring *ring, uint64_t position)
{
	static const unsigned char records[4096 - 64];
	const struct ring_entry entry = { .bytes = sizeof(records), .events = 1, .seq = 1 };

	while (ring__written_bytes(ring) < position)
		assert_int_equal(ring__write(ring, &entry, records), 0);
}

static void wait_for_pages(const struct fixture *fixture, size_t from, size_t to)
{
	const time_t end = time(NULL) + DEADLINE_S;

	while (count_pages(fixture, from, to) < pages_in(to - from)) {
		assert_true(time(NULL) < end);
		(void)poll(NULL, 0, 1);
	}
}

static uint64_t allocated_bytes(const struct fixture *fixture)
{
	struct stat st;

	assert_int_equal(stat(fixture->path, &st), 0);
	return (uint64_t)st.st_blocks * 512;
}

static long faults(void)
{
	struct rusage usage;

	assert_int_equal(getrusage(RUSAGE_THREAD, &usage), 0);
	return usage.ru_minflt;
}

static void open_dir(struct fixture *fixture, const char *size)
{
	char options[32];

	(void)snprintf(fixture->dir, sizeof(fixture->dir), "/tmp/test_prefault.XXXXXX");
	assert_non_null(mkdtemp(fixture->dir));
	(void)snprintf(options, sizeof(options), "size=%s", size);
	assert_int_equal(mount("none", fixture->dir, "tmpfs", 0, options), 0);
}

static void close_dir(const struct fixture *fixture)
{
	assert_int_equal(umount(fixture->dir), 0);
	assert_int_equal(rmdir(fixture->dir), 0);
}

/* The writer finds its pages faulted in; a ring with little in it has few pages. */
static void test_prefault_of_the_writer(void **state)
{
	struct prefault *prefault;
	struct fixture busy, idle;
	long before;

	(void)state;
	if (geteuid() != 0)
		skip();
	open_dir(&busy, "256m");
	idle = busy;
	make_ring(&busy, "busy", RING_BYTES);
	make_ring(&idle, "idle", RING_BYTES);
	prefault = prefault__new();
	assert_non_null(prefault);
	prefault__add(prefault, idle.ring);
	prefault__add(prefault, busy.ring);
	write_up_to(idle.ring, MIB / 8);
	write_up_to(busy.ring, 3 * MIB);
	wait_for_pages(&busy, 3 * MIB + LEFT_BYTES, 4 * MIB);
	before = faults();
	write_up_to(busy.ring, 4 * MIB);
	assert_true(faults() - before < FAULTS_MAX);
	assert_true(allocated_bytes(&busy) <= 9 * MIB + 65536);
	assert_true(allocated_bytes(&idle) <= MIB + 65536);
	assert_int_equal(count_pages(&idle, 0, MIB), pages_in(MIB / 8));
	prefault__remove(prefault, busy.ring);
	prefault__remove(prefault, idle.ring);
	prefault__free(prefault);
	free_ring(&busy);
	free_ring(&idle);
	close_dir(&busy);
}

/* Makes a ring in a file system of that size. Skips the test if it may not mount one. */
static struct prefault *open_ring(struct fixture *fixture, const char *size, uint64_t bytes)
{
	struct prefault *prefault;

	if (geteuid() != 0)
		skip();
	prefault = prefault__new();
	assert_non_null(prefault);
	open_dir(fixture, size);
	make_ring(fixture, "ring", bytes);
	prefault__add(prefault, fixture->ring);
	return prefault;
}

static void close_ring(struct fixture *fixture, struct prefault *prefault)
{
	prefault__remove(prefault, fixture->ring);
	free_ring(fixture);
	close_dir(fixture);
	prefault__free(prefault);
}

/* Prefaults the whole ring, and then no more: positions go on, the memory does not grow. */
static void test_prefault_up_to_the_end(void **state)
{
	struct fixture fixture;
	struct prefault *prefault = open_ring(&fixture, "256m", RING_BYTES);

	(void)state;
	write_up_to(fixture.ring, 12 * MIB);
	wait_for_pages(&fixture, 12 * MIB + LEFT_BYTES, RING_BYTES);
	write_up_to(fixture.ring, 3 * RING_BYTES);
	assert_int_equal(allocated_bytes(&fixture), RING_BYTES + (size_t)sysconf(_SC_PAGESIZE));
	close_ring(&fixture, prefault);
}

/* Without memory for more the writer takes all that there is, and goes on with that. */
static void test_prefault_on_a_full_file_system(void **state)
{
	struct fixture fixture;
	struct prefault *prefault = open_ring(&fixture, "70m", 128 * MIB);

	(void)state;
	write_up_to(fixture.ring, 140 * MIB);
	assert_true(allocated_bytes(&fixture) > 69 * MIB);
	assert_true(ring__overwritten(fixture.ring) > 0);
	close_ring(&fixture, prefault);
}

/* Prefault takes nothing of the last 64 MiB: another process may need them now. */
static void test_prefault_leaves_the_last_memory(void **state)
{
	struct prefault *prefault = prefault__new();
	struct fixture small, large;

	(void)state;
	if (geteuid() != 0)
		skip();
	assert_non_null(prefault);
	open_dir(&small, "60m");
	make_ring(&small, "ring", RING_BYTES);
	prefault__add(prefault, small.ring);
	write_up_to(small.ring, 3 * MIB);
	/* prefault looks at the rings in turn, so it has been at the first one by then */
	open_dir(&large, "256m");
	make_ring(&large, "ring", RING_BYTES);
	prefault__add(prefault, large.ring);
	write_up_to(large.ring, 3 * MIB);
	wait_for_pages(&large, 3 * MIB + LEFT_BYTES, 4 * MIB);
	assert_true(allocated_bytes(&small) <= 4 * MIB + 65536);
	prefault__remove(prefault, small.ring);
	prefault__remove(prefault, large.ring);
	prefault__free(prefault);
	free_ring(&small);
	free_ring(&large);
	close_dir(&small);
	close_dir(&large);
}

/* Rings come and go while prefault works on them, and their contents stay as written. */
static void test_prefault_of_rings_that_go(void **state)
{
	struct prefault *prefault = prefault__new();

	(void)state;
	assert_non_null(prefault);
	for (int i = 0; i < 40; i++) {
		struct ring *ring = ring__new(NULL, RING_BYTES), *other = ring__new(NULL, MIB);
		const struct ring_entry *entry;
		struct ring_copy *copy;
		uint64_t overwritten, cnt = 0;
		size_t cursor = 0;

		assert_non_null(ring);
		assert_non_null(other);
		prefault__add(prefault, ring);
		prefault__add(prefault, other);
		for (uint64_t number = 1; number <= 500 + 10u * (unsigned)i; number++) {
			write_pattern(ring, number);
			write_pattern(other, number);
		}
		prefault__remove(prefault, i % 2 ? ring : other);
		copy = ring__freeze(ring, &overwritten);
		assert_non_null(copy);
		assert_int_equal(overwritten, 0);
		while ((entry = ring_copy__next(copy, &cursor))) {
			assert_int_equal(entry->seq, ++cnt);
			assert_true(is_whole(entry));
		}
		assert_int_equal(cnt, 500 + 10u * (unsigned)i);
		ring_copy__free(copy);
		prefault__remove(prefault, i % 2 ? other : ring);
		ring__free(ring);
		ring__free(other);
	}
	prefault__free(prefault);
}

static void test_prefault_goes_without(void **state)
{
	struct ring *ring = ring__new(NULL, MIB);
	struct prefault *prefault = prefault__new();

	(void)state;
	assert_non_null(ring);
	assert_non_null(prefault);
	prefault__add(NULL, ring);
	write_up_to(ring, 2 * MIB);
	prefault__remove(NULL, ring);
	prefault__remove(prefault, ring);
	prefault__remove(prefault, NULL);
	assert_int_equal(ring__used_bytes(ring), MIB);
	ring__free(ring);
	prefault__free(prefault);
	prefault__free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_prefault_of_the_writer),
		cmocka_unit_test(test_prefault_up_to_the_end),
		cmocka_unit_test(test_prefault_on_a_full_file_system),
		cmocka_unit_test(test_prefault_leaves_the_last_memory),
		cmocka_unit_test(test_prefault_of_rings_that_go),
		cmocka_unit_test(test_prefault_goes_without),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
