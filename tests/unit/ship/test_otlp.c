/* SPDX-License-Identifier: MIT */
/* Requests of OTLP out of a pipe, where they go, and what the receiver says. */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "otlp_answer.h"
#include "otlp_headers.h"
#include "otlp_lines.h"
#include "otlp_url.h"

#define LOGS  "{\"resourceLogs\":[{}]}"
#define SPANS "{\"resourceSpans\":[{}]}"
#define EMPTY "{\"resourceLogs\":[]}"

/* ---- lines ---- */

struct text {
	const char *p;
	size_t len;
	int fd;
};

static void *write_text(void *ctx)
{
	const struct text *text = ctx;
	size_t at = 0;
	ssize_t len = 1;

	while (at < text->len && len > 0) {
		len = write(text->fd, text->p + at, text->len - at);
		at += len > 0 ? (size_t)len : 0;
	}
	(void)close(text->fd);
	return NULL;
}

/* How many lines there are, and how it ends: 0 or -errno. bytes: of all lines. */
static int read_lines(const char *p, size_t len, size_t ret_cnt[OTLP_SIGNAL_CNT], size_t *ret_bytes)
{
	struct otlp_lines lines;
	struct otlp_line line;
	struct text text = { p, len, -1 };
	pthread_t thread;
	int ends[2], err;

	assert_int_equal(pipe(ends), 0);
	text.fd = ends[1];
	ret_cnt[OTLP_LOGS] = ret_cnt[OTLP_SPANS] = *ret_bytes = 0;
	otlp_lines__init(&lines, ends[0]);
	assert_int_equal(pthread_create(&thread, NULL, write_text, &text), 0);
	while ((err = otlp_lines__next(&lines, &line)) == 1) {
		assert_int_equal(line.json[0], '{');
		assert_int_equal(line.json[line.len - 1], '}');
		ret_cnt[line.signal]++;
		*ret_bytes += line.len;
	}
	(void)close(ends[0]);
	assert_int_equal(pthread_join(thread, NULL), 0);
	otlp_lines__fini(&lines);
	return err;
}

static void check_lines(const char *text, size_t logs, size_t spans, int end)
{
	size_t cnt[OTLP_SIGNAL_CNT], bytes;

	assert_int_equal(read_lines(text, strlen(text), cnt, &bytes), end);
	assert_int_equal(cnt[OTLP_LOGS], logs);
	assert_int_equal(cnt[OTLP_SPANS], spans);
}

static void test_otlp_lines(void **state)
{
	(void)state;
	check_lines("", 0, 0, 0);
	check_lines(EMPTY "\n", 0, 0, 0);
	check_lines(LOGS "\n" LOGS "\n" SPANS "\n", 2, 1, 0);
	check_lines(EMPTY "\n" SPANS "\n", 0, 1, 0);
	/* what is cut is not sent */
	check_lines(LOGS "\n" LOGS, 1, 0, -EBADMSG);
	check_lines(LOGS "\nerror\n", 1, 0, -EBADMSG);
	check_lines("\n", 0, 0, -EBADMSG);
}

static void test_otlp_lines_that_are_long(void **state)
{
	const size_t lens[] = { OTLP_LINE_BYTES, 100, 65536, 65535, 700000 };
	size_t cnt[OTLP_SIGNAL_CNT], bytes, all = 0;
	char *text = malloc(2 * OTLP_LINE_BYTES), *at = text;

	(void)state;
	assert_non_null(text);
	for (size_t i = 0; i < sizeof(lens) / sizeof(*lens); i++) {
		memset(at, ' ', lens[i]);
		memcpy(at, "{\"resourceLogs\":[{", 18);
		memcpy(at + lens[i] - 1, "}\n", 2);
		at += lens[i] + 1;
		all += lens[i];
	}
	assert_int_equal(read_lines(text, (size_t)(at - text), cnt, &bytes), 0);
	assert_int_equal(cnt[OTLP_LOGS], 5);
	assert_int_equal(bytes, all);
	/* memory is bounded */
	memset(text, '{', 2 * OTLP_LINE_BYTES);
	assert_int_equal(read_lines(text, 2 * OTLP_LINE_BYTES, cnt, &bytes), -EMSGSIZE);
	free(text);
}

/* ---- answers ---- */

static struct otlp_answer answer(long status, const char *body)
{
	struct otlp_answer answer;

	otlp_answer__read(&answer, status, body, strlen(body));
	return answer;
}

static void test_otlp_answer_by_its_status(void **state)
{
	static const long later[] = { 429, 502, 503, 504 };
	static const long refused[] = { 301, 400, 401, 403, 404, 408, 413, 500, 501 };

	(void)state;
	assert_int_equal(answer(200, "{}").verdict, OTLP_TAKEN);
	assert_int_equal(answer(202, "").verdict, OTLP_TAKEN);
	for (size_t i = 0; i < sizeof(later) / sizeof(*later); i++)
		assert_int_equal(answer(later[i], "{}").verdict, OTLP_LATER);
	for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++)
		assert_int_equal(answer(refused[i], "{}").verdict, OTLP_REFUSED);
}

static void check_answer(long status, const char *body, uint64_t rejected, const char *why)
{
	const struct otlp_answer got = answer(status, body);

	assert_int_equal(got.rejected, rejected);
	assert_string_equal(got.why, why);
}

static void test_otlp_answer_in_words(void **state)
{
	(void)state;
	check_answer(200,
		     "{\"partialSuccess\":{\"rejectedLogRecords\":\"7\",\"errorMessage\":\"old\"}}",
		     7, "old");
	check_answer(200, "{\"partialSuccess\":{\"rejectedSpans\":3}}", 3, "");
	check_answer(200, "{\"partialSuccess\":{\"errorMessage\":\"a warning\"}}", 0, "a warning");
	check_answer(200, "{\"partialSuccess\":{\"rejectedSpans\":\"-3\"}}", 0, "");
	check_answer(200, "{\"partialSuccess\":[]}", 0, "");
	check_answer(200, "<html>", 0, "");
	check_answer(400, "{\"code\":3,\"message\":\"no \\u001b[31m\\u00e9\\n\"}", 0,
		     "no ?[31m???");
	check_answer(503, "\"message\"", 0, "");
}

/* ---- where to ---- */

static void check_url(const char *text, const char *logs, const char *spans)
{
	struct fleet_error error;
	struct otlp_url url;

	assert_int_equal(otlp_url__parse(&url, text, &error), 0);
	assert_string_equal(url.endpoints[OTLP_LOGS], logs);
	assert_string_equal(url.endpoints[OTLP_SPANS], spans);
}

static void test_otlp_url(void **state)
{
	(void)state;
	check_url("otlp+http://h", "http://h:4318/v1/logs", "http://h:4318/v1/traces");
	check_url("otlp+https://h.example:80/", "https://h.example:80/v1/logs",
		  "https://h.example:80/v1/traces");
	check_url("otlp+http://[::1]/a/b//", "http://[::1]:4318/a/b/v1/logs",
		  "http://[::1]:4318/a/b/v1/traces");
	check_url("otlp+http://[::1]:9/otlp", "http://[::1]:9/otlp/v1/logs",
		  "http://[::1]:9/otlp/v1/traces");
}

static void test_otlp_url_that_is_none(void **state)
{
	static const struct {
		const char *text, *says;
	} cases[] = {
		{ "otl", "it does not begin with otlp+http:// or otlp+https://" },
		{ "otlp+ftp://h", "it does not begin with otlp+http:// or otlp+https://" },
		{ "otlp+http://", "'' is not HOST or HOST:PORT" },
		{ "otlp+http://:1", "':1' is not HOST or HOST:PORT" },
		{ "otlp+http://h:0", "'h:0' is not HOST or HOST:PORT" },
		{ "otlp+http://h:65536", "'h:65536' is not HOST or HOST:PORT" },
		{ "otlp+http://h:1x/", "'h:1x' is not HOST or HOST:PORT" },
		{ "otlp+http://::1", "'::1' is not HOST or HOST:PORT" },
		{ "otlp+http://[::1", "'[::1' is not HOST or HOST:PORT" },
		{ "otlp+http://[::1]x", "'[::1]x' is not HOST or HOST:PORT" },
		{ "otlp+http://u:p@h",
		  "a URL has no user or password: use OTEL_EXPORTER_OTLP_HEADERS" },
		{ "otlp+http://h/?a=b", "'?a=b' means nothing here" },
		{ "otlp+http://h/a b", "it is no URL" },
	};
	char text[1024] = "otlp+http://h/";
	struct fleet_error error;
	struct otlp_url url;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		assert_int_equal(otlp_url__parse(&url, cases[i].text, &error), -EINVAL);
		assert_string_equal(error.text, cases[i].says);
	}
	memset(text + strlen(text), 'x', sizeof(text) - strlen(text) - 1);
	assert_int_equal(otlp_url__parse(&url, text, &error), -EINVAL);
}

/* ---- what a receiver wants to see ---- */

static void check_headers(const char *text, const char *first, const char *second)
{
	struct otlp_headers headers;
	struct fleet_error error;

	assert_int_equal(otlp_headers__parse(&headers, text, &error), 0);
	assert_int_equal(headers.lines[0] != NULL, first != NULL);
	if (first)
		assert_string_equal(headers.lines[0], first);
	assert_int_equal(first && headers.lines[1], second != NULL);
	if (second)
		assert_string_equal(headers.lines[1], second);
	otlp_headers__fini(&headers);
}

static void test_otlp_headers(void **state)
{
	(void)state;
	check_headers(NULL, NULL, NULL);
	check_headers("", NULL, NULL);
	check_headers(" , ", NULL, NULL);
	check_headers("api-key=abc", "api-key: abc", NULL);
	check_headers(" a = b , Authorization=Basic%20dTpw== ", "a: b",
		      "Authorization: Basic dTpw==");
	check_headers("a=,b=%2c", "a: ", "b: ,");
}

static void test_otlp_headers_that_are_none(void **state)
{
	static const char *const cases[] = { "secret",        "=secret",           "a b=secret",
					     "a:b=secret",    "a=secret%",         "a=secret%4",
					     "a=secret%zz",   "a=secret%0d%0ab:c", "a=1,secret",
					     "a=secret%00end" };
	char many[40 * 4 + 1] = "";
	struct otlp_headers headers;
	struct fleet_error error;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		assert_int_equal(otlp_headers__parse(&headers, cases[i], &error), -EINVAL);
		assert_string_equal(error.text, "OTEL_EXPORTER_OTLP_HEADERS: it is not "
						"NAME=VALUE[,NAME=VALUE...]");
	}
	for (int i = 0; i < 40; i++)
		(void)strcat(many, "a=b,");
	assert_int_equal(otlp_headers__parse(&headers, many, &error), -EINVAL);
	assert_string_equal(error.text, "OTEL_EXPORTER_OTLP_HEADERS: there are too many");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_otlp_lines),
		cmocka_unit_test(test_otlp_lines_that_are_long),
		cmocka_unit_test(test_otlp_answer_by_its_status),
		cmocka_unit_test(test_otlp_answer_in_words),
		cmocka_unit_test(test_otlp_url),
		cmocka_unit_test(test_otlp_url_that_is_none),
		cmocka_unit_test(test_otlp_headers),
		cmocka_unit_test(test_otlp_headers_that_are_none),
	};

	(void)signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
