/* SPDX-License-Identifier: MIT */
/*
 * ttlog-view: snapshots -> reader -> stream (filter, order, once) -> one of the outputs.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "diff_output.h"
#include "browse.h"
#include "event_output.h"
#include "fleet_input.h"
#include "gdb_line.h"
#include "host_order.h"
#include "info.h"
#include "input.h"
#include "json.h"
#include "live_output.h"
#include "new_output.h"
#include <ttlog/read.h>
#include "options.h"
#include "out.h"
#include "pager.h"
#include "progress.h"
#include "recompress.h"
#include "diagnostics.h"
#include "schema.h"
#include "sealed.h"
#include "sentry.h"
#include "sql_shell.h"
#include "summary.h"
#include "terminal.h"
#include "text.h"
#include "timeline.h"
#include "to_sqlite.h"
#include "unknown_key.h"

struct view {
	struct options options;
	struct fleet_input fleet;
	struct input input;
	struct out out;
	struct new_output file; /* of --output */
	struct terminal terminal;
	const char *pager; /* NULL: none */
	int status;        /* 0: the error decides */
	struct host_order order;
	uint64_t interval_ns; /* of --timeline */
};

static bool is_dialogue(const struct options *options)
{
	return options->follow || (options->mode == MODE_SQL && !options->statement);
}

static const char *choose_pager(const struct options *options)
{
	if (options->no_pager || options->mode == MODE_GDB || is_dialogue(options) ||
	    options->output || !isatty(STDOUT_FILENO))
		return NULL;
	return pager__command();
}

/* Progress ends with the first byte of output that goes to a terminal: begin_output,
 * begin_paging. */
static void begin_progress(const struct options *options)
{
	if (options->follow || (is_dialogue(options) && isatty(STDOUT_FILENO)))
		return;
	progress__begin(options->files, options->file_cnt, input__passes(options));
}

/* The program that reads the pipe may write to the same terminal. */
static int begin_output(struct out *out)
{
	struct stat st;

	if (fstat(out->fd, &st) || !S_ISREG(st.st_mode))
		progress__end();
	return 0;
}

static int begin_paging(struct out *out)
{
	int fd;

	progress__end();
	fd = pager__start(pager__command());
	if (fd < 0)
		return diagnostics__print_errno("pager", -fd);
	out->fd = fd;
	return 0;
}

/* With --follow the file must be readable from the start, so it is not renamed at the end. */
static int open_file(struct view *view, const char *path)
{
	struct stat st;
	int err = 0;

	if (!stat(path, &st) && input__is_one(&view->options, &st)) {
		diagnostics__print(path, "it is one of the snapshots to read: nothing was written");
		return -EINVAL;
	}
	if (view->options.follow)
		view->file.fd =
			open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, 0666);
	else
		err = new_output__open(&view->file, path, true);
	if (view->options.follow && view->file.fd < 0)
		err = -errno;
	return err ? diagnostics__print_errno(path, -err) : 0;
}

static int open_output(struct view *view)
{
	const char *path = view->options.output, *no_color = getenv("NO_COLOR");
	int fd = STDOUT_FILENO;

	if (view->options.format == FORMAT_CTF)
		path = NULL; /* the output makes this directory */
	if (path) {
		int err = open_file(view, path);

		if (err)
			return err;
		fd = view->file.fd;
	}
	if (view->options.format == FORMAT_PERFETTO && isatty(fd)) {
		diagnostics__print("--format perfetto",
				   "that is nothing for a terminal: give a file with -o");
		return -EINVAL;
	}
	view->terminal = terminal__of(fd, !path && isatty(fd) && !(no_color && *no_color) &&
						  terminal__is_capable());
	if (out__init(&view->out, fd))
		return diagnostics__print_errno("output", ENOMEM);
	view->out.csv_formulas = view->options.csv_formulas;
	view->out.begin = view->pager ? begin_paging : begin_output;
	return 0;
}

/* ---- The outputs ---- */

/* By an error of what talks to servers, which was said. */
static void set_status(struct view *view, int err)
{
	if (err)
		view->status = err == -EINVAL ? EXIT_USAGE : EXIT_UNREADABLE;
}

static int show_info(struct view *view)
{
	int err = 0;

	for (size_t i = 0; i < view->input.reader_cnt && !err; i++) {
		if (view->options.format == FORMAT_JSON) {
			err = info__print_json(&view->out, view->input.readers[i]);
			continue;
		}
		if (i)
			out__char(&view->out, '\n');
		err = info__print_text(&view->out, view->input.readers[i], view->terminal.colour);
	}
	if (!err && view->fleet.url_cnt) {
		if (view->input.reader_cnt && view->options.format != FORMAT_JSON)
			out__char(&view->out, '\n');
		set_status(view, fleet_input__list(&view->fleet, &view->options, &view->out));
	}
	return err;
}

static int show_gdb(struct view *view)
{
	int err = 0;

	for (size_t i = 0; i < view->input.reader_cnt && !err; i++) {
		const struct ttlog_snapshot *reader = view->input.readers[i];
		struct gdb_line line;

		if (!ttlog_snapshot_info(reader)->has_header)
			continue; /* that is reported as a problem of the file */
		err = gdb_line__find(&line, ttlog_snapshot_info(reader));
		for (size_t k = 0; k < line.problem_cnt; k++)
			diagnostics__print(ttlog_snapshot_name(reader), line.problems[k]);
		gdb_line__print(&view->out, &line, view->options.debuginfod);
		if (!line.program || !line.core)
			view->status = EXIT_UNREADABLE;
		gdb_line__fini(&line);
	}
	return err;
}

static struct ttlog_range range_of(const struct view *view)
{
	uint64_t last_ns = 0;

	for (size_t i = 0; i < view->input.reader_cnt; i++) {
		uint64_t end_ns = ttlog_snapshot_last_ns(view->input.readers[i]);

		if (end_ns > last_ns)
			last_ns = end_ns;
	}
	ttlog_filter_set_last(view->options.filter, last_ns);
	return options__range(&view->options, last_ns);
}

static void show_lines(struct view *view, struct ttlog_stream *stream, uint64_t most)
{
	enum options_format format = view->options.format;
	struct text_output text;
	struct ttlog_event event;

	text_output__init(&text, &view->out, view->terminal.colour, view->input.readers,
			  view->input.reader_cnt);
	for (uint64_t i = 0; i < most && !view->out.err && ttlog_stream_next(stream, &event); i++) {
		text.unsure_ns = host_order__take(&view->order, &event);
		if (format == FORMAT_LOGFMT)
			logfmt__event(&view->out, &event, text.unsure_ns);
		else if (format == FORMAT_JSON)
			json__ordered_event(&view->out, &event, text.unsure_ns);
		else
			text_output__event(&text, &event);
	}
}

static int make_stream(struct view *view, struct ttlog_stream **ret)
{
	const struct options *options = &view->options;
	struct ttlog_range range = range_of(view);
	struct ttlog_stream *stream = ttlog_stream_new(view->input.readers, view->input.reader_cnt,
						       options->filter, &range);
	int err = stream ? 0 : -errno;

	if (!err && options->has_limit)
		err = ttlog_stream_tail(stream, options->limit);
	if (err)
		ttlog_stream_free(stream);
	else
		*ret = stream;
	return err;
}

static int show_events(struct view *view)
{
	const struct options *options = &view->options;
	uint64_t most = options->has_head ? options->head : UINT64_MAX;
	struct ttlog_stream *stream;
	int err = make_stream(view, &stream);

	if (err)
		return err;
	if (options->mode == MODE_EVENTS)
		show_lines(view, stream, most);
	else if (options->mode == MODE_TIMELINE)
		err = timeline__show(stream, most, &view->out, &view->terminal,
				     options->format == FORMAT_JSON, &view->interval_ns);
	else
		err = summary__show(options, stream, view->input.readers, view->input.reader_cnt,
				    most, &view->out, &view->terminal);
	ttlog_stream_free(stream);
	return err;
}

static int show_once(struct view *view, const struct event_output *output, void *state,
		     bool is_first)
{
	uint64_t most = view->options.has_head ? view->options.head : UINT64_MAX;
	struct ttlog_stream *stream;
	struct ttlog_event event;
	int err = make_stream(view, &stream);

	if (err)
		return err;
	for (uint64_t i = 0; i < most && !view->out.err && ttlog_stream_next(stream, &event); i++) {
		if (is_first)
			(void)host_order__take(&view->order, &event);
		output->event(state, &event);
	}
	ttlog_stream_free(stream);
	return 0;
}

static int show_output(struct view *view, const struct event_output *output)
{
	struct event_output_setup setup = {
		.out = &view->out,
		.readers = view->input.readers,
		.reader_cnt = view->input.reader_cnt,
		.unread_cnt = view->input.file_cnt - view->input.reader_cnt,
		.counters = view->options.counters,
		.has_limit = view->options.has_limit,
		.limit = view->options.limit,
		.directory = view->options.output,
	};
	void *state = calloc(1, output->state_bytes);
	int err = state ? output->begin(state, &setup) : -ENOMEM;

	if (!err) {
		err = show_once(view, output, state, true);
		if (!err && output->again && output->again(state))
			err = show_once(view, output, state, false);
		if (output->end)
			output->end(state);
	}
	if (state)
		output->fini(state);
	free(state);
	return err;
}

static int show_sentry(struct view *view)
{
	const struct ttlog_range range = range_of(view);
	const struct ttlog_snapshot *none;
	int err = sentry__show(&view->options, &range, view->input.readers, view->input.reader_cnt,
			       &view->out, &none);

	if (!err && none) {
		diagnostics__print(
			ttlog_snapshot_name(none),
			"no crash, fatal signal or failure: there is no event for Sentry");
		view->status = EXIT_UNREADABLE;
	}
	return err;
}

static int show_chosen(struct view *view)
{
	static const struct event_output *const OUTPUTS[] = {
		[FORMAT_CSV] = &csv_output,        [FORMAT_CHROME] = &chrome_output,
		[FORMAT_OTLP_JSON] = &otlp_output, [FORMAT_HTML] = &html_output,
		[FORMAT_CTF] = &ctf_output,        [FORMAT_PERFETTO] = &perfetto_output,
	};
	enum options_format format = view->options.format;

	switch (view->options.mode) {
	case MODE_INFO:
		return show_info(view);
	case MODE_GDB:
		return show_gdb(view);
	case MODE_DIFF:
		/* a file that cannot be read was reported */
		return view->input.reader_cnt < 2
			       ? 0
			       : diff__show(&view->options, view->input.readers, &view->out);
	case MODE_STATS:
	case MODE_HISTOGRAM:
	case MODE_TIMELINE:
		return show_events(view);
	default:
		break;
	}
	if (format == FORMAT_TEXT || format == FORMAT_JSON || format == FORMAT_LOGFMT)
		return show_events(view);
	if (format == FORMAT_SENTRY)
		return show_sentry(view);
	if (format != FORMAT_SCHEMA)
		return show_output(view, OUTPUTS[format]);
	schema__print(&view->out);
	return 0;
}

static int say_output_error(const struct view *view, int err)
{
	const char *path = view->options.output;

	if (err != -EEXIST || !path)
		return diagnostics__print_errno(path ? path : "stdout", -err);
	diagnostics__print(path, "there is something of that name already: nothing was written");
	return err;
}

/* Whether there is anything to show: no output is made of nothing. */
static bool has_input(const struct view *view)
{
	size_t cnt = 0;

	if (view->options.follow || view->options.explain || view->options.format == FORMAT_SCHEMA)
		return true;
	if (view->options.mode == MODE_INFO && view->fleet.url_cnt)
		return true;
	for (size_t i = 0; i < view->input.reader_cnt; i++)
		cnt += ttlog_snapshot_info(view->input.readers[i])->has_header;
	return cnt >= (view->options.mode == MODE_DIFF ? 2 : 1);
}

/* Writes the rest, and renames the file of --output to its name. */
static int finish_output(struct view *view)
{
	int err = out__flush(&view->out);

	if (!err && view->file.fd >= 0 && has_input(view))
		err = new_output__publish(&view->file);
	new_output__fini(&view->file);
	return err;
}

static int show(struct view *view)
{
	int err;

	if (view->options.output && !has_input(view)) {
		input__report(&view->input);
		return -EBADMSG;
	}
	err = host_order__init(&view->order, view->input.readers, view->input.reader_cnt);
	if (!err)
		err = show_chosen(view);
	if (err == -ENOMEM)
		return diagnostics__print_errno("cannot go on", -err);
	if (err)
		return say_output_error(view, err);
	err = finish_output(view);
	/* messages come after the output */
	pager__finish();
	progress__end();
	if (err == -EPIPE)
		return 0; /* the reader has seen enough */
	if (err)
		return say_output_error(view, err);
	host_order__say(&view->order);
	host_order__say_interval(&view->order, view->interval_ns);
	input__report(&view->input);
	return view->input.unreadable ? -EBADMSG : 0;
}

static int follow(struct view *view)
{
	int err = live_output__show(&view->options, &view->out, view->terminal.colour);
	int close_err = view->file.fd >= 0 ? new_output__publish(&view->file) : 0;

	return close_err && !err ? diagnostics__print_errno(view->options.output, -close_err) : err;
}

static int show_sql(struct view *view)
{
	const struct input *input = &view->input;
	int err = view->options.mode == MODE_TO_SQLITE
			  ? to_sqlite__write(view->options.database, input->readers,
					     input->reader_cnt)
			  : sql_shell__run(&view->options, input, &view->out);
	int flush_err = err && err != -EPIPE ? out__flush(&view->out) : finish_output(view);

	pager__finish();
	progress__end();
	input__report(&view->input);
	if (err == -EINVAL)
		view->status = EXIT_USAGE;
	if (flush_err && flush_err != -EPIPE)
		return diagnostics__print_errno(
			view->options.output ? view->options.output : "stdout", -flush_err);
	if (!err || err == -EPIPE)
		return view->input.unreadable ? -EBADMSG : 0;
	return err;
}

/* Shows the filter as it was understood. Its keys are hostile text. */
static int explain(struct view *view)
{
	char *text = ttlog_filter_explain(view->options.filter);
	int err;

	if (!text)
		return diagnostics__print_errno("filter", ENOMEM);
	for (char *line = text, *end; (end = strchr(line, '\n')); line = end + 1) {
		out__plain(&view->out, (struct ttlog_text){ line, (size_t)(end - line) });
		out__char(&view->out, '\n');
	}
	free(text);
	err = finish_output(view);
	if (!err || err == -EPIPE)
		return 0;
	return diagnostics__print_errno(view->options.output ? view->options.output : "stdout",
					-err);
}

/* Returns whether there was something to report. */
static bool say_gave_up(const struct options *options)
{
	uint64_t cnt = ttlog_filter_gave_up(options->filter);

	if (!cnt)
		return false;
	progress__end();
	fprintf(stderr,
		"ttlog-view: a regular expression took too many steps on %" PRIu64 " text%s, taken "
		"as not matching: use fewer repetitions of what is repeated, or other words\n",
		cnt, cnt == 1 ? "" : "s");
	return true;
}

/* What reads no file asks no server. */
static int open_fleet(struct view *view)
{
	const struct options *options = &view->options;
	int err;

	if (options->explain || options->follow || options->format == FORMAT_SCHEMA)
		return 0;
	if (options->mode == MODE_INFO)
		return fleet_input__take(&view->fleet, &view->options);
	err = fleet_input__fetch(&view->fleet, &view->options);
	set_status(view, err);
	if (!err && view->fleet.is_partial)
		view->status = EXIT_UNREADABLE;
	return err;
}

static int open_input(struct view *view)
{
	const struct options *options = &view->options;
	int err;

	if (options->explain || options->follow || options->format == FORMAT_SCHEMA ||
	    (view->fleet.url_cnt && !options->file_cnt))
		return 0;
	begin_progress(options);
	err = input__open(&view->input, &view->options);
	if (err == -EINVAL)
		view->status = EXIT_USAGE; /* --identity */
	return err;
}

static void view__fini(struct view *view)
{
	progress__end();
	pager__finish();
	new_output__fini(&view->file);
	host_order__fini(&view->order);
	input__fini(&view->input);
	out__fini(&view->out);
	options__fini(&view->options);
	fleet_input__fini(&view->fleet);
}

/* Modes that do all of it themselves. */
static int run_alone(struct view *view)
{
	int status;

	if (view->options.mode == MODE_KEYGEN)
		return sealed__keygen(&view->options);
	if (view->options.mode == MODE_INTERACTIVE) {
		status = browse__main(&view->options);
		fleet_input__fini(&view->fleet);
		return status ? status : view->status;
	}
	status = recompress__main(&view->options);
	view__fini(view);
	return status;
}

static bool is_alone(const struct options *options)
{
	return options->mode == MODE_KEYGEN || options->mode == MODE_RECOMPRESS ||
	       (options->mode == MODE_INTERACTIVE && !options->explain);
}

int main(int argc, char **argv)
{
	struct view view = { .file = { .fd = -1 } };
	bool gave_up;
	int err = 0;

	options__parse(&view.options, argc, argv);
	(void)signal(SIGPIPE, SIG_IGN);
	err = open_fleet(&view);
	if (!err && is_alone(&view.options))
		return run_alone(&view);
	view.pager = choose_pager(&view.options);
	if (!err)
		err = open_input(&view);
	if (!err)
		err = open_output(&view);
	if (!err)
		err = view.options.explain             ? explain(&view)
		      : view.options.follow            ? follow(&view)
		      : options__is_sql(&view.options) ? show_sql(&view)
						       : show(&view);
	gave_up = say_gave_up(&view.options);
	unknown_key__hint(&view.options, &view.input);
	view__fini(&view);
	if (view.status)
		return view.status;
	return err || gave_up ? EXIT_UNREADABLE : EXIT_SUCCESS;
}
