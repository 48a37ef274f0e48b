/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ask_answer.h"
#include "ask_request.h"
#include "clock.h"
#include "control_reply.h"
#include "escape.h"
#include "handing.h"
#include "runtime_dir.h"

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

/* ---- the collectors ---- */

static const char *verdict_of(int verdict)
{
	switch (verdict) {
	case CONTROL_WIRE_DONE:
		return "done";
	case CONTROL_WIRE_FAILED:
		return "failed";
	case CONTROL_WIRE_USAGE:
		return "usage";
	default:
		return "silent";
	}
}

/* The packet for the control socket. Its length; 0: its texts are too long. */
static size_t pack(char packet[CONTROL_WIRE_MAX_BYTES], const struct ask_request *request)
{
	static const enum control_command numbers[ASK_COMMAND_CNT] = {
		[ASK_STATUS] = CONTROL_COMMAND_STATUS,
		[ASK_LIST] = CONTROL_COMMAND_LIST,
		[ASK_LEVEL] = CONTROL_COMMAND_LEVEL,
	};
	const struct control_command_texts texts = {
		.service = request->service,
		.target = request->target,
		.argument = request->argument,
		.argument_bytes = request->argument[0] ? strlen(request->argument) + 1 : 0,
	};
	struct control_wire_request trigger = {
		.magic = CONTROL_WIRE_MAGIC,
		.version = CONTROL_WIRE_VERSION,
		.pid = request->pid,
	};

	if (request->command != ASK_TRIGGER)
		return control_ask__pack(packet, numbers[request->command], request->pid,
					 request->for_ns, &texts);
	(void)snprintf(trigger.reason, CONTROL_REASON_BYTES, "%s", request->argument);
	memcpy(packet, &trigger, sizeof(trigger));
	return sizeof(trigger);
}

static json_t *describe_none(int err)
{
	char why[160];

	if (err == -ENOENT)
		return ask_answer__failed("no collector is running there");
	if (err == -EACCES)
		(void)snprintf(why, sizeof(why),
			       "%s: permission denied: ttlog-ship is not of the group ttlog there",
			       RUNTIME_DIR_SYSTEM);
	else
		(void)snprintf(why, sizeof(why), "can't look for collectors: %s", strerror(-err));
	return ask_answer__failed(why);
}

static json_t *gather(const struct control_ask *ask)
{
	json_t *answer = ask_answer__done();

	for (size_t i = 0; answer && i < ask->cnt; i++) {
		const struct control_told *told = &ask->told[i];
		const char *text = told->verdict < 0 ? control_reply__describe(told->verdict)
						     : told->text;

		if (ask_answer__add(answer, told->name, verdict_of(told->verdict), text)) {
			json_decref(answer);
			return NULL;
		}
	}
	return answer;
}

/* What was not done, of what changes something. */
static void say_failures(const struct handing *handing, const char *user, const char *what,
			 const struct control_ask *ask)
{
	for (size_t i = 0; i < ask->cnt; i++) {
		const struct control_told *told = &ask->told[i];
		char why[256];

		if (told->verdict == CONTROL_WIRE_DONE)
			continue;
		(void)snprintf(
			why, sizeof(why), "%s: %.*s", told->name, (int)strcspn(told->text, "\n"),
			told->verdict < 0 ? control_reply__describe(told->verdict) : told->text);
		say(handing, user, what, why);
	}
}

static json_t *ask_collectors(const struct handing *handing, const char *user, const char *what,
			      const struct ask_request *request)
{
	const bool is_change = request->command == ASK_TRIGGER || request->command == ASK_LEVEL;
	char packet[CONTROL_WIRE_MAX_BYTES];
	struct control_ask ask = {
		.places = handing->places,
		.request = packet,
		.request_len = pack(packet, request),
		.timeout_ms = (unsigned int)(request->wait_ns / 1000000) + 1,
		.most_bytes = ASK_ANSWER_MOST_BYTES,
	};
	json_t *answer;
	int err;

	if (!ask.request_len)
		return ask_answer__refused("its patterns are too long");
	/* before it is done: it may be that this program is ended meanwhile */
	if (is_change)
		say(handing, user, what, NULL);
	err = control_ask__all(&ask);
	if (is_change)
		say_failures(handing, user, what, &ask);
	answer = err ? describe_none(err) : gather(&ask);
	control_ask__fini(&ask);
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
		ret = ask_collectors(handing, user, what, request);
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
