/* SPDX-License-Identifier: MIT */
/* Chunks that several readers load again, and events that are in several files. */
#include "store.h"
#include "view_fixture.h"

#define FILES 3

static struct ttlog_snapshot *readers[FILES];

static int open_files(void **state)
{
	(void)state;
	readers[0] = fixture__open_golden("overlap-first.bin");
	readers[1] = fixture__open_golden("overlap-second.bin");
	readers[2] = fixture__open_golden("overlap-other.bin");
	return 0;
}

static int close_files(void **state)
{
	(void)state;
	for (size_t i = 0; i < FILES; i++)
		ttlog_snapshot_close(readers[i]);
	return 0;
}

static size_t count_once(const struct store *store)
{
	size_t cnt = 0;

	for (size_t f = 0; f < store->file_cnt; f++) {
		for (size_t k = 0; k < store->files[f].chunk_cnt; k++) {
			for (uint32_t i = 0; i < store__place(&store->files[f], k)->n; i++)
				cnt += !store__is_repeated(&store->files[f], k, i);
		}
	}
	return cnt;
}

/* As many events as a stream shows. */
static void test_store_repeated(void **state)
{
	struct store store;
	char *json = fixture__json(readers, FILES, (struct show){ .filter = NULL });

	(void)state;
	assert_int_equal(store__init(&store, readers, FILES), 0);
	assert_int_equal(store.file_cnt, FILES);
	assert_int_equal(count_once(&store), count_lines(json));
	assert_true(count_once(&store) < store.event_cnt);
	store__fini(&store);
	free(json);
}

static void test_store_one_file(void **state)
{
	struct store store;

	(void)state;
	assert_int_equal(store__init(&store, readers, 1), 0);
	assert_int_equal(count_once(&store), store.event_cnt);
	assert_true(store.is_by_ts && store.is_by_mono);
	store__fini(&store);
}

/* A chunk that is pinned, or was a moment ago, is not decoded again. A number belongs to one
 * event. */
static void test_store_keeps(void **state)
{
	struct store store;
	struct store_chunk *first, *again;
	uint64_t bytes;

	(void)state;
	assert_int_equal(store__init(&store, readers, FILES), 0);
	first = store__get(&store, 0, 0);
	assert_non_null(first);
	again = store__get(&store, 0, 0);
	assert_ptr_equal(first, again);
	store__put(&store, again);
	assert_int_equal(store.bytes, 0); /* counted when it is not pinned */
	assert_int_equal(ttlog_pinned_load(first->pinned), 0);
	store__put(&store, first);
	store__put(&store, NULL);
	bytes = store.bytes;
	assert_true(bytes > 0);
	again = store__get(&store, 0, 0);
	assert_ptr_equal(first, again);
	assert_int_equal(store.decoded_cnt, 1);
	store__put(&store, again);
	assert_int_equal(store.bytes, bytes);
	assert_int_not_equal(store__number(&store, 0, 0, 1), store__number(&store, 0, 0, 2));
	assert_int_not_equal(store__number(&store, 0, 0, 1), store__number(&store, 1, 0, 1));
	store__fini(&store);
}

/* From an event's place to its row, and back. */
static void test_store_rows(void **state)
{
	struct store store;
	uint64_t row = 0;

	(void)state;
	assert_int_equal(store__init(&store, readers, FILES), 0);
	for (size_t f = 0; f < store.file_cnt; f++) {
		for (size_t k = 0; k < store.files[f].chunk_cnt; k++) {
			for (uint32_t i = 0; i < store__place(&store.files[f], k)->n; i++, row++) {
				struct store_place place = store__place_of(&store, row);

				assert_int_equal(store__row(&store, f, k, i), row);
				assert_true(place.file == f && place.chunk == k && place.at == i);
			}
		}
	}
	assert_int_equal(row, store.event_cnt);
	store__fini(&store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_store_repeated),
		cmocka_unit_test(test_store_one_file),
		cmocka_unit_test(test_store_keeps),
		cmocka_unit_test(test_store_rows),
	};

	return cmocka_run_group_tests(tests, open_files, close_files);
}
