/* SPDX-License-Identifier: MIT */
/* ttlog-view's command line. */
#ifndef TTLOG_VIEW_OPTIONS_H
#define TTLOG_VIEW_OPTIONS_H

#include <string.h>

#include <ttlog/read.h>
#include "login_files.h"
#include "time_expr.h"

enum options_mode {
	MODE_EVENTS,
	MODE_STATS,
	MODE_HISTOGRAM,
	MODE_TIMELINE,
	MODE_INFO,
	MODE_GDB,
	MODE_INTERACTIVE,
	MODE_DIFF,
	MODE_SQL,
	MODE_TO_SQLITE,
	MODE_RECOMPRESS,
	MODE_KEYGEN,
};

/* What --format takes: FORMAT_<ID>, its name, and what --help says of it. */
#define OPTIONS_FORMATS(F)                                                                         \
	F(TEXT, "text", " (default), ")                                                            \
	F(JSON, "json", " (one object a line), ")                                                  \
	F(CSV, "csv", ", ")                                                                        \
	F(LOGFMT, "logfmt", ", ")                                                                  \
	F(CHROME, "chrome", " (for Perfetto UI), ")                                                \
	F(OTLP_JSON, "otlp-json", " (for OpenTelemetry), ")                                        \
	F(HTML, "html", " (one page to look at and to send), ")                                    \
	F(CTF, "ctf", " (with -o DIR; for babeltrace2, Trace Compass), ")                          \
	F(PERFETTO, "perfetto", " (its protobuf), ")                                               \
	F(SENTRY, "sentry", " (the crash as its event), or ")                                      \
	F(SCHEMA, "schema", ": the JSON Schema of json, without a FILE. ")

enum options_format {
#define OPTIONS_FORMAT_ID(id, name, help) FORMAT_##id,
	OPTIONS_FORMATS(OPTIONS_FORMAT_ID)
#undef OPTIONS_FORMAT_ID
};

struct options {
	enum options_mode mode;
	enum options_format format;
	struct ttlog_filter *filter;
	const char **filters, **searches; /* of argv: what the filter is made of */
	size_t filter_cnt, search_cnt;
	bool explain; /* show the filter, and nothing else */
	bool no_pager;
	bool follow; /* running collectors, not files */
	bool has_since, has_until, has_limit, has_head;
	struct time_expr since, until;
	uint64_t limit, head;
	const char *group_by;  /* NULL: the default */
	const char *histogram; /* of MODE_HISTOGRAM: the field */
	bool has_top;
	uint64_t top;
	bool csv_formulas;
	const char *counters;    /* NULL: none */
	const char *statement;   /* MODE_SQL; NULL: the shell, or those on stdin */
	char *sql_word;          /* owned: --sql=STATEMENT, if that was two words */
	const char *database;    /* MODE_TO_SQLITE */
	const char *output;      /* NULL: stdout */
	const char *debuginfod;  /* servers with debug information; NULL: none is asked */
	const char **identities; /* of argv: files of secret keys */
	size_t identity_cnt;
	char **files; /* of argv, in their order */
	size_t file_cnt;
	struct login_files login; /* for nats:// */
	const char *cache_size;   /* as given; NULL: the default */
	/* Of files that were fetched: path and what it is called. */
	const struct options_name {
		char *path, *name;
	} * names;
	size_t name_cnt;
};

/* What --keygen writes without --output. */
#define KEYGEN_FILE "ttlog.key"

/* Keys of --group-by. */
#define GROUP_BY_DEFAULT  "level,target,probe"
#define GROUP_BY_MAX_KEYS 8u

#define EXIT_UNREADABLE 1
#define EXIT_USAGE      2

/* Whether a FILE means stdin. */
static inline bool options__is_stdin(const char *path)
{
	return !strcmp(path, "-");
}

/* Whether a FILE means files of many machines. */
static inline bool options__is_fleet(const char *path)
{
	return !strncmp(path, "nats://", 7);
}

/* Whether events are shown as tables. */
static inline bool options__is_sql(const struct options *options)
{
	return options->mode == MODE_SQL || options->mode == MODE_TO_SQLITE;
}

/* Ends the process with EXIT_USAGE and a message if the command line is wrong. */
void options__parse(struct options *ret, int argc, char **argv);
/* --since and --until. last_ns: wall time of the last event, which times may be relative to. */
struct ttlog_range options__range(const struct options *options, uint64_t last_ns);
void options__fini(struct options *options);

#endif /* TTLOG_VIEW_OPTIONS_H */
