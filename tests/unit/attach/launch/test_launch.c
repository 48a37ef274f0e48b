/* SPDX-License-Identifier: MIT */
/*
 * Traces CMD and its process tree, with real processes: for every image, the callback comes before
 * any constructor.
 */
#include "launch_fixture.h"

/* ---- Before any of its code ---- */

static void test_launch_comes_before_constructors(void **state)
{
	struct run run;

	(void)state;
	/* the callback, the library's constructor, main's call of it, main */
	assert_string_equal(run_program(&run, "linked", "linked"), "lMcum");
	assert_true(run.seen.had_library);
	assert_string_equal(images_of(&run), "linked");
	assert_exit(&run, 7);
	/* the same marks if it stays traced */
	assert_string_equal(run_program(&run, "linked", NULL), "lMcum");
	assert_true(run.seen.had_library);
	assert_exit(&run, 7);
}

static void test_launch_comes_before_static_main(void **state)
{
	struct run run;

	(void)state;
	assert_string_equal(run_program(&run, "static", "static"), "Mm");
	assert_string_equal(images_of(&run), "static");
	assert_exit(&run, 5);
}

static void test_launch_stands_copied_r_debug(void **state)
{
	struct run run;

	(void)state;
	assert_string_equal(run_program(&run, "copies", NULL), "lMcu");
	assert_true(run.seen.had_library);
	assert_exit(&run, 3);
}

static void test_launch_finds_ld_so_as_program(void **state)
{
	struct run run;
	char linker[4096] = "", line[4400];
	FILE *maps = fopen("/proc/self/maps", "r");
	char *argv[] = { linker, program("linked"), NULL };

	(void)state;
	assert_non_null(maps);
	while (fgets(line, sizeof(line), maps)) {
		if (strstr(line, "/ld-linux") || strstr(line, "/ld-musl"))
			sscanf(strchr(line, '/'), "%4095s", linker);
	}
	fclose(maps);
	assert_true(linker[0]);
	begin_run(&run, argv, NULL);
	assert_non_null(run.launch);
	wait_ended(&run);
	assert_string_equal(end_run(&run), "lMcum");
	assert_true(run.seen.had_library);
	assert_exit(&run, 7);
}

static void test_launch_stands_audit_libraries(void **state)
{
	struct run run;
	char script[256];

	(void)state;
	/* A library without la_version is loaded with all that it needs, in a namespace of its own,
	 * and is unloaded again. The marks: the shell's, the constructor's in that namespace, then
	 * the usual ones. */
	snprintf(script, sizeof(script), "LD_AUDIT=%s/libmark.so exec %s/linked 2>/dev/null", dir,
		 dir);
	run_shell(&run, script, NULL);
	assert_string_equal(end_run(&run), "MlcMcum");
	assert_true(run.seen.had_library);
	assert_exit(&run, 7);
}

static void test_launch_tells_nothing_of_a_program_that_cannot_link(void **state)
{
	struct run run;
	char script[512];

	(void)state;
	snprintf(script, sizeof(script),
		 "mkdir %s/alone && cp %s/linked %s/alone && "
		 "exec %s/alone/linked 2>/dev/null",
		 dir, dir, dir, dir);
	run_shell(&run, script, NULL);
	assert_string_equal(images_of(&run), "dash mkdir cp");
	assert_exit(&run, 127);
	end_run(&run);
}

/* ---- Stopped by its linker ---- */

static void check_stops(const char *script, const char *carries, const char *marks)
{
	char *argv[] = { "sh", "-c", (char *)script, NULL };
	struct run run;

	launch_by_linker = true;
	begin_run(&run, argv, carries);
	launch_by_linker = false;
	assert_non_null(run.launch);
	wait_ended(&run);
	assert_string_equal(end_run(&run), marks);
	assert_exit(&run, 25);
	assert_int_equal(run.seen.began, 1);
	assert_int_equal(run.seen.ended_linking, 1);
}

static void test_launch_waits_for_the_linker(void **state)
{
	const char *script =
		"kill -URG $$; echo 1 >&$MARKS; kill -URG $$; echo 2 >&$MARKS; exit 25";

	(void)state;
	/* no report at the first stop; at the second, all is linked */
	check_stops(script, NULL, "1\nM2\n");
	check_stops(script, "dash", "1\nM2\n");
	/* and if it ends before the second stop */
	check_stops("kill -URG $$; exit 25", NULL, "");
}

static void test_launch_goes_by_calls_where_signals_are_blocked(void **state)
{
	char *argv[] = { program("linked"), NULL };
	sigset_t blocked;
	struct run run;

	(void)state;
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGURG);
	sigaddset(&blocked, SIGWINCH);
	sigaddset(&blocked, SIGCHLD);
	extra_mask = &blocked;
	launch_by_linker = true;
	begin_run(&run, argv, NULL);
	launch_by_linker = false;
	extra_mask = NULL;
	assert_non_null(run.launch);
	wait_ended(&run);
	assert_string_equal(end_run(&run), "lMcum");
	assert_exit(&run, 7);
	assert_int_equal(run.seen.began, 0);
	assert_int_equal(run.seen.ended_linking, 0);
}

/* ---- The tree ---- */

static void test_launch_tells_of_every_image(void **state)
{
	struct run run;

	(void)state;
	run_shell(&run, "/bin/true; /bin/false; exit 21", NULL);
	end_run(&run);
	assert_string_equal(images_of(&run), "dash true false");
	assert_exit(&run, 21);

	run_shell(&run, "(/bin/true); exec /bin/false", NULL);
	end_run(&run);
	assert_string_equal(images_of(&run), "dash true false");
	assert_exit(&run, 1);
}

static void test_launch_runs_scripts(void **state)
{
	struct run run;
	FILE *file = fopen(program("script"), "w");

	(void)state;
	assert_non_null(file);
	fputs("#!/bin/sh\n/bin/true\nexit 22\n", file);
	fclose(file);
	assert_int_equal(chmod(program("script"), 0700), 0);
	run_program(&run, "script", NULL);
	assert_string_equal(images_of(&run), "dash true");
	assert_exit(&run, 22);
}

static void test_launch_lets_carriers_go(void **state)
{
	struct run run;

	(void)state;
	run_shell(&run, "/bin/true; exit 23", "dash");
	end_run(&run);
	assert_string_equal(images_of(&run), "dash");
	assert_exit(&run, 23);
}

static void test_launch_stands_fork_without_exec(void **state)
{
	struct run run;

	(void)state;
	assert_string_equal(run_program(&run, "forks", NULL), "Mm");
	assert_exit(&run, 11);
	assert_string_equal(run_program(&run, "forks", "forks"), "Mm");
	assert_exit(&run, 11);
}

static void test_launch_follows_threads(void **state)
{
	struct run run;

	(void)state;
	run_program(&run, "thread_execs", NULL);
	assert_string_equal(images_of(&run), "thread_execs true");
	assert_exit(&run, 0);
	run_program(&run, "thread_spawns", NULL);
	assert_string_equal(images_of(&run), "thread_spawns false");
	assert_exit(&run, 15);
}

static void test_launch_stays_with_the_rest(void **state)
{
	struct run run;
	char script[256];
	int fifo;

	(void)state;
	/* the background process continues after CMD's end, and calls exec only when it is told
	 * to */
	assert_int_equal(mkfifo(program("rest"), 0600), 0);
	snprintf(script, sizeof(script), "(read x <%s/rest; exec /bin/true) & exit 24", dir);
	run_shell(&run, script, NULL);
	assert_exit(&run, 24);
	wait_mark(&run, 'M');
	fifo = open(program("rest"), O_WRONLY);
	assert_true(fifo >= 0);
	assert_int_equal(write(fifo, "\n", 1), 1);
	close(fifo);
	/* first the mark of its image, then the mark that the process made before the exec */
	wait_mark(&run, 'M');
	pthread_mutex_lock(&run.seen.lock);
	assert_string_equal(images_of(&run), "dash true");
	pthread_mutex_unlock(&run.seen.lock);
	end_run(&run);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_launch_comes_before_constructors),
		cmocka_unit_test(test_launch_comes_before_static_main),
		cmocka_unit_test(test_launch_stands_copied_r_debug),
		cmocka_unit_test(test_launch_finds_ld_so_as_program),
		cmocka_unit_test(test_launch_stands_audit_libraries),
		cmocka_unit_test(test_launch_tells_nothing_of_a_program_that_cannot_link),
		cmocka_unit_test(test_launch_waits_for_the_linker),
		cmocka_unit_test(test_launch_goes_by_calls_where_signals_are_blocked),
		cmocka_unit_test(test_launch_tells_of_every_image),
		cmocka_unit_test(test_launch_runs_scripts),
		cmocka_unit_test(test_launch_lets_carriers_go),
		cmocka_unit_test(test_launch_stands_fork_without_exec),
		cmocka_unit_test(test_launch_follows_threads),
		cmocka_unit_test(test_launch_stays_with_the_rest),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
