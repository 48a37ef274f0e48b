/* SPDX-License-Identifier: MIT */
/* Passes requests of the control socket (control.h) on. Main thread only. */
#ifndef TTLOG_DISPATCH_H
#define TTLOG_DISPATCH_H

#include <stdbool.h>

struct control;
struct control_request;
struct live;
struct trigger_request;

struct dispatch {
	/* Gets requests for snapshots, and takes ownership. */
	void (*request)(void *ctx, struct trigger_request *request);
	void *ctx;
	struct live *live; /* gets followers */
	bool requests_off; /* no snapshots by request (--on) */
	/* Gets commands that their client may give; answers by control__answer(), at once or later.
	 * Its texts are valid until it returns. */
	void (*command)(void *ctx, const struct control_request *request);
	void *command_ctx;
};

/* The requests that have come; not all if they are many. */
void dispatch__requests(struct control *control, const struct dispatch *dispatch);

#endif /* TTLOG_DISPATCH_H */
