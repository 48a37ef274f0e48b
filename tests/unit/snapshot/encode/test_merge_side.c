/* SPDX-License-Identifier: MIT */
/* What side records say of the events around them: contexts, and calls that were left out. */
#include "merge_fixture.h"

/* The byte of the next record's context, which must have this value; 0: it has none. */
static uint8_t context_of(struct merge *merge, uint64_t value)
{
	struct merge_record record;

	assert_int_equal(merge__next(merge, &record), 1);
	assert_int_equal(value_of(&record), value);
	return record.context.trace_id[15];
}

/* Of two modules of a thread, whose blocks lie in each other; another thread has none. */
static void test_merge_side_contexts_of_modules(void **state)
{
	struct fixture *fixture = *state;
	struct make_batch *batch = &fixture->batch;
	struct merge *merge;

	make__record(batch, EVENT_SITE, 1, 1);
	make__context(batch, 10, 5000, 7);
	make__record(batch, EVENT_SITE, 20, 3);
	make__context(batch, 50, 0, 0); /* after the library's, which goes on */
	make__record(batch, EVENT_SITE, 60, 6);
	make__flush(batch, fixture->ring, 0, 0, 1000, 2000, 1);
	make__record(batch, EVENT_SITE, 15, 2);
	make__context(batch, 30, 4000, 8); /* deeper */
	make__record(batch, EVENT_SITE, 40, 4);
	make__context(batch, 70, 0, 0);
	make__record(batch, EVENT_SITE, 80, 7);
	make__flush(batch, fixture->ring, 0, 2, 1000, 2000, 1);
	make__record(batch, EVENT_SITE, 45, 5);
	make__flush(batch, fixture->ring, 1, 0, 1000, 2000, 1);
	merge = start(fixture);
	assert_int_equal(context_of(merge, 1), 0);
	assert_int_equal(context_of(merge, 2), 7);
	assert_int_equal(context_of(merge, 3), 7);
	assert_int_equal(context_of(merge, 4), 8);
	assert_int_equal(context_of(merge, 5), 0);
	assert_int_equal(context_of(merge, 6), 8);
	assert_int_equal(context_of(merge, 7), 0);
	expect_end(fixture, 0);
}

/* Entries of side records alone, at the end of a batch; a batch that begins without one. */
static void test_merge_side_contexts_of_batches(void **state)
{
	struct fixture *fixture = *state;
	struct make_batch *batch = &fixture->batch;
	struct merge *merge;

	make__context(batch, 1, 5000, 7);
	make__record(batch, EVENT_SITE, 2, 1);
	make__context(batch, 3, 4900, 9);
	make__flush(batch, fixture->ring, 0, 0, 1000, 2000, 1);
	make__record(batch, EVENT_SITE, 10, 2);
	make__flush(batch, fixture->ring, 0, 2, 1000, 2000, 1);
	make__context(batch, 0, 4900, 9);
	make__flush(batch, fixture->ring, 0, 0, 1100, 2000, 2);
	make__record(batch, EVENT_SITE, 0, 3);
	make__flush(batch, fixture->ring, 0, 0, 1200, 2000, 3);
	merge = start(fixture);
	assert_int_equal(context_of(merge, 1), 7);
	assert_int_equal(context_of(merge, 2), 9);
	assert_int_equal(context_of(merge, 3), 0);
	expect_end(fixture, 0);
}

static uint64_t suppressed_of(struct merge *merge, uint64_t value)
{
	struct merge_record record;

	assert_int_equal(merge__next(merge, &record), 1);
	assert_int_equal(value_of(&record), value);
	return record.suppressed;
}

/* An event has the count before it, also if another thread's comes between. */
static void test_merge_side_suppressed(void **state)
{
	struct fixture *fixture = *state;
	struct make_batch *batch = &fixture->batch;
	struct merge *merge;

	make__total(batch, 12);
	make__record(batch, EVENT_SITE, 1, 1);
	make__suppressed(batch, EVENT_SITE, 10, 9, 0);
	make__record(batch, EVENT_SITE, 10, 2);
	make__record(batch, EVENT_SITE, 20, 4);
	make__flush(batch, fixture->ring, 0, 0, 1000, 2000, 1);
	make__record(batch, EVENT_SITE, 10, 3);
	make__flush(batch, fixture->ring, 1, 0, 1000, 2000, 1);
	merge = start(fixture);
	assert_int_equal(suppressed_of(merge, 1), 0);
	assert_int_equal(suppressed_of(merge, 2), 9);
	assert_int_equal(suppressed_of(merge, 3), 0);
	assert_int_equal(suppressed_of(merge, 4), 0);
	expect_end(fixture, 0);
}

/* The event of which it was said can't be decoded: no other one has it. */
static void test_merge_side_suppressed_of_others(void **state)
{
	struct fixture *fixture = *state;
	struct make_batch *batch = &fixture->batch;
	struct merge *merge;

	make__suppressed(batch, EVENT_SITE + 50, 10, 9, 0);
	make__record(batch, EVENT_SITE, 10, 1);
	make__suppressed(batch, EVENT_SITE, 11, 0, 0);
	make__record(batch, EVENT_SITE, 11, 2);
	make__suppressed(batch, EVENT_SITE, 12, 7, 0);
	make__flush(batch, fixture->ring, 0, 0, 1000, 2000, 1);
	merge = start(fixture);
	assert_int_equal(suppressed_of(merge, 1), 0);
	assert_int_equal(suppressed_of(merge, 2), 0);
	expect_end(fixture, 0);
}

/* A batch begins with its total; the context comes after it, or there is none. */
static void test_merge_side_suppressed_with_contexts(void **state)
{
	struct fixture *fixture = *state;
	struct make_batch *batch = &fixture->batch;
	struct merge *merge;

	make__total(batch, 12);
	make__context(batch, 0, 5000, 7);
	make__record(batch, EVENT_SITE, 2, 1);
	make__flush(batch, fixture->ring, 0, 0, 1000, 2000, 1);
	make__total(batch, 12);
	make__context(batch, 0, 5000, 7);
	make__suppressed(batch, EVENT_SITE, 1, 7, 12);
	make__record(batch, EVENT_SITE, 1, 2);
	make__flush(batch, fixture->ring, 0, 0, 1100, 2000, 2);
	make__total(batch, 19);
	make__suppressed(batch, EVENT_SITE, 1, 7, 12);
	make__record(batch, EVENT_SITE, 1, 3);
	make__flush(batch, fixture->ring, 0, 0, 1200, 2000, 3);
	merge = start(fixture);
	assert_int_equal(context_of(merge, 1), 7);
	assert_int_equal(context_of(merge, 2), 7);
	assert_int_equal(context_of(merge, 3), 0);
	expect_end(fixture, 0);
}

/* Kinds of a later version, and records that are too short, are passed over. */
static void test_merge_side_of_others(void **state)
{
	struct fixture *fixture = *state;
	struct make_batch *batch = &fixture->batch;
	struct merge *merge;

	make__context(batch, 0, 5000, 7);
	make__begin(batch, TTLOG_SIDE_SITE, 1);
	make__put_u64(batch, 99);
	make__end(batch);
	make__begin(batch, TTLOG_SIDE_SITE, 2);
	make__put_u64(batch, TTLOG_SIDE_CONTEXT);
	make__end(batch);
	make__begin(batch, TTLOG_SIDE_SITE, 3);
	make__end(batch);
	batch->events -= 3;
	make__record(batch, EVENT_SITE, 4, 1);
	make__flush(batch, fixture->ring, 0, 0, 1000, 2000, 1);
	merge = start(fixture);
	assert_int_equal(context_of(merge, 1), 7);
	expect_end(fixture, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(test_merge_side_##name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(contexts_of_modules),  TEST(contexts_of_batches),      TEST(suppressed),
		TEST(suppressed_of_others), TEST(suppressed_with_contexts), TEST(of_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
