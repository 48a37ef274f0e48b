/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <sodium.h>
#include <string.h>

#include "seal_key.h"

#define VARIANT sodium_base64_VARIANT_URLSAFE_NO_PADDING

/* A secret key is as long. */
_Static_assert(SEAL_KEY_BYTES == crypto_box_PUBLICKEYBYTES, "keys of crypto_box");

static const char *const prefixes[] = {
	[SEAL_KEY_PUBLIC] = "ttlog-pub-",
	[SEAL_KEY_SECRET] = "ttlog-secret-",
};

void seal_key__text(enum seal_key_kind kind, const unsigned char key[SEAL_KEY_BYTES],
		    char ret_text[SEAL_KEY_TEXT_BYTES])
{
	const size_t len = strlen(prefixes[kind]);

	memcpy(ret_text, prefixes[kind], len);
	(void)sodium_bin2base64(ret_text + len, SEAL_KEY_TEXT_BYTES - len, key, SEAL_KEY_BYTES,
				VARIANT);
}

int seal_key__parse(enum seal_key_kind kind, const char *text, size_t len,
		    unsigned char ret_key[SEAL_KEY_BYTES])
{
	const size_t prefix_len = strlen(prefixes[kind]);
	unsigned char key[SEAL_KEY_BYTES];
	const char *end = NULL;
	size_t bytes = 0;
	int err = -EINVAL;

	if (len > prefix_len && !memcmp(text, prefixes[kind], prefix_len) &&
	    !sodium_base642bin(key, sizeof(key), text + prefix_len, len - prefix_len, NULL, &bytes,
			       &end, VARIANT) &&
	    bytes == sizeof(key) && end == text + len)
		err = 0;
	if (!err)
		memcpy(ret_key, key, sizeof(key));
	sodium_memzero(key, sizeof(key));
	return err;
}

static size_t trim(const char **text, size_t len)
{
	while (len && strchr(" \t\r", **text)) {
		++*text;
		len--;
	}
	while (len && strchr(" \t\r", (*text)[len - 1]))
		len--;
	return len;
}

const char *seal_key__next_line(const char **at, const char *end, size_t *ret_len)
{
	while (*at < end) {
		const char *line = *at, *newline = memchr(line, '\n', (size_t)(end - line));
		const char *stop = newline ? newline : end;
		size_t len = trim(&line, (size_t)(stop - *at));

		*at = newline ? newline + 1 : end;
		if (!len || *line == '#')
			continue;
		*ret_len = len;
		return line;
	}
	return NULL;
}
