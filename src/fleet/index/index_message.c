/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "hex.h"
#include "index_message.h"

#define DIGEST_PREFIX "SHA-256="

static int id_of(char ret[2 * crypto_hash_sha256_BYTES + 1], const char *digest)
{
	unsigned char hash[crypto_hash_sha256_BYTES];
	size_t len;

	if (strncmp(digest, DIGEST_PREFIX, strlen(DIGEST_PREFIX)) != 0)
		return -EINVAL;
	digest += strlen(DIGEST_PREFIX);
	if (sodium_base642bin(hash, sizeof(hash), digest, strlen(digest), NULL, &len, NULL,
			      sodium_base64_VARIANT_URLSAFE) ||
	    len != sizeof(hash))
		return -EINVAL;
	*hex__bytes(ret, hash, sizeof(hash)) = '\0';
	return 0;
}

int index_message__subject(char ret[INDEX_SUBJECT_BYTES], const struct index_message *message)
{
	char host[FLEET_NAME_BYTES], service[FLEET_NAME_BYTES], reason[FLEET_NAME_BYTES];
	char id[2 * crypto_hash_sha256_BYTES + 1];

	if (id_of(id, message->digest))
		return -EINVAL;
	(void)fleet_name__escape(host, message->host);
	(void)fleet_name__escape(service, message->service);
	(void)fleet_name__escape(reason, message->reason);
	(void)snprintf(ret, INDEX_SUBJECT_BYTES, "ttlog.index.%s.%s.%s.%s.%s", message->bucket,
		       host, service, reason, id);
	return 0;
}

/* What a list of crashes needs; threads and frames may be any number. */
static json_t *shorten(json_t *info)
{
	static const char *const keys[] = {
		"format",   "service",   "host",       "kernel",     "pid",         "comm",
		"exe",      "build_id",  "reason",     "events",     "emitted",     "recorded",
		"first_ts", "last_ts",   "created_at", "cgroup",     "unit",        "container",
		"boot_id",  "signature", "exit",       "start_time", "overwritten",
	};
	json_t *kept = json_object();

	for (size_t i = 0; kept && i < ARRAY_SIZE(keys); i++) {
		json_t *value = json_object_get(info, keys[i]);

		if (value)
			(void)json_object_set(kept, keys[i], value);
	}
	return kept;
}

/* Takes ownership of info. */
static char *pack(const struct index_message *message, json_t *info)
{
	json_t *all = info ? json_pack("{s:s, s:s, s:I, s:o}", "object", message->object, "digest",
				       message->digest, "size", (json_int_t)message->size_bytes,
				       "info", info)
			   : NULL;
	char *text = all ? json_dumps(all, JSON_COMPACT) : NULL;

	json_decref(all);
	return text;
}

char *index_message__encode(const struct index_message *message)
{
	json_t *info = json_loads(message->info, 0, NULL);
	char *text;

	if (!json_is_object(info)) {
		json_decref(info);
		errno = EINVAL;
		return NULL;
	}
	text = pack(message, json_incref(info));
	if (text && strlen(text) > INDEX_MESSAGE_BYTES) {
		free(text);
		text = pack(message, shorten(info));
	}
	json_decref(info);
	if (!text)
		errno = ENOMEM;
	return text;
}
