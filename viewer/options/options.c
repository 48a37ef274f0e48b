/* SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "options_parts.h"
#include "diagnostics.h"

const char *argp_program_version = "ttlog-view " TTLOG_VERSION;

/* A page of so many events is usable; more depends on the browser's memory. */
#define HTML_DEFAULT_LIMIT   1000000u
/* So many breadcrumbs its SDKs keep. */
#define SENTRY_DEFAULT_LIMIT 100u

enum option_key {
	OPT_FILTER = 0x100,
	OPT_SINCE,
	OPT_UNTIL,
	OPT_EXPLAIN,
	OPT_FOLLOW,
	OPT_SEARCH,
	OPT_LIMIT,
	OPT_HEAD,
	OPT_FORMAT,
	OPT_COUNTERS,
	OPT_CSV_FORMULAS,
	OPT_STATS,
	OPT_GROUP_BY,
	OPT_HISTOGRAM,
	OPT_TIMELINE,
	OPT_TOP,
	OPT_INFO,
	OPT_GDB,
	OPT_INTERACTIVE,
	OPT_NO_PAGER,
	OPT_DIFF,
	OPT_SQL,
	OPT_TO_SQLITE,
	OPT_RECOMPRESS,
	OPT_IDENTITY,
	OPT_DEBUGINFOD,
	OPT_KEYGEN,
	OPT_CACHE_SIZE,
	OPT_OUTPUT = 'o',
};

#define FORMAT_HELP(id, name, help)    name help
#define FORMAT_NAME(id, name, help)    [FORMAT_##id] = name,
#define FORMAT_IN_LIST(id, name, help) " " name

static const char *const FORMAT_NAMES[] = { OPTIONS_FORMATS(FORMAT_NAME) };

static const struct argp_option OPTIONS[] = {
	{ NULL, 0, NULL, 0, "Which events:", 1 },
	{ "filter", OPT_FILTER, "EXPR", 0, "Events that match; repeatable: all must match", 1 },
	{ "explain", OPT_EXPLAIN, NULL, 0, "How --filter was understood, not events", 1 },
	{ "search", OPT_SEARCH, "REGEX", 0,
	  "Events whose message, text field or key=value matches; repeatable", 1 },
	{ "since", OPT_SINCE, "TIME", 0, "Events from then on", 1 },
	{ "until", OPT_UNTIL, "TIME", 0, "Events up to then", 1 },
	{ "limit", OPT_LIMIT, "N", 0, "The last N of these", 1 },
	{ "head", OPT_HEAD, "N", 0, "The first N of these", 1 },
	{ "follow", OPT_FOLLOW, NULL, 0,
	  "Events of running collectors as they come, instead of snapshots; --filter is applied there",
	  1 },
	{ NULL, 0, NULL, 0, "What to show:", 2 },
	{ "format", OPT_FORMAT, "FORMAT", 0,
	  OPTIONS_FORMATS(FORMAT_HELP) "--stats, --info and --diff have text and json", 2 },
	{ "counters", OPT_COUNTERS, "KEY[,KEY]", 0,
	  "Numeric fields that --format chrome or perfetto draws as counters", 2 },
	{ "csv-formulas", OPT_CSV_FORMULAS, NULL, 0,
	  "In CSV, put no ' before text that a spreadsheet would compute", 2 },
	{ "stats", OPT_STATS, NULL, 0,
	  "Counts, times and rates by group, and statistics of numeric fields, instead of events",
	  2 },
	{ "histogram", OPT_HISTOGRAM, "FIELD", 0,
	  "How a field's numbers are distributed, or the duration of spans", 2 },
	{ "group-by", OPT_GROUP_BY, "KEY[,KEY]", 0,
	  "Groups of --stats and --histogram: keys as in EXPR, or host, service, signature (default: " GROUP_BY_DEFAULT
	  "; all events)",
	  2 },
	{ "top", OPT_TOP, "N", 0,
	  "The N groups with the most events, or the N differences that tell most", 2 },
	{ "timeline", OPT_TIMELINE, NULL, 0, "Events by interval of time and level", 2 },
	{ "info", OPT_INFO, NULL, 0, "Metadata, losses, crash, stack, threads, not events", 2 },
	{ "gdb", OPT_GDB, NULL, 0,
	  "The command line of gdb for a crash: the program by its build id, and the core dump",
	  2 },
	{ "diff", OPT_DIFF, NULL, 0,
	  "What differs between two snapshots, a good run's and a bad one's, most telling first",
	  2 },
	{ "interactive", OPT_INTERACTIVE, NULL, 0, "Full screen", 2 },
	{ "sql", OPT_SQL, "STATEMENT", OPTION_ARG_OPTIONAL,
	  "The rows of an SQL statement; without one, a shell. --format table, csv or json", 2 },
	{ "to-sqlite", OPT_TO_SQLITE, "FILE", 0, "Write these tables into a new SQLite database",
	  2 },
	{ "recompress", OPT_RECOMPRESS, NULL, 0,
	  "Pack each FILE harder, in its place: the same content in fewer bytes", 2 },
	{ "identity", OPT_IDENTITY, "FILE", 0,
	  "Secret keys for files that are encrypted; repeatable", 2 },
	{ "debuginfod", OPT_DEBUGINFOD, "URL", 0,
	  "Name the frames of crashes and of events' stacks, where names or lines are missing, by the debug information of this server, or of several with blanks between",
	  2 },
	{ "keygen", OPT_KEYGEN, NULL, 0,
	  "Make a secret key, in a new file (-o, or " KEYGEN_FILE "), and print its public key",
	  2 },
	{ "output", OPT_OUTPUT, "PATH", 0, "Write there instead of stdout", 2 },
	{ "no-pager", OPT_NO_PAGER, NULL, 0,
	  "On a terminal, not through $TTLOG_PAGER, $PAGER or less", 2 },
	{ NULL, 0, NULL, 0, "Files of many machines (nats://):", 3 },
	{ "cache-size", OPT_CACHE_SIZE, "SIZE", 0,
	  "Keep at most so much of them on this machine (2G)", 3 },
	{ NULL, 0, NULL, 0, NULL, -1 },
	{ NULL, 0, NULL, 0, NULL, 0 },
};

static uint64_t parse_count(const char *name, const char *arg, struct argp_state *state)
{
	unsigned long long v;
	char *end;

	errno = 0;
	v = strtoull(arg, &end, 10);
	if (!isdigit((unsigned char)*arg) || *end || errno)
		argp_error(state, "--%s %s: not a number", name, arg);
	return v;
}

static void parse_when(const char *name, const char *arg, struct argp_state *state,
		       struct time_expr *ret)
{
	if (time_expr__parse(ret, arg))
		argp_error(state, "--%s %s: not a time; times are " TIME_EXPR_FORMS, name, arg);
}

static int keep(const char ***texts, size_t *cnt, const char *arg)
{
	const char **grown = reallocarray(*texts, *cnt + 1, sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	*texts = grown;
	grown[(*cnt)++] = arg;
	return 0;
}

static void add_filter(struct options *options, int key, const char *arg, struct argp_state *state)
{
	char why[TTLOG_WHY_BYTES];
	int err;

	if (key == OPT_FILTER)
		err = ttlog_filter_add(options->filter, arg, why, sizeof(why));
	else
		err = ttlog_filter_search(options->filter, arg, why, sizeof(why));
	if (!err && key == OPT_FILTER)
		err = keep(&options->filters, &options->filter_cnt, arg);
	else if (!err)
		err = keep(&options->searches, &options->search_cnt, arg);
	if (err == -ENOMEM)
		argp_failure(state, EXIT_UNREADABLE, 0, "no memory");
	else if (err)
		argp_error(state, "--%s: %s", key == OPT_FILTER ? "filter" : "search", why);
}

/* What is shown instead of events. */
static const struct mode {
	int key;
	enum options_mode mode;
	const char *name;
} MODES[] = {
	{ OPT_STATS, MODE_STATS, "--stats" },
	{ OPT_HISTOGRAM, MODE_HISTOGRAM, "--histogram" },
	{ OPT_TIMELINE, MODE_TIMELINE, "--timeline" },
	{ OPT_INFO, MODE_INFO, "--info" },
	{ OPT_GDB, MODE_GDB, "--gdb" },
	{ OPT_INTERACTIVE, MODE_INTERACTIVE, "--interactive" },
	{ OPT_DIFF, MODE_DIFF, "--diff" },
	{ OPT_SQL, MODE_SQL, "--sql" },
	{ OPT_TO_SQLITE, MODE_TO_SQLITE, "--to-sqlite" },
	{ OPT_RECOMPRESS, MODE_RECOMPRESS, "--recompress" },
	{ OPT_KEYGEN, MODE_KEYGEN, "--keygen" },
};

static const char *mode_name(enum options_mode mode)
{
	size_t i = 0;

	while (MODES[i].mode != mode)
		i++;
	return MODES[i].name;
}

/* Whether the key is a mode's. */
static bool set_mode(struct options *options, int key, struct argp_state *state)
{
	for (size_t i = 0; i < sizeof(MODES) / sizeof(MODES[0]); i++) {
		if (MODES[i].key != key)
			continue;
		if (options->mode != MODE_EVENTS && options->mode != MODES[i].mode)
			argp_error(state, "%s and %s do not go together", mode_name(options->mode),
				   MODES[i].name);
		options->mode = MODES[i].mode;
		return true;
	}
	return false;
}

/* Options that are flags, or whose argument is kept as it is. */
static const struct simple {
	int key;
	bool is_flag;
	size_t offset;
} SIMPLE[] = {
	{ OPT_EXPLAIN, true, offsetof(struct options, explain) },
	{ OPT_NO_PAGER, true, offsetof(struct options, no_pager) },
	{ OPT_FOLLOW, true, offsetof(struct options, follow) },
	{ OPT_CSV_FORMULAS, true, offsetof(struct options, csv_formulas) },
	{ OPT_COUNTERS, false, offsetof(struct options, counters) },
	{ OPT_GROUP_BY, false, offsetof(struct options, group_by) },
	{ OPT_HISTOGRAM, false, offsetof(struct options, histogram) },
	{ OPT_CACHE_SIZE, false, offsetof(struct options, cache_size) },
	{ OPT_OUTPUT, false, offsetof(struct options, output) },
	{ OPT_DEBUGINFOD, false, offsetof(struct options, debuginfod) },
	{ OPT_TO_SQLITE, false, offsetof(struct options, database) },
	{ OPT_SQL, false, offsetof(struct options, statement) },
};

/* Whether the option is one of these or a mode, and done. */
static bool take_simple(struct options *options, int key, const char *arg, struct argp_state *state)
{
	bool is_done = set_mode(options, key, state);

	for (size_t i = 0; i < sizeof(SIMPLE) / sizeof(SIMPLE[0]); i++) {
		void *to = (char *)options + SIMPLE[i].offset;

		if (SIMPLE[i].key != key)
			continue;
		if (SIMPLE[i].is_flag)
			*(bool *)to = true;
		else
			*(const char **)to = arg;
		is_done = true;
	}
	return is_done;
}

static void set_format(struct options *options, const char *arg, struct argp_state *state)
{
	/* the name of the format in the shell of --sql */
	if (!strcmp(arg, "table"))
		arg = "text";
	for (size_t i = 0; i < sizeof(FORMAT_NAMES) / sizeof(FORMAT_NAMES[0]); i++) {
		if (!strcmp(arg, FORMAT_NAMES[i])) {
			options->format = (enum options_format)i;
			return;
		}
	}
	argp_error(state, "--format %s: there is" OPTIONS_FORMATS(FORMAT_IN_LIST), arg);
}

static void add_file(struct options *options, char *arg, struct argp_state *state)
{
	char **grown = reallocarray(options->files, options->file_cnt + 1, sizeof(*grown));

	if (!grown) {
		argp_failure(state, EXIT_UNREADABLE, 0, "no memory");
		return;
	}
	options->files = grown;
	grown[options->file_cnt++] = arg;
}

/* Limits a page to what a browser can hold, and a report to what its reader takes. */
static void bound_output(struct options *options)
{
	if (options->has_limit || options->has_head)
		return;
	if (options->format == FORMAT_HTML)
		options->limit = HTML_DEFAULT_LIMIT;
	else if (options->format == FORMAT_SENTRY)
		options->limit = SENTRY_DEFAULT_LIMIT;
	options->has_limit = options->limit != 0;
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct options *options = state->input;

	if (take_simple(options, key, arg, state))
		return 0;
	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &options->login;
		return 0;
	case OPT_FILTER:
	case OPT_SEARCH:
		add_filter(options, key, arg, state);
		return 0;
	case OPT_SINCE:
		parse_when("since", arg, state, &options->since);
		options->has_since = true;
		return 0;
	case OPT_UNTIL:
		parse_when("until", arg, state, &options->until);
		options->has_until = true;
		return 0;
	case OPT_LIMIT:
		options->limit = parse_count("limit", arg, state);
		options->has_limit = true;
		return 0;
	case OPT_HEAD:
		options->head = parse_count("head", arg, state);
		options->has_head = true;
		return 0;
	case OPT_TOP:
		options->top = parse_count("top", arg, state);
		options->has_top = true;
		return 0;
	case OPT_IDENTITY:
		if (keep(&options->identities, &options->identity_cnt, arg))
			argp_failure(state, EXIT_UNREADABLE, 0, "no memory");
		return 0;
	case OPT_FORMAT:
		set_format(options, arg, state);
		return 0;
	case ARGP_KEY_ARG:
		add_file(options, arg, state);
		return 0;
	case ARGP_KEY_END:
		options__check(options, state);
		bound_output(options);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* People write --sql 'SELECT ...' FILE, or --sql FILE for the shell. A word is a statement if it has
 * a blank or is a command (.tables), and is not the name of a file. */
static bool is_statement(const char *word)
{
	bool is_command = *word == '.' && !strchr(word, '/');

	return *word != '-' && (is_command || strpbrk(word, " \t\n")) && access(word, F_OK);
}

/* Makes `--sql STATEMENT` one word, since argp takes an optional argument only as --sql=STATEMENT.
 * The caller frees it. Returns 0 or -ENOMEM. */
static int join_statement(int *argc, char **argv, char **ret_word)
{
	for (int i = 1; i + 1 < *argc && strcmp(argv[i], "--"); i++) {
		if (strcmp(argv[i], "--sql") || !is_statement(argv[i + 1]))
			continue;
		if (asprintf(ret_word, "--sql=%s", argv[i + 1]) < 0) {
			*ret_word = NULL;
			return -ENOMEM;
		}
		argv[i] = *ret_word;
		memmove(&argv[i + 1], &argv[i + 2], (size_t)(*argc - i - 1) * sizeof(*argv));
		--*argc;
		return 0;
	}
	return 0;
}

void options__parse(struct options *ret, int argc, char **argv)
{
	static const struct argp_child login[] = { { &login_files__argp, 0, NULL, 3 }, { 0 } };
	static const struct argp argp = {
		.children = login,
		.options = OPTIONS,
		.parser = parse_option,
		.args_doc = "[FILE...]",
		.doc = OPTIONS_DOC,
	};
	struct options options = { .mode = MODE_EVENTS, .filter = ttlog_filter_new() };
	FILE *const raw = stderr;

	argp_err_exit_status = EXIT_USAGE;
	if (!options.filter)
		exit(EXIT_UNREADABLE);
	if (join_statement(&argc, argv, &options.sql_word))
		exit(EXIT_UNREADABLE);
	/* argp and getopt print hostile text, and end the process */
	stderr = diagnostics__stream();
	if (!stderr)
		exit(EXIT_UNREADABLE);
	argp_parse(&argp, argc, argv, 0, NULL, &options);
	(void)fclose(stderr);
	stderr = raw;
	*ret = options;
}

struct ttlog_range options__range(const struct options *options, uint64_t last_ns)
{
	struct ttlog_range range = { 0, UINT64_MAX };

	if (options->has_since)
		range.since_ns = time_expr__resolve(&options->since, last_ns);
	if (options->has_until)
		range.until_ns = time_expr__resolve(&options->until, last_ns);
	return range;
}

void options__fini(struct options *options)
{
	ttlog_filter_free(options->filter);
	free(options->filters);
	free(options->searches);
	free(options->identities);
	free(options->files);
	free(options->sql_word);
}
