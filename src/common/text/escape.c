/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "escape.h"
#include "utf8.h"

static size_t put_byte(FILE *out, unsigned char byte)
{
	fprintf(out, "\\x%02x", byte);
	return 1;
}

void escape__put(FILE *out, const char *text, bool quoted)
{
	const unsigned char *at = (const unsigned char *)text;
	size_t left = strlen(text);

	while (left) {
		/* a valid character has at most four bytes: these tell its length */
		size_t bytes = 1;

		while (*at >= 0x80 && bytes < left && (at[bytes] & 0xc0) == 0x80 && bytes < 4)
			bytes++;
		if (utf8__valid_bytes(at, bytes) != bytes)
			bytes = 0;
		if (bytes == 1 && quoted && *at == '\n')
			fputs("\\n", out);
		else if (bytes == 1 && quoted && (*at == '"' || *at == '\\'))
			fprintf(out, "\\%c", *at);
		else if (!bytes || *at < 0x20 || *at == 0x7f || (*at == 0xc2 && at[1] < 0xa0))
			bytes = put_byte(out, *at);
		else
			fwrite(at, 1, bytes, out);
		at += bytes;
		left -= bytes;
	}
}
