/* SPDX-License-Identifier: MIT */
/* A broker in a second process starts and traces CMD, and nothing else. */
#include "launch_fixture.h"

#include <poll.h>
#include <sys/syscall.h>

#include <bpf/bpf.h>

#include "tracer.h"

static const struct tracer_resume none;

static int wait_for(struct tracer *tracer, const struct tracer_resume *resume, pid_t tid,
		    bool is_patient, struct tracer_stop *ret)
{
	const struct tracer_wait wait = { .resume = *resume, .tid = tid, .is_patient = is_patient };

	return tracer__wait(tracer, &wait, ret);
}

static void run_by_broker(struct run *run, char *const argv[])
{
	broker_command = argv;
	begin_run(run, argv, NULL);
	assert_non_null(run->launch);
	wait_ended(run);
}

static const char *end_by_broker(struct run *run)
{
	const char *marks = end_run(run);

	broker_command = NULL;
	return marks;
}

/* ---- CMD ---- */

static void test_launch_broker_comes_before_constructors(void **state)
{
	struct run run;
	char *argv[] = { program("linked"), NULL };

	(void)state;
	run_by_broker(&run, argv);
	assert_exit(&run, 7);
	assert_string_equal(end_by_broker(&run), "lMcum");
	assert_string_equal(images_of(&run), "linked");
}

static void test_launch_broker_passes_signals_as_they_are(void **state)
{
	struct run run;
	char *argv[] = { program("signals"), NULL };

	(void)state;
	run_by_broker(&run, argv);
	end_by_broker(&run);
	assert_exit(&run, 13);
}

static void test_launch_broker_restores_dispositions(void **state)
{
	struct run run;
	char *argv[] = { program("dispositions"), NULL };

	(void)state;
	run_by_broker(&run, argv);
	end_by_broker(&run);
	assert_exit(&run, 16);
}

static void test_launch_broker_keeps_job_control(void **state)
{
	struct run run;
	char *argv[] = { program("stops"), NULL };

	(void)state;
	run_by_broker(&run, argv);
	assert_string_equal(end_by_broker(&run), "M1234");
	assert_exit(&run, 12);
}

static void test_launch_broker_follows_children_and_threads(void **state)
{
	struct run run;
	char script[256], *argv[] = { "sh", "-c", script, NULL };

	(void)state;
	snprintf(script, sizeof(script), "%s; /bin/true | cat; exit 3", program("thread_spawns"));
	run_by_broker(&run, argv);
	end_by_broker(&run);
	assert_exit(&run, 3);
	assert_string_equal(run.seen.images[1], "thread_spawns");
	assert_string_equal(run.seen.images[2], "false");
	assert_int_equal(run.seen.image_cnt, 5);
}

static void test_launch_broker_signals_cmd(void **state)
{
	struct run run;
	char *argv[] = { program("waits"), NULL };

	(void)state;
	broker_command = argv;
	begin_run(&run, argv, NULL);
	assert_non_null(run.launch);
	wait_mark(&run, 'r');
	assert_int_equal(launch__signal(run.launch, SIGUSR1), 0);
	wait_ended(&run);
	assert_exit(&run, 14);
	assert_int_equal(launch__signal(run.launch, SIGUSR1), -ESRCH);
	assert_string_equal(end_by_broker(&run), "u");
}

static int parent_of(pid_t pid)
{
	char path[64], text[512] = "";
	FILE *file;
	int parent;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	file = fopen(path, "r");
	assert_non_null(file);
	assert_non_null(fgets(text, sizeof(text), file));
	fclose(file);
	assert_int_equal(sscanf(strrchr(text, ')'), ") %*c %d", &parent), 1);
	return parent;
}

static void test_launch_broker_lets_go_when_freed(void **state)
{
	struct run run;
	char *argv[] = { program("waits"), NULL };
	struct pollfd ended = { .events = POLLIN };
	pid_t pid;

	(void)state;
	broker_command = argv;
	begin_run(&run, argv, NULL);
	assert_non_null(run.launch);
	wait_mark(&run, 'r');
	pid = run.seen.pid;
	assert_int_equal(parent_of(pid), broker__pid());
	ended.fd = (int)syscall(SYS_pidfd_open, pid, 0);
	assert_true(ended.fd >= 0);
	launch__free(run.launch);
	run.launch = NULL;
	/* the launch held it, and it has not ended */
	assert_false(run.seen.has_ended);
	assert_int_equal(poll(&ended, 1, 0), 0);
	assert_int_equal(kill(pid, SIGUSR1), 0);
	assert_int_equal(poll(&ended, 1, -1), 1);
	close(ended.fd);
	close(run.ended[1]);
	assert_string_equal(end_by_broker(&run), "u");
}

static void test_launch_broker_fails_as_env(void **state)
{
	struct run run;
	char *argv[] = { "/nonexistent/program", NULL };

	(void)state;
	broker_command = argv;
	begin_run(&run, argv, NULL);
	assert_int_equal(errno, ENOENT);
	assert_null(run.launch);
	assert_int_equal(run.exit_status, 127);
	close(run.ended[1]);
	end_by_broker(&run);
}

/* ---- what it refuses ---- */

static void test_launch_broker_runs_what_the_policy_says(void **state)
{
	struct run run;
	char *said[] = { program("static"), NULL };
	char *asked[] = { "/bin/false", NULL };
	struct command_signals signals;
	struct traced_command again;
	struct tracer *tracer;

	(void)state;
	broker_command = said;
	begin_run(&run, asked, NULL);
	assert_non_null(run.launch);
	wait_ended(&run);
	assert_exit(&run, 5);
	/* and only once */
	sigemptyset(&signals.mask);
	sigemptyset(&signals.defaults);
	tracer = tracer__new();
	assert_non_null(tracer);
	assert_int_equal(traced_command__start(tracer, asked, &signals, &again), -EPERM);
	tracer__free(tracer);
	end_by_broker(&run);
}

static void test_launch_broker_does_nothing_without_a_command(void **state)
{
	const struct broker_policy policy = { .is_strict = true, .loading_fd = -1 };
	char *argv[] = { "/bin/true", NULL };
	struct command_signals signals;
	struct traced_command started;
	struct tracer_stop stop;
	struct tracer *tracer;

	(void)state;
	sigemptyset(&signals.mask);
	sigemptyset(&signals.defaults);
	assert_int_equal(broker__start(&policy), 0);
	tracer = tracer__new();
	assert_non_null(tracer);
	assert_int_equal(traced_command__start(tracer, argv, &signals, &started), -EPERM);
	assert_int_equal(traced_command__signal(SIGTERM), -EPERM);
	assert_int_equal(tracer__seize(tracer, getpid()), -EPERM);
	assert_int_equal(tracer__interrupt(tracer, getpid()), -EPERM);
	assert_int_equal(wait_for(tracer, &none, -1, false, &stop), -EPERM);
	assert_int_equal(tracer__wake(tracer), -EPERM);
	tracer__free(tracer);
	end_broker();
}

/* ---- threads that load ---- */

static pid_t begin_child(void)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	while (!pid)
		pause();
	return pid;
}

static void wait_for_stop(struct tracer *tracer, const struct tracer_resume *resume, pid_t pid,
			  int sig)
{
	struct tracer_stop stop;

	assert_int_equal(wait_for(tracer, resume, pid, true, &stop), 0);
	assert_int_equal(stop.tid, pid);
	assert_true(WIFSTOPPED(stop.status));
	assert_int_equal(WSTOPSIG(stop.status), sig);
	assert_true(stop.has_code);
	assert_int_equal(stop.code, SI_USER);
}

static void test_launch_broker_seizes_only_what_loads(void **state)
{
	char *argv[] = { "/bin/true", NULL };
	struct broker_policy policy = { .is_strict = true, .command = argv };
	struct tracer_resume resume = { 0 };
	pid_t loads, other;
	uint32_t one = 1;
	struct tracer *tracer;
	struct tracer_stop stop;

	(void)state;
	policy.loading_fd = bpf_map_create(BPF_MAP_TYPE_HASH, NULL, 4, 4, 4, NULL);
	if (policy.loading_fd < 0)
		skip(); /* it needs CAP_BPF */
	loads = begin_child();
	other = begin_child();
	assert_int_equal(bpf_map_update_elem(policy.loading_fd, &loads, &one, BPF_ANY), 0);
	assert_int_equal(broker__start(&policy), 0);
	tracer = tracer__new();
	assert_non_null(tracer);
	assert_int_equal(tracer__seize(tracer, other), -EPERM);
	assert_int_equal(tracer__seize(tracer, loads), 0);
	assert_int_equal(wait_for(tracer, &none, loads, false, &stop), 0);
	assert_int_equal(stop.tid, 0);

	/* it gets the signal that it stopped for, and no other */
	kill(loads, SIGURG);
	wait_for_stop(tracer, &none, loads, SIGURG);
	resume = (struct tracer_resume){ loads, TRACER_RUN, SIGKILL };
	assert_int_equal(wait_for(tracer, &resume, loads, true, &stop), -EPERM);
	resume.sig = SIGURG;
	kill(loads, SIGWINCH);
	wait_for_stop(tracer, &resume, loads, SIGWINCH);
	resume = (struct tracer_resume){ loads, TRACER_LET_GO, SIGWINCH };
	tracer__resume(tracer, &resume);
	assert_int_equal(wait_for(tracer, &none, loads, false, &stop), -ECHILD);

	tracer__free(tracer);
	end_broker();
	kill(loads, SIGKILL);
	kill(other, SIGKILL);
	assert_int_equal(waitpid(loads, NULL, 0), loads);
	assert_int_equal(waitpid(other, NULL, 0), other);
	close(policy.loading_fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_launch_broker_comes_before_constructors),
		cmocka_unit_test(test_launch_broker_passes_signals_as_they_are),
		cmocka_unit_test(test_launch_broker_restores_dispositions),
		cmocka_unit_test(test_launch_broker_keeps_job_control),
		cmocka_unit_test(test_launch_broker_follows_children_and_threads),
		cmocka_unit_test(test_launch_broker_signals_cmd),
		cmocka_unit_test(test_launch_broker_lets_go_when_freed),
		cmocka_unit_test(test_launch_broker_fails_as_env),
		cmocka_unit_test(test_launch_broker_runs_what_the_policy_says),
		cmocka_unit_test(test_launch_broker_does_nothing_without_a_command),
		cmocka_unit_test(test_launch_broker_seizes_only_what_loads),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
