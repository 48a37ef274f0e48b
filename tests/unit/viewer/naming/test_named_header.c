/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "view_fixture.h"

#include "buffer.h"
#include "frame_names.h"
#include "named_header.h"

static struct ttlog_snapshot *open_golden(void)
{
	char why[TTLOG_WHY_BYTES];
	struct ttlog_snapshot *snapshot =
		ttlog_snapshot_open(GOLDEN "golden.bin", why, sizeof(why));

	assert_non_null(snapshot);
	assert_true(ttlog_snapshot_info(snapshot)->crash->frame_cnt > 1);
	return snapshot;
}

/* Without names it is the same, byte by byte. */
static void test_named_header_copies_the_rest(void **state)
{
	struct ttlog_snapshot *snapshot = open_golden();
	const struct ttlog_cbor item = ttlog_snapshot_info(snapshot)->item;
	const struct frame_names none = { .cnt = 0 };
	struct buffer header = { .len = 0 };

	(void)state;
	assert_int_equal(named_header__make(&header, item, &none), 0);
	assert_int_equal(header.len, item.end - item.at);
	assert_memory_equal(header.bytes, item.at, header.len);
	buffer__fini(&header);
	ttlog_snapshot_close(snapshot);
}

/* One that is cut anywhere is an error, and is not read beyond its end. */
static void test_named_header_cut(void **state)
{
	struct ttlog_snapshot *snapshot = open_golden();
	const struct ttlog_cbor item = ttlog_snapshot_info(snapshot)->item;
	const struct frame_names none = { .cnt = 0 };

	(void)state;
	for (size_t len = 0; len < (size_t)(item.end - item.at); len++) {
		unsigned char *copy = malloc(len + 1);
		struct buffer header = { .len = 0 };

		assert_non_null(copy);
		memcpy(copy, item.at, len);
		assert_int_equal(
			named_header__make(&header, (struct ttlog_cbor){ copy, copy + len }, &none),
			-EBADMSG);
		buffer__fini(&header);
		free(copy);
	}
	ttlog_snapshot_close(snapshot);
}

/* {"crash": {"frames": [{"ip": "0x1"}, {"symbol": "s", "line": 1}]}} */
static const unsigned char SMALL[] = {
	0xa1, 0x65, 'c',  'r',  'a',  's', 'h',  0xa1, 0x66, 'f', 'r',  'a',  'm', 'e',
	's',  0x82, 0xa1, 0x62, 'i',  'p', 0x63, '0',  'x',  '1', 0xa2, 0x66, 's', 'y',
	'm',  'b',  'o',  'l',  0x61, 's', 0x64, 'l',  'i',  'n', 'e',  0x01,
};

static void make_small(struct buffer *ret, struct frame_to_name *frame)
{
	const struct frame_names names = { .list = frame, .cnt = 1 };

	assert_int_equal(named_header__make(
				 ret, (struct ttlog_cbor){ SMALL, SMALL + sizeof(SMALL) }, &names),
			 0);
}

/* An inlined function is a frame before; what is not UTF-8 is replaced; numbers of each size. */
static void test_named_header_names(void **state)
{
	static const unsigned char WANT[] = {
		0xa1, 0x65, 'c',  'r',  'a',  's',  'h',  0xa1, 0x66, 'f',  'r',  'a',  'm',  'e',
		's',  0x83, 0xa2, 0x62, 'i',  'p',  0x63, '0',  'x',  '1',  0x66, 's',  'y',  'm',
		'b',  'o',  'l',  0x61, 'a',  0xa4, 0x62, 'i',  'p',  0x63, '0',  'x',  '1',  0x66,
		's',  'y',  'm',  'b',  'o',  'l',  0x64, 'b',  0xef, 0xbf, 0xbd, 0x64, 'f',  'i',
		'l',  'e',  0x61, 'c',  0x64, 'l',  'i',  'n',  'e',  0x19, 0x01, 0x00, 0xa2, 0x66,
		's',  'y',  'm',  'b',  'o',  'l',  0x61, 's',  0x64, 'l',  'i',  'n',  'e',  0x01,
	};
	static const unsigned char LINE[] = { 's',  0x64, 'l',  'i',  'n', 'e',
					      0x1a, 0x00, 0x01, 0x11, 0x70 };
	struct frame_name given[] = { { .symbol = "a" },
				      { .symbol = "b\xff", .file = "c", .line = 256 } };
	struct frame_to_name frame = { .names = given, .name_cnt = 2, .is_named = true };
	struct buffer header = { .len = 0 };

	(void)state;
	make_small(&header, &frame);
	assert_int_equal(header.len, sizeof(WANT));
	assert_memory_equal(header.bytes, WANT, sizeof(WANT));
	buffer__fini(&header);
	/* a frame that has a name keeps it, but not its line */
	frame = (struct frame_to_name){
		.frame = 1, .names = given, .name_cnt = 1, .is_named = true
	};
	given[0] = (struct frame_name){ .line = 70000 };
	make_small(&header, &frame);
	assert_memory_equal(header.bytes + header.len - sizeof(LINE), LINE, sizeof(LINE));
	buffer__fini(&header);
	/* names that lie beyond the frames are not written */
	frame.frame = 2;
	make_small(&header, &frame);
	assert_int_equal(header.len, sizeof(SMALL));
	assert_memory_equal(header.bytes, SMALL, sizeof(SMALL));
	buffer__fini(&header);
}

/* A child that tells more than it should takes no more memory. */
static void test_frame_names_bounds(void **state)
{
	struct frame_to_name *frame = calloc(1, sizeof(*frame));
	struct frame_names names = { .list = frame, .cnt = 1 };
	struct name_told told = { .is_inlined = true, .symbol = "x" };

	(void)state;
	assert_non_null(frame);
	for (int i = 0; i < 10000; i++)
		assert_true(frame_names__add(frame, &told));
	assert_true(frame->name_cnt <= NAME_CHILD_INLINED + 1);
	assert_null(frame_names__find(&names, 0, 0));
	frame_names__fini(&names);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_named_header_copies_the_rest),
		cmocka_unit_test(test_named_header_cut),
		cmocka_unit_test(test_named_header_names),
		cmocka_unit_test(test_frame_names_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
