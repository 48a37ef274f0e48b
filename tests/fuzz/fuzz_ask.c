/* SPDX-License-Identifier: MIT */
/*
 * What users ask of hosts, and what hosts answer. Input: one byte that says what the rest is.
 */
#include <stdlib.h>
#include <string.h>

#include "ask_parts.h"
#include "ask_request.h"
#include "ask_subject.h"
#include "fuzz.h"

#define PART_END 0x1f

/* What is understood comes back from its other form. */
static void fuzz_request(const char *bytes, size_t size)
{
	struct fleet_error error = { "" };
	struct ask_request request, again;
	char *text;

	if (ask_request__parse(&request, bytes, size, &error)) {
		FUZZ_CHECK(error.text[0]);
		return;
	}
	FUZZ_CHECK(request.command < ASK_COMMAND_CNT && request.wait_ns <= ASK_LONGEST_WAIT_NS);
	FUZZ_CHECK(request.command != ASK_LEVEL || request.for_ns ||
		   !strcmp(request.argument, "default"));
	text = ask_request__encode(&request);
	FUZZ_CHECK(text);
	if (strlen(text) <= ASK_REQUEST_MOST_BYTES) {
		FUZZ_CHECK(!ask_request__parse(&again, text, strlen(text), &error));
		FUZZ_CHECK(again.pid == request.pid && again.for_ns == request.for_ns);
		FUZZ_CHECK(!strcmp(again.argument, request.argument));
		FUZZ_CHECK(!strcmp(again.service, request.service));
		ask_request__fini(&again);
	}
	free(text);
	ask_request__fini(&request);
}

static void fuzz_answer(const char *bytes, size_t size)
{
	json_t *answer = ask_answer__parse(bytes, size);
	const json_t *all = json_object_get(answer, "answers"), *one;
	size_t i;

	if (!answer)
		return;
	FUZZ_CHECK(ask_answer__is_done(answer) || json_is_string(json_object_get(answer, "why")));
	json_array_foreach (all, i, one)
		FUZZ_CHECK(json_is_string(json_object_get(one, "text")));
	json_decref(answer);
}

/* Parts, with a byte between them; and the rest as a text that is cut into parts. */
static void fuzz_parts(const char *bytes, size_t size)
{
	struct ask_parts parts = { .text = NULL };
	const char *const end = bytes + size, *at = bytes;
	bool is_over = false;

	while (!is_over && at < end) {
		const char *next = memchr(at, PART_END, (size_t)(end - at));
		const size_t len = (size_t)((next ? next : end) - at);

		is_over = ask_parts__take(&parts, at, len);
		FUZZ_CHECK(parts.len <= ASK_ANSWER_MOST_BYTES && parts.cnt <= ASK_PARTS_MOST);
		at += len + (next != NULL);
	}
	free(parts.text);
}

static void fuzz_subject(const char *text)
{
	char user[ASK_USER_BYTES], subject[ASK_SUBJECT_BYTES];
	bool to_all;

	if (!ask_subject__user(user, text))
		FUZZ_CHECK(fleet_name__is_tokens(user) && !strchr(user, '.'));
	if (ask_subject__may_answer("alice", text))
		FUZZ_CHECK(!strncmp(text, "_INBOX.alice.", 13) && !strpbrk(text, "*> \r\n"));
	if (ask_subject__parse(user, &to_all, text))
		return;
	FUZZ_CHECK(fleet_name__is_tokens(user) && !strchr(user, '.'));
	ask_subject__make(subject, "all", user);
	FUZZ_CHECK(to_all == !strcmp(subject, text));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *const rest = (const char *)data + 1;
	char *text;

	if (!size)
		return 0;
	if (data[0] == 'r') {
		fuzz_request(rest, size - 1);
	} else if (data[0] == 'a') {
		fuzz_answer(rest, size - 1);
	} else if (data[0] == 'p') {
		fuzz_parts(rest, size - 1);
	} else {
		text = strndup(rest, size - 1);
		FUZZ_CHECK(text);
		fuzz_subject(text);
		free(text);
	}
	return 0;
}
