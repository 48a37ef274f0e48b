/* SPDX-License-Identifier: MIT */
/* Converts bytes to requests and back, without socket, memory or state. */
#include <errno.h>
#include <string.h>

#include "control_wire.h"

static int parse_snapshot(const void *bytes, size_t len, struct control_wire_parsed *ret)
{
	const char *reason = (const char *)bytes + offsetof(struct control_wire_request, reason);
	struct control_wire_request wire;
	size_t reason_len;

	if (len != sizeof(wire))
		return -EBADMSG;
	memcpy(&wire, bytes, sizeof(wire));
	reason_len = strnlen(wire.reason, CONTROL_REASON_BYTES);
	if (wire.version != CONTROL_WIRE_VERSION || wire.pid > INT32_MAX || !reason_len ||
	    reason_len == CONTROL_REASON_BYTES)
		return -EBADMSG;
	*ret = (struct control_wire_parsed){
		.kind = CONTROL_REQUEST_SNAPSHOT,
		.pid = wire.pid,
		.reason = reason,
	};
	return 0;
}

static int parse_follow(const void *bytes, size_t len, struct control_wire_parsed *ret)
{
	const char *filter = (const char *)bytes + sizeof(struct control_wire_follow);
	struct control_wire_follow wire;

	if (len < sizeof(wire) || len > CONTROL_WIRE_FOLLOW_BYTES)
		return -EBADMSG;
	memcpy(&wire, bytes, sizeof(wire));
	if (wire.version != CONTROL_WIRE_VERSION || !wire.format ||
	    wire.filter_bytes != len - sizeof(wire) ||
	    (wire.filter_bytes && filter[wire.filter_bytes - 1]))
		return -EBADMSG;
	*ret = (struct control_wire_parsed){
		.kind = CONTROL_REQUEST_FOLLOW,
		.format = wire.format,
		.filter = filter,
		.filter_bytes = wire.filter_bytes,
	};
	return 0;
}

/* The first texts one by one; the arguments are what is left. */
static void split_texts(const char *texts, size_t bytes, struct control_wire_parsed *parsed)
{
	const char *at = texts, *end = texts + bytes;

	for (size_t i = 0; i < CONTROL_TEXT_CNT; i++) {
		parsed->texts[i] = at < end ? at : "";
		if (i == CONTROL_TEXT_ARGUMENT)
			parsed->argument_bytes = (size_t)(end - at);
		else if (at < end)
			at += strlen(at) + 1;
	}
}

static int parse_command(const void *bytes, size_t len, struct control_wire_parsed *ret)
{
	const char *texts = (const char *)bytes + sizeof(struct control_wire_command);
	struct control_wire_command wire;

	if (len < sizeof(wire) || len > CONTROL_WIRE_MAX_BYTES)
		return -EBADMSG;
	memcpy(&wire, bytes, sizeof(wire));
	if (wire.version != CONTROL_WIRE_VERSION || wire.pid > INT32_MAX ||
	    wire.text_bytes != len - sizeof(wire) ||
	    (wire.text_bytes && texts[wire.text_bytes - 1]))
		return -EBADMSG;
	*ret = (struct control_wire_parsed){
		.kind = CONTROL_REQUEST_COMMAND,
		.pid = wire.pid,
		.command = (enum control_command)wire.command,
		.for_ns = wire.for_ns,
	};
	split_texts(texts, wire.text_bytes, ret);
	return 0;
}

int control_wire__parse(const void *bytes, size_t len, struct control_wire_parsed *ret)
{
	uint32_t magic;

	if (len < sizeof(magic))
		return -EBADMSG;
	memcpy(&magic, bytes, sizeof(magic));
	if (magic == CONTROL_WIRE_MAGIC)
		return parse_snapshot(bytes, len, ret);
	if (magic == CONTROL_WIRE_FOLLOW_MAGIC)
		return parse_follow(bytes, len, ret);
	if (magic == CONTROL_WIRE_COMMAND_MAGIC)
		return parse_command(bytes, len, ret);
	return -EBADMSG;
}

int control_wire__parse_live(const void *bytes, size_t len, struct control_wire_live *ret)
{
	if (len != sizeof(*ret))
		return -EBADMSG;
	memcpy(ret, bytes, sizeof(*ret));
	switch (ret->kind) {
	case CONTROL_WIRE_FOLLOWED:
	case CONTROL_WIRE_CHUNK:
	case CONTROL_WIRE_COUNTS:
	case CONTROL_WIRE_END:
		return 0;
	default:
		return -EBADMSG;
	}
}
