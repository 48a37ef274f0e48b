/* SPDX-License-Identifier: MIT */
/* Another collector records the process, too: what its threads hand over before we have our links. */
#include "make.h"

#include "wire.h"
#include "facts.h"
#include "source_table.h"

#define ADDRESS 0x7f0000001000ull
#define MODULE  3u
#define TID     101u

struct fixture {
	struct facts facts;
	struct source_table table;
};

static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	if (!fixture)
		return -1;
	fixture->facts.fd = -1;
	fixture->table.facts = &fixture->facts;
	fixture->table.is_joining = true;
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	source_table__fini(&fixture->table);
	free(fixture);
	return 0;
}

static struct ttlog_batch head_of(uint64_t seq, uint64_t before, uint64_t events)
{
	return (struct ttlog_batch){
		.magic = TTLOG_BATCH_MAGIC,
		.seq = seq,
		.events_before = before,
		.committed = events << 32 | events * 24,
		.tid = TID,
	};
}

static const struct source known = {
	.address = ADDRESS, .module = MODULE, .tid = TID, .exec = SOURCE_ANY_EXEC
};

/* The first look found it. */
static struct source *add(struct fixture *fixture, const struct ttlog_batch *head)
{
	assert_int_equal(source_table__add(&fixture->table, &known, head), 0);
	return source_table__find(&fixture->table, ADDRESS);
}

static uint64_t emitted_of(const struct fixture *fixture)
{
	return source_table__emitted(&fixture->table);
}

/* What comes meanwhile, be it late, is not ours. */
static void test_source_passes_what_comes(void **state)
{
	struct fixture *fixture = *state;
	struct ttlog_batch head = head_of(8, 100, 3);
	struct source *source = add(fixture, &head);

	head = head_of(8, 100, 9);
	assert_true(source_table__pass(&fixture->table, source, &head));
	assert_int_equal(source->taken_events, 9);
	head = head_of(10, 190, 20);
	assert_true(source_table__pass(&fixture->table, source, &head));
	head = head_of(9, 150, 40);
	assert_false(source_table__pass(&fixture->table, source, &head));
	assert_int_equal(emitted_of(fixture), 0);
	assert_int_equal(source->seq, 10);
	/* now we have all: 11, with 7, was lost */
	source_table__end_joining(&fixture->table);
	assert_false(source->is_joining);
	head = head_of(12, 217, 1);
	source__count_emitted(source, &head);
	assert_int_equal(emitted_of(fixture), 8);
}

/* Its next batches may be lost: so the second look tells. */
static void test_source_is_looked_at_again(void **state)
{
	struct fixture *fixture = *state;
	struct ttlog_batch head = head_of(8, 100, 3);
	struct source *source = add(fixture, &head);

	head = head_of(10, 190, 4);
	assert_true(source_table__look_again(&fixture->table, &known, &head));
	assert_int_equal(emitted_of(fixture), 0);
	assert_int_equal(source->taken_events, 4);
	/* the same seq: it may have been handed over */
	head = head_of(10, 190, 6);
	assert_true(source_table__look_again(&fixture->table, &known, &head));
	assert_int_equal(emitted_of(fixture), 0);
	assert_false(source_table__look_again(&fixture->table, &known, &head));
	source_table__end_joining(&fixture->table);
	head = head_of(11, 200, 7);
	source__count_emitted(source, &head);
	assert_int_equal(emitted_of(fixture), 11);
	head = head_of(12, 220, 7);
	assert_false(source_table__look_again(&fixture->table, &known, &head));
}

/* The new thread of a batch begins, or an old one ends, after the look. */
static void test_source_counts_from_its_thread(void **state)
{
	struct fixture *fixture = *state;
	struct wire_thread message = {
		.head = { .tid = TID, .module = MODULE, .exec = 7 },
		.address = ADDRESS,
		.batch = head_of(12, 240, 0),
	};

	source_table__set_owner(&fixture->table, &message, true);
	assert_int_equal(emitted_of(fixture), 0);
	assert_int_equal(source_table__find(&fixture->table, ADDRESS)->tid, TID);
	message.batch = head_of(14, 260, 0);
	source_table__end_joining(&fixture->table);
	source_table__set_owner(&fixture->table, &message, false);
	assert_int_equal(emitted_of(fixture), 20);
}

/* A library is attached to later: what other modules have goes on. */
static void test_source_of_other_modules(void **state)
{
	struct fixture *fixture = *state;
	struct ttlog_batch head = head_of(1, 0, 0);
	struct source *source;

	fixture->table.is_joining = false;
	source = add(fixture, &head);
	head = head_of(2, 30, 10);
	source__count_emitted(source, &head);
	fixture->table.is_joining = true;
	head = head_of(4, 70, 10);
	assert_false(source->is_joining);
	assert_false(source_table__look_again(&fixture->table, &known, &head));
	source__count_emitted(source, &head);
	assert_int_equal(emitted_of(fixture), 80);
}

static void test_source_survives_garbage(void **state)
{
	struct fixture *fixture = *state;
	struct ttlog_batch head = head_of(8, 100, 3);
	struct source *source = add(fixture, &head);

	head = head_of(9, UINT64_MAX - 5, 3);
	assert_false(source_table__pass(&fixture->table, source, &head));
	assert_int_equal(emitted_of(fixture), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(test_source_##name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(passes_what_comes),

		TEST(is_looked_at_again), TEST(counts_from_its_thread),
		TEST(of_other_modules),   TEST(survives_garbage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
