/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "secret_keys.h"
#include "key_file.h"

static int refuse(char *ret_why, size_t why_size, const char *path, const char *why)
{
	(void)snprintf(ret_why, why_size, "%s: %s", path, why);
	return -EINVAL;
}

static int add_lines(struct secret_keys *keys, const char *text, size_t len, const char *path,
		     char *ret_why, size_t why_size)
{
	const char *at = text, *line;
	size_t line_len, cnt = 0;

	for (; (line = seal_key__next_line(&at, text + len, &line_len)); cnt++) {
		unsigned char *secret;

		if (keys->cnt == SECRET_KEYS_MAX)
			return refuse(ret_why, why_size, path,
				      "there are more than 64 secret keys, which is the limit");
		secret = keys->secret[keys->cnt];
		if (seal_key__parse(SEAL_KEY_SECRET, line, line_len, secret))
			return refuse(
				ret_why, why_size, path,
				"a line is no secret key (ttlog-secret-..., see ttlog-view --keygen)");
		(void)crypto_scalarmult_base(keys->public[keys->cnt], secret);
		keys->cnt++;
	}
	return cnt ? 0 : refuse(ret_why, why_size, path, "it has no secret key");
}

int secret_keys__add_file(struct secret_keys *keys, const char *path, char *ret_why,
			  size_t why_size)
{
	char text[KEY_FILE_MAX_BYTES];
	size_t len;
	int err;

	if (sodium_init() < 0)
		return refuse(ret_why, why_size, path, "libsodium can't be used here");
	err = key_file__read(path, S_IRWXG | S_IRWXO, text, &len, ret_why, why_size);
	if (!err)
		err = add_lines(keys, text, len, path, ret_why, why_size);
	sodium_memzero(text, sizeof(text));
	return err;
}

void secret_keys__fini(struct secret_keys *keys)
{
	sodium_memzero(keys, sizeof(*keys));
}

int secret_keys__make_file(const char *path, char ret_public[SEAL_KEY_TEXT_BYTES], char *ret_why,
			   size_t why_size)
{
	unsigned char public[SEAL_KEY_BYTES], secret[SEAL_KEY_BYTES];
	char secret_text[SEAL_KEY_TEXT_BYTES], text[256];
	int err;

	if (sodium_init() < 0)
		return refuse(ret_why, why_size, path, "libsodium can't be used here");
	(void)crypto_box_keypair(public, secret);
	seal_key__text(SEAL_KEY_PUBLIC, public, ret_public);
	seal_key__text(SEAL_KEY_SECRET, secret, secret_text);
	(void)snprintf(text, sizeof(text),
		       "# Keep this secret. It reads what is encrypted to\n# %s\n%s\n", ret_public,
		       secret_text);
	err = key_file__write(path, text, ret_why, why_size);
	sodium_memzero(secret, sizeof(secret));
	sodium_memzero(secret_text, sizeof(secret_text));
	sodium_memzero(text, sizeof(text));
	return err;
}
