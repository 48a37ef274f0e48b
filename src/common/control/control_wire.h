/* SPDX-License-Identifier: MIT */
/*
 * The packets on the control socket (SOCK_SEQPACKET). Both ends are on one machine, but may have
 * different versions, and a peer may send anything: control_wire.c checks every byte.
 *
 * A command of ttlog-ctl is one packet. The reply is any number of packets of text, which together
 * are one JSON object or lines of errors, and one with the verdict.
 *
 * A request for a snapshot is one packet. The reply is any number of packets of text, and one with
 * the verdict.
 *
 * A request to follow events is one packet. The reply is a refusal, as above, or
 * CONTROL_WIRE_FOLLOWED and then live chunks. A live chunk is a packet with a descriptor
 * (SCM_RIGHTS) of a sealed file in memory, which is a snapshot of FORMAT.md: a header, one chunk,
 * the end. The client answers each with one byte when it is done with it. At most
 * CONTROL_WIRE_WINDOW may be unanswered.
 */
#ifndef TTLOG_CONTROL_WIRE_H
#define TTLOG_CONTROL_WIRE_H

#include <stddef.h>
#include <stdint.h>

#include "expr.h"
#include "format.h"

#define CONTROL_WIRE_MAGIC      0x434c5454u /* "TTLC" */
#define CONTROL_WIRE_VERSION    1u
#define CONTROL_WIRE_TEXT_BYTES 16384u

#define CONTROL_REASON_BYTES 65

/* Lines of a reply that begin with this are for stderr; all others are paths of snapshots. */
#define CONTROL_ERROR "error: "

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

#define CONTROL_WIRE_FOLLOW_MAGIC 0x464c5454u /* "TTLF" */
#define CONTROL_WIRE_FILTER_BYTES EXPR_MAX_BYTES
#define CONTROL_WIRE_FORMAT       FORMAT_NUMBER

struct control_wire_follow {
	uint32_t magic;
	uint32_t version;
	uint32_t format;       /* the newest format (FORMAT.md) that the client reads */
	uint32_t filter_bytes; /* after this: expressions (expr.h), each zero-terminated */
};

_Static_assert(sizeof(struct control_wire_follow) == 16, "what stands before the filter");

#define CONTROL_WIRE_FOLLOW_BYTES (sizeof(struct control_wire_follow) + CONTROL_WIRE_FILTER_BYTES)

#define CONTROL_WIRE_COMMAND_MAGIC 0x4b4c5454u /* "TTLK" */
#define CONTROL_WIRE_TEXTS_BYTES   EXPR_MAX_BYTES

/* Numbers of commands are only added. */
enum control_command {
	CONTROL_COMMAND_STATUS = 1,
	CONTROL_COMMAND_LIST = 2,
	CONTROL_COMMAND_LEVEL = 3,
	CONTROL_COMMAND_FILTER = 4,
	CONTROL_COMMAND_RELOAD = 5,
};

struct control_wire_command {
	uint32_t magic;
	uint32_t version;
	uint32_t command;    /* enum control_command */
	uint32_t pid;        /* of the selector; 0: any */
	uint64_t for_ns;     /* CONTROL_COMMAND_LEVEL: until it comes back; 0: it stays */
	uint32_t reserved;   /* 0 */
	uint32_t text_bytes; /* after this: texts, each zero-terminated */
};

_Static_assert(sizeof(struct control_wire_command) == 32, "what stands before the texts");

/* The texts of a command, in this order; those at the end may be left out. The last one may come
 * more than once: expressions of CONTROL_COMMAND_FILTER. */
enum control_command_text {
	CONTROL_TEXT_SERVICE, /* globs of the selector; "": any */
	CONTROL_TEXT_TARGET,
	CONTROL_TEXT_ARGUMENT,
	CONTROL_TEXT_CNT,
};

#define CONTROL_WIRE_MAX_BYTES (sizeof(struct control_wire_command) + CONTROL_WIRE_TEXTS_BYTES)

/* The first byte of each packet of a reply. New ones are only added. */
enum control_wire_kind {
	CONTROL_WIRE_TEXT = 't',   /* whole or part of lines follow */
	CONTROL_WIRE_DONE = 'd',   /* a snapshot was made, a command done; nothing follows */
	CONTROL_WIRE_FAILED = 'f', /* none was made, or nothing can be followed; nothing follows */
	CONTROL_WIRE_USAGE = 'u',  /* a command makes no sense; nothing follows */

	/* These are a struct control_wire_live. */
	CONTROL_WIRE_FOLLOWED = 'o', /* from now on, all missed events are counted */
	CONTROL_WIRE_CHUNK = 'p',
	CONTROL_WIRE_COUNTS = 'n', /* of events in no live chunk; the end of a round */
	CONTROL_WIRE_END = 'e',    /* the collector ends; nothing follows */
};

/* The most live chunks that the client has not answered. */
#define CONTROL_WIRE_WINDOW 16u

struct control_wire_live {
	uint8_t kind;
	uint8_t reserved[7];
	uint64_t events;  /* in the live chunk */
	uint64_t dropped; /* ever: events that matched while the window was full */
	uint64_t missed;  /* ever: all events that were overwritten before they could be read */
};

_Static_assert(sizeof(struct control_wire_live) == 32, "a live packet has 32 bytes");

enum control_request_kind {
	CONTROL_REQUEST_SNAPSHOT,
	CONTROL_REQUEST_FOLLOW,
	CONTROL_REQUEST_COMMAND,
};

/* A request that has been checked. */
struct control_wire_parsed {
	enum control_request_kind kind;
	uint32_t pid;       /* of a snapshot or a command; 0: every process */
	const char *reason; /* of a snapshot; points into the bytes; 1 to 64 bytes */
	uint32_t format;
	const char *filter; /* points into the bytes; zero-terminated unless filter_bytes is 0 */
	size_t filter_bytes;
	enum control_command command;
	uint64_t for_ns;
	/* of a command; point into the bytes */
	const char *texts[CONTROL_TEXT_CNT]; /* never NULL */
	size_t argument_bytes;               /* of all arguments, with their zeros; 0: none */
};

/* A whole packet, from any peer. 0, or -EBADMSG: it is not a request. */
int control_wire__parse(const void *bytes, size_t len, struct control_wire_parsed *ret);
/* The same for the other direction. */
int control_wire__parse_live(const void *bytes, size_t len, struct control_wire_live *ret);

#endif /* TTLOG_CONTROL_WIRE_H */
