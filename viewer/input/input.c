/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "debuginfod.h"
#include "default_snapshot.h"
#include "diagnostics.h"
#include "input.h"
#include "naming.h"
#include "options.h"
#include "piped.h"
#include "plain_file.h"
#include "sealed.h"
#include "secret_keys.h"

#define SNAPSHOT_DIR   "/var/lib/ttlog"
/* So many files that can't be opened are named; the rest is counted. */
#define NAMED_MAX      10u
/* More than the clocks of two files of a process usually differ. */
#define CLOCK_SLACK_NS UINT64_C(10000000000)

static int choose_newest(struct input *input, struct options *options)
{
	input->default_path = default_snapshot__find(SNAPSHOT_DIR);
	if (!input->default_path) {
		fprintf(stderr, "ttlog-view: no snapshot in " SNAPSHOT_DIR " (%s): name a file\n",
			errno == ENOENT ? "there is none" : strerror(errno));
		return -ENOENT;
	}
	options->files = malloc(sizeof(*options->files));
	if (!options->files)
		return diagnostics__print_errno("files", ENOMEM);
	options->files[options->file_cnt++] = input->default_path;
	diagnostics__print(input->default_path, "the newest snapshot is shown");
	return 0;
}

/* Files stay open to the end if the limit of descriptors allows it: raises it as far as
 * possible. */
static void allow_files(void)
{
	struct rlimit limit;

	if (!getrlimit(RLIMIT_NOFILE, &limit) && limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &limit);
	}
}

/* Whether the file is read once, from begin to end, and nothing must be known before. */
static bool is_stream(const struct options *options)
{
	bool is_alone = options->file_cnt == 1 || options->mode == MODE_DIFF;

	if (options->mode == MODE_INTERACTIVE)
		return true; /* the full screen reads them while it runs */
	return is_alone && options->mode != MODE_INFO && !options__is_sql(options) &&
	       !options->has_since && !options->has_until &&
	       !ttlog_filter_needs_last(options->filter);
}

unsigned input__passes(const struct options *options)
{
	/* opening reads it, the last N events have to be found, and then they are read */
	return (is_stream(options) ? 0 : 1) + (options->has_limit ? 1 : 0) +
	       (options->mode != MODE_INFO ? 1 : 0);
}

/* Files that could not be opened. */
struct unopened {
	size_t cnt;
	size_t short_cnt; /* because there were no descriptors left */
	int short_err;
};

/* Takes ownership of fd, which may be -1 with errno. */
static struct ttlog_snapshot *open_as_it_is(int fd, const char *name, bool stream, char *ret_why,
					    size_t why_size)
{
	if (fd < 0)
		return NULL;
	return stream ? ttlog_snapshot_start_fd(fd, name, ret_why, why_size)
		      : ttlog_snapshot_open_fd(fd, name, ret_why, why_size);
}

struct named_file {
	struct input *input;
	const char *name;
};

static void say_of_names(void *to, const char *what, bool is_error)
{
	const struct named_file *file = to;

	diagnostics__print(file->name, what);
	file->input->unreadable |= is_error;
}

/* The copy of a snapshot in which frames have names; NULL: it stays as it is. */
static struct ttlog_snapshot *open_named(struct input *input, const struct ttlog_snapshot *unnamed,
					 int fd, const char *name, bool stream)
{
	struct named_file file = { .input = input, .name = name };
	struct ttlog_snapshot *named = NULL;
	char why[160];
	int copy;

	input->naming->say = say_of_names;
	input->naming->to = &file;
	copy = naming__copy(input->naming, unnamed, fd);
	if (copy >= 0)
		named = open_as_it_is(copy, name, stream, why, sizeof(why));
	if (!named && copy != -ENODATA)
		say_of_names(&file, copy < 0 ? strerror(-copy) : why, true);
	return named;
}

/* Takes ownership of the snapshot, which may be NULL, and of fd, its file. */
static struct ttlog_snapshot *add_names(struct input *input, struct ttlog_snapshot *snapshot,
					int fd, const char *name, bool stream)
{
	struct ttlog_snapshot *named =
		snapshot && fd >= 0 ? open_named(input, snapshot, fd, name, stream) : NULL;

	if (fd >= 0)
		(void)close(fd);
	if (!named)
		return snapshot;
	ttlog_snapshot_close(snapshot);
	return named;
}

/* The same with names, if there is a server. */
static struct ttlog_snapshot *open_fd(struct input *input, int fd, const char *name, bool stream,
				      char *ret_why, size_t why_size)
{
	const int own = input->naming && fd >= 0 ? fcntl(fd, F_DUPFD_CLOEXEC, 0) : -1;

	return add_names(input, open_as_it_is(fd, name, stream, ret_why, why_size), own, name,
			 stream);
}

static struct ttlog_snapshot *open_sealed(struct input *input, int fd, const char *name,
					  bool stream, char *ret_why, size_t why_size)
{
	const int content = sealed__decrypt(fd, input->keys, ret_why, why_size);

	if (content >= 0 && *ret_why) {
		diagnostics__print(name, ret_why);
		input->unreadable = true;
	}
	return open_fd(input, content, name, stream, ret_why, why_size);
}

static struct ttlog_snapshot *open_path(struct input *input, const char *path, const char *name,
					bool stream, char *ret_why, size_t why_size)
{
	const bool is_piped = piped__is_meant(path);
	const int fd = is_piped ? piped__open(path, ret_why, why_size) : sealed__open(path);
	struct ttlog_snapshot *snapshot;

	if (fd >= 0 && (!is_piped || sealed__is(fd)))
		return open_sealed(input, fd, name, stream, ret_why, why_size);
	if (is_piped)
		return open_fd(input, fd, name, stream, ret_why, why_size);
	if (name != path)
		return open_fd(input, plain_file__open(path), name, stream, ret_why, why_size);
	snapshot = stream ? ttlog_snapshot_start(path, ret_why, why_size)
			  : ttlog_snapshot_open(path, ret_why, why_size);
	if (!input->naming || !snapshot)
		return snapshot;
	return add_names(input, snapshot, plain_file__open(path), name, stream);
}

/* Files come in the order of their names. */
static const char *name_of(struct input *input, const char *path)
{
	const struct options *options = input->options;

	for (size_t i = 0; i < options->name_cnt; i++) {
		const struct options_name *at =
			&options->names[(input->next_name + i) % options->name_cnt];

		if (at->path != path)
			continue;
		input->next_name = (size_t)(at - options->names) + 1;
		return at->name;
	}
	return path;
}

/* NULL: it could not be opened, which is counted. */
static struct ttlog_snapshot *open_file(struct input *input, const char *path, bool stream,
					struct unopened *unopened)
{
	const char *name = options__is_stdin(path) ? "stdin" : name_of(input, path);
	struct ttlog_snapshot *reader;
	char why[160];

	reader = open_path(input, path, name, stream, why, sizeof(why));
	if (reader)
		return reader;
	input->unreadable = true;
	if (errno == EMFILE || errno == ENFILE) {
		unopened->short_err = errno;
		unopened->short_cnt++;
	} else if (unopened->cnt++ < NAMED_MAX) {
		diagnostics__print(name, why);
	}
	return NULL;
}

static void say_unopened(const struct input *input, const struct unopened *unopened)
{
	char text[160];

	if (unopened->cnt > NAMED_MAX) {
		snprintf(text, sizeof(text), "%zu more cannot be opened",
			 unopened->cnt - NAMED_MAX);
		diagnostics__print("files", text);
	}
	if (unopened->short_cnt) {
		snprintf(text, sizeof(text), "%zu of %zu cannot be opened: %s (see ulimit -n)",
			 unopened->short_cnt, input->file_cnt, strerror(unopened->short_err));
		diagnostics__print("files", text);
	}
}

/* Whether a segment has nothing in a range of time. The clock of another file of its process may
 * count. */
static bool is_outside(const struct ttlog_range *segment, const struct ttlog_range *wanted)
{
	return (wanted->since_ns > CLOCK_SLACK_NS &&
		segment->until_ns < wanted->since_ns - CLOCK_SLACK_NS) ||
	       (wanted->until_ns < UINT64_MAX - CLOCK_SLACK_NS &&
		segment->since_ns > wanted->until_ns + CLOCK_SLACK_NS);
}

/* Opens what is not known to be a segment of some time. Returns the wall time of the last event of
 * all files. */
static uint64_t open_unknown(struct input *input, const struct options *options,
			     struct ttlog_range *ranges, struct unopened *unopened)
{
	const bool spares = (options->has_since || options->has_until) && input->file_cnt > 1 &&
			    options->mode != MODE_INFO && options->mode != MODE_DIFF;
	uint64_t last_ns = 0, ns;

	for (size_t i = 0; i < input->file_cnt; i++) {
		ranges[i] = (struct ttlog_range){ UINT64_MAX, 0 };
		if (spares && !piped__is_meant(input->files[i]) &&
		    ttlog_segment_range(input->files[i], &ranges[i])) {
			ns = ranges[i].until_ns;
		} else {
			input->readers[i] =
				open_file(input, input->files[i], is_stream(options), unopened);
			ns = input->readers[i] ? ttlog_snapshot_last_ns(input->readers[i]) : 0;
		}
		last_ns = ns > last_ns ? ns : last_ns;
	}
	return last_ns;
}

/* Opens the rest, but not what has nothing in the range of time. */
static void open_within(struct input *input, const struct options *options,
			const struct ttlog_range *ranges, uint64_t last_ns,
			struct unopened *unopened)
{
	const struct ttlog_range wanted = options__range(options, last_ns);

	for (size_t i = 0; i < input->file_cnt; i++) {
		if (ranges[i].since_ns <= ranges[i].until_ns && !is_outside(&ranges[i], &wanted))
			input->readers[i] =
				open_file(input, input->files[i], is_stream(options), unopened);
	}
	for (size_t i = 0; i < input->file_cnt; i++) {
		if (input->readers[i])
			input->readers[input->reader_cnt++] = input->readers[i];
	}
}

/* Returns 0 or -errno, which it has printed. */
static int open_files(struct input *input, const struct options *options)
{
	struct unopened unopened = { .cnt = 0 };
	/* a directory may have no file */
	struct ttlog_range *ranges = calloc(input->file_cnt + 1, sizeof(*ranges));
	struct secret_keys keys = { .cnt = 0 };
	uint64_t last_ns;
	int err = sealed__read_keys(options, &keys);

	input->readers = calloc(input->file_cnt + 1, sizeof(*input->readers));
	if (!err && (!input->readers || !ranges))
		err = diagnostics__print_errno("files", ENOMEM);
	if (err) {
		free(ranges);
		secret_keys__fini(&keys);
		return err;
	}
	input->keys = &keys;
	last_ns = open_unknown(input, options, ranges, &unopened);
	open_within(input, options, ranges, last_ns, &unopened);
	free(ranges);
	secret_keys__fini(&keys);
	input->keys = NULL;
	say_unopened(input, &unopened);
	return 0;
}

/* The child that asks servers begins before any file is read. */
static int open_files_named(struct input *input, const struct options *options)
{
	const struct debuginfod_options asked = { .urls = options->debuginfod };
	char why[256];
	struct naming naming = { .debuginfod = debuginfod__new(&asked, why, sizeof(why)) };
	int err;

	if (!naming.debuginfod) {
		err = -errno;
		diagnostics__print("--debuginfod", why);
		return err;
	}
	input->naming = &naming;
	err = open_files(input, options);
	input->naming = NULL;
	debuginfod__free(naming.debuginfod);
	return err;
}

int input__open(struct input *ret, struct options *options)
{
	int err;

	*ret = (struct input){ .reader_cnt = 0 };
	if (!options->file_cnt) {
		err = choose_newest(ret, options);
		if (err)
			return err;
	}
	/* --diff says what is wrong with a directory */
	err = options->mode == MODE_DIFF ? 0 : directory__expand(options, &ret->paths);
	if (err)
		return err;
	ret->files = options->files;
	ret->file_cnt = options->file_cnt;
	ret->options = options;
	allow_files();
	err = options->debuginfod ? open_files_named(ret, options) : open_files(ret, options);
	if (err)
		return err;
	/* Outputs of single files use their own clocks. */
	if (options->mode != MODE_INFO && options->mode != MODE_DIFF &&
	    options->mode != MODE_INTERACTIVE &&
	    ttlog_snapshots_share_clock(ret->readers, ret->reader_cnt))
		return diagnostics__print_errno("files", ENOMEM);
	return 0;
}

bool input__is_one(const struct options *options, const struct stat *file)
{
	for (size_t i = 0; i < options->file_cnt; i++) {
		const char *path = options->files[i];
		struct stat st;

		if (!(options__is_stdin(path) ? fstat(STDIN_FILENO, &st) : stat(path, &st)) &&
		    st.st_dev == file->st_dev && st.st_ino == file->st_ino)
			return true;
	}
	return false;
}

void input__report(struct input *input)
{
	/* with --head, not all may have been read */
	for (size_t i = 0; i < input->reader_cnt; i++)
		(void)ttlog_snapshot_has_chunk(input->readers[i], SIZE_MAX);
	input__report_known(input);
}

void input__report_known(struct input *input)
{
	for (size_t i = 0; i < input->reader_cnt; i++) {
		struct ttlog_snapshot *reader = input->readers[i];
		const struct ttlog_contents *contents = ttlog_snapshot_contents(reader);
		char more[64];

		for (size_t k = 0; k < contents->problem_cnt; k++)
			diagnostics__print(ttlog_snapshot_name(reader), contents->problems[k]);
		if (contents->problem_more) {
			snprintf(more, sizeof(more), "and %zu problems more",
				 contents->problem_more);
			diagnostics__print(ttlog_snapshot_name(reader), more);
		}
		if (contents->problem_cnt)
			input->unreadable = true;
	}
}

void input__fini(struct input *input)
{
	for (size_t i = 0; i < input->reader_cnt; i++)
		ttlog_snapshot_close(input->readers[i]);
	free(input->readers);
	free(input->default_path);
	directory_paths__fini(&input->paths);
}
