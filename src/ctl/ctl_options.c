/* SPDX-License-Identifier: MIT */
#include <argp.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "control_wire.h"
#include "ctl_options.h"
#include "parse.h"

#define EXIT_USAGE   2
#define MIN_DELAY_NS 100000000u

static const char doc[] =
	"Asks the collectors (ttlog-collect) that run on this machine, and changes what they do.\v"
	"Commands:\n"
	"  status              what each collector and each recorded process does\n"
	"  list                the recorded processes\n"
	"  trigger REASON      a snapshot of each, or of -p PID\n"
	"  level SPEC          other levels, as info,net.*=debug; 'default': as it was\n"
	"  filter EXPR...      other filters than --filter's\n"
	"  reload              read the configuration again\n"
	"  top                 a live screen: q quits, h helps\n"
	"\n"
	"level adds sites to single processes (-p, --service), and takes none from them.\n"
	"\n"
	"Root may do all; members of the group ttlog may use status, list and top, and what the "
	"collector's --allow says.\n"
	"\n"
	"With --at, the collectors of all machines of a fleet whose ttlog-ship allows it, by NATS: URL is "
	"nats://HOST[,HOST...][/BUCKET][?host=GLOB&service=GLOB]. Only status, list, trigger, and level "
	"with --for.\n"
	"\n"
	"Exit status: 0 done, 1 failed, 2 usage.\n"
	"\n"
	"Examples:\n"
	"  ttlog-ctl status\n"
	"  ttlog-ctl --format json status --service 'web-*'\n"
	"  ttlog-ctl trigger before-restart -p 1234\n"
	"  ttlog-ctl level debug --service api --for 30s\n"
	"  ttlog-ctl top\n"
	"  ttlog-ctl --at 'nats://n1,n2,n3?host=web*' level debug --service api --for 30s";

static const char args_doc[] = "status|list|top|reload\ntrigger REASON\nlevel SPEC\nfilter EXPR...";

enum {
	KEY_SERVICE = 0x100,
	KEY_TARGET,
	KEY_FORMAT,
	KEY_COUNT,
	KEY_FOR,
	KEY_AT,
	KEY_AS,
	KEY_WAIT,
};

static const struct argp_option options[] = {
	{ "pid", 'p', "PID", 0, "Of this process", 1 },
	{ "service", KEY_SERVICE, "GLOB", 0, "Of processes of these services", 1 },
	{ "target", KEY_TARGET, "GLOB", 0, "level: sites of these targets", 1 },
	{ "for", KEY_FOR, "DURATION", 0, "level: until it comes back by itself", 1 },
	{ "format", KEY_FORMAT, "text|json", 0, "json: one object a line (text)", 2 },
	{ "delay", 'd', "DURATION", 0, "top: how often (1s)", 2 },
	{ "count", KEY_COUNT, "N", 0, "top: end after so many (never)", 2 },
	{ "at", KEY_AT, "URL", 0, "Ask the machines of a fleet: status, list, trigger, level --for",
	  3 },
	{ "as", KEY_AS, "USER", 0, "Who asks (the name in --creds, or the login name)", 3 },
	{ "wait", KEY_WAIT, "DURATION", 0, "For answers of machines (10s)", 3 },
	{ .doc = "Help:", .group = -1 },
	{ 0 },
};

enum option_bit {
	HAS_PID = 1,
	HAS_SERVICE = 2,
	HAS_TARGET = 4,
	HAS_FORMAT = 8,
	HAS_DELAY = 16,
	HAS_COUNT = 32,
	HAS_FOR = 64,
	HAS_AT = 128,
};

#define SELECTOR (HAS_PID | HAS_SERVICE)

static const struct command {
	const char *name;
	enum ctl_command command;
	size_t min_cnt, max_cnt; /* of arguments */
	unsigned int takes;      /* enum option_bit, or-ed */
} commands[] = {
	{ "status", CTL_STATUS, 0, 0, SELECTOR | HAS_FORMAT | HAS_AT },
	{ "list", CTL_LIST, 0, 0, SELECTOR | HAS_FORMAT | HAS_AT },
	{ "trigger", CTL_TRIGGER, 1, 1, HAS_PID | HAS_AT },
	{ "level", CTL_LEVEL, 1, 1, SELECTOR | HAS_TARGET | HAS_FOR | HAS_FORMAT | HAS_AT },
	{ "filter", CTL_FILTER, 1, SIZE_MAX, HAS_FORMAT },
	{ "reload", CTL_RELOAD, 0, 0, HAS_FORMAT },
	{ "top", CTL_TOP, 0, 0, SELECTOR | HAS_DELAY | HAS_COUNT },
};

static const struct {
	int key;
	enum option_bit bit;
	const char *name;
} bits[] = {
	{ 'p', HAS_PID, "-p" },
	{ KEY_SERVICE, HAS_SERVICE, "--service" },
	{ KEY_TARGET, HAS_TARGET, "--target" },
	{ KEY_FOR, HAS_FOR, "--for" },
	{ KEY_AT, HAS_AT, "--at" },
	{ KEY_FORMAT, HAS_FORMAT, "--format" },
	{ 'd', HAS_DELAY, "--delay" },
	{ KEY_COUNT, HAS_COUNT, "--count" },
};

struct parsing {
	struct ctl_options *options;
	unsigned int used;
	size_t cap;
};

static uint32_t parse_pid(const char *text, const struct argp_state *state)
{
	pid_t *pids = NULL;
	size_t cnt = 0;
	int err = parse__pids(text, &pids, &cnt);
	uint32_t pid = err ? 0 : (uint32_t)pids[0];

	free(pids);
	if (err || cnt != 1)
		argp_error(state, "-p: '%s' is not a process id", text);
	return pid;
}

static uint64_t parse_duration(const char *name, const char *text, uint64_t min_ns,
			       const struct argp_state *state)
{
	uint64_t ns = 0;

	if (parse__duration(text, &ns))
		argp_error(state, "%s: '%s' is not a duration such as 30s", name, text);
	if (ns < min_ns)
		argp_error(state, "%s: '%s' is too short", name, text);
	return ns;
}

static uint64_t parse_count(const char *text, const struct argp_state *state)
{
	char *end;
	uint64_t cnt = 0;

	errno = 0;
	if (text[0] >= '0' && text[0] <= '9')
		cnt = strtoull(text, &end, 10);
	if (!cnt || errno || *end)
		argp_error(state, "--count: '%s' is not a number above 0", text);
	return cnt;
}

static const char *take_glob(const char *name, const char *text, const struct argp_state *state)
{
	if (!text[0])
		argp_error(state, "%s: '' is no pattern", name);
	return text;
}

static void take_format(struct ctl_options *own, const char *text, const struct argp_state *state)
{
	own->json = !strcmp(text, "json");
	if (!own->json && strcmp(text, "text") != 0)
		argp_error(state, "--format: '%s' is not text or json", text);
}

static int add_argument(struct parsing *parsing, char *text)
{
	struct ctl_options *own = parsing->options;

	if (array__reserve(own->arguments, own->argument_cnt + 1, &parsing->cap))
		return ENOMEM;
	own->arguments[own->argument_cnt++] = text;
	return 0;
}

static const struct command *find_command(const struct argp_state *state, const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	}
	argp_error(state, "'%s' is no command", name);
	return NULL;
}

static void check(const struct parsing *parsing, const struct argp_state *state)
{
	struct ctl_options *own = parsing->options;
	const struct command *command;

	if (!own->name)
		argp_error(
			state,
			"a command is needed: status, list, trigger, level, filter, reload, top");
	command = find_command(state, own->name);
	own->command = command->command;
	for (size_t i = 0; i < ARRAY_SIZE(bits); i++) {
		if (parsing->used & bits[i].bit & ~command->takes)
			argp_error(state, "%s means nothing with %s", bits[i].name, own->name);
	}
	if (own->argument_cnt < command->min_cnt)
		argp_error(state, "%s needs an argument", own->name);
	if (own->argument_cnt > command->max_cnt)
		argp_error(state, "%s: '%s' is one argument too many", own->name,
			   own->arguments[command->max_cnt]);
	if (own->command == CTL_TRIGGER &&
	    (!own->arguments[0][0] || strlen(own->arguments[0]) >= CONTROL_REASON_BYTES))
		argp_error(state, "trigger: a reason has 1 to %u bytes", CONTROL_REASON_BYTES - 1);
}

static bool has_login(const struct ctl_options *own)
{
	struct login_file files[LOGIN_FILES_CNT];
	bool has_one = false;

	login_files__list(&own->login, files);
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		has_one |= files[i].path != NULL;
	return has_one;
}

/* What is of a fleet. */
static void check_fleet(const struct ctl_options *own, const struct argp_state *state)
{
	if (!own->at && (own->as || own->wait || has_login(own)))
		argp_error(state, "--as, --wait, --tls-... and --creds mean nothing without --at");
	if (own->at && own->command == CTL_LEVEL && !own->for_ns &&
	    strcmp(own->arguments[0], "default") != 0)
		argp_error(state, "level: with --at, --for is needed: so it comes back by itself");
}

static void note(struct parsing *parsing, int key)
{
	for (size_t i = 0; i < ARRAY_SIZE(bits); i++) {
		if (bits[i].key == key)
			parsing->used |= bits[i].bit;
	}
}

/* Options of a fleet. Returns whether it is one. */
static bool take_fleet(struct ctl_options *own, int key, const char *arg)
{
	switch (key) {
	case KEY_AT:
		own->at = arg;
		return true;
	case KEY_AS:
		own->as = arg;
		return true;
	case KEY_WAIT:
		own->wait = arg;
		return true;
	default:
		return false;
	}
}

static error_t parse_one(int key, char *arg, struct argp_state *state)
{
	struct parsing *parsing = state->input;
	struct ctl_options *own = parsing->options;

	note(parsing, key);
	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &own->login;
		return 0;
	case ARGP_KEY_ARG:
		if (own->name)
			return add_argument(parsing, arg);
		own->name = arg;
		return 0;
	case ARGP_KEY_END:
		check(parsing, state);
		check_fleet(own, state);
		return 0;
	case 'p':
		own->pid = parse_pid(arg, state);
		return 0;
	case KEY_SERVICE:
		own->service = take_glob("--service", arg, state);
		return 0;
	case KEY_TARGET:
		own->target = take_glob("--target", arg, state);
		return 0;
	case KEY_FOR:
		own->for_ns = parse_duration("--for", arg, 1, state);
		return 0;
	case KEY_FORMAT:
		take_format(own, arg, state);
		return 0;
	case 'd':
		own->delay_ns = parse_duration("--delay", arg, MIN_DELAY_NS, state);
		return 0;
	case KEY_COUNT:
		own->count = parse_count(arg, state);
		return 0;
	default:
		return take_fleet(own, key, arg) ? 0 : ARGP_ERR_UNKNOWN;
	}
}

void ctl_options__parse(struct ctl_options *ret, int argc, char **argv)
{
	static const struct argp_child login[] = { { &login_files__argp, 0, NULL, 3 }, { 0 } };
	static const struct argp argp = {
		.options = options,
		.parser = parse_one,
		.args_doc = args_doc,
		.doc = doc,
		.children = login,
	};
	struct parsing parsing = { .options = ret };

	*ret = (struct ctl_options){ .service = "", .target = "", .delay_ns = 1000000000u };
	argp_err_exit_status = EXIT_USAGE;
	argp_program_version = "ttlog-ctl " TTLOG_VERSION;
	if (argp_parse(&argp, argc, argv, 0, NULL, &parsing))
		exit(1);
}
