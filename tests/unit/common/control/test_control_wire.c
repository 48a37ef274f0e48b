/* SPDX-License-Identifier: MIT */
/* Packets of the control socket: which bytes are a valid packet, and that no length is trusted. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include "make_follow.h"

#include <cmocka.h>

static void test_control_wire_parses_who_follows(void **state)
{
	char *packet = malloc(CONTROL_WIRE_MAX_BYTES + 1);
	char *filter = calloc(1, CONTROL_WIRE_FILTER_BYTES + 1);
	struct control_wire_parsed parsed;
	size_t len;

	(void)state;
	assert_non_null(packet);
	assert_non_null(filter);
	len = make_follow(packet, 1, "", 0);
	assert_int_equal(control_wire__parse(packet, len, &parsed), 0);
	assert_int_equal(parsed.kind, CONTROL_REQUEST_FOLLOW);
	assert_int_equal(parsed.filter_bytes, 0);
	for (size_t cut = 0; cut < len; cut++)
		assert_int_equal(control_wire__parse(packet, cut, &parsed), -EBADMSG);
	assert_int_equal(control_wire__parse(packet, len + 1, &parsed), -EBADMSG);
	memset(filter, 'x', CONTROL_WIRE_FILTER_BYTES - 1);
	len = make_follow(packet, 1, filter, CONTROL_WIRE_FILTER_BYTES);
	assert_int_equal(control_wire__parse(packet, len, &parsed), 0);
	/* longer than any may be, without a zero at the end, of an unknown format */
	len = make_follow(packet, 1, filter, CONTROL_WIRE_FILTER_BYTES + 1);
	assert_int_equal(control_wire__parse(packet, len, &parsed), -EBADMSG);
	len = make_follow(packet, 1, "a=1", 3);
	assert_int_equal(control_wire__parse(packet, len, &parsed), -EBADMSG);
	len = make_follow(packet, 0, "", 0);
	assert_int_equal(control_wire__parse(packet, len, &parsed), -EBADMSG);
	free(packet);
	free(filter);
}

static void test_control_wire_parses_live_packets(void **state)
{
	struct control_wire_live live = { .events = 7 }, parsed;
	unsigned known = 0;

	(void)state;
	for (unsigned kind = 0; kind < 256; kind++) {
		live.kind = (uint8_t)kind;
		known += !control_wire__parse_live(&live, sizeof(live), &parsed);
	}
	assert_int_equal(known, 4);
	live.kind = CONTROL_WIRE_CHUNK;
	assert_int_equal(control_wire__parse_live(&live, sizeof(live) - 1, &parsed), -EBADMSG);
	assert_int_equal(control_wire__parse_live(&live, sizeof(live), &parsed), 0);
	assert_int_equal(parsed.events, 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_control_wire_parses_who_follows),
		cmocka_unit_test(test_control_wire_parses_live_packets),
	};

	return cmocka_run_group_tests_name("control_wire", tests, NULL, NULL);
}
