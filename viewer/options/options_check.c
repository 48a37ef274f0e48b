/* SPDX-License-Identifier: MIT */
/* What does not go together on the command line. argp_error() ends the process. */
#include <string.h>

#include "debuginfod.h"
#include "options_parts.h"
#include "parse.h"

/* A command line as a set of facts: one mode, one format, any choices. */
#define MODE(name)   (UINT64_C(1) << MODE_##name)
#define FORMAT(name) (UINT64_C(1) << (16 + FORMAT_##name))
#define ALL_MODES    (MODE(RECOMPRESS) * 2 - 1)
#define ALL_FORMATS  (FORMAT(SCHEMA) * 2 - FORMAT(TEXT))

enum choice {
	CHOICE_FILTER = 32, /* or --search */
	CHOICE_NO_FILTER,
	CHOICE_TIMES,
	CHOICE_LIMIT,
	CHOICE_HEAD,
	CHOICE_TOP,
	CHOICE_GROUP_BY,
	CHOICE_COUNTERS,
	CHOICE_CSV_FORMULAS,
	CHOICE_EXPLAIN,
	CHOICE_FOLLOW,
	CHOICE_FILES,
	CHOICE_NOT_TWO_FILES,
	CHOICE_OUTPUT,
	CHOICE_NO_OUTPUT,
	CHOICE_IDENTITY,
	CHOICE_DEBUGINFOD,
	CHOICE_FLEET,
	CHOICE_NO_FLEET,
	CHOICE_CACHE_SIZE,
	CHOICE_LOGIN,
};

#define CHOICE(name) (UINT64_C(1) << CHOICE_##name)

#define WHICH   (CHOICE(FILTER) | CHOICE(TIMES) | CHOICE(LIMIT) | CHOICE(HEAD))
#define TABLES  (MODE(SQL) | MODE(TO_SQLITE))
#define GROUPS  (MODE(STATS) | MODE(HISTOGRAM))
#define OBJECTS (FORMAT(TEXT) | FORMAT(JSON))

/* None of `these` goes with any of `those`. */
static const struct rule {
	uint64_t these, those;
	const char *why;
} RULES[] = {
	{ CHOICE(LIMIT), CHOICE(HEAD),
	  "--limit (the last) and --head (the first) do not go together" },
	{ CHOICE(EXPLAIN), CHOICE(NO_FILTER), "--explain goes with --filter" },
	{ CHOICE(GROUP_BY), ALL_MODES & ~GROUPS, "--group-by goes with --stats or --histogram" },
	{ CHOICE(TOP), ALL_MODES & ~(GROUPS | MODE(DIFF)),
	  "--top goes with --stats or --histogram, or --diff" },
	{ CHOICE(COUNTERS), ALL_FORMATS & ~(FORMAT(CHROME) | FORMAT(PERFETTO)),
	  "--counters goes with --format chrome or perfetto" },
	{ CHOICE(CSV_FORMULAS), ALL_FORMATS & ~FORMAT(CSV),
	  "--csv-formulas goes with --format csv" },
	{ FORMAT(CTF), CHOICE(NO_OUTPUT), "--format ctf makes a directory: name it with --output" },

	{ MODE(RECOMPRESS),
	  WHICH | CHOICE(IDENTITY) | CHOICE(OUTPUT) | CHOICE(EXPLAIN) | CHOICE(FOLLOW) |
		  (ALL_FORMATS & ~FORMAT(TEXT)),
	  "--recompress takes FILE..., and no other choice" },
	{ MODE(INTERACTIVE),
	  CHOICE(LIMIT) | CHOICE(HEAD) | CHOICE(OUTPUT) | (ALL_FORMATS & ~FORMAT(TEXT)),
	  "--interactive takes no --limit, --head, --format and --output" },
	{ TABLES, ALL_FORMATS & ~(OBJECTS | FORMAT(CSV)),
	  "--sql goes with --format text, json or csv" },
	{ ALL_MODES & ~(MODE(EVENTS) | TABLES), ALL_FORMATS & ~OBJECTS,
	  "--stats, --histogram, --timeline, --info and --diff go with --format text or json" },
	{ TABLES, WHICH, "--sql and --to-sqlite take no other choice of events: say it in SQL" },
	{ MODE(TO_SQLITE), CHOICE(OUTPUT), "--to-sqlite and --output do not go together" },
	{ MODE(INFO), WHICH, "--info is about whole files: it takes no choice of events" },
	{ MODE(GDB), WHICH | (ALL_FORMATS & ~FORMAT(TEXT)),
	  "--gdb is a command line: it takes no choice of events, and no --format" },
	{ MODE(DIFF), CHOICE(LIMIT) | CHOICE(HEAD),
	  "--diff takes --filter, --since and --until, but no --limit or --head" },
	{ MODE(DIFF), CHOICE(NOT_TWO_FILES), "--diff: give two snapshots, the good run's first" },

	{ MODE(KEYGEN),
	  WHICH | CHOICE(EXPLAIN) | CHOICE(FOLLOW) | CHOICE(FILES) | CHOICE(IDENTITY) |
		  CHOICE(GROUP_BY) | CHOICE(TOP) | (ALL_FORMATS & ~FORMAT(TEXT)),
	  "--keygen goes with --output alone" },
	{ CHOICE(IDENTITY), CHOICE(FOLLOW),
	  "--identity is for files: what --follow shows is not encrypted" },
	{ CHOICE(DEBUGINFOD), MODE(RECOMPRESS) | MODE(KEYGEN) | FORMAT(SCHEMA) | CHOICE(FOLLOW),
	  "--debuginfod is for files" },
	{ CHOICE(FLEET), MODE(RECOMPRESS), "--recompress is for files on this machine" },
	{ CHOICE(CACHE_SIZE) | CHOICE(LOGIN), CHOICE(NO_FLEET),
	  "--cache-size, --tls-ca, --tls-cert, --tls-key and --creds go with nats://" },
	{ CHOICE(FOLLOW), CHOICE(FILES), "--follow shows running collectors, no FILE" },
	{ CHOICE(FOLLOW), ALL_MODES & ~(MODE(EVENTS) | MODE(INTERACTIVE)),
	  "--follow shows events as they come: it does not go together with what shows all" },
	{ CHOICE(FOLLOW), CHOICE(TIMES) | CHOICE(LIMIT),
	  "--follow shows what comes from now on: it takes --head, not --since, --until or --limit" },
	{ CHOICE(FOLLOW), ALL_FORMATS & ~(OBJECTS | FORMAT(LOGFMT)),
	  "--follow goes with --format text, json or logfmt" },
};

static bool has_fleet(const struct options *options)
{
	for (size_t i = 0; i < options->file_cnt; i++) {
		if (options__is_fleet(options->files[i]))
			return true;
	}
	return false;
}

static uint64_t facts(const struct options *options)
{
	const struct login_files *login = &options->login;
	uint64_t all = UINT64_C(1) << options->mode | UINT64_C(1) << (16 + options->format);
	bool filters = !ttlog_filter_is_empty(options->filter);

	all |= filters ? CHOICE(FILTER) : CHOICE(NO_FILTER);
	all |= options->output ? CHOICE(OUTPUT) : CHOICE(NO_OUTPUT);
	all |= options->has_since || options->has_until ? CHOICE(TIMES) : 0;
	all |= options->has_limit ? CHOICE(LIMIT) : 0;
	all |= options->has_head ? CHOICE(HEAD) : 0;
	all |= options->has_top ? CHOICE(TOP) : 0;
	all |= options->group_by ? CHOICE(GROUP_BY) : 0;
	all |= options->counters ? CHOICE(COUNTERS) : 0;
	all |= options->csv_formulas ? CHOICE(CSV_FORMULAS) : 0;
	all |= options->explain ? CHOICE(EXPLAIN) : 0;
	all |= options->identity_cnt ? CHOICE(IDENTITY) : 0;
	all |= options->debuginfod ? CHOICE(DEBUGINFOD) : 0;
	all |= options->follow ? CHOICE(FOLLOW) : 0;
	all |= has_fleet(options) ? CHOICE(FLEET) : CHOICE(NO_FLEET);
	all |= options->cache_size ? CHOICE(CACHE_SIZE) : 0;
	all |= login->tls_ca || login->tls_cert || login->tls_key || login->creds ? CHOICE(LOGIN)
										  : 0;
	all |= options->file_cnt ? CHOICE(FILES) : 0;
	all |= options->file_cnt != 2 ? CHOICE(NOT_TWO_FILES) : 0;
	return all;
}

static bool is_list(const char *keys)
{
	return *keys && *keys != ',' && !strstr(keys, ",,") && keys[strlen(keys) - 1] != ',';
}

static void check_groups(const char *keys, struct argp_state *state)
{
	unsigned cnt = 0;

	for (const char *p = keys;; p++) {
		size_t len = strcspn(p, ",");

		if (!len || ++cnt > GROUP_BY_MAX_KEYS)
			argp_error(state, "--group-by %s: give 1 to %u keys with commas between",
				   keys, GROUP_BY_MAX_KEYS);
		if (ttlog_text_is((struct ttlog_text){ p, len }, "ts"))
			argp_error(state,
				   "--group-by %s: every event has its own ts; --timeline shows "
				   "events by interval",
				   keys);
		p += len;
		if (!*p)
			return;
	}
}

/* Whether a snapshot comes from stdin. */
static bool has_stdin(const struct options *options)
{
	for (size_t i = 0; i < options->file_cnt; i++) {
		if (options__is_stdin(options->files[i]))
			return true;
	}
	return false;
}

void options__check(const struct options *options, struct argp_state *state)
{
	uint64_t all = facts(options), bytes = 0;

	for (size_t i = 0; i < sizeof(RULES) / sizeof(RULES[0]); i++)
		if ((all & RULES[i].these) && (all & RULES[i].those))
			argp_error(state, "%s", RULES[i].why);
	if (options->mode == MODE_SQL && !options->statement && has_stdin(options))
		argp_error(
			state,
			"--sql reads statements from stdin: give one, or name a file in place of -");
	if (options->mode == MODE_RECOMPRESS && (!options->file_cnt || has_stdin(options)))
		argp_error(state, "--recompress: name the snapshots to pack");
	if (options->cache_size && (parse__size(options->cache_size, &bytes) || !bytes))
		argp_error(state, "--cache-size %s: not a size such as 2G", options->cache_size);
	if (options->debuginfod && !debuginfod__are_urls(options->debuginfod))
		argp_error(state,
			   "--debuginfod %s: give http://HOST[:PORT], https://HOST or file:///DIR",
			   options->debuginfod);
	if (options->histogram && !*options->histogram)
		argp_error(state, "--histogram: give the key of a field, or duration");
	if (options->counters && !is_list(options->counters))
		argp_error(state, "--counters %s: give keys with commas between",
			   options->counters);
	if (options->group_by)
		check_groups(options->group_by, state);
}
