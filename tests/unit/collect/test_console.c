/* SPDX-License-Identifier: MIT */
/* No thread waits for the reader of stderr. A line says how many lines were left out. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <pthread.h>
#include <cmocka.h>

#include "console.h"

#define LINE_BYTES 32
/* More than a pipe holds, and less than the console buffers. */
#define SOME_LINES 20000
#define MANY_LINES (4 * CONSOLE_MAX_BYTES / LINE_BYTES)

/* stderr is the write end of this pipe. There is no reader before read_all(). */
struct pipe {
	int from, before;
	char *text;
	size_t len;
};

static void open_pipe(struct pipe *pipe)
{
	int ends[2];

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	pipe->before = dup(STDERR_FILENO);
	assert_true(pipe->before >= 0);
	assert_int_equal(dup2(ends[1], STDERR_FILENO), STDERR_FILENO);
	(void)close(ends[1]);
	pipe->from = ends[0];
	pipe->text = malloc((size_t)2 * MANY_LINES * LINE_BYTES);
	pipe->len = 0;
	assert_non_null(pipe->text);
}

static void *read_all(void *arg)
{
	struct pipe *pipe = arg;
	ssize_t got;

	while ((got = read(pipe->from, pipe->text + pipe->len, 65536)) > 0)
		pipe->len += (size_t)got;
	pipe->text[pipe->len] = '\0';
	return NULL;
}

/* Reads until the console has written everything. */
static void read_to_the_end(struct pipe *pipe, struct console *console)
{
	pthread_t reader;

	assert_int_equal(pthread_create(&reader, NULL, read_all, pipe), 0);
	console__flush(console);
	console__free(console);
	assert_int_equal(dup2(pipe->before, STDERR_FILENO), STDERR_FILENO);
	(void)close(pipe->before);
	assert_int_equal(pthread_join(reader, NULL), 0);
	(void)close(pipe->from);
}

static void say(size_t cnt)
{
	for (size_t i = 0; i < cnt; i++)
		fprintf(stderr, "line %0*zu\n", LINE_BYTES - 6, i);
}

/* Skips the lines from number *cnt on; *cnt becomes the number of the next one. */
static const char *skip_lines(const char *text, size_t *cnt)
{
	char line[LINE_BYTES + 1];

	for (;; ++*cnt, text += LINE_BYTES) {
		(void)snprintf(line, sizeof(line), "line %0*zu\n", LINE_BYTES - 6, *cnt);
		if (strncmp(text, line, LINE_BYTES) != 0)
			return text;
	}
}

static void test_console_waits_for_no_reader(void **state)
{
	FILE *before = stderr;
	struct console *console;
	struct pipe pipe;
	size_t cnt = 0;

	(void)state;
	open_pipe(&pipe);
	console = console__new();
	assert_non_null(console);
	say(SOME_LINES);
	fputs("and no end of line", stderr);
	read_to_the_end(&pipe, console);
	assert_ptr_equal(stderr, before);
	assert_string_equal(skip_lines(pipe.text, &cnt), "and no end of line");
	assert_int_equal(cnt, SOME_LINES);
	free(pipe.text);
}

/* The message may come more than once: at any time the console may take the buffered text and then
 * wait for the reader with it. */
static void test_console_says_what_is_left_out(void **state)
{
	size_t cnt = 0, left_out, all_left_out = 0;
	struct console *console;
	struct pipe pipe;
	const char *at;
	int len = 0;

	(void)state;
	open_pipe(&pipe);
	console = console__new();
	assert_non_null(console);
	say(MANY_LINES);
	read_to_the_end(&pipe, console);
	at = skip_lines(pipe.text, &cnt);
	assert_true(cnt >= CONSOLE_MAX_BYTES / LINE_BYTES);
	while (sscanf(at, "ttlog-collect: %zu lines were left out here: nobody read them\n%n",
		      &left_out, &len) == 1) {
		assert_true(len > 0);
		all_left_out += left_out;
		cnt += left_out;
		at = skip_lines(at + len, &cnt);
		len = 0;
	}
	assert_string_equal(at, "");
	assert_true(all_left_out > 0);
	assert_int_equal(cnt, MANY_LINES);
	free(pipe.text);
}

/* The reader has closed the pipe. */
static void test_console_outlives_its_reader(void **state)
{
	struct console *console;
	struct pipe pipe;

	(void)state;
	open_pipe(&pipe);
	console = console__new();
	assert_non_null(console);
	(void)close(pipe.from);
	say(SOME_LINES);
	console__flush(console);
	console__free(console);
	assert_int_equal(dup2(pipe.before, STDERR_FILENO), STDERR_FILENO);
	(void)close(pipe.before);
	free(pipe.text);
	console__free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_console_waits_for_no_reader),
		cmocka_unit_test(test_console_says_what_is_left_out),
		cmocka_unit_test(test_console_outlives_its_reader),
	};

	/* as in the collector */
	(void)signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests_name("console", tests, NULL, NULL);
}
