/* SPDX-License-Identifier: MIT */
#include <argp.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "client_options.h"
#include "parse.h"

#define DEFAULT_CACHE_BYTES (UINT64_C(2) << 30)
#define EXIT_USAGE          2
#define DEFAULT_WAIT_NS     UINT64_C(10000000000)
#define MOST_WAIT_NS        UINT64_C(3600000000000)

static const char doc[] =
	"Talks to a fleet's servers for ttlog-view and ttlog-ctl, which start it; it gives up all "
	"rights before it connects.\v"
	"COMMAND is\n"
	"  list URL...  what files there are, newest first, by the index alone\n"
	"  fetch --cache DIR URL...  these files into a cache, newest first\n"
	"  ask URL REQUEST  a request to each host that matches, as JSON; answers as JSON, a line each\n"
	"\n"
	"URL is nats://HOST[:PORT][,HOST...]/BUCKET[?host=GLOB&service=GLOB&reason=GLOB&since=TIME].\n"
	"\n"
	"Exit status: 0 done, 1 failed, wholly or in part, 2 usage.";

enum {
	KEY_FORMAT = 0x100,
	KEY_CACHE,
	KEY_CACHE_SIZE,
	KEY_HOLD,
	KEY_AS,
	KEY_WAIT,
};

static const struct argp_option known[] = {
	{ "format", KEY_FORMAT, "FORMAT", 0, "text (default), or json: one object a line", 1 },
	{ "cache", KEY_CACHE, "DIR", 0, "fetch: where files are kept, by their SHA-256", 1 },
	{ "cache-size", KEY_CACHE_SIZE, "SIZE", 0,
	  "fetch: removes what was not used for the longest time beyond this (2G)", 1 },
	{ "hold", KEY_HOLD, NULL, 0, "fetch: stays until stdout is closed, so that no file goes",
	  1 },
	{ "as", KEY_AS, "USER", 0, "ask: who asks (the name in the credentials, or the login name)",
	  3 },
	{ "wait", KEY_WAIT, "DURATION", 0, "ask: for answers (10s)", 3 },
	{ .doc = "Help:", .group = -1 },
	{ 0 },
};

static const struct {
	const char *name;
	enum client_command command;
} commands[] = { { "list", CLIENT_LIST }, { "ask", CLIENT_ASK }, { "fetch", CLIENT_FETCH } };

static void set_command(struct client_options *own, const char *text,
			const struct argp_state *state)
{
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		if (strcmp(text, commands[i].name) != 0)
			continue;
		own->command = commands[i].command;
		return;
	}
	argp_error(state, "'%s' is no command", text);
}

static void add_url(struct client_options *own, const char *text, const struct argp_state *state)
{
	struct client_url *grown = reallocarray(own->urls, own->url_cnt + 1, sizeof(*grown));
	struct fleet_error error;

	if (!grown) {
		argp_failure(state, 1, 0, "no memory");
		return;
	}
	own->urls = grown;
	if (fleet_url__parse(&grown[own->url_cnt].url, text,
			     FLEET_URL_QUERY | (own->command == CLIENT_ASK ? 0 : FLEET_URL_BUCKET),
			     &error))
		argp_error(state, "%s: %s", text, error.text);
	grown[own->url_cnt++].text = text;
}

static void set_format(struct client_options *own, const char *text, const struct argp_state *state)
{
	own->is_json = !strcmp(text, "json");
	if (!own->is_json && strcmp(text, "text") != 0)
		argp_error(state, "--format %s: there is text json", text);
}

/* After the command. */
static void add_argument(struct client_options *own, const char *text,
			 const struct argp_state *state)
{
	if (own->command != CLIENT_ASK || !own->url_cnt)
		add_url(own, text, state);
	else if (own->request)
		argp_error(state, "'%s' is one argument too many", text);
	else
		own->request = text;
}

static uint64_t parse_wait(const char *text, const struct argp_state *state)
{
	uint64_t ns = 0;

	if (parse__duration(text, &ns) || !ns || ns > MOST_WAIT_NS)
		argp_error(state, "--wait: '%s' is not a duration of at most an hour", text);
	return ns;
}

static error_t parse_one(int key, char *arg, struct argp_state *state)
{
	struct client_options *own = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &own->login;
		return 0;
	case ARGP_KEY_ARG:
		if (state->arg_num)
			add_argument(own, arg, state);
		else
			set_command(own, arg, state);
		return 0;
	case ARGP_KEY_END:
		if (!own->url_cnt)
			argp_error(state, "a command and a URL are needed");
		if (own->command == CLIENT_FETCH && !own->cache)
			argp_error(state, "fetch: --cache DIR is needed");
		return 0;
	case KEY_FORMAT:
		set_format(own, arg, state);
		return 0;
	case KEY_CACHE:
		own->cache = arg;
		return 0;
	case KEY_CACHE_SIZE:
		if (parse__size(arg, &own->cache_bytes) || !own->cache_bytes)
			argp_error(state, "--cache-size: '%s' is not a size such as 2G", arg);
		return 0;
	case KEY_HOLD:
		own->is_holding = true;
		return 0;
	case KEY_AS:
		own->as = arg;
		return 0;
	case KEY_WAIT:
		own->wait_ns = parse_wait(arg, state);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

void client_options__parse(struct client_options *ret, int argc, char **argv)
{
	static const struct argp_child login[] = { { &login_files__argp, 0, NULL, 2 }, { 0 } };
	static const struct argp argp = {
		.options = known,
		.parser = parse_one,
		.args_doc = "COMMAND URL...",
		.doc = doc,
		.children = login,
	};

	*ret = (struct client_options){ .wait_ns = DEFAULT_WAIT_NS,
					.cache_bytes = DEFAULT_CACHE_BYTES };
	argp_err_exit_status = EXIT_USAGE;
	argp_program_version = "ttlog-fleet " TTLOG_VERSION;
	if (argp_parse(&argp, argc, argv, 0, NULL, ret))
		exit(1);
}

void client_options__fini(struct client_options *options)
{
	for (size_t i = 0; i < options->url_cnt; i++)
		fleet_url__fini(&options->urls[i].url);
	free(options->urls);
}
