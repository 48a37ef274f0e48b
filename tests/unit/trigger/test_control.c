/* SPDX-License-Identifier: MIT */
/* The control socket from both ends: requests and answers, its file, and followers. */
#include "control_fixture.h"

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
		struct control *control = control__new(dir, NULL);
		struct control_request request;

		if (!control || write(ready[1], "", 1) != 1)
			_exit(1);
		wait_request(control, &request);
		if (lines && control__reply(control, request.client, lines, done))
			_exit(2);
		if (!lines) /* it dies during the request */
			raise(SIGKILL);
		control__free(control);
		_exit(0);
	}
	assert_int_equal(read(ready[0], &c, 1), 1);
	close(ready[0]);
	close(ready[1]);
	return pid;
}

static void test_control_asks_every_collector(void **state)
{
	struct server server;
	struct told told;
	pid_t other;

	(void)state;
	other = fork_server(CONTROL_ERROR "pid 9 is not recorded\n", false);
	start_server(&server, "/d/a.bin\n", true);
	/* one collector has the process: what the other says of it is no error */
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
	struct control *control = control__new(dir, NULL);
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
	control = control__new(dir, NULL);
	umask(mask);
	assert_non_null(control);
	assert_int_equal(stat(socket_path(getpid()), &st), 0);
	assert_true(S_ISSOCK(st.st_mode));
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(temp_dir__file_cnt(dir), 1);
	/* a living collector has the number now */
	assert_null(control__new(dir, NULL));
	assert_int_equal(errno, EADDRINUSE);
	assert_int_equal(access(socket_path(getpid()), F_OK), 0);
	control__free(control);
	assert_int_equal(temp_dir__file_cnt(dir), 0);
	control__free(NULL);
	assert_null(control__new("/nonexistent/ttlog", NULL));
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
	control = control__new(dir, NULL);
	assert_non_null(control);
	close(raw_connect());
	control__free(control);
	assert_int_equal(temp_dir__file_cnt(dir), 0);
}

/* Files of collectors with other numbers, which no other code would remove. */
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
	control = control__new(dir, NULL);
	assert_non_null(control);
	/* its own, a young one that may be in use, and one that is not a control socket */
	assert_int_equal(temp_dir__file_cnt(dir), 3);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s", dir, names[2]);
	assert_int_equal(unlink(address.sun_path), 0);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s", dir, names[3]);
	assert_int_equal(unlink(address.sun_path), 0);
	/* and those of living collectors stay */
	other = control__new(dir, NULL);
	assert_null(other);
	assert_int_equal(stat(socket_path(getpid()), &status), 0);
	control__free(control);
	assert_int_equal(temp_dir__file_cnt(dir), 0);
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
	control = control__new(path, NULL);
	assert_non_null(control);
	ask(&told, path, "r", 0, 1);
	assert_non_null(strstr(told.errors, "did not answer in time"));
	forget(&told);
	control__free(control);
	assert_int_equal(rmdir(path), 0);
}

/* ---- Followers ---- */

static void test_control_hands_over_who_follows(void **state)
{
	static const char filter[] = "level>=WARN\0n=1";
	struct control *control = control__new(dir, NULL);
	struct control_request request;
	char packet[256], byte;
	int fd, taken;

	(void)state;
	assert_non_null(control);
	fd = raw_connect();
	assert_true(send(fd, packet, make_follow(packet, 3, filter, sizeof(filter)), 0) > 0);
	assert_int_equal(control__receive(control, &request), 1);
	assert_int_equal(request.kind, CONTROL_REQUEST_FOLLOW);
	assert_int_equal(request.format, 3);
	assert_int_equal(request.filter_bytes, sizeof(filter));
	assert_memory_equal(request.filter, filter, sizeof(filter));
	taken = control__take(control, request.client);
	assert_true(taken >= 0);
	assert_int_equal(control__take(control, request.client), -ENOENT);
	/* control gets no more packets of this connection, and does not close it */
	assert_int_equal(send(fd, "a", 1, 0), 1);
	assert_int_equal(control__receive(control, &request), 0);
	control__free(control);
	assert_int_equal(recv(taken, &byte, 1, 0), 1);
	close(taken);
	close(fd);
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
		cmocka_unit_test(test_control_hands_over_who_follows),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
