/* SPDX-License-Identifier: MIT */
/*
 * --filter over the golden snapshots: filtering by column gives the same events as filtering one
 * event after another.
 */
#include <string.h>

#include "expr_error.h"
#include "filter.h"
#include "fuzz.h"

static const char *const FILES[] = { "tests/golden/golden.bin", "tests/golden/packed.bin" };

static uint64_t mix(uint64_t sum, const struct ttlog_event *event)
{
	return (sum ^ event->mono_ns) * 31 + event->site_number * 7 + event->thread_number;
}

static bool is_wanted(const struct ttlog_filter *filter, const struct ttlog_event *event,
		      const struct ttlog_range *range)
{
	enum filter_verdict verdict = filter__site(filter, event->site);

	return event->real_ns >= range->since_ns && event->real_ns <= range->until_ns &&
	       verdict != FILTER_NO && filter__thread(filter, event->thread) &&
	       (verdict == FILTER_YES || ttlog_filter_matches(filter, event));
}

/* A sum over all events that pass `by`; a second filter is applied event by event. */
static uint64_t sum_of(struct ttlog_snapshot *reader, const struct ttlog_filter *by,
		       const struct ttlog_filter *each)
{
	struct ttlog_range all = { 0, UINT64_MAX }, range = all;
	struct ttlog_stream *stream = ttlog_stream_new(&reader, 1, by, &all);
	struct ttlog_event event;
	uint64_t sum = 0;

	FUZZ_CHECK(stream);
	if (each)
		filter__range(each, &range.since_ns, &range.until_ns);
	while (ttlog_stream_next(stream, &event)) {
		if (!each || is_wanted(each, &event, &range))
			sum = mix(sum, &event);
	}
	ttlog_stream_free(stream);
	return sum;
}

static void compare(const char *path, struct ttlog_filter *filter)
{
	const struct ttlog_contents *contents;
	char why[160];
	struct ttlog_snapshot *reader = ttlog_snapshot_open(path, why, sizeof(why));
	struct ttlog_filter *none = ttlog_filter_new();

	FUZZ_CHECK(reader && none);
	contents = ttlog_snapshot_contents(reader);
	ttlog_filter_set_last(
		filter, ttlog_info_real_ns(ttlog_snapshot_info(reader),
					   contents->chunks[contents->chunk_cnt - 1].last_ns));
	FUZZ_CHECK(sum_of(reader, filter, NULL) == sum_of(reader, none, filter));
	ttlog_filter_free(none);
	ttlog_snapshot_close(reader);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *source = malloc(size + 1), why[EXPR_ERROR_PRINT_BYTES];
	struct ttlog_filter *filter = ttlog_filter_new();

	FUZZ_CHECK(source && filter);
	memcpy(source, data, size);
	source[size] = '\0';
	fuzz__begin();
	if (!ttlog_filter_add(filter, source, why, sizeof(why))) {
		for (size_t i = 0; i < sizeof(FILES) / sizeof(FILES[0]); i++)
			compare(FILES[i], filter);
	}
	ttlog_filter_free(filter);
	free(source);
	fuzz__end();
	return 0;
}
