/* SPDX-License-Identifier: MIT */
/*
 * What is asked of one host:
 *	{"version":1,"command":"level","argument":"debug","pid":N,"service":GLOB,"target":GLOB,
 *	 "for_ns":N,"wait_ns":N}
 * All but the first two may be missing. Anything else in it makes it no request: what a host does not
 * understand it does not do by half.
 */
#ifndef TTLOG_ASK_REQUEST_H
#define TTLOG_ASK_REQUEST_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "fleet_error.h"

#define ASK_VERSION            1
#define ASK_REQUEST_MOST_BYTES 8192
#define ASK_LONGEST_WAIT_NS    UINT64_C(60000000000) /* for collectors */

enum ask_command {
	ASK_STATUS,
	ASK_LIST,
	ASK_TRIGGER,
	ASK_LEVEL,
	ASK_COMMAND_CNT,
};

struct ask_request {
	enum ask_command command;
	const char *argument;         /* a reason, a level; "": none */
	uint32_t pid;                 /* 0: all */
	const char *service, *target; /* globs; "": all */
	uint64_t for_ns;              /* of level */
	uint64_t wait_ns;             /* an answer that comes later is of no use; 0: the longest */
	json_t *json;                 /* NULL, or where the texts are */
};

const char *ask_command__name(enum ask_command command);
/* 0; -EINVAL: there is none of that name. */
int ask_command__find(enum ask_command *ret, const char *name, size_t len);

/* The caller frees it. NULL: no memory, or a text is no UTF-8. */
char *ask_request__encode(const struct ask_request *request);

/* Of anyone. 0, and the caller calls ask_request__fini(); -EINVAL with what is wrong, which may have
 * any bytes of the request. */
int ask_request__parse(struct ask_request *ret, const char *bytes, size_t len,
		       struct fleet_error *error);
void ask_request__fini(struct ask_request *request);

#endif /* TTLOG_ASK_REQUEST_H */
