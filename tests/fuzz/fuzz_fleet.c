/* SPDX-License-Identifier: MIT */
/*
 * What hosts, users and servers of a fleet send as text. Input: one byte that says what the rest is.
 */
#include <stdlib.h>
#include <string.h>

#include "fleet_name.h"
#include "fleet_url.h"
#include "fuzz.h"
#include "object_meta.h"

static void fuzz_url(const char *text)
{
	struct fleet_url url;
	struct fleet_error error = { "" };

	for (unsigned int parts = 0; parts < 4; parts++) {
		if (fleet_url__parse(&url, text, parts, &error)) {
			FUZZ_CHECK(error.text[0]);
			continue;
		}
		FUZZ_CHECK(url.server_cnt > 0 && url.server_cnt <= FLEET_URL_MAX_SERVERS);
		for (size_t i = 0; i < url.server_cnt; i++)
			FUZZ_CHECK(url.servers[i].host[0] && url.servers[i].port);
		FUZZ_CHECK(!strpbrk(url.bucket, ".*> \r\n"));
		fleet_url__fini(&url);
	}
}

/* What comes back from one way of writing it is that way. */
static void fuzz_name(const char *text)
{
	char escaped[FLEET_NAME_BYTES], plain[FLEET_NAME_BYTES], again[FLEET_NAME_BYTES];
	struct fleet_object object;

	FUZZ_CHECK(fleet_name__escape(escaped, text) == strlen(escaped));
	FUZZ_CHECK(fleet_name__is_tokens(escaped) && !strchr(escaped, '.'));
	FUZZ_CHECK(!fleet_name__unescape(plain, escaped));
	FUZZ_CHECK(!strncmp(plain, text, strlen(plain)));
	if (!fleet_name__unescape(plain, text)) {
		(void)fleet_name__escape(again, plain);
		FUZZ_CHECK(!strcmp(again, text));
	}
	if (!fleet_name__split(&object, text)) {
		char name[FLEET_OBJECT_BYTES];

		if (!fleet_name__object(name, object.host, object.service, object.file))
			FUZZ_CHECK(!strcmp(name, text));
	}
}

static void fuzz_meta(const uint8_t *data, size_t size)
{
	char subject[OBJECT_SUBJECT_BYTES], *json;
	struct object_meta meta, again;

	if (object_meta__decode(&meta, (const char *)data, size))
		return;
	object_meta__subject(subject, "b", meta.name);
	FUZZ_CHECK(fleet_name__is_tokens(subject) || strpbrk(subject, "$="));
	FUZZ_CHECK(!strpbrk(subject, "*> \r\n"));
	object_meta__chunk_subject(subject, "b", meta.nuid);
	FUZZ_CHECK(meta.is_deleted || !strpbrk(subject, "*> \r\n"));
	json = object_meta__encode(&meta, "b", 0);
	FUZZ_CHECK(json);
	if (!meta.is_deleted && strlen(json) <= OBJECT_META_BYTES) {
		FUZZ_CHECK(!object_meta__decode(&again, json, strlen(json)));
		FUZZ_CHECK(!strcmp(again.name, meta.name) && !strcmp(again.nuid, meta.nuid));
		FUZZ_CHECK(again.size_bytes == meta.size_bytes);
	}
	free(json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text;

	if (!size)
		return 0;
	text = strndup((const char *)data + 1, size - 1);
	FUZZ_CHECK(text);
	if (data[0] == 'u')
		fuzz_url(text);
	else if (data[0] == 'n')
		fuzz_name(text);
	else
		fuzz_meta(data + 1, size - 1);
	free(text);
	return 0;
}
