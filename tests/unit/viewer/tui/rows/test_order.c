/* SPDX-License-Identifier: MIT */
/* Lines of the table in another order than the rows, and what the keys n and e find there. */
#include "view_fixture.h"

#include "events.h"
#include "options.h"
#include "order.h"
#include "search.h"

struct table {
	struct options options;
	struct events events;
	struct order order;
	struct search search;
};

static void begin(struct table *table)
{
	struct ttlog_snapshot *reader = fixture__open_golden("golden.bin");

	*table = (struct table){ .order = { .events = &table->events },
				 .search = { .events = &table->events, .order = &table->order } };
	table->events.options = &table->options;
	assert_int_equal(sources__add(&table->events.sources, &reader, 1, true), 0);
	assert_false(sources__scan(&table->events.sources, UINT64_MAX));
	assert_int_equal(events__begin(&table->events), 0);
	assert_int_equal(rows__work(table->events.rows, UINT64_MAX), 0);
	assert_true(rows__cnt(table->events.rows) > 5);
}

static void end(struct table *table)
{
	search__fini(&table->search);
	order__fini(&table->order);
	events__fini(&table->events);
}

static void sort_by(struct table *table, enum order_by by)
{
	table->order.by = by;
	assert_int_equal(order__begin(&table->order), 0);
	assert_false(table->order.is_sorted);
	assert_int_equal(order__work(&table->order, UINT64_MAX), 0);
	assert_true(table->order.is_sorted);
	assert_int_equal(order__line_cnt(&table->order), rows__cnt(table->events.rows));
}

static struct ttlog_event event_of(struct table *table, uint64_t line)
{
	struct ttlog_event event;

	assert_int_equal(
		rows__event(table->events.rows, order__row(&table->order, line), &event, NULL), 0);
	return event;
}

static void assert_lines_are_rows(const struct table *table)
{
	for (uint64_t line = 0; line < order__line_cnt(&table->order); line++) {
		uint64_t row = order__row(&table->order, line);

		assert_true(row < rows__cnt(table->events.rows));
		assert_int_equal(order__line(&table->order, row), line);
	}
}

static void test_order_by_time(void **state)
{
	struct table table;

	(void)state;
	begin(&table);
	assert_lines_are_rows(&table);
	assert_int_equal(order__row(&table.order, 0), 0);
	table.order.is_reversed = true;
	assert_lines_are_rows(&table);
	assert_int_equal(order__row(&table.order, 0), rows__cnt(table.events.rows) - 1);
	end(&table);
}

static void test_order_by_level(void **state)
{
	struct table table;

	(void)state;
	begin(&table);
	sort_by(&table, ORDER_LEVEL);
	assert_lines_are_rows(&table);
	for (uint64_t line = 1; line < order__line_cnt(&table.order); line++) {
		uint8_t above = event_of(&table, line - 1).site->level;
		uint8_t level = event_of(&table, line).site->level;

		assert_true(above >= level);
		if (above == level)
			assert_true(order__row(&table.order, line - 1) <
				    order__row(&table.order, line));
	}
	end(&table);
}

static void test_order_by_where(void **state)
{
	struct table table;

	(void)state;
	begin(&table);
	sort_by(&table, ORDER_WHERE);
	assert_lines_are_rows(&table);
	for (uint64_t line = 1; line < order__line_cnt(&table.order); line++) {
		struct ttlog_text above = event_of(&table, line - 1).site->target;
		struct ttlog_text target = event_of(&table, line).site->target;
		size_t len = above.len < target.len ? above.len : target.len;
		int result = memcmp(above.p, target.p, len);

		assert_true(result < 0 || (!result && above.len <= target.len));
	}
	end(&table);
}

static void test_order_without_field(void **state)
{
	struct table table;

	(void)state;
	begin(&table);
	snprintf(table.order.field, sizeof(table.order.field), "no_such_field");
	sort_by(&table, ORDER_FIELD);
	assert_true(order__is_without_field(&table.order));
	assert_string_equal(order__name(&table.order), "no_such_field");
	end(&table);
}

static void test_order_search_by_line(void **state)
{
	struct table table;
	uint64_t line = UINT64_MAX, found = 0, errors = 0;

	(void)state;
	begin(&table);
	sort_by(&table, ORDER_MESSAGE);
	assert_int_equal(search__begin_flags(&table.search), 0);
	assert_true(search__is_flagging(&table.search));
	assert_int_equal(search__work(&table.search, UINT64_MAX), 0);
	assert_false(search__is_flagging(&table.search));
	for (uint64_t i = 0; i < order__line_cnt(&table.order); i++)
		errors += event_of(&table, i).site->level >= TTLOG_LEVEL_ERROR;
	assert_true(errors);
	while ((line = search__find_line(&table.search, line, SEARCH_ERROR, true)) <
	       order__line_cnt(&table.order)) {
		assert_true(event_of(&table, line).site->level >= TTLOG_LEVEL_ERROR);
		found++;
	}
	assert_int_equal(found, errors);
	while ((line = search__find_line(&table.search, line, SEARCH_ERROR, false)) <
	       order__line_cnt(&table.order))
		found--;
	assert_int_equal(found, 0);
	end(&table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order_by_time),
		cmocka_unit_test(test_order_by_level),
		cmocka_unit_test(test_order_by_where),
		cmocka_unit_test(test_order_without_field),
		cmocka_unit_test(test_order_search_by_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
