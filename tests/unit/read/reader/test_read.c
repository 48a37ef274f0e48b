/* SPDX-License-Identifier: MIT */
/*
 * <ttlog/read.h> as a foreign program uses it: the promises that the tests of its parts don't
 * cover.
 */
#include "view_fixture.h"

#include <errno.h>

/* What other programs have compiled in must stay: structs that never change, and those that they
 * allocate. */
#define ASSERT_BYTES(type, bytes)                                                                  \
	_Static_assert(sizeof(type) == (bytes), #type " is part of the ABI: another size is "      \
						      "another soname")
#if __SIZEOF_POINTER__ == 8
ASSERT_BYTES(struct ttlog_text, 16);
ASSERT_BYTES(struct ttlog_field, 24);
ASSERT_BYTES(struct ttlog_event, 80);
ASSERT_BYTES(struct ttlog_run, 40);
ASSERT_BYTES(struct ttlog_range, 16);
ASSERT_BYTES(struct ttlog_group, 8);
ASSERT_BYTES(struct ttlog_register, 32);
ASSERT_BYTES(struct ttlog_cause, 24);
ASSERT_BYTES(struct ttlog_cbor, 16);
ASSERT_BYTES(struct ttlog_cbor_item, 40);
ASSERT_BYTES(struct ttlog_chunk_place, 32);
ASSERT_BYTES(struct ttlog_column_text, 24);
#endif

static const char *const GOLDENS[] = {
	"golden.bin",         "packed.bin",        "small.bin", "overlap-first.bin",
	"overlap-second.bin", "overlap-other.bin", "nulls.bin", "contexts.bin",
};

#define GOLDEN_CNT (sizeof(GOLDENS) / sizeof(GOLDENS[0]))

static struct ttlog_snapshot *start_golden(const char *name)
{
	char path[256], why[TTLOG_WHY_BYTES] = "";
	struct ttlog_snapshot *snapshot;

	snprintf(path, sizeof(path), GOLDEN "%s", name);
	snapshot = ttlog_snapshot_start(path, why, sizeof(why));
	if (!snapshot)
		fail_msg("%s: %s", path, why);
	assert_string_equal(ttlog_snapshot_name(snapshot), path);
	return snapshot;
}

static void test_read_filter_matches_what_streams_choose(void **state)
{
	static const char *const FILTERS[] = {
		"level>=WARN",
		"symbol=MSFT or not has(symbol)",
		"tid=1240 and target=orders",
		"price<1 and ts>=-3s",
		"duration>=1ms",
	};
	char why[TTLOG_WHY_BYTES];

	(void)state;
	for (size_t f = 0; f < sizeof(FILTERS) / sizeof(FILTERS[0]); f++) {
		struct ttlog_snapshot *snapshot = fixture__open_golden("golden.bin");
		struct ttlog_filter *filter = ttlog_filter_new();
		struct ttlog_stream *all, *chosen;
		struct ttlog_event event, wanted;
		size_t cnt = 0, more;

		assert_non_null(filter);
		assert_true(ttlog_filter_is_empty(filter));
		assert_int_equal(ttlog_filter_add(filter, FILTERS[f], why, sizeof(why)), 0);
		assert_false(ttlog_filter_is_empty(filter));
		ttlog_filter_set_last(filter, ttlog_snapshot_last_ns(snapshot));
		/* NULL: everything, of all times */
		all = ttlog_stream_new(&snapshot, 1, NULL, NULL);
		while (ttlog_stream_next(all, &event))
			cnt += ttlog_filter_matches(filter, &event);
		ttlog_stream_free(all);
		chosen = ttlog_stream_new(&snapshot, 1, filter, NULL);
		for (more = 0; ttlog_stream_next(chosen, &wanted); more++)
			assert_true(ttlog_filter_matches(filter, &wanted));
		assert_int_equal(more, cnt);
		assert_in_range(cnt, 1, 13);
		ttlog_stream_free(chosen);
		ttlog_filter_free(filter);
		ttlog_snapshot_close(snapshot);
	}
}

/* Files that were only started are scanned first: an event that is in two of them comes once. */
static void test_read_stream_of_files_only_begun(void **state)
{
	struct ttlog_snapshot *begun[2], *opened[2];
	char *json[2];

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		begun[i] = start_golden(GOLDENS[3 + i]);
		opened[i] = fixture__open_golden(GOLDENS[3 + i]);
	}
	json[0] = fixture__json(begun, 2, (struct show){ .filter = NULL });
	json[1] = fixture__json(opened, 2, (struct show){ .filter = NULL });
	assert_string_equal(json[0], json[1]);
	for (size_t i = 0; i < 2; i++) {
		ttlog_snapshot_close(begun[i]);
		ttlog_snapshot_close(opened[i]);
		free(json[i]);
	}
}

/* By column and by event the values are the same. */
static void test_read_columns_are_what_events_have(void **state)
{
	(void)state;
	for (size_t i = 0; i < GOLDEN_CNT; i++) {
		struct ttlog_snapshot *snapshot = start_golden(GOLDENS[i]);
		const struct ttlog_chunk *chunk = ttlog_snapshot_chunk(snapshot);
		uint64_t cnt = 0;

		assert_int_equal(chunk->n, 0);
		for (size_t c = 0; ttlog_snapshot_has_chunk(snapshot, c); c++) {
			assert_int_equal(ttlog_snapshot_load(snapshot, c), 0);
			for (uint32_t k = 0; k < chunk->n; k++) {
				struct ttlog_field one, other;
				char buf[2][TTLOG_FIELD_TEXT_BYTES];
				struct ttlog_event event;

				ttlog_snapshot_event(snapshot, k, &event);
				assert_ptr_equal(event.snapshot, snapshot);
				assert_int_equal(chunk->groups[event.group].site,
						 event.site_number);
				for (unsigned f = 0; f < event.site->nfields; f++) {
					ttlog_event_field(&event, f, &one);
					ttlog_column_field(
						ttlog_snapshot_column(snapshot, event.group, f),
						event.row, &other);
					assert_int_equal(one.type, event.site->types[f]);
					assert_true(
						ttlog_text_equal(ttlog_field_text(&one, buf[0]),
								 ttlog_field_text(&other, buf[1])));
				}
				/* after the last one */
				ttlog_event_field(&event, event.site->nfields, &one);
				assert_int_equal(one.type, TTLOG_TYPE_NONE);
				assert_true(one.null);
				assert_null(ttlog_event_column(&event, event.site->nfields));
				cnt++;
			}
		}
		assert_true(ttlog_snapshot_contents(snapshot)->is_scanned);
		assert_int_equal(ttlog_snapshot_contents(snapshot)->event_cnt, cnt);
		assert_int_equal(ttlog_snapshot_load(snapshot, 1000), -ENOENT);
		ttlog_snapshot_close(snapshot);
	}
}

/* A key of the header that has no struct member. */
static void test_read_walks_the_header(void **state)
{
	struct ttlog_snapshot *snapshot = fixture__open_golden("golden.bin");
	struct ttlog_cbor in = ttlog_snapshot_info(snapshot)->item;
	struct ttlog_cbor_item map, key, value;
	bool has_reason = false;

	(void)state;
	assert_int_equal(ttlog_cbor_next(&in, &map), 0);
	assert_int_equal(map.kind, TTLOG_CBOR_MAP);
	for (uint64_t i = 0; i < map.u; i++) {
		assert_int_equal(ttlog_cbor_next(&in, &key), 0);
		assert_int_equal(key.kind, TTLOG_CBOR_TEXT);
		if (!ttlog_text_is(key.text, "reason")) {
			assert_int_equal(ttlog_cbor_skip(&in), 0);
			continue;
		}
		assert_int_equal(ttlog_cbor_next(&in, &value), 0);
		assert_true(ttlog_text_is(value.text, "crash"));
		has_reason = true;
	}
	assert_true(has_reason);
	assert_int_equal(ttlog_cbor_next(&in, &value), -EBADMSG);
	assert_int_equal(ttlog_cbor_skip(&in), -EBADMSG);
	ttlog_snapshot_close(snapshot);
}

static void test_read_says_why_it_cannot_open(void **state)
{
	char why[TTLOG_WHY_BYTES], little[4];

	(void)state;
	errno = 0;
	assert_null(ttlog_snapshot_open("/nonexistent/file", why, sizeof(why)));
	assert_int_equal(errno, ENOENT);
	assert_string_equal(why, "No such file or directory");
	assert_null(ttlog_snapshot_open("tests", why, sizeof(why)));
	assert_int_equal(errno, EISDIR);
	assert_null(ttlog_snapshot_start("/dev/null", little, sizeof(little)));
	assert_int_equal(errno, EINVAL);
	assert_string_equal(little, "it ");
}

static void test_read_names_levels_and_types(void **state)
{
	(void)state;
	assert_string_equal(ttlog_level_name(TTLOG_LEVEL_WARN), "WARN");
	assert_null(ttlog_level_name(TTLOG_LEVEL_FATAL + 1));
	assert_int_equal(ttlog_level_parse("error"), TTLOG_LEVEL_ERROR);
	assert_int_equal(ttlog_level_parse("errors"), -EINVAL);
	assert_string_equal(ttlog_type_name(TTLOG_TYPE_DECIMAL), "decimal");
	assert_null(ttlog_type_name(TTLOG_TYPE_DECIMAL + 1));
	assert_true(ttlog_type_is_signed(TTLOG_TYPE_I64));
	assert_false(ttlog_type_is_signed(TTLOG_TYPE_U64));
	assert_false(ttlog_type_is_signed(256 + TTLOG_TYPE_I64));
	assert_int_equal(ttlog_read_version(), TTLOG_READ_VERSION);
}

/* All these functions accept NULL. */
static void test_read_frees_nothing(void **state)
{
	(void)state;
	ttlog_snapshot_close(NULL);
	ttlog_filter_free(NULL);
	ttlog_stream_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read_filter_matches_what_streams_choose),
		cmocka_unit_test(test_read_stream_of_files_only_begun),
		cmocka_unit_test(test_read_columns_are_what_events_have),
		cmocka_unit_test(test_read_walks_the_header),
		cmocka_unit_test(test_read_says_why_it_cannot_open),
		cmocka_unit_test(test_read_names_levels_and_types),
		cmocka_unit_test(test_read_frees_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
