/* SPDX-License-Identifier: MIT */
/*
 * The control socket from both ends, and with peers that send rubbish, hang up, don't read, or are
 * not allowed.
 */
#include <dirent.h>
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

#include "control.h"
#include "control_wire.h"

#define OTHER_USER 54321
#define LONG_LINES 3000

static char dir[] = "/tmp/ttlog-control-XXXXXX";

/* ---- A collector: one thread that answers every request in the way it was told ---- */

struct server {
	struct control *control;
	const char *lines;
	bool done;
	size_t requests; /* how many to answer */
	struct control_request last;
	pthread_t thread;
};

static void wait_request(struct control *control, struct control_request *ret)
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

static void *serve(void *arg)
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

static void start_server(struct server *server, const char *lines, bool done)
{
	*server = (struct server){ .lines = lines, .done = done, .requests = 1 };
	server->control = control__new(dir);
	assert_non_null(server->control);
	assert_int_equal(pthread_create(&server->thread, NULL, serve, server), 0);
}

static void stop_server(struct server *server)
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

static void ask(struct told *told, const char *where, const char *reason, uint32_t pid,
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

static void forget(struct told *told)
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

static int raw_connect(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	strcpy(address.sun_path, socket_path(getpid()));
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static void raw_ask(int fd, const char *reason)
{
	struct control_wire_request wire = { .magic = CONTROL_WIRE_MAGIC,
					     .version = CONTROL_WIRE_VERSION };

	strcpy(wire.reason, reason);
	assert_int_equal(send(fd, &wire, sizeof(wire), MSG_NOSIGNAL), sizeof(wire));
}

/* The collector has hung up, without a verdict. */
static void assert_refused(int fd)
{
	char c;
	ssize_t n = recv(fd, &c, 1, 0);

	assert_true(n == 0 || (n < 0 && errno == ECONNRESET));
	close(fd);
}

static size_t count_files(void)
{
	DIR *stream = opendir(dir);
	size_t cnt = 0;

	assert_non_null(stream);
	while (readdir(stream))
		cnt++;
	closedir(stream);
	return cnt - 2;
}

/* ---- Asked and answered ---- */

static void test_control_tells_paths_and_errors(void **state)
{
	struct server server;
	struct told told;

	(void)state;
	start_server(&server, "/d/a.bin\n" CONTROL_ERROR "pid 7: disk full\n/d/b.bin\n", true);
	ask(&told, dir, "check-point", 0, 10000);
	stop_server(&server);
	assert_int_equal(told.status, 0);
	assert_string_equal(told.out, "/d/a.bin\n/d/b.bin\n");
	assert_string_equal(told.errors, "pid 7: disk full\n");
	assert_string_equal(server.last.reason, "check-point");
	assert_int_equal(server.last.pid, 0);
	forget(&told);
}

static void test_control_tells_of_failure(void **state)
{
	struct server server;
	struct told told;

	(void)state;
	start_server(&server, CONTROL_ERROR "pid 7 is not recorded", false);
	ask(&told, dir, "r", 7, 10000);
	stop_server(&server);
	assert_int_equal(told.status, 1);
	assert_string_equal(told.out, "");
	assert_string_equal(told.errors, "pid 7 is not recorded\n");
	assert_int_equal(server.last.pid, 7);
	forget(&told);
}

static void test_control_cuts_long_reasons(void **state)
{
	char reason[200];
	struct server server;
	struct told told;

	(void)state;
	memset(reason, 'x', sizeof(reason) - 1);
	reason[sizeof(reason) - 1] = 0;
	start_server(&server, NULL, true);
	ask(&told, dir, reason, 0, 10000);
	stop_server(&server);
	assert_int_equal(told.status, 0);
	assert_int_equal(strlen(server.last.reason), 64);
	forget(&told);
}

static void test_control_carries_many_lines(void **state)
{
	char *lines = malloc(LONG_LINES * 32), *end = lines;
	struct server server;
	struct told told;

	(void)state;
	assert_non_null(lines);
	for (int i = 0; i < LONG_LINES; i++)
		end += sprintf(end, "/somewhere/ttlog-%08d.bin\n", i);
	start_server(&server, lines, true);
	ask(&told, dir, "r", 0, 10000);
	stop_server(&server);
	assert_int_equal(told.status, 0);
	assert_string_equal(told.out, lines);
	forget(&told);
	free(lines);
}

/* Another collector, in a process of its own. */
static pid_t fork_server(const char *lines, bool done)
{
	int ready[2];
	char c;
	pid_t pid;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		struct control *control = control__new(dir);
		struct control_request request;

		if (!control || write(ready[1], "", 1) != 1)
			_exit(1);
		wait_request(control, &request);
		if (lines && control__reply(control, request.client, lines, done))
			_exit(2);
		if (!lines) /* it dies while it is asked */
			raise(SIGKILL);
		control__free(control);
		_exit(0);
	}
	assert_int_equal(read(ready[0], &c, 1), 1);
	close(ready[0]);
	close(ready[1]);
	return pid;
}

static int status_of(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void test_control_asks_every_collector(void **state)
{
	struct server server;
	struct told told;
	pid_t other;

	(void)state;
	other = fork_server(CONTROL_ERROR "pid 9 is not recorded\n", false);
	start_server(&server, "/d/a.bin\n", true);
	/* one of them has it: what the other says of it is no error */
	ask(&told, dir, "r", 9, 10000);
	stop_server(&server);
	assert_int_equal(status_of(other), 0);
	assert_int_equal(told.status, 0);
	assert_string_equal(told.out, "/d/a.bin\n");
	assert_string_equal(told.errors, "");
	forget(&told);
}

static void test_control_removes_dead_sockets(void **state)
{
	char path[128];
	struct told told;
	pid_t other;

	(void)state;
	other = fork_server(NULL, false);
	snprintf(path, sizeof(path), "%s", socket_path(other));
	ask(&told, dir, "r", 0, 10000);
	assert_true(WIFSIGNALED(status_of(other)));
	assert_int_equal(told.status, 1);
	assert_non_null(strstr(told.errors, "before it answered"));
	forget(&told);

	assert_int_equal(access(path, F_OK), 0);
	ask(&told, dir, "r", 0, 10000);
	assert_int_equal(told.status, 1);
	assert_non_null(strstr(told.errors, "no collector is running"));
	assert_int_equal(access(path, F_OK), -1);
	forget(&told);
}

static void test_control_tells_that_nobody_listens(void **state)
{
	struct told told;

	(void)state;
	ask(&told, dir, "r", 0, 10000);
	assert_int_equal(told.status, 1);
	assert_string_equal(told.out, "");
	assert_non_null(strstr(told.errors, "no collector is running"));
	forget(&told);
	ask(&told, "/nonexistent/ttlog", "r", 0, 10000);
	assert_int_equal(told.status, 1);
	assert_non_null(strstr(told.errors, "no collector is running"));
	forget(&told);
	ask(&told, "/etc/passwd", "r", 0, 10000);
	assert_int_equal(told.status, 1);
	assert_non_null(strstr(told.errors, strerror(ENOTDIR)));
	forget(&told);
}

static void test_control_gives_up_on_a_stuck_collector(void **state)
{
	struct control *control = control__new(dir);
	struct told told;

	(void)state;
	assert_non_null(control);
	ask(&told, dir, "r", 0, 20);
	assert_int_equal(told.status, 1);
	assert_non_null(strstr(told.errors, "did not answer in time"));
	forget(&told);
	control__free(control);
}

/* ---- The socket's file ---- */

static void test_control_is_private_and_leaves_nothing(void **state)
{
	struct control *control;
	struct stat st;
	mode_t mask = umask(0);

	(void)state;
	control = control__new(dir);
	umask(mask);
	assert_non_null(control);
	assert_int_equal(stat(socket_path(getpid()), &st), 0);
	assert_true(S_ISSOCK(st.st_mode));
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(count_files(), 1);
	/* the number is taken by one that lives */
	assert_null(control__new(dir));
	assert_int_equal(errno, EADDRINUSE);
	assert_int_equal(access(socket_path(getpid()), F_OK), 0);
	control__free(control);
	assert_int_equal(count_files(), 0);
	control__free(NULL);
	assert_null(control__new("/nonexistent/ttlog"));
	assert_int_equal(errno, ENOENT);
}

static void test_control_takes_over_a_dead_name(void **state)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct control *control;
	int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);

	(void)state;
	strcpy(address.sun_path, socket_path(getpid()));
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	close(fd);
	control = control__new(dir);
	assert_non_null(control);
	close(raw_connect());
	control__free(control);
	assert_int_equal(count_files(), 0);
}

/* Of collectors with other numbers, which nobody else would take away. */
static void test_control_removes_what_the_dead_left(void **state)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const struct timeval old[2] = { { .tv_sec = 1 }, { .tv_sec = 1 } };
	const char *const names[] = { "control-1.sock", ".control-1.sock.new",
				      ".control-2.sock.new", "control-3.other" };
	struct control *control, *other;
	struct stat status;

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);

		snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s", dir, names[i]);
		assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
		close(fd);
		if (i == 1)
			assert_int_equal(utimes(address.sun_path, old), 0);
	}
	control = control__new(dir);
	assert_non_null(control);
	/* its own, one that may be made just now, and one that is none of ours */
	assert_int_equal(count_files(), 3);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s", dir, names[2]);
	assert_int_equal(unlink(address.sun_path), 0);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s", dir, names[3]);
	assert_int_equal(unlink(address.sun_path), 0);
	/* and the living stay */
	other = control__new(dir);
	assert_null(other);
	assert_int_equal(stat(socket_path(getpid()), &status), 0);
	control__free(control);
	assert_int_equal(count_files(), 0);
}

static void test_control_takes_long_directories(void **state)
{
	char path[PATH_MAX], name[101];
	struct control *control;
	struct told told;

	(void)state;
	memset(name, 'd', sizeof(name) - 1);
	name[sizeof(name) - 1] = 0;
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	assert_int_equal(mkdir(path, 0700), 0);
	control = control__new(path);
	assert_non_null(control);
	ask(&told, path, "r", 0, 1);
	assert_non_null(strstr(told.errors, "did not answer in time"));
	forget(&told);
	control__free(control);
	assert_int_equal(rmdir(path), 0);
}

/* ---- Bad peers ---- */

static void test_control_refuses_rubbish(void **state)
{
	struct control *control = control__new(dir);
	struct control_request request;
	struct control_wire_request wire;
	int fd;

	(void)state;
	assert_non_null(control);
	for (int i = 0; i < 7; i++) {
		size_t bytes = sizeof(wire);
		char large[4096] = "";

		wire = (struct control_wire_request){ .magic = CONTROL_WIRE_MAGIC,
						      .version = CONTROL_WIRE_VERSION,
						      .reason = "r" };
		if (i == 0)
			wire.magic++;
		else if (i == 1)
			wire.version++;
		else if (i == 2)
			wire.reason[0] = 0;
		else if (i == 3)
			memset(wire.reason, 'x', sizeof(wire.reason));
		else if (i == 4)
			wire.pid = UINT32_MAX;
		else if (i == 5)
			bytes--;
		else
			bytes = sizeof(large);
		memcpy(large, &wire, sizeof(wire));
		fd = raw_connect();
		assert_int_equal(send(fd, large, bytes, 0), (ssize_t)bytes);
		assert_int_equal(control__receive(control, &request), 0);
		assert_refused(fd);
	}
	/* all that was about the rubbish only */
	fd = raw_connect();
	raw_ask(fd, "fine");
	assert_int_equal(control__receive(control, &request), 1);
	assert_string_equal(request.reason, "fine");
	close(fd);
	control__free(control);
}

static void test_control_forgets_who_hangs_up(void **state)
{
	struct control *control = control__new(dir);
	struct control_request request;
	int fd;

	(void)state;
	assert_non_null(control);
	close(raw_connect());
	assert_int_equal(control__receive(control, &request), 0);
	fd = raw_connect();
	raw_ask(fd, "r");
	assert_int_equal(control__receive(control, &request), 1);
	close(fd);
	assert_int_equal(control__receive(control, &request), 0);
	assert_int_equal(control__reply(control, request.client, "x\n", true), -ENOENT);
	assert_int_equal(control__reply(control, 0, "x\n", true), -ENOENT);

	/* the reply comes first, the end is seen by it */
	fd = raw_connect();
	raw_ask(fd, "r");
	assert_int_equal(control__receive(control, &request), 1);
	close(fd);
	assert_int_equal(control__reply(control, request.client, "x\n", true), -EPIPE);
	control__free(control);
}

static void test_control_hears_one_request_only(void **state)
{
	struct control *control = control__new(dir);
	struct control_request request;
	int fd;

	(void)state;
	assert_non_null(control);
	fd = raw_connect();
	raw_ask(fd, "one");
	raw_ask(fd, "two");
	assert_int_equal(control__receive(control, &request), 1);
	assert_string_equal(request.reason, "one");
	assert_int_equal(control__receive(control, &request), 0);
	assert_refused(fd);
	assert_int_equal(control__reply(control, request.client, "x\n", true), -ENOENT);
	control__free(control);
}

/* What reaches it, but for the first byte of each packet: all, once it is closed. */
static char *read_reply(int fd, size_t max)
{
	char *text = malloc(max + 1), packet[1 + CONTROL_WIRE_TEXT_BYTES];
	size_t len = 0;
	ssize_t got;

	assert_non_null(text);
	while ((got = recv(fd, packet, sizeof(packet), 0)) > 0) {
		assert_true(len + (size_t)got - 1 <= max);
		memcpy(text + len, packet + 1, (size_t)got - 1);
		len += (size_t)got - 1;
	}
	text[len] = '\0';
	return text;
}

static void *receive_nothing(void *arg)
{
	struct control_request request;

	/* until there is nobody left to send to */
	while (control__receive(arg, &request) == 0)
		sched_yield();
	return NULL;
}

/* As the paths of snapshots of many processes are: more than a socket takes. */
static void test_control_sends_when_there_is_room(void **state)
{
	struct control *control = control__new(dir);
	const size_t bytes = 4u << 20;
	struct control_request request;
	char *lines = malloc(bytes), *text;
	pthread_t thread;
	int fd, end;

	(void)state;
	assert_non_null(control);
	assert_non_null(lines);
	for (size_t i = 0; i < bytes; i++)
		lines[i] = (char)('a' + i % 26);
	lines[bytes - 1] = 0;
	fd = raw_connect();
	raw_ask(fd, "r");
	assert_int_equal(control__receive(control, &request), 1);
	assert_int_equal(control__reply(control, request.client, lines, true), 0);
	assert_int_equal(control__reply(control, request.client, "once more", true), -ENOENT);
	assert_int_equal(pthread_create(&thread, NULL, receive_nothing, control), 0);
	text = read_reply(fd, bytes);
	assert_string_equal(text, lines);
	close(fd);
	/* a request ends the thread */
	end = raw_connect();
	raw_ask(end, "r");
	assert_int_equal(pthread_join(thread, NULL), 0);
	close(end);
	free(text);
	free(lines);
	control__free(control);
}

static void test_control_waits_for_no_reader(void **state)
{
	struct control *control = control__new(dir);
	struct control_request request;
	size_t bytes = 32u << 20;
	char *lines = malloc(bytes);
	int fd;

	(void)state;
	assert_non_null(control);
	assert_non_null(lines);
	memset(lines, 'x', bytes);
	lines[bytes - 1] = 0;
	fd = raw_connect();
	raw_ask(fd, "r");
	assert_int_equal(control__receive(control, &request), 1);
	assert_int_equal(control__reply(control, request.client, lines, true), 0);
	assert_int_equal(control__receive(control, &request), 0);
	close(fd);
	free(lines);
	control__free(control);
}

static void test_control_has_room_for_those_who_ask(void **state)
{
	struct control *control = control__new(dir);
	struct control_request request;
	int idle[40], fd, cnt = 0;

	(void)state;
	assert_non_null(control);
	for (size_t i = 0; i < 40; i++) {
		idle[i] = raw_connect();
		assert_int_equal(control__receive(control, &request), 0);
	}
	assert_refused(idle[0]);
	fd = raw_connect();
	raw_ask(fd, "r");
	assert_int_equal(control__receive(control, &request), 1);
	/* those who come later push out the silent, never one who waits for a reply */
	for (size_t i = 1; i < 40; i++)
		close(idle[i]);
	for (size_t i = 0; i < 40; i++) {
		idle[i] = raw_connect();
		raw_ask(idle[i], "more");
		cnt += control__receive(control, &(struct control_request){ 0 });
	}
	assert_in_range(cnt, 2, 39);
	assert_refused(idle[39]);
	assert_int_equal(control__reply(control, request.client, NULL, true), 0);
	for (size_t i = 0; i < 39; i++)
		close(idle[i]);
	close(fd);
	control__free(control);
}

static void test_control_refuses_other_users(void **state)
{
	struct control *control;
	struct control_request request;
	pid_t pid;

	(void)state;
	if (geteuid())
		skip();
	control = control__new(dir);
	assert_non_null(control);
	/* even where the modes would let it in */
	assert_int_equal(chmod(dir, 0755), 0);
	assert_int_equal(chmod(socket_path(getpid()), 0777), 0);
	pid = fork();
	if (!pid) {
		struct sockaddr_un address = { .sun_family = AF_UNIX };
		struct control_wire_request wire = { .magic = CONTROL_WIRE_MAGIC,
						     .version = CONTROL_WIRE_VERSION,
						     .reason = "r" };
		int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);

		strcpy(address.sun_path, socket_path(getppid()));
		if (setuid(OTHER_USER) || connect(fd, (struct sockaddr *)&address, sizeof(address)))
			_exit(1);
		_exit(send(fd, &wire, sizeof(wire), MSG_NOSIGNAL) == sizeof(wire) ? 0 : 2);
	}
	assert_int_equal(status_of(pid), 0);
	assert_int_equal(control__receive(control, &request), 0);
	assert_int_equal(chmod(dir, 0700), 0);
	control__free(control);
}

/* ---- Those who follow ---- */

static size_t make_follow(char *to, uint32_t format, const char *filter, size_t filter_bytes)
{
	struct control_wire_follow wire = {
		.magic = CONTROL_WIRE_FOLLOW_MAGIC,
		.version = CONTROL_WIRE_VERSION,
		.format = format,
		.filter_bytes = (uint32_t)filter_bytes,
	};

	memcpy(to, &wire, sizeof(wire));
	memcpy(to + sizeof(wire), filter, filter_bytes);
	return sizeof(wire) + filter_bytes;
}

static void test_control_hands_over_who_follows(void **state)
{
	static const char filter[] = "level>=WARN\0n=1";
	struct control *control = control__new(dir);
	struct control_request request;
	char packet[256], byte;
	int fd, taken;

	(void)state;
	assert_non_null(control);
	fd = raw_connect();
	assert_true(send(fd, packet, make_follow(packet, 3, filter, sizeof(filter)), 0) > 0);
	assert_int_equal(control__receive(control, &request), 1);
	assert_true(request.follows);
	assert_int_equal(request.format, 3);
	assert_int_equal(request.filter_bytes, sizeof(filter));
	assert_memory_equal(request.filter, filter, sizeof(filter));
	taken = control__take(control, request.client);
	assert_true(taken >= 0);
	assert_int_equal(control__take(control, request.client), -ENOENT);
	/* it hears nothing more of it, and does not end it */
	assert_int_equal(send(fd, "a", 1, 0), 1);
	assert_int_equal(control__receive(control, &request), 0);
	control__free(control);
	assert_int_equal(recv(taken, &byte, 1, 0), 1);
	close(taken);
	close(fd);
}

static void test_control_parses_who_follows(void **state)
{
	char *packet = malloc(CONTROL_WIRE_MAX_BYTES + 1);
	char *filter = calloc(1, CONTROL_WIRE_FILTER_BYTES + 1);
	struct control_wire_parsed parsed;
	size_t len;

	(void)state;
	assert_non_null(packet);
	assert_non_null(filter);
	len = make_follow(packet, 1, "", 0);
	assert_int_equal(control_wire__parse(packet, len, &parsed), 0);
	assert_int_equal(parsed.kind, CONTROL_REQUEST_FOLLOW);
	assert_int_equal(parsed.filter_bytes, 0);
	for (size_t cut = 0; cut < len; cut++)
		assert_int_equal(control_wire__parse(packet, cut, &parsed), -EBADMSG);
	assert_int_equal(control_wire__parse(packet, len + 1, &parsed), -EBADMSG);
	memset(filter, 'x', CONTROL_WIRE_FILTER_BYTES - 1);
	len = make_follow(packet, 1, filter, CONTROL_WIRE_FILTER_BYTES);
	assert_int_equal(control_wire__parse(packet, len, &parsed), 0);
	/* longer than any may be, without a zero at the end, of a format that never was */
	len = make_follow(packet, 1, filter, CONTROL_WIRE_FILTER_BYTES + 1);
	assert_int_equal(control_wire__parse(packet, len, &parsed), -EBADMSG);
	len = make_follow(packet, 1, "a=1", 3);
	assert_int_equal(control_wire__parse(packet, len, &parsed), -EBADMSG);
	len = make_follow(packet, 0, "", 0);
	assert_int_equal(control_wire__parse(packet, len, &parsed), -EBADMSG);
	free(packet);
	free(filter);
}

static void test_control_parses_live_packets(void **state)
{
	struct control_wire_live live = { .events = 7 }, parsed;
	unsigned known = 0;

	(void)state;
	for (unsigned kind = 0; kind < 256; kind++) {
		live.kind = (uint8_t)kind;
		known += !control_wire__parse_live(&live, sizeof(live), &parsed);
	}
	assert_int_equal(known, 4);
	live.kind = CONTROL_WIRE_CHUNK;
	assert_int_equal(control_wire__parse_live(&live, sizeof(live) - 1, &parsed), -EBADMSG);
	assert_int_equal(control_wire__parse_live(&live, sizeof(live), &parsed), 0);
	assert_int_equal(parsed.events, 7);
}

static int setup(void **state)
{
	(void)state;
	return mkdtemp(dir) ? 0 : -1;
}

static int teardown(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_control_tells_paths_and_errors),
		cmocka_unit_test(test_control_tells_of_failure),
		cmocka_unit_test(test_control_cuts_long_reasons),
		cmocka_unit_test(test_control_carries_many_lines),
		cmocka_unit_test(test_control_asks_every_collector),
		cmocka_unit_test(test_control_removes_dead_sockets),
		cmocka_unit_test(test_control_tells_that_nobody_listens),
		cmocka_unit_test(test_control_gives_up_on_a_stuck_collector),
		cmocka_unit_test(test_control_is_private_and_leaves_nothing),
		cmocka_unit_test(test_control_takes_over_a_dead_name),
		cmocka_unit_test(test_control_removes_what_the_dead_left),
		cmocka_unit_test(test_control_takes_long_directories),
		cmocka_unit_test(test_control_refuses_rubbish),
		cmocka_unit_test(test_control_forgets_who_hangs_up),
		cmocka_unit_test(test_control_hears_one_request_only),
		cmocka_unit_test(test_control_sends_when_there_is_room),
		cmocka_unit_test(test_control_waits_for_no_reader),
		cmocka_unit_test(test_control_has_room_for_those_who_ask),
		cmocka_unit_test(test_control_refuses_other_users),
		cmocka_unit_test(test_control_hands_over_who_follows),
		cmocka_unit_test(test_control_parses_who_follows),
		cmocka_unit_test(test_control_parses_live_packets),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
