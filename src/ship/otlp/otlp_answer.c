/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "otlp_answer.h"

static enum otlp_verdict verdict_of(long status)
{
	if (status >= 200 && status < 300)
		return OTLP_TAKEN;
	return status == 429 || status == 502 || status == 503 || status == 504 ? OTLP_LATER
										: OTLP_REFUSED;
}

/* A 64-bit integer, which is a string or a number there; 0: none. */
static uint64_t number_of(const json_t *value)
{
	const char *text = json_string_value(value);
	const long long number = text ? strtoll(text, NULL, 10) : json_integer_value(value);

	return number > 0 ? (uint64_t)number : 0;
}

/* What a terminal would act on is not shown. */
static void copy_words(char *ret, size_t size, const char *text)
{
	size_t len = 0;

	for (; text && text[len] && len + 1 < size; len++)
		ret[len] = text[len] < ' ' || text[len] > '~' ? '?' : text[len];
	ret[len] = '\0';
}

void otlp_answer__read(struct otlp_answer *ret, long status, const char *body, size_t len)
{
	json_t *object = json_loadb(body, len, 0, NULL);
	const json_t *partial = json_object_get(object, "partialSuccess");

	*ret = (struct otlp_answer){ .verdict = verdict_of(status) };
	if (ret->verdict == OTLP_TAKEN) {
		ret->rejected = number_of(json_object_get(partial, "rejectedLogRecords"));
		if (!ret->rejected)
			ret->rejected = number_of(json_object_get(partial, "rejectedSpans"));
		copy_words(ret->why, sizeof(ret->why),
			   json_string_value(json_object_get(partial, "errorMessage")));
	} else {
		copy_words(ret->why, sizeof(ret->why),
			   json_string_value(json_object_get(object, "message")));
	}
	json_decref(object);
}
