/* SPDX-License-Identifier: MIT */
/* The lines are run by bash, with a gdb that prints its arguments. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <ttlog/read.h>
#include <unistd.h>

#include <cmocka.h>

#include "build_id.h"
#include "core_dump.h"
#include "gdb_line.h"
#include "out.h"

#define REAL_S 1795240800ull

struct fixture {
	char dir[64], self[256], id[41], debug[128], core[128], exe[256];
	struct ttlog_crash crash;
	struct ttlog_info info;
	struct core_dump_places places;
	struct gdb_line line;
	const char *urls;
};

static void run(const char *format, const char *a, const char *b)
{
	char command[1024];

	(void)snprintf(command, sizeof(command), format, a, b);
	assert_int_equal(system(command), 0);
}

static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	ssize_t len;

	assert_non_null(fixture);
	(void)strcpy(fixture->dir, "/tmp/ttlog-gdb.XXXXXX");
	assert_non_null(mkdtemp(fixture->dir));
	len = readlink("/proc/self/exe", fixture->self, sizeof(fixture->self) - 1);
	assert_true(len > 0);
	assert_int_equal(build_id__read_path(fixture->self, fixture->id), 0);
	assert_int_equal(strlen(fixture->id), 40);
	(void)snprintf(fixture->core, sizeof(fixture->core), "%s/core-%%p", fixture->dir);
	fixture->crash = (struct ttlog_crash){ .is_there = true };
	fixture->places = (struct core_dump_places){ "/nowhere", fixture->core };
	fixture->info = (struct ttlog_info){
		.has_pid = true,
		.pid = 42,
		.real_ns = REAL_S * 1000000000,
		.exe = ttlog_text_of(fixture->self),
		.build_id = ttlog_text_of(fixture->id),
		.crash = &fixture->crash,
	};
	run("printf '#!/bin/bash\\nprintf \"<%%%%s>\" \"$@\"\\n' >%s/gdb && chmod +x %s/gdb",
	    fixture->dir, fixture->dir);
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	gdb_line__fini(&fixture->line);
	run("rm -r %s%s", fixture->dir, "");
	free(fixture);
	return 0;
}

static void find(struct fixture *fixture)
{
	gdb_line__fini(&fixture->line);
	assert_int_equal(
		gdb_line__find_in(&fixture->line, &fixture->info, fixture->dir, &fixture->places),
		0);
}

static void assert_problem(const struct fixture *fixture, size_t at, const char *part)
{
	assert_true(at < fixture->line.problem_cnt);
	if (!strstr(fixture->line.problems[at], part))
		assert_string_equal(fixture->line.problems[at], part);
}

/* What gdb's arguments are when bash runs the line; all of the line is printable. */
static void assert_runs(const struct fixture *fixture, const char *want)
{
	char path[128], got[1024] = "", command[256];
	struct ttlog_text text;
	struct out out;
	FILE *file;

	assert_int_equal(out__init_memory(&out), 0);
	gdb_line__print(&out, &fixture->line, fixture->urls);
	text = out__written(&out);
	(void)snprintf(path, sizeof(path), "%s/line", fixture->dir);
	file = fopen(path, "w");
	assert_non_null(file);
	for (size_t i = 0; i < text.len; i++)
		assert_true(text.p[i] >= ' ' ? text.p[i] <= '~' : i + 1 == text.len);
	assert_int_equal(fwrite(text.p, 1, text.len, file), text.len);
	assert_int_equal(fclose(file), 0);
	out__fini(&out);
	(void)snprintf(command, sizeof(command), "cd %s && PATH=%s:$PATH TMPDIR=%s bash line",
		       fixture->dir, fixture->dir, fixture->dir);
	file = popen(command, "r");
	assert_non_null(file);
	(void)!fread(got, 1, sizeof(got) - 1, file);
	assert_int_equal(pclose(file), 0);
	if (want)
		assert_string_equal(got, want);
	else
		assert_non_null(strstr(got, "/core>"));
}

static void test_gdb_line_program_and_core(void **state)
{
	struct fixture *fixture = *state;
	char want[1024];

	run("touch %s/core-42%s", fixture->dir, "");
	find(fixture);
	assert_int_equal(fixture->line.problem_cnt, 0);
	(void)snprintf(want, sizeof(want), "<%s><-c><%s/core-42>", fixture->self, fixture->dir);
	assert_runs(fixture, want);
}

static void test_gdb_line_no_core(void **state)
{
	struct fixture *fixture = *state;
	char want[1024];

	find(fixture);
	(void)snprintf(want, sizeof(want), "<%s>", fixture->self);
	assert_runs(fixture, want);
	assert_problem(fixture, 0, "no core dump of this crash is known here");
	fixture->urls = "http://a 'b";
	(void)snprintf(want, sizeof(want),
		       "<-iex><set debuginfod enabled on><-iex><set debuginfod urls %s><%s>",
		       fixture->urls, fixture->self);
	assert_runs(fixture, want);
	fixture->crash.is_there = false;
	find(fixture);
	assert_problem(fixture, 0, "did not crash");
}

/* Names that a shell or a terminal would act on come through as they are. */
static void test_gdb_line_hostile_names(void **state)
{
	static const char *const NAMES[] = {
		"a b",       "$(touch hit)",     "`touch hit`",  "it's",        "'; touch hit; '",
		"new\nline", "\033[201~x",       "\xff\xc3\xa4", "back\\slash", "-x",
		"!!",        "a;b&c|d>e*?[a]~#",
	};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < sizeof(NAMES) / sizeof(NAMES[0]); i++) {
		char want[1024], hit[128];

		(void)snprintf(fixture->exe, sizeof(fixture->exe), "%s/%s", fixture->dir, NAMES[i]);
		assert_int_equal(symlink(fixture->self, fixture->exe), 0);
		fixture->info.exe = ttlog_text_of(fixture->exe);
		find(fixture);
		(void)snprintf(want, sizeof(want), "<%s>", fixture->exe);
		assert_runs(fixture, want);
		(void)snprintf(hit, sizeof(hit), "%s/hit", fixture->dir);
		assert_int_equal(access(hit, F_OK), -1);
	}
}

/* No path of a file becomes an option, and none of another machine's is taken. */
static void test_gdb_line_paths_that_are_none(void **state)
{
	static const char *const NAMES[] = { "-x", "--args", "gdb", "" };
	struct fixture *fixture = *state;

	for (size_t i = 0; i < sizeof(NAMES) / sizeof(NAMES[0]); i++) {
		fixture->info.exe = ttlog_text_of(NAMES[i]);
		find(fixture);
		assert_null(fixture->line.program);
	}
	fixture->info.exe = (struct ttlog_text){ "/bin/true\0x", 11 };
	find(fixture);
	assert_null(fixture->line.program);
	fixture->info.build_id = (struct ttlog_text){ NULL, 0 };
	fixture->info.exe = ttlog_text_of("-x");
	find(fixture);
	assert_null(fixture->line.program);
	assert_problem(fixture, 0, "not known, or not there");
}

static void test_gdb_line_another_build_id(void **state)
{
	static const char OTHER[] = "0123456789abcdef0123456789abcdef01234567";
	struct fixture *fixture = *state;
	char dir[128], want[1024];

	run("touch %s/core-42%s", fixture->dir, "");
	fixture->info.build_id = ttlog_text_of(OTHER);
	find(fixture);
	assert_null(fixture->line.program);
	assert_problem(fixture, 0, fixture->id);
	assert_problem(fixture, 0, OTHER);
	(void)snprintf(want, sizeof(want), "<-c><%s/core-42>", fixture->dir);
	assert_runs(fixture, want);
	/* by its build id, the debug information, then the program itself */
	fixture->info.build_id = ttlog_text_of(fixture->id);
	fixture->info.exe = ttlog_text_of("/bin/true");
	(void)snprintf(dir, sizeof(dir), "%s/.build-id/%.2s", fixture->dir, fixture->id);
	run("mkdir -p %s%s", dir, "");
	(void)snprintf(want, sizeof(want), "%s/%s.debug", dir, fixture->id + 2);
	assert_int_equal(symlink(fixture->self, want), 0);
	find(fixture);
	assert_string_equal(fixture->line.program, want);
	assert_true(fixture->line.is_debug_file);
	assert_problem(fixture, 0, "only its debug information");
	(void)snprintf(want, sizeof(want), "<-s><%s/%s.debug><-c><%s/core-42>", dir,
		       fixture->id + 2, fixture->dir);
	assert_runs(fixture, want);
	(void)snprintf(want, sizeof(want), "%s/%s", dir, fixture->id + 2);
	assert_int_equal(symlink(fixture->self, want), 0);
	find(fixture);
	assert_string_equal(fixture->line.program, want);
	assert_false(fixture->line.is_debug_file);
}

static void test_gdb_line_no_build_id(void **state)
{
	struct fixture *fixture = *state;

	fixture->info.build_id = (struct ttlog_text){ NULL, 0 };
	find(fixture);
	assert_string_equal(fixture->line.program, fixture->self);
	assert_problem(fixture, 0, "has no build id");
	/* an id leads nowhere but to .build-id */
	fixture->info.build_id = ttlog_text_of("../../../../../../../bin/true");
	fixture->info.exe = ttlog_text_of("");
	find(fixture);
	assert_null(fixture->line.program);
}

/* systemd-coredump packs them. */
static void test_gdb_line_packed_core(void **state)
{
	struct fixture *fixture = *state;

	(void)snprintf(fixture->core, sizeof(fixture->core), "%s/core of.%%p.xz", fixture->dir);
	run("echo core | xz >'%s/core of.42.xz'%s", fixture->dir, "");
	find(fixture);
	assert_non_null(fixture->line.core);
	assert_runs(fixture, NULL);
}

static void test_gdb_line_container(void **state)
{
	struct fixture *fixture = *state;

	fixture->info.container = ttlog_text_of("0badcafe");
	find(fixture);
	assert_problem(fixture, 1, "container 0badcafe");
	assert_problem(fixture, 1, "set sysroot");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_gdb_line_program_and_core, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_gdb_line_no_core, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_gdb_line_hostile_names, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_gdb_line_paths_that_are_none, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_gdb_line_another_build_id, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_gdb_line_no_build_id, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_gdb_line_packed_core, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_gdb_line_container, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
