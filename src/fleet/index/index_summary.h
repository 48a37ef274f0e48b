/* SPDX-License-Identifier: MIT */
/*
 * What a list shows of a file. It is a header of the message, too: so a list of many files does not read
 * their frames, threads and registers.
 *	{"object":"HOST/SERVICE/FILE","size":N,"created_at":"..","pid":N,"signal":"SIGSEGV","frame":"..","signature":".."}
 */
#ifndef TTLOG_INDEX_SUMMARY_H
#define TTLOG_INDEX_SUMMARY_H

#include <stddef.h>
#include <stdint.h>

#include "fleet_name.h"

#define INDEX_SUMMARY_HEADER  "Ttlog-Summary"
#define INDEX_SUMMARY_BYTES   4096 /* at most, of the JSON */
#define INDEX_SIGNAL_BYTES    32
#define INDEX_FRAME_BYTES     256
#define INDEX_SIGNATURE_BYTES 40

/* Texts are UTF-8 without a zero in it, and else anything that a host says. "" and 0: not known. */
struct index_summary {
	char object[FLEET_OBJECT_BYTES];
	uint64_t size_bytes, created_ns, pid;
	char signal[INDEX_SIGNAL_BYTES];
	char frame[INDEX_FRAME_BYTES]; /* the first of the program's own */
	char signature[INDEX_SIGNATURE_BYTES];
};

/* Of a message (index_message.h), JSON in ASCII, which the caller frees. NULL with errno: EINVAL: it is
 * none; EMSGSIZE; ENOMEM. */
char *index_summary__of_message(const char *json, size_t len);
/* -EBADMSG: it is none. */
int index_summary__decode(struct index_summary *ret, const char *json, size_t len);

#endif /* TTLOG_INDEX_SUMMARY_H */
