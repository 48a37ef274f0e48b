/* SPDX-License-Identifier: MIT */
/*
 * The command line: the help text, the settings (settings.h), and the rules about which go
 * together.
 */
#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "array.h"
#include "command_line.h"
#include "config.h"
#include "settings.h"

static const char doc[] =
	"A flight recorder for native programs: keeps the last events of programs that carry ttlog's "
	"marks, and writes them to snapshots when they crash, end, or are asked to."
	"\v"
	"SIZE: bytes, or with K, M, G. DURATION: seconds, or with ns, us, ms, s, m, h. LEVEL: trace, "
	"debug, info, warn, error, fatal, off. SPEC: LEVEL, GLOB=LEVEL for targets, or several with "
	"commas between: info,net.*=debug. EXPR: target=GLOB, probe=GLOB, file=GLOB, level>=LEVEL; a "
	"site must match all that are given.\n"
	"\n"
	"--on is repeatable, and takes fill>N% (of the ring is in no snapshot), event:FILTER (an event "
	"that ttlog-view --filter would show) and slow:PROBE>DURATION (a span), too.\n"
	"\n"
	"Exit status: with -- CMD that of CMD (128 + its signal), 125 when ttlog-collect itself failed, "
	"126 when CMD could not be run, 127 when it was not found; otherwise 0 done, 1 failed, "
	"2 usage.\n"
	"\n"
	"Examples:\n"
	"  ttlog-collect -- ./server --port 8080\n"
	"  ttlog-collect -p 1234 -F 'target=net.*' -F 'level>=info'\n"
	"  ttlog-collect --all --max-disk 2G\n"
	"  ttlog-collect -e /usr/bin/server --max-snapshots 100 --max-disk 2G\n"
	"  ttlog-collect -e /usr/bin/server --on 'event:level>=ERROR' --delay 2s --min-gap 1m\n"
	"  ttlog-collect --trigger before-restart\n"
	"  ttlog-view /var/lib/ttlog/ttlog-*.bin";

static const char args_doc[] =
	"-p PID[,PID...]\n-e PATH\n--all\n--unit GLOB|--cgroup GLOB...\n-- CMD [ARG...]\n"
	"--trigger REASON [-p PID]\n--list PATH|-p PID\n--check";

static const struct argp_option options[] = {
	{ .doc = "What to record or do, exactly one (or -- CMD):", .group = 1 },
	{ "pid", 'p', "PID[,PID...]", 0, "Attach to running processes; repeatable", 1 },
	{ "exe", 'e', "PATH", 0, "All processes that map PATH, now or later", 1 },
	{ "all", KEY_ALL, NULL, 0, "Every marked program, now or later", 1 },
	{ "unit", KEY_UNIT, "GLOB", 0, "Those of these systemd units; repeatable", 1 },
	{ "cgroup", KEY_CGROUP, "GLOB", 0, "Those of these cgroups (v2); repeatable", 1 },
	{ "trigger", KEY_TRIGGER, "REASON", 0, "Ask running collectors for a snapshot", 1 },
	{ "list", KEY_LIST, "PATH", OPTION_ARG_OPTIONAL, "The sites in a file or process", 1 },
	{ "check", KEY_CHECK, NULL, 0, "What this kernel and these privileges allow", 1 },

	{ .doc = "Which events:", .group = 2 },
	{ "level", 'l', "SPEC", 0, "Lowest level to record (trace)", 2 },
	{ "filter", 'F', "EXPR", 0, "Sites to record (all); repeatable", 2 },
	{ "usdt", KEY_USDT, "PROVIDER:NAME", 0, "USDT probes of others, too; repeatable", 2 },
	{ "uprobe", KEY_UPROBE, "FILE:FUNCTION", 0, "Calls of functions, too; repeatable", 2 },
	{ "span", KEY_SPAN, "FILE:FUNCTION", 0, "Functions from start to end, too; repeatable", 2 },
	{ "debuginfod", KEY_DEBUGINFOD, "URL", 0, "Server with the symbols of stripped files", 2 },
	{ "immediate", KEY_IMMEDIATE, NULL, 0, "Flush every event, for live watching", 2 },
	{ "stack", KEY_STACK, "LEVEL", 0, "The stacks of events from LEVEL up (off)", 2 },
	{ "sched", KEY_SCHED, "DURATION", OPTION_ARG_OPTIONAL, "And waits of threads (1ms)", 2 },

	{ .doc = "Snapshots:", .group = 3 },
	{ "output-dir", 'o', "DIR", 0, "Where they go (" ENV_OUTPUT_DIR ")", 3 },
	{ "group", KEY_GROUP, "NAME", 0, "Its members may read them (the user alone)", 3 },
	{ "tag", KEY_TAG, "KEY=VALUE", 0, "Put this into each; repeatable", 3 },
	{ "redact", KEY_REDACT, "KEY[,KEY]", 0, "Hide the values of these keys; globs", 3 },
	{ "encrypt-to", KEY_ENCRYPT_TO, "FILE", 0, "Only its keys' owners can read them", 3 },
	{ "on", KEY_ON, "LIST", 0, "When: crash,killed,exit,request (all but exit)", 3 },
	{ "delay", KEY_DELAY, "DURATION", 0, "Go on recording first, except at a death (0)", 3 },
	{ "min-gap", KEY_MIN_GAP, "DURATION", 0, "Between two of a process, except deaths (0)", 3 },
	{ "interval", 'i', "DURATION", 0, "And every so often (off)", 3 },
	{ "stacks", KEY_STACKS, "all|crashed", 0, "Of a crash: of which threads (all)", 3 },
	{ "max-snapshots", KEY_MAX_SNAPSHOTS, "N", 0, "Keep at most N, delete the oldest", 3 },
	{ "max-disk", KEY_MAX_DISK, "SIZE", 0, "Keep at most SIZE, delete the oldest", 3 },
	{ "max-age", KEY_MAX_AGE, "DURATION", 0, "Delete those that are older (never)", 3 },
	{ "keep-free", KEY_KEEP_FREE, "SIZE", 0, "Delete while the disk has less free, or 10%", 3 },
	{ "keep-until-shipped", KEY_KEEP_UNTIL_SHIPPED, "DIR", OPTION_ARG_OPTIONAL,
	  "Those that ttlog-ship has proven go first", 3 },

	{ .doc = "Running:", .group = 4 },
	{ "ring-size", 's', "SIZE", 0, "Flight ring per process (64M)", 4 },
	{ "max-memory", KEY_MAX_MEMORY, "SIZE", 0, "All rings together (half of what is free)", 4 },
	{ "buffer-size", 'b', "SIZE", 0, "Kernel ring buffer (64M)", 4 },
	{ "allow", KEY_ALLOW, "WHO=LIST", 0, "Who may use ttlog-ctl, and for what; repeatable", 4 },
	{ "duration", 'd', "DURATION", 0, "Stop after (never)", 4 },
	{ "metrics", KEY_METRICS, "ADDR:PORT", 0, "Serve Prometheus (127.0.0.1 if only PORT)", 4 },
	{ "metrics-by", KEY_METRICS_BY, "service|pid", 0, "pid: also each process (service)", 4 },
	{ "config", KEY_CONFIG, "FILE", 0, "Options from here (" ENV_CONFIG ")", 4 },
	{ "dry-run", KEY_DRY_RUN, NULL, 0, "Print all options as a file, do nothing", 4 },
	{ "quiet", 'q', NULL, 0, "Say nothing but errors and losses", 4 },
	{ "verbose", 'v', NULL, 0, "Say more", 4 },

	{ .doc = "Streams:", .group = 5 },
	{ "stream", KEY_STREAM, NULL, 0, "Write all events to segment files, too", 5 },
	{ "profile", KEY_PROFILE, "NAME", 0, "One of four sets of options (balanced)", 5 },
	{ "write-cache", KEY_WRITE_CACHE, "SIZE,DUR", 0, "Collect so much, so long (4M,100ms)", 5 },
	{ "segment-size", KEY_SEGMENT_SIZE, "SIZE", 0, "Of one segment (64M)", 5 },
	{ "segment-age", KEY_SEGMENT_AGE, "DURATION", 0, "Of one segment (1h)", 5 },
	{ "sync", KEY_SYNC, "WHEN", 0, "When it is safe on disk (1s)", 5 },

	{ .doc = "Help:", .group = -1 },
	{ 0 },
};

const char *setting__long_name(const struct setting *setting)
{
	for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
		if (options[i].name && options[i].key == setting->key)
			return options[i].name;
	}
	return NULL;
}

const struct setting *setting__of_long_name(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
		if (options[i].name && !strcmp(options[i].name, name))
			return setting__of_key(options[i].key);
	}
	return NULL;
}

/* ---- What goes together ---- */

static bool is_used(const struct env *env, int key)
{
	return env->used[setting__of_key(key) - settings];
}

static int choose_mode(struct env *env, char *error, size_t error_size)
{
	bool has_other = is_used(env, KEY_TRIGGER) || is_used(env, KEY_LIST);
	const struct {
		enum env_mode mode;
		const char *name;
		bool chosen;
	} modes[] = {
		{ ENV_TRIGGER, "--trigger", is_used(env, KEY_TRIGGER) },
		{ ENV_LIST, "--list", is_used(env, KEY_LIST) },
		{ ENV_CHECK, "--check", is_used(env, KEY_CHECK) },
		{ ENV_PIDS, "-p", is_used(env, 'p') && !has_other },
		{ ENV_PATH, "-e", is_used(env, 'e') },
		{ ENV_FOUND, "--all", is_used(env, KEY_ALL) },
		{ ENV_FOUND, "--unit or --cgroup", env->chosen.cnt > 0 },
		{ ENV_COMMAND, "-- CMD", env->command != NULL },
	};
	const char *name = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		if (!modes[i].chosen)
			continue;
		if (name) {
			(void)snprintf(error, error_size, "%s and %s exclude each other", name,
				       modes[i].name);
			return -EINVAL;
		}
		name = modes[i].name;
		env->mode = modes[i].mode;
	}
	/* sections may choose all that is recorded */
	if (!name && env->targets.cnt)
		env->mode = ENV_FOUND;
	if (name || env->targets.cnt)
		return 0;
	(void)snprintf(
		error, error_size,
		"one of -p, -e, --all, --unit, --cgroup, -- CMD, --trigger, --list, --check is needed%s",
		env->config_path ? ", here or in the file" : "");
	return -EINVAL;
}

/* NULL: nothing is wrong. */
static const char *find_mismatch(const struct env *env)
{
	if (env->mode == ENV_TRIGGER && env->pid_cnt > 1)
		return "--trigger takes one PID, or none for all";
	if (env->mode == ENV_LIST && (env->path != NULL) + env->pid_cnt != 1)
		return "--list takes one PATH, or -p with one PID";
	if (env->quiet && env->verbose)
		return "-q and -v exclude each other";
	return NULL;
}

int command_line__check(struct env *env, char *error, size_t error_size)
{
	const char *mismatch;
	int err = choose_mode(env, error, error_size);

	if (err)
		return err;
	for (size_t i = 0; i < setting_cnt; i++) {
		if (!env->used[i] || (settings[i].modes & MODE(env->mode)))
			continue;
		(void)snprintf(error, error_size, "%s means nothing %s", settings[i].name,
			       env->mode == ENV_TRIGGER ? "with --trigger"
			       : env->mode == ENV_LIST  ? "with --list"
							: "with --check");
		return -EINVAL;
	}
	mismatch = find_mismatch(env);
	if (mismatch)
		(void)snprintf(error, error_size, "%s", mismatch);
	return mismatch ? -EINVAL : 0;
}

/* ---- argp ---- */

/* The state while argp runs. */
struct parsing {
	struct env *env;
	int err;
};

static void take_option(struct parsing *parsing, int key, const char *arg)
{
	if (given_list__add(&parsing->env->by_user, setting__of_key(key), arg, NULL))
		parsing->err = -ENOMEM;
}

/* After `--` comes the command; the only other argument is --list's path. */
static void take_argument(struct parsing *parsing, const char *arg, struct argp_state *state)
{
	struct env *env = parsing->env;

	if (state->quoted) {
		env->command = state->argv + state->next - 1;
		state->next = state->argc;
	} else if (given_list__find(&env->by_user, setting__of_key(KEY_LIST))) {
		take_option(parsing, KEY_LIST, arg);
	} else {
		argp_error(state, "'%s' is no option: a command to start goes behind --", arg);
	}
}

/* With no arguments at all, it is the service. */
static void build(struct parsing *parsing, const struct argp_state *state)
{
	struct env *env = parsing->env;
	char error[CONFIG_ERROR_BYTES] = "";

	if (state->quoted && !env->command)
		argp_error(state, "there is no command behind --");
	config__find(env, state->argc == 1 && !access(ENV_CONFIG, F_OK) ? ENV_CONFIG : NULL);
	parsing->err = config__build(env, error, sizeof(error));
	if (parsing->err == -ENOMEM)
		return;
	if (parsing->err && env->config_path)
		argp_failure(state, EXIT_USAGE, 0, "%s", error);
	else if (parsing->err)
		argp_error(state, "%s", error);
}

static error_t parse_one(int key, char *arg, struct argp_state *state)
{
	struct parsing *parsing = state->input;

	switch (key) {
	case ARGP_KEY_ARG:
		take_argument(parsing, arg, state);
		break;
	case ARGP_KEY_END:
		build(parsing, state);
		break;
	default:
		if (!setting__of_key(key))
			return ARGP_ERR_UNKNOWN;
		take_option(parsing, key, arg);
	}
	return -parsing->err;
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
	argp_err_exit_status = EXIT_USAGE;
	argp_program_version = "ttlog-collect " TTLOG_VERSION;
	/* in order: options after CMD are CMD's */
	if (!err)
		err = -argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &parsing);
	if (err) {
		env__fini(&env);
		return err;
	}
	*ret_env = env;
	return 0;
}
