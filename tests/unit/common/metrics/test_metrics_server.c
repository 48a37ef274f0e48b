/* SPDX-License-Identifier: MIT */
/* Clients of the web server, polite and rude. */
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "clock.h"
#include "listen_address.h"
#include "metrics_server.h"

#define GET         "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"
/* Only to end a test that hangs; longer than any client is served. */
#define DEADLINE_MS 300000

struct fixture {
	struct metrics_server *server;
	struct listen_address address;
	unsigned page_cnt; /* atomic */
	int err;           /* of page() */
};

static int page(void *ctx, char **ret_text, size_t *ret_bytes)
{
	struct fixture *fixture = ctx;

	__atomic_fetch_add(&fixture->page_cnt, 1, __ATOMIC_RELAXED);
	if (fixture->err)
		return fixture->err;
	*ret_text = strdup("ttlog_up 1\n");
	*ret_bytes = strlen(*ret_text);
	return 0;
}

static void start(struct fixture *fixture, int err)
{
	const struct metrics_server_options options = { .page = page, .ctx = fixture };
	struct sockaddr_in *four = (struct sockaddr_in *)&fixture->address.bytes;
	int fd;

	*fixture = (struct fixture){ .err = err };
	assert_int_equal(listen_address__parse("9464", &fixture->address), 0);
	four->sin_port = 0;
	fd = listen_address__open(&fixture->address);
	assert_true(fd >= 0);
	assert_int_equal(
		getsockname(fd, (struct sockaddr *)&fixture->address.bytes, &fixture->address.len),
		0);
	fixture->server = metrics_server__new(fd, &options);
	assert_non_null(fixture->server);
}

static int dial(const struct fixture *fixture)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(
		connect(fd, (const struct sockaddr *)&fixture->address.bytes, fixture->address.len),
		0);
	return fd;
}

static void say(int fd, const char *text)
{
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

/* All that comes until the server ends the connection; "" if it is cut off. */
static void hear(int fd, char *to, size_t room)
{
	struct pollfd ready = { .fd = fd, .events = POLLIN };
	size_t len = 0;
	ssize_t n = 1;

	while (n > 0) {
		assert_int_equal(poll(&ready, 1, DEADLINE_MS), 1);
		n = recv(fd, to + len, room - 1 - len, 0);
		if (n > 0)
			len += (size_t)n;
	}
	to[len] = '\0';
	close(fd);
}

static void ask(const struct fixture *fixture, const char *request, char *to, size_t room)
{
	int fd = dial(fixture);

	say(fd, request);
	hear(fd, to, room);
}

static void assert_starts(const char *text, const char *start)
{
	if (strncmp(text, start, strlen(start)) != 0)
		fail_msg("not %s: %.200s", start, text);
}

static void test_metrics_server_answers(void **state)
{
	struct fixture fixture;
	char text[4096];

	(void)state;
	start(&fixture, 0);
	ask(&fixture, GET, text, sizeof(text));
	assert_starts(text, "HTTP/1.1 200 ");
	assert_non_null(strstr(text, "\r\n\r\nttlog_up 1\n"));
	assert_non_null(strstr(text, "text/plain; version=0.0.4"));
	ask(&fixture, "GET /metrics?x=1 HTTP/1.0\r\n\r\n", text, sizeof(text));
	assert_non_null(strstr(text, "ttlog_up 1\n"));
	ask(&fixture, "HEAD /metrics HTTP/1.1\r\nHost: x\r\n\r\n", text, sizeof(text));
	assert_starts(text, "HTTP/1.1 200 ");
	assert_null(strstr(text, "ttlog_up"));
	metrics_server__free(fixture.server);
}

static void test_metrics_server_refuses(void **state)
{
	static const struct {
		const char *request, *status;
	} cases[] = {
		{ "GET / HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 404 " },
		{ "GET /metrics/.. HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 404 " },
		{ "POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n",
		  "HTTP/1.1 405 " },
		{ "DELETE /metrics HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 405 " },
	};
	struct fixture fixture;
	char text[4096];

	(void)state;
	start(&fixture, 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		ask(&fixture, cases[i].request, text, sizeof(text));
		assert_starts(text, cases[i].status);
	}
	/* none of these was worth a page */
	assert_int_equal(__atomic_load_n(&fixture.page_cnt, __ATOMIC_RELAXED), 0);
	metrics_server__free(fixture.server);
}

static void test_metrics_server_says_when_it_has_no_page(void **state)
{
	struct fixture fixture;
	char text[4096];

	(void)state;
	start(&fixture, -ETIMEDOUT);
	ask(&fixture, GET, text, sizeof(text));
	assert_starts(text, "HTTP/1.1 503 ");
	metrics_server__free(fixture.server);
}

/* Request lines and headers without end are refused before they fill any memory. */
static void test_metrics_server_bounds_requests(void **state)
{
	struct fixture fixture;
	char text[4096], *request;

	(void)state;
	start(&fixture, 0);
	request = malloc(4 * METRICS_REQUEST_BYTES);
	assert_non_null(request);
	memset(request, 'x', 4 * METRICS_REQUEST_BYTES);
	memcpy(request, "GET /", 5);
	request[4 * METRICS_REQUEST_BYTES - 1] = '\0';
	ask(&fixture, request, text, sizeof(text));
	if (text[0])
		assert_starts(text, "HTTP/1.1 4");
	memcpy(request, "GET /metrics HTTP/1.1\r\nHost: ", 29);
	ask(&fixture, request, text, sizeof(text));
	if (text[0])
		assert_starts(text, "HTTP/1.1 4");
	free(request);
	ask(&fixture, GET, text, sizeof(text));
	assert_starts(text, "HTTP/1.1 200 ");
	metrics_server__free(fixture.server);
}

/* Those that say nothing, or a byte now and then, are cut off, and those that wait come in. */
static void test_metrics_server_cuts_off_the_slow(void **state)
{
	struct fixture fixture;
	int slow[METRICS_MAX_CLIENTS + 2];
	char text[4096];

	(void)state;
	start(&fixture, 0);
	for (size_t i = 0; i < METRICS_MAX_CLIENTS + 2; i++) {
		slow[i] = dial(&fixture);
		if (i % 2)
			say(slow[i], "GET /met");
	}
	ask(&fixture, GET, text, sizeof(text));
	assert_starts(text, "HTTP/1.1 200 ");
	for (size_t i = 0; i < METRICS_MAX_CLIENTS; i++) {
		hear(slow[i], text, sizeof(text));
		if (text[0])
			assert_starts(text, "HTTP/1.1 408 ");
	}
	close(slow[METRICS_MAX_CLIENTS]);
	close(slow[METRICS_MAX_CLIENTS + 1]);
	metrics_server__free(fixture.server);
}

/* However many ask, the recorder is asked only now and then. */
static void test_metrics_server_makes_few_pages(void **state)
{
	struct fixture fixture;
	char text[4096];
	uint64_t since_ns, most;

	(void)state;
	start(&fixture, 0);
	since_ns = clock__now_mono_ns();
	for (size_t i = 0; i < 100; i++)
		ask(&fixture, GET, text, sizeof(text));
	most = (clock__now_mono_ns() - since_ns) / METRICS_PAGE_NS + 1;
	assert_in_range(__atomic_load_n(&fixture.page_cnt, __ATOMIC_RELAXED), 1, most);
	metrics_server__free(fixture.server);
}

/* The end does not wait for clients. */
static void test_metrics_server_ends_with_clients(void **state)
{
	struct fixture fixture;
	int fd;

	(void)state;
	start(&fixture, 0);
	fd = dial(&fixture);
	say(fd, "GET /met");
	metrics_server__free(fixture.server);
	close(fd);
	metrics_server__free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_metrics_server_answers),
		cmocka_unit_test(test_metrics_server_refuses),
		cmocka_unit_test(test_metrics_server_says_when_it_has_no_page),
		cmocka_unit_test(test_metrics_server_bounds_requests),
		cmocka_unit_test(test_metrics_server_cuts_off_the_slow),
		cmocka_unit_test(test_metrics_server_makes_few_pages),
		cmocka_unit_test(test_metrics_server_ends_with_clients),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
