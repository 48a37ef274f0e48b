/* SPDX-License-Identifier: MIT */
/*
 * Posts the events of a file to a receiver of OTLP, request by request, as ttlog-view writes them. The memory that it takes does
 * not grow with the file: a request at a time.
 */
#ifndef TTLOG_OTLP_SENDER_H
#define TTLOG_OTLP_SENDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backoff.h"
#include "fleet_error.h"
#include "http.h"
#include "info_helper.h"
#include "otlp_headers.h"
#include "otlp_url.h"

/* What the destination does for it. */
struct otlp_hooks {
	/* Before so many bytes go: 0; else the rest of the file goes later. */
	int (*before_request)(void *ctx, size_t bytes);
	/* So many requests of the file were taken, since its beginning. */
	void (*taken)(void *ctx, uint64_t requests);
	/* Until then (CLOCK_MONOTONIC) nothing is sent; true: the program ends. */
	bool (*rest)(void *ctx, uint64_t until_ns);
	/* So many records of a request that it took. */
	void (*rejected)(void *ctx, uint64_t records);
	/* A line for the user; a trouble that may last. */
	void (*say)(void *ctx, const char *text);
	void (*say_trouble)(void *ctx, const struct fleet_error *error);
};

struct otlp_sender {
	/* set by the caller */
	const struct otlp_url *url;
	const struct otlp_headers *headers;
	struct http *http;
	struct info_helper *helper;
	const struct otlp_hooks *hooks;
	void *ctx;

	/* what was found out */
	bool is_deaf[OTLP_SIGNAL_CNT]; /* the receiver has no such path */
	struct backoff backoff;
};

/* Whether the receiver answers, and lets this client in: it takes a request without records (OTLP's text). 0, or
 * -errno and a line. */
int otlp_sender__try(struct otlp_sender *sender, struct fleet_error *error);

/* done: so many requests were taken earlier, which are not sent again. 0: all was taken; -ENOMSG: the file is given up, and error says why;
 * -EBADF: it can't be read now; -ECANCELED: as a hook has said; else what failed at the receiver. */
int otlp_sender__send(struct otlp_sender *sender, const char *name, uint64_t done,
		      struct fleet_error *error);

#endif /* TTLOG_OTLP_SENDER_H */
