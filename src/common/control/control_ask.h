/* SPDX-License-Identifier: MIT */
/*
 * One request to all collectors that this user can reach: those of the user, and root's. All are asked
 * first, so they work at the same time.
 */
#ifndef TTLOG_CONTROL_ASK_H
#define TTLOG_CONTROL_ASK_H

#include <limits.h>
#include <stddef.h>
#include <stdint.h>

#include "control_dial.h"
#include "control_wire.h"

/* Where collectors listen. */
struct control_places {
	char own[PATH_MAX]; /* "": there is none, for own_err */
	int own_err;
};

/* Makes the user's own directory, if it is not there. */
void control_places__find(struct control_places *ret);

struct control_told {
	char name[CONTROL_DIAL_NAME_BYTES]; /* of the collector's socket */
	int fd;
	int verdict; /* CONTROL_WIRE_DONE, _FAILED, _USAGE, or -errno */
	char *text;  /* never NULL */
};

struct control_ask {
	const struct control_places *places;
	const void *request;
	size_t request_len;
	unsigned int timeout_ms; /* for all */
	size_t most_bytes;       /* of all texts together, at most CONTROL_REPLY_MAX_BYTES each */

	size_t cnt;
	struct control_told told[2 * CONTROL_DIAL_MAX];
};

/* 0: at least one was asked; -ENOENT: none is running; else -errno: they can't be looked for. After
 * all of these, control_ask__fini(). */
int control_ask__all(struct control_ask *ask);
void control_ask__fini(struct control_ask *ask);

struct control_command_texts {
	const char *service, *target;
	const char *argument; /* zero-terminated texts, of so many bytes; NULL: none */
	size_t argument_bytes;
};

/* A command as a packet. Its length; 0: the texts are too long. */
size_t control_ask__pack(char ret[CONTROL_WIRE_MAX_BYTES], enum control_command command,
			 uint32_t pid, uint64_t for_ns, const struct control_command_texts *texts);

#endif /* TTLOG_CONTROL_ASK_H */
