/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <string.h>

#include "json_out.h"
#include "rfc3339.h"
#include "utf8.h"

static void begin(struct json_out *json, const char *key)
{
	if (json->goes_on)
		fputc(',', json->out);
	json->goes_on = true;
	if (key)
		fprintf(json->out, "\"%s\":", key);
}

void json_out__open(struct json_out *json, const char *key, char opening)
{
	begin(json, key);
	fputc(opening, json->out);
	json->goes_on = false;
}

void json_out__close(struct json_out *json, char closing)
{
	fputc(closing, json->out);
	json->goes_on = true;
}

void json_out__u64(struct json_out *json, const char *key, uint64_t value)
{
	begin(json, key);
	fprintf(json->out, "%" PRIu64, value);
}

void json_out__bool(struct json_out *json, const char *key, bool value)
{
	begin(json, key);
	fputs(value ? "true" : "false", json->out);
}

static void write_text(FILE *out, const char *text)
{
	const char *end = text + strlen(text);

	while (text < end) {
		uint32_t code;
		const size_t len = utf8__next(text, end, &code);

		if (code == UTF8_INVALID)
			fputs("\\ufffd", out);
		else if (code < ' ' || code == 0x7f)
			fprintf(out, "\\u%04" PRIx32, code);
		else if (code == '"' || code == '\\')
			fprintf(out, "\\%c", (int)code);
		else
			(void)fwrite(text, 1, len, out);
		text += len;
	}
}

void json_out__text(struct json_out *json, const char *key, const char *text)
{
	if (!text)
		return;
	begin(json, key);
	fputc('"', json->out);
	write_text(json->out, text);
	fputc('"', json->out);
}

void json_out__time(struct json_out *json, const char *key, uint64_t real_ns)
{
	char text[RFC3339_BYTES + 1];

	rfc3339__text(text, real_ns);
	json_out__text(json, key, text);
}
