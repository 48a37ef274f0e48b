/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "index_summary.h"
#include "json_member.h"
#include "time_expr.h"
#include "utf8.h"

/* ---- what is in a message ---- */

static const char *text_of(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

static const char *last_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* Of the C library, of which abort() and its like are the first frames. */
static bool is_of_run_time(const json_t *frame)
{
	static const char *const beginnings[] = { "libc.so",    "libc-2",   "libpthread",
						  "libstdc++.", "libgcc_s", "ld-linux" };
	const char *module = text_of(frame, "module");

	for (size_t i = 0; module && i < ARRAY_SIZE(beginnings); i++) {
		if (!strncmp(last_name(module), beginnings[i], strlen(beginnings[i])))
			return true;
	}
	return false;
}

static const json_t *first_frame(const json_t *crash)
{
	const json_t *frames = json_object_get(crash, "frames");

	for (size_t i = 0; i < json_array_size(frames); i++) {
		if (!is_of_run_time(json_array_get(frames, i)))
			return json_array_get(frames, i);
	}
	return json_array_get(frames, 0);
}

/* Cut to what fits, at a whole character. */
static void cut(char *text)
{
	text[utf8__valid_bytes((const unsigned char *)text, strlen(text))] = '\0';
}

/* "FUNCTION (FILE:LINE)" or "MODULE+OFFSET". */
static void say_frame(char ret[INDEX_FRAME_BYTES], const json_t *crash)
{
	const json_t *frame = first_frame(crash);
	const char *symbol = text_of(frame, "symbol"), *file = text_of(frame, "file");
	const char *module = text_of(frame, "module"), *offset = text_of(frame, "offset");

	ret[0] = '\0';
	if (symbol && file)
		(void)snprintf(ret, INDEX_FRAME_BYTES, "%s (%s:%" JSON_INTEGER_FORMAT ")", symbol,
			       last_name(file), json_integer_value(json_object_get(frame, "line")));
	else if (symbol)
		(void)snprintf(ret, INDEX_FRAME_BYTES, "%s", symbol);
	else if (module)
		(void)snprintf(ret, INDEX_FRAME_BYTES, "%s+%s", last_name(module),
			       offset ? offset : "?");
	cut(ret);
}

static void add_text(json_t *to, const char *key, const char *text)
{
	if (text && text[0])
		(void)json_object_set_new(to, key, json_string(text));
}

/* NULL: no memory. */
static json_t *summarize(const json_t *message)
{
	const json_t *info = json_object_get(message, "info");
	const json_t *crash = json_object_get(info, "crash");
	const char *signal = text_of(json_object_get(info, "exit"), "signal");
	json_t *summary = json_object();
	char frame[INDEX_FRAME_BYTES];

	say_frame(frame, crash);
	add_text(summary, "object", text_of(message, "object"));
	(void)json_object_set(summary, "size", json_object_get(message, "size"));
	add_text(summary, "created_at", text_of(info, "created_at"));
	(void)json_object_set(summary, "pid", json_object_get(info, "pid"));
	add_text(summary, "signal", signal ? signal : text_of(crash, "signal"));
	add_text(summary, "frame", frame);
	add_text(summary, "signature", text_of(info, "signature"));
	return summary;
}

char *index_summary__of_message(const char *json, size_t len)
{
	json_t *message = json_loadb(json, len, 0, NULL), *summary;
	char *text;

	if (!json_is_object(message)) {
		json_decref(message);
		errno = EINVAL;
		return NULL;
	}
	summary = summarize(message);
	text = summary ? json_dumps(summary, JSON_COMPACT | JSON_ENSURE_ASCII) : NULL;
	json_decref(summary);
	json_decref(message);
	if (!text)
		errno = ENOMEM;
	if (!text || strlen(text) <= INDEX_SUMMARY_BYTES)
		return text;
	free(text);
	errno = EMSGSIZE;
	return NULL;
}

/* ---- what hosts send ---- */

static void read_time(uint64_t *ret, const json_t *summary)
{
	const char *text = text_of(summary, "created_at");
	struct time_expr time;

	*ret = 0;
	if (text && !time_expr__parse(&time, text) && time.kind == TIME_EXPR_ABSOLUTE)
		*ret = time.ns;
}

static int copy_all(struct index_summary *ret, const json_t *from)
{
	int err = json_member__text(ret->object, sizeof(ret->object), from, "object");

	err = err ? err : json_member__text(ret->signal, sizeof(ret->signal), from, "signal");
	err = err ? err : json_member__text(ret->frame, sizeof(ret->frame), from, "frame");
	err = err ? err
		  : json_member__text(ret->signature, sizeof(ret->signature), from, "signature");
	err = err ? err : json_member__number(&ret->size_bytes, from, "size");
	err = err ? err : json_member__number(&ret->pid, from, "pid");
	read_time(&ret->created_ns, from);
	return err;
}

int index_summary__decode(struct index_summary *ret, const char *json, size_t len)
{
	json_t *object = len <= INDEX_SUMMARY_BYTES ? json_loadb(json, len, 0, NULL) : NULL;
	int err = json_is_object(object) ? copy_all(ret, object) : -EBADMSG;

	json_decref(object);
	return err;
}
