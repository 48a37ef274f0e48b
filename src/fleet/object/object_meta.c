/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "json_member.h"
#include "object_meta.h"
#include "rfc3339.h"

#define DIGEST_PREFIX "SHA-256="
#define NUID_LETTERS  22

void object_meta__new_nuid(char ret[OBJECT_NUID_BYTES], const char *host)
{
	static const char letters[] =
		"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
	char token[FLEET_NAME_BYTES], random[NUID_LETTERS + 1] = "";

	(void)fleet_name__escape(token, host);
	for (size_t i = 0; i < NUID_LETTERS; i++)
		random[i] = letters[randombytes_uniform(sizeof(letters) - 1)];
	(void)snprintf(ret, OBJECT_NUID_BYTES, "%s.%s", token, random);
}

void object_meta__digest(char ret[OBJECT_DIGEST_BYTES], const unsigned char hash[OBJECT_HASH_BYTES])
{
	(void)sodium_bin2base64(stpcpy(ret, DIGEST_PREFIX),
				OBJECT_DIGEST_BYTES - strlen(DIGEST_PREFIX), hash,
				OBJECT_HASH_BYTES, sodium_base64_VARIANT_URLSAFE);
}

void object_meta__subject(char ret[OBJECT_SUBJECT_BYTES], const char *bucket, const char *name)
{
	const int len = snprintf(ret, OBJECT_SUBJECT_BYTES, "$O.%s.M.", bucket);

	(void)sodium_bin2base64(ret + len, OBJECT_SUBJECT_BYTES - (size_t)len,
				(const unsigned char *)name, strlen(name),
				sodium_base64_VARIANT_URLSAFE);
}

void object_meta__chunk_subject(char ret[OBJECT_SUBJECT_BYTES], const char *bucket,
				const char *nuid)
{
	(void)snprintf(ret, OBJECT_SUBJECT_BYTES, "$O.%s.C.%s", bucket, nuid);
}

char *object_meta__encode(const struct object_meta *meta, const char *bucket, uint64_t now_ns)
{
	char time[RFC3339_BYTES + 1], *text;
	json_t *object;

	rfc3339__text(time, now_ns);
	object = json_pack("{s:s, s:s, s:s, s:I, s:I, s:s, s:s, s:{s:i}}", "name", meta->name,
			   "bucket", bucket, "nuid", meta->nuid, "size",
			   (json_int_t)meta->size_bytes, "chunks", (json_int_t)meta->chunk_cnt,
			   "digest", meta->digest, "mtime", time, "options", "max_chunk_size",
			   (int)OBJECT_CHUNK_BYTES);
	text = object ? json_dumps(object, JSON_COMPACT) : NULL;
	json_decref(object);
	return text;
}

static int copy_all(struct object_meta *meta, const json_t *object)
{
	int err = json_member__text(meta->name, sizeof(meta->name), object, "name");

	err = err ? err : json_member__text(meta->nuid, sizeof(meta->nuid), object, "nuid");
	err = err ? err : json_member__text(meta->digest, sizeof(meta->digest), object, "digest");
	err = err ? err : json_member__number(&meta->size_bytes, object, "size");
	err = err ? err : json_member__number(&meta->chunk_cnt, object, "chunks");
	meta->is_deleted = json_is_true(json_object_get(object, "deleted"));
	return err;
}

/* A name is a key of messages, and a nuid becomes a subject: no wildcards. */
static bool is_safe(const struct object_meta *meta)
{
	if (!meta->name[0])
		return false;
	return meta->is_deleted ||
	       (fleet_name__is_tokens(meta->nuid) && !meta->size_bytes == !meta->chunk_cnt);
}

int object_meta__decode(struct object_meta *ret, const char *json, size_t len)
{
	struct object_meta meta = { .size_bytes = 0 };
	json_t *object = len <= OBJECT_META_BYTES ? json_loadb(json, len, 0, NULL) : NULL;
	int err = json_is_object(object) ? copy_all(&meta, object) : -EBADMSG;

	if (!err && !is_safe(&meta))
		err = -EBADMSG;
	json_decref(object);
	if (!err)
		*ret = meta;
	return err;
}
