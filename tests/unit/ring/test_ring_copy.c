/* SPDX-License-Identifier: MIT */
/*
 * Frozen copies of a ring: the contents of the ring at that moment, whatever is written meanwhile.
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include <cmocka.h>

#include "ring.h"
#include "ring_pattern.h"

#define RING_BYTES ((size_t)1 << 20)
/* The sanitizers' own memory counts as the process's, too, and can't be told apart. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SHADOWED
#endif
#define ROUNDS 50u

/* Writes entries from `first` on until that many bytes are written; returns the next number. */
static uint64_t write_bytes(struct ring *ring, uint64_t first, uint64_t bytes)
{
	const uint64_t end = ring__written_bytes(ring) + bytes;

	while (ring__written_bytes(ring) < end)
		write_pattern(ring, first++);
	return first;
}

/* Checks that all entries are whole and consecutive. Returns the last one's number; `ret_first` is
 * the first's. Reports its position as it goes if `tells`. */
static uint64_t read_all(struct ring_copy *copy, bool tells, uint64_t *ret_first)
{
	const struct ring_entry *entry;
	uint64_t before = 0;
	size_t cursor = 0;

	while ((entry = ring_copy__next(copy, &cursor))) {
		if (tells)
			ring_copy__consumed(copy, ring_copy__place(copy));
		assert_true(is_whole(entry));
		if (before)
			assert_int_equal(entry->seq, before + 1);
		else
			*ret_first = entry->seq;
		before = entry->seq;
	}
	return before;
}

static void test_ring_copy_frozen_stays(void **state)
{
	struct ring *ring = ring__new(NULL, RING_BYTES);
	struct ring_copy *copies[3];
	uint64_t overwritten, next = 1, last[3], oldest[3], first;

	(void)state;
	assert_non_null(ring);
	for (size_t i = 0; i < 3; i++) {
		next = write_bytes(ring, next, RING_BYTES * 2 / 3);
		copies[i] = ring__freeze(ring, &overwritten);
		assert_non_null(copies[i]);
		assert_int_equal(read_all(copies[i], false, &oldest[i]), next - 1);
		assert_int_equal(overwritten, ring__overwritten(ring));
		last[i] = next - 1;
	}
	(void)write_bytes(ring, next, RING_BYTES * 3);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(read_all(copies[i], false, &first), last[i]);
		assert_int_equal(first, oldest[i]);
	}
	/* a copy in the middle, one at an end, and one that outlives the ring */
	ring_copy__free(copies[1]);
	ring_copy__free(copies[0]);
	ring__free(ring);
	assert_int_equal(read_all(copies[2], true, &first), last[2]);
	ring_copy__free(copies[2]);
}

/* The ring now ends with the newest entry, and all that it lost is counted as overwritten. */
static void check_ring(struct ring *ring, uint64_t newest, uint64_t least_bytes)
{
	uint64_t overwritten, first;
	struct ring_copy *copy = ring__freeze(ring, &overwritten);

	assert_non_null(copy);
	assert_int_equal(read_all(copy, false, &first), newest);
	assert_int_equal(ring_copy__events(copy), ring__events(ring) - overwritten);
	assert_int_equal(overwritten, ring__overwritten(ring));
	assert_true((newest - first) * PATTERN_MAX_BYTES / 2 > least_bytes);
	ring_copy__free(copy);
}

/* Readers that read nothing while the ring is written several times over. */
static void stand_still(struct ring *ring)
{
	struct ring_copy *copies[4];
	uint64_t overwritten, next = write_bytes(ring, 1, 20 << 20), last[4], oldest[4], first;

	for (size_t i = 0; i < 4; i++) {
		copies[i] = ring__freeze(ring, &overwritten);
		assert_non_null(copies[i]);
		last[i] = read_all(copies[i], false, &oldest[i]);
		assert_int_equal(last[i], next - 1);
		next = write_bytes(ring, next, (uint64_t)(i + 1) * (9 << 20));
		check_ring(ring, next - 1, RING_SAVE_MAX_BYTES * 3 / 4);
	}
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(read_all(copies[i], false, &first), last[i]);
		assert_int_equal(first, oldest[i]);
	}
	for (size_t i = 0; i < 4; i++) {
		ring_copy__free(copies[(i + 2) % 4]);
		next = write_bytes(ring, next, 9 << 20);
		check_ring(ring, next - 1, RING_SAVE_MAX_BYTES * 3 / 4);
	}
	/* nothing is held for a reader: the ring is as large as before */
	next = write_bytes(ring, next, 20 << 20);
	check_ring(ring, next - 1, 14 << 20);
}

static void test_ring_copy_frozen_stands_still(void **state)
{
	struct ring *ring = ring__new(NULL, 16 << 20);

	(void)state;
	assert_non_null(ring);
	stand_still(ring);
	ring__free(ring);
}

/* A process that maps the file after the writer was killed sees the same. */
static void test_ring_copy_frozen_stands_still_in_a_file(void **state)
{
	const char *path = "/tmp/ttlog-test-ring-copy";
	struct ring *ring, *left;
	struct ring_copy *copy;
	uint64_t overwritten, next, first;

	(void)state;
	(void)unlink(path);
	ring = ring__new(path, 16 << 20);
	assert_non_null(ring);
	stand_still(ring);
	next = write_bytes(ring, 1, 20 << 20);
	copy = ring__freeze(ring, &overwritten);
	assert_non_null(copy);
	next = write_bytes(ring, next, 100 << 20);

	left = ring__open(path);
	assert_non_null(left);
	assert_int_equal(ring__events(left), ring__events(ring));
	assert_int_equal(ring__overwritten(left), ring__overwritten(ring));
	check_ring(left, next - 1, RING_SAVE_MAX_BYTES * 3 / 4);
	ring__leave(ring);
	ring__free(left);
	assert_true(read_all(copy, true, &first) < next - 1);
	ring_copy__free(copy);
	ring__free(ring);
	assert_int_equal(access(path, F_OK), -1);
}

/* The entries since a position, and how many of them were overwritten before. */
static void test_ring_copy_frozen_since(void **state)
{
	struct ring *ring = ring__new(NULL, RING_BYTES);
	uint64_t next, first, events_before, position, events;
	struct ring_copy *copy;
	size_t cursor = 0;

	(void)state;
	assert_non_null(ring);
	next = write_bytes(ring, 1, RING_BYTES / 4);
	position = ring__written_bytes(ring);
	events = ring__events(ring);
	copy = ring__freeze_since(ring, position, &events_before);
	assert_non_null(copy);
	assert_null(ring_copy__next(copy, &cursor));
	assert_int_equal(events_before, events);
	ring_copy__free(copy);

	(void)write_bytes(ring, next, RING_BYTES / 4);
	copy = ring__freeze_since(ring, position, &events_before);
	assert_non_null(copy);
	assert_int_equal(events_before, events);
	assert_int_equal(ring_copy__events(copy), ring__events(ring) - events);
	(void)read_all(copy, false, &first);
	assert_int_equal(first, next);
	ring_copy__free(copy);

	/* after the wrap, by the position */
	(void)write_bytes(ring, 1, RING_BYTES * 3);
	copy = ring__freeze_since(ring, position, &events_before);
	assert_non_null(copy);
	assert_int_equal(events_before, ring__overwritten(ring));
	assert_true(events_before > events);
	assert_int_equal(ring_copy__events(copy), ring__events(ring) - events_before);
	ring_copy__free(copy);
	ring__free(ring);
}

/* Records are of 4 bytes or more, and read in parts. */
static void read_in_parts(struct ring *ring)
{
	const struct ring_entry *entry;
	unsigned char part[64];
	uint64_t overwritten;
	struct ring_copy *copy;
	size_t cursor = 0;

	assert_non_null(ring);
	(void)write_bytes(ring, 1, RING_BYTES / 2);
	copy = ring__freeze(ring, &overwritten);
	assert_non_null(copy);
	while ((entry = ring_copy__next(copy, &cursor))) {
		const unsigned char *records = ring_entry__records(entry);
		const size_t place = ring_copy__place(copy) + sizeof(*entry);

		for (size_t from = 0; from < 16 && from + sizeof(part) <= entry->bytes; from++) {
			for (size_t bytes = 0; bytes <= sizeof(part) - 2; bytes++) {
				part[bytes] = 0x5a;
				ring_copy__read(copy, place + from, part, bytes);
				assert_memory_equal(part, records + from, bytes);
				assert_int_equal(part[bytes], 0x5a);
			}
		}
	}
	assert_true(cursor >= RING_BYTES / 2);
	ring_copy__free(copy);
	ring__free(ring);
}

static void test_ring_copy_reads_in_parts(void **state)
{
	const char *path = "/tmp/ttlog-test-ring-parts";

	(void)state;
	(void)unlink(path);
	read_in_parts(ring__new(NULL, RING_BYTES));
	read_in_parts(ring__new(path, RING_BYTES));
}

static void test_ring_copy_frozen_empty(void **state)
{
	struct ring *ring = ring__new(NULL, RING_BYTES);
	uint64_t overwritten = 99, next;
	struct ring_copy *copy;
	size_t cursor = 0;

	(void)state;
	assert_non_null(ring);
	copy = ring__freeze(ring, &overwritten);
	assert_non_null(copy);
	assert_int_equal(overwritten, 0);
	next = write_bytes(ring, 1, RING_BYTES * 2);
	assert_true(next > 1);
	assert_null(ring_copy__next(copy, &cursor));
	ring_copy__free(copy);
	ring__free(ring);
}

#ifndef SHADOWED
static long resident_pages(void)
{
	long size = 0, resident = 0, shared = 0;
	FILE *file = fopen("/proc/self/statm", "r");

	assert_non_null(file);
	assert_int_equal(fscanf(file, "%ld %ld %ld", &size, &resident, &shared), 3);
	(void)fclose(file);
	return resident - shared;
}

/* Saving takes memory only for entries that are overwritten before they were read. So memory does
 * not grow while a reader stands still, as on a stuck disk. */
static void test_ring_copy_frozen_takes_no_memory(void **state)
{
	const long mib = (1 << 20) / sysconf(_SC_PAGESIZE);
	const long most = (long)(RING_SAVE_MAX_BYTES >> 20) * mib + mib;
	struct ring *ring = ring__new(NULL, 32 << 20);
	struct ring_copy *copy;
	uint64_t overwritten, next, newest, first;
	long before;

	(void)state;
	assert_non_null(ring);
	next = write_bytes(ring, 1, 40 << 20);
	newest = next - 1;
	before = resident_pages();
	copy = ring__freeze(ring, &overwritten);
	assert_non_null(copy);
	assert_int_equal(read_all(copy, false, &first), newest);
	assert_true(resident_pages() - before < mib);
	next = write_bytes(ring, next, 3 << 20);
	/* pieces and huge pages are saved whole */
	assert_in_range(resident_pages() - before, 3 * mib, 5 * mib);
	for (int i = 0; i < 20; i++) {
		next = write_bytes(ring, next, 10 << 20);
		assert_true(resident_pages() - before < most);
	}
	assert_int_equal(read_all(copy, true, &first), newest);
	/* as the reader goes on, saved memory is freed for more */
	next = write_bytes(ring, next, 64 << 20);
	assert_true(resident_pages() - before < most);
	ring_copy__free(copy);
	assert_true(resident_pages() - before < mib);
	ring__free(ring);
}
#endif

static struct rlimit allow_no_more_data(void)
{
	struct rlimit before, none;

	assert_int_equal(getrlimit(RLIMIT_DATA, &before), 0);
	none = before;
	none.rlim_cur = 4096; /* 0 has an exception in the kernel, for Valgrind */
	assert_int_equal(setrlimit(RLIMIT_DATA, &none), 0);
	return before;
}

/* Entries that can't be saved for want of memory are not overwritten. */
static void test_ring_copy_frozen_that_cannot_be_saved(void **state)
{
	struct ring *ring = ring__new(NULL, RING_BYTES);
	const struct ring_entry entry = { .bytes = 40000, .events = 1, .seq = 7 };
	static const unsigned char records[40000];
	uint64_t overwritten, next, written, before, first;
	struct ring_copy *copy;
	struct rlimit limit;
	int err;

	(void)state;
	assert_non_null(ring);
	next = write_bytes(ring, 1, RING_BYTES * 2);
	copy = ring__freeze(ring, &overwritten);
	assert_non_null(copy);
	written = ring__written_bytes(ring);
	before = ring__overwritten(ring);
	limit = allow_no_more_data();
	err = ring__write(ring, &entry, records);
	assert_int_equal(setrlimit(RLIMIT_DATA, &limit), 0);
	assert_int_equal(err, -ENOMEM);
	assert_int_equal(ring__written_bytes(ring), written);
	assert_int_equal(ring__overwritten(ring), before);
	assert_int_equal(ring__write(ring, &entry, records), 0);
	assert_int_equal(read_all(copy, true, &first), next - 1);
	ring_copy__free(copy);
	ring__free(ring);
}

/* ---- a reader in another thread ---- */

struct reader {
	pthread_t thread;
	struct ring_copy *copy;
	uint64_t first, last;
	uint32_t done;
};

static void *read_frozen(void *arg)
{
	struct reader *reader = arg;

	reader->last = read_all(reader->copy, true, &reader->first);
	__atomic_store_n(&reader->done, 1, __ATOMIC_RELEASE);
	return NULL;
}

static void freeze_while_written(const char *path, size_t bytes, uint32_t rounds)
{
	struct ring *ring = ring__new(path, bytes);
	uint64_t overwritten, next = write_bytes(ring, 1, bytes * 2), during = 0;

	for (uint32_t i = 0; i < rounds; i++) {
		struct reader reader = { .copy = ring__freeze(ring, &overwritten) };
		const uint64_t newest = next - 1;

		assert_non_null(reader.copy);
		assert_int_equal(pthread_create(&reader.thread, NULL, read_frozen, &reader), 0);
		while (!__atomic_load_n(&reader.done, __ATOMIC_ACQUIRE)) {
			write_pattern(ring, next++);
			during++;
		}
		assert_int_equal(pthread_join(reader.thread, NULL), 0);
		assert_int_equal(reader.last, newest);
		assert_true(reader.first <= newest - 300);
		ring_copy__free(reader.copy);
		/* fills the ring again for the next round */
		next = write_bytes(ring, next, bytes);
	}
	assert_true(during > rounds);
	ring__free(ring);
}

static void test_ring_copy_frozen_while_written(void **state)
{
	(void)state;
	freeze_while_written(NULL, RING_BYTES, ROUNDS);
}

static void test_ring_copy_frozen_while_a_file_is_written(void **state)
{
	const char *path = "/tmp/ttlog-test-ring-frozen";

	(void)state;
	(void)unlink(path);
	freeze_while_written(path, RING_BYTES, ROUNDS);
}

/* The ring is larger than what the writer may save. */
static void test_ring_copy_frozen_large_while_written(void **state)
{
	(void)state;
	freeze_while_written(NULL, 4 * RING_SAVE_MAX_BYTES, 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ring_copy_frozen_stays),
		cmocka_unit_test(test_ring_copy_frozen_since),
		cmocka_unit_test(test_ring_copy_reads_in_parts),
		cmocka_unit_test(test_ring_copy_frozen_empty),
#ifndef SHADOWED
		cmocka_unit_test(test_ring_copy_frozen_takes_no_memory),
#endif
		cmocka_unit_test(test_ring_copy_frozen_that_cannot_be_saved),
		cmocka_unit_test(test_ring_copy_frozen_stands_still),
		cmocka_unit_test(test_ring_copy_frozen_stands_still_in_a_file),
		cmocka_unit_test(test_ring_copy_frozen_while_written),
		cmocka_unit_test(test_ring_copy_frozen_while_a_file_is_written),
		cmocka_unit_test(test_ring_copy_frozen_large_while_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
