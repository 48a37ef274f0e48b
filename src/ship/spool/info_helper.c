/* SPDX-License-Identifier: MIT */
/*
 * A request is a letter (enum what) and the name of a file, or names of several, with the end of a pipe beside
 * it, which becomes ttlog-view's stdout. The answer is how ttlog-view ended, as waitpid() has it.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "array.h"
#include "fd_message.h"
#include "info_ahead.h"
#include "info_helper.h"
#include "out_name.h"

/* For one file, on a slow machine. Events wait for their reader as long as it likes. */
#define LIMIT_S            60
#define LIMIT_CPU_S        30
#define LIMIT_EVENTS_CPU_S 3600
#define FIRST_BYTES        4096
/* As a shell has it; ttlog-view ends with 0, 1 or 2. */
#define EXIT_NO_PROGRAM    127

enum what {
	WHAT_INFO = 'i',
	WHAT_EVENTS = 'e',
};

struct info_helper {
	int socket;
	pid_t pid;
	pthread_mutex_t lock; /* of the answers, which come in order, and of what was asked ahead */
	struct info_ahead ahead[SPOOL_MAX_DESTINATIONS];
	struct info_ahead *running; /* NULL: none is asked */
	int from;                   /* of that one */
};

/* ---- the helper's process ---- */

static void set_limits(enum what what)
{
	const rlim_t cpu_s = what == WHAT_INFO ? LIMIT_CPU_S : LIMIT_EVENTS_CPU_S;
	const struct rlimit cpu = { cpu_s, cpu_s }, none = { 0, 0 };

	(void)setrlimit(RLIMIT_CPU, &cpu);
	(void)setrlimit(RLIMIT_CORE, &none);
	/* a timer outlives an exec, and its signal ends the program */
	if (what == WHAT_INFO)
		(void)alarm(LIMIT_S);
}

/* The paths follow the options. False: these are no names of files. */
static bool add_paths(const char **arguments, const char *dir, char *names)
{
	static char paths[SPOOL_AHEAD_MOST][PATH_MAX + NAME_MAX + 2];
	const char *name;
	size_t cnt = 0;

	while (*arguments)
		arguments++;
	while ((name = strsep(&names, INFO_AHEAD_BETWEEN)) != NULL) {
		if (cnt == SPOOL_AHEAD_MOST || out_name__kind(name) != OUT_NAME_FILE)
			return false;
		(void)snprintf(paths[cnt], sizeof(paths[cnt]), "%s/%s", dir, name);
		arguments[cnt] = paths[cnt];
		cnt++;
	}
	return true;
}

static void run_view(const char *dir, const char *view, char *request, int out)
{
	const char *info[SPOOL_AHEAD_MOST + 5] = { view, "--info", "--format", "json" };
	const char *events[SPOOL_AHEAD_MOST + 4] = { view, "--format", "otlp-json" };
	const enum what what = (enum what)request[0];
	const char **arguments = what == WHAT_INFO ? info : events;
	const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	sigset_t no_signals;

	if (!add_paths(arguments, dir, request + 1))
		_exit(EXIT_NO_PROGRAM);
	(void)dup2(null, STDIN_FILENO);
	(void)dup2(out, STDOUT_FILENO);
	(void)dup2(null, STDERR_FILENO);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)signal(SIGINT, SIG_DFL);
	(void)signal(SIGTERM, SIG_DFL);
	(void)signal(SIGPIPE, SIG_DFL);
	(void)sigemptyset(&no_signals);
	(void)sigprocmask(SIG_SETMASK, &no_signals, NULL);
	set_limits(what);
	(void)execvp(view, (char *const *)(uintptr_t)arguments);
	_exit(EXIT_NO_PROGRAM);
}

/* Returns how it ended. */
static int serve_one(const char *dir, const char *view, char *request, int out)
{
	const pid_t pid = fork();
	int status = EXIT_NO_PROGRAM << 8;

	if (!pid)
		run_view(dir, view, request, out);
	(void)close(out);
	if (pid > 0)
		(void)waitpid(pid, &status, 0);
	return status;
}

/* What its parent has open is not its own: another helper's socket, whose end would never come; a lock. */
static void close_others(int socket)
{
	if (socket > STDERR_FILENO + 1)
		(void)close_range(STDERR_FILENO + 1, (unsigned int)socket - 1, 0);
	(void)close_range((unsigned int)socket + 1, UINT_MAX, 0);
}

/* The client ends it: a signal to all processes of a terminal does not. */
static void serve(int socket, const char *dir, const char *view)
{
	char request[INFO_AHEAD_REQUEST_BYTES + 1];

	close_others(socket);
	(void)setpgid(0, 0);
	(void)signal(SIGINT, SIG_IGN);
	(void)signal(SIGTERM, SIG_IGN);
	(void)prctl(PR_SET_NAME, "ttlog-ship-info");
	for (;;) {
		int out = -1, status;
		const ssize_t len =
			fd_message__receive(socket, request, sizeof(request) - 1, &out, 0);

		if (len <= 0 || out < 0)
			_exit(0);
		request[len] = '\0';
		status = serve_one(dir, view, request, out);
		if (send(socket, &status, sizeof(status), MSG_NOSIGNAL) != sizeof(status))
			_exit(0);
	}
}

/* ---- its client ---- */

struct info_helper *info_helper__start(const char *dir, const char *view)
{
	struct info_helper *helper = calloc(1, sizeof(*helper));
	int sockets[2];

	if (!helper || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets)) {
		free(helper);
		return NULL;
	}
	helper->pid = fork();
	if (!helper->pid) {
		(void)close(sockets[0]);
		serve(sockets[1], dir, view);
	}
	(void)close(sockets[1]);
	helper->socket = sockets[0];
	helper->from = -1;
	(void)pthread_mutex_init(&helper->lock, NULL);
	if (helper->pid > 0)
		return helper;
	info_helper__end(helper);
	return NULL;
}

void info_helper__end(struct info_helper *helper)
{
	if (!helper)
		return;
	(void)close(helper->socket);
	if (helper->from >= 0)
		(void)close(helper->from);
	for (size_t i = 0; i < SPOOL_MAX_DESTINATIONS; i++)
		info_ahead__forget(&helper->ahead[i]);
	if (helper->pid > 0)
		(void)waitpid(helper->pid, NULL, 0);
	(void)pthread_mutex_destroy(&helper->lock);
	free(helper);
}

int info_helper__fd(const struct info_helper *helper)
{
	return helper->socket;
}

/* More of what the program writes; 0: the end. */
static ssize_t read_more(int fd, char *to, size_t size)
{
	struct pollfd wait = { .fd = fd, .events = POLLIN };
	const int ready = poll(&wait, 1, (LIMIT_S + 10) * 1000);

	if (!ready)
		errno = ETIMEDOUT;
	return ready > 0 ? read(fd, to, size) : -1;
}

static char *read_all(int fd, size_t most)
{
	size_t len = 0, cap = 0;
	char *text = NULL;
	ssize_t more = 1;

	while (more > 0 && len <= most) {
		if (array__reserve(text, len + FIRST_BYTES, &cap)) {
			more = -1;
			break;
		}
		more = read_more(fd, text + len, cap - len - 1);
		len += more > 0 ? (size_t)more : 0;
	}
	if (len > most)
		errno = EMSGSIZE;
	else if (more == 0 && len == 0)
		errno = ENODATA;
	if (more < 0 || len > most || !len) {
		free(text);
		return NULL;
	}
	text[len] = '\0';
	return text;
}

/* 0, or -errno: that it was ended by its limits says that the file is bad. */
static int judge(int status)
{
	if (WIFEXITED(status))
		return WEXITSTATUS(status) == EXIT_NO_PROGRAM ? -ENOEXEC : 0;
	switch (WTERMSIG(status)) {
	case SIGKILL:
	case SIGINT:
	case SIGTERM:
		return -EINTR;
	default:
		return -ENODATA;
	}
}

/* Sends the request. 0, and the answer comes from *ret_from; or -errno. */
static int send_request(struct info_helper *helper, enum what what, const char *name, int *ret_from)
{
	char letter = (char)what;
	const struct iovec parts[] = { { &letter, 1 }, { (void *)(uintptr_t)name, strlen(name) } };
	ssize_t sent;
	int ends[2];

	if (pipe2(ends, O_CLOEXEC))
		return -errno;
	sent = fd_message__send(helper->socket, parts, 2, ends[1], 0);
	(void)close(ends[1]);
	if (sent > 0) {
		*ret_from = ends[0];
		return 0;
	}
	(void)close(ends[0]);
	return -EPIPE;
}

/* 0 or -errno, as judge(). */
static int wait_end(struct info_helper *helper, int *ret_status)
{
	if (recv(helper->socket, ret_status, sizeof(*ret_status), 0) != sizeof(*ret_status))
		return -EPIPE;
	return judge(*ret_status);
}

/* Closes that end of the pipe. */
static char *take_answer(struct info_helper *helper, int from, size_t most)
{
	char *text = read_all(from, most);
	int status, err = text ? 0 : -errno, end;

	/* what still writes ends by that */
	(void)close(from);
	end = wait_end(helper, &status);
	if (end)
		err = end;
	if (!err)
		return text;
	free(text);
	errno = -err;
	return NULL;
}

static void settle_ahead(struct info_helper *helper)
{
	char *text;

	if (!helper->running)
		return;
	text = take_answer(helper, helper->from, helper->running->most);
	info_ahead__fill(helper->running, text);
	free(text);
	helper->running = NULL;
	helper->from = -1;
}

/* With the lock. */
static char *ask(struct info_helper *helper, const char *name, size_t most)
{
	char *text = NULL;
	int from, err;

	settle_ahead(helper);
	for (size_t i = 0; i < SPOOL_MAX_DESTINATIONS && !text; i++)
		text = info_ahead__take(&helper->ahead[i], name);
	if (text)
		return text;
	err = send_request(helper, WHAT_INFO, name, &from);
	if (err) {
		errno = -err;
		return NULL;
	}
	text = take_answer(helper, from, most);
	if (text)
		text[strcspn(text, "\n")] = '\0';
	return text;
}

char *info_helper__ask(struct info_helper *helper, const char *name, size_t most)
{
	char *text;
	int error;

	(void)pthread_mutex_lock(&helper->lock);
	text = ask(helper, name, most);
	error = errno;
	(void)pthread_mutex_unlock(&helper->lock);
	errno = error;
	return text;
}

void info_helper__begin(struct info_helper *helper, size_t who, const struct spool_names *names,
			size_t most)
{
	struct info_ahead *ahead = &helper->ahead[who];
	char request[INFO_AHEAD_REQUEST_BYTES];

	if (!names->cnt || pthread_mutex_trylock(&helper->lock))
		return;
	if (!helper->running && !info_ahead__has(ahead, names->names[0])) {
		info_ahead__begin(ahead, names, most, request);
		if (send_request(helper, WHAT_INFO, request, &helper->from))
			info_ahead__forget(ahead);
		else
			helper->running = ahead;
	}
	(void)pthread_mutex_unlock(&helper->lock);
}

int info_helper__open_events(struct info_helper *helper, const char *name)
{
	int from = -1, err;

	(void)pthread_mutex_lock(&helper->lock);
	settle_ahead(helper);
	err = send_request(helper, WHAT_EVENTS, name, &from);
	if (!err)
		return from;
	(void)pthread_mutex_unlock(&helper->lock);
	errno = -err;
	return -1;
}

int info_helper__close_events(struct info_helper *helper, int fd)
{
	int status = 0, err;

	(void)close(fd);
	err = wait_end(helper, &status);
	(void)pthread_mutex_unlock(&helper->lock);
	return err ? err : WEXITSTATUS(status) ? -ENODATA : 0;
}
