/* SPDX-License-Identifier: MIT */
/* The model of the full screen: rows are the events of the stream, in any order of requests. */
#include "view_fixture.h"

#include "clock.h"
#include "rows.h"
#include "sources.h"

#define FILES_MAX 3

struct model {
	struct sources sources;
	struct ttlog_snapshot *readers[FILES_MAX];
	size_t reader_cnt;
	struct rows *rows;
};

static struct rows *make_rows(struct sources *sources, const char *expr)
{
	const struct ttlog_range range = { 0, UINT64_MAX };
	struct ttlog_filter *filter = ttlog_filter_new();
	char why[TTLOG_WHY_BYTES];
	struct rows *rows;

	assert_non_null(filter);
	if (expr && ttlog_filter_add(filter, expr, why, sizeof(why)))
		fail_msg("%s", why);
	rows = rows__new(sources, filter, &range);
	assert_non_null(rows);
	return rows;
}

static void begin(struct model *model, const char *const *names, const char *expr)
{
	*model = (struct model){ .reader_cnt = 0 };
	for (; names[model->reader_cnt]; model->reader_cnt++)
		model->readers[model->reader_cnt] = fixture__open_golden(names[model->reader_cnt]);
	assert_int_equal(sources__add(&model->sources, model->readers, model->reader_cnt, true), 0);
	assert_false(sources__scan(&model->sources, UINT64_MAX));
	model->rows = make_rows(&model->sources, expr);
}

static void end(struct model *model)
{
	rows__free(model->rows);
	sources__fini(&model->sources);
}

static char *row_json(struct rows *rows, uint64_t row)
{
	struct ttlog_event event;
	struct out out;

	capture__begin(&out);
	assert_int_equal(rows__event(rows, row, &event, NULL), 0);
	json__event(&out, &event);
	return capture__end(&out);
}

/* The lines that the stream gives; `expr` NULL: all. */
static char *expected_of(const struct model *model, const char *expr)
{
	return fixture__json(model->readers, model->reader_cnt, (struct show){ .filter = expr });
}

static void assert_row(struct rows *rows, uint64_t row, const char *expected)
{
	char *line = row_json(rows, row);

	for (uint64_t i = 0; i < row; i++)
		expected = strchr(expected, '\n') + 1;
	assert_memory_equal(expected, line, strlen(line));
	free(line);
}

static const char *const GOLDENS[][FILES_MAX + 1] = {
	{ "golden.bin" },
	{ "packed.bin" },
	{ "small.bin" },
	{ "overlap-first.bin", "overlap-second.bin", "overlap-other.bin" },
	{ "overlap-second.bin", "golden.bin", "packed.bin" },
	{ "nulls.bin" },
	{ "contexts.bin" },
};
#define GOLDEN_CNT (sizeof(GOLDENS) / sizeof(GOLDENS[0]))

static void test_rows_are_the_event_streams(void **state)
{
	(void)state;
	for (size_t i = 0; i < GOLDEN_CNT; i++) {
		struct model model;
		char *expected;
		uint64_t cnt;

		begin(&model, GOLDENS[i], NULL);
		expected = expected_of(&model, NULL);
		cnt = count_lines(expected);
		sources__disturb(&model.sources);
		assert_int_equal(rows__work(model.rows, UINT64_MAX), 0);
		assert_true(rows__is_done(model.rows));
		assert_int_equal(rows__cnt(model.rows), cnt);
		for (uint64_t row = 0; row < cnt; row++)
			assert_row(model.rows, row, expected);
		for (uint64_t row = cnt; row-- > 0;)
			assert_row(model.rows, row, expected);
		for (uint64_t k = 0; k < 3 * cnt; k++)
			assert_row(model.rows, k * 7919 % cnt, expected);
		free(expected);
		end(&model);
	}
}

static void test_rows_filter(void **state)
{
	static const char *const EXPRS[] = { "n=5", "n>3", "tid=51", "has(nothing)",
					     "level>=INFO" };

	(void)state;
	for (size_t i = 0; i < sizeof(EXPRS) / sizeof(EXPRS[0]); i++) {
		struct model model;
		char *expected;

		begin(&model, GOLDENS[3], EXPRS[i]);
		expected = expected_of(&model, EXPRS[i]);
		sources__disturb(&model.sources);
		assert_int_equal(rows__work(model.rows, UINT64_MAX), 0);
		assert_int_equal(rows__cnt(model.rows), count_lines(expected));
		for (uint64_t row = 0; row < rows__cnt(model.rows); row++)
			assert_row(model.rows, row, expected);
		free(expected);
		end(&model);
	}
}

/* Slices of no time: each row is found exactly once, even if other rows are read in between. */
static void test_rows_found_in_slices(void **state)
{
	struct rows *others;
	struct model model;
	char *expected;

	(void)state;
	begin(&model, GOLDENS[3], NULL);
	others = make_rows(&model.sources, "n>2");
	expected = expected_of(&model, NULL);
	sources__disturb(&model.sources);
	assert_int_equal(rows__work(model.rows, 0), 1);
	assert_int_equal(rows__cnt(model.rows), 0);
	while (!rows__is_done(model.rows) || !rows__is_done(others)) {
		assert_true(rows__work(model.rows, clock__now_mono_ns() + 1) >= 0);
		assert_true(rows__work(others, clock__now_mono_ns() + 1) >= 0);
		for (uint64_t row = 0; row < rows__cnt(model.rows); row++)
			assert_row(model.rows, row, expected);
	}
	assert_int_equal(rows__cnt(model.rows), count_lines(expected));
	assert_int_equal(rows__progress(model.rows), 1000);
	free(expected);
	rows__free(others);
	end(&model);
}

/* Every event is found again, in all rows and in those of another filter. */
static void test_rows_find(void **state)
{
	(void)state;
	for (size_t i = 0; i < GOLDEN_CNT; i++) {
		struct rows *others;
		struct model model;

		begin(&model, GOLDENS[i], NULL);
		others = make_rows(&model.sources, "tid=50 or tid=9 or level>=WARN");
		assert_int_equal(rows__work(model.rows, UINT64_MAX), 0);
		assert_int_equal(rows__work(others, UINT64_MAX), 0);
		for (uint64_t row = 0; row < rows__cnt(model.rows); row++) {
			struct rows_place place, other;
			struct ttlog_event event;
			bool is_exact;
			uint64_t found;

			assert_int_equal(rows__event(model.rows, row, &event, &place), 0);
			assert_true(rows__has_passed(others, &place));
			assert_int_equal(rows__find(model.rows, &place, &is_exact), row);
			assert_true(is_exact);
			found = rows__find(others, &place, &is_exact);
			if (found == rows__cnt(others)) {
				assert_false(is_exact);
				continue;
			}
			assert_int_equal(rows__event(others, found, &event, &other), 0);
			assert_int_equal(is_exact, !rows_place__compare(&place, &other));
			assert_true(rows_place__compare(&place, &other) <= 0);
		}
		rows__free(others);
		end(&model);
	}
}

static void test_rows_find_time(void **state)
{
	struct rows_place place;
	struct ttlog_event event;
	struct model model;
	bool is_exact;
	uint64_t row, real_ns;

	(void)state;
	begin(&model, GOLDENS[2], NULL);
	assert_int_equal(rows__work(model.rows, UINT64_MAX), 0);
	assert_int_equal(rows__event(model.rows, 3, &event, NULL), 0);
	real_ns = event.real_ns;
	place = rows__place_of_time(model.rows, real_ns);
	assert_int_equal(rows__find(model.rows, &place, &is_exact), 3);
	place = rows__place_of_time(model.rows, real_ns + 1);
	row = rows__find(model.rows, &place, &is_exact);
	assert_int_equal(row, 4);
	place = rows__place_of_time(model.rows, UINT64_MAX);
	assert_int_equal(rows__find(model.rows, &place, &is_exact), rows__cnt(model.rows));
	end(&model);
}

/* Readers that are added while it runs come after all other rows. */
static void test_rows_more_parts(void **state)
{
	struct ttlog_snapshot *late[2];
	struct model model;
	char *first, *more;
	uint64_t cnt;

	(void)state;
	begin(&model, GOLDENS[2], "n>=0");
	first = expected_of(&model, NULL);
	sources__disturb(&model.sources);
	assert_int_equal(rows__work(model.rows, UINT64_MAX), 0);
	cnt = rows__cnt(model.rows);
	late[0] = fixture__open_golden("overlap-first.bin");
	late[1] = fixture__open_golden("overlap-other.bin");
	more = fixture__json(&late[0], 1, (struct show){ .filter = NULL });
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(sources__add(&model.sources, &late[i], 1, true), 0);
		assert_false(rows__is_done(model.rows));
		assert_int_equal(rows__work(model.rows, UINT64_MAX), 0);
	}
	assert_int_equal(rows__cnt(model.rows), cnt + count_lines(more) + 2);
	for (uint64_t row = 0; row < count_lines(more); row++) {
		char *line = row_json(model.rows, cnt + row);

		assert_non_null(strstr(more, line));
		free(line);
	}
	assert_row(model.rows, 0, first);
	for (uint64_t row = 0; row < rows__cnt(model.rows); row++) {
		struct rows_place place;
		struct ttlog_event event;
		bool is_exact;

		assert_int_equal(rows__event(model.rows, row, &event, &place), 0);
		assert_int_equal(rows__find(model.rows, &place, &is_exact), row);
		assert_true(is_exact);
	}
	free(first);
	free(more);
	end(&model);
}

/* The oldest part goes: the rows after it move up, places stay the same. */
static void test_rows_drop_a_part(void **state)
{
	struct rows_place gone, kept, place;
	uint64_t files, first, dropped, all;
	struct ttlog_snapshot *late[2];
	struct ttlog_event event;
	struct model model;
	bool is_exact;

	(void)state;
	begin(&model, GOLDENS[2], "n>=0");
	assert_int_equal(rows__work(model.rows, UINT64_MAX), 0);
	files = rows__cnt(model.rows);
	late[0] = fixture__open_golden("overlap-first.bin");
	late[1] = fixture__open_golden("overlap-other.bin");
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(sources__add(&model.sources, &late[i], 1, true), 0);
	assert_int_equal(rows__work(model.rows, UINT64_MAX), 0);
	all = rows__cnt(model.rows);
	assert_int_equal(rows__event(model.rows, files, &event, &gone), 0);
	assert_int_equal(rows__event(model.rows, all - 1, &event, &kept), 0);

	dropped = rows__drop(model.rows, 1, &first);
	sources__drop(&model.sources, 1);
	assert_int_equal(first, files);
	assert_true(dropped > 0 && files + dropped < all);
	assert_int_equal(rows__cnt(model.rows), all - dropped);
	assert_true(rows__is_done(model.rows));
	assert_int_equal(rows__find(model.rows, &gone, &is_exact), files);
	assert_false(is_exact);
	assert_int_equal(rows__find(model.rows, &kept, &is_exact), all - dropped - 1);
	assert_true(is_exact);
	assert_int_equal(rows__event(model.rows, all - dropped - 1, &event, &place), 0);
	assert_int_equal(rows_place__compare(&place, &kept), 0);

	late[0] = fixture__open_golden("overlap-first.bin");
	assert_int_equal(sources__add(&model.sources, &late[0], 1, true), 0);
	assert_int_equal(rows__work(model.rows, UINT64_MAX), 0);
	assert_int_equal(rows__cnt(model.rows), all);
	assert_int_equal(rows__event(model.rows, all - 1, &event, &place), 0);
	assert_int_equal(place.part, 3);
	end(&model);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows_are_the_event_streams),
		cmocka_unit_test(test_rows_filter),
		cmocka_unit_test(test_rows_found_in_slices),
		cmocka_unit_test(test_rows_find),
		cmocka_unit_test(test_rows_find_time),
		cmocka_unit_test(test_rows_more_parts),
		cmocka_unit_test(test_rows_drop_a_part),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
