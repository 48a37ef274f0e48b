/* SPDX-License-Identifier: MIT */
/* The control socket with peers that send rubbish, hang up, don't read, or have no permission. */
#include "control_fixture.h"

static void test_control_refuses_rubbish(void **state)
{
	struct control *control = control__new(dir, NULL);
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
	/* all this was only rubbish */
	fd = raw_connect();
	raw_ask(fd, "fine");
	assert_int_equal(control__receive(control, &request), 1);
	assert_string_equal(request.reason, "fine");
	close(fd);
	control__free(control);
}

static void test_control_forgets_who_hangs_up(void **state)
{
	struct control *control = control__new(dir, NULL);
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

	/* the reply comes first, it sees the end by that */
	fd = raw_connect();
	raw_ask(fd, "r");
	assert_int_equal(control__receive(control, &request), 1);
	close(fd);
	assert_int_equal(control__reply(control, request.client, "x\n", true), -EPIPE);
	control__free(control);
}

static void test_control_hears_one_request_only(void **state)
{
	struct control *control = control__new(dir, NULL);
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

/* All that reaches the client until the connection is closed, without the first byte of each
 * packet. */
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

	/* until the connection is closed */
	while (control__receive(arg, &request) == 0)
		sched_yield();
	return NULL;
}

/* A reply as large as the paths of many processes' snapshots: more than a socket takes at once. */
static void test_control_sends_when_there_is_room(void **state)
{
	struct control *control = control__new(dir, NULL);
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
	struct control *control = control__new(dir, NULL);
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
	struct control *control = control__new(dir, NULL);
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
	/* new clients push out silent ones, never one that waits for a reply */
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
	control = control__new(dir, NULL);
	assert_non_null(control);
	/* even if the file modes would allow it */
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_control_refuses_rubbish),
		cmocka_unit_test(test_control_forgets_who_hangs_up),
		cmocka_unit_test(test_control_hears_one_request_only),
		cmocka_unit_test(test_control_sends_when_there_is_room),
		cmocka_unit_test(test_control_waits_for_no_reader),
		cmocka_unit_test(test_control_has_room_for_those_who_ask),
		cmocka_unit_test(test_control_refuses_other_users),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
