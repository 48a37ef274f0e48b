/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "answer.h"
#include "commands.h"
#include "control.h"
#include "drain.h"
#include "json_out.h"
#include "status_board.h"

#define MAX_WAITING       64
#define STATUS_TIMEOUT_MS 10000

/* A copy of a request, with its texts behind it. */
struct command {
	struct control_request request;
	struct command *next;
	char texts[];
};

struct commands {
	struct commands_options options;
	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t changed;
	struct command *first, **last;
	size_t waiting_cnt;
	bool stopping;
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

static void write_answer(struct json_out *json, const struct command *command,
			 const struct status *status)
{
	const struct control_request *request = &command->request;
	const struct selector selector = {
		.pid = request->pid,
		.service = request->texts[CONTROL_TEXT_SERVICE],
		.target = request->texts[CONTROL_TEXT_TARGET],
	};

	answer__begin(json);
	if (request->command == CONTROL_COMMAND_STATUS)
		answer__status(json, status, &selector);
	else
		answer__list(json, status, &selector, NULL, NULL);
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
		write_answer(&json, command, status);
	if (!json.out || ferror(json.out) || fclose(json.out))
		fail(commands, command, strerror(ENOMEM));
	else
		tell(commands, command, text, CONTROL_WIRE_DONE);
	free(text);
	status_board__release(commands->options.board, status);
}

static void run_one(struct commands *commands, const struct command *command)
{
	switch (command->request.command) {
	case CONTROL_COMMAND_STATUS:
	case CONTROL_COMMAND_LIST:
		show(commands, command);
		break;
	default:
		fail(commands, command, "unknown command");
		break;
	}
}

/* ---- the thread ---- */

/* NULL: it is to end. */
static struct command *wait_for_one(struct commands *commands)
{
	struct command *command;

	(void)pthread_mutex_lock(&commands->lock);
	while (!commands->first && !commands->stopping)
		(void)pthread_cond_wait(&commands->changed, &commands->lock);
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

static void *run(void *arg)
{
	struct commands *commands = arg;
	struct command *command;

	(void)pthread_setname_np(pthread_self(), "ttlog-command");
	while ((command = wait_for_one(commands))) {
		run_one(commands, command);
		free(command);
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
	(void)pthread_cond_init(&commands->changed, NULL);
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
		free(command);
	}
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
	command->request = *request;
	command->next = NULL;
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

void commands__take(struct commands *commands, const struct control_request *request)
{
	struct command *command = copy(request);
	bool is_full;

	(void)pthread_mutex_lock(&commands->lock);
	is_full = !command || commands->waiting_cnt == MAX_WAITING;
	if (!is_full) {
		*commands->last = command;
		commands->last = &command->next;
		commands->waiting_cnt++;
		(void)pthread_cond_signal(&commands->changed);
	}
	(void)pthread_mutex_unlock(&commands->lock);
	if (!is_full)
		return;
	free(command);
	(void)control__reply(commands->options.control, request->client,
			     CONTROL_ERROR "too many commands at once\n", false);
}
