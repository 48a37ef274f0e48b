/* SPDX-License-Identifier: MIT */
/* Rows by keys of every shape, compared with a search of all rows; and keys that a hostile file
 * chose. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "key_index.h"

#define CNT 4000u

static uint64_t noise(uint64_t i)
{
	return hash__mix(0, i * 0x9e3779b97f4a7c15u);
}

/* Each row's key. */
struct shape {
	const char *name;
	uint64_t (*key)(uint64_t i);
	bool is_near; /* bytes that say where most keys are */
};

static uint64_t counted(uint64_t i)
{
	return i + 1000;
}

static uint64_t below_zero(uint64_t i)
{
	return (uint64_t)-2000 + i;
}

static uint64_t backwards(uint64_t i)
{
	return CNT - i;
}

static uint64_t with_gaps(uint64_t i)
{
	return i * 3 + i / 100;
}

static uint64_t in_pairs(uint64_t i)
{
	return i / 2;
}

/* A request starts, and ends some rows later. */
static uint64_t overlapping(uint64_t i)
{
	return i % 2 ? i / 2 : i / 2 + 9;
}

static uint64_t mostly_counted(uint64_t i)
{
	return i % 10 == 7 ? noise(i) % CNT : i;
}

static uint64_t shuffled(uint64_t i)
{
	return i * 1237 % CNT;
}

static uint64_t scattered(uint64_t i)
{
	return noise(i);
}

static uint64_t few(uint64_t i)
{
	return noise(i) % 7 * 0x1000000001u;
}

static uint64_t one(uint64_t i)
{
	(void)i;
	return 0;
}

static uint64_t extremes(uint64_t i)
{
	static const uint64_t KEYS[] = { (uint64_t)INT64_MIN, INT64_MAX, 0, UINT64_MAX, 1 };

	return KEYS[i % 5];
}

static const struct shape SHAPES[] = {
	{ "counted", counted, true },
	{ "below_zero", below_zero, true },
	{ "backwards", backwards, true },
	{ "with_gaps", with_gaps, true },
	{ "in_pairs", in_pairs, true },
	{ "overlapping", overlapping, true },
	{ "mostly_counted", mostly_counted, true },
	{ "shuffled", shuffled, false },
	{ "scattered", scattered, false },
	{ "few", few, false },
	{ "one", one, true },
	{ "extremes", extremes, false },
};

/* The rows of the key, in order, and no others. */
static void check_key(const struct key_index *index, const uint64_t *keys, const uint32_t *rows,
		      uint32_t cnt, uint64_t key)
{
	uint32_t link = key_index__find(index, key);

	for (uint32_t i = 0; i < cnt; i++) {
		if (keys[i] != key)
			continue;
		assert_int_not_equal(link, 0);
		assert_int_equal(key_index__row(link), rows[i]);
		link = key_index__next(index, link);
	}
	assert_int_equal(link, 0);
}

/* Keys in every `step`th row, with the row order changed by `flip`: files are merged in any
 * order. */
static void check_shape(const struct shape *shape, uint32_t cnt, uint32_t step, uint32_t flip)
{
	struct key_index index;
	uint64_t keys[CNT] = { 0 };
	uint32_t rows[CNT] = { 0 }, limit = CNT * step;

	for (uint32_t i = 0; i < cnt; i++) {
		keys[i] = shape->key(i);
		rows[i] = (i ^ flip) * step % limit;
	}
	assert_int_equal(key_index__init(&index, keys, rows, cnt, limit), 0);
	assert_true(index.bytes <= key_index__max_bytes(cnt, limit));
	if (cnt == CNT && step == 1 && (index.span > 0) != shape->is_near)
		fail_msg("%s: near: %d", shape->name, index.span > 0);
	for (uint32_t i = 0; i < cnt; i += 7) {
		check_key(&index, keys, rows, cnt, keys[i]);
		check_key(&index, keys, rows, cnt, keys[i] + 1);
		check_key(&index, keys, rows, cnt, keys[i] - 1);
	}
	check_key(&index, keys, rows, cnt, 0);
	check_key(&index, keys, rows, cnt, UINT64_MAX);
	check_key(&index, keys, rows, cnt, (uint64_t)INT64_MIN);
	key_index__fini(&index);
}

static void test_key_index_shapes(void **state)
{
	static const uint32_t STEPS[] = { 1, 3, 50 }, FLIPS[] = { 0, 1, 0x7f };

	(void)state;
	for (size_t s = 0; s < sizeof(SHAPES) / sizeof(SHAPES[0]); s++) {
		for (size_t i = 0; i < 3; i++) {
			/* with a flip below 2^11 the row stays in range */
			check_shape(&SHAPES[s], CNT, STEPS[i], 0);
			check_shape(&SHAPES[s], 2048, STEPS[i], FLIPS[i]);
		}
		for (uint32_t cnt = 0; cnt < 70; cnt++)
			check_shape(&SHAPES[s], cnt, 1, 0);
	}
}

/* How many lines a look-up visits. */
static uint64_t walk(const struct key_index *index, uint64_t key)
{
	uint64_t from = key_index__line(index, key);

	for (uint64_t i = from;; i = i + 1 < index->line_cnt ? i + 1 : 0) {
		for (int k = 0; k < KEY_INDEX_LINE_KEYS; k++) {
			if (!index->lines[i].links[k] || index->lines[i].keys[k] == key)
				return (i + index->line_cnt - from) % index->line_cnt + 1;
		}
	}
}

/* Keys that would all fall on one line if the seed were known. It is not, so they don't. */
static void test_key_index_hostile(void **state)
{
	const uint32_t cnt = 20000;
	uint64_t *keys = calloc(cnt, sizeof(*keys));
	uint32_t *rows = calloc(cnt, sizeof(*rows));
	struct key_index index;
	uint64_t longest = 0;

	(void)state;
	assert_non_null(keys);
	assert_non_null(rows);
	for (uint64_t i = 0, found = 0; found < cnt; i++) {
		if (hash__mix(0, i) >> 54)
			continue;
		rows[found] = (uint32_t)found;
		keys[found++] = i;
	}
	assert_int_equal(key_index__init(&index, keys, rows, cnt, cnt), 0);
	assert_int_equal(index.span, 0);
	for (uint32_t i = 0; i < cnt; i++) {
		uint64_t lines = walk(&index, keys[i]);

		longest = lines > longest ? lines : longest;
		assert_int_equal(key_index__row(key_index__find(&index, keys[i])), i);
	}
	assert_in_range(longest, 1, 40);
	key_index__fini(&index);
	free(keys);
	free(rows);
}

/* A million rows with seven keys take lines for seven. */
static void test_key_index_few(void **state)
{
	const uint32_t cnt = 1000000;
	uint64_t *keys = calloc(cnt, sizeof(*keys));
	uint32_t *rows = calloc(cnt, sizeof(*rows)), seen = 0;
	struct key_index index;

	(void)state;
	assert_non_null(keys);
	assert_non_null(rows);
	for (uint32_t i = 0; i < cnt; i++) {
		keys[i] = few(i);
		rows[i] = i;
	}
	assert_int_equal(key_index__init(&index, keys, rows, cnt, cnt), 0);
	assert_int_equal(index.key_cnt, 7);
	assert_in_range(index.line_cnt, 1, 7);
	for (uint64_t i = 0; i < 7; i++) {
		uint32_t link = key_index__find(&index, i * 0x1000000001u), last = 0;

		for (; link; link = key_index__next(&index, link)) {
			assert_true(!last || key_index__row(link) >= last);
			last = key_index__row(link) + 1;
			seen++;
		}
	}
	assert_int_equal(seen, cnt);
	key_index__fini(&index);
	free(keys);
	free(rows);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_key_index_shapes),
		cmocka_unit_test(test_key_index_hostile),
		cmocka_unit_test(test_key_index_few),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
