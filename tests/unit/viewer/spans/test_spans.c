/* SPDX-License-Identifier: MIT */
/* Open spans: the copies of their start events outlive the chunk, and are limited. */
#include "event.h"
#include "spans.h"
#include "view_fixture.h"

#define BIG_BYTES (1u << 20)

static char big[BIG_BYTES];

/* The start of golden.bin's span, with a string longer than any program can write. */
static void big_field(const struct ttlog_event *event, unsigned idx, struct ttlog_field *ret)
{
	(void)event;
	(void)idx;
	*ret = (struct ttlog_field){ .type = TTLOG_TYPE_STR, .text = { big, BIG_BYTES } };
}

static const struct ttlog_event_source BIG_SOURCE = { .field = big_field };

struct fixture {
	struct ttlog_snapshot *reader;
	struct spans spans;
	struct ttlog_event begin, end;
	struct lane *lane;
};

/* golden.bin's first chunk has the start and the end of one span. */
static void fixture__init(struct fixture *fixture)
{
	struct ttlog_snapshot *reader = fixture__open_golden("golden.bin");

	fixture->reader = reader;
	assert_int_equal(spans__init(&fixture->spans, &fixture->reader, 1), 0);
	assert_int_equal(ttlog_snapshot_load(reader, 0), 0);
	for (uint32_t i = 0; i < ttlog_snapshot_contents(reader)->chunks[0].n; i++) {
		struct ttlog_event event;

		ttlog_snapshot_event(reader, i, &event);
		if (event.site->kind == TTLOG_EVENT_SPAN)
			fixture->begin = event;
		else if (event.site->kind == TTLOG_EVENT_SPAN_END)
			fixture->end = event;
	}
	assert_int_equal(fixture->begin.site->kind, TTLOG_EVENT_SPAN);
	assert_int_equal(fixture->end.site->kind, TTLOG_EVENT_SPAN_END);
	fixture->lane = spans__lane(&fixture->spans, &fixture->begin);
	assert_ptr_equal(fixture->lane, spans__lane(&fixture->spans, &fixture->end));
}

static void fixture__fini(struct fixture *fixture)
{
	spans__fini(&fixture->spans);
	ttlog_snapshot_close(fixture->reader);
}

static void test_spans_outlive_their_chunk(void **state)
{
	static const char PATH[] = "/orders?id=1 2\n";
	struct fixture fixture;
	struct span *span;

	(void)state;
	fixture__init(&fixture);
	span = spans__begin(&fixture.spans, fixture.lane, &fixture.begin);
	assert_non_null(span);
	assert_int_equal(ttlog_snapshot_load(fixture.reader, 1), 0);
	assert_non_null(span->fields);
	assert_int_equal(span->fields[0].text.len, sizeof(PATH) - 1);
	assert_memory_equal(span->fields[0].text.p, PATH, sizeof(PATH) - 1);
	assert_int_equal(spans__match(fixture.lane, &fixture.end, 1000000), 0);
	spans__pop(&fixture.spans, fixture.lane);
	assert_int_equal(spans__match(fixture.lane, &fixture.end, 1000000), fixture.lane->cnt);
	assert_int_equal(fixture.spans.bytes, 0);
	fixture__fini(&fixture);
}

/* Names that are too long for any program are never compared, even if a file has many of them. */
static void test_spans_of_names_without_end(void **state)
{
	struct fixture fixture;
	struct ttlog_site begin, end;

	(void)state;
	fixture__init(&fixture);
	begin = *fixture.begin.site;
	end = *fixture.end.site;
	fixture.begin.site = &begin;
	begin.file = end.file = (struct ttlog_text){ big, SPANS_NAME_MAX };
	assert_true(spans__is_pair(&fixture.begin, &end, fixture.begin.mono_ns, 0));
	begin.file.len = end.file.len = SPANS_NAME_MAX + 1;
	assert_false(spans__is_pair(&fixture.begin, &end, fixture.begin.mono_ns, 0));
	fixture__fini(&fixture);
}

/* An end whose duration gives another start time belongs to another span. */
static void test_spans_match_by_duration(void **state)
{
	struct ttlog_event inner;
	struct fixture fixture;

	(void)state;
	fixture__init(&fixture);
	inner = fixture.begin;
	inner.mono_ns += 600000;
	assert_non_null(spans__begin(&fixture.spans, fixture.lane, &fixture.begin));
	assert_non_null(spans__begin(&fixture.spans, fixture.lane, &inner));
	assert_int_equal(spans__match(fixture.lane, &fixture.end, 400000), 1);
	assert_int_equal(spans__match(fixture.lane, &fixture.end, 1000000), 0);
	assert_int_equal(spans__match(fixture.lane, &fixture.end, 5000000), 2);
	fixture__fini(&fixture);
}

static void test_spans_depth_is_bounded(void **state)
{
	struct fixture fixture;

	(void)state;
	fixture__init(&fixture);
	for (unsigned i = 0; i < SPANS_MAX_DEPTH + 3; i++) {
		struct span *span = spans__begin(&fixture.spans, fixture.lane, &fixture.begin);

		assert_int_equal(span != NULL, i < SPANS_MAX_DEPTH);
	}
	assert_int_equal(fixture.lane->cnt, SPANS_MAX_DEPTH);
	/* The first ends belong to spans that were not kept. */
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(spans__match(fixture.lane, &fixture.end, 1000000),
				 SPANS_MAX_DEPTH);
	assert_int_equal(spans__match(fixture.lane, &fixture.end, 1000000), SPANS_MAX_DEPTH - 1);
	fixture__fini(&fixture);
}

static void test_spans_bytes_are_bounded(void **state)
{
	unsigned kept = 0;
	struct fixture fixture;

	(void)state;
	fixture__init(&fixture);
	fixture.begin.source = &BIG_SOURCE;
	for (unsigned i = 0; i < SPANS_MAX_DEPTH; i++) {
		struct span *span = spans__begin(&fixture.spans, fixture.lane, &fixture.begin);

		assert_non_null(span);
		kept += span->fields != NULL;
	}
	assert_in_range(kept, 1, SPANS_MAX_BYTES / BIG_BYTES);
	assert_in_range(fixture.spans.bytes, 1, SPANS_MAX_BYTES);
	while (fixture.lane->cnt)
		spans__pop(&fixture.spans, fixture.lane);
	assert_int_equal(fixture.spans.bytes, 0);
	assert_int_equal(fixture.spans.open_cnt, 0);
	fixture__fini(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_spans_of_names_without_end),
		cmocka_unit_test(test_spans_outlive_their_chunk),
		cmocka_unit_test(test_spans_match_by_duration),
		cmocka_unit_test(test_spans_depth_is_bounded),
		cmocka_unit_test(test_spans_bytes_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
