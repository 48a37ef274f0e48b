/* SPDX-License-Identifier: MIT */
/* What becomes of requests on the control socket (control.h). The main thread's. */
#ifndef TTLOG_RECEPTION_H
#define TTLOG_RECEPTION_H

#include <stdbool.h>

struct control;
struct live;
struct trigger_request;

struct reception {
	/* Gets wishes for snapshots, and takes ownership. */
	void (*request)(void *ctx, struct trigger_request *wish);
	void *ctx;
	struct live *live; /* gets those who want to follow */
	bool requests_off; /* for snapshots, by --on */
};

/* All that have come. */
void reception__receive(struct control *control, const struct reception *reception);

#endif /* TTLOG_RECEPTION_H */
