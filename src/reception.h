/* SPDX-License-Identifier: MIT */
/* What becomes of requests on the control socket (control.h). The main thread's. */
#ifndef TTLOG_RECEPTION_H
#define TTLOG_RECEPTION_H

#include <stdbool.h>

struct control;
struct drain;
struct live;

struct reception {
	struct drain *drain; /* gets wishes for snapshots */
	struct live *live;   /* gets those who want to follow */
	bool requests_off;   /* for snapshots, by --on */
};

/* All that have come. */
void reception__receive(struct control *control, const struct reception *reception);

#endif /* TTLOG_RECEPTION_H */
