/* SPDX-License-Identifier: MIT */
/*
 * What goes over the control socket (SOCK_SEQPACKET): one request; then any number of packets of
 * text and one with the verdict. Both ends are of one machine, but maybe not of one version.
 */
#ifndef TTLOG_CONTROL_WIRE_H
#define TTLOG_CONTROL_WIRE_H

#include <stddef.h>
#include <stdint.h>

#define CONTROL_WIRE_MAGIC      0x434c5454u /* "TTLC" */
#define CONTROL_WIRE_VERSION    1u
#define CONTROL_WIRE_TEXT_BYTES 16384u

#define CONTROL_NAME_PREFIX "control-"
#define CONTROL_NAME_SUFFIX ".sock"

struct control_wire_request {
	uint32_t magic;
	uint32_t version;
	uint32_t pid;
	char reason[68]; /* zero-terminated within its first 65 bytes */
};

_Static_assert(sizeof(struct control_wire_request) == 80, "a request has 80 bytes");
_Static_assert(offsetof(struct control_wire_request, reason) == 12, "the reason is at 12");

/* The first byte of each packet of a reply. They only grow. */
enum control_wire_kind {
	CONTROL_WIRE_TEXT = 't',   /* whole or part of lines follow */
	CONTROL_WIRE_DONE = 'd',   /* a snapshot was made; nothing follows */
	CONTROL_WIRE_FAILED = 'f', /* none was made; nothing follows */
};

#endif /* TTLOG_CONTROL_WIRE_H */
