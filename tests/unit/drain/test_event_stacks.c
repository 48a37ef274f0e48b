/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "wire.h"
#include "event_stacks.h"
#include "facts.h"
#include "source_table.h"

#define MODULE  3
#define SITE    7
#define ADDRESS 0x7f0000001000u
#define TID     12
#define THREAD  1

static struct event_stacks *stacks;
static struct source_table sources;

static int begin(void **state)
{
	static const struct facts no_facts = { .fd = -1 };

	(void)state;
	stacks = NULL;
	sources = (struct source_table){ .facts = &no_facts };
	return 0;
}

static int end(void **state)
{
	(void)state;
	free(stacks);
	source_table__fini(&sources);
	return 0;
}

static void add(uint64_t address, uint64_t ordinal)
{
	static struct wire_event_stack message;

	message = (struct wire_event_stack){
		.head = { .tid = TID, .module = MODULE },
		.address = address,
		.ordinal = ordinal,
		.site = SITE,
		.addresses = { 0, 0x1000 },
	};
	message.pages[1][5] = 42;
	assert_int_equal(event_stacks__add(&stacks, &message, &sources), 0);
}

static void take_batch(uint64_t seq, uint64_t before, uint64_t cnt)
{
	const struct wire_batch message = {
		.head = { .tid = TID, .module = MODULE },
		.address = ADDRESS,
		.batch = { .seq = seq,
			   .base_ticks = 1000 + seq,
			   .events_before = before,
			   .committed = cnt << 32 },
	};

	if (stacks)
		event_stacks__take_batch(stacks, &message, THREAD);
}

/* How many are known. The last one has that place. */
static size_t known(uint64_t seq, uint32_t place)
{
	struct event_stack *copy;
	size_t cnt;

	copy = event_stacks__copy(stacks, &cnt);
	if (cnt) {
		const struct event_stack *last = &copy[cnt - 1];

		assert_int_equal(last->seq, seq);
		assert_int_equal(last->ticks, 1000 + seq);
		assert_int_equal(last->place, place);
		assert_int_equal(last->thread, THREAD);
		assert_int_equal(last->module, MODULE);
		assert_int_equal(last->site, SITE);
		assert_int_equal(last->where.page_cnt, 1);
		assert_int_equal(last->where.pages[0].address, 0x1000);
		assert_int_equal(last->where.pages[0].bytes[5], 42);
	}
	event_stacks__free_copy(copy, cnt);
	return cnt;
}

static void test_event_stacks_before_the_batch(void **state)
{
	(void)state;
	add(ADDRESS, 5);
	assert_int_equal(known(0, 0), 0);
	take_batch(2, 4, 1); /* event 4 alone so far */
	assert_int_equal(known(0, 0), 0);
	take_batch(2, 4, 3);
	assert_int_equal(known(2, 1), 1);
}

/* The batch was full: the event is the first of the next one. */
static void test_event_stacks_in_the_next_batch(void **state)
{
	(void)state;
	add(ADDRESS, 5);
	take_batch(2, 4, 1);
	take_batch(3, 5, 1);
	assert_int_equal(known(3, 0), 1);
}

static void test_event_stacks_after_the_batch(void **state)
{
	(void)state;
	add(ADDRESS, 0);
	take_batch(1, 0, 10);
	take_batch(2, 10, 10);
	take_batch(3, 20, 10);
	add(ADDRESS, 13);
	assert_int_equal(known(2, 3), 2);
}

/* The first message comes after the first batch. */
static void test_event_stacks_after_a_batch_that_was_not_kept(void **state)
{
	struct source *source = source_table__get(&sources, ADDRESS, MODULE, 0);

	(void)state;
	source->seq = 4;
	source->ticks = 1004;
	source->thread = THREAD;
	source->taken_events = 6;
	source->emitted = 30;
	add(ADDRESS, 25);
	assert_int_equal(known(4, 1), 1);
	/* an earlier batch, of which nothing is known */
	add(ADDRESS, 23);
	assert_int_equal(known(4, 1), 1);
}

/* A handler has passed a mark, too, before the event was in the batch. */
static void test_event_stacks_drops_twins(void **state)
{
	(void)state;
	add(ADDRESS, 5);
	add(ADDRESS, 5);
	add(ADDRESS, 6);
	take_batch(1, 0, 10);
	assert_int_equal(known(1, 6), 1);
}

static void begin_thread(uint64_t before)
{
	const struct wire_thread message = {
		.head = { .tid = TID, .module = MODULE },
		.address = ADDRESS,
		.batch = { .magic = TTLOG_BATCH_MAGIC, .events_before = before },
	};

	event_stacks__begin(stacks, &message, &sources);
}

static void test_event_stacks_of_the_first_event(void **state)
{
	(void)state;
	add(0, 0);
	begin_thread(0);
	take_batch(1, 0, 1);
	assert_int_equal(known(1, 0), 1);
}

/* Another thread had the batch before; and its batch comes before the message that says so. */
static void test_event_stacks_of_the_first_event_in_an_old_batch(void **state)
{
	(void)state;
	add(0, 0);
	take_batch(9, 80, 2);
	assert_int_equal(known(0, 0), 0);
	begin_thread(80);
	assert_int_equal(known(9, 0), 1);
}

static void test_event_stacks_keeps_the_newest(void **state)
{
	(void)state;
	for (uint64_t i = 0; i < EVENT_STACKS_MAX + 10; i++)
		add(ADDRESS, i);
	take_batch(1, 0, EVENT_STACKS_MAX + 10);
	assert_int_equal(stacks->pending_cnt, 0);
	assert_int_equal(known(1, EVENT_STACKS_MAX + 9), EVENT_STACKS_MAX);
}

static void test_event_stacks_of_another_program(void **state)
{
	(void)state;
	add(ADDRESS, 5);
	take_batch(1, 0, 5);
	event_stacks__exec(stacks);
	take_batch(2, 5, 5);
	assert_int_equal(known(0, 0), 0);
	assert_int_equal(stacks->pending_cnt, 0);
	event_stacks__exec(NULL);
}

static size_t take_new(enum event_stack_taker taker)
{
	size_t cnt;
	struct event_stack *copy = event_stacks__take_new(stacks, taker, &cnt);

	event_stacks__free_copy(copy, cnt);
	return cnt;
}

/* Each taker has each stack once, when it is known; a snapshot has the last ones each time. */
static void test_event_stacks_once_for_each_taker(void **state)
{
	(void)state;
	add(ADDRESS, 4);
	assert_int_equal(take_new(EVENT_STACK_STREAM), 0);
	take_batch(2, 4, 1);
	assert_int_equal(event_stacks__new_cnt(stacks, EVENT_STACK_STREAM), 1);
	assert_int_equal(take_new(EVENT_STACK_STREAM), 1);
	assert_int_equal(take_new(EVENT_STACK_STREAM), 0);
	add(ADDRESS, 5);
	take_batch(2, 4, 2);
	assert_int_equal(take_new(EVENT_STACK_STREAM), 1);
	assert_int_equal(take_new(EVENT_STACK_FOLLOWER), 2);
	assert_int_equal(known(2, 1), 2);
	event_stacks__pass(stacks, EVENT_STACK_STREAM);
	assert_int_equal(event_stacks__cnt(stacks), 2);
}

static void add_alone(uint32_t tid)
{
	static struct wire_event_stack message;

	message = (struct wire_event_stack){
		.head = { .tid = tid, .module = MODULE },
		.site = SITE,
		.is_alone = 1,
	};
	assert_int_equal(event_stacks__add(&stacks, &message, &sources), 0);
}

static void take_alone(uint32_t tid, uint32_t site, uint64_t ticks)
{
	const struct wire_event message = { .head = { .tid = tid, .module = MODULE },
					    .site = site };

	event_stacks__take_alone(stacks, &message, ticks, THREAD);
}

/* Of events of other probes: the thread's last one; no batch has it. */
static void test_event_stacks_alone(void **state)
{
	struct event_stack *copy;
	size_t cnt;

	(void)state;
	add_alone(TID); /* its event is lost */
	add_alone(TID);
	add_alone(TID + 1);
	assert_int_equal(stacks->pending_cnt, 2);
	take_batch(1, 0, 5);
	take_alone(TID, SITE + 1, 4000);
	assert_int_equal(stacks->pending_cnt, 2);
	take_alone(TID, SITE, 5000);
	take_alone(TID, SITE, 6000);
	assert_int_equal(stacks->pending_cnt, 1);
	copy = event_stacks__copy(stacks, &cnt);
	assert_int_equal(cnt, 1);
	assert_int_equal(copy[0].ticks, 5000);
	assert_int_equal(copy[0].seq, 0);
	assert_int_equal(copy[0].place, 0);
	assert_int_equal(copy[0].thread, THREAD);
	event_stacks__free_copy(copy, cnt);
	event_stacks__exec(stacks);
	assert_int_equal(stacks->pending_cnt, 0);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(test_event_stacks_##name, begin, end)
	const struct CMUnitTest tests[] = {
		CASE(before_the_batch),
		CASE(in_the_next_batch),
		CASE(after_the_batch),
		CASE(after_a_batch_that_was_not_kept),
		CASE(drops_twins),
		CASE(of_the_first_event),
		CASE(of_the_first_event_in_an_old_batch),
		CASE(keeps_the_newest),
		CASE(of_another_program),
		CASE(once_for_each_taker),
		CASE(alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
