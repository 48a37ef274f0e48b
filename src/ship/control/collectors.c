/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "collectors.h"
#include "control_reply.h"
#include "runtime_dir.h"

/* Processes of a service, that a trigger is for. */
#define MOST_PROCESSES 256

struct handed {
	const struct control_places *places;
	const struct ask_request *request;
	uint64_t deadline_ns; /* CLOCK_MONOTONIC */
	size_t bytes;         /* of all that was told */
};

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

/* ---- packets ---- */

static size_t pack_trigger(char packet[CONTROL_WIRE_MAX_BYTES], const char *reason, uint32_t pid)
{
	struct control_wire_request wire = {
		.magic = CONTROL_WIRE_MAGIC,
		.version = CONTROL_WIRE_VERSION,
		.pid = pid,
	};

	(void)snprintf(wire.reason, CONTROL_REASON_BYTES, "%s", reason);
	memcpy(packet, &wire, sizeof(wire));
	return sizeof(wire);
}

/* Its length; 0: the texts are too long. */
static size_t pack(char packet[CONTROL_WIRE_MAX_BYTES], const struct ask_request *request,
		   enum ask_command command)
{
	static const enum control_command numbers[ASK_COMMAND_CNT] = {
		[ASK_STATUS] = CONTROL_COMMAND_STATUS,
		[ASK_LIST] = CONTROL_COMMAND_LIST,
		[ASK_LEVEL] = CONTROL_COMMAND_LEVEL,
	};
	const bool has_argument = command == ASK_LEVEL;
	const struct control_command_texts texts = {
		.service = request->service,
		.target = request->target,
		.argument = has_argument ? request->argument : NULL,
		.argument_bytes = has_argument ? strlen(request->argument) + 1 : 0,
	};

	return control_ask__pack(packet, numbers[command], request->pid, request->for_ns, &texts);
}

/* 0 or -errno, as control_ask__all(). */
static int send(struct handed *handed, struct control_ask *ask, const char *packet, size_t len)
{
	const uint64_t now_ns = clock__now_mono_ns();
	const uint64_t left_ns = handed->deadline_ns > now_ns ? handed->deadline_ns - now_ns : 0;
	int err;

	ask->places = handed->places;
	ask->request = packet;
	ask->request_len = len;
	ask->timeout_ms = (unsigned int)(left_ns / 1000000) + 1;
	ask->most_bytes = ASK_ANSWER_MOST_BYTES - handed->bytes;
	err = control_ask__all(ask);
	for (size_t i = 0; i < ask->cnt; i++)
		handed->bytes += strlen(ask->told[i].text);
	return err;
}

/* ---- answers ---- */

/* of_one: that a collector does not have a process is no failure if another one has it. */
static int gather(json_t *answer, const struct control_ask *ask, bool of_one)
{
	bool any_done = false;
	int err = 0;

	for (size_t i = 0; of_one && i < ask->cnt; i++)
		any_done |= ask->told[i].verdict == CONTROL_WIRE_DONE;
	for (size_t i = 0; !err && i < ask->cnt; i++) {
		const struct control_told *told = &ask->told[i];

		if (any_done && told->verdict != CONTROL_WIRE_DONE)
			continue;
		err = ask_answer__add(answer, told->name, verdict_of(told->verdict),
				      told->verdict < 0 ? control_reply__describe(told->verdict)
							: told->text);
	}
	return err;
}

static json_t *ask_once(struct handed *handed, const char *packet, size_t len)
{
	struct control_ask ask = { .cnt = 0 };
	json_t *answer = NULL;
	int err;

	if (!len)
		return ask_answer__refused("its patterns are too long");
	err = send(handed, &ask, packet, len);
	if (err)
		answer = describe_none(err);
	else
		answer = ask_answer__done();
	if (!err && answer && gather(answer, &ask, handed->request->pid)) {
		json_decref(answer);
		answer = NULL;
	}
	control_ask__fini(&ask);
	return answer;
}

/* ---- a trigger for a service ---- */

/* Adds those of one collector's list. */
static size_t take_pids(uint32_t pids[MOST_PROCESSES], size_t cnt, const char *text)
{
	json_t *listed = json_loads(text, 0, NULL), *process;
	size_t i;

	json_array_foreach (json_object_get(listed, "processes"), i, process) {
		const json_int_t pid = json_integer_value(json_object_get(process, "pid"));

		if (pid > 0 && pid <= INT32_MAX && cnt < MOST_PROCESSES &&
		    !json_is_true(json_object_get(process, "ended")))
			pids[cnt++] = (uint32_t)pid;
	}
	json_decref(listed);
	return cnt;
}

/* 0 or -errno, as control_ask__all(). */
static int list_service(struct handed *handed, uint32_t pids[MOST_PROCESSES], size_t *ret_cnt)
{
	char packet[CONTROL_WIRE_MAX_BYTES];
	struct control_ask ask = { .cnt = 0 };
	const size_t len = pack(packet, handed->request, ASK_LIST);
	size_t cnt = 0;
	int err = len ? send(handed, &ask, packet, len) : -E2BIG;

	for (size_t i = 0; i < ask.cnt; i++) {
		if (ask.told[i].verdict == CONTROL_WIRE_DONE)
			cnt = take_pids(pids, cnt, ask.told[i].text);
	}
	control_ask__fini(&ask);
	handed->bytes = 0;
	*ret_cnt = cnt;
	return err;
}

static json_t *trigger_service(struct handed *handed)
{
	uint32_t pids[MOST_PROCESSES];
	char packet[CONTROL_WIRE_MAX_BYTES];
	json_t *answer;
	size_t cnt;
	int err = list_service(handed, pids, &cnt);

	if (err)
		return describe_none(err);
	answer = ask_answer__done();
	for (size_t i = 0; answer && i < cnt; i++) {
		struct control_ask ask = { .cnt = 0 };
		const size_t len = pack_trigger(packet, handed->request->argument, pids[i]);

		err = send(handed, &ask, packet, len);
		if (!err)
			err = gather(answer, &ask, true);
		control_ask__fini(&ask);
		if (err) {
			json_decref(answer);
			return describe_none(err);
		}
	}
	return answer;
}

json_t *collectors__ask(const struct control_places *places, const struct ask_request *request)
{
	struct handed handed = {
		.places = places,
		.request = request,
		.deadline_ns = clock__now_mono_ns() + request->wait_ns,
	};
	char packet[CONTROL_WIRE_MAX_BYTES];

	if (request->command == ASK_TRIGGER && request->service[0])
		return trigger_service(&handed);
	if (request->command == ASK_TRIGGER)
		return ask_once(&handed, packet,
				pack_trigger(packet, request->argument, request->pid));
	return ask_once(&handed, packet, pack(packet, request, request->command));
}
