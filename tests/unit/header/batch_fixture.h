/* SPDX-License-Identifier: MIT */
/*
 * Batches of the smallest size, in a program that is its own collector: it traps the probe
 * ttlog:control (flush_trap.h).
 *
 * All tests use the one batch of the main thread. Each test begins with that batch empty, and with
 * no flush in the trap.
 */
#ifndef TTLOG_TESTS_BATCH_FIXTURE_H
#define TTLOG_TESTS_BATCH_FIXTURE_H

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <cmocka.h>

/* the smallest size, so that batches are full soon */
#define TTLOG_BATCH_BYTES 4096
#define TTLOG_SERVICE     "test_batch"
#include <ttlog/ttlog.h>

#include "flush_trap.h"
#include "own_batch.h"

#ifdef FLUSH_TRAP_WORKS

static inline int setup(void **state)
{
	(void)state;
	raise_sites(1);
	raise_listening(1, 0);
	TTLOG_INFO("setup");
	ttlog__flush();
	flush_trap__clear();
	return batch_bytes(own_batch()) != 0;
}

static inline int group_setup(void **state)
{
	(void)state;
	return flush_trap__install(&ttlog_module);
}

static inline void log_count(int count)
{
	TTLOG_PROBE(count, INFO, "Count", "count", count);
}

static inline uint32_t flush_cnt(enum ttlog_op op)
{
	uint32_t cnt = 0;

	while (flush_trap__get(op, cnt))
		cnt++;
	return cnt;
}

/* Checks that the flush is a whole batch. Unless the batch is alone, it is that of the thread. */
static const struct ttlog_batch *assert_flush(uint32_t i)
{
	const struct flush *flush = flush_trap__get(TTLOG_OP_FLUSH, i);
	const struct ttlog_batch *batch;

	assert_non_null(flush);
	batch = flush__batch(flush);
	assert_batch_whole(batch);
	assert_int_equal(flush->bytes, sizeof(*batch) + batch_bytes(batch));
	return batch;
}

/* The batch's records were made by log_count(), and their counts continue from *next. */
static inline void assert_counts(const struct ttlog_batch *batch, int *next)
{
	uint32_t offset = 0;

	while (offset < batch_bytes(batch)) {
		const struct ttlog_record *record = record_at(batch, offset);

		assert_int_equal(record_bytes(record), 12);
		assert_int_equal(*(const int *)record_fields(record), (*next)++);
		offset += record_bytes(record);
	}
}

#endif /* FLUSH_TRAP_WORKS */
#endif /* TTLOG_TESTS_BATCH_FIXTURE_H */
