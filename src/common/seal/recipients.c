/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "key_file.h"
#include "recipients.h"

static int refuse(char *ret_why, size_t why_size, const char *name, const char *why)
{
	(void)snprintf(ret_why, why_size, "%s: %s", name, why);
	return -EINVAL;
}

static int add(struct recipients *recipients, const unsigned char key[SEAL_KEY_BYTES])
{
	for (size_t i = 0; i < recipients->cnt; i++) {
		if (!memcmp(recipients->keys[i], key, SEAL_KEY_BYTES))
			return 0;
	}
	if (recipients->cnt == FORMAT_SEAL_MAX_RECIPIENTS)
		return -E2BIG;
	memcpy(recipients->keys[recipients->cnt++], key, SEAL_KEY_BYTES);
	return 0;
}

int recipients__add_text(struct recipients *recipients, const char *text, size_t len,
			 const char *name, char *ret_why, size_t why_size)
{
	const char *at = text, *line;
	unsigned char key[SEAL_KEY_BYTES];
	size_t line_len, cnt = 0;

	if (sodium_init() < 0)
		return refuse(ret_why, why_size, name, "libsodium can't be used here");
	for (; (line = seal_key__next_line(&at, text + len, &line_len)); cnt++) {
		if (!seal_key__parse(SEAL_KEY_SECRET, line, line_len, key)) {
			sodium_memzero(key, sizeof(key));
			return refuse(ret_why, why_size, name,
				      "it has a secret key; only public keys belong here");
		}
		if (seal_key__parse(SEAL_KEY_PUBLIC, line, line_len, key))
			return refuse(
				ret_why, why_size, name,
				"a line is no public key (ttlog-pub-..., see ttlog-view --keygen)");
		if (add(recipients, key))
			return refuse(ret_why, why_size, name,
				      "it has more than 64 keys, which is the limit");
	}
	return cnt ? 0 : refuse(ret_why, why_size, name, "it has no public key");
}

int recipients__add_file(struct recipients *recipients, const char *path, char *ret_why,
			 size_t why_size)
{
	char text[KEY_FILE_MAX_BYTES];
	size_t len;
	int err = key_file__read(path, S_IWGRP | S_IWOTH, text, &len, ret_why, why_size);

	if (!err)
		err = recipients__add_text(recipients, text, len, path, ret_why, why_size);
	sodium_memzero(text, sizeof(text));
	return err;
}

void recipients__text(const struct recipients *recipients, char ret_text[RECIPIENTS_TEXT_BYTES])
{
	char *at = ret_text;

	*at = '\0';
	for (size_t i = 0; i < recipients->cnt; i++) {
		char key[SEAL_KEY_TEXT_BYTES];

		seal_key__text(SEAL_KEY_PUBLIC, recipients->keys[i], key);
		at += sprintf(at, "%s\n", key);
	}
}
