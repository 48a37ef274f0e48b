/* SPDX-License-Identifier: MIT */
/* Calls that a program left out: the column of a chunk, the accounts, and live filters. */
#include "snapshot_fixture.h"

#include "catalog.h"
#include "cbor_out.h"
#include "chunk_out.h"
#include "contexts.h"
#include "format.h"
#include "merge.h"
#include "record_filter.h"

#define EVENTS 40u

struct made {
	struct contexts *contexts;
	struct catalog *catalog;
	struct merge *merge;
	struct chunk_out *chunk;
};

static struct made make(struct fixture *fixture)
{
	struct made made = { .contexts = contexts__new() };
	uint64_t overwritten;

	for (uint32_t i = 0; i < EVENTS; i++)
		make__record(&fixture->batch, COUNT_SITE, 10 * i, i);
	make__flush(&fixture->batch, fixture->ring, 0, 0, 1000, 2000, 1);
	fixture->copy = ring__freeze(fixture->ring, &overwritten);
	made.catalog = catalog__new(fixture->copy, fixture->modules, 1, 4, NULL, NULL);
	assert_non_null(made.catalog);
	contexts__use(made.contexts, fixture->threads, 4);
	made.merge = merge__new(fixture->copy, made.catalog, fixture->clock, made.contexts);
	made.chunk = chunk_out__new(made.catalog, 1 << 20);
	assert_non_null(made.merge);
	assert_non_null(made.chunk);
	return made;
}

static void drop(struct made *made)
{
	chunk_out__free(made->chunk);
	merge__free(made->merge);
	catalog__free(made->catalog);
	contexts__free(made->contexts);
}

/* The chunk's next `cnt` events, with these counts. */
static cbor_item_t *chunk_with(struct made *made, const uint64_t *counts, size_t cnt)
{
	struct cbor_load_result result;
	struct cbor_out out = { 0 };
	cbor_item_t *item;

	for (size_t i = 0; i < cnt; i++) {
		struct merge_record record;

		assert_int_equal(merge__next(made->merge, &record), 1);
		record.suppressed = counts[i];
		chunk_out__add(made->chunk, &record);
	}
	chunk_out__put(made->chunk, &out);
	assert_int_equal(out.error, 0);
	item = cbor_load(out.bytes, out.len, &result);
	assert_non_null(item);
	assert_int_equal(result.read, out.len);
	cbor_out__fini(&out);
	return item;
}

static void assert_counts(struct made *made, const uint64_t *counts, size_t cnt)
{
	cbor_item_t *item = chunk_with(made, counts, cnt);
	const cbor_item_t *column = decode__get(item, "suppressed");

	assert_non_null(column);
	for (size_t i = 0; i < cnt; i++)
		assert_int_equal(decode__column_int(column, i, cnt), counts[i]);
	cbor_decref(&item);
}

/* The column is there only if an event of that chunk has a count. */
static void test_suppressed_column(void **state)
{
	static const uint64_t none[3] = { 0 }, some[] = { 0, 7, 0, UINT64_MAX, 1ull << 40 },
			      same[] = { 99, 99 };
	struct fixture *fixture = *state;
	struct made made = make(fixture);
	cbor_item_t *item = chunk_with(&made, none, 3);

	assert_null(decode__get(item, "suppressed"));
	cbor_decref(&item);
	assert_counts(&made, some, 5);
	assert_counts(&made, same, 2);
	item = chunk_with(&made, none, 3);
	assert_null(decode__get(item, "suppressed"));
	assert_int_equal(get_int(item, "n"), 3);
	cbor_decref(&item);
	drop(&made);
}

/* Also those that no event says, in the header and in the end; 0 is absent. */
static void test_suppressed_accounts(void **state)
{
	struct fixture *fixture = *state;

	make__record(&fixture->batch, COUNT_SITE, 1, 5);
	make__flush(&fixture->batch, fixture->ring, 0, 0, 1000, 2000, 1);
	write_and_read(fixture);
	assert_null(decode__get(fixture->items[0], "suppressed"));
	fixture->source.suppressed = 123456789012;
	write_and_read(fixture);
	assert_int_equal(get_int(fixture->items[0], "suppressed"), 123456789012);
	assert_int_equal(get_int(fixture->items[2], "suppressed"), 123456789012);
	assert_int_equal(get_int(fixture->items[0], "emitted"), 10);
}

static bool matches(struct fixture *fixture, uint64_t suppressed, const char *expression)
{
	static const uint64_t n = 5;
	struct catalog_site site;
	struct record_filter *filter;
	const struct site *of = site_table__find(fixture->table, COUNT_SITE);
	const struct merge_record record = {
		.site = &site,
		.fields = (const unsigned char *)&n,
		.bytes = sizeof(struct ttlog_record) + sizeof(n),
		.suppressed = suppressed,
	};
	char why[512];
	bool yes;

	assert_non_null(of);
	assert_true(catalog_site__init(&site, of, false));
	filter = record_filter__new(expression, strlen(expression) + 1, 0, why, sizeof(why));
	assert_non_null(filter);
	/* that is only known of a record */
	assert_int_equal(record_filter__site(filter, &site), EXPR_OPEN);
	yes = record_filter__matches(filter, &(const struct record_facts){
						     .record = &record,
						     .thread = &fixture->threads[0],
					     });
	record_filter__free(filter);
	return yes;
}

static void test_suppressed_in_a_filter(void **state)
{
	struct fixture *fixture = *state;

	assert_true(matches(fixture, 7, "suppressed=7"));
	assert_true(matches(fixture, 7, "suppressed>6.5 and suppressed<8"));
	assert_false(matches(fixture, 7, "suppressed!=7"));
	assert_true(matches(fixture, 1, "has(suppressed)"));
	assert_true(matches(fixture, UINT64_MAX, "suppressed>=18446744073709551615"));
	/* none is no number */
	assert_false(matches(fixture, 0, "suppressed<7"));
	assert_false(matches(fixture, 0, "suppressed=0"));
	assert_true(matches(fixture, 0, "not has(suppressed)"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		CASE(test_suppressed_column),
		CASE(test_suppressed_accounts),
		CASE(test_suppressed_in_a_filter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
