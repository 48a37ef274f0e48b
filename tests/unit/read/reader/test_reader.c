/* SPDX-License-Identifier: MIT */
/*
 * The reader on files that another program wrote (make_snapshot.py): whole ones and hostile ones.
 * test_reader_damage.c has the damaged ones.
 */
#include <errno.h>

#include "reader_fixture.h"

static void assert_gives(const char *snapshot, const char *lines, uint64_t events, uint64_t emitted)
{
	struct ttlog_snapshot *reader = fixture__open_golden(snapshot);
	struct bytes wanted = bytes__golden(lines);
	char *json = fixture__json_of(reader);

	assert_string_equal(json, (char *)wanted.p);
	assert_sound(reader);
	assert_int_equal(ttlog_snapshot_contents(reader)->event_cnt, events);
	assert_int_equal(ttlog_snapshot_contents(reader)->chunk_cnt, 3);
	assert_true(ttlog_snapshot_contents(reader)->has_totals);
	assert_int_equal(ttlog_snapshot_contents(reader)->emitted, emitted);
	free(json);
	free(wanted.p);
	ttlog_snapshot_close(reader);
}

static void test_reader_golden(void **state)
{
	(void)state;
	assert_gives("golden.bin", "golden.jsonl", 14, 1021);
}

static void test_reader_packed_bits(void **state)
{
	(void)state;
	assert_gives("packed.bin", "packed.jsonl", 100, 0);
}

static void test_reader_nulls(void **state)
{
	(void)state;
	assert_gives("nulls.bin", "nulls.jsonl", 35, 0);
}

static void test_reader_contexts(void **state)
{
	(void)state;
	assert_gives("contexts.bin", "contexts.jsonl", 15, 0);
}

/* From the last chunk to the first: what lies before the window has to be read again. */
static void test_reader_goes_backwards(void **state)
{
	struct ttlog_snapshot *reader = fixture__open_golden("golden.bin");
	uint64_t events = 0;

	(void)state;
	for (size_t i = ttlog_snapshot_contents(reader)->chunk_cnt; i-- > 0;) {
		assert_int_equal(ttlog_snapshot_load(reader, i), 0);
		assert_int_equal(ttlog_snapshot_chunk(reader)->first_ns,
				 ttlog_snapshot_contents(reader)->chunks[i].first_ns);
		events += ttlog_snapshot_chunk(reader)->n;
	}
	assert_int_equal(events, 14);
	assert_sound(reader);
	ttlog_snapshot_close(reader);
}

static void test_reader_what_is_no_file(void **state)
{
	const struct {
		const char *path, *why;
		int err;
	} cases[] = {
		{ "/", "directory", EISDIR },
		{ "/dev/null", "device", EINVAL },
		{ "/nowhere/at/all", "No such file", ENOENT },
	};
	char why[160], fifo[] = "/tmp/ttlog-test-XXXXXX", path[64];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_null(ttlog_snapshot_open(cases[i].path, why, sizeof(why)));
		assert_int_equal(errno, cases[i].err);
		assert_non_null(strstr(why, cases[i].why));
	}
	/* The fifo has no writer: to open it in the usual way would wait forever. */
	assert_non_null(mkdtemp(fifo));
	snprintf(path, sizeof(path), "%s/fifo", fifo);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_null(ttlog_snapshot_open(path, why, sizeof(why)));
	assert_non_null(strstr(why, "pipe"));
	unlink(path);
	rmdir(fifo);
}

/* One chunk after the other, and no further than asked for. */
static void test_reader_in_one_go(void **state)
{
	struct bytes file = bytes__golden("golden.bin");
	struct ttlog_snapshot *reader = fixture__start(file.p, file.len);

	(void)state;
	assert_true(ttlog_snapshot_info(reader)->has_header);
	assert_int_equal(ttlog_snapshot_contents(reader)->chunk_cnt, 0);
	for (size_t i = 0; i < 3; i++) {
		assert_true(ttlog_snapshot_has_chunk(reader, i));
		assert_int_equal(ttlog_snapshot_contents(reader)->chunk_cnt, i + 1);
		assert_int_equal(ttlog_snapshot_load(reader, i), 0);
		assert_int_equal(ttlog_snapshot_chunk(reader)->n,
				 ttlog_snapshot_contents(reader)->chunks[i].n);
	}
	assert_false(ttlog_snapshot_contents(reader)->is_scanned);
	assert_false(ttlog_snapshot_has_chunk(reader, 3));
	assert_true(ttlog_snapshot_contents(reader)->is_scanned);
	assert_true(ttlog_snapshot_contents(reader)->has_totals);
	/* Goes back to a chunk that it has passed. */
	assert_int_equal(ttlog_snapshot_load(reader, 0), 0);
	assert_int_equal(ttlog_snapshot_chunk(reader)->first_ns,
			 ttlog_snapshot_contents(reader)->chunks[0].first_ns);
	assert_sound(reader);
	ttlog_snapshot_close(reader);
	free(file.p);
}

/* ---- Hostile content in sound frames ---- */

static void test_reader_hostile(void **state)
{
	struct bytes packed = bytes__golden("hostile.pack"), pack = unpack_lz4(&packed);
	size_t at = 0, cnt = 0;
	struct bytes file;
	char name[64];

	(void)state;
	for (; next_packed(&pack, &at, name, &file); cnt++) {
		struct ttlog_snapshot *reader = fixture__open(file.p, file.len);

		free(fixture__json_of(reader));
		if (!ttlog_snapshot_contents(reader)->problem_cnt)
			fail_msg("%s was taken for sound", name);
		ttlog_snapshot_close(reader);
	}
	assert_true(cnt > 60);
	free(packed.p);
	free(pack.p);
}

/* What is refused, and what is only reported: the events of a sound chunk are shown all the
 * same. */
static void test_reader_hostile_in_words(void **state)
{
	static const struct {
		const char *name, *words;
		size_t events;
	} cases[] = {
		{ "header-format", "format 2", 0 },
		{ "header-incompatible", "features", 0 },
		{ "header-twice", "another header", 0 },
		{ "deep", "no valid CBOR", 0 },
		{ "unknown-item", "neither header, chunk nor end", 3 },
		{ "end-twice", "follow the end", 3 },
		{ "end-garbage", "damaged", 3 },
		{ "end-lies", "1 of 4 events are missing", 3 },
		{ "column-short", "field 0 of site 0 cannot be read", 3 },
		{ "thread-unknown", "threads do not fit", 0 },
		{ "chunks-order", "begins before", 4 },
		{ "no-frames", "ttlog snapshot?", 0 },
		{ "zero-bytes", "empty", 0 },
	};
	struct bytes packed = bytes__golden("hostile.pack"), pack = unpack_lz4(&packed);

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char mark[64], *json;
		const char *found;
		struct ttlog_snapshot *reader;
		size_t len;
		int mark_len = snprintf(mark, sizeof(mark), "%s ", cases[i].name), head;

		found = memmem(pack.p, pack.len, mark, (size_t)mark_len);
		assert_non_null(found);
		assert_int_equal(sscanf(found + mark_len, "%zu%n", &len, &head), 1);
		reader = fixture__open(found + mark_len + head + 1, len);
		json = fixture__json_of(reader);
		if (!has_problem(reader, cases[i].words))
			fail_msg("%s: nothing about '%s' but '%s'", cases[i].name, cases[i].words,
				 ttlog_snapshot_contents(reader)->problems[0]);
		assert_int_equal(count_lines(json), cases[i].events);
		assert_same_in_one_go(found + mark_len + head + 1, len, reader, json);
		free(json);
		ttlog_snapshot_close(reader);
	}
	free(packed.p);
	free(pack.p);
}

/* ---- Every byte of the content changed, in frames that are sound ---- */

static struct bytes pack_lz4(const struct bytes *content)
{
	LZ4F_preferences_t preferences = LZ4F_INIT_PREFERENCES;
	struct bytes packed;

	preferences.frameInfo.blockMode = LZ4F_blockIndependent;
	preferences.frameInfo.blockChecksumFlag = LZ4F_blockChecksumEnabled;
	preferences.frameInfo.contentChecksumFlag = LZ4F_contentChecksumEnabled;
	preferences.frameInfo.contentSize = content->len;
	packed.len = LZ4F_compressFrameBound(content->len, &preferences);
	packed.p = malloc(packed.len);
	assert_non_null(packed.p);
	packed.len =
		LZ4F_compressFrame(packed.p, packed.len, content->p, content->len, &preferences);
	assert_false(LZ4F_isError(packed.len));
	return packed;
}

/* The file with the frame from `start` to `end` replaced. */
static void try_content(const struct bytes *file, uint64_t start, uint64_t end,
			const struct bytes *content)
{
	struct bytes packed = pack_lz4(content), changed;
	struct ttlog_snapshot *reader;
	char *json;

	changed.len = file->len - (end - start) + packed.len;
	changed.p = malloc(changed.len);
	assert_non_null(changed.p);
	memcpy(changed.p, file->p, start);
	memcpy(changed.p + start, packed.p, packed.len);
	memcpy(changed.p + start + packed.len, file->p + end, file->len - end);
	reader = fixture__open(changed.p, changed.len);
	json = fixture__json_of(reader);
	/* For any kind of frame that the reader takes it for: it shows as many events as it
	 * reports. */
	assert_int_equal(count_lines(json), ttlog_snapshot_info(reader)->has_header
						    ? ttlog_snapshot_contents(reader)->event_cnt
						    : 0);
	assert_same_in_one_go(changed.p, changed.len, reader, json);
	free(json);
	ttlog_snapshot_close(reader);
	free(changed.p);
	free(packed.p);
}

static void test_reader_every_content_byte_changed(void **state)
{
	static const unsigned char CHANGES[] = { 0x01, 0x20, 0x80, 0xff };
	struct bytes file = bytes__golden("golden.bin");
	uint64_t start = 0, end;

	(void)state;
	for (; start < file.len; start = end) {
		struct bytes frame, content;

		for (end = start + 1; end < file.len; end++) {
			if (end + 4 <= file.len && !memcmp(file.p + end, "\x04\x22\x4d\x18", 4))
				break;
		}
		frame = (struct bytes){ file.p + start, end - start };
		content = unpack_lz4(&frame);
		for (size_t i = 0; i < content.len; i++) {
			for (size_t k = 0; k < sizeof(CHANGES); k++) {
				content.p[i] ^= CHANGES[k];
				try_content(&file, start, end, &content);
				content.p[i] ^= CHANGES[k];
			}
		}
		free(content.p);
	}
	free(file.p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reader_golden),
		cmocka_unit_test(test_reader_packed_bits),
		cmocka_unit_test(test_reader_nulls),
		cmocka_unit_test(test_reader_contexts),
		cmocka_unit_test(test_reader_goes_backwards),
		cmocka_unit_test(test_reader_in_one_go),
		cmocka_unit_test(test_reader_what_is_no_file),
		cmocka_unit_test(test_reader_hostile),
		cmocka_unit_test(test_reader_hostile_in_words),
		cmocka_unit_test(test_reader_every_content_byte_changed),
	};

	return cmocka_run_group_tests_name("reader", tests, NULL, NULL);
}
