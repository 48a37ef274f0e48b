/* SPDX-License-Identifier: MIT */
/*
 * The command line: every option sets the right member, with its unit. Every mistake is refused
 * with a text that names it, and exit status 2.
 */
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

#include "ttlog/abi.h"

#include "command_line.h"
#include "env.h"
#include "site_filter.h"
#include "site.h"
#include "trigger_plan.h"

#define MAX_ARGS 48

/* Splits at blanks; an argument can't contain one. */
static int split(const char *line, char *buf, size_t size, char *argv[MAX_ARGS])
{
	char *rest = NULL;
	int argc = 0;

	assert_true(strlen(line) < size);
	strcpy(buf, line);
	argv[argc++] = (char *)"ttlog-collect";
	for (char *arg = strtok_r(buf, " ", &rest); arg; arg = strtok_r(NULL, " ", &rest)) {
		assert_true(argc < MAX_ARGS - 1);
		argv[argc++] = arg;
	}
	argv[argc] = NULL;
	return argc;
}

/* Text in env points into this until the next call. */
static void parse(struct env *env, const char *line)
{
	static char buf[1024];
	static char *argv[MAX_ARGS];
	int argc = split(line, buf, sizeof(buf), argv);

	memset(env, 0xa5, sizeof(*env));
	assert_int_equal(command_line__parse(env, argc, argv), 0);
}

struct said {
	int status;       /* 200: it returned */
	char text[16384]; /* stdout and stderr */
};

static void parse_apart(struct said *said, const char *line)
{
	char buf[1024], *argv[MAX_ARGS];
	int argc = split(line, buf, sizeof(buf), argv), fds[2], status;
	size_t len = 0;
	ssize_t n;
	pid_t pid;

	assert_int_equal(pipe(fds), 0);
	fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		struct env env;

		if (dup2(fds[1], 1) < 0 || dup2(fds[1], 2) < 0)
			_exit(201);
		close(fds[0]);
		close(fds[1]);
		command_line__parse(&env, argc, argv);
		_exit(200);
	}
	close(fds[1]);
	while ((n = read(fds[0], said->text + len, sizeof(said->text) - 1 - len)) > 0)
		len += (size_t)n;
	said->text[len] = 0;
	close(fds[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	said->status = WEXITSTATUS(status);
}

static void test_env_takes_what_is_found(void **state)
{
	const struct target_subject cron = { .unit = "cron.service", .cgroup = "/s/cron.service" },
				    other = { .unit = "ssh.service", .cgroup = "/s/ssh.service" };
	struct env env;

	(void)state;
	parse(&env, "--all -l info");
	assert_int_equal(env.mode, ENV_FOUND);
	assert_true(env.all);
	assert_int_equal(env.chosen.cnt, 0);
	env__fini(&env);
	parse(&env, "--unit cr*.service --cgroup /x/* --unit=y");
	assert_int_equal(env.mode, ENV_FOUND);
	assert_false(env.all);
	assert_int_equal(env.chosen.cnt, 3);
	assert_non_null(target_list__match(&env.chosen, &cron));
	assert_null(target_list__match(&env.chosen, &other));
	env__fini(&env);
	parse(&env, "--cgroup /s/s*");
	assert_null(target_list__match(&env.chosen, &cron));
	assert_non_null(target_list__match(&env.chosen, &other));
	env__fini(&env);
}

static void assert_refused(const char *line, const char *what)
{
	static struct said said;

	parse_apart(&said, line);
	if (said.status != 2 || !strstr(said.text, what))
		fail_msg("'%s': status %d, said: %s", line, said.status, said.text);
}

static void test_env_has_defaults(void **state)
{
	struct env env;
	struct site site = {
		.level = TTLOG_LEVEL_TRACE, .target = "t", .name = "n", .file = "f", .message = "m"
	};

	(void)state;
	parse(&env, "-p 12");
	assert_int_equal(env.mode, ENV_PIDS);
	assert_int_equal(env.pid_cnt, 1);
	assert_int_equal(env.pids[0], 12);
	assert_null(env.path);
	assert_null(env.reason);
	assert_null(env.command);
	assert_string_equal(env.output_dir, "/var/lib/ttlog");
	assert_int_equal(env.ring_bytes, 64 << 20);
	assert_int_equal(env.buffer_bytes, 64 << 20);
	assert_int_equal(env.interval_ns, 0);
	assert_int_equal(env.duration_ns, 0);
	assert_int_equal(env.triggers->on,
			 TRIGGER_ON_CRASH | TRIGGER_ON_KILLED | TRIGGER_ON_REQUEST);
	assert_int_equal(env.triggers->rules.delay_ns, 0);
	assert_int_equal(env.triggers->rules.min_gap_ns, 0);
	assert_int_equal(env.max_snapshots, 0);
	assert_int_equal(env.max_disk_bytes, 0);
	assert_int_equal(env.max_age_ns, 0);
	assert_int_equal(env.keep_free_bytes, 0);
	assert_int_equal(env.keep_free_percent, 0);
	assert_int_equal(env.max_memory_bytes, 0);
	assert_int_equal(env.metrics.len, 0);
	assert_false(env.immediate);
	assert_false(env.sched);
	assert_null(env.shipped_state);
	assert_true(env.all_stacks);
	assert_false(env.quiet);
	assert_false(env.verbose);
	assert_true(site_filter__matches(env.site_filter, &site));
	env__fini(&env);
	env__fini(&env);
	env__fini(&(struct env){ 0 });
}

static void test_env_keeps_until_shipped(void **state)
{
	struct env env;

	(void)state;
	parse(&env, "-p 1 --keep-until-shipped");
	assert_string_equal(env.shipped_state, "/var/lib/ttlog-ship");
	env__fini(&env);
	parse(&env, "-p 1 --keep-until-shipped=/s");
	assert_string_equal(env.shipped_state, "/s");
	env__fini(&env);
}

static void test_env_takes_every_option(void **state)
{
	struct env env;
	struct site site = { .target = "net.http", .name = "n", .file = "f", .message = "m" };

	(void)state;
	parse(&env,
	      "-e /bin/x -l info -F target=net.* --filter level<=warn -o /d -s 1M -b 3M "
	      "-i 250ms --on exit --on crash --delay 2s --min-gap 1.5m --stacks crashed --immediate --max-snapshots 7 --max-disk 2G "
	      "--max-age 720h --keep-free 10% --max-memory 96M -d 1.5m --metrics 9464 --metrics-by pid -v --sched");
	assert_int_equal(env.mode, ENV_PATH);
	assert_string_equal(env.path, "/bin/x");
	assert_string_equal(env.output_dir, "/d");
	assert_int_equal(env.ring_bytes, 1 << 20);
	/* rounded up to a power of two */
	assert_int_equal(env.buffer_bytes, 4 << 20);
	assert_int_equal(env.interval_ns, 250000000);
	assert_int_equal(env.duration_ns, 90000000000);
	assert_int_equal(env.triggers->on, TRIGGER_ON_CRASH | TRIGGER_ON_EXIT);
	assert_int_equal(env.triggers->rules.delay_ns, 2000000000);
	assert_int_equal(env.triggers->rules.min_gap_ns, 90000000000);
	assert_int_equal(env.max_snapshots, 7);
	assert_int_equal(env.max_disk_bytes, 2ull << 30);
	assert_int_equal(env.max_age_ns, 720 * 3600 * 1000000000ull);
	assert_int_equal(env.keep_free_bytes, 0);
	assert_int_equal(env.keep_free_percent, 10);
	assert_int_equal(env.max_memory_bytes, 96 << 20);
	assert_true(listen_address__is_loopback(&env.metrics));
	assert_true(env.metrics_by_pid);
	assert_true(env.immediate);
	assert_true(env.sched);
	assert_int_equal(env.sched_least_ns, 1000000);
	assert_false(env.all_stacks);
	assert_true(env.verbose);
	assert_false(env.quiet);
	site.level = TTLOG_LEVEL_INFO;
	assert_true(site_filter__matches(env.site_filter, &site));
	site.level = TTLOG_LEVEL_DEBUG;
	assert_false(site_filter__matches(env.site_filter, &site));
	site.level = TTLOG_LEVEL_ERROR;
	assert_false(site_filter__matches(env.site_filter, &site));
	site.level = TTLOG_LEVEL_WARN;
	site.target = "db";
	assert_false(site_filter__matches(env.site_filter, &site));
	env__fini(&env);

	parse(&env, "--exe=/y --level=warn --output-dir=/e --ring-size=2K --buffer-size=1 "
		    "--interval=10ms --on=request --duration=2 --quiet --sched=2us");
	assert_string_equal(env.path, "/y");
	assert_string_equal(env.output_dir, "/e");
	assert_int_equal(env.ring_bytes, 2048);
	/* the minimum */
	assert_int_equal(env.buffer_bytes, 1 << 20);
	assert_int_equal(env.interval_ns, 10000000);
	assert_int_equal(env.duration_ns, 2000000000);
	assert_true(env.sched);
	assert_int_equal(env.sched_least_ns, 2000);
	assert_int_equal(env.triggers->on, TRIGGER_ON_REQUEST);
	assert_true(env.quiet);
	env__fini(&env);
}

static void test_env_collects_pids(void **state)
{
	struct env env;

	(void)state;
	parse(&env, "-p 3,1 -p 2 --pid=1,4");
	assert_int_equal(env.mode, ENV_PIDS);
	assert_int_equal(env.pid_cnt, 4);
	assert_int_equal(env.pids[0], 3);
	assert_int_equal(env.pids[1], 1);
	assert_int_equal(env.pids[2], 2);
	assert_int_equal(env.pids[3], 4);
	env__fini(&env);
}

static void test_env_leaves_the_command_its_options(void **state)
{
	struct env env;

	(void)state;
	parse(&env, "-l info -- prog -p 5 --help -- -z");
	assert_int_equal(env.mode, ENV_COMMAND);
	assert_int_equal(env.pid_cnt, 0);
	assert_string_equal(env.command[0], "prog");
	assert_string_equal(env.command[1], "-p");
	assert_string_equal(env.command[2], "5");
	assert_string_equal(env.command[3], "--help");
	assert_string_equal(env.command[4], "--");
	assert_string_equal(env.command[5], "-z");
	assert_null(env.command[6]);
	env__fini(&env);

	parse(&env, "-- prog");
	assert_string_equal(env.command[0], "prog");
	assert_null(env.command[1]);
	env__fini(&env);
}

static void test_env_knows_the_other_modes(void **state)
{
	struct env env;

	(void)state;
	parse(&env, "--trigger check-point");
	assert_int_equal(env.mode, ENV_TRIGGER);
	assert_string_equal(env.reason, "check-point");
	assert_int_equal(env.pid_cnt, 0);
	env__fini(&env);
	parse(&env, "-p 5 --trigger=r");
	assert_int_equal(env.mode, ENV_TRIGGER);
	assert_int_equal(env.pids[0], 5);
	env__fini(&env);

	parse(&env, "--list /bin/x -v");
	assert_int_equal(env.mode, ENV_LIST);
	assert_string_equal(env.path, "/bin/x");
	env__fini(&env);
	parse(&env, "--list=/bin/x");
	assert_string_equal(env.path, "/bin/x");
	env__fini(&env);
	parse(&env, "--list -p 5");
	assert_int_equal(env.mode, ENV_LIST);
	assert_null(env.path);
	assert_int_equal(env.pids[0], 5);
	env__fini(&env);

	parse(&env, "--check -o /d");
	assert_int_equal(env.mode, ENV_CHECK);
	assert_string_equal(env.output_dir, "/d");
	env__fini(&env);
}

static void test_env_refuses_modes_together(void **state)
{
	(void)state;
	assert_refused(
		"",
		"one of -p, -e, --all, --unit, --cgroup, -- CMD, --trigger, --list, --check is needed");
	assert_refused("-v", "is needed");
	assert_refused("--all -p 1", "-p and --all exclude each other");
	assert_refused("--all --unit x", "--all and --unit or --cgroup exclude each other");
	assert_refused("-e /x --cgroup /x", "-e and --unit or --cgroup exclude each other");
	assert_refused("--check --all", "--check and --all exclude each other");
	assert_refused("--cgroup system.slice",
		       "--cgroup: 'system.slice' is no path from the root");
	assert_refused("--unit=", "--unit: '' is not a systemd unit's name, or a glob");
	assert_refused("-p 1 -e /x", "-p and -e exclude each other");
	assert_refused("-p 1 -- x", "-p and -- CMD exclude each other");
	assert_refused("-e /x -- x", "-e and -- CMD exclude each other");
	assert_refused("--check -p 1", "--check and -p exclude each other");
	assert_refused("--check --list /x", "--list and --check exclude each other");
	assert_refused("--trigger r --list /x", "--trigger and --list exclude each other");
	assert_refused("--trigger r -- x", "--trigger and -- CMD exclude each other");
	assert_refused("--list -e /x", "--list and -e exclude each other");
	assert_refused("--list", "--list takes one PATH");
	assert_refused("--list /x -p 1", "--list takes one PATH");
	assert_refused("--list -p 1,2", "--list takes one PATH");
	assert_refused("--list /x /y", "only one PATH");
	assert_refused("-e /x -e /y", "only one PATH");
	assert_refused("--trigger r -p 1,2", "--trigger takes one PID");
	assert_refused("--trigger r -i 1s", "--interval means nothing with --trigger");
	assert_refused("--list /x -l info", "--level means nothing with --list");
	assert_refused("--check -s 1M", "--ring-size means nothing with --check");
	assert_refused("-p 1 -q -v", "-q and -v exclude each other");
}

static void test_env_refuses_bad_values(void **state)
{
	(void)state;
	assert_refused("-p 1 --metrics localhost:9464",
		       "--metrics: 'localhost:9464' is not ADDR:PORT, [IPV6]:PORT or PORT");
	assert_refused("-p 1 --metrics-by name", "--metrics-by: 'name' is not service or pid");
	assert_refused("-p 1 --metrics 65536", "--metrics: '65536' is out of range");
	assert_refused("--check --metrics 9464", "--metrics means nothing with --check");
	assert_refused("prog", "'prog' is no option: a command to start goes behind --");
	assert_refused("prog --unknown", "'prog' is no option");
	assert_refused("-p 1 prog", "'prog' is no option");
	assert_refused("--", "there is no command behind --");
	assert_refused("-p", "requires an argument");
	assert_refused("-p x", "-p: 'x' is not");
	assert_refused("-p 0", "-p: '0' is not");
	assert_refused("-p 1,", "-p: '1,' is not");
	assert_refused("-p 99999999999", "-p: '99999999999' is out of range");
	assert_refused("-p 1 -l loud", "--level: 'loud' is not one of trace");
	assert_refused("-p 1 -l info,net=loud", "--level: 'loud' (in 'net=loud') is not one of");
	assert_refused("-p 1 -F color=red", "--filter: ");
	assert_refused("-p 1 -s 1X", "--ring-size: '1X' is not a size");
	assert_refused("-p 1 -s 0", "--ring-size: '0' is out of range");
	assert_refused("-p 1 -s 2T", "--ring-size: '2T' is out of range");
	assert_refused("-p 1 -b 3G", "--buffer-size: '3G' is out of range");
	assert_refused("-p 1 -i soon", "--interval: 'soon' is not a duration");
	assert_refused("-p 1 -i 9ms", "--interval: '9ms' is less than 10ms");
	assert_refused("-p 1 -d 0", "--duration: '0' is out of range");
	assert_refused("-p 1 --on crash,", "--on: 'crash,' is not a list");
	assert_refused("-p 1 --stacks none", "--stacks: 'none' is not all or crashed");
	assert_refused("-p 1 --on crashes", "--on: 'crashes' is not a list");
	assert_refused("-p 1 --on cras", "--on: 'cras' is not a list");
	assert_refused("-p 1 --max-snapshots -1", "--max-snapshots: '-1' is not");
	assert_refused("-p 1 --max-snapshots 0", "--max-snapshots: '0' is out of range");
	assert_refused("-p 1 --max-snapshots 3x", "--max-snapshots: '3x' is not");
	assert_refused("-p 1 --max-snapshots 99999999999999999999", "is out of range");
	assert_refused("-p 1 --max-disk lots", "--max-disk: 'lots' is not a size");
	assert_refused("-p 1 --max-memory some", "--max-memory: 'some' is not a size");
	assert_refused("-p 1 --max-memory 1023K", "--max-memory: '1023K' is out of range");
	assert_refused("-p 1 --max-age old", "--max-age: 'old' is not a duration");
	assert_refused("-p 1 --max-age 0", "--max-age: '0' is out of range");
	assert_refused("-p 1 --keep-free %", "--keep-free: '%' is not a size");
	assert_refused("-p 1 --keep-free 10%%", "--keep-free: '10%%' is not a size");
	assert_refused("-p 1 --keep-free 0%", "--keep-free: '0%' is out of range");
	assert_refused("-p 1 --keep-free 100%", "--keep-free: '100%' is out of range");
	assert_refused("-p 1 --keep-free 0", "--keep-free: '0' is out of range");
	assert_refused("-p 1 --keep-until-shipped=",
		       "--keep-until-shipped: '' is not ttlog-ship's --state directory");
	assert_refused("-p 1 --max-disk 0", "--max-disk: '0' is out of range");
	assert_refused("-p 1 --config=", "--config: '' is not a file");
	assert_refused("-p 1 --config /none/x", "/none/x: can't open it: No such file");
	assert_refused("--config /dev/null", "/dev/null: it is no regular file");
	assert_refused("--check --config /dev/null", "/dev/null: it is no regular file");
	assert_refused("--trigger=", "--trigger: '' is not a reason");
	assert_refused("--exe=", "-e: '' is not a path");
	assert_refused("-p 1 --output-dir=", "--output-dir: '' is not a directory");
	assert_refused("-p 1 --unknown", "unrecognized option '--unknown'");
}

static void test_env_tells_help_and_version(void **state)
{
	static struct said said;

	(void)state;
	parse_apart(&said, "-V");
	assert_int_equal(said.status, 0);
	assert_string_equal(said.text, "ttlog-collect " TTLOG_VERSION "\n");
	parse_apart(&said, "--version");
	assert_int_equal(said.status, 0);
	assert_string_equal(said.text, "ttlog-collect " TTLOG_VERSION "\n");
	parse_apart(&said, "--help");
	assert_int_equal(said.status, 0);
	assert_non_null(strstr(said.text, "-- CMD [ARG...]\n"));
	assert_non_null(strstr(said.text, "Exit status:"));
	assert_non_null(strstr(said.text, "\n  ttlog-collect -- ./server"));
	/* one line per option; the continuation of an option's text is indented far to the right */
	for (char *line = said.text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strspn(line, " ") > 10)
			fail_msg("a text of two lines: %.79s", line);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_env_takes_what_is_found),
		cmocka_unit_test(test_env_has_defaults),
		cmocka_unit_test(test_env_keeps_until_shipped),
		cmocka_unit_test(test_env_takes_every_option),
		cmocka_unit_test(test_env_collects_pids),
		cmocka_unit_test(test_env_leaves_the_command_its_options),
		cmocka_unit_test(test_env_knows_the_other_modes),
		cmocka_unit_test(test_env_refuses_modes_together),
		cmocka_unit_test(test_env_refuses_bad_values),
		cmocka_unit_test(test_env_tells_help_and_version),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
