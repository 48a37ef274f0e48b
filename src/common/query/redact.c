/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "glob.h"
#include "redact.h"

void redact__fini(struct redact *redact)
{
	free(redact->globs);
	*redact = (struct redact){ 0 };
}

static int refuse(char *ret_why, size_t why_size, const char *why)
{
	(void)snprintf(ret_why, why_size, "%s", why);
	return -EINVAL;
}

static bool has(const struct redact *redact, const char *glob, size_t len)
{
	for (size_t i = 0; i < redact->cnt; i++) {
		if (strlen(redact->globs[i]) == len && !memcmp(redact->globs[i], glob, len))
			return true;
	}
	return false;
}

static int add(struct redact *redact, const char *glob, size_t len, char *ret_why, size_t why_size)
{
	if (!len)
		return refuse(ret_why, why_size, "a key is empty; it takes KEY[,KEY...]");
	if (len >= REDACT_GLOB_BYTES)
		return refuse(ret_why, why_size, "a key has at most 127 bytes");
	for (size_t i = 0; i < len; i++) {
		if ((unsigned char)glob[i] < 0x20)
			return refuse(ret_why, why_size, "a key has no control characters");
	}
	if (has(redact, glob, len))
		return 0;
	if (redact->cnt == REDACT_MAX)
		return refuse(ret_why, why_size,
			      "there can be 128 keys; use globs, such as *_token");
	if (array__reserve(redact->globs, redact->cnt + 1, &redact->capacity))
		return -ENOMEM;
	memcpy(redact->globs[redact->cnt], glob, len);
	redact->globs[redact->cnt++][len] = '\0';
	return 0;
}

int redact__add(struct redact *redact, const char *list, char *ret_why, size_t why_size)
{
	int err;

	for (;; list += strcspn(list, ",") + 1) {
		const size_t len = strcspn(list, ",");

		err = add(redact, list, len, ret_why, why_size);
		if (err || !list[len])
			return err;
	}
}

void redact__list(const struct redact *redact, char ret_list[REDACT_LIST_BYTES])
{
	char *at = ret_list;

	*at = '\0';
	for (size_t i = 0; i < redact->cnt; i++) {
		const size_t len = strlen(redact->globs[i]);

		if (i)
			*at++ = ',';
		memcpy(at, redact->globs[i], len + 1);
		at += len;
	}
}

bool redact__hides(const struct redact *redact, const char *key)
{
	for (size_t i = 0; i < redact->cnt; i++) {
		if (glob__match(ttlog_text_of(redact->globs[i]), ttlog_text_of(key)))
			return true;
	}
	return false;
}
