/* SPDX-License-Identifier: MIT */
/*
 * The identity of events, from the files of make_snapshot.py: as text, in pinned chunks, in files
 * with wrong values, and in files that are read one after another.
 */
#include "reader_fixture.h"

/* By hand, from FORMAT.md:
 * fnv1a("0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0/12345/70/70/c0ffee/1/100") */
#define FIRST_BATCH "f6d25da52b57b2fb"

static void test_identity_as_text(void **state)
{
	static const char *const wanted[] = {
		FIRST_BATCH "-0",
		FIRST_BATCH "-1",
		"10dd7c1f673f82aa-0",
		"9a1d870b77964127-0",
		FIRST_BATCH "-2",
		"9a1d870b77964127-1",
		"10dd7c1f673f82aa-1",
		"97e13eaca8ca95e3-0",
		FIRST_BATCH "-3",
		"1c18e1a7c2fee8cf-0",
		"",
		"",
		"1c18e1a7c2fee8cf-1",
	};
	struct ttlog_snapshot *reader = fixture__open_golden("twin-first.bin");
	struct ttlog_stream *stream = ttlog_stream_new(&reader, 1, NULL, NULL);
	struct ttlog_event event;

	(void)state;
	assert_non_null(stream);
	for (size_t i = 0; i < sizeof(wanted) / sizeof(*wanted); i++) {
		char buf[TTLOG_ID_BYTES];
		struct ttlog_text id;

		assert_int_equal(ttlog_stream_next(stream, &event), 1);
		id = ttlog_event_id(&event, buf);
		if (!ttlog_text_is(id, wanted[i]))
			fail_msg("event %zu is %.*s, not %s", i, (int)id.len, id.p, wanted[i]);
	}
	assert_int_equal(ttlog_stream_next(stream, &event), 0);
	assert_sound(reader);
	ttlog_stream_free(stream);
	ttlog_snapshot_close(reader);
}

static void test_identity_in_pinned_chunks(void **state)
{
	struct ttlog_snapshot *reader = fixture__open_golden("twin-first.bin");
	struct ttlog_pinned *pinned = ttlog_pinned_new(reader, 1);
	char buf[TTLOG_ID_BYTES];
	struct ttlog_event event;

	(void)state;
	assert_non_null(pinned);
	assert_int_equal(ttlog_pinned_load(pinned), 0);
	ttlog_pinned_event(pinned, 1, &event);
	assert_true(ttlog_text_is(ttlog_event_id(&event, buf), FIRST_BATCH "-3"));
	ttlog_pinned_free(pinned);
	ttlog_snapshot_close(reader);
}

/* The events are still shown. */
static void test_identity_not_valid(void **state)
{
	struct bytes packed = bytes__golden("batches.pack"), pack = unpack_lz4(&packed), file;
	size_t at = 0, cnt = 0;
	char name[64];

	(void)state;
	for (; next_packed(&pack, &at, name, &file); cnt++) {
		struct ttlog_snapshot *reader = fixture__open(file.p, file.len);
		char *json = fixture__json_of(reader);

		assert_sound(reader);
		assert_int_equal(count_lines(json), 7);
		if (strstr(json, "\"id\""))
			fail_msg("%s: %s", name, json);
		free(json);
		ttlog_snapshot_close(reader);
	}
	assert_true(cnt > 10);
	free(packed.p);
	free(pack.p);
}

/* Files of one chunk. */
static struct ttlog_snapshot *take(struct ttlog_seen *seen, const char *name)
{
	struct ttlog_snapshot *reader = fixture__open_golden(name);

	assert_int_equal(ttlog_seen_take(seen, reader), 0);
	return reader;
}

static void assert_left(struct ttlog_snapshot *reader, size_t cnt)
{
	char *json = fixture__json_of(reader);

	if (count_lines(json) != cnt)
		fail_msg("not %zu: %s", cnt, json);
	free(json);
}

static void test_identity_seen(void **state)
{
	struct ttlog_seen *seen = ttlog_seen_new();
	struct ttlog_snapshot *first, *second, *reboot;

	(void)state;
	assert_non_null(seen);
	first = take(seen, "twin-piece-first.bin");
	second = take(seen, "twin-piece-second.bin");
	reboot = take(seen, "twin-piece-reboot.bin");
	assert_left(first, 5);
	/* 3 and 4 were there before, 5 is new, and one has no identity; also when it is read
	 * again */
	assert_left(second, 2);
	assert_left(second, 2);
	assert_left(reboot, 5);
	ttlog_snapshot_close(first);
	ttlog_snapshot_close(second);
	ttlog_snapshot_close(reboot);
	ttlog_seen_free(seen);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_identity_as_text),
		cmocka_unit_test(test_identity_in_pinned_chunks),
		cmocka_unit_test(test_identity_not_valid),
		cmocka_unit_test(test_identity_seen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
