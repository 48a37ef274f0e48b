/* SPDX-License-Identifier: MIT */
/*
 * A message of the index, on ttlog.index.BUCKET.HOST.SERVICE.REASON.ID:
 *	{"object":"HOST/SERVICE/FILE","digest":"SHA-256=...","size":N,"info":{what --info says}}
 * ID is the SHA-256 of the file in hexadecimal digits. So what is sent twice is there once.
 */
#ifndef TTLOG_INDEX_MESSAGE_H
#define TTLOG_INDEX_MESSAGE_H

#include <stddef.h>
#include <stdint.h>

#include "fleet_name.h"
#include "fleet_url.h"

#define INDEX_SUBJECT_BYTES (FLEET_URL_BUCKET_BYTES + 3 * FLEET_NAME_BYTES + 96)
/* Of a message; servers take 1 MiB unless they are told otherwise. */
#define INDEX_MESSAGE_BYTES (768u << 10)

struct index_message {
	const char *bucket, *host, *service, *reason; /* not escaped */
	const char *object, *digest;
	uint64_t size_bytes;
	const char *info; /* an object of JSON */
};

/* -EINVAL: the digest is none. */
int index_message__subject(char ret[INDEX_SUBJECT_BYTES], const struct index_message *message);

/* The payload, which the caller frees. If it were longer than INDEX_MESSAGE_BYTES, it has of info only
 * keys that are short. NULL with errno: EINVAL: info is no object; ENOMEM. */
char *index_message__encode(const struct index_message *message);

#endif /* TTLOG_INDEX_MESSAGE_H */
