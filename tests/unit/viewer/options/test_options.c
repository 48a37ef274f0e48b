/* SPDX-License-Identifier: MIT */
/*
 * ttlog-view's command line: what it accepts. A mistake ends with status 2 and an error message, so
 * a child makes it.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "options.h"

#define ARGS_MAX 16

/* The arguments after the program's name, ended by NULL; getopt() may change their order. */
struct command_line {
	char *argv[ARGS_MAX];
	int argc;
};

static struct command_line line_of(const char *const words[])
{
	struct command_line line = { .argv = { (char *)"ttlog-view" }, .argc = 1 };

	while (*words)
		line.argv[line.argc++] = (char *)*words++;
	return line;
}

#define PARSE(options, ...)                                                                        \
	do {                                                                                       \
		static const char *const words_[] = { __VA_ARGS__, NULL };                         \
		struct command_line line_ = line_of(words_);                                       \
		options__parse(options, line_.argc, line_.argv);                                   \
	} while (0)

static void test_options_of_events(void **state)
{
	struct options options;

	(void)state;
	PARSE(&options, "--filter", "level>=WARN", "a.bin", "--limit", "10", "--format", "json",
	      "b.bin", "--filter=n=1");
	assert_int_equal(options.mode, MODE_EVENTS);
	assert_int_equal(options.format, FORMAT_JSON);
	assert_true(options.has_limit);
	assert_int_equal(options.limit, 10);
	assert_false(options.has_head);
	assert_int_equal(options.filter_cnt, 2);
	assert_string_equal(options.filters[0], "level>=WARN");
	assert_string_equal(options.filters[1], "n=1");
	assert_false(ttlog_filter_is_empty(options.filter));
	assert_int_equal(options.file_cnt, 2);
	assert_string_equal(options.files[0], "a.bin");
	assert_string_equal(options.files[1], "b.bin");
	options__fini(&options);
}

static void test_options_of_other_modes(void **state)
{
	struct options options;

	(void)state;
	PARSE(&options, "--stats", "--group-by", "level", "a.bin");
	assert_int_equal(options.mode, MODE_STATS);
	assert_string_equal(options.group_by, "level");
	options__fini(&options);
	PARSE(&options, "--info", "a.bin");
	assert_int_equal(options.mode, MODE_INFO);
	options__fini(&options);
	PARSE(&options, "--sql", "SELECT 1", "a.bin");
	assert_int_equal(options.mode, MODE_SQL);
	assert_true(options__is_sql(&options));
	assert_string_equal(options.statement, "SELECT 1");
	options__fini(&options);
	PARSE(&options, "--diff", "a.bin", "b.bin");
	assert_int_equal(options.mode, MODE_DIFF);
	options__fini(&options);
}

/* The child's status and its messages. */
static int run(const char *const words[], char ret_said[512])
{
	struct command_line line = line_of(words);
	int said[2], status;
	ssize_t n, len = 0;
	pid_t pid;

	assert_int_equal(pipe(said), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		struct options options;

		(void)dup2(said[1], STDERR_FILENO);
		(void)close(said[0]);
		options__parse(&options, line.argc, line.argv);
		_exit(0);
	}
	(void)close(said[1]);
	while (len < 511 && (n = read(said[0], ret_said + len, (size_t)(511 - len))) > 0)
		len += n;
	ret_said[len] = '\0';
	(void)close(said[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

#define ASSERT_REFUSED(word, ...)                                                                  \
	do {                                                                                       \
		static const char *const words_[] = { __VA_ARGS__, NULL };                         \
		char said_[512];                                                                   \
		assert_int_equal(run(words_, said_), EXIT_USAGE);                                  \
		if (!strstr(said_, word))                                                          \
			fail_msg("'%s' is not in: %s", word, said_);                               \
	} while (0)

static void test_options_that_are_mistakes(void **state)
{
	(void)state;
	ASSERT_REFUSED("nonsense", "--nonsense");
	ASSERT_REFUSED("loud", "--format", "loud", "a.bin");
	ASSERT_REFUSED("LOUD", "--filter", "level>=LOUD", "a.bin");
	ASSERT_REFUSED("many", "--limit", "many", "a.bin");
	ASSERT_REFUSED("--diff", "--diff", "a.bin");
	ASSERT_REFUSED("--stats", "--stats", "--info", "a.bin");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_options_of_events),
		cmocka_unit_test(test_options_of_other_modes),
		cmocka_unit_test(test_options_that_are_mistakes),
	};

	return cmocka_run_group_tests_name("options", tests, NULL, NULL);
}
