/* SPDX-License-Identifier: MIT */
/*
 * Live chunks of one moment are a group, which is printed in the order of time. A group ends with a
 * pause, or when a process has a second live chunk: else its events could be taken for repeated
 * ones.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "event_output.h"
#include "follow.h"
#include "json.h"
#include "live_output.h"
#include "options.h"
#include "out.h"
#include "diagnostics.h"
#include "text.h"

#define MAX_GROUP 64
/* A collector that is busy may not tell of a pause. */
#define GROUP_MS  20

struct live_output {
	const struct options *options;
	struct out *out;
	struct follow *follow;
	struct ttlog_snapshot *group[MAX_GROUP];
	size_t group_cnt;
	uint64_t left, shown; /* events; left: by --head */
	struct text_output text;
	bool is_damaged; /* some live chunk was damaged */
};

static int signal_pipe[2];
static volatile sig_atomic_t is_told; /* to end, by a signal */

/* A second signal ends the process at once. */
static void on_signal(int number)
{
	(void)number;
	is_told = 1;
	(void)!write(signal_pipe[1], "", 1);
}

static int catch_signals(void)
{
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND };

	if (pipe2(signal_pipe, O_CLOEXEC | O_NONBLOCK) || sigaction(SIGINT, &action, NULL) ||
	    sigaction(SIGTERM, &action, NULL))
		return -errno;
	return 0;
}

static void print_event(struct live_output *live, const struct ttlog_event *event)
{
	if (live->options->format == FORMAT_LOGFMT)
		logfmt__event(live->out, event, 0);
	else if (live->options->format == FORMAT_JSON)
		json__event(live->out, event);
	else
		text_output__event(&live->text, event);
	live->left--;
	live->shown++;
}

static int print_group(struct live_output *live)
{
	const struct ttlog_range all = { 0, UINT64_MAX };
	struct ttlog_stream *stream;
	struct ttlog_event event;

	for (size_t i = 0; i < live->group_cnt; i++) {
		(void)ttlog_snapshot_has_chunk(live->group[i], SIZE_MAX);
		live->is_damaged |= ttlog_snapshot_contents(live->group[i])->problem_cnt > 0;
	}
	/* columns only grow, so that lines stay aligned with what was printed */
	text_output__widen(&live->text, live->group, live->group_cnt);
	stream = ttlog_stream_new(live->group, live->group_cnt, live->options->filter, &all);
	if (!stream)
		return -errno;
	while (live->left && !is_told && !live->out->err && ttlog_stream_next(stream, &event))
		print_event(live, &event);
	ttlog_stream_free(stream);
	for (size_t i = 0; i < live->group_cnt; i++)
		ttlog_snapshot_close(live->group[i]);
	live->group_cnt = 0;
	return out__flush(live->out);
}

static bool has_process(const struct live_output *live, const struct ttlog_snapshot *reader)
{
	for (size_t i = 0; i < live->group_cnt; i++) {
		if (ttlog_snapshot_info(live->group[i])->pid == ttlog_snapshot_info(reader)->pid)
			return true;
	}
	return false;
}

static int add(struct live_output *live, struct ttlog_snapshot *reader)
{
	int err = 0;

	if (live->group_cnt == MAX_GROUP || has_process(live, reader))
		err = print_group(live);
	if (err) {
		ttlog_snapshot_close(reader);
		return err;
	}
	live->group[live->group_cnt++] = reader;
	return 0;
}

/* Returns 1 if something came, 0 if not, or -errno: -EINTR: a signal came, -EPIPE: no reader. */
static int wait_for_news(const struct live_output *live)
{
	struct pollfd polls[] = {
		{ .fd = follow__fd(live->follow), .events = POLLIN },
		{ .fd = signal_pipe[0], .events = POLLIN },
		{ .fd = live->out->fd },
	};
	int cnt = poll(polls, 3, live->group_cnt ? GROUP_MS : -1);

	if (cnt < 0)
		return errno == EINTR ? 1 : -errno;
	if (polls[1].revents)
		return -EINTR;
	if (polls[2].revents & (POLLERR | POLLHUP | POLLNVAL))
		return -EPIPE;
	return cnt;
}

/* Prints each line with the name of the program. */
static void complain(const char *lines)
{
	while (*lines) {
		size_t len = strcspn(lines, "\n");

		fprintf(stderr, "ttlog-view: %.*s\n", (int)len, lines);
		lines += len + (lines[len] != '\0');
	}
}

/* Returns 0 at the end, or -errno; -EINTR: a signal came. */
static int print_all(struct live_output *live)
{
	struct ttlog_snapshot *reader;
	int err = 0;

	while (!err && live->left && !is_told) {
		enum follow_news news = follow__next(live->follow, &reader);

		switch (news) {
		case FOLLOW_CHUNK:
			err = add(live, reader);
			break;
		case FOLLOW_PAUSE:
		case FOLLOW_TOLD:
			err = live->group_cnt ? print_group(live) : 0;
			if (news == FOLLOW_TOLD)
				complain(follow__told(live->follow));
			break;
		case FOLLOW_NOTHING:
			err = wait_for_news(live);
			if (!err && live->group_cnt)
				err = print_group(live);
			err = err > 0 ? 0 : err;
			break;
		case FOLLOW_ENDED:
			return live->group_cnt ? print_group(live) : 0;
		}
	}
	return err || !is_told ? err : -EINTR;
}

static void say_end(const struct live_output *live, int err)
{
	struct pollfd room = { .fd = STDERR_FILENO, .events = POLLOUT };
	struct follow_counts counts;

	/* stderr may be the same stopped terminal */
	if (err == -ECANCELED && poll(&room, 1, 0) <= 0)
		return;
	if (err == -ECANCELED)
		follow__settle(live->follow);
	follow__counts(live->follow, &counts);
	counts.dropped += err == -ECANCELED ? live->out->unwritten_lines : 0;
	fprintf(stderr, "ttlog-view: %s%" PRIu64 " events shown",
		err || !live->left                    ? ""
		: follow__collector_cnt(live->follow) ? ""
						      : "the collector has ended: ",
		live->shown - live->out->unwritten_lines);
	if (counts.dropped)
		fprintf(stderr, ", %" PRIu64 " not shown (what reads them is too slow)",
			counts.dropped);
	if (counts.missed)
		fprintf(stderr, ", %" PRIu64 " overwritten before they could be looked at",
			counts.missed);
	fputc('\n', stderr);
}

static int show(struct live_output *live)
{
	int err = catch_signals();

	if (err)
		return diagnostics__print_errno("cannot follow", -err);
	fprintf(stderr, "ttlog-view: following %zu collector%s\n",
		follow__collector_cnt(live->follow),
		follow__collector_cnt(live->follow) == 1 ? "" : "s");
	live->out->is_told = &is_told;
	err = print_all(live);
	for (size_t i = 0; i < live->group_cnt; i++)
		ttlog_snapshot_close(live->group[i]);
	say_end(live, err);
	/* the reader has seen enough, or a signal has come */
	if (!err || err == -EPIPE || err == -EINTR || err == -ECANCELED)
		return live->is_damaged ? -EBADMSG : 0;
	return diagnostics__print_errno(live->options->output ? live->options->output : "stdout",
					-err);
}

int live_output__show(const struct options *options, struct out *out, bool colour)
{
	struct live_output live = {
		.options = options,
		.out = out,
		.left = options->has_head ? options->head : UINT64_MAX,
		.text = { .out = out, .colour = colour },
	};
	char why[4096];
	int err;

	ttlog_filter_set_last(options->filter, clock__now_real_ns());
	live.follow = follow__open(options->filter, why, sizeof(why));
	err = live.follow ? 0 : -errno;
	complain(why);
	if (err)
		return err;
	err = show(&live);
	follow__close(live.follow);
	return err;
}
