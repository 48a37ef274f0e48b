/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "array.h"
#include "ask_request.h"

#define MOST_REASON_BYTES 64 /* control_wire.h */

static const char *const names[ASK_COMMAND_CNT] = {
	[ASK_STATUS] = "status",
	[ASK_LIST] = "list",
	[ASK_TRIGGER] = "trigger",
	[ASK_LEVEL] = "level",
};

const char *ask_command__name(enum ask_command command)
{
	return names[command];
}

int ask_command__find(enum ask_command *ret, const char *name, size_t len)
{
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (strlen(names[i]) == len && !memcmp(names[i], name, len)) {
			*ret = (enum ask_command)i;
			return 0;
		}
	}
	return -EINVAL;
}

/* ---- writing ---- */

static void add(json_t *json, const char *key, json_t *value, int *err)
{
	if (json_object_set_new(json, key, value))
		*err = -1;
}

static void add_text(json_t *json, const char *key, const char *text, int *err)
{
	if (text && text[0])
		add(json, key, json_string(text), err);
}

static void add_number(json_t *json, const char *key, uint64_t number, int *err)
{
	if (number)
		add(json, key, json_integer((json_int_t)number), err);
}

char *ask_request__encode(const struct ask_request *request)
{
	json_t *json = json_object();
	char *text = NULL;
	int err = json ? 0 : -1;

	if (!err) {
		add(json, "version", json_integer(ASK_VERSION), &err);
		add(json, "command", json_string(names[request->command]), &err);
		add_text(json, "argument", request->argument, &err);
		add_number(json, "pid", request->pid, &err);
		add_text(json, "service", request->service, &err);
		add_text(json, "target", request->target, &err);
		add_number(json, "for_ns", request->for_ns, &err);
		add_number(json, "wait_ns", request->wait_ns, &err);
	}
	if (!err)
		text = json_dumps(json, JSON_COMPACT);
	json_decref(json);
	return text;
}

/* ---- reading ---- */

/* A number from 1 to most. */
static int take_number(const char *key, json_t *value, uint64_t most, uint64_t *ret,
		       struct fleet_error *error)
{
	const json_int_t number = json_integer_value(value);

	if (!json_is_integer(value) || number < 1 || (uint64_t)number > most)
		return fleet_error__set(error, -EINVAL, "'%s' is not 1 to %llu", key,
					(unsigned long long)most);
	*ret = (uint64_t)number;
	return 0;
}

static int take_text(const char *key, json_t *value, const char **ret, struct fleet_error *error)
{
	const char *text = json_string_value(value);

	if (!text || !text[0])
		return fleet_error__set(error, -EINVAL, "'%s' is no text", key);
	*ret = text;
	return 0;
}

static int take_command(json_t *value, struct ask_request *request, struct fleet_error *error)
{
	const char *name = json_string_value(value);

	if (!name || ask_command__find(&request->command, name, strlen(name)))
		return fleet_error__set(error, -EINVAL, "there is no command '%s'",
					name ? name : "");
	return 0;
}

static int take_version(json_t *value, struct fleet_error *error)
{
	if (json_is_integer(value) && json_integer_value(value) == ASK_VERSION)
		return 0;
	return fleet_error__set(error, -EINVAL, "the version is not %d", ASK_VERSION);
}

static int take_member(struct ask_request *request, const char *key, json_t *value,
		       struct fleet_error *error)
{
	uint64_t pid = 0;
	int err;

	if (!strcmp(key, "version"))
		return take_version(value, error);
	if (!strcmp(key, "command"))
		return take_command(value, request, error);
	if (!strcmp(key, "argument"))
		return take_text(key, value, &request->argument, error);
	if (!strcmp(key, "service"))
		return take_text(key, value, &request->service, error);
	if (!strcmp(key, "target"))
		return take_text(key, value, &request->target, error);
	if (!strcmp(key, "for_ns"))
		return take_number(key, value, INT64_MAX, &request->for_ns, error);
	if (!strcmp(key, "wait_ns"))
		return take_number(key, value, INT64_MAX, &request->wait_ns, error);
	if (strcmp(key, "pid") != 0)
		return fleet_error__set(error, -EINVAL, "'%s' is not known", key);
	err = take_number(key, value, INT32_MAX, &pid, error);
	request->pid = (uint32_t)pid;
	return err;
}

/* What belongs together. */
static int check(const struct ask_request *request, struct fleet_error *error)
{
	const char *name = names[request->command];
	const bool has_argument = request->argument[0];
	const bool takes_argument = request->command == ASK_TRIGGER ||
				    request->command == ASK_LEVEL;

	if (has_argument != takes_argument)
		return fleet_error__set(error, -EINVAL, "%s: %s", name,
					takes_argument ? "there is no argument"
						       : "it has no argument");
	if (request->command == ASK_TRIGGER && strlen(request->argument) > MOST_REASON_BYTES)
		return fleet_error__set(error, -EINVAL, "%s: a reason has 1 to %d bytes", name,
					MOST_REASON_BYTES);
	if (request->command == ASK_TRIGGER && request->service[0] && request->pid)
		return fleet_error__set(error, -EINVAL, "%s: it is of a process, or of a service",
					name);
	if (request->command != ASK_LEVEL && (request->target[0] || request->for_ns))
		return fleet_error__set(error, -EINVAL, "%s: a target or time means nothing", name);
	if (request->command == ASK_LEVEL && !request->for_ns &&
	    strcmp(request->argument, "default") != 0)
		return fleet_error__set(error, -EINVAL, "level: it is not said for how long");
	return 0;
}

static int take_members(struct ask_request *request, struct fleet_error *error)
{
	const char *key;
	json_t *value;
	int err = 0;

	if (!json_object_get(request->json, "version") ||
	    !json_object_get(request->json, "command"))
		return fleet_error__set(error, -EINVAL, "a version and a command are needed");
	json_object_foreach (request->json, key, value) {
		err = take_member(request, key, value, error);
		if (err)
			return err;
	}
	return check(request, error);
}

int ask_request__parse(struct ask_request *ret, const char *bytes, size_t len,
		       struct fleet_error *error)
{
	struct ask_request request = { .argument = "", .service = "", .target = "" };
	json_error_t why;
	int err;

	if (len > ASK_REQUEST_MOST_BYTES)
		return fleet_error__set(error, -EINVAL, "it is longer than %d bytes",
					ASK_REQUEST_MOST_BYTES);
	request.json = json_loadb(bytes, len, JSON_REJECT_DUPLICATES, &why);
	if (!json_is_object(request.json))
		err = fleet_error__set(error, -EINVAL, "it is no object of JSON");
	else
		err = take_members(&request, error);
	if (!request.wait_ns || request.wait_ns > ASK_LONGEST_WAIT_NS)
		request.wait_ns = ASK_LONGEST_WAIT_NS;
	if (err)
		ask_request__fini(&request);
	else
		*ret = request;
	return err;
}

void ask_request__fini(struct ask_request *request)
{
	json_decref(request->json);
	request->json = NULL;
}
