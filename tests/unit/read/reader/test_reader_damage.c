/* SPDX-License-Identifier: MIT */
/* The reader on damaged files: it reads what is whole, and names what is not. */
#include <errno.h>
#include <lz4frame.h>

#include "reader_fixture.h"

/* A sound file, its output, and the offsets of its frames. */
struct whole {
	struct bytes file;
	char *lines[16];               /* of each chunk */
	uint64_t starts[16], ends[16]; /* of each chunk's frame */
	size_t chunk_cnt;
};

static void whole__init(struct whole *whole, const char *name)
{
	struct ttlog_snapshot *reader;

	whole->file = bytes__golden(name);
	reader = fixture__open(whole->file.p, whole->file.len);
	assert_sound(reader);
	whole->chunk_cnt = ttlog_snapshot_contents(reader)->chunk_cnt;
	assert_true(whole->chunk_cnt <= 16);
	for (size_t i = 0; i < whole->chunk_cnt; i++) {
		struct ttlog_event event;
		struct out out;

		whole->starts[i] = ttlog_snapshot_contents(reader)->chunks[i].offset;
		assert_int_equal(ttlog_snapshot_load(reader, i), 0);
		capture__begin(&out);
		for (uint32_t k = 0; k < ttlog_snapshot_contents(reader)->chunks[i].n; k++) {
			ttlog_snapshot_event(reader, k, &event);
			json__event(&out, &event);
		}
		whole->lines[i] = capture__end(&out);
	}
	ttlog_snapshot_close(reader);
	/* A frame ends where the next one begins; after the last chunk's comes the end item's. */
	for (size_t i = 0; i < whole->chunk_cnt; i++) {
		uint64_t at = whole->starts[i] + 1;

		while (memcmp(whole->file.p + at, "\x04\x22\x4d\x18", 4))
			at++;
		whole->ends[i] = at;
	}
}

static void whole__fini(struct whole *whole)
{
	for (size_t i = 0; i < whole->chunk_cnt; i++)
		free(whole->lines[i]);
	free(whole->file.p);
}

/* The expected output if the bytes from `from` to `to` are damaged. */
static char *lines_without(const struct whole *whole, uint64_t from, uint64_t to)
{
	size_t len = 0;
	char *lines;

	for (size_t i = 0; i < whole->chunk_cnt; i++)
		len += strlen(whole->lines[i]);
	lines = calloc(1, len + 1);
	assert_non_null(lines);
	for (size_t i = 0; i < whole->chunk_cnt; i++) {
		if (whole->ends[i] <= from || whole->starts[i] >= to)
			strcat(lines, whole->lines[i]);
	}
	return lines;
}

static void assert_damaged(const struct whole *whole, const void *p, size_t len, uint64_t from,
			   uint64_t to, uint64_t what)
{
	struct ttlog_snapshot *reader = fixture__open(p, len);
	char *json = fixture__json_of(reader), *wanted = lines_without(whole, from, to);

	if (!ttlog_snapshot_contents(reader)->problem_cnt)
		fail_msg("nothing was noticed at %llu", (unsigned long long)what);
	if (strcmp(json, wanted))
		fail_msg("at %llu:\n%s\nand not:\n%s", (unsigned long long)what, json, wanted);
	assert_same_in_one_go(p, len, reader, wanted);
	free(wanted);
	free(json);
	ttlog_snapshot_close(reader);
}

static void test_reader_damage_every_bit_flipped(void **state)
{
	struct whole whole;

	(void)state;
	whole__init(&whole, "small.bin");
	for (size_t bit = 0; bit < whole.file.len * 8; bit++) {
		size_t at = bit / 8;

		whole.file.p[at] ^= (unsigned char)(1u << bit % 8);
		assert_damaged(&whole, whole.file.p, whole.file.len, at, at + 1, bit);
		whole.file.p[at] ^= (unsigned char)(1u << bit % 8);
	}
	whole__fini(&whole);
}

static void test_reader_damage_cut_at_every_byte(void **state)
{
	struct whole whole;

	(void)state;
	whole__init(&whole, "golden.bin");
	for (size_t len = 0; len < whole.file.len; len++)
		assert_damaged(&whole, whole.file.p, len, len, UINT64_MAX, len);
	whole__fini(&whole);
}

/* Bytes are missing in the middle: the length of a frame does not fit what follows. */
static void test_reader_damage_gap(void **state)
{
	struct whole whole;
	size_t from, gap = 7;

	(void)state;
	whole__init(&whole, "small.bin");
	for (from = 0; from + gap < whole.file.len; from += 3) {
		unsigned char *copy = malloc(whole.file.len);

		assert_non_null(copy);
		memcpy(copy, whole.file.p, from);
		memcpy(copy + from, whole.file.p + from + gap, whole.file.len - from - gap);
		assert_damaged(&whole, copy, whole.file.len - gap, from, from + gap, from);
		free(copy);
	}
	whole__fini(&whole);
}

/* Another sound chunk replaces one that was scanned. A caller that has allocated for the first
 * one's events relies on their number. */
static void test_reader_damage_file_that_changes(void **state)
{
	struct whole whole;
	struct ttlog_snapshot *reader;
	char why[160] = "";
	unsigned swapped = 0;

	(void)state;
	whole__init(&whole, "golden.bin");
	for (size_t i = 0; i < whole.chunk_cnt; i++) {
		for (size_t k = 0; k < whole.chunk_cnt; k++) {
			int fd = bytes__to_fd(whole.file.p, whole.file.len), err;
			int copy = dup(fd);
			size_t len = whole.ends[k] - whole.starts[k];
			uint32_t n, other;

			reader = ttlog_snapshot_open_fd(fd, "test", why, sizeof(why));
			assert_non_null(reader);
			n = ttlog_snapshot_contents(reader)->chunks[i].n;
			other = ttlog_snapshot_contents(reader)->chunks[k].n;
			assert_int_equal(
				pwrite(copy, whole.file.p + whole.starts[k], len, whole.starts[i]),
				len);
			close(copy);
			err = ttlog_snapshot_load(reader, i);
			assert_int_equal(err, n == other ? 0 : -EBADMSG);
			assert_int_equal(ttlog_snapshot_chunk(reader)->n, err ? 0 : n);
			swapped += n != other;
			ttlog_snapshot_close(reader);
		}
	}
	assert_true(swapped);
	whole__fini(&whole);
}

static void test_reader_damage_says_what_is_missing(void **state)
{
	struct whole whole;
	struct ttlog_snapshot *reader;
	char words[64];

	(void)state;
	whole__init(&whole, "small.bin");
	whole.file.p[whole.starts[0] + 30] ^= 1;
	reader = fixture__open(whole.file.p, whole.file.len);
	snprintf(words, sizeof(words), "damaged from byte %llu to %llu",
		 (unsigned long long)whole.starts[0], (unsigned long long)whole.ends[0]);
	assert_true(has_problem(reader, words));
	assert_true(has_problem(reader, "4 of 8 events are missing"));
	ttlog_snapshot_close(reader);

	reader = fixture__open(whole.file.p, whole.ends[1]);
	assert_true(has_problem(reader, "there is no end"));
	assert_true(has_problem(reader, "4 events were read"));
	ttlog_snapshot_close(reader);

	whole.file.p[whole.starts[0] + 30] ^= 1;
	whole.file.p[20] ^= 1;
	reader = fixture__open(whole.file.p, whole.file.len);
	assert_true(has_problem(reader, "damaged from byte 0 to"));
	assert_true(has_problem(reader, "copy at the end"));
	assert_int_equal(ttlog_snapshot_contents(reader)->event_cnt, 8);
	ttlog_snapshot_close(reader);

	/* Without header and end, the chunks can't be understood. */
	reader = fixture__open(whole.file.p, whole.ends[1]);
	assert_true(has_problem(reader, "there is no header"));
	assert_false(ttlog_snapshot_info(reader)->has_header);
	ttlog_snapshot_close(reader);
	whole__fini(&whole);
}

/* ---- Between frames ---- */

static void test_reader_damage_skippable_frames(void **state)
{
	static const unsigned char SKIPPABLE[] = { 0x5a, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 4, 0x22, 1 };
	struct whole whole;
	struct bytes file;
	struct ttlog_snapshot *reader;
	char *json, *wanted;
	uint64_t cut;

	(void)state;
	whole__init(&whole, "small.bin");
	cut = whole.ends[0];
	file.len = whole.file.len + 2 * sizeof(SKIPPABLE);
	file.p = malloc(file.len);
	assert_non_null(file.p);
	memcpy(file.p, SKIPPABLE, sizeof(SKIPPABLE));
	memcpy(file.p + sizeof(SKIPPABLE), whole.file.p, cut);
	memcpy(file.p + sizeof(SKIPPABLE) + cut, SKIPPABLE, sizeof(SKIPPABLE));
	memcpy(file.p + 2 * sizeof(SKIPPABLE) + cut, whole.file.p + cut, whole.file.len - cut);
	reader = fixture__open(file.p, file.len);
	json = fixture__json_of(reader);
	wanted = lines_without(&whole, UINT64_MAX - 1, UINT64_MAX);
	assert_string_equal(json, wanted);
	assert_sound(reader);
	free(json);
	free(wanted);
	ttlog_snapshot_close(reader);

	/* A chunk that claims more than the file has is damage. */
	file.p[4] = 0xff;
	file.p[7] = 0xff;
	reader = fixture__open(file.p, file.len);
	assert_int_not_equal(ttlog_snapshot_contents(reader)->problem_cnt, 0);
	assert_int_equal(ttlog_snapshot_contents(reader)->event_cnt, 8);
	ttlog_snapshot_close(reader);
	free(file.p);
	whole__fini(&whole);
}

/*
 * Starts of frames, each of which claims the 64 KiB after it as its block. Every one is a
 * candidate; to check each to its end would take quadratic time in the size of the file.
 */
static void test_reader_damage_search_has_a_bound(void **state)
{
	const size_t cnt = 100000;
	unsigned char one[19];
	LZ4F_preferences_t preferences = LZ4F_INIT_PREFERENCES;
	LZ4F_cctx *context;
	struct bytes file;
	struct ttlog_snapshot *reader;
	const char *place;

	(void)state;
	preferences.frameInfo.blockSizeID = LZ4F_max64KB;
	preferences.frameInfo.blockMode = LZ4F_blockIndependent;
	preferences.frameInfo.blockChecksumFlag = LZ4F_blockChecksumEnabled;
	preferences.frameInfo.contentChecksumFlag = LZ4F_contentChecksumEnabled;
	preferences.frameInfo.contentSize = 60000;
	assert_false(LZ4F_isError(LZ4F_createCompressionContext(&context, LZ4F_VERSION)));
	assert_int_equal(LZ4F_compressBegin(context, one, sizeof(one), &preferences), 15);
	LZ4F_freeCompressionContext(context);
	memcpy(one + 15, "\xff\xff\x00\x00", 4);
	file.len = cnt * sizeof(one);
	file.p = malloc(file.len);
	assert_non_null(file.p);
	for (size_t i = 0; i < cnt; i++)
		memcpy(file.p + i * sizeof(one), one, sizeof(one));
	reader = fixture__open(file.p, file.len);
	/* after some 300 MB of checksums, not 6 GB: early in the file */
	assert_true(has_problem(reader, "given up"));
	place = strstr(ttlog_snapshot_contents(reader)->problems[0], "given up at byte ");
	assert_non_null(place);
	assert_in_range(strtoull(place + strlen("given up at byte "), NULL, 10), 1, file.len / 10);
	ttlog_snapshot_close(reader);
	free(file.p);
}

/* The file is only noise: nothing is found, and no harm is done. */
static void test_reader_damage_noise(void **state)
{
	unsigned char noise[4096];
	uint64_t seed = 88172645463325252u;

	(void)state;
	for (unsigned round = 0; round < 200; round++) {
		struct ttlog_snapshot *reader;

		for (size_t i = 0; i < sizeof(noise); i++) {
			seed ^= seed << 13;
			seed ^= seed >> 7;
			seed ^= seed << 17;
			noise[i] = (unsigned char)(seed >> 32);
		}
		memcpy(noise + round * 3, "\x04\x22\x4d\x18", 4);
		reader = fixture__open(noise, sizeof(noise));
		assert_int_not_equal(ttlog_snapshot_contents(reader)->problem_cnt, 0);
		assert_int_equal(ttlog_snapshot_contents(reader)->event_cnt, 0);
		ttlog_snapshot_close(reader);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reader_damage_every_bit_flipped),
		cmocka_unit_test(test_reader_damage_cut_at_every_byte),
		cmocka_unit_test(test_reader_damage_gap),
		cmocka_unit_test(test_reader_damage_file_that_changes),
		cmocka_unit_test(test_reader_damage_says_what_is_missing),
		cmocka_unit_test(test_reader_damage_skippable_frames),
		cmocka_unit_test(test_reader_damage_search_has_a_bound),
		cmocka_unit_test(test_reader_damage_noise),
	};

	return cmocka_run_group_tests_name("reader_damage", tests, NULL, NULL);
}
