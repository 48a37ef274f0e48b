/* SPDX-License-Identifier: MIT */
/*
 * Reads batches that threads of a running process have not flushed.
 *
 * The broker reads it (src/broker/process_memory.c); the process notices nothing. What is read is consistent if the
 * batch's sequence number is the same before and after: within one number, nothing below
 * `committed` changes.
 */
#ifndef TTLOG_PULL_H
#define TTLOG_PULL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "broker_wire.h"

struct ttlog_batch;
struct wire_batch;

/* Room that any batch fits into, for pull__batch(). */
#define PULL_BUFFER_BYTES BROKER_SHARED_BYTES

/* The caller's work while it waits, every few milliseconds. Its result is ignored. */
struct pull_meanwhile {
	bool (*act)(void *ctx);
	void *ctx;
};

/*
 * Reads len bytes at address, from any thread. 0; -ESRCH: the process is gone; -EFAULT; -EPERM;
 * -ETIMEDOUT: the process makes readers wait; after a quarter of a second, or at once while another
 * reader waits. meanwhile may be NULL.
 */
int pull__memory(pid_t pid, uint64_t address, void *ret, size_t len,
		 const struct pull_meanwhile *meanwhile);

/*
 * The batch at address, as if it had been flushed, with head.bytes set and all else in head zero.
 * ret has PULL_BUFFER_BYTES. -EAGAIN: its thread was faster each time; -EBADMSG: there is no batch;
 * otherwise as pull__memory.
 */
int pull__batch(pid_t pid, uint64_t address, struct wire_batch *ret,
		const struct pull_meanwhile *meanwhile);

#define PULL_MAX_CNT 256u

/*
 * Reads cnt batches (at most PULL_MAX_CNT), as many as there is room for, one after another, in one
 * request: a request costs far more than the reading. A batch that can't be read has head.bytes 0,
 * and nothing after its struct. Returns how many of the first it read, at least 1, or -ESRCH,
 * -EPERM, -ETIMEDOUT.
 */
ssize_t pull__batches(pid_t pid, const uint64_t *addresses, size_t cnt, struct wire_batch *ret,
		      const struct pull_meanwhile *meanwhile);
/* The batch after that one, with the same alignment. */
struct wire_batch *pull__next(struct wire_batch *batch);

/* Reads only their heads; zeroes for what is no batch. Returns how many of the first could be read, or -errno. */
ssize_t pull__heads(pid_t pid, const uint64_t *addresses, size_t cnt, struct ttlog_batch *ret,
		    const struct pull_meanwhile *meanwhile);

#endif /* TTLOG_PULL_H */
