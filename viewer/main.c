/* SPDX-License-Identifier: MIT */
/*
 * ttlog-view: snapshots -> reader -> merge (filter, order, once) -> one of the outputs.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "event_output.h"
#include "info.h"
#include "json.h"
#include "timeline.h"
#include "newest.h"
#include "options.h"
#include "out.h"
#include "reader.h"
#include "schema.h"
#include "stats.h"
#include "text.h"

#define SNAPSHOT_DIR "/var/lib/ttlog"

struct view {
	struct options options;
	struct reader **readers;
	size_t reader_cnt;
	char *newest; /* the file that was meant where none was named */
	struct out out;
	bool colour;
	bool unreadable; /* a file, or a part of one */
};

static int fail(const char *what, int err)
{
	fprintf(stderr, "ttlog-view: %s: %s\n", what, strerror(err));
	return -err;
}

/* A file's name and what the reader says of it may hold anything: no escapes to the terminal. */
static void complain(const char *name, const char *what)
{
	struct out out;

	if (out__init(&out, STDERR_FILENO))
		return;
	out__text(&out, "ttlog-view: ");
	out__plain(&out, text_of(name));
	out__text(&out, ": ");
	out__plain(&out, text_of(what));
	out__char(&out, '\n');
	(void)out__flush(&out);
	out__fini(&out);
}

static int choose_newest(struct view *view)
{
	struct options *options = &view->options;

	view->newest = newest__find(SNAPSHOT_DIR);
	if (!view->newest) {
		fprintf(stderr, "ttlog-view: no snapshot in " SNAPSHOT_DIR " (%s): name a file\n",
			errno == ENOENT ? "there is none" : strerror(errno));
		return -ENOENT;
	}
	options->files = malloc(sizeof(*options->files));
	if (!options->files)
		return fail("files", ENOMEM);
	options->files[options->file_cnt++] = view->newest;
	return 0;
}

/* Every file stays open until the end: as many as the system lets us. */
static void allow_files(void)
{
	struct rlimit limit;

	if (!getrlimit(RLIMIT_NOFILE, &limit) && limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &limit);
	}
}

/* Whether the file is read from its begin to its end, once, and nothing has to be known before. */
static bool is_stream(const struct options *options)
{
	return options->file_cnt == 1 && options->mode != MODE_INFO && !options->has_since &&
	       !options->has_until && !filter__needs_last(options->filter);
}

static int open_files(struct view *view)
{
	struct options *options = &view->options;
	struct reader *(*open_file)(const char *path, char *ret_why, size_t why_size) =
		reader__open;
	int err;

	if (options->explain)
		return 0;
	if (!options->file_cnt) {
		err = choose_newest(view);
		if (err)
			return err;
	}
	if (is_stream(options))
		open_file = reader__start;
	allow_files();
	view->readers = calloc(options->file_cnt, sizeof(struct reader *));
	if (!view->readers)
		return fail("files", ENOMEM);
	for (size_t i = 0; i < options->file_cnt; i++) {
		char why[160];
		struct reader *reader = open_file(options->files[i], why, sizeof(why));

		if (reader) {
			view->readers[view->reader_cnt++] = reader;
		} else {
			complain(options->files[i], why);
			view->unreadable = true;
		}
	}
	return 0;
}

/* Whether the output is one of the snapshots: writing would destroy it. */
static bool is_input(const struct view *view, const struct stat *output)
{
	for (size_t i = 0; i < view->options.file_cnt; i++) {
		struct stat st;

		if (!stat(view->options.files[i], &st) && st.st_dev == output->st_dev &&
		    st.st_ino == output->st_ino)
			return true;
	}
	return false;
}

static int open_output(struct view *view)
{
	const char *path = view->options.output, *no_color = getenv("NO_COLOR");
	const char *term = getenv("TERM");
	int fd = STDOUT_FILENO;
	struct stat st;

	if (path) {
		fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY, 0666);
		if (fd < 0 || fstat(fd, &st))
			return fail(path, errno);
		if (is_input(view, &st)) {
			complain(path, "it is one of the snapshots to read: nothing was written");
			close(fd);
			return -EINVAL;
		}
		if (S_ISREG(st.st_mode) && ftruncate(fd, 0))
			return fail(path, errno);
	}
	view->colour = !path && isatty(fd) && !(no_color && *no_color) &&
		       !(term && !strcmp(term, "dumb"));
	return out__init(&view->out, fd) ? fail("output", ENOMEM) : 0;
}

/* ---- The outputs ---- */

static int show_info(struct view *view)
{
	int err = 0;

	for (size_t i = 0; i < view->reader_cnt && !err; i++) {
		if (view->options.format == FORMAT_JSON) {
			info__print_json(&view->out, view->readers[i]);
			continue;
		}
		if (i)
			out__char(&view->out, '\n');
		err = info__print_text(&view->out, view->readers[i], view->colour);
	}
	return err;
}

static struct timeline_range range_of(const struct view *view)
{
	const struct options *options = &view->options;
	struct timeline_range range = { 0, UINT64_MAX };
	uint64_t last_ns = 0;

	for (size_t i = 0; i < view->reader_cnt; i++) {
		const struct reader *reader = view->readers[i];
		uint64_t end_ns;

		if (!reader->has_header || !reader->chunk_cnt)
			continue;
		end_ns = header__real_ns(&reader->header,
					 reader->chunks[reader->chunk_cnt - 1].last_ns);
		if (end_ns > last_ns)
			last_ns = end_ns;
	}
	filter__set_last(options->filter, last_ns);
	if (options->has_since)
		range.since_ns = when__resolve(&options->since, last_ns);
	if (options->has_until)
		range.until_ns = when__resolve(&options->until, last_ns);
	return range;
}

static int show_stats(struct view *view, struct timeline *timeline, uint64_t most)
{
	const char *keys = view->options.group_by ? view->options.group_by : STATS_DEFAULT_KEYS;
	struct stats *stats = stats__new(keys);
	struct timeline_run run;
	int err = stats ? 0 : -errno;

	for (; !err && most && timeline__run(timeline, most, &run); most -= run.cnt)
		err = stats__run(stats, &run);
	if (!err)
		err = stats__print(stats, &view->out, view->options.format == FORMAT_JSON);
	stats__free(stats);
	return err;
}

static void show_lines(struct view *view, struct timeline *timeline, uint64_t most)
{
	bool json = view->options.format == FORMAT_JSON;
	struct text_output text;
	struct event event;

	text_output__init(&text, &view->out, view->colour, view->readers, view->reader_cnt);
	for (uint64_t i = 0; i < most && !view->out.err && timeline__next(timeline, &event); i++) {
		if (json)
			json__event(&view->out, &event);
		else
			text_output__event(&text, &event);
	}
}

static int make_timeline(struct view *view, struct timeline **ret)
{
	const struct options *options = &view->options;
	struct timeline_range range = range_of(view);
	struct timeline *timeline =
		timeline__new(view->readers, view->reader_cnt, options->filter, &range);
	int err = timeline ? 0 : -errno;

	if (!err && options->has_limit)
		err = timeline__tail(timeline, options->limit);
	if (err)
		timeline__free(timeline);
	else
		*ret = timeline;
	return err;
}

static int show_events(struct view *view)
{
	const struct options *options = &view->options;
	uint64_t most = options->has_head ? options->head : UINT64_MAX;
	struct timeline *timeline;
	int err = make_timeline(view, &timeline);

	if (err)
		return err;
	if (options->mode == MODE_STATS)
		err = show_stats(view, timeline, most);
	else
		show_lines(view, timeline, most);
	timeline__free(timeline);
	return err;
}

static int show_once(struct view *view, const struct event_output *output, void *state)
{
	uint64_t most = view->options.has_head ? view->options.head : UINT64_MAX;
	struct timeline *timeline;
	struct event event;
	int err = make_timeline(view, &timeline);

	if (err)
		return err;
	for (uint64_t i = 0; i < most && !view->out.err && timeline__next(timeline, &event); i++)
		output->event(state, &event);
	timeline__free(timeline);
	return 0;
}

static int show_output(struct view *view, const struct event_output *output)
{
	struct event_output_setup setup = {
		.out = &view->out,
		.readers = view->readers,
		.reader_cnt = view->reader_cnt,
		.counters = view->options.counters,
	};
	void *state = output->begin(&setup);
	int err = state ? show_once(view, output, state) : -errno;

	if (!err && output->again && output->again(state))
		err = show_once(view, output, state);
	output->end(state);
	return err;
}

/* What is wrong with the files, after everything that could be shown. */
static void show_problems(struct view *view)
{
	for (size_t i = 0; i < view->reader_cnt; i++) {
		struct reader *reader = view->readers[i];
		char more[64];

		/* --head may not have come to the end. */
		(void)reader__has(reader, SIZE_MAX);
		for (size_t k = 0; k < reader->problem_cnt; k++)
			complain(reader->name, reader->problems[k]);
		if (reader->problem_more) {
			snprintf(more, sizeof(more), "and %zu problems more", reader->problem_more);
			complain(reader->name, more);
		}
		if (reader->problem_cnt)
			view->unreadable = true;
	}
}

static int show_chosen(struct view *view)
{
	static const struct event_output *const OUTPUTS[] = {
		[FORMAT_CSV] = &csv_output,
		[FORMAT_LOGFMT] = &logfmt_output,
		[FORMAT_CHROME] = &chrome_output,
		[FORMAT_OTLP_JSON] = &otlp_output,
	};
	enum options_format format = view->options.format;

	if (view->options.mode == MODE_INFO)
		return show_info(view);
	if (view->options.mode == MODE_STATS || format <= FORMAT_JSON)
		return show_events(view);
	if (format == FORMAT_SCHEMA)
		schema__print(&view->out);
	else
		return show_output(view, OUTPUTS[format]);
	return 0;
}

static int show(struct view *view)
{
	int err = show_chosen(view);

	if (err)
		return fail("cannot go on", -err);
	err = out__flush(&view->out);
	if (view->out.fd != STDOUT_FILENO && close(view->out.fd) && !err)
		err = -errno;
	if (err == -EPIPE)
		return 0; /* whoever reads has seen enough */
	if (err)
		return fail(view->options.output ? view->options.output : "stdout", -err);
	show_problems(view);
	return view->unreadable ? -EBADMSG : 0;
}

/* What was made of the filter. A key of it may be anything. */
static int explain(struct view *view)
{
	char *text = filter__explain(view->options.filter);
	int err;

	if (!text)
		return fail("filter", ENOMEM);
	for (char *line = text, *end; (end = strchr(line, '\n')); line = end + 1) {
		out__plain(&view->out, (struct text){ line, (size_t)(end - line) });
		out__char(&view->out, '\n');
	}
	free(text);
	err = out__flush(&view->out);
	if (!err || err == -EPIPE)
		return 0;
	return fail(view->options.output ? view->options.output : "stdout", -err);
}

static void view__fini(struct view *view)
{
	for (size_t i = 0; i < view->reader_cnt; i++)
		reader__close(view->readers[i]);
	free(view->readers);
	free(view->newest);
	out__fini(&view->out);
	options__fini(&view->options);
}

int main(int argc, char **argv)
{
	struct view view = { .reader_cnt = 0 };
	int err;

	options__parse(&view.options, argc, argv);
	if (view.options.mode == MODE_INTERACTIVE) {
		fputs("ttlog-view: --interactive is not built yet\n", stderr);
		options__fini(&view.options);
		return EXIT_USAGE;
	}
	(void)signal(SIGPIPE, SIG_IGN);
	err = view.options.format == FORMAT_SCHEMA ? 0 : open_files(&view);
	if (!err)
		err = open_output(&view);
	if (!err)
		err = view.options.explain ? explain(&view) : show(&view);
	view__fini(&view);
	return err ? EXIT_UNREADABLE : EXIT_SUCCESS;
}
