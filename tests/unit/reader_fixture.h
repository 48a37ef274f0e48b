/* SPDX-License-Identifier: MIT */
/* Opens files, and checks that a reader that scans a file while it reads gets the same. For
 * test_reader*.c. */
#ifndef TTLOG_TESTS_READER_FIXTURE_H
#define TTLOG_TESTS_READER_FIXTURE_H

#include <lz4frame.h>

#include "view_fixture.h"

static inline bool has_problem(const struct ttlog_snapshot *reader, const char *words)
{
	for (size_t i = 0; i < ttlog_snapshot_contents(reader)->problem_cnt; i++) {
		if (strstr(ttlog_snapshot_contents(reader)->problems[i], words))
			return true;
	}
	return false;
}

static inline void assert_sound(const struct ttlog_snapshot *reader)
{
	if (ttlog_snapshot_contents(reader)->problem_cnt)
		fail_msg("unexpected: %s", ttlog_snapshot_contents(reader)->problems[0]);
}

/* A reader that scans the file while it reads gets the same events and the same problems. */
static inline void assert_same_in_one_go(const void *p, size_t len,
					 const struct ttlog_snapshot *opened, const char *wanted)
{
	struct ttlog_snapshot *reader = fixture__start(p, len);
	char *json = fixture__json_of(reader);

	assert_string_equal(json, wanted);
	assert_false(ttlog_snapshot_has_chunk(reader, SIZE_MAX));
	assert_int_equal(ttlog_snapshot_contents(reader)->event_cnt,
			 ttlog_snapshot_contents(opened)->event_cnt);
	assert_int_equal(ttlog_snapshot_contents(reader)->chunk_cnt,
			 ttlog_snapshot_contents(opened)->chunk_cnt);
	assert_int_equal(ttlog_snapshot_contents(reader)->problem_cnt,
			 ttlog_snapshot_contents(opened)->problem_cnt);
	for (size_t i = 0; i < ttlog_snapshot_contents(reader)->problem_cnt; i++) {
		if (!has_problem(opened, ttlog_snapshot_contents(reader)->problems[i]))
			fail_msg("only in one go: %s",
				 ttlog_snapshot_contents(reader)->problems[i]);
	}
	free(json);
	ttlog_snapshot_close(reader);
}

/* Many files in one: see make_snapshot.py. */
static inline struct bytes unpack_lz4(const struct bytes *packed)
{
	struct bytes content = { malloc(1 << 20), 0 };
	size_t used = packed->len, len = 1 << 20;
	LZ4F_dctx *context;

	assert_non_null(content.p);
	assert_false(LZ4F_isError(LZ4F_createDecompressionContext(&context, LZ4F_VERSION)));
	assert_int_equal(LZ4F_decompress(context, content.p, &len, packed->p, &used, NULL), 0);
	LZ4F_freeDecompressionContext(context);
	content.len = len;
	return content;
}

/* The next file, from *at on. False at the end. */
static inline bool next_packed(const struct bytes *pack, size_t *at, char ret_name[64],
			       struct bytes *ret)
{
	int head;

	if (*at == pack->len)
		return false;
	assert_int_equal(sscanf((char *)pack->p + *at, "%63s %zu%n", ret_name, &ret->len, &head),
			 2);
	*at += (size_t)head + 1;
	assert_true(*at + ret->len <= pack->len);
	ret->p = pack->p + *at;
	*at += ret->len;
	return true;
}

#endif /* TTLOG_TESTS_READER_FIXTURE_H */
