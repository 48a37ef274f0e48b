/* SPDX-License-Identifier: MIT */
/* The parts of an account, by hand. For all numbers: emitted = recorded + lost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "wire.h"
#include "accounts.h"

static uint64_t sum(const struct accounts_lost *lost)
{
	return lost->memory + lost->kernel_ring + lost->fault + lost->corrupt + lost->table_full;
}

static void assert_balanced(const struct accounts *accounts)
{
	assert_int_equal(accounts->emitted, accounts->recorded + accounts->lost_total);
	assert_int_equal(accounts->lost_total, sum(&accounts->lost));
}

static void test_accounts_names_each_cause(void **state)
{
	const struct event_counts counts = { .recorded = 100,
					     .alone = 10,
					     .corrupt = 3,
					     .refused = 4,
					     .no_memory = 5,
					     .dropped = 6 };
	const struct wire_process kernel = { .lost_ring_events = 7,
					     .lost_fault_events = 8,
					     .lost_alone_events = 2 };
	struct accounts accounts;

	(void)state;
	/* recorded: 90 in batches, 10 alone; lost: 23 in batches, 2 alone */
	accounts__make(&accounts, &counts, 90 + 3 + 5 + 7 + 8 - 2, 30, &kernel);
	assert_int_equal(accounts.recorded, 100);
	assert_int_equal(accounts.overwritten, 30);
	assert_int_equal(accounts.lost.memory, 11);
	assert_int_equal(accounts.lost.table_full, 4);
	assert_int_equal(accounts.lost.corrupt, 3);
	assert_int_equal(accounts.lost.fault, 8);
	assert_int_equal(accounts.lost.kernel_ring, 7);
	assert_balanced(&accounts);
}

/* BPF's counters end with the process: a batch that did not come had no room in the ring buffer. */
static void test_accounts_without_the_kernels_counters(void **state)
{
	const struct event_counts counts = { .recorded = 10 };
	struct accounts accounts;

	(void)state;
	accounts__make(&accounts, &counts, 50, 0, NULL);
	assert_int_equal(accounts.lost.kernel_ring, 40);
	assert_balanced(&accounts);
}

static void test_accounts_blames_a_program_that_counts_wrong(void **state)
{
	const struct event_counts counts = { .recorded = 10 };
	const struct wire_process kernel = { .lost_ring_events = 5 };
	struct accounts accounts;

	(void)state;
	accounts__make(&accounts, &counts, 1000, 0, &kernel);
	assert_int_equal(accounts.lost.kernel_ring, 5);
	assert_int_equal(accounts.lost.corrupt, 985);
	assert_balanced(&accounts);
	/* less than came */
	accounts__make(&accounts, &counts, 3, 0, &kernel);
	assert_int_equal(accounts.emitted, 10);
	assert_int_equal(accounts.lost_total, 0);
	assert_balanced(&accounts);
}

static void test_accounts_loses_no_more_than_was_recorded(void **state)
{
	const struct event_counts counts = { .recorded = 10 };
	struct accounts accounts;

	(void)state;
	accounts__make(&accounts, &counts, 10, 0, NULL);
	accounts__add_corrupt(&accounts, 4);
	assert_int_equal(accounts.recorded, 6);
	assert_balanced(&accounts);
	accounts__add_corrupt(&accounts, UINT64_MAX);
	assert_int_equal(accounts.recorded, 0);
	assert_int_equal(accounts.lost.corrupt, 10);
	assert_balanced(&accounts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_accounts_names_each_cause),
		cmocka_unit_test(test_accounts_without_the_kernels_counters),
		cmocka_unit_test(test_accounts_blames_a_program_that_counts_wrong),
		cmocka_unit_test(test_accounts_loses_no_more_than_was_recorded),
	};

	return cmocka_run_group_tests_name("accounts", tests, NULL, NULL);
}
