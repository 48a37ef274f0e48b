/* SPDX-License-Identifier: MIT */
/* A term applied to a column is true exactly for the elements for which it is true one by one. */
#include <math.h>

#include "array.h"
#include "expr.h"
#include "column_filter.h"
#include "view_fixture.h"

static const char *const OPS[] = { "=", "!=", "<", "<=", ">", ">=", "~", "!~" };

static const char *const VALUES[] = {
	"0",
	"1",
	"-1",
	"1.5",
	"-0.5",
	"127",
	"-128",
	"-128.5",
	"0x1f",
	"007",
	"9223372036854775807",
	"-9223372036854775808",
	"9223372036854775808",
	"18446744073709551615",
	"18446744073709551615.5",
	"18446744073709551616",
	"1e30",
	"-1e30",
	"Infinity",
	"-Infinity",
	"NaN",
	"true",
	"B",
	"AAPL",
	"A*",
};

static void assert_filters(const struct ttlog_column *column, uint32_t cnt)
{
	uint8_t hits[64], asked[64];
	char source[64];

	assert_true(cnt <= sizeof(hits));
	memset(asked, 1, sizeof(asked));
	for (size_t i = 0; i < ARRAY_SIZE(OPS) * ARRAY_SIZE(VALUES); i++) {
		struct expr_error error;
		struct expr *expr;

		snprintf(source, sizeof(source), "key%s%s", OPS[i % ARRAY_SIZE(OPS)],
			 VALUES[i / ARRAY_SIZE(OPS)]);
		/* A value without an order, or a bad pattern, is not a term. */
		expr = expr__parse(source, &error);
		if (!expr)
			continue;
		memset(hits, 0, sizeof(hits));
		column_filter__match(expr->terms, column, cnt, asked, hits);
		for (uint32_t k = 0; k < cnt; k++) {
			struct ttlog_field field;

			ttlog_column_field(column, k, &field);
			if (hits[k] != term__field(expr->terms, &field))
				fail_msg("type %u, element %u: %s: %u", column->type, k, source,
					 hits[k]);
		}
		expr__free(expr);
	}
}

static void test_column_filter_integers(void **state)
{
	static const uint64_t NUMS[] = {
		0,
		1,
		2,
		31,
		7,
		127,
		128,
		255,
		(uint64_t)-1,
		(uint64_t)-2,
		(uint64_t)-128,
		(uint64_t)-129,
		INT64_MAX,
		(uint64_t)INT64_MAX + 1,
		(uint64_t)INT64_MAX + 2,
		'B',
	};
	static const uint8_t TYPES[] = {
		TTLOG_TYPE_BOOL, TTLOG_TYPE_CHAR, TTLOG_TYPE_I8,  TTLOG_TYPE_U8,
		TTLOG_TYPE_I16,  TTLOG_TYPE_U16,  TTLOG_TYPE_I32, TTLOG_TYPE_U32,
		TTLOG_TYPE_I64,  TTLOG_TYPE_U64,  TTLOG_TYPE_PTR, TTLOG_TYPE_HEX,
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(TYPES); i++) {
		struct ttlog_column column = { .type = TYPES[i], .mask = SIZE_MAX, .nums = NUMS };

		assert_filters(&column, ARRAY_SIZE(NUMS));
		column.mask = 0;
		assert_filters(&column, 3);
	}
}

static void test_column_filter_reals(void **state)
{
	static const double REALS[] = { 0,     -0.0, 1.5,      -0.5,      1e30,
					-1e30, NAN,  HUGE_VAL, -HUGE_VAL, 0.1f };
	static const uint64_t UNITS[] = { 0, 15, 10, (uint64_t)-5 }, SCALE[] = { 1 };
	struct ttlog_column column = { .mask = SIZE_MAX };

	(void)state;
	for (column.type = TTLOG_TYPE_F32; column.type <= TTLOG_TYPE_F64; column.type++) {
		column.reals = REALS;
		assert_filters(&column, ARRAY_SIZE(REALS));
		column.reals = NULL;
		column.nums = UNITS;
		column.scales = SCALE;
		assert_filters(&column, ARRAY_SIZE(UNITS));
	}
	column.type = TTLOG_TYPE_DECIMAL;
	assert_filters(&column, ARRAY_SIZE(UNITS));
}

static void test_column_filter_texts(void **state)
{
	static const struct ttlog_column_text TEXTS[] = {
		{ .text = { "AAPL", 4 } }, { .text = { "", 0 } },    { .null = true },
		{ .text = { "true", 4 } }, { .text = { "007", 3 } }, { .text = { "A\0B", 3 } },
	};
	static const uint64_t INDEX[] = { 5, 0, 0, 2, 1, 4, 3 };
	struct ttlog_column column = {
		.type = TTLOG_TYPE_STR,
		.mask = SIZE_MAX,
		.texts = TEXTS,
		.text_cnt = ARRAY_SIZE(TEXTS),
	};

	(void)state;
	assert_filters(&column, ARRAY_SIZE(TEXTS));
	column.index = INDEX;
	column.index_mask = SIZE_MAX;
	assert_filters(&column, ARRAY_SIZE(INDEX));
	column.index_mask = 0;
	assert_filters(&column, 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_column_filter_integers),
		cmocka_unit_test(test_column_filter_reals),
		cmocka_unit_test(test_column_filter_texts),
	};

	return cmocka_run_group_tests_name("column_filter", tests, NULL, NULL);
}
