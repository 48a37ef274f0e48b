/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "answer.h"
#include "barrier.h"
#include "clock.h"
#include "commands.h"
#include "control.h"
#include "drain.h"
#include "json_out.h"
#include "site_filter.h"
#include "status_board.h"
#include "switcher.h"

#define MAX_WAITING       64
#define STATUS_TIMEOUT_MS 10000

enum kind {
	KIND_REQUEST,
	KIND_REBASE,
	KIND_ANSWER,
};

/* A copy of a request, with its texts behind it. */
struct command {
	enum kind kind;
	struct control_request request;
	struct site_filter *base;       /* KIND_REBASE */
	enum control_wire_kind verdict; /* KIND_ANSWER */
	struct command *next;
	char texts[];
};

struct commands {
	struct commands_options options;
	struct switcher switcher; /* the thread's own, but for has_processes */
	pthread_mutex_t lock;     /* of what follows */
	pthread_cond_t changed;
	struct command *first, **last;
	size_t waiting_cnt;
	bool stopping, noticed;
	pthread_t thread;
	bool has_thread;
};

static void tell(struct commands *commands, const struct command *command, const char *text,
		 enum control_wire_kind verdict)
{
	(void)control__answer(commands->options.control, command->request.client, text, verdict);
}

static void fail(struct commands *commands, const struct command *command, const char *why)
{
	char line[512];

	(void)snprintf(line, sizeof(line), CONTROL_ERROR "%s\n", why);
	tell(commands, command, line, CONTROL_WIRE_FAILED);
}

/* ---- commands ---- */

static const char *describe(int err)
{
	if (err == ETIMEDOUT)
		return "the recorder is too busy to tell";
	if (err == ESHUTDOWN)
		return "it ends";
	return strerror(err);
}

static void write_answer(const struct commands *commands, struct json_out *json,
			 const struct command *command, const struct status *status)
{
	const struct control_request *request = &command->request;
	const struct selector selector = {
		.pid = request->pid,
		.service = request->texts[CONTROL_TEXT_SERVICE],
		.target = request->texts[CONTROL_TEXT_TARGET],
	};

	answer__begin(json);
	if (request->command == CONTROL_COMMAND_STATUS) {
		answer__status(json, status, &selector);
		changes__write(&commands->switcher.changes, json, clock__now_mono_ns());
	} else {
		answer__list(json, status, &selector);
	}
	json_out__close(json, '}');
}

static void show(struct commands *commands, const struct command *command)
{
	const struct status *status =
		drain__ask_status(commands->options.drain, 0, STATUS_TIMEOUT_MS);
	struct json_out json = { 0 };
	char *text = NULL;
	size_t len;

	if (!status) {
		fail(commands, command, describe(errno));
		return;
	}
	json.out = open_memstream(&text, &len);
	if (json.out)
		write_answer(commands, &json, command, status);
	if (!json.out || ferror(json.out) || fclose(json.out))
		fail(commands, command, strerror(ENOMEM));
	else
		tell(commands, command, text, CONTROL_WIRE_DONE);
	free(text);
	status_board__release(commands->options.board, status);
}

static void tell_switched(struct commands *commands, const struct command *command,
			  const struct switched *switched)
{
	struct json_out json = { 0 };
	char *text = NULL;
	size_t len;

	json.out = open_memstream(&text, &len);
	if (json.out) {
		answer__begin(&json);
		answer__collector(&json);
		json_out__u64(&json, "processes", switched->process_cnt);
		json_out__u64(&json, "sites", switched->site_cnt);
		json_out__u64(&json, "enabled_sites", switched->enabled_cnt);
		json_out__close(&json, '}');
	}
	if (!json.out || fclose(json.out))
		fail(commands, command, strerror(ENOMEM));
	else
		tell(commands, command, text, CONTROL_WIRE_DONE);
	free(text);
}

static int switch_sites(struct commands *commands, const struct control_request *request,
			struct switched *ret, char *error)
{
	const char *argument = request->texts[CONTROL_TEXT_ARGUMENT];
	const struct selector selector = {
		.pid = request->pid,
		.service = request->texts[CONTROL_TEXT_SERVICE],
		.target = request->texts[CONTROL_TEXT_TARGET],
	};

	if (!request->argument_bytes) {
		(void)snprintf(error, SWITCHER_ERROR_BYTES, "there is nothing to change to");
		return -EINVAL;
	}
	if (request->command == CONTROL_COMMAND_LEVEL)
		return switcher__level(&commands->switcher, &selector, argument, request->for_ns,
				       ret, error, SWITCHER_ERROR_BYTES);
	return switcher__filter(&commands->switcher, argument, request->argument_bytes, ret, error,
				SWITCHER_ERROR_BYTES);
}

static void change(struct commands *commands, const struct command *command)
{
	char error[SWITCHER_ERROR_BYTES] = "", line[sizeof(error) + 16];
	struct switched switched;
	int err = switch_sites(commands, &command->request, &switched, error);

	/* for processes that came while it was done */
	commands__notice(commands);
	if (!err) {
		tell_switched(commands, command, &switched);
		return;
	}
	(void)snprintf(line, sizeof(line), CONTROL_ERROR "%s\n", error);
	tell(commands, command, line, err == -EINVAL ? CONTROL_WIRE_USAGE : CONTROL_WIRE_FAILED);
}

static void run_request(struct commands *commands, const struct command *command)
{
	switch (command->request.command) {
	case CONTROL_COMMAND_STATUS:
	case CONTROL_COMMAND_LIST:
		show(commands, command);
		break;
	case CONTROL_COMMAND_LEVEL:
	case CONTROL_COMMAND_FILTER:
		change(commands, command);
		break;
	case CONTROL_COMMAND_RELOAD: /* the main thread does it */
		break;
	}
}

/* Of what no client waits for. */
static void say(int err, const char *error)
{
	if (err)
		fprintf(stderr, "ttlog-collect: %s\n", error);
}

static void run_one(struct commands *commands, struct command *command)
{
	char error[SWITCHER_ERROR_BYTES] = "";

	switch (command->kind) {
	case KIND_REQUEST:
		run_request(commands, command);
		break;
	case KIND_REBASE:
		say(switcher__rebase(&commands->switcher, command->base, error, sizeof(error)),
		    error);
		command->base = NULL;
		break;
	case KIND_ANSWER:
		tell(commands, command, command->texts, command->verdict);
		break;
	}
}

static void free_command(struct command *command)
{
	site_filter__free(command->base);
	free(command);
}

/* ---- the thread ---- */

static void wait_for_change(struct commands *commands)
{
	const uint64_t due_ns = changes__due_ns(&commands->switcher.changes);
	const struct timespec until = clock__timespec(due_ns);

	if (due_ns)
		(void)pthread_cond_timedwait(&commands->changed, &commands->lock, &until);
	else
		(void)pthread_cond_wait(&commands->changed, &commands->lock);
}

static bool is_due(const struct commands *commands)
{
	const uint64_t due_ns = changes__due_ns(&commands->switcher.changes);

	return commands->stopping || commands->noticed ||
	       (due_ns && due_ns <= clock__now_mono_ns());
}

/* NULL: there is something else to do. */
static struct command *wait_for_one(struct commands *commands)
{
	struct command *command;

	(void)pthread_mutex_lock(&commands->lock);
	while (!commands->first && !is_due(commands))
		wait_for_change(commands);
	command = commands->stopping ? NULL : commands->first;
	if (command) {
		commands->first = command->next;
		commands->waiting_cnt--;
		if (!commands->first)
			commands->last = &commands->first;
	}
	(void)pthread_mutex_unlock(&commands->lock);
	return command;
}

/* What is over, and processes that have come. Returns whether to go on. */
static bool look_after(struct commands *commands)
{
	char error[SWITCHER_ERROR_BYTES] = "";
	bool stopping, noticed;

	(void)pthread_mutex_lock(&commands->lock);
	stopping = commands->stopping;
	noticed = commands->noticed;
	commands->noticed = false;
	(void)pthread_mutex_unlock(&commands->lock);
	if (stopping)
		return false;
	say(switcher__expire(&commands->switcher, error, sizeof(error)), error);
	if (noticed)
		say(switcher__refresh(&commands->switcher, error, sizeof(error)), error);
	return true;
}

static void *run(void *arg)
{
	struct commands *commands = arg;

	(void)pthread_setname_np(pthread_self(), "ttlog-command");
	while (look_after(commands)) {
		struct command *command = wait_for_one(commands);

		if (!command)
			continue;
		run_one(commands, command);
		free_command(command);
	}
	return NULL;
}

struct commands *commands__new(const struct commands_options *options)
{
	struct commands *commands = calloc(1, sizeof(*commands));
	int err;

	if (!commands)
		return NULL;
	commands->options = *options;
	commands->last = &commands->first;
	(void)pthread_mutex_init(&commands->lock, NULL);
	clock__init_condition(&commands->changed);
	commands->switcher = (struct switcher){
		.attach = options->attach,
		.drain = options->drain,
		.board = options->board,
		.changes.base = site_filter__ref(options->site_filter),
	};
	err = pthread_create(&commands->thread, NULL, run, commands);
	commands->has_thread = !err;
	if (err) {
		commands__free(commands);
		errno = err;
		return NULL;
	}
	return commands;
}

void commands__free(struct commands *commands)
{
	struct command *command;

	if (!commands)
		return;
	(void)pthread_mutex_lock(&commands->lock);
	commands->stopping = true;
	(void)pthread_cond_signal(&commands->changed);
	(void)pthread_mutex_unlock(&commands->lock);
	if (commands->has_thread)
		(void)pthread_join(commands->thread, NULL);
	while ((command = commands->first)) {
		commands->first = command->next;
		free_command(command);
	}
	switcher__fini(&commands->switcher);
	(void)pthread_cond_destroy(&commands->changed);
	(void)pthread_mutex_destroy(&commands->lock);
	free(commands);
}

/* ---- the main thread ---- */

static struct command *copy(const struct control_request *request)
{
	const size_t service = strlen(request->texts[CONTROL_TEXT_SERVICE]) + 1;
	const size_t target = strlen(request->texts[CONTROL_TEXT_TARGET]) + 1;
	struct command *command =
		malloc(sizeof(*command) + service + target + request->argument_bytes + 1);
	char *at;

	if (!command)
		return NULL;
	*command = (struct command){ .kind = KIND_REQUEST, .request = *request };
	at = command->texts;
	command->request.texts[CONTROL_TEXT_SERVICE] =
		memcpy(at, request->texts[CONTROL_TEXT_SERVICE], service);
	at += service;
	command->request.texts[CONTROL_TEXT_TARGET] =
		memcpy(at, request->texts[CONTROL_TEXT_TARGET], target);
	at += target;
	command->request.texts[CONTROL_TEXT_ARGUMENT] =
		memcpy(at, request->texts[CONTROL_TEXT_ARGUMENT], request->argument_bytes);
	at[request->argument_bytes] = '\0';
	return command;
}

/* Takes ownership, if there is room. */
static bool add(struct commands *commands, struct command *command, size_t max)
{
	bool is_full;

	(void)pthread_mutex_lock(&commands->lock);
	is_full = commands->waiting_cnt >= max;
	if (!is_full) {
		*commands->last = command;
		commands->last = &command->next;
		commands->waiting_cnt++;
		(void)pthread_cond_signal(&commands->changed);
	}
	(void)pthread_mutex_unlock(&commands->lock);
	return !is_full;
}

void commands__take(struct commands *commands, const struct control_request *request)
{
	struct command *command = copy(request);

	if (command && add(commands, command, MAX_WAITING))
		return;
	free(command);
	(void)control__reply(commands->options.control, request->client,
			     CONTROL_ERROR "too many commands at once\n", false);
}

void commands__rebase(struct commands *commands, struct site_filter *base)
{
	struct command *command = calloc(1, sizeof(*command) + 1);

	if (!command) {
		fputs("ttlog-collect: level and filter stay as they were: out of memory\n", stderr);
		site_filter__free(base);
		return;
	}
	command->kind = KIND_REBASE;
	command->base = base;
	if (!add(commands, command, SIZE_MAX))
		free_command(command);
}

void commands__answer(struct commands *commands, uint64_t client, const char *text,
		      enum control_wire_kind verdict)
{
	struct command *command = calloc(1, sizeof(*command) + strlen(text) + 1);

	if (!command) {
		(void)control__answer(commands->options.control, client, text, verdict);
		return;
	}
	command->kind = KIND_ANSWER;
	command->request.client = client;
	command->verdict = verdict;
	strcpy(command->texts, text);
	if (!add(commands, command, SIZE_MAX))
		free_command(command);
}

void commands__notice(struct commands *commands)
{
	if (!barrier__load_relaxed(&commands->switcher.has_processes))
		return;
	(void)pthread_mutex_lock(&commands->lock);
	commands->noticed = true;
	(void)pthread_cond_signal(&commands->changed);
	(void)pthread_mutex_unlock(&commands->lock);
}
