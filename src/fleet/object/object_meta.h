/* SPDX-License-Identifier: MIT */
/*
 * What the Object Store knows of an object: one message on $O.BUCKET.M.BASE64URL(NAME), which replaces
 * the one before it (header Nats-Rollup: sub). It is JSON, here and elsewhere, and is checked as
 * all that others send.
 */
#ifndef TTLOG_OBJECT_META_H
#define TTLOG_OBJECT_META_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fleet_name.h"
#include "fleet_url.h"
#include "object_hash.h"

#define OBJECT_CHUNK_BYTES   (128u << 10)
#define OBJECT_DIGEST_BYTES  64 /* "SHA-256=" and 44 characters of base64url, with the zero */
#define OBJECT_NUID_BYTES    320
#define OBJECT_META_BYTES    8192 /* at most, of the JSON */
#define OBJECT_SUBJECT_BYTES (FLEET_URL_BUCKET_BYTES + FLEET_OBJECT_BYTES * 4 / 3 + 16)

struct object_meta {
	char name[FLEET_OBJECT_BYTES];
	char nuid[OBJECT_NUID_BYTES]; /* names its chunks: HOST.22 letters and digits */
	uint64_t size_bytes, chunk_cnt;
	char digest[OBJECT_DIGEST_BYTES];
	bool is_deleted;
};

/* A new one below the escaped name of a host: so an account can be bound to that host's chunks. */
void object_meta__new_nuid(char ret[OBJECT_NUID_BYTES], const char *host);
void object_meta__digest(char ret[OBJECT_DIGEST_BYTES],
			 const unsigned char hash[OBJECT_HASH_BYTES]);

void object_meta__subject(char ret[OBJECT_SUBJECT_BYTES], const char *bucket, const char *name);
void object_meta__chunk_subject(char ret[OBJECT_SUBJECT_BYTES], const char *bucket,
				const char *nuid);

/* The JSON, which the caller frees; NULL: no memory. */
char *object_meta__encode(const struct object_meta *meta, const char *bucket, uint64_t now_ns);
/* 0; -EBADMSG: it is none, or none that is safe to use. */
int object_meta__decode(struct object_meta *ret, const char *json, size_t len);

#endif /* TTLOG_OBJECT_META_H */
