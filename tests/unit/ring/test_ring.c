/* SPDX-License-Identifier: MIT */
/*
 * The flight ring: exact counts of events, and whole entries. test_ring_copy.c reads a ring while it
 * is written.
 */
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
#include <unistd.h>
#include <cmocka.h>

#include "ring.h"
#include "ring_pattern.h"

#define SLOT_BYTES (sizeof(struct ring_entry) + 16) /* the size of an entry without its records */

/* Writes `entry` with `bytes` of records, which all have one value. */
static int write_plain(struct ring *ring, uint64_t seq, uint32_t bytes, uint32_t events)
{
	const struct ring_entry entry = { .bytes = bytes, .events = events, .seq = seq };
	unsigned char *records = malloc(bytes + 1);
	int err;

	assert_non_null(records);
	memset(records, (int)seq, bytes);
	err = ring__write(ring, &entry, records);
	free(records);
	return err;
}

/* How many events are in the copy. Checks that the entries' numbers are consecutive. */
static uint64_t count_copy(struct ring_copy *copy, uint64_t *ret_first, uint64_t *ret_last)
{
	const struct ring_entry *entry;
	uint64_t events = 0, before = 0;
	size_t cursor = 0;

	*ret_first = *ret_last = 0;
	while ((entry = ring_copy__next(copy, &cursor))) {
		if (before)
			assert_int_equal(entry->seq, before + 1);
		else
			*ret_first = entry->seq;
		before = *ret_last = entry->seq;
		events += entry->events;
	}
	return events;
}

static void test_ring_empty(void **state)
{
	struct ring *ring = ring__new(NULL, 1);
	struct ring_copy *copy;
	uint64_t overwritten = 99;
	size_t cursor = 0;

	(void)state;
	assert_non_null(ring);
	copy = ring__freeze(ring, &overwritten);
	assert_non_null(copy);
	assert_null(ring_copy__next(copy, &cursor));
	assert_int_equal(overwritten, 0);
	assert_int_equal(ring__used_bytes(ring), 0);
	assert_int_equal(ring__written_bytes(ring), 0);
	ring_copy__free(copy);
	ring_copy__free(NULL);
	ring__free(ring);
	ring__free(NULL);
}

static void test_ring_keeps_lengths(void **state)
{
	static const uint32_t lengths[] = { 0, 1, 7, 8, 9, 15, 4095, 4096, 65472 };
	struct ring *ring = ring__new(NULL, 1 << 20);
	const struct ring_entry *entry;
	struct ring_copy *copy;
	uint64_t overwritten, used = 0;
	size_t cursor = 0;

	(void)state;
	assert_non_null(ring);
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		assert_int_equal(write_plain(ring, i + 1, lengths[i], 1), 0);
		used += SLOT_BYTES + (lengths[i] + 7) / 8 * 8;
	}
	assert_int_equal(ring__used_bytes(ring), used);
	assert_int_equal(ring__written_bytes(ring), used);
	copy = ring__freeze(ring, &overwritten);
	assert_non_null(copy);
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		const unsigned char *bytes;

		entry = ring_copy__next(copy, &cursor);
		assert_non_null(entry);
		bytes = ring_entry__records(entry);
		assert_int_equal(entry->bytes, lengths[i]);
		for (uint32_t k = 0; k < lengths[i]; k++)
			assert_int_equal(bytes[k], i + 1);
	}
	assert_null(ring_copy__next(copy, &cursor));
	ring_copy__free(copy);
	ring__free(ring);
}

/* The copy holds all entries that fit, consecutive, up to this one. */
static void assert_newest_are_whole(struct ring *ring, uint64_t newest)
{
	const struct ring_entry *entry;
	uint64_t overwritten, number = 0;
	struct ring_copy *copy = ring__freeze(ring, &overwritten);
	size_t cursor = 0;

	assert_non_null(copy);
	while ((entry = ring_copy__next(copy, &cursor))) {
		assert_true(is_whole(entry));
		assert_true(!number || entry->seq == number + 1);
		number = entry->seq;
	}
	assert_int_equal(number, newest);
	assert_true(ring__used_bytes(ring) > RING_MIN_BYTES - PATTERN_MAX_BYTES - 128);
	ring_copy__free(copy);
}

static void test_ring_wraps_and_accounts(void **state)
{
	struct ring *ring = ring__new(NULL, RING_MIN_BYTES);
	uint64_t written = 0, first, last, overwritten, in_copy;
	struct ring_copy *copy;
	size_t cursor;

	(void)state;
	assert_non_null(ring);
	for (uint64_t number = 1; number <= 500; number++) {
		const struct ring_entry *entry;

		write_pattern(ring, number);
		written += pattern_entry(number).events;
		assert_true(ring__used_bytes(ring) <= RING_MIN_BYTES);
		copy = ring__freeze(ring, &overwritten);
		assert_non_null(copy);
		in_copy = count_copy(copy, &first, &last);
		assert_int_equal(last, number);
		assert_int_equal(overwritten + in_copy, written);
		assert_int_equal(overwritten, ring__overwritten(ring));
		for (cursor = 0; (entry = ring_copy__next(copy, &cursor));)
			assert_true(is_whole(entry));
		ring_copy__free(copy);
	}
	/* 500 entries of 3 KiB on average don't fit: the ring wrapped, and is as full as can be */
	assert_true(ring__overwritten(ring) > 0);
	assert_true(ring__used_bytes(ring) > RING_MIN_BYTES - 6000 - SLOT_BYTES);
	ring__free(ring);
}

static void test_ring_overwrites_only_what_it_must(void **state)
{
	struct ring *ring = ring__new(NULL, RING_MIN_BYTES);
	const uint32_t bytes = RING_MIN_BYTES / 4 - SLOT_BYTES;

	(void)state;
	assert_non_null(ring);
	for (uint64_t seq = 1; seq <= 4; seq++)
		assert_int_equal(write_plain(ring, seq, bytes, 10), 0);
	/* full to the last byte, and nothing is lost yet */
	assert_int_equal(ring__used_bytes(ring), RING_MIN_BYTES);
	assert_int_equal(ring__overwritten(ring), 0);
	assert_int_equal(write_plain(ring, 5, 0, 1), 0);
	assert_int_equal(ring__overwritten(ring), 10);
	assert_int_equal(write_plain(ring, 6, bytes, 10), 0);
	assert_int_equal(ring__overwritten(ring), 20);
	ring__free(ring);
}

static void test_ring_refuses_oversize(void **state)
{
	struct ring *ring = ring__new(NULL, RING_MIN_BYTES);

	(void)state;
	assert_non_null(ring);
	assert_int_equal(write_plain(ring, 1, RING_MIN_BYTES / 2 - SLOT_BYTES + 1, 1), -EMSGSIZE);
	assert_int_equal(ring__written_bytes(ring), 0);
	assert_int_equal(write_plain(ring, 1, RING_MIN_BYTES / 2 - SLOT_BYTES, 1), 0);
	assert_int_equal(ring__used_bytes(ring), RING_MIN_BYTES / 2);
	ring__free(ring);
	errno = 0;
	assert_null(ring__new(NULL, SIZE_MAX));
	assert_int_equal(errno, EINVAL);
}

static void test_ring_file_is_sparse_and_private(void **state)
{
	char dir[] = "/tmp/test_ring.XXXXXX", path[64];
	struct ring *ring;
	struct stat st;

	(void)state;
	assert_non_null(mkdtemp(dir));
	(void)snprintf(path, sizeof(path), "%s/ring", dir);
	ring = ring__new(path, 16 << 20);
	assert_non_null(ring);
	assert_int_equal(write_plain(ring, 1, 1000, 1), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(st.st_size, (16 << 20) + 65536);
	assert_true(st.st_blocks * 512 < 2 << 20); /* memory comes in steps of 1 MiB */
	errno = 0;
	assert_null(ring__new(path, 1 << 20));
	assert_int_equal(errno, EEXIST);
	ring__free(ring);
	assert_int_equal(stat(path, &st), -1);
	assert_int_equal(rmdir(dir), 0);
	errno = 0;
	assert_null(ring__new("/nonexistent/ring", 1 << 20));
	assert_int_equal(errno, ENOENT);
}

/* In a file, large entries are written in another way than small ones, and than those that cross
 * the ring's end. A reader sees no difference, in this process or after it. */
static void test_ring_file_has_entries_of_all_sizes(void **state)
{
	const char *path = "/tmp/ttlog-test-ring-sizes";
	struct ring *ring;

	(void)state;
	(void)unlink(path);
	ring = ring__new(path, RING_MIN_BYTES);
	assert_non_null(ring);
	for (uint64_t number = 1; number <= 500; number++)
		write_pattern(ring, number);
	assert_newest_are_whole(ring, 500);
	ring__leave(ring);
	ring__free(ring);
	ring = ring__open(path);
	assert_non_null(ring);
	assert_newest_are_whole(ring, 500);
	ring__free(ring);
	assert_int_equal(access(path, F_OK), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ring_empty),
		cmocka_unit_test(test_ring_keeps_lengths),
		cmocka_unit_test(test_ring_wraps_and_accounts),
		cmocka_unit_test(test_ring_overwrites_only_what_it_must),
		cmocka_unit_test(test_ring_refuses_oversize),
		cmocka_unit_test(test_ring_file_is_sparse_and_private),
		cmocka_unit_test(test_ring_file_has_entries_of_all_sizes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
