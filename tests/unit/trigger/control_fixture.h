/* SPDX-License-Identifier: MIT */
/* A collector that gives every request the same answer, and clients of its control socket. */
#ifndef TTLOG_TESTS_CONTROL_FIXTURE_H
#define TTLOG_TESTS_CONTROL_FIXTURE_H

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "temp_dir.h"
#include "control.h"
#include "control_wire.h"
#include "make_follow.h"

#define OTHER_USER 54321
#define LONG_LINES 3000

static char dir[] = "/tmp/ttlog-control-XXXXXX";

/* ---- A collector: one thread, which gives every request the same answer ---- */

struct server {
	struct control *control;
	const char *lines;
	bool done;
	size_t requests; /* how many requests to answer */
	struct control_request last;
	pthread_t thread;
};

static inline void wait_request(struct control *control, struct control_request *ret)
{
	struct pollfd pollfd = { .fd = control__fd(control), .events = POLLIN };
	int n;

	do {
		if (poll(&pollfd, 1, -1) != 1)
			abort();
		n = control__receive(control, ret);
		if (n < 0)
			abort();
	} while (!n);
}

static inline void *serve(void *arg)
{
	struct server *server = arg;

	for (size_t i = 0; i < server->requests; i++) {
		wait_request(server->control, &server->last);
		if (control__reply(server->control, server->last.client, server->lines,
				   server->done))
			abort();
	}
	return NULL;
}

static inline void start_server(struct server *server, const char *lines, bool done)
{
	*server = (struct server){ .lines = lines, .done = done, .requests = 1 };
	server->control = control__new(dir, NULL);
	assert_non_null(server->control);
	assert_int_equal(pthread_create(&server->thread, NULL, serve, server), 0);
}

static inline void stop_server(struct server *server)
{
	assert_int_equal(pthread_join(server->thread, NULL), 0);
	control__free(server->control);
}

/* ---- A client ---- */

struct told {
	char *out, *errors;
	size_t out_len, errors_len;
	int status;
};

static inline void ask(struct told *told, const char *where, const char *reason, uint32_t pid,
		       unsigned timeout_ms)
{
	struct control_trigger trigger = { .reason = reason, .pid = pid, .timeout_ms = timeout_ms };
	FILE *out = open_memstream(&told->out, &told->out_len);
	FILE *errors = open_memstream(&told->errors, &told->errors_len);

	assert_non_null(out);
	assert_non_null(errors);
	told->status = control__trigger(where, &trigger, out, errors);
	fclose(out);
	fclose(errors);
}

static inline void forget(struct told *told)
{
	free(told->out);
	free(told->errors);
}

static const char *socket_path(pid_t pid)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/control-%d.sock", dir, (int)pid);
	return path;
}

static inline int raw_connect(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	strcpy(address.sun_path, socket_path(getpid()));
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static inline void raw_ask(int fd, const char *reason)
{
	struct control_wire_request wire = { .magic = CONTROL_WIRE_MAGIC,
					     .version = CONTROL_WIRE_VERSION };

	strcpy(wire.reason, reason);
	assert_int_equal(send(fd, &wire, sizeof(wire), MSG_NOSIGNAL), sizeof(wire));
}

/* The collector has closed the connection without an answer. */
static inline void assert_refused(int fd)
{
	char c;
	ssize_t n = recv(fd, &c, 1, 0);

	assert_true(n == 0 || (n < 0 && errno == ECONNRESET));
	close(fd);
}

static inline int status_of(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static inline int setup(void **state)
{
	(void)state;
	return mkdtemp(dir) ? 0 : -1;
}

static inline int teardown(void **state)
{
	(void)state;
	return temp_dir__remove(dir);
}

#endif /* TTLOG_TESTS_CONTROL_FIXTURE_H */
