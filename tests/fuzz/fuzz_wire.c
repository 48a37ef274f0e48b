/* SPDX-License-Identifier: MIT */
/*
 * One packet of the control socket, of any length, as both ends read it: what is accepted lies
 * within the packet, and its filter is parsed, or refused with a reason.
 */
#include <errno.h>
#include <string.h>

#include "control_wire.h"
#include "fuzz.h"
#include "record_filter.h"

/* Each text ends within the packet. */
static void check_command(const struct control_wire_parsed *parsed, const char *bytes,
			  const char *end)
{
	FUZZ_CHECK(parsed->pid <= INT32_MAX);
	for (size_t i = 0; i < CONTROL_TEXT_CNT; i++) {
		const char *text = parsed->texts[i];

		FUZZ_CHECK(text);
		FUZZ_CHECK(!*text || (text > bytes && text + strlen(text) < end));
	}
	FUZZ_CHECK(!parsed->argument_bytes ||
		   parsed->texts[CONTROL_TEXT_ARGUMENT] + parsed->argument_bytes == end);
}

static void check_request(const uint8_t *data, size_t size)
{
	const char *bytes = (const char *)data;
	struct control_wire_parsed parsed;
	struct record_filter *filter;
	char why[EXPR_ERROR_PRINT_BYTES] = "";
	int err = control_wire__parse(data, size, &parsed);

	FUZZ_CHECK(!err || err == -EBADMSG);
	if (err)
		return;
	if (parsed.kind == CONTROL_REQUEST_SNAPSHOT) {
		size_t len = strlen(parsed.reason);

		FUZZ_CHECK(len && len < CONTROL_REASON_BYTES);
		FUZZ_CHECK(parsed.reason >= bytes && parsed.reason + len < bytes + size);
		FUZZ_CHECK(parsed.pid <= INT32_MAX);
		return;
	}
	if (parsed.kind == CONTROL_REQUEST_COMMAND) {
		check_command(&parsed, bytes, bytes + size);
		return;
	}
	FUZZ_CHECK(parsed.kind == CONTROL_REQUEST_FOLLOW && parsed.format);
	FUZZ_CHECK(parsed.filter + parsed.filter_bytes == bytes + size);
	FUZZ_CHECK(parsed.filter_bytes <= CONTROL_WIRE_FILTER_BYTES);
	errno = 0;
	filter = record_filter__new(parsed.filter, parsed.filter_bytes, 1, why, sizeof(why));
	FUZZ_CHECK(filter || (errno == EINVAL && *why));
	FUZZ_CHECK(!filter || record_filter__is_empty(filter) == !parsed.filter_bytes);
	record_filter__free(filter);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct control_wire_live live;
	int err;

	fuzz__begin();
	check_request(data, size);
	err = control_wire__parse_live(data, size, &live);
	FUZZ_CHECK(!err || err == -EBADMSG);
	FUZZ_CHECK(err || (size == sizeof(live) && !memcmp(&live, data, size)));
	fuzz__end();
	return 0;
}
