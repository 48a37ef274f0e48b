/* SPDX-License-Identifier: MIT */
#include "view_fixture.h"

#include "marks.h"
#include "message.h"

struct table {
	struct sources sources;
	struct rows *rows;
	struct message message;
	struct marks marks;
};

static void begin(struct table *table)
{
	const struct ttlog_range range = { 0, UINT64_MAX };
	struct ttlog_snapshot *reader = fixture__open_golden("golden.bin");

	memset(table, 0, sizeof(*table));
	table->marks.message = &table->message;
	assert_int_equal(sources__add(&table->sources, &reader, 1, true), 0);
	assert_false(sources__scan(&table->sources, UINT64_MAX));
	table->rows = rows__new(&table->sources, ttlog_filter_new(), &range);
	assert_non_null(table->rows);
	assert_int_equal(rows__work(table->rows, UINT64_MAX), 0);
}

static void end(struct table *table)
{
	rows__free(table->rows);
	sources__fini(&table->sources);
}

static struct rows_place place_of(struct table *table, uint64_t row)
{
	struct ttlog_event event;
	struct rows_place place;

	assert_int_equal(rows__event(table->rows, row, &event, &place), 0);
	return place;
}

static void test_marks_toggle(void **state)
{
	static struct table table;
	struct rows_place place;

	(void)state;
	begin(&table);
	place = place_of(&table, 3);
	assert_false(marks__has(&table.marks, &place));
	marks__toggle(&table.marks, &place);
	assert_true(marks__has(&table.marks, &place));
	assert_string_equal(table.message.text, "bookmark set: B goes to the next one");
	marks__toggle(&table.marks, &place);
	assert_false(marks__has(&table.marks, &place));
	assert_string_equal(table.message.text, "bookmark gone");
	end(&table);
}

static void test_marks_next_goes_round(void **state)
{
	static struct table table;
	const struct rows_place *next;
	struct rows_place first, last;

	(void)state;
	begin(&table);
	first = place_of(&table, 1);
	last = place_of(&table, 5);
	assert_null(marks__next(&table.marks, &first, table.rows));
	assert_string_equal(table.message.text, "no bookmarks: b sets one");
	marks__toggle(&table.marks, &last);
	marks__toggle(&table.marks, &first);
	next = marks__next(&table.marks, &first, table.rows);
	assert_non_null(next);
	assert_int_equal(rows_place__compare(next, &last), 0);
	next = marks__next(&table.marks, &last, table.rows);
	assert_non_null(next);
	assert_int_equal(rows_place__compare(next, &first), 0);
	end(&table);
}

static void test_marks_drop_with_their_part(void **state)
{
	static struct table table;
	struct rows_place file, live;

	(void)state;
	begin(&table);
	file = live = place_of(&table, 1);
	live.part = 1;
	marks__toggle(&table.marks, &file);
	marks__toggle(&table.marks, &live);
	table.sources.gone = 1;
	marks__drop(&table.marks, &table.sources);
	table.sources.gone = 0;
	assert_int_equal(table.marks.cnt, 1);
	assert_true(marks__has(&table.marks, &file));
	end(&table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_marks_toggle),
		cmocka_unit_test(test_marks_next_goes_round),
		cmocka_unit_test(test_marks_drop_with_their_part),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
