/* SPDX-License-Identifier: MIT */
/* A host's lines begin with its name. What hosts and collectors say is not trusted. */
#include <errno.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "control_wire.h"
#include "ctl_options.h"
#include "escape.h"
#include "machines.h"
#include "fleet_program.h"
#include "print.h"
#include "show.h"

#define WHO_BYTES      256 /* of a host and a collector, in an error */
#define EXIT_USAGE     2
#define MOST_ARGUMENTS 24

/* ---- the child ---- */

/* The request, as ttlog-fleet wants it; the caller frees it. NULL: a text is no UTF-8. */
static char *make_request(const struct ctl_options *options)
{
	json_t *json = json_pack("{s:i, s:s}", "version", 1, "command", options->name);
	char *text = NULL;
	int err = json ? 0 : -1;

	if (!err && options->argument_cnt)
		err = json_object_set_new(json, "argument", json_string(options->arguments[0]));
	if (!err && options->pid)
		err = json_object_set_new(json, "pid", json_integer(options->pid));
	if (!err && options->service[0])
		err = json_object_set_new(json, "service", json_string(options->service));
	if (!err && options->target[0])
		err = json_object_set_new(json, "target", json_string(options->target));
	if (!err && options->for_ns)
		err = json_object_set_new(json, "for_ns",
					  json_integer((json_int_t)options->for_ns));
	if (!err)
		text = json_dumps(json, JSON_COMPACT);
	json_decref(json);
	return text;
}

static void add(char **argv, size_t *cnt, const char *option, const char *value)
{
	if (!value)
		return;
	argv[(*cnt)++] = (char *)option;
	argv[(*cnt)++] = (char *)value;
}

static int start(struct fleet_program *ret, const struct ctl_options *options, char *request)
{
	struct login_file files[LOGIN_FILES_CNT];
	char *argv[MOST_ARGUMENTS] = { "ttlog-fleet", "ask" };
	size_t cnt = 2;

	login_files__list(&options->login, files);
	add(argv, &cnt, "--as", options->as);
	add(argv, &cnt, "--wait", options->wait);
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		add(argv, &cnt, files[i].option, files[i].path);
	argv[cnt++] = "--";
	argv[cnt++] = (char *)options->at;
	argv[cnt] = request;
	return fleet_program__start(ret, argv);
}

/* ---- answers ---- */

struct showing {
	const struct ctl_options *options;
	unsigned int has_heads; /* of a table, for all hosts */
	json_t *host;           /* as it is called, with all its bytes */
};

/* Each line of a text that may be changed, safe for a terminal. name: NULL: none. */
static void put_lines(FILE *out, const char *host, const char *name, char *text)
{
	const size_t prefix = strlen(CONTROL_ERROR);
	char *rest = NULL;

	for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		if (name)
			fprintf(out, "ttlog-ctl: %s: %s: ", host, name);
		else
			fprintf(out, "%s: ", host);
		if (name && !strncmp(line, CONTROL_ERROR, prefix))
			line += prefix;
		escape__put(out, line, false);
		fputc('\n', out);
	}
}

static int show_text(struct showing *showing, const char *host, const char *name, const char *text)
{
	const struct ctl_options *options = showing->options;
	char *shown = NULL, who[WHO_BYTES];
	size_t len;
	FILE *out = open_memstream(&shown, &len);
	int status = 0;

	if (!out)
		return 1;
	(void)snprintf(who, sizeof(who), "%s: %s", host, name);
	if (options->command == CTL_LIST && !showing->has_heads++)
		print__list_heads(out);
	if (options->command == CTL_TRIGGER)
		show__paths(out, text);
	else
		status = show__answer(out, options, who, text);
	if (!fclose(out))
		put_lines(stdout, host, NULL, shown);
	free(shown);
	return status;
}

/* The collector's object with the host in front. */
/* safe: the host as it may be printed. */
static int show_json(json_t *host, const char *safe, const char *name, const char *text)
{
	json_t *line = json_pack("{s:O}", "host", host), *answer = json_loads(text, 0, NULL);
	const bool is_whole = line && json_is_object(answer) &&
			      !json_object_update_missing(line, answer);

	if (is_whole) {
		(void)json_dumpf(line, stdout, JSON_COMPACT);
		(void)putchar('\n');
	} else {
		fprintf(stderr, "ttlog-ctl: %s: %s: the answer is no JSON\n", safe, name);
	}
	json_decref(answer);
	json_decref(line);
	return !is_whole;
}

static bool is_done(json_t *one)
{
	return !strcmp(print__text(one, "verdict"), "done");
}

/* As a local one: that one collector does not have the process is no failure if another one has it. */
static int show_collector(struct showing *showing, const char *host, json_t *one, bool any_done)
{
	const struct ctl_options *options = showing->options;
	const char *const name = print__text(one, "collector");
	char *const text = (char *)json_string_value(json_object_get(one, "text"));

	if (!text)
		return 1;
	if (is_done(one))
		return options->json && options->command != CTL_TRIGGER
			       ? show_json(showing->host, host, name, text)
			       : show_text(showing, host, name, text);
	if (options->pid && any_done)
		return 0;
	put_lines(stderr, host, name, text);
	return strcmp(print__text(one, "verdict"), "usage") ? 1 : EXIT_USAGE;
}

/* host: safe to print. */
static int show_host(struct showing *showing, const char *host, json_t *answer)
{
	json_t *all = json_object_get(answer, "answers"), *one;
	bool any_done = false;
	int status = 0;
	size_t i;

	if (!is_done(answer)) {
		fprintf(stderr, "ttlog-ctl: %s: %s: %s\n", host, print__text(answer, "verdict"),
			print__text(answer, "why"));
		return 1;
	}
	json_array_foreach (all, i, one)
		any_done |= is_done(one);
	json_array_foreach (all, i, one) {
		const int result = show_collector(showing, host, one, any_done);

		status = result > status ? result : status;
	}
	return status;
}

static int show_line(struct showing *showing, const char *line)
{
	json_t *answer = json_loads(line, 0, NULL), *host;
	int status;

	showing->host = json_object_get(answer, "host");
	host = json_deep_copy(showing->host);
	status = host ? show_host(showing, print__clean(host), answer) : 1;
	json_decref(host);
	json_decref(answer);
	return status;
}

/* All lines of the child. */
static int show_all(const struct ctl_options *options, FILE *in)
{
	struct showing showing = { .options = options };
	char *line = NULL;
	size_t bytes = 0;
	int status = 0;

	while (getline(&line, &bytes, in) > 0) {
		const int result = show_line(&showing, line);

		status = result > status ? result : status;
		(void)fflush(stdout);
	}
	free(line);
	return status;
}

int machines__ask(const struct ctl_options *options)
{
	char *request = make_request(options);
	struct fleet_program program;
	int err, status, ended;

	if (!request) {
		fputs("ttlog-ctl: the request is not UTF-8\n", stderr);
		return EXIT_USAGE;
	}
	err = start(&program, options, request);
	free(request);
	if (err) {
		fprintf(stderr, "ttlog-ctl: %s\n",
			err == -ENOENT ? FLEET_PROGRAM_MISSING : strerror(-err));
		return err == -ENOENT ? EXIT_USAGE : 1;
	}
	status = show_all(options, program.out);
	ended = fleet_program__end(&program);
	if (ended == EXIT_USAGE || status == EXIT_USAGE)
		return EXIT_USAGE;
	return ended || status;
}
