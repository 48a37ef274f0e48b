/* SPDX-License-Identifier: MIT */
/*
 * The command line: a table of settings, each with its own short setter, and the rules about which
 * go together.
 */
#include "env.h"

#include <argp.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "parse.h"
#include "ring_budget.h"
#include "site_filter.h"
#include "value.h"
#include "trigger.h"

#define EXIT_USAGE    2
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define DEFAULT_OUTPUT_DIR   "/var/lib/ttlog"
#define DEFAULT_RING_BYTES   (64u << 20)
#define DEFAULT_BUFFER_BYTES (64u << 20)
#define MAX_RING_BYTES       (1ull << 40)
#define MAX_BUFFER_BYTES     (1ull << 31) /* the kernel counts a ring buffer's bytes in 32 bits */
#define MIN_BUFFER_BYTES     (1ull << 20) /* a few of the largest batches */
#define MIN_INTERVAL_NS      10000000u

/* Options without a letter. */
enum {
	KEY_TRIGGER = 0x100,
	KEY_LIST,
	KEY_CHECK,
	KEY_ON,
	KEY_IMMEDIATE,
	KEY_MAX_SNAPSHOTS,
	KEY_MAX_DISK,
	KEY_MAX_MEMORY,
	KEY_STACKS,
};

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
	{ "output-dir", 'o', "DIR", 0, "Where they go (" DEFAULT_OUTPUT_DIR ")", 3 },
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

/* ---- Setters: 0 or -errno; at -EINVAL the option's `form` tells the user what it takes, unless
 * there is an error text. ---- */

struct setting_error {
	char text[256];
};

static int set_pids(struct env *env, const char *arg, struct setting_error *error)
{
	pid_t *pids, *all;
	size_t cnt;
	int err;

	(void)error;
	err = parse__pids(arg, &pids, &cnt);
	if (err)
		return err;
	all = reallocarray(env->pids, env->pid_cnt + cnt, sizeof(*all));
	if (!all) {
		free(pids);
		return -ENOMEM;
	}
	env->pids = all;
	for (size_t i = 0; i < cnt; i++) {
		size_t j = 0;

		while (j < env->pid_cnt && env->pids[j] != pids[i])
			j++;
		if (j == env->pid_cnt)
			env->pids[env->pid_cnt++] = pids[i];
	}
	free(pids);
	return 0;
}

static int set_text(const char **text, const char *arg)
{
	if (!arg[0])
		return -EINVAL;
	*text = arg;
	return 0;
}

static int set_path(struct env *env, const char *arg, struct setting_error *error)
{
	if (env->path) {
		(void)snprintf(error->text, sizeof(error->text), "only one PATH can be given");
		return -EINVAL;
	}
	return set_text(&env->path, arg);
}

static int set_reason(struct env *env, const char *arg, struct setting_error *error)
{
	(void)error;
	return set_text(&env->reason, arg);
}

static int set_output_dir(struct env *env, const char *arg, struct setting_error *error)
{
	(void)error;
	return set_text(&env->output_dir, arg);
}

static int set_list(struct env *env, const char *arg, struct setting_error *error)
{
	return arg ? set_path(env, arg, error) : 0;
}

static int set_level(struct env *env, const char *arg, struct setting_error *error)
{
	const int level = value__parse_level(arg);

	(void)error;
	if (level < 0)
		return level;
	site_filter__set_level(env->site_filter, (uint8_t)level);
	return 0;
}

static int set_filter(struct env *env, const char *arg, struct setting_error *error)
{
	return site_filter__add(env->site_filter, arg, error->text, sizeof(error->text));
}

/* Within 1 and max. */
static int parse_bytes(const char *arg, uint64_t max, size_t *ret_bytes)
{
	uint64_t bytes;
	int err;

	err = parse__size(arg, &bytes);
	if (err)
		return err;
	if (!bytes || bytes > max)
		return -ERANGE;
	*ret_bytes = bytes;
	return 0;
}

static int set_ring_size(struct env *env, const char *arg, struct setting_error *error)
{
	(void)error;
	return parse_bytes(arg, MAX_RING_BYTES, &env->ring_bytes);
}

/* The kernel takes powers of two. */
static int set_buffer_size(struct env *env, const char *arg, struct setting_error *error)
{
	size_t bytes, rounded = MIN_BUFFER_BYTES;
	int err;

	(void)error;
	err = parse_bytes(arg, MAX_BUFFER_BYTES, &bytes);
	if (err)
		return err;
	while (rounded < bytes)
		rounded *= 2;
	env->buffer_bytes = rounded;
	return 0;
}

static int set_interval(struct env *env, const char *arg, struct setting_error *error)
{
	uint64_t ns;
	int err;

	err = parse__duration(arg, &ns);
	if (err)
		return err;
	if (ns && ns < MIN_INTERVAL_NS) {
		(void)snprintf(error->text, sizeof(error->text), "'%s' is less than 10ms", arg);
		return -EINVAL;
	}
	env->interval_ns = ns;
	return 0;
}

static int set_duration(struct env *env, const char *arg, struct setting_error *error)
{
	uint64_t ns;
	int err;

	(void)error;
	err = parse__duration(arg, &ns);
	if (!err && !ns)
		err = -ERANGE;
	if (!err)
		env->duration_ns = ns;
	return err;
}

static int set_on(struct env *env, const char *arg, struct setting_error *error)
{
	static const struct {
		const char *name;
		unsigned bit;
	} triggers[] = {
		{ "crash", TRIGGER_ON_CRASH },
		{ "killed", TRIGGER_ON_KILLED },
		{ "exit", TRIGGER_ON_EXIT },
		{ "request", TRIGGER_ON_REQUEST },
	};
	unsigned on = 0;
	size_t len, i;

	(void)error;
	for (const char *item = arg;; item += len + 1) {
		len = strcspn(item, ",");
		for (i = 0; i < ARRAY_SIZE(triggers); i++) {
			if (strlen(triggers[i].name) == len && !memcmp(triggers[i].name, item, len))
				break;
		}
		if (i == ARRAY_SIZE(triggers))
			return -EINVAL;
		on |= triggers[i].bit;
		if (!item[len])
			break;
	}
	env->on = on;
	return 0;
}

static int set_max_snapshots(struct env *env, const char *arg, struct setting_error *error)
{
	char *end;
	unsigned long long n;

	(void)error;
	if (arg[0] < '0' || arg[0] > '9')
		return -EINVAL;
	errno = 0;
	n = strtoull(arg, &end, 10);
	if (*end)
		return -EINVAL;
	if (errno || !n || n > SIZE_MAX)
		return -ERANGE;
	env->max_snapshots = n;
	return 0;
}

static int set_max_disk(struct env *env, const char *arg, struct setting_error *error)
{
	size_t bytes;
	int err;

	(void)error;
	err = parse_bytes(arg, INT64_MAX, &bytes);
	if (!err)
		env->max_disk_bytes = bytes;
	return err;
}

static int set_max_memory(struct env *env, const char *arg, struct setting_error *error)
{
	size_t bytes;
	int err;

	(void)error;
	err = parse_bytes(arg, MAX_RING_BYTES, &bytes);
	if (!err && bytes < RING_BUDGET_MIN_BYTES)
		return -ERANGE;
	if (!err)
		env->max_memory_bytes = bytes;
	return err;
}

static int set_stacks(struct env *env, const char *arg, struct setting_error *error)
{
	(void)error;
	env->all_stacks = !strcmp(arg, "all");
	return env->all_stacks || !strcmp(arg, "crashed") ? 0 : -EINVAL;
}

static int set_immediate(struct env *env, const char *arg, struct setting_error *error)
{
	(void)arg;
	(void)error;
	env->immediate = true;
	return 0;
}

static int set_quiet(struct env *env, const char *arg, struct setting_error *error)
{
	(void)arg;
	(void)error;
	env->quiet = true;
	return 0;
}

static int set_verbose(struct env *env, const char *arg, struct setting_error *error)
{
	(void)arg;
	(void)error;
	env->verbose = true;
	return 0;
}

/* ---- The table ---- */

#define MODE(mode) (1u << (mode))
#define RECORDING  (MODE(ENV_PIDS) | MODE(ENV_PATH) | MODE(ENV_COMMAND))
#define ANY        (RECORDING | MODE(ENV_TRIGGER) | MODE(ENV_LIST) | MODE(ENV_CHECK))

struct setting {
	int key;
	unsigned modes;   /* where it means something */
	const char *name; /* for messages */
	const char *form;
	int (*set)(struct env *env, const char *arg, struct setting_error *error);
};

static const struct setting settings[] = {
	{ 'p', MODE(ENV_PIDS) | MODE(ENV_TRIGGER) | MODE(ENV_LIST), "-p",
	  "a process id, or several with commas between", set_pids },
	{ 'e', MODE(ENV_PATH), "-e", "a path", set_path },
	{ KEY_TRIGGER, MODE(ENV_TRIGGER), "--trigger", "a reason", set_reason },
	{ KEY_LIST, MODE(ENV_LIST), "--list", "a path", set_list },
	{ KEY_CHECK, MODE(ENV_CHECK), "--check", NULL, NULL },
	{ 'l', RECORDING, "--level", "one of trace, debug, info, warn, error, fatal", set_level },
	{ 'F', RECORDING, "--filter", "an expression such as target=net.*", set_filter },
	{ KEY_IMMEDIATE, RECORDING, "--immediate", NULL, set_immediate },
	{ 'o', RECORDING | MODE(ENV_CHECK), "--output-dir", "a directory", set_output_dir },
	{ KEY_ON, RECORDING, "--on", "a list of crash,killed,exit,request", set_on },
	{ KEY_STACKS, RECORDING, "--stacks", "all or crashed", set_stacks },
	{ 'i', RECORDING, "--interval", "a duration such as 30s", set_interval },
	{ KEY_MAX_SNAPSHOTS, RECORDING, "--max-snapshots", "a number above 0", set_max_snapshots },
	{ KEY_MAX_DISK, RECORDING, "--max-disk", "a size such as 2G", set_max_disk },
	{ 's', RECORDING, "--ring-size", "a size such as 64M, up to 1T", set_ring_size },
	{ KEY_MAX_MEMORY, RECORDING, "--max-memory", "a size such as 512M, from 1M",
	  set_max_memory },
	{ 'b', RECORDING, "--buffer-size", "a size such as 64M, up to 2G", set_buffer_size },
	{ 'd', RECORDING, "--duration", "a duration such as 30s", set_duration },
	{ 'q', ANY, "-q", NULL, set_quiet },
	{ 'v', ANY, "-v", NULL, set_verbose },
};

/* While argp runs. */
struct parsing {
	struct env *env;
	bool used[ARRAY_SIZE(settings)];
	int err;
};

static const struct setting *find_setting(int key)
{
	for (size_t i = 0; i < ARRAY_SIZE(settings); i++) {
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
	struct setting_error error = { "" };
	int err = 0;

	if (setting->set)
		err = setting->set(parsing->env, arg, &error);
	if (err == -ENOMEM)
		parsing->err = err;
	else if (error.text[0] && err)
		argp_error(state, "%s: %s", setting->name, error.text);
	else if (err == -ERANGE)
		argp_error(state, "%s: '%s' is out of range; it takes %s", setting->name, arg,
			   setting->form);
	else if (err)
		argp_error(state, "%s: '%s' is not %s", setting->name, arg, setting->form);
	parsing->used[setting - settings] = true;
}

/* What is behind `--` is the command's; the only other argument is --list's path. */
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

	for (size_t i = 0; i < ARRAY_SIZE(settings); i++) {
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

int env__parse(struct env *ret_env, int argc, char **argv)
{
	static const struct argp argp = {
		.options = options,
		.parser = parse_one,
		.args_doc = args_doc,
		.doc = doc,
	};
	struct env env = {
		.output_dir = DEFAULT_OUTPUT_DIR,
		.ring_bytes = DEFAULT_RING_BYTES,
		.buffer_bytes = DEFAULT_BUFFER_BYTES,
		.on = TRIGGER_ON_CRASH | TRIGGER_ON_KILLED | TRIGGER_ON_REQUEST,
		.all_stacks = true,
	};
	struct parsing parsing = { .env = &env };
	int err;

	env.site_filter = site_filter__new();
	if (!env.site_filter)
		return -ENOMEM;
	argp_err_exit_status = EXIT_USAGE;
	argp_program_version = "ttlog-collect " TTLOG_VERSION;
	/* in order: an option behind CMD is CMD's */
	err = -argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &parsing);
	if (err) {
		env__fini(&env);
		return err;
	}
	*ret_env = env;
	return 0;
}

void env__fini(struct env *env)
{
	free(env->pids);
	env->pids = NULL;
	site_filter__free(env->site_filter);
	env->site_filter = NULL;
}
