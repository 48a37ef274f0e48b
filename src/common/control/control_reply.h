/* SPDX-License-Identifier: MIT */
/* Reads a collector's reply, for clients of the control socket. */
#ifndef TTLOG_CONTROL_REPLY_H
#define TTLOG_CONTROL_REPLY_H

#include <stddef.h>
#include <stdint.h>

/* Longer replies are refused in any case. */
#define CONTROL_REPLY_MAX_BYTES (16u << 20)

/*
 * Reads the whole reply, at most so many bytes, until the deadline (CLOCK_MONOTONIC). Returns the verdict: CONTROL_WIRE_DONE,
 * _FAILED or _USAGE; or -errno: -ETIMEDOUT; -EPIPE: it ended before; -EBADMSG; -EMSGSIZE. After all
 * of these *ret_text, which the caller frees, has what came; NULL: nothing.
 */
int control_reply__read(int fd, uint64_t deadline_ns, size_t most, char **ret_text);

/* What became of the collector: "did not answer in time". */
const char *control_reply__describe(int err);

#endif /* TTLOG_CONTROL_REPLY_H */
