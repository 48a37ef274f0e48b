/* SPDX-License-Identifier: MIT */
/*
 * Writes a file as an object: its chunks, then the message that says what it is. Until that is there,
 * readers see the object that was there before, or none.
 *
 * A hole is never filled: after a failure the whole object is put again, under a new nuid.
 */
#ifndef TTLOG_OBJECT_PUT_H
#define TTLOG_OBJECT_PUT_H

#include "ack_window.h"
#include "bucket.h"
#include "object_meta.h"

/* Messages on their way: 4 MiB. */
#define OBJECT_PUT_WINDOW 32

struct object_put {
	const struct bucket *bucket;
	struct ack_window *window;
	/* Before each chunk, if it is not NULL: 0, or -errno, which ends the put. */
	int (*before_chunk)(void *ctx, size_t bytes);
	void *ctx;
};

/* meta has name and nuid; fills in the rest. fd: from its beginning. All is acknowledged by a quorum
 * when it returns 0. Else -errno as ack_window__publish(), of reading the file, or what before_chunk()
 * returned; then there may be chunks of this nuid. */
int object_put__file(const struct object_put *put, int fd, struct object_meta *meta,
		     struct fleet_error *error);

/* The same in two steps, neither of which waits for the last acknowledgements: the second one is for when
 * the window waits for none. */
int object_put__chunks(const struct object_put *put, int fd, struct object_meta *meta,
		       struct fleet_error *error);
int object_put__meta(const struct object_put *put, const struct object_meta *meta,
		     struct fleet_error *error);

#endif /* TTLOG_OBJECT_PUT_H */
