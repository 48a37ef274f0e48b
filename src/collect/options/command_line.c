/* SPDX-License-Identifier: MIT */
/*
 * The command line: the help text, the settings (settings.h), and the rules about which go
 * together.
 */
#include <argp.h>
#include <errno.h>
#include <stdlib.h>

#include "array.h"
#include "command_line.h"
#include "settings.h"

#define EXIT_USAGE 2

static const char doc[] =
	"A flight recorder for native programs: keeps the last events of programs that carry ttlog's "
	"marks, and writes them to snapshots when they crash, end, or are asked to."
	"\v"
	"SIZE: bytes, or with K, M, G. DURATION: seconds, or with ns, us, ms, s, m, h. LEVEL: trace, "
	"debug, info, warn, error, fatal. EXPR: target=GLOB, probe=GLOB, file=GLOB, level>=LEVEL; a "
	"site must match all that are given.\n"
	"\n"
	"Exit status: with -- CMD that of CMD (128 + its signal), 125 when ttlog-collect itself failed, "
	"126 when CMD could not be run, 127 when it was not found; otherwise 0 done, 1 failed, "
	"2 usage.\n"
	"\n"
	"Examples:\n"
	"  ttlog-collect -- ./server --port 8080\n"
	"  ttlog-collect -p 1234 -F 'target=net.*' -F 'level>=info'\n"
	"  ttlog-collect -e /usr/bin/server --max-snapshots 100 --max-disk 2G\n"
	"  ttlog-collect --trigger before-restart\n"
	"  ttlog-view /var/lib/ttlog/ttlog-*.bin";

static const char args_doc[] = "-p PID[,PID...]\n-e PATH\n-- CMD [ARG...]\n"
			       "--trigger REASON [-p PID]\n--list PATH|-p PID\n--check";

static const struct argp_option options[] = {
	{ .doc = "What to record or do, exactly one (or -- CMD):", .group = 1 },
	{ "pid", 'p', "PID[,PID...]", 0, "Attach to running processes; repeatable", 1 },
	{ "exe", 'e', "PATH", 0, "All processes that map PATH, now or later", 1 },
	{ "trigger", KEY_TRIGGER, "REASON", 0, "Ask running collectors for a snapshot", 1 },
	{ "list", KEY_LIST, "PATH", OPTION_ARG_OPTIONAL, "The sites in a file or process", 1 },
	{ "check", KEY_CHECK, NULL, 0, "What this kernel and these privileges allow", 1 },

	{ .doc = "Which events:", .group = 2 },
	{ "level", 'l', "LEVEL", 0, "Lowest level to record (trace)", 2 },
	{ "filter", 'F', "EXPR", 0, "Sites to record (all); repeatable", 2 },
	{ "immediate", KEY_IMMEDIATE, NULL, 0, "Flush every event, for live watching", 2 },

	{ .doc = "Snapshots:", .group = 3 },
	{ "output-dir", 'o', "DIR", 0, "Where they go (" ENV_OUTPUT_DIR ")", 3 },
	{ "group", KEY_GROUP, "NAME", 0, "Its members may read them (the user alone)", 3 },
	{ "tag", KEY_TAG, "KEY=VALUE", 0, "Put this into each; repeatable", 3 },
	{ "on", KEY_ON, "LIST", 0, "When: crash,killed,exit,request (all but exit)", 3 },
	{ "interval", 'i', "DURATION", 0, "And every so often (off)", 3 },
	{ "stacks", KEY_STACKS, "all|crashed", 0, "Of a crash: of which threads (all)", 3 },
	{ "max-snapshots", KEY_MAX_SNAPSHOTS, "N", 0, "Keep at most N, delete the oldest", 3 },
	{ "max-disk", KEY_MAX_DISK, "SIZE", 0, "Keep at most SIZE, delete the oldest", 3 },

	{ .doc = "Running:", .group = 4 },
	{ "ring-size", 's', "SIZE", 0, "Flight ring per process (64M)", 4 },
	{ "max-memory", KEY_MAX_MEMORY, "SIZE", 0, "All rings together (half of what is free)", 4 },
	{ "buffer-size", 'b', "SIZE", 0, "Kernel ring buffer (64M)", 4 },
	{ "duration", 'd', "DURATION", 0, "Stop after (never)", 4 },
	{ "quiet", 'q', NULL, 0, "Say nothing but errors and losses", 4 },
	{ "verbose", 'v', NULL, 0, "Say more", 4 },

	{ .doc = "Help:", .group = -1 },
	{ 0 },
};

/* The state while argp runs. */
struct parsing {
	struct env *env;
	bool used[SETTING_CNT];
	int err;
};

static const struct setting *find_setting(int key)
{
	for (size_t i = 0; i < SETTING_CNT; i++) {
		if (settings[i].key == key)
			return &settings[i];
	}
	return NULL;
}

static bool is_used(const struct parsing *parsing, int key)
{
	return parsing->used[find_setting(key) - settings];
}

static void apply(struct parsing *parsing, const struct setting *setting, const char *arg,
		  const struct argp_state *state)
{
	struct argument argument = {
		.text = arg,
		.member = (char *)parsing->env + setting->at,
	};
	int err = 0;

	if (setting->set)
		err = setting->set(parsing->env, &argument);
	if (err == -ENOMEM)
		parsing->err = err;
	else if (argument.error[0] && err)
		argp_error(state, "%s: %s", setting->name, argument.error);
	else if (err == -ERANGE)
		argp_error(state, "%s: '%s' is out of range; it takes %s", setting->name, arg,
			   setting->form);
	else if (err)
		argp_error(state, "%s: '%s' is not %s", setting->name, arg, setting->form);
	parsing->used[setting - settings] = true;
}

/* After `--` comes the command; the only other argument is --list's path. */
static void take_argument(struct parsing *parsing, const char *arg, struct argp_state *state)
{
	if (state->quoted) {
		parsing->env->command = state->argv + state->next - 1;
		state->next = state->argc;
	} else if (is_used(parsing, KEY_LIST)) {
		apply(parsing, find_setting(KEY_LIST), arg, state);
	} else {
		argp_error(state, "'%s' is no option: a command to start goes behind --", arg);
	}
}

/* ---- What goes together ---- */

static void choose_mode(struct parsing *parsing, const struct argp_state *state)
{
	const struct env *env = parsing->env;
	bool has_other = is_used(parsing, KEY_TRIGGER) || is_used(parsing, KEY_LIST);
	const struct {
		enum env_mode mode;
		const char *name;
		bool chosen;
	} modes[] = {
		{ ENV_TRIGGER, "--trigger", is_used(parsing, KEY_TRIGGER) },
		{ ENV_LIST, "--list", is_used(parsing, KEY_LIST) },
		{ ENV_CHECK, "--check", is_used(parsing, KEY_CHECK) },
		{ ENV_PIDS, "-p", is_used(parsing, 'p') && !has_other },
		{ ENV_PATH, "-e", is_used(parsing, 'e') },
		{ ENV_COMMAND, "-- CMD", env->command != NULL },
	};
	const char *name = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		if (!modes[i].chosen)
			continue;
		if (name)
			argp_error(state, "%s and %s exclude each other", name, modes[i].name);
		name = modes[i].name;
		parsing->env->mode = modes[i].mode;
	}
	if (!name)
		argp_error(state, "one of -p, -e, -- CMD, --trigger, --list, --check is needed");
}

static void check_together(const struct parsing *parsing, const struct argp_state *state)
{
	const struct env *env = parsing->env;

	for (size_t i = 0; i < SETTING_CNT; i++) {
		if (parsing->used[i] && !(settings[i].modes & MODE(env->mode)))
			argp_error(state, "%s means nothing %s", settings[i].name,
				   env->mode == ENV_TRIGGER ? "with --trigger"
				   : env->mode == ENV_LIST  ? "with --list"
							    : "with --check");
	}
	if (env->mode == ENV_TRIGGER && env->pid_cnt > 1)
		argp_error(state, "--trigger takes one PID, or none for all");
	if (env->mode == ENV_LIST && (env->path != NULL) + env->pid_cnt != 1)
		argp_error(state, "--list takes one PATH, or -p with one PID");
	if (env->quiet && env->verbose)
		argp_error(state, "-q and -v exclude each other");
}

static error_t parse_one(int key, char *arg, struct argp_state *state)
{
	struct parsing *parsing = state->input;
	const struct setting *setting;

	switch (key) {
	case ARGP_KEY_ARG:
		take_argument(parsing, arg, state);
		return 0;
	case ARGP_KEY_END:
		if (state->quoted && !parsing->env->command)
			argp_error(state, "there is no command behind --");
		choose_mode(parsing, state);
		check_together(parsing, state);
		return 0;
	default:
		setting = find_setting(key);
		if (!setting)
			return ARGP_ERR_UNKNOWN;
		apply(parsing, setting, arg, state);
		return parsing->err ? -parsing->err : 0;
	}
}

int command_line__parse(struct env *ret_env, int argc, char **argv)
{
	static const struct argp argp = {
		.options = options,
		.parser = parse_one,
		.args_doc = args_doc,
		.doc = doc,
	};
	struct env env;
	struct parsing parsing = { .env = &env };
	int err;

	err = env__init(&env);
	if (err)
		return err;
	argp_err_exit_status = EXIT_USAGE;
	argp_program_version = "ttlog-collect " TTLOG_VERSION;
	/* in order: options after CMD are CMD's */
	err = -argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &parsing);
	if (err) {
		env__fini(&env);
		return err;
	}
	*ret_env = env;
	return 0;
}
