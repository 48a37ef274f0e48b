/* SPDX-License-Identifier: MIT */
/* Requests to a server in a thread, which keeps what came and answers what the test says. */
#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "http.h"

#define OK "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nETag: \"abc\"\r\n\r\n{}"

struct server {
	int socket;
	unsigned int port;
	const char *answer; /* NULL: none; then it waits for the end of the connection */
	char request[65536];
	size_t len;
	pthread_t thread;
};

/* Whether all of it is there: with as much after the headers as Content-Length says. */
static bool is_whole(const struct server *server)
{
	const char *end = strstr(server->request, "\r\n\r\n");
	const char *length = strstr(server->request, "Content-Length: ");
	size_t body = 0;

	if (!end)
		return false;
	if (length && length < end)
		body = strtoul(length + 16, NULL, 10);
	return server->len >= (size_t)(end + 4 - server->request) + body;
}

static void *serve(void *ctx)
{
	struct server *server = ctx;
	int fd = accept(server->socket, NULL, NULL);
	ssize_t len = 1;

	while (len > 0 && (!server->answer || !is_whole(server))) {
		len = read(fd, server->request + server->len,
			   sizeof(server->request) - server->len - 1);
		server->len += len > 0 ? (size_t)len : 0;
	}
	if (server->answer)
		(void)!write(fd, server->answer, strlen(server->answer));
	(void)close(fd);
	return NULL;
}

static void start(struct server *server, const char *answer)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	socklen_t len = sizeof(address);

	memset(server, 0, sizeof(*server));
	server->answer = answer;
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	server->socket = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(server->socket, (struct sockaddr *)&address, len), 0);
	assert_int_equal(listen(server->socket, 4), 0);
	assert_int_equal(getsockname(server->socket, (struct sockaddr *)&address, &len), 0);
	server->port = ntohs(address.sin_port);
	assert_int_equal(pthread_create(&server->thread, NULL, serve, server), 0);
}

static void end(struct server *server)
{
	assert_int_equal(pthread_join(server->thread, NULL), 0);
	(void)close(server->socket);
}

/* One request of a new client; url: below the server. */
static int request_it(struct server *server, struct http_request *request, const char *path,
		      const struct http_options *options, struct http_answer *ret,
		      struct fleet_error *error)
{
	struct http *http = http__new(options);
	char url[128];
	int err;

	assert_non_null(http);
	(void)snprintf(url, sizeof(url), "http://127.0.0.1:%u%s", server->port, path);
	request->url = url;
	err = http__do(http, request, ret, error);
	http__free(http);
	return err;
}

static void test_http_posts_what_is_in_memory(void **state)
{
	static const char *const headers[] = { "Content-Type: application/json", "X-Key: a b",
					       NULL };
	struct http_request request = { .method = "POST",
					.headers = headers,
					.bytes = "{\"a\":1}",
					.len = 7,
					.most_bytes = 100 };
	static struct server server;
	struct http_answer answer;
	struct fleet_error error;

	(void)state;
	start(&server, OK);
	assert_int_equal(request_it(&server, &request, "/v1?x=y", &(struct http_options){ 0 },
				    &answer, &error),
			 0);
	end(&server);
	assert_int_equal(answer.status, 200);
	assert_string_equal(answer.body, "{}");
	assert_int_equal(answer.body_bytes, 2);
	assert_string_equal(answer.etag, "abc");
	assert_int_equal(answer.retry_after_s, 0);
	http_answer__fini(&answer);
	assert_int_equal(strncmp(server.request, "POST /v1?x=y HTTP/1.1\r\n", 23), 0);
	assert_non_null(strstr(server.request, "\r\nContent-Type: application/json\r\n"));
	assert_non_null(strstr(server.request, "\r\nX-Key: a b\r\n"));
	assert_non_null(strstr(server.request, "\r\nContent-Length: 7\r\n"));
	assert_null(strstr(server.request, "Expect:"));
	assert_non_null(strstr(server.request, "\r\n\r\n{\"a\":1}"));
}

static int count_chunk(void *ctx, size_t bytes)
{
	*(size_t *)ctx += bytes;
	return 0;
}

static int refuse_chunk(void *ctx, size_t bytes)
{
	(void)ctx;
	(void)bytes;
	return -ECANCELED;
}

static void test_http_puts_a_part_of_a_file(void **state)
{
	FILE *file = tmpfile();
	size_t seen = 0;
	struct http_request request = { .method = "PUT",
					.at = 3,
					.len = 4,
					.most_bytes = 100,
					.before_chunk = count_chunk,
					.ctx = &seen };
	static struct server server;
	struct http_answer answer;
	struct fleet_error error;

	(void)state;
	assert_true(file && fputs("0123456789", file) >= 0 && !fflush(file));
	request.fd = fileno(file);
	start(&server, OK);
	assert_int_equal(
		request_it(&server, &request, "/o", &(struct http_options){ 0 }, &answer, &error),
		0);
	end(&server);
	http_answer__fini(&answer);
	assert_int_equal(strncmp(server.request, "PUT /o HTTP/1.1\r\n", 17), 0);
	assert_non_null(strstr(server.request, "\r\n\r\n3456"));
	assert_null(strstr(server.request, "34567"));
	assert_int_equal(seen, 4);
	/* what is told before a chunk is heeded; so is a file that is shorter than it was */
	for (int i = 0; i < 2; i++) {
		start(&server, NULL);
		request.before_chunk = i ? NULL : refuse_chunk;
		request.len = 100;
		assert_int_equal(request_it(&server, &request, "/o", &(struct http_options){ 0 },
					    &answer, &error),
				 i ? -EBADF : -ECANCELED);
		end(&server);
		http_answer__fini(&answer);
	}
	(void)fclose(file);
}

static void check_retry_after(const char *value, uint64_t least_s, uint64_t most_s)
{
	struct http_request request = { .method = "GET", .most_bytes = 100 };
	static struct server server;
	struct http_answer answer;
	struct fleet_error error;
	char text[256];

	(void)snprintf(text, sizeof(text),
		       "HTTP/1.1 503 No\r\nRetry-After: %s\r\nContent-Length: 0\r\n\r\n", value);
	start(&server, text);
	assert_int_equal(
		request_it(&server, &request, "/", &(struct http_options){ 0 }, &answer, &error),
		0);
	end(&server);
	assert_int_equal(answer.status, 503);
	assert_in_range(answer.retry_after_s, least_s, most_s);
	http_answer__fini(&answer);
}

static void test_http_retry_after(void **state)
{
	const time_t soon = time(NULL) + 1000;
	char date[64];
	struct tm tm;

	(void)state;
	check_retry_after("7", 7, 7);
	check_retry_after("0", 0, 0);
	check_retry_after("-7", 0, 0);
	check_retry_after("soon", 0, 0);
	/* a day at most */
	check_retry_after("100000", 86400, 86400);
	check_retry_after("99999999999999999999999", 0, 86400);
	/* the other form; a test may take its time */
	(void)strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&soon, &tm));
	check_retry_after(date, 1, 1000);
	check_retry_after("Sun, 06 Nov 1994 08:49:37 GMT", 0, 0);
}

static void test_http_answers_that_are_bad(void **state)
{
	static const struct {
		const char *answer;
		int err;
		const char *says;
	} cases[] = {
		{ "HTTP/1.1 200 OK\r\nContent-Length: 101\r\n\r\n"
		  "0123456789012345678901234567890123456789012345678901234567890123456789"
		  "0123456789012345678901234567890",
		  -EMSGSIZE, "its answer is too long" },
		{ "", -ENOTCONN, "Empty reply from server" },
		{ "SSH-2.0\r\n", -EIO, "Received HTTP/0.9 when not allowed" },
		/* that is an answer; what it says is not done */
		{ "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
		  0, NULL },
	};
	struct http_request request = { .method = "GET", .most_bytes = 100 };
	static struct server server;
	struct http_answer answer;
	struct fleet_error error;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		start(&server, cases[i].answer);
		assert_int_equal(request_it(&server, &request, "/secret",
					    &(struct http_options){ 0 }, &answer, &error),
				 cases[i].err);
		end(&server);
		http_answer__fini(&answer);
		if (cases[i].says) {
			assert_non_null(strstr(error.text, cases[i].says));
			assert_null(strstr(error.text, "secret"));
		}
	}
	assert_int_equal(answer.status, 302);
}

static void test_http_without_a_server(void **state)
{
	struct http_request request = { .method = "GET", .most_bytes = 100 };
	static struct server server;
	struct http_answer answer;
	struct fleet_error error, again;
	char want[64];

	(void)state;
	start(&server, "");
	(void)shutdown(server.socket, SHUT_RDWR);
	end(&server);
	assert_int_equal(
		request_it(&server, &request, "/", &(struct http_options){ 0 }, &answer, &error),
		-ENOTCONN);
	assert_int_equal(
		request_it(&server, &request, "/", &(struct http_options){ 0 }, &answer, &again),
		-ENOTCONN);
	(void)snprintf(want, sizeof(want), "127.0.0.1:%u: Connection refused", server.port);
	assert_string_equal(error.text, want);
	assert_string_equal(again.text, want);
}

static void test_http_takes_no_longer_than_it_may(void **state)
{
	struct http_request request = { .method = "GET", .most_bytes = 100, .most_s = 1 };
	static struct server server;
	struct http_answer answer;
	struct fleet_error error;
	char want[64];

	(void)state;
	start(&server, NULL);
	assert_int_equal(
		request_it(&server, &request, "/", &(struct http_options){ 0 }, &answer, &error),
		-ETIMEDOUT);
	end(&server);
	(void)snprintf(want, sizeof(want), "127.0.0.1:%u: it does not answer in time", server.port);
	assert_string_equal(error.text, want);
}

static bool is_stopped(void *ctx)
{
	return ++*(int *)ctx > 3;
}

static void test_http_is_given_up(void **state)
{
	struct http_request request = { .method = "GET", .most_bytes = 100 };
	int calls = 0;
	const struct http_options options = { .is_stopped = is_stopped, .ctx = &calls };
	static struct server server;
	struct http_answer answer;
	struct fleet_error error;

	(void)state;
	start(&server, NULL);
	assert_int_equal(request_it(&server, &request, "/", &options, &answer, &error), -ECANCELED);
	end(&server);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_http_posts_what_is_in_memory),
		cmocka_unit_test(test_http_puts_a_part_of_a_file),
		cmocka_unit_test(test_http_retry_after),
		cmocka_unit_test(test_http_answers_that_are_bad),
		cmocka_unit_test(test_http_without_a_server),
		cmocka_unit_test(test_http_takes_no_longer_than_it_may),
		cmocka_unit_test(test_http_is_given_up),
	};

	(void)signal(SIGPIPE, SIG_IGN);
	if (http__start())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
