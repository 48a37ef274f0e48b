/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ask_answer.h"
#include "ask_request.h"
#include "utf8.h"

/* JSON has only UTF-8. */
static json_t *make_text(const char *text)
{
	char *copy = strdup(text), *at = copy;
	const char *end = copy ? copy + strlen(copy) : NULL;
	json_t *json;

	while (copy && at < end) {
		uint32_t code;
		const size_t len = utf8__next(at, end, &code);

		if (code == UTF8_INVALID)
			memset(at, '?', len);
		at += len;
	}
	json = copy ? json_string(copy) : NULL;
	free(copy);
	return json;
}

static json_t *make(const char *verdict)
{
	return json_pack("{s:i, s:s, s:[]}", "version", ASK_VERSION, "verdict", verdict, "answers");
}

json_t *ask_answer__done(void)
{
	return make("done");
}

json_t *ask_answer__make(const char *verdict, const char *why)
{
	json_t *answer = make(verdict);

	if (answer && json_object_set_new(answer, "why", make_text(why))) {
		json_decref(answer);
		return NULL;
	}
	return answer;
}

json_t *ask_answer__refused(const char *why)
{
	return ask_answer__make("refused", why);
}

json_t *ask_answer__failed(const char *why)
{
	return ask_answer__make("failed", why);
}

int ask_answer__add(json_t *answer, const char *collector, const char *verdict, const char *text)
{
	json_t *one = json_pack("{s:o, s:s, s:o}", "collector", make_text(collector), "verdict",
				verdict, "text", make_text(text));

	return json_array_append_new(json_object_get(answer, "answers"), one) ? -ENOMEM : 0;
}

char *ask_answer__encode(const json_t *answer)
{
	char *text = json_dumps(answer, JSON_COMPACT), why[128];
	json_t *refusal;

	if (!text || strlen(text) <= ASK_ANSWER_MOST_BYTES)
		return text;
	(void)snprintf(why, sizeof(why),
		       "the answer is longer than %u MiB: ask for less (-p, --service)",
		       ASK_ANSWER_MOST_BYTES >> 20);
	free(text);
	refusal = ask_answer__refused(why);
	text = refusal ? json_dumps(refusal, JSON_COMPACT) : NULL;
	json_decref(refusal);
	return text;
}

/* ---- reading ---- */

static bool is_text(const json_t *object, const char *key)
{
	return json_is_string(json_object_get(object, key));
}

static bool is_answer(const json_t *answer)
{
	const json_t *all = json_object_get(answer, "answers"), *one;
	size_t i;

	if (json_integer_value(json_object_get(answer, "version")) != ASK_VERSION ||
	    !is_text(answer, "verdict") || !json_is_array(all))
		return false;
	if (!ask_answer__is_done(answer) && !is_text(answer, "why"))
		return false;
	json_array_foreach (all, i, one) {
		if (!is_text(one, "collector") || !is_text(one, "verdict") || !is_text(one, "text"))
			return false;
	}
	return true;
}

json_t *ask_answer__parse(const char *bytes, size_t len)
{
	json_error_t why;
	json_t *answer = len <= ASK_ANSWER_MOST_BYTES
				 ? json_loadb(bytes, len, JSON_REJECT_DUPLICATES, &why)
				 : NULL;

	if (answer && is_answer(answer))
		return answer;
	json_decref(answer);
	return NULL;
}

bool ask_answer__is_done(const json_t *answer)
{
	const char *verdict = json_string_value(json_object_get(answer, "verdict"));

	return verdict && !strcmp(verdict, "done");
}
