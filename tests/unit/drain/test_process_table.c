/* SPDX-License-Identifier: MIT */
#include "make.h"

#include "wire.h"
#include "process.h"
#include "process_table.h"

static struct process *make_process(uint32_t pid)
{
	const struct wire_head head = { .tgid = pid };
	struct process *process = process__new(&head);

	assert_non_null(process);
	return process;
}

static void test_process_table_finds_what_is_in_it(void **state)
{
	struct process_table table = { 0 };

	(void)state;
	assert_null(process_table__find(&table, 1));
	for (uint32_t pid = 1; pid <= 1000; pid++)
		process_table__add(&table, make_process(pid * 7));
	for (uint32_t pid = 1; pid <= 7000; pid++) {
		const struct process *process = process_table__find(&table, pid);

		if (pid % 7)
			assert_null(process);
		else
			assert_int_equal(process->id.pid, pid);
	}
	process_table__fini(&table);
}

/* The others of the same list are still found. */
static void test_process_table_forgets_only_what_was_removed(void **state)
{
	struct process_table table = { 0 };
	struct process *process;
	size_t cnt = 0;

	(void)state;
	for (uint32_t pid = 1; pid <= 3000; pid++)
		process_table__add(&table, make_process(pid));
	for (uint32_t pid = 1; pid <= 3000; pid += 3) {
		process = process_table__find(&table, pid);
		process_table__remove(&table, process);
		process__free(process);
	}
	for (uint32_t pid = 1; pid <= 3000; pid++) {
		process = process_table__find(&table, pid);
		assert_true(pid % 3 == 1 ? !process : process && process->id.pid == pid);
	}
	process = NULL;
	while ((process = process_table__next(&table, process)))
		cnt++;
	assert_int_equal(cnt, table.cnt);
	process_table__fini(&table);
}

/* The earlier process of a number comes after the new one in the list, until it is removed. */
static void test_process_table_keeps_who_had_the_number_before(void **state)
{
	struct process *processes[3];
	struct process_table table = { 0 };
	const struct process *process = NULL;
	size_t cnt = 0;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		processes[i] = make_process(7);
		process_table__add(&table, processes[i]);
	}
	assert_ptr_equal(process_table__find(&table, 7), processes[2]);
	while ((process = process_table__next(&table, process)))
		cnt++;
	assert_int_equal(cnt, 3);
	process_table__remove(&table, processes[1]);
	assert_ptr_equal(process_table__find(&table, 7), processes[2]);
	assert_ptr_equal(process_table__earlier(processes[2]), processes[0]);
	process_table__remove(&table, processes[2]);
	assert_ptr_equal(process_table__find(&table, 7), processes[0]);
	process_table__remove(&table, processes[0]);
	assert_null(process_table__find(&table, 7));
	assert_int_equal(table.cnt, 0);
	for (size_t i = 0; i < 3; i++)
		process__free(processes[i]);
	process_table__fini(&table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_process_table_finds_what_is_in_it),
		cmocka_unit_test(test_process_table_forgets_only_what_was_removed),
		cmocka_unit_test(test_process_table_keeps_who_had_the_number_before),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
