/* SPDX-License-Identifier: MIT */
/*
 * A message of bpf/sched.bpf.c as a batch with one record, which a process takes as any other.
 */
#ifndef TTLOG_SCHED_RECORDS_H
#define TTLOG_SCHED_RECORDS_H

#include <stddef.h>
#include <stdint.h>

#include "wire.h"

struct call_names;
struct sched_message;

/* More than any of its records takes. */
#define SCHED_RECORD_BYTES 256

struct sched_batch {
	struct wire_batch message;
	unsigned char record[SCHED_RECORD_BYTES];
};

_Static_assert(offsetof(struct sched_batch, record) == sizeof(struct wire_batch),
	       "the record follows its batch");

/* module: number of the site table. 0, or -EBADMSG: no site has this. */
int sched_records__make(const struct sched_message *message, uint32_t module,
			const struct call_names *names, struct sched_batch *ret);

#endif /* TTLOG_SCHED_RECORDS_H */
