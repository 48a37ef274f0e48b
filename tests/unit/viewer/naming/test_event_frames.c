/* SPDX-License-Identifier: MIT */
#include "view_fixture.h"

#include "event_frames.h"

/* {"stacks": {"frames": [{"symbol": "f", "ip": "0x1"}, {"symbol": "__restore_rt+0x0"}, {"line": 1}],
 * "lists": [[0, 1, 2], [2, 1]]}} */
static const unsigned char STACKS[] = {
	0xa1, 0x66, 's',  't',  'a', 'c', 'k', 's', 0xa2, 0x66, 'f',  'r',  'a',  'm',  'e',  's',
	0x83, 0xa2, 0x66, 's',  'y', 'm', 'b', 'o', 'l',  0x61, 'f',  0x62, 'i',  'p',  0x63, '0',
	'x',  '1',  0xa1, 0x66, 's', 'y', 'm', 'b', 'o',  'l',  0x70, '_',  '_',  'r',  'e',  's',
	't',  'o',  'r',  'e',  '_', 'r', 't', '+', '0',  'x',  '0',  0xa1, 0x64, 'l',  'i',  'n',
	'e',  0x01, 0x65, 'l',  'i', 's', 't', 's', 0x82, 0x83, 0x00, 0x01, 0x02, 0x82, 0x02, 0x01,
};

static struct event_frames parse(const unsigned char *bytes, size_t len)
{
	struct event_frames frames;

	assert_int_equal(event_frames__init(&frames, (struct ttlog_cbor){ bytes, bytes + len }), 0);
	return frames;
}

static void test_event_frames_places(void **state)
{
	struct event_frames frames = parse(STACKS, sizeof(STACKS));

	(void)state;
	assert_int_equal(frames.cnt, 3);
	/* the innermost one is where the thread was; it is inlined into the next one */
	assert_true(frames.list[0].is_place && frames.list[0].shown.is_inlined);
	assert_true(ttlog_text_is(frames.list[0].shown.ip, "0x1"));
	assert_true(frames.list[1].is_done && !frames.list[1].is_place);
	/* where a signal came, no call was */
	assert_true(frames.list[2].is_place && !frames.list[2].is_done);
	assert_true(frames.list[2].shown.has_line);
	event_frames__fini(&frames);
}

/* Cut anywhere, or with a number that no frame has: there are none. */
static void test_event_frames_hostile(void **state)
{
	unsigned char bytes[sizeof(STACKS)];
	struct event_frames frames;

	(void)state;
	for (size_t len = 0; len < sizeof(STACKS); len++) {
		unsigned char *copy = malloc(len + 1);

		assert_non_null(copy);
		memcpy(copy, STACKS, len);
		frames = parse(copy, len);
		assert_int_equal(frames.cnt, 0);
		free(copy);
	}
	memcpy(bytes, STACKS, sizeof(bytes));
	bytes[sizeof(bytes) - 1] = 3;
	frames = parse(bytes, sizeof(bytes));
	assert_int_equal(frames.cnt, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_event_frames_places),
		cmocka_unit_test(test_event_frames_hostile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
