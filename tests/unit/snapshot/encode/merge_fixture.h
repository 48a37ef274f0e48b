/* SPDX-License-Identifier: MIT */
/* A ring with a few sites and threads, whose records are merged. */
#ifndef MERGE_FIXTURE_H
#define MERGE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "catalog.h"
#include "clock.h"
#include "make.h"
#include "merge.h"
#include "ring.h"
#include "site.h"
#include "thread.h"

#define THREADS     8u
#define EVENT_SITE  1u
#define SPAN_SITE   4u
#define SPAN_END    (SPAN_SITE + 1)
#define TEXT_SITE   9u
#define SILENT_SITE 11u /* TTLOG_ENABLED */

struct fixture {
	struct site_table *table;
	const struct site_table *modules[3];
	struct ring *ring;
	struct clock *clock;
	struct thread threads[THREADS];
	struct make_batch batch;
	struct ring_copy *copy;
	struct catalog *catalog;
	struct contexts *contexts;
	struct merge *merge;
};

static inline int setup(void **state)
{
	static const uint8_t number[] = { TTLOG_TYPE_U64 }, text[] = { TTLOG_TYPE_STR };
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	if (!fixture)
		return -1;
	fixture->table = make__table(8);
	make__site(fixture->table, EVENT_SITE, "event", TTLOG_LEVEL_INFO, TTLOG_SITE_EVENT, "n",
		   number);
	make__site(fixture->table, SPAN_SITE, "span", TTLOG_LEVEL_INFO, TTLOG_SITE_SPAN, "n",
		   number);
	make__site(fixture->table, TEXT_SITE, "text", TTLOG_LEVEL_INFO, TTLOG_SITE_EVENT, "s",
		   text);
	make__site(fixture->table, SILENT_SITE, "-", TTLOG_LEVEL_INFO, TTLOG_SITE_ENABLED, "",
		   NULL);
	fixture->modules[0] = fixture->modules[2] = fixture->table;
	fixture->ring = ring__new(NULL, 4 << 20);
	fixture->clock = clock__new_blank();
	*state = fixture;
	return fixture->ring && fixture->clock ? 0 : -1;
}

static inline int teardown(void **state)
{
	struct fixture *fixture = *state;

	merge__free(fixture->merge);
	contexts__free(fixture->contexts);
	catalog__free(fixture->catalog);
	ring_copy__free(fixture->copy);
	ring__free(fixture->ring);
	clock__free(fixture->clock);
	site_table__free(fixture->table);
	free(fixture);
	return 0;
}

static inline struct merge *start(struct fixture *fixture)
{
	uint64_t overwritten;

	fixture->copy = ring__freeze(fixture->ring, &overwritten);
	assert_non_null(fixture->copy);
	fixture->catalog = catalog__new(fixture->copy, fixture->modules, 3, THREADS, NULL, NULL);
	assert_non_null(fixture->catalog);
	for (uint32_t i = 0; i < THREADS; i++)
		fixture->threads[i] = (struct thread){ .tid = 100 + i };
	fixture->contexts = contexts__new();
	assert_non_null(fixture->contexts);
	contexts__use(fixture->contexts, fixture->threads, THREADS);
	fixture->merge =
		merge__new(fixture->copy, fixture->catalog, fixture->clock, fixture->contexts);
	assert_non_null(fixture->merge);
	return fixture->merge;
}

static inline uint64_t value_of(const struct merge_record *record)
{
	uint64_t value;

	memcpy(&value, record->fields, sizeof(value));
	return value;
}

/* Takes the next record, which must have this value and time. */
static inline void expect(struct merge *merge, uint64_t mono_ns, uint64_t value)
{
	struct merge_record record;

	assert_int_equal(merge__next(merge, &record), 1);
	assert_int_equal(record.mono_ns, mono_ns);
	assert_int_equal(value_of(&record), value);
}

/* The catalog has the site before. */
static inline void expect_end(const struct fixture *fixture, uint64_t corrupt)
{
	struct merge_record record;

	assert_int_equal(merge__next(fixture->merge, &record), 0);
	assert_int_equal(merge__corrupt_cnt(fixture->merge), corrupt);
	assert_int_equal(fixture->catalog->corrupt_cnt, corrupt);
}

#endif /* MERGE_FIXTURE_H */
