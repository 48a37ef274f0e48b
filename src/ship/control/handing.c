/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ask_answer.h"
#include "ask_request.h"
#include "clock.h"
#include "collectors.h"
#include "escape.h"
#include "handing.h"

/* One in ten seconds; ten at once. */
#define REFUSAL_NS    UINT64_C(10000000000)
#define REFUSAL_BURST 10

/* ---- what is said ---- */

/* what: any bytes; NULL: only why. */
static void say(const struct handing *handing, const char *user, const char *what, const char *why)
{
	char *line = NULL;
	size_t len;
	FILE *out = open_memstream(&line, &len);

	if (!out)
		return;
	fprintf(out, "ttlog-ship: %s: %s asks", handing->text, user);
	if (what)
		fprintf(out, ": %s", what);
	if (why) {
		fputs(": ", out);
		escape__put(out, why, true);
	}
	fputc('\n', out);
	/* as one piece: several threads say something */
	if (!fclose(out))
		fputs(line, stderr);
	free(line);
}

void handing__say_refused(struct handing *handing, const char *user, const char *why)
{
	bool is_said;

	(void)pthread_mutex_lock(&handing->lock);
	is_said = pace__take(&handing->refusals, clock__now_mono_ns(), REFUSAL_NS, REFUSAL_BURST);
	(void)pthread_mutex_unlock(&handing->lock);
	if (is_said)
		say(handing, user, NULL, why);
}

static void put_text(FILE *out, const char *before, const char *text)
{
	if (!text[0])
		return;
	fputs(before, out);
	fputc('"', out);
	escape__put(out, text, true);
	fputc('"', out);
}

/* As a command line; the caller frees it. */
static char *describe(const struct ask_request *request)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		return NULL;
	fputs(ask_command__name(request->command), out);
	put_text(out, " ", request->argument);
	if (request->pid)
		fprintf(out, " -p %" PRIu32, request->pid);
	put_text(out, " --service ", request->service);
	put_text(out, " --target ", request->target);
	if (request->for_ns)
		fprintf(out, " --for %.9gs", (double)request->for_ns / 1e9);
	if (!fclose(out))
		return text;
	free(text);
	return NULL;
}

/* What was not done, of what changes something. */
static void say_failures(const struct handing *handing, const char *user, const char *what,
			 const json_t *answer)
{
	const json_t *all = json_object_get(answer, "answers"), *one;
	size_t i;

	if (!ask_answer__is_done(answer))
		say(handing, user, what, json_string_value(json_object_get(answer, "why")));
	json_array_foreach (all, i, one) {
		const char *text = json_string_value(json_object_get(one, "text"));
		char why[256];

		if (!strcmp(json_string_value(json_object_get(one, "verdict")), "done"))
			continue;
		(void)snprintf(why, sizeof(why), "%s: %.*s",
			       json_string_value(json_object_get(one, "collector")),
			       (int)strcspn(text, "\n"), text);
		say(handing, user, what, why);
	}
}

/* What changes something is said before it is done: it may be that this program is ended meanwhile. */
static json_t *hand(const struct handing *handing, const char *user, const char *what,
		    const struct ask_request *request)
{
	const bool is_change = request->command == ASK_TRIGGER || request->command == ASK_LEVEL;
	json_t *answer;

	if (is_change)
		say(handing, user, what, NULL);
	answer = collectors__ask(handing->places, request);
	if (is_change && answer)
		say_failures(handing, user, what, answer);
	return answer;
}

/* ---- the request ---- */

static json_t *refuse(struct handing *handing, const char *user, const char *why)
{
	handing__say_refused(handing, user, why);
	return ask_answer__refused(why);
}

static json_t *answer(struct handing *handing, const char *user, const struct ask_request *request)
{
	char *what = describe(request), why[128];
	json_t *ret = NULL;

	if (what && handing->allowed & 1u << request->command) {
		ret = hand(handing, user, what, request);
	} else if (what) {
		(void)snprintf(why, sizeof(why), "%s: ttlog-ship's --allow there does not name it",
			       ask_command__name(request->command));
		ret = refuse(handing, user, why);
	}
	free(what);
	return ret;
}

char *handing__answer(struct handing *handing, const char *user, const char *bytes, size_t len)
{
	char why[sizeof(struct fleet_error) + 32], *text;
	struct ask_request request;
	struct fleet_error error;
	json_t *json;

	if (ask_request__parse(&request, bytes, len, &error)) {
		(void)snprintf(why, sizeof(why), "the request is not understood: %s", error.text);
		json = refuse(handing, user, why);
	} else {
		json = answer(handing, user, &request);
		ask_request__fini(&request);
	}
	text = json ? ask_answer__encode(json) : NULL;
	json_decref(json);
	return text;
}
