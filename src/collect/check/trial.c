/* SPDX-License-Identifier: MIT */
/*
 * The collector is a fork that records as from a command line, so the try is what users run. Its
 * stderr and the subject's stdout tell how far it came. All waiting has a deadline, since the try
 * may hang.
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "command_line.h"
#include "env.h"
#include "runtime_dir.h"
#include "subject.h"
#include "trial.h"

#define DEADLINE_MS 30000
#define STREAM_MAX  8192

/* What was read of a child's output. */
struct stream {
	int fd; /* -1: it has ended */
	size_t len;
	char text[STREAM_MAX];
};

struct attempt {
	trial_record_fn record;
	char dir[PATH_MAX], out_dir[PATH_MAX + 8];
	uint64_t deadline_ms;
	pid_t subject, collector; /* 0: none */
	int to_subject;           /* its stdin; -1: none */
	struct stream said;       /* by the subject, on stdout */
	struct stream told;       /* by the collector, on stderr */
};

static void say(struct trial *trial, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void say(struct trial *trial, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vsnprintf(trial->detail, sizeof(trial->detail), format, args);
	va_end(args);
}

static uint64_t now_ms(void)
{
	return clock__now_mono_ns() / 1000000u;
}

/* ---- what they write ---- */

static void close_fd(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
}

/* What does not fit is read and dropped: a writer must not wait for us. */
static void take(struct stream *stream)
{
	char rest[512];
	bool full = stream->len + 1 >= sizeof(stream->text);
	ssize_t got = full ? read(stream->fd, rest, sizeof(rest))
			   : read(stream->fd, stream->text + stream->len,
				  sizeof(stream->text) - 1 - stream->len);

	if (got > 0 && !full) {
		stream->len += (size_t)got;
		stream->text[stream->len] = '\0';
	} else if (got <= 0) {
		close_fd(&stream->fd);
	}
}

/* Waits until the stream has `word`, or has ended; NULL: until both have ended. False after the
 * deadline. */
static bool wait_for(struct attempt *attempt, const struct stream *stream, const char *word)
{
	for (;;) {
		struct pollfd polls[] = {
			{ .fd = attempt->said.fd, .events = POLLIN },
			{ .fd = attempt->told.fd, .events = POLLIN },
		};
		uint64_t now = now_ms();

		if (word ? stream->fd < 0 || strstr(stream->text, word)
			 : attempt->said.fd < 0 && attempt->told.fd < 0)
			return true;
		if (now >= attempt->deadline_ms)
			return false;
		if (poll(polls, 2, (int)(attempt->deadline_ms - now)) <= 0)
			continue;
		if (polls[0].revents)
			take(&attempt->said);
		if (polls[1].revents)
			take(&attempt->told);
	}
}

/* The collector's last line: why it gave up. */
static const char *last_words(struct attempt *attempt)
{
	static const char prefix[] = "ttlog-collect: ";
	const char *last = NULL;

	for (char *line = strtok(attempt->told.text, "\n"); line; line = strtok(NULL, "\n")) {
		if (!strncmp(line, prefix, sizeof(prefix) - 1))
			last = line + sizeof(prefix) - 1;
	}
	return last ? last : "the collector ended without a word";
}

/* ---- the children ---- */

/* In a child, which ends with us. Descriptors of -1 stay as they are. */
static void become(int in, int out, int err)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	(void)dup2(in < 0 ? null : in, 0);
	(void)dup2(out < 0 ? null : out, 1);
	if (err >= 0)
		(void)dup2(err, 2);
}

static int start_subject(struct attempt *attempt)
{
	int in[2], out[2];

	if (pipe2(in, O_CLOEXEC))
		return -errno;
	attempt->to_subject = in[1];
	if (pipe2(out, O_CLOEXEC)) {
		(void)close(in[0]);
		return -errno;
	}
	attempt->said.fd = out[0];
	attempt->subject = fork();
	if (!attempt->subject) {
		become(in[0], out[1], -1);
		(void)execl("/proc/self/exe", "ttlog-collect", SUBJECT_OPTION, (char *)NULL);
		_exit(127);
	}
	(void)close(in[0]);
	(void)close(out[1]);
	return attempt->subject < 0 ? -errno : 0;
}

/* Records in this process, and ends it. pid: of the subject; NULL: starts it with -- CMD. */
static void collect(const struct attempt *attempt, char *pid)
{
	char out_dir[sizeof(attempt->out_dir)];
	char *argv[] = { "ttlog-collect",
			 "-o",
			 out_dir,
			 "-s",
			 "1M",
			 "-b",
			 "4M",
			 pid ? "-p" : "--",
			 pid ? pid : "/proc/self/exe",
			 pid ? NULL : SUBJECT_OPTION,
			 NULL };
	struct env env = { 0 };
	int status = 1;

	memcpy(out_dir, attempt->out_dir, sizeof(out_dir));
	if (!command_line__parse(&env, pid ? 9 : 10, argv)) {
		env.private_dir = attempt->dir;
		status = attempt->record(&env);
		env__fini(&env);
	}
	_exit(status);
}

static int start_collector(struct attempt *attempt)
{
	int err_pipe[2], out_pipe[2] = { -1, -1 };
	char pid[16];

	if (pipe2(err_pipe, O_CLOEXEC))
		return -errno;
	attempt->told.fd = err_pipe[0];
	/* for the stdout of the subject that it starts */
	if (!attempt->subject && pipe2(out_pipe, O_CLOEXEC)) {
		(void)close(err_pipe[1]);
		return -errno;
	}
	if (!attempt->subject)
		attempt->said.fd = out_pipe[0];
	(void)snprintf(pid, sizeof(pid), "%d", (int)attempt->subject);
	(void)fflush(NULL);
	attempt->collector = fork();
	if (!attempt->collector) {
		become(-1, out_pipe[1], err_pipe[1]);
		collect(attempt, attempt->subject ? pid : NULL);
	}
	(void)close(err_pipe[1]);
	close_fd(&out_pipe[1]);
	return attempt->collector < 0 ? -errno : 0;
}

/* ---- the attempt ---- */

static int open_attempt(struct attempt *attempt)
{
	int err = runtime_dir__find_for_rings(attempt->dir);

	*attempt->said.text = *attempt->told.text = '\0';
	attempt->deadline_ms = now_ms() + DEADLINE_MS;
	if (!err && strlen(attempt->dir) + sizeof("/check.XXXXXX") > sizeof(attempt->dir))
		err = -ENAMETOOLONG;
	if (err)
		return err;
	strcat(attempt->dir, "/check.XXXXXX");
	if (!mkdtemp(attempt->dir)) {
		err = -errno;
		attempt->dir[0] = '\0';
		return err;
	}
	(void)snprintf(attempt->out_dir, sizeof(attempt->out_dir), "%s/out", attempt->dir);
	return 0;
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *place)
{
	(void)status;
	(void)type;
	(void)place;
	return remove(path);
}

static void end(pid_t *pid)
{
	if (*pid > 0) {
		(void)kill(*pid, SIGKILL);
		while (waitpid(*pid, NULL, 0) < 0 && errno == EINTR)
			continue;
	}
	*pid = 0;
}

static void close_attempt(struct attempt *attempt)
{
	end(&attempt->collector);
	end(&attempt->subject);
	close_fd(&attempt->to_subject);
	close_fd(&attempt->said.fd);
	close_fd(&attempt->told.fd);
	if (attempt->dir[0])
		(void)nftw(attempt->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* Both have ended: looks at what they have written. */
static void judge(struct trial *trial, struct attempt *attempt)
{
	unsigned long long trap_ns, copy_bytes, copy_ns;
	uint64_t emitted, recorded, lost;
	const char *says = strstr(attempt->said.text, "events ");
	const char *accounts = strstr(attempt->told.text, "\npid ");
	unsigned int events;
	int sites;

	if (!says ||
	    sscanf(says, SUBJECT_SAYS, &events, &sites, &trap_ns, &copy_bytes, &copy_ns) != 5) {
		say(trial, "%s", last_words(attempt));
		return;
	}
	if (!sites && strstr(attempt->told.text, "recording pid ")) {
		say(trial, "its sites were switched on without an error, and stayed off");
		return;
	}
	if (!sites) {
		say(trial, "%s", last_words(attempt));
		return;
	}
	trial->trap_ns = trap_ns;
	trial->copy_bytes = copy_bytes;
	trial->copy_ns = copy_ns;
	if (!accounts ||
	    sscanf(accounts,
		   " pid %*u: %" SCNu64 " emitted, %" SCNu64 " recorded, %" SCNu64 " lost",
		   &emitted, &recorded, &lost) != 3) {
		say(trial, "its sites are on, and nothing came: %s", last_words(attempt));
		return;
	}
	trial->ok = recorded == events && !lost && !strstr(accounts, "no snapshot");
	say(trial, "%" PRIu64 " of %u events of a child that was killed, %" PRIu64 " lost%s",
	    recorded, events, lost, strstr(accounts, "no snapshot") ? ", no snapshot" : "");
}

static void record(struct trial *trial, struct attempt *attempt)
{
	if (!wait_for(attempt, &attempt->told, "recording pid "))
		say(trial, "recording did not begin within %d s", DEADLINE_MS / 1000);
	else if (attempt->to_subject >= 0 && attempt->told.fd < 0)
		say(trial, "%s", last_words(attempt));
	else if (attempt->to_subject >= 0 && write(attempt->to_subject, "\n", 1) != 1)
		say(trial, "the child is gone: %s", strerror(errno));
	else if (!wait_for(attempt, NULL, NULL))
		say(trial, "its end was not seen within %d s", DEADLINE_MS / 1000);
	else
		judge(trial, attempt);
}

void trial__run(struct trial *ret, trial_record_fn record_fn, bool by_pid)
{
	struct attempt attempt = {
		.record = record_fn,
		.to_subject = -1,
		.said.fd = -1,
		.told.fd = -1,
	};
	int err = open_attempt(&attempt);

	*ret = (struct trial){ .ok = false };
	if (!err && by_pid) {
		err = start_subject(&attempt);
		/* before that it has not run exec, and has no sites */
		if (!err && (!wait_for(&attempt, &attempt.said, "ready\n") || attempt.said.fd < 0))
			err = -ECHILD;
	}
	if (!err)
		err = start_collector(&attempt);
	if (err)
		say(ret, "can't start a child for it: %s", strerror(-err));
	else
		record(ret, &attempt);
	close_attempt(&attempt);
}
