/* SPDX-License-Identifier: MIT */
/* The cursor in a sorted table, which needs no file. */
#include "view_fixture.h"

#include "cursor.h"
#include "message.h"
#include "order.h"

#define LINE_CNT 100

struct table {
	struct top_k_entry entries[LINE_CNT];
	struct order order;
	struct message message;
	struct cursor cursor;
};

static void begin(struct table *table, uint64_t line, uint64_t top)
{
	*table = (struct table){
		.order = { .is_sorted = true,
			   .sorted = { .entries = table->entries, .cnt = LINE_CNT } },
		.cursor = { .order = &table->order, .message = &table->message },
	};
	table->cursor.line = line;
	table->cursor.top = top;
}

static void assert_at(const struct table *table, uint64_t line, uint64_t top)
{
	assert_int_equal(table->cursor.line, line);
	assert_int_equal(table->cursor.top, top);
}

static void test_cursor_moves(void **state)
{
	struct table table;

	(void)state;
	begin(&table, 50, 45);
	cursor__move(&table.cursor, 10, false);
	assert_at(&table, 60, 45);
	cursor__move(&table.cursor, 10, true);
	assert_at(&table, 70, 55);
	cursor__move(&table.cursor, -60, true);
	assert_at(&table, 10, 0);
}

static void test_cursor_stays_in_the_table(void **state)
{
	struct table table;

	(void)state;
	begin(&table, 50, 45);
	cursor__move(&table.cursor, INT64_MAX / 2, true);
	assert_at(&table, LINE_CNT - 1, 45 + 49);
	cursor__move(&table.cursor, INT64_MIN / 2, true);
	assert_at(&table, 0, 0);
}

static void test_cursor_keeps_its_distance_to_the_top(void **state)
{
	struct table table;

	(void)state;
	begin(&table, 50, 45);
	cursor__put(&table.cursor, 20);
	assert_at(&table, 20, 15);
	cursor__put(&table.cursor, 3);
	assert_at(&table, 3, 0);
}

static void test_cursor_is_shown(void **state)
{
	struct table table;

	(void)state;
	begin(&table, 50, 45);
	cursor__show(&table.cursor, 10);
	assert_at(&table, 50, 45);
	cursor__show(&table.cursor, 3);
	assert_at(&table, 50, 48);
	table.cursor.line = 7;
	cursor__show(&table.cursor, 3);
	assert_at(&table, 7, 7);
	/* no empty lines at the bottom */
	table.cursor.line = 99;
	table.cursor.top = 95;
	cursor__show(&table.cursor, 20);
	assert_at(&table, 99, 80);
	cursor__show(&table.cursor, 2 * LINE_CNT);
	assert_at(&table, 99, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cursor_moves),
		cmocka_unit_test(test_cursor_stays_in_the_table),
		cmocka_unit_test(test_cursor_keeps_its_distance_to_the_top),
		cmocka_unit_test(test_cursor_is_shown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
