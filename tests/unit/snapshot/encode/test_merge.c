/* SPDX-License-Identifier: MIT */
/* Merges the records of many threads in the order of time, and counts what can't be decoded. */
#include "merge_fixture.h"

static void test_merge_nothing(void **state)
{
	struct fixture *fixture = *state;

	(void)start(fixture);
	expect_end(fixture, 0);
	assert_int_equal(fixture->catalog->site_cnt, 0);
	assert_int_equal(fixture->catalog->thread_cnt, 0);
}

static void test_merge_orders_threads(void **state)
{
	struct fixture *fixture = *state;
	struct merge_record record;
	uint64_t last_ns = 0, seen[THREADS] = { 0 };
	uint64_t cnt = 0;

	/* every thread: 30 batches of 20 events, all interleaved in time */
	for (uint64_t seq = 1; seq <= 30; seq++) {
		for (uint32_t thread = 0; thread < THREADS; thread++) {
			uint64_t base = 1000000 + seq * 20000 + thread * 7;

			for (uint32_t i = 0; i < 20; i++)
				make__record(&fixture->batch, EVENT_SITE,
					     i * 1000 + thread * 13 % 5, (seq - 1) * 20 + i);
			make__flush(&fixture->batch, fixture->ring, thread, 0, base, base + 20000,
				    seq);
		}
	}
	start(fixture);
	while (merge__next(fixture->merge, &record)) {
		assert_true(record.mono_ns >= last_ns);
		last_ns = record.mono_ns;
		assert_true(record.thread < THREADS);
		assert_int_equal(value_of(&record), seen[record.thread]++);
		assert_int_equal(record.bytes, 16);
		cnt++;
	}
	assert_int_equal(cnt, 30 * 20 * THREADS);
	expect_end(fixture, 0);
	assert_int_equal(fixture->catalog->thread_cnt, THREADS);
}

/* One thread was interrupted in the middle of an append, which went on later. */
static void test_merge_orders_batches_of_one_thread(void **state)
{
	struct fixture *fixture = *state;
	struct merge *merge;

	make__record(&fixture->batch, EVENT_SITE, 20, 3);
	make__record(&fixture->batch, EVENT_SITE, 30, 4);
	fixture->batch.page = 2;
	make__flush(&fixture->batch, fixture->ring, 0, 0, 100, 150, 1);
	make__record(&fixture->batch, EVENT_SITE, 1, 1);
	make__record(&fixture->batch, EVENT_SITE, 10, 2);
	fixture->batch.page = 1;
	make__flush(&fixture->batch, fixture->ring, 0, 0, 100, 160, 1);
	merge = start(fixture);
	expect(merge, 101, 1);
	expect(merge, 110, 2);
	expect(merge, 120, 3);
	expect(merge, 130, 4);
	expect_end(fixture, 0);
}

static void test_merge_orders_modules_of_one_thread(void **state)
{
	struct fixture *fixture = *state;
	struct merge *merge;

	/* the library's batch fills slowly and is flushed long after the program's own */
	make__record(&fixture->batch, EVENT_SITE, 10, 2);
	make__record(&fixture->batch, EVENT_SITE, 20, 4);
	make__flush(&fixture->batch, fixture->ring, 0, 0, 100, 130, 1);
	make__record(&fixture->batch, EVENT_SITE, 5, 1);
	make__record(&fixture->batch, EVENT_SITE, 15, 3);
	make__record(&fixture->batch, EVENT_SITE, 900, 5);
	make__flush(&fixture->batch, fixture->ring, 0, 2, 100, 1000, 1);
	merge = start(fixture);
	expect(merge, 105, 1);
	expect(merge, 110, 2);
	expect(merge, 115, 3);
	expect(merge, 120, 4);
	expect(merge, 1000, 5);
	expect_end(fixture, 0);
	/* the same table under two numbers gives two sites */
	assert_int_equal(fixture->catalog->site_cnt, 2);
}

static void test_merge_lone_batches_overtake(void **state)
{
	struct fixture *fixture = *state;
	struct merge *merge;

	/* a signal handler flushes its event at once, the batch that it interrupted comes later */
	make__record(&fixture->batch, EVENT_SITE, 0, 2);
	make__flush(&fixture->batch, fixture->ring, 0, 0, 500, 501, 0);
	make__record(&fixture->batch, EVENT_SITE, 0, 1);
	make__record(&fixture->batch, EVENT_SITE, 300, 3);
	make__flush(&fixture->batch, fixture->ring, 0, 0, 400, 800, 1);
	merge = start(fixture);
	expect(merge, 400, 1);
	expect(merge, 500, 2);
	expect(merge, 700, 3);
	expect_end(fixture, 0);
}

static void test_merge_bounds_times(void **state)
{
	struct fixture *fixture = *state;
	struct merge *merge;

	make__record(&fixture->batch, EVENT_SITE, 100, 1);
	make__record(&fixture->batch, EVENT_SITE, 50, 2);     /* time falls: impossible */
	make__record(&fixture->batch, EVENT_SITE, 900000, 3); /* from the future */
	make__flush(&fixture->batch, fixture->ring, 0, 0, 1000, 5000, 1);
	make__record(&fixture->batch, EVENT_SITE, 0, 4); /* from long ago */
	make__flush(&fixture->batch, fixture->ring, 0, 0, 0, 6000, 2);
	merge = start(fixture);
	expect(merge, 1100, 1);
	expect(merge, 1100, 2);
	expect(merge, 5000, 3);
	expect(merge, 5000, 4);
	expect_end(fixture, 0);
}

static void test_merge_maps_ticks(void **state)
{
	struct fixture *fixture = *state;
	struct ring_entry entry = { .events = 1, .stamp_ns = 10000, .seq = 1, .base_ticks = 3000 };
	struct merge *merge;

#if defined(__aarch64__)
	entry.clock = TTLOG_CLOCK_CNTVCT;
#else
	entry.clock = TTLOG_CLOCK_TSC;
#endif
	assert_int_equal(clock__add(fixture->clock, 3000, 1000), 0);
	assert_int_equal(clock__add(fixture->clock, 6000, 2000), 0);
	assert_int_equal(clock__add(fixture->clock, 7000, 4000), 0);
	make__record(&fixture->batch, EVENT_SITE, 1503, 1);
	make__record(&fixture->batch, EVENT_SITE, 3500, 2);
	entry.bytes = fixture->batch.len;
	entry.events = 2;
	assert_int_equal(ring__write(fixture->ring, &entry, fixture->batch.bytes), 0);
	merge = start(fixture);
	expect(merge, 1500, 1);
	expect(merge, 3000, 2);
	expect_end(fixture, 0);
}

static void test_merge_spans(void **state)
{
	struct fixture *fixture = *state;
	struct merge_record record;

	make__record(&fixture->batch, SPAN_SITE, 10, 77);
	make__record(&fixture->batch, SPAN_END, 500, 1010);
	make__record(&fixture->batch, SPAN_END, 600, 999999); /* ends before it began */
	make__flush(&fixture->batch, fixture->ring, 0, 0, 1000, 5000, 1);
	start(fixture);
	assert_int_equal(merge__next(fixture->merge, &record), 1);
	assert_false(record.site->is_span_end);
	assert_int_equal(value_of(&record), 77);
	assert_int_equal(merge__next(fixture->merge, &record), 1);
	assert_true(record.site->is_span_end);
	assert_int_equal(record.duration_ns, 490);
	assert_string_equal(record.site->site->name, "span");
	assert_int_equal(merge__next(fixture->merge, &record), 1);
	assert_int_equal(record.duration_ns, 0);
	expect_end(fixture, 0);
	assert_int_equal(fixture->catalog->site_cnt, 2);
}

/* Entries that are larger than the part that is read at once, with even larger records of another
 * site. */
static void test_merge_reads_entries_in_parts(void **state)
{
	enum {
		LANES = 300,
		RECORDS = 300,
		LARGE_BYTES = 9000
	};
	struct fixture *fixture = *state;
	struct make_batch *batch = &fixture->batch;
	static const unsigned char large[LARGE_BYTES];
	struct merge_record record;

	assert_true(LARGE_BYTES > MERGE_WINDOWS_BYTES / LANES);
	for (uint32_t lane = 0; lane < LANES; lane++) {
		batch->page = lane + 1;
		for (uint32_t i = 0; i < RECORDS; i++) {
			make__record(batch, EVENT_SITE, i * LANES + lane, i * LANES + lane);
			if (i != lane)
				continue;
			make__begin(batch, 2, 0);
			make__put(batch, large, sizeof(large));
			make__end(batch);
		}
		make__flush(batch, fixture->ring, 0, 0, 1000, 1000000, 1);
	}
	start(fixture);
	for (uint64_t i = 0; i < LANES * RECORDS; i++) {
		assert_int_equal(merge__next(fixture->merge, &record), 1);
		assert_int_equal(record.mono_ns, 1000 + i);
		assert_int_equal(value_of(&record), i);
	}
	expect_end(fixture, LANES);
}

static void test_merge_counts_corrupt_records(void **state)
{
	struct fixture *fixture = *state;
	struct make_batch *batch = &fixture->batch;
	struct merge *merge;

	make__record(batch, EVENT_SITE, 1, 1);
	make__record(batch, 2, 2, 0);      /* no such site */
	make__record(batch, 200000, 3, 0); /* far from any site */
	make__record(batch, SILENT_SITE, 4, 0);
	make__begin(batch, EVENT_SITE, 5); /* too short */
	make__put(batch, "abcd", 4);
	make__end(batch);
	make__begin(batch, EVENT_SITE, 6); /* too long */
	make__put(batch, "0123456789abcdef", 16);
	make__end(batch);
	make__begin(batch, TEXT_SITE, 7); /* longer than its record */
	make__put_text(batch, "abc", 3, 0x100);
	make__end(batch);
	make__record(batch, EVENT_SITE, 8, 2);
	make__flush(batch, fixture->ring, 0, 0, 1000, 5000, 1);
	merge = start(fixture);
	expect(merge, 1001, 1);
	expect(merge, 1008, 2);
	expect_end(fixture, 6);
	assert_int_equal(fixture->catalog->site_cnt, 1);
}

static void test_merge_counts_corrupt_batches(void **state)
{
	struct fixture *fixture = *state;
	struct make_batch *batch = &fixture->batch;
	struct merge *merge;

	/* a record of length 0 in the middle: the rest is lost, 2 of 4 */
	for (uint64_t i = 1; i <= 4; i++)
		make__record(batch, EVENT_SITE, (uint32_t)i, i);
	memset(batch->bytes + 2 * 16 + 4, 0, 4);
	make__flush(batch, fixture->ring, 0, 0, 1000, 5000, 1);
	/* a length after the end */
	make__record(batch, EVENT_SITE, 1, 1);
	memset(batch->bytes + 4, 0xff, 4);
	make__flush(batch, fixture->ring, 0, 0, 2000, 5000, 2);
	/* cut in the middle of a record, 1 of 2 */
	make__record(batch, EVENT_SITE, 1, 7);
	make__record(batch, EVENT_SITE, 1, 8);
	batch->len -= 9;
	make__flush(batch, fixture->ring, 0, 0, 3000, 5000, 3);
	/* unknown module, no module of that number, unknown thread */
	make__record(batch, EVENT_SITE, 1, 1);
	make__flush(batch, fixture->ring, 0, 1, 3000, 5000, 4);
	make__record(batch, EVENT_SITE, 1, 1);
	make__flush(batch, fixture->ring, 0, 3, 3000, 5000, 4);
	make__record(batch, EVENT_SITE, 1, 1);
	make__flush(batch, fixture->ring, THREADS, 0, 3000, 5000, 4);
	/* claims more events than it has: 5 of 6 */
	make__record(batch, EVENT_SITE, 1, 9);
	batch->events = 6;
	make__flush(batch, fixture->ring, 0, 0, 4000, 5000, 5);
	/* claims fewer than it has: the others do not count */
	make__record(batch, EVENT_SITE, 1, 10);
	make__record(batch, EVENT_SITE, 2, 11);
	batch->events = 1;
	make__flush(batch, fixture->ring, 0, 0, 5000, 6000, 6);
	merge = start(fixture);
	expect(merge, 1001, 1);
	expect(merge, 1002, 2);
	expect(merge, 3001, 7);
	expect(merge, 4001, 9);
	expect(merge, 5001, 10);
	expect_end(fixture, 2 + 1 + 1 + 1 + 1 + 1 + 5);
}

/* Random bytes as batches: with any result, no read goes out of bounds. */
static void test_merge_survives_garbage(void **state)
{
	struct fixture *fixture = *state;
	struct make_batch *batch = &fixture->batch;
	struct merge_record record;
	uint64_t random = 42, last_ns = 0;
	uint32_t head;

	for (uint64_t seq = 1; seq <= 500; seq++) {
		batch->len = (uint32_t)(seq * 37 % 2000);
		for (uint32_t i = 0; i < batch->len; i++) {
			random = random * 6364136223846793005u + 1442695040888963407u;
			batch->bytes[i] = (unsigned char)(random >> 56);
		}
		/* some of it looks like records, so that the later checks are reached, too */
		head = (seq % 4 == 1 ? EVENT_SITE : TEXT_SITE) << TTLOG_RECORD_LEN_BITS | 4;
		for (uint32_t i = 4; seq % 2 && i + 4 <= batch->len; i += 16)
			memcpy(batch->bytes + i, &head, sizeof(head));
		batch->events = (uint32_t)(random >> 40) % 100;
		make__flush(batch, fixture->ring, (uint32_t)seq % (THREADS + 2), (uint32_t)seq % 4,
			    random, seq * 1000, seq % 3);
	}
	start(fixture);
	while (merge__next(fixture->merge, &record)) {
		assert_true(record.mono_ns >= last_ns);
		last_ns = record.mono_ns;
	}
	assert_true(merge__corrupt_cnt(fixture->merge) > 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(test_merge_##name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(nothing),
		TEST(orders_threads),
		TEST(orders_batches_of_one_thread),
		TEST(orders_modules_of_one_thread),
		TEST(lone_batches_overtake),
		TEST(bounds_times),
		TEST(maps_ticks),
		TEST(spans),
		TEST(reads_entries_in_parts),
		TEST(counts_corrupt_records),
		TEST(counts_corrupt_batches),
		TEST(survives_garbage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
