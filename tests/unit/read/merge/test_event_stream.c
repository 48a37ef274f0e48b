/* SPDX-License-Identifier: MIT */
/*
 * Several files as one stream: order, every event once, the last N, ranges of time.
 *
 * overlap-first and overlap-second are two snapshots of process 50 whose clock pairs differ by
 * 5 us; overlap-other is process 51's; overlap-stepped is the second after a step of two hours
 * (make_snapshot.py).
 */
#include "filter.h"
#include "view_fixture.h"

/* The values of "n" in the order of the lines, as "0,100,1,". */
static char *values_of(const char *json)
{
	char *values = calloc(1, strlen(json) + 1), *to = values;

	assert_non_null(values);
	for (const char *p = json; (p = strstr(p, "\"n\":")); p++) {
		size_t len = strspn(p + 4, "0123456789");

		memcpy(to, p + 4, len);
		to += len;
		*to++ = ',';
	}
	return values;
}

static void assert_values(const char *const *names, size_t cnt, struct show show,
			  const char *wanted)
{
	struct ttlog_snapshot *readers[4];
	char *json, *values;

	for (size_t i = 0; i < cnt; i++)
		readers[i] = fixture__open_golden(names[i]);
	json = fixture__json(readers, cnt, show);
	values = values_of(json);
	assert_string_equal(values, wanted);
	for (size_t i = 0; i < cnt; i++) {
		assert_int_equal(ttlog_snapshot_contents(readers[i])->problem_cnt, 0);
		ttlog_snapshot_close(readers[i]);
	}
	free(values);
	free(json);
}

#define FIRST   "overlap-first.bin"
#define SECOND  "overlap-second.bin"
#define OTHER   "overlap-other.bin"
#define STEPPED "overlap-stepped.bin"

static void test_event_stream_each_event_once(void **state)
{
	static const char *const BOTH[] = { FIRST, SECOND }, *const SWAPPED[] = { SECOND, FIRST };
	static const char *const SAME[] = { FIRST, FIRST }, *const STEP[] = { FIRST, STEPPED };
	const struct show all = { .filter = NULL };

	(void)state;
	assert_values(BOTH, 1, all, "0,1,2,3,4,5,6,7,8,9,7,7,");
	/* The later file has three equal events in one nanosecond, and two more after that. */
	assert_values(BOTH, 2, all, "0,1,2,3,4,5,6,7,8,9,7,7,7,8,9,");
	assert_values(SWAPPED, 2, all, "0,1,2,3,4,5,6,7,8,9,7,7,7,8,9,");
	assert_values(SAME, 2, all, "0,1,2,3,4,5,6,7,8,9,7,7,");
	/* The wall clock was set between the two. */
	assert_values(STEP, 2, all, "0,1,2,3,4,5,6,7,8,9,7,7,7,8,9,");
}

/* Two collectors' files of one process (make_snapshot.py): the same events, with different times.
 * Events 10 and 11 have no identity, and different times. */
static void test_event_stream_each_identity_once(void **state)
{
	static const char *const TWINS[] = { "twin-first.bin", "twin-second.bin" };
	static const char *const SWAPPED[] = { "twin-second.bin", "twin-first.bin" };
	static const char *const ALL[] = { "twin-second.bin", "twin-first.bin", "twin-second.bin" };
	const char *const swapped = "0,1,2,3,5,4,6,7,8,9,10,10,11,11,12,13,14,15,";

	(void)state;
	assert_values(TWINS, 2, (struct show){ .filter = NULL },
		      "0,1,2,3,4,5,6,7,8,9,10,10,11,11,12,13,14,15,");
	assert_values(SWAPPED, 2, (struct show){ .filter = NULL }, swapped);
	assert_values(TWINS, 2, (struct show){ .filter = "n>=4 and n<10" }, "4,5,6,7,8,9,");
	assert_values(TWINS, 2, (struct show){ .has_tail = true, .tail = 4 }, "12,13,14,15,");
	/* a file that is named twice */
	assert_values(ALL, 3, (struct show){ .filter = "n<10" }, "0,1,2,3,5,4,6,7,8,9,");
}

/* Alike in all but the boot: the same pid, executable, clocks and events. */
static void test_event_stream_other_boot(void **state)
{
	static const char *const BOTH[] = { "twin-first.bin", "twin-reboot.bin" };

	(void)state;
	assert_values(BOTH, 2, (struct show){ .filter = "n<3" }, "0,0,1,1,2,2,");
}

static void test_event_stream_other_process(void **state)
{
	static const char *const ALL[] = { SECOND, OTHER, FIRST };

	(void)state;
	/* Times by the clock of the first file named: process 50's is 5 us ahead of 51's. */
	assert_values(ALL + 1, 2, (struct show){ .filter = NULL },
		      "0,100,1,2,3,4,5,6,7,8,9,7,7,101,");
	assert_values(ALL, 3, (struct show){ .filter = NULL },
		      "100,101,0,1,2,3,4,5,6,7,8,9,7,7,7,8,9,");
}

static void test_event_stream_filter(void **state)
{
	static const char *const BOTH[] = { FIRST, SECOND };

	(void)state;
	assert_values(BOTH, 2, (struct show){ .filter = "n>6" }, "7,8,9,7,7,7,8,9,");
	assert_values(BOTH, 2, (struct show){ .filter = "comm=side" }, "1,3,5,7,9,9,");
	assert_values(BOTH, 2, (struct show){ .filter = "tid=50", .search = "n=[02]" }, "0,2,");
	assert_values(BOTH, 2, (struct show){ .filter = "level>INFO" }, "");
	assert_values(BOTH, 2, (struct show){ .filter = "unknown=1" }, "");
}

/* Applies the filter event by event. */
static char *filtered_one_by_one(struct ttlog_snapshot *reader, const struct ttlog_filter *filter)
{
	struct ttlog_event event;
	struct out out;

	capture__begin(&out);
	for (size_t i = 0; i < ttlog_snapshot_contents(reader)->chunk_cnt; i++) {
		assert_int_equal(ttlog_snapshot_load(reader, i), 0);
		for (uint32_t k = 0; k < ttlog_snapshot_chunk(reader)->n; k++) {
			enum filter_verdict verdict;

			ttlog_snapshot_event(reader, k, &event);
			verdict = filter__site(filter, event.site);
			if (verdict != FILTER_NO && filter__thread(filter, event.thread) &&
			    (verdict == FILTER_YES || ttlog_filter_matches(filter, &event)))
				json__event(&out, &event);
		}
	}
	return capture__end(&out);
}

/* The filter by columns passes the same events. */
static void test_event_stream_filter_by_columns(void **state)
{
	static const char *const FILTERS[][2] = {
		{ "symbol=A*", NULL },    { "quantity>=100", NULL },    { "quantity!=100", NULL },
		{ "price<150.25", NULL }, { "price~^1", NULL },         { "duration_ns>0", NULL },
		{ "level>=WARN", NULL },  { "level>=INFO", "1" },       { "nothing=1", NULL },
		{ "symbol!=AAPL", "a" },  { "tid!=1", "symbol=[A-M]" }, { "n>6", NULL },
	};
	static const char *const NAMES[] = { "golden.bin", "small.bin", FIRST };
	size_t shown = 0;

	(void)state;
	for (size_t f = 0; f < sizeof(NAMES) / sizeof(NAMES[0]); f++) {
		struct ttlog_snapshot *reader = fixture__open_golden(NAMES[f]);

		for (size_t i = 0; i < sizeof(FILTERS) / sizeof(FILTERS[0]); i++) {
			const struct show show = { .filter = FILTERS[i][0],
						   .search = FILTERS[i][1] };
			struct ttlog_filter *filter = ttlog_filter_new();
			char why[160], *wanted, *json;

			assert_int_equal(ttlog_filter_add(filter, show.filter, why, sizeof(why)),
					 0);
			if (show.search)
				assert_int_equal(
					ttlog_filter_search(filter, show.search, why, sizeof(why)),
					0);
			wanted = filtered_one_by_one(reader, filter);
			json = fixture__json(&reader, 1, show);
			assert_string_equal(json, wanted);
			shown += count_lines(json);
			free(json);
			free(wanted);
			ttlog_filter_free(filter);
		}
		ttlog_snapshot_close(reader);
	}
	assert_true(shown > 20);
}

/* For every N, the last N are the tail of all events. */
static void test_event_stream_tail(void **state)
{
	static const char *const ALL[] = { FIRST, SECOND, OTHER };
	static const char WHOLE[] = "0,100,1,2,3,4,5,6,7,8,9,7,7,7,101,8,9,";
	const char *tail = WHOLE + sizeof(WHOLE) - 1;

	(void)state;
	for (uint64_t n = 0; n < 20; n++) {
		const struct show show = { .has_tail = true, .tail = n };

		assert_values(ALL, 3, show, tail);
		if (tail > WHOLE) {
			for (tail--; tail > WHOLE && tail[-1] != ','; tail--)
				;
		}
	}
	assert_values(ALL, 3, (struct show){ .has_tail = true, .tail = UINT64_MAX }, WHOLE);
	assert_values(ALL, 3, (struct show){ .has_tail = true, .tail = 2, .filter = "n=7" },
		      "7,7,");
	assert_values(ALL, 3, (struct show){ .has_tail = true, .tail = 4, .filter = "n=7" },
		      "7,7,7,7,");
}

/* The file with its first two chunks in the wrong order: the keys fall. */
static struct ttlog_snapshot *open_disordered(const char *name)
{
	struct bytes file = bytes__golden(name);
	struct ttlog_snapshot *reader = fixture__open(file.p, file.len);
	const struct ttlog_chunk_place *chunks = ttlog_snapshot_contents(reader)->chunks;
	size_t a, b, end;
	unsigned char *copy = malloc(file.len);

	assert_non_null(copy);
	assert_true(ttlog_snapshot_contents(reader)->chunk_cnt > 2);
	a = chunks[0].offset;
	b = chunks[1].offset;
	end = chunks[2].offset;
	memcpy(copy, file.p, file.len);
	memcpy(copy + a, file.p + b, end - b);
	memcpy(copy + a + (end - b), file.p + a, b - a);
	ttlog_snapshot_close(reader);
	reader = fixture__open(copy, file.len);
	assert_int_equal(ttlog_snapshot_contents(reader)->problem_cnt, 1);
	free(copy);
	free(file.p);
	return reader;
}

/* The last N in the order of the stream, not all that are later than the first of them. */
static void test_event_stream_tail_of_disorder(void **state)
{
	struct ttlog_snapshot *reader = open_disordered("golden.bin");
	char *whole = fixture__json_of(reader);
	const char *tail = whole + strlen(whole);
	const size_t cnt = count_lines(whole);

	(void)state;
	for (uint64_t n = 0; n <= cnt; n++) {
		char *json =
			fixture__json(&reader, 1, (struct show){ .has_tail = true, .tail = n });

		assert_string_equal(json, tail);
		free(json);
		if (tail > whole) {
			for (tail--; tail > whole && tail[-1] != '\n'; tail--)
				;
		}
	}
	free(whole);
	ttlog_snapshot_close(reader);
}

#define MOST_EVENTS 1000u

/* The times of the stream's next events, at most `cnt`. */
static size_t times_of(struct ttlog_stream *stream, uint64_t *to, size_t cnt)
{
	struct ttlog_event event;
	size_t n = 0;

	while (n < cnt && ttlog_stream_next(stream, &event) == 1) {
		/* a value, which needs the right chunk */
		if (event.site->nfields) {
			struct ttlog_field field;

			ttlog_event_field(&event, 0, &field);
			assert_int_not_equal(field.type, TTLOG_TYPE_NONE);
		}
		to[n++] = event.mono_ns;
	}
	return n;
}

/* Two streams over one snapshot advance in turn: each loads its chunks again. */
static void test_event_stream_two_in_turn(void **state)
{
	struct ttlog_snapshot *reader = fixture__open_golden("golden.bin");
	struct ttlog_filter *filter = ttlog_filter_new();
	struct ttlog_stream *streams[2];
	uint64_t want[2][MOST_EVENTS], got[2][MOST_EVENTS];
	size_t want_cnt[2], got_cnt[2] = { 0 }, steps[2] = { 3, 1 };

	(void)state;
	assert_true(ttlog_snapshot_contents(reader)->chunk_cnt > 1);
	assert_int_equal(ttlog_filter_add(filter, "level>=INFO and not pid=1", NULL, 0), 0);
	for (int i = 0; i < 2; i++) {
		streams[i] = ttlog_stream_new(&reader, 1, i ? filter : NULL, NULL);
		want_cnt[i] = times_of(streams[i], want[i], MOST_EVENTS);
		ttlog_stream_free(streams[i]);
		assert_true(want_cnt[i] > 5);
	}
	for (int i = 0; i < 2; i++)
		streams[i] = ttlog_stream_new(&reader, 1, i ? filter : NULL, NULL);
	for (size_t before = SIZE_MAX; before != got_cnt[0] + got_cnt[1];) {
		before = got_cnt[0] + got_cnt[1];
		for (int i = 0; i < 2; i++)
			got_cnt[i] += times_of(streams[i], got[i] + got_cnt[i], steps[i]);
	}
	for (int i = 0; i < 2; i++) {
		assert_int_equal(got_cnt[i], want_cnt[i]);
		assert_memory_equal(got[i], want[i], want_cnt[i] * sizeof(want[i][0]));
		ttlog_stream_free(streams[i]);
	}
	ttlog_filter_free(filter);
	ttlog_snapshot_close(reader);
}

/* The same snapshot twice: every event comes once. */
static void test_event_stream_same_snapshot_twice(void **state)
{
	struct ttlog_snapshot *reader = fixture__open_golden("golden.bin");
	struct ttlog_snapshot *const twice[] = { reader, reader };
	uint64_t want[MOST_EVENTS], got[MOST_EVENTS];
	size_t cnt = 0;

	(void)state;
	for (size_t i = 1; i <= 2; i++) {
		struct ttlog_stream *stream = ttlog_stream_new(twice, i, NULL, NULL);
		size_t n = times_of(stream, i == 1 ? want : got, MOST_EVENTS);

		assert_true(i == 1 || n == cnt);
		cnt = n;
		ttlog_stream_free(stream);
	}
	assert_true(cnt > 5);
	assert_memory_equal(got, want, cnt * sizeof(*want));
	ttlog_snapshot_close(reader);
}

static void test_event_stream_range(void **state)
{
	static const char *const FILES[] = { FIRST };
	const uint64_t base = 10000000 - 2000; /* wall time at CLOCK_MONOTONIC 0 */
	struct show show = { .range = { base + 1020, base + 1040 } };

	(void)state;
	assert_values(FILES, 1, show, "2,3,4,");
	show.range = (struct ttlog_range){ base + 1041, UINT64_MAX };
	assert_values(FILES, 1, show, "5,6,7,8,9,7,7,");
	show.range = (struct ttlog_range){ 0, base + 1009 };
	assert_values(FILES, 1, show, "0,");
	show.range = (struct ttlog_range){ base + 2000, UINT64_MAX };
	assert_values(FILES, 1, show, "");
	show = (struct show){ .range = { base + 1020, base + 1080 }, .has_tail = true, .tail = 2 };
	assert_values(FILES, 1, show, "7,8,");
}

/* Each event is on one side of any moment, from whichever file it is taken. */
static void test_event_stream_range_over_several_clocks(void **state)
{
	static const char *const FILES[][2] = {
		{ FIRST, SECOND },
		{ SECOND, FIRST },
		{ FIRST, STEPPED },
		{ STEPPED, FIRST },
	};
	const uint64_t first_base = 10000000 - 2000, second_base = 10005500 - 2500;
	const uint64_t step = 7200ull * 1000000000u;
	const uint64_t bases[] = { first_base, second_base, first_base, second_base + step };

	(void)state;
	for (size_t i = 0; i < sizeof(FILES) / sizeof(FILES[0]); i++) {
		struct show until = { .range = { 0, bases[i] + 1060 } };
		struct show since = { .range = { bases[i] + 1061, UINT64_MAX } };

		assert_values(FILES[i], 2, until, "0,1,2,3,4,5,6,");
		assert_values(FILES[i], 2, since, "7,8,9,7,7,7,8,9,");
	}
}

/* An expression that needs each event's own time and its fields. */
static void test_event_stream_filter_by_shared_clock(void **state)
{
	static const char *const FILES[] = { FIRST, STEPPED };

	(void)state;
	assert_values(FILES, 2,
		      (struct show){ .filter = "ts>=1970-01-01T00:00:00.009999060Z or n=1" },
		      "1,6,7,8,9,7,7,7,8,9,");
}

/* The text of the events, in the order of the stream. */
static void test_event_stream_times_of_one_clock(void **state)
{
	struct ttlog_snapshot *readers[] = { fixture__open_golden(SECOND),
					     fixture__open_golden(STEPPED),
					     fixture__open_golden(FIRST) };
	struct ttlog_stream *stream = ttlog_stream_new(readers, 3, NULL, NULL);
	struct ttlog_event event;
	uint32_t cnt = 0;

	(void)state;
	assert_non_null(stream);
	for (; ttlog_stream_next(stream, &event); cnt++)
		assert_true(event.real_ns - event.mono_ns == 10005500 - 2500);
	assert_int_equal(cnt, 15);
	for (size_t i = 0; i < 3; i++)
		assert_true(ttlog_info_real_ns(ttlog_snapshot_info(readers[i]), 0) ==
			    10005500 - 2500);
	ttlog_stream_free(stream);
	for (size_t i = 0; i < 3; i++)
		ttlog_snapshot_close(readers[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_event_stream_each_event_once),
		cmocka_unit_test(test_event_stream_each_identity_once),
		cmocka_unit_test(test_event_stream_other_boot),
		cmocka_unit_test(test_event_stream_other_process),
		cmocka_unit_test(test_event_stream_filter),
		cmocka_unit_test(test_event_stream_filter_by_columns),
		cmocka_unit_test(test_event_stream_tail),
		cmocka_unit_test(test_event_stream_tail_of_disorder),
		cmocka_unit_test(test_event_stream_range),
		cmocka_unit_test(test_event_stream_range_over_several_clocks),
		cmocka_unit_test(test_event_stream_filter_by_shared_clock),
		cmocka_unit_test(test_event_stream_times_of_one_clock),
		cmocka_unit_test(test_event_stream_two_in_turn),
		cmocka_unit_test(test_event_stream_same_snapshot_twice),
	};

	return cmocka_run_group_tests_name("event_stream", tests, NULL, NULL);
}
