/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "array.h"
#include "escape.h"
#include "fleet_print.h"
#include "rfc3339.h"

/* ---- the table ---- */

#define TIME_BYTES 23 /* up to milliseconds */

enum column {
	COLUMN_HOST,
	COLUMN_SERVICE,
	COLUMN_REASON,
	COLUMN_FRAME,
	COLUMN_CNT
};

/* Longer texts are shown whole, and move what follows. */
static const size_t widest[COLUMN_CNT] = { 40, 24, 12, 48 };
static const char *const titles[COLUMN_CNT] = { "HOST", "SERVICE", "REASON", "FRAME" };

static const char *text_of(const struct fleet_file *file, enum column column)
{
	const char *const texts[COLUMN_CNT] = {
		file->host,
		file->service,
		file->signal[0] ? file->signal : file->reason,
		file->frame[0] ? file->frame : "-",
	};

	return texts[column];
}

/* Characters; of what is escaped, bytes. */
static size_t width_of(const char *text)
{
	size_t width = 0;

	for (; *text; text++)
		width += (*text & 0xc0) != 0x80;
	return width;
}

static void measure(size_t ret[COLUMN_CNT], const struct fleet_files *files)
{
	for (size_t k = 0; k < COLUMN_CNT; k++)
		ret[k] = strlen(titles[k]);
	for (size_t i = 0; i < files->cnt; i++) {
		for (size_t k = 0; k < COLUMN_CNT; k++) {
			const size_t width = width_of(text_of(&files->items[i], k));

			if (width > ret[k])
				ret[k] = width < widest[k] ? width : widest[k];
		}
	}
}

static bool is_plain(const char *text)
{
	for (; *text; text++) {
		if (*text < ' ' || *text > '~')
			return false;
	}
	return true;
}

static void put_cell(FILE *out, const char *text, size_t width)
{
	const size_t len = width_of(text);

	if (is_plain(text))
		(void)fwrite_unlocked(text, 1, len, out);
	else
		escape__put(out, text, false);
	for (size_t i = len; i < width + 2; i++)
		(void)putc_unlocked(' ', out);
	if (len > width + 1)
		(void)putc_unlocked(' ', out);
}

void fleet_print__text(FILE *out, const struct fleet_files *files)
{
	char time[RFC3339_BYTES + 1];
	size_t widths[COLUMN_CNT];

	if (!files->cnt)
		return;
	measure(widths, files);
	put_cell(out, "TIME", TIME_BYTES + 1);
	for (size_t k = 0; k < COLUMN_CNT; k++)
		put_cell(out, titles[k], widths[k]);
	(void)fputs_unlocked("FILE\n", out);
	for (size_t i = 0; i < files->cnt; i++) {
		rfc3339__text(time, files->items[i].created_ns);
		(void)fwrite_unlocked(time, 1, TIME_BYTES, out);
		(void)fputs_unlocked("Z  ", out);
		for (size_t k = 0; k < COLUMN_CNT; k++)
			put_cell(out, text_of(&files->items[i], k), widths[k]);
		(void)fputs_unlocked(fleet_file__name(&files->items[i]), out);
		(void)putc_unlocked('\n', out);
	}
}

/* ---- JSON ---- */

static bool needs_escape(unsigned char c)
{
	return c < ' ' || c == '"' || c == '\\' || c == 0x7f;
}

/* The text is valid UTF-8. */
static void put_string(FILE *out, const char *text)
{
	const char *from = text;

	(void)putc_unlocked('"', out);
	for (; *text; text++) {
		if (!needs_escape((unsigned char)*text))
			continue;
		(void)fwrite_unlocked(from, 1, (size_t)(text - from), out);
		(void)fprintf(out, "\\u%04x", (unsigned char)*text);
		from = text + 1;
	}
	(void)fwrite_unlocked(from, 1, (size_t)(text - from), out);
	(void)putc_unlocked('"', out);
}

static void put_text(FILE *out, const char *key, const char *text)
{
	if (!text[0])
		return;
	(void)putc_unlocked(',', out);
	put_string(out, key);
	(void)putc_unlocked(':', out);
	put_string(out, text);
}

static void put_file(FILE *out, const struct fleet_file *file)
{
	const struct {
		const char *key, *text;
	} texts[] = {
		{ "host", file->host },     { "service", file->service },
		{ "reason", file->reason }, { "signal", file->signal },
		{ "frame", file->frame },   { "signature", file->signature },
		{ "object", file->object }, { "digest", file->id },
	};
	char time[RFC3339_BYTES + 1];

	rfc3339__text(time, file->created_ns);
	(void)fprintf(out, "{\"created_at\":\"%s\"", time);
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		put_text(out, texts[i].key, texts[i].text);
	(void)fprintf(out, ",\"pid\":%" PRIu64 ",\"size\":%" PRIu64 "}\n", file->pid,
		      file->size_bytes);
}

void fleet_print__json(FILE *out, const struct fleet_files *files)
{
	for (size_t i = 0; i < files->cnt; i++)
		put_file(out, &files->items[i]);
}
