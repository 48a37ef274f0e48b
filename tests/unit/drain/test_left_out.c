/* SPDX-License-Identifier: MIT */
/* What was left out before a recording is taken off the events that say it. */
#include <string.h>

#include "make.h"

#include "left_out.h"
#include "side_record.h"
#include "wire.h"

#define ADDRESS 0x7f0000001000ull

struct fixture {
	struct left_out *list;
	struct make_batch batch;
	struct {
		struct wire_batch wire;
		unsigned char records[sizeof(((struct make_batch *)NULL)->bytes)];
	} message;
};

static int setup(void **state)
{
	*state = calloc(1, sizeof(struct fixture));
	return !*state;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	left_out__free(fixture->list);
	free(fixture);
	return 0;
}

/* The batch as a message. */
static const struct wire_batch *message(struct fixture *fixture, uint64_t address)
{
	fixture->message.wire.address = address;
	fixture->message.wire.head.bytes =
		(uint32_t)sizeof(struct wire_batch) + (uint32_t)fixture->batch.len;
	fixture->message.wire.batch.committed = (uint64_t)fixture->batch.events << 32 |
						fixture->batch.len;
	memcpy(fixture->message.records, fixture->batch.bytes, fixture->batch.len);
	return &fixture->message.wire;
}

/* What is said in the i-th side record of that batch. */
static uint64_t said_in(const struct wire_batch *batch, size_t i)
{
	const unsigned char *at = (const unsigned char *)(batch + 1);
	struct ttlog_side_suppressed side;

	for (;; at += sizeof(struct ttlog_record) + sizeof(side)) {
		assert_true(side_record__suppressed(at + sizeof(struct ttlog_record), sizeof(side),
						    &side));
		if (!i--)
			return side.cnt;
	}
}

static void add(struct fixture *fixture)
{
	const struct ttlog_rate slots[] = {
		{ .offset = 2 * 3, .left_out = 4 },
		{ .offset = 0, .left_out = 1 },
		{ .offset = 2 * 5, .left_out = 0 },
		{ .offset = 2 * 7, .left_out = 2 },
	};

	left_out__add(&fixture->list, ADDRESS, 100, slots, sizeof(slots));
	assert_non_null(fixture->list);
}

/* Once for each site, and only from a count that began before. */
static void test_left_out_is_taken_off(void **state)
{
	struct fixture *fixture = *state;
	const struct wire_batch *batch;

	add(fixture);
	make__suppressed(&fixture->batch, 3, 1, 9, 96);
	make__suppressed(&fixture->batch, 5, 1, 9, 100);
	make__suppressed(&fixture->batch, 3, 2, 9, 110);
	batch = left_out__correct(fixture->list, message(fixture, ADDRESS), 0);
	assert_int_equal(said_in(batch, 0), 5);
	assert_int_equal(said_in(batch, 1), 9);
	assert_int_equal(said_in(batch, 2), 9);
	fixture->batch.len = 0;
	make__suppressed(&fixture->batch, 7, 1, 2, 99);
	batch = left_out__correct(fixture->list, message(fixture, ADDRESS), 0);
	assert_int_equal(said_in(batch, 0), 0);
	/* all is said */
	assert_ptr_equal(left_out__correct(fixture->list, &fixture->message.wire, 0),
			 &fixture->message.wire);
}

/* What was taken before is not looked at: another collector had that. */
static void test_left_out_of_new_records(void **state)
{
	struct fixture *fixture = *state;
	const struct wire_batch *batch;
	uint32_t from;

	add(fixture);
	make__suppressed(&fixture->batch, 3, 1, 9, 50);
	from = fixture->batch.len;
	make__suppressed(&fixture->batch, 3, 2, 9, 96);
	batch = left_out__correct(fixture->list, message(fixture, ADDRESS), from);
	assert_int_equal(said_in(batch, 0), 9);
	assert_int_equal(said_in(batch, 1), 5);
}

static void test_left_out_of_other_batches(void **state)
{
	struct fixture *fixture = *state;

	add(fixture);
	make__suppressed(&fixture->batch, 3, 1, 9, 96);
	assert_ptr_equal(left_out__correct(fixture->list, message(fixture, ADDRESS + 4096), 0),
			 &fixture->message.wire);
}

/* Where it is not known how many were before, no number is said. */
static void test_left_out_is_not_known(void **state)
{
	struct fixture *fixture = *state;
	const struct wire_batch *batch;

	left_out__add(&fixture->list, ADDRESS, 100, NULL, 0);
	make__suppressed(&fixture->batch, 3, 1, 9, 96);
	make__suppressed(&fixture->batch, 3, 1, 9, 105);
	batch = left_out__correct(fixture->list, message(fixture, ADDRESS), 0);
	assert_int_equal(said_in(batch, 0), 0);
	assert_int_equal(said_in(batch, 1), 9);
}

/* The slots were read after the total, and in between an event said what was before. */
static void test_left_out_of_another_moment(void **state)
{
	struct fixture *fixture = *state;
	const struct ttlog_rate slots[] = { { .offset = 2 * 3, .left_out = 2, .since = 103 } };
	const struct wire_batch *batch;

	left_out__add(&fixture->list, ADDRESS, 100, slots, sizeof(slots));
	make__suppressed(&fixture->batch, 3, 1, 9, 96);
	make__suppressed(&fixture->batch, 3, 1, 9, 103);
	batch = left_out__correct(fixture->list, message(fixture, ADDRESS), 0);
	assert_int_equal(said_in(batch, 0), 0);
	assert_int_equal(said_in(batch, 1), 9);
}

/* A second look found more. */
static void test_left_out_is_replaced(void **state)
{
	struct fixture *fixture = *state;

	left_out__add(&fixture->list, ADDRESS, 100, NULL, 0);
	left_out__add(&fixture->list, ADDRESS + 4096, 100, NULL, 0);
	left_out__forget(&fixture->list, ADDRESS);
	make__suppressed(&fixture->batch, 3, 1, 9, 96);
	assert_ptr_equal(left_out__correct(fixture->list, message(fixture, ADDRESS), 0),
			 &fixture->message.wire);
	assert_ptr_not_equal(left_out__correct(fixture->list, message(fixture, ADDRESS + 4096), 0),
			     &fixture->message.wire);
	left_out__forget(&fixture->list, ADDRESS);
}

static void test_left_out_nothing(void **state)
{
	struct fixture *fixture = *state;
	const struct ttlog_rate slots[] = { { .offset = 2 * 3, .left_out = 0 } };

	left_out__add(&fixture->list, ADDRESS, 100, slots, sizeof(slots));
	left_out__add(&fixture->list, ADDRESS, 100, slots, 0);
	assert_null(fixture->list);
}

/* Hostile records: lengths of 0, and beyond the end. */
static void test_left_out_survives_garbage(void **state)
{
	struct fixture *fixture = *state;
	const struct wire_batch *batch;

	add(fixture);
	for (uint32_t len = 0; len < 16; len++) {
		const uint32_t head[] = { 1, TTLOG_SIDE_SITE << TTLOG_RECORD_LEN_BITS | len };

		fixture->batch.len = 0;
		make__put(&fixture->batch, head, sizeof(head));
		make__put_u64(&fixture->batch, TTLOG_SIDE_SUPPRESSED);
		batch = left_out__correct(fixture->list, message(fixture, ADDRESS), 0);
		assert_int_equal(memcmp(batch + 1, fixture->batch.bytes, fixture->batch.len), 0);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(test_left_out_##name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(is_taken_off), TEST(of_new_records),    TEST(of_other_batches),
		TEST(is_not_known), TEST(of_another_moment), TEST(is_replaced),
		TEST(nothing),      TEST(survives_garbage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
