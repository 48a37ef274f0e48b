/* SPDX-License-Identifier: MIT */
/*
 * Batches that their threads have not flushed, read from a running process.
 *
 * Only reads (process_vm_readv); the process notices nothing. What is read is consistent where the
 * batch's sequence number is the same before and after: below `committed` nothing changes within
 * one number.
 */
#ifndef TTLOG_PULL_H
#define TTLOG_PULL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct ttlog_batch;
struct wire_batch;

/* Room that any batch fits into, for pull__batch(). */
#define PULL_BUFFER_BYTES (1u << 19)

/* What the caller has to do while it waits, every few milliseconds. What it returns is nothing to
 * who reads. */
struct pull_meanwhile {
	bool (*act)(void *ctx);
	void *ctx;
};

/*
 * Reads len bytes at address, from any thread. 0; -ESRCH where the process is gone; -EFAULT,
 * -EPERM;
 * -ETIMEDOUT after a quarter of a second, where it makes readers wait, and at once as long as one
 * does. meanwhile: NULL is fine.
 */
int pull__memory(pid_t pid, uint64_t address, void *ret, size_t len,
		 const struct pull_meanwhile *meanwhile);

/*
 * The batch at address, as if it had been flushed, with head.bytes set and all else in head zero.
 * ret has PULL_BUFFER_BYTES. -EAGAIN where its thread was faster each time; -EBADMSG where there
 * is no batch; otherwise as pull__memory.
 */
int pull__batch(pid_t pid, uint64_t address, struct wire_batch *ret,
		const struct pull_meanwhile *meanwhile);

#define PULL_MAX_CNT 256u

/*
 * Of so many batches (at most PULL_MAX_CNT), as many as there is room for, one behind the other, in
 * one go: to ask for each alone costs far more than to read it. One that can't be read has
 * head.bytes 0 and nothing behind its struct. How many of the first these are, 1 at least, or
 * -ESRCH, -EPERM, -ETIMEDOUT.
 */
ssize_t pull__batches(pid_t pid, const uint64_t *addresses, size_t cnt, struct wire_batch *ret,
		      const struct pull_meanwhile *meanwhile);
/* The one behind that, aligned as it is. */
struct wire_batch *pull__next(struct wire_batch *batch);

/* Only their heads. How many of the first of them could be read, or -errno. */
ssize_t pull__heads(pid_t pid, const uint64_t *addresses, size_t cnt, struct ttlog_batch *ret,
		    const struct pull_meanwhile *meanwhile);

#endif /* TTLOG_PULL_H */
