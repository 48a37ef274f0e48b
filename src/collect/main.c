/* SPDX-License-Identifier: MIT */
/*
 * ttlog-collect: records marked programs, and writes their last events to snapshots.
 */
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "asked.h"
#include "argument_child.h"
#include "argument_process.h"
#include "check.h"
#include "collect.h"
#include "config.h"
#include "control.h"
#include "command_line.h"
#include "env.h"
#include "inspect.h"
#include "runtime_dir.h"
#include "subject.h"
#include "unwind_child.h"

#define TRIGGER_TIMEOUT_MS 60000

static int trigger(const struct env *env)
{
	const struct control_trigger request = {
		.reason = env->reason,
		.pid = env->pid_cnt ? env->pids[0] : 0,
		.timeout_ms = TRIGGER_TIMEOUT_MS,
	};
	char dir[PATH_MAX];
	int err = runtime_dir__find(dir);

	if (err) {
		fprintf(stderr, "ttlog-collect: no runtime directory: %s\n", strerror(-err));
		return 1;
	}
	return control__trigger(dir, &request, stdout, stderr);
}

static int print_config(const struct env *env)
{
	char error[CONFIG_ERROR_BYTES] = "out of memory";
	int err = config__print(env, stdout, error, sizeof(error));

	if (!err && fflush(stdout)) {
		perror("ttlog-collect: can't print the configuration");
		return 1;
	}
	if (err)
		fprintf(stderr, "ttlog-collect: %s\n", error);
	return err ? EXIT_USAGE : 0;
}

/* Guessed: the options were not parsed. */
static bool has_command(char **argv)
{
	while (*argv && strcmp(*argv, "--") != 0)
		argv++;
	return *argv;
}

/* If stdin, stdout or stderr is closed, the next file that is opened, a ring or a snapshot,
 * would get our messages. CMD gets them as they were. */
static void fill_standard(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		(void)close(fd);
}

int main(int argc, char **argv)
{
	struct env env = { 0 };
	int status = 1;

	/* If it were ignored, the kernel would reap our children at once, and their pids could be
	 * used again too early. */
	(void)signal(SIGCHLD, SIG_DFL);
	if (argc == 2 && !strcmp(argv[1], SUBJECT_OPTION))
		return subject__run();
	/* it must have no other descriptor than its socket */
	if (unwind_child__is_asked(argc, argv))
		unwind_child__run();
	if (argument_child__is_asked(argc, argv))
		argument_child__run();
	argument_process__use();
	fill_standard();
	if (command_line__parse(&env, argc, argv)) {
		fputs("ttlog-collect: out of memory\n", stderr);
		return has_command(argv) ? EXIT_COLLECTOR : status;
	}
	if (env.dry_run) {
		status = print_config(&env);
		env__fini(&env);
		return status;
	}
	status = asked__read_catalogue(&env);
	if (status) {
		env__fini(&env);
		return status;
	}
	switch (env.mode) {
	case ENV_PIDS:
	case ENV_PATH:
	case ENV_FOUND:
	case ENV_COMMAND:
		status = collect__run(&env);
		break;
	case ENV_TRIGGER:
		status = trigger(&env);
		break;
	case ENV_LIST:
		status = env.path ? inspect__file(env.path, env.foreign)
				  : inspect__process(env.pids[0], env.foreign);
		break;
	case ENV_CHECK:
		status = check__print(stdout, env.output_dir, env.shipped_state, collect__run);
		break;
	}
	env__fini(&env);
	return status;
}
