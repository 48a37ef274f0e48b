/* SPDX-License-Identifier: MIT */
/* CMD does not notice that it is traced: signals, detaching, failure. */
#include "launch_fixture.h"

/* ---- Signals ---- */

static void test_launch_passes_signals_as_they_are(void **state)
{
	struct run run;

	(void)state;
	run_program(&run, "signals", NULL);
	assert_exit(&run, 13);
}

static void test_launch_restores_dispositions(void **state)
{
	struct run run;

	(void)state;
	run_program(&run, "dispositions", NULL);
	assert_exit(&run, 16);
}

static void test_launch_keeps_job_control(void **state)
{
	struct run run;

	(void)state;
	assert_string_equal(run_program(&run, "stops", NULL), "M1234");
	assert_exit(&run, 12);
}

static void test_launch_tells_of_death_by_signal(void **state)
{
	struct run run;

	(void)state;
	run_shell(&run, "kill -TRAP $$", NULL);
	end_run(&run);
	assert_true(WIFSIGNALED(run.seen.status));
	assert_int_equal(WTERMSIG(run.seen.status), SIGTRAP);

	run_shell(&run, "kill -KILL $$", "dash");
	end_run(&run);
	assert_true(WIFSIGNALED(run.seen.status));
	assert_int_equal(WTERMSIG(run.seen.status), SIGKILL);
}

static void test_launch_forwards_signals(void **state)
{
	struct run run;
	char *argv[] = { program("waits"), NULL };

	(void)state;
	for (int i = 0; i < 2; i++) {
		begin_run(&run, argv, i ? "waits" : NULL);
		assert_non_null(run.launch);
		wait_mark(&run, 'r');
		assert_int_equal(launch__signal(run.launch, SIGUSR1), 0);
		wait_ended(&run);
		assert_exit(&run, 14);
		assert_int_equal(launch__signal(run.launch, SIGUSR1), -ESRCH);
		assert_string_equal(end_run(&run), "u");
	}
}

/* ---- Detaching ---- */

static int tracer_of(pid_t pid)
{
	char path[64], line[256];
	int tracer = -1;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	file = fopen(path, "r");
	assert_non_null(file);
	while (fgets(line, sizeof(line), file))
		sscanf(line, "TracerPid: %d", &tracer);
	fclose(file);
	return tracer;
}

static void test_launch_lets_go_when_freed(void **state)
{
	struct run run;
	char *argv[] = { program("waits"), NULL };
	int status;
	pid_t pid;

	(void)state;
	begin_run(&run, argv, NULL);
	assert_non_null(run.launch);
	wait_mark(&run, 'r');
	pid = run.seen.pid;
	assert_int_equal(tracer_of(pid) > 0, 1);
	launch__free(run.launch);
	run.launch = NULL;
	assert_int_equal(tracer_of(pid), 0);
	assert_int_equal(kill(pid, SIGUSR1), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 14);
	assert_false(run.seen.has_ended);
	close(run.ended[1]);
	end_run(&run);
}

/* Runs env, which runs a program whose linker waits in open() or read() of a "library". Returns
 * this library: a fifo, open for writing. */
static int begin_linking_of(struct run *run, const char *program_path)
{
	static int cnt;
	char preload[128], name[16], *argv[] = { "env", preload, (char *)program_path, NULL };
	int fifo;

	snprintf(name, sizeof(name), "fifo%d", cnt++);
	snprintf(preload, sizeof(preload), "LD_PRELOAD=%s/%s", dir, name);
	assert_int_equal(mkfifo(program(name), 0600), 0);
	begin_run(run, argv, NULL);
	assert_non_null(run->launch);
	fifo = open(program(name), O_WRONLY);
	assert_true(fifo >= 0);
	return fifo;
}

static void test_launch_lets_go_in_the_midst_of_linking(void **state)
{
	struct run run;
	char linked[128];
	int fifo, status;
	pid_t pid;

	(void)state;
	snprintf(linked, sizeof(linked), "%s", program("linked"));
	fifo = begin_linking_of(&run, linked);
	pid = run.seen.pid;
	assert_true(tracer_of(pid) > 0);
	launch__free(run.launch);
	run.launch = NULL;
	assert_int_equal(tracer_of(pid), 0);
	assert_string_equal(images_of(&run), "env");
	close(fifo);
	/* anything left behind in the process would kill it */
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 7);
	assert_false(run.seen.has_ended);
	close(run.ended[1]);
	assert_string_equal(end_run(&run), "Mcum");
}

static void wait_state(pid_t pid, const char *states)
{
	char path[64], text[512] = "";
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	while (!strrchr(text, ')') || !strchr(states, strrchr(text, ')')[2])) {
		file = fopen(path, "r");
		assert_non_null(file);
		assert_non_null(fgets(text, sizeof(text), file));
		fclose(file);
	}
}

static void test_launch_stands_a_stop_in_the_midst_of_linking(void **state)
{
	struct run run;
	char linked[128];
	pid_t pid;
	int fifo;

	(void)state;
	snprintf(linked, sizeof(linked), "%s", program("linked"));
	fifo = begin_linking_of(&run, linked);
	pid = run.seen.pid;
	/* now the linker is in read() */
	wait_state(pid, "S");
	assert_int_equal(launch__signal(run.launch, SIGSTOP), 0);
	wait_state(pid, "tT");
	assert_int_equal(launch__signal(run.launch, SIGCONT), 0);
	wait_state(pid, "S");
	close(fifo);
	wait_ended(&run);
	assert_string_equal(end_run(&run), "MlMcum");
	assert_exit(&run, 7);
}

static void test_launch_stands_a_kill_in_the_midst_of_linking(void **state)
{
	struct run run;
	int fifo;

	(void)state;
	fifo = begin_linking_of(&run, "true");
	assert_int_equal(launch__signal(run.launch, SIGKILL), 0);
	wait_ended(&run);
	close(fifo);
	end_run(&run);
	assert_true(WIFSIGNALED(run.seen.status));
	assert_int_equal(WTERMSIG(run.seen.status), SIGKILL);
	assert_string_equal(images_of(&run), "env");
}

/* ---- Failure ---- */

static void assert_fails(char *const argv[], int err, int exit_status)
{
	struct run run;

	begin_run(&run, argv, NULL);
	assert_int_equal(errno, err);
	assert_null(run.launch);
	assert_int_equal(run.exit_status, exit_status);
	assert_false(run.seen.has_ended);
	assert_int_equal(run.seen.image_cnt, 0);
	close(run.ended[1]);
	end_run(&run);
}

static void test_launch_fails_as_env(void **state)
{
	(void)state;
	assert_fails((char *[]){ "/nonexistent/program", NULL }, ENOENT, 127);
	assert_fails((char *[]){ "no-such-program-anywhere", NULL }, ENOENT, 127);
	assert_fails((char *[]){ "/etc", NULL }, EACCES, 126);
	/* no children are left */
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_launch_passes_signals_as_they_are),
		cmocka_unit_test(test_launch_restores_dispositions),
		cmocka_unit_test(test_launch_keeps_job_control),
		cmocka_unit_test(test_launch_tells_of_death_by_signal),
		cmocka_unit_test(test_launch_forwards_signals),
		cmocka_unit_test(test_launch_lets_go_when_freed),
		cmocka_unit_test(test_launch_lets_go_in_the_midst_of_linking),
		cmocka_unit_test(test_launch_stands_a_stop_in_the_midst_of_linking),
		cmocka_unit_test(test_launch_stands_a_kill_in_the_midst_of_linking),
		cmocka_unit_test(test_launch_fails_as_env),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
