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

/* Returns the length. */
static size_t make_command(char *packet, uint32_t pid, const char *texts, uint32_t bytes)
{
	const struct control_wire_command wire = {
		.magic = CONTROL_WIRE_COMMAND_MAGIC,
		.version = CONTROL_WIRE_VERSION,
		.command = CONTROL_COMMAND_LEVEL,
		.pid = pid,
		.for_ns = 30000000000,
		.text_bytes = bytes,
	};

	memcpy(packet, &wire, sizeof(wire));
	if (bytes)
		memcpy(packet + sizeof(wire), texts, bytes);
	return sizeof(wire) + bytes;
}

static void test_control_wire_parses_commands(void **state)
{
	static const char texts[] = "api\0net.*\0a\0b";
	struct control_wire_parsed parsed;
	char packet[256];
	size_t len;

	(void)state;
	len = make_command(packet, 7, texts, sizeof(texts));
	assert_int_equal(control_wire__parse(packet, len, &parsed), 0);
	assert_int_equal(parsed.kind, CONTROL_REQUEST_COMMAND);
	assert_int_equal(parsed.command, CONTROL_COMMAND_LEVEL);
	assert_int_equal(parsed.pid, 7);
	assert_int_equal(parsed.for_ns, 30000000000);
	assert_string_equal(parsed.texts[CONTROL_TEXT_SERVICE], "api");
	assert_string_equal(parsed.texts[CONTROL_TEXT_TARGET], "net.*");
	assert_int_equal(parsed.argument_bytes, 4);
	assert_memory_equal(parsed.texts[CONTROL_TEXT_ARGUMENT], "a\0b", 4);
	for (size_t cut = 0; cut < len; cut++)
		assert_int_equal(control_wire__parse(packet, cut, &parsed), -EBADMSG);
}

static void test_control_wire_takes_commands_with_fewer_texts(void **state)
{
	struct control_wire_parsed parsed;
	char packet[256];

	(void)state;
	assert_int_equal(control_wire__parse(packet, make_command(packet, 0, "", 0), &parsed), 0);
	for (size_t i = 0; i < CONTROL_TEXT_CNT; i++)
		assert_string_equal(parsed.texts[i], "");
	assert_int_equal(parsed.argument_bytes, 0);
	assert_int_equal(control_wire__parse(packet, make_command(packet, 0, "api", 4), &parsed),
			 0);
	assert_string_equal(parsed.texts[CONTROL_TEXT_SERVICE], "api");
	assert_string_equal(parsed.texts[CONTROL_TEXT_TARGET], "");
}

static void test_control_wire_refuses_bad_commands(void **state)
{
	char *packet = malloc(CONTROL_WIRE_MAX_BYTES + 1);
	char *texts = calloc(1, CONTROL_WIRE_TEXTS_BYTES + 1);
	struct control_wire_parsed parsed;
	size_t len;

	(void)state;
	assert_non_null(packet);
	assert_non_null(texts);
	/* no zero at the end; a pid that is none; longer than any may be */
	len = make_command(packet, 0, "api", 3);
	assert_int_equal(control_wire__parse(packet, len, &parsed), -EBADMSG);
	len = make_command(packet, UINT32_MAX, "api", 4);
	assert_int_equal(control_wire__parse(packet, len, &parsed), -EBADMSG);
	memset(texts, 'x', CONTROL_WIRE_TEXTS_BYTES - 1);
	len = make_command(packet, 0, texts, CONTROL_WIRE_TEXTS_BYTES);
	assert_int_equal(control_wire__parse(packet, len, &parsed), 0);
	len = make_command(packet, 0, texts, CONTROL_WIRE_TEXTS_BYTES + 1);
	assert_int_equal(control_wire__parse(packet, len, &parsed), -EBADMSG);
	free(packet);
	free(texts);
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
		cmocka_unit_test(test_control_wire_parses_commands),
		cmocka_unit_test(test_control_wire_takes_commands_with_fewer_texts),
		cmocka_unit_test(test_control_wire_refuses_bad_commands),
		cmocka_unit_test(test_control_wire_parses_live_packets),
	};

	return cmocka_run_group_tests_name("control_wire", tests, NULL, NULL);
}
