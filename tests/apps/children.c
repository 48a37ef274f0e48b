/* SPDX-License-Identifier: MIT */
/*
 * Children: by fork, by posix_spawn of itself, by fork and exec of another marked program.
 *
 * usage: children FORKS SPAWNS [PROGRAM [ARG...]]
 *        children --child NUMBER
 *
 * The parent logs `parent_begin`; starts FORKS children by fork, each of which logs `fork_child`
 * (number from 0) three times (event from 0), the even ones ending by return from main, the odd
 * ones by _exit; then SPAWNS children by posix_spawn of itself, each of which logs `spawn_child`
 * three times; then PROGRAM with its arguments; logs `child_ended` (kind, number, status) for each;
 * and `parent_end`.
 * Children run one after the other. The exit status is 0 if that of each child was 0.
 */
#include <errno.h>
#include <spawn.h>
#include <sys/wait.h>

#define TTLOG_SERVICE "children"
#include <ttlog/ttlog.h>

#include "app.h"

#define USAGE "children FORKS SPAWNS [PROGRAM [ARG...]]"

extern char **environ;

static int failed_cnt;

static void child__await(pid_t pid, const char *kind, int number)
{
	int status;

	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR) {
			perror("children: waitpid");
			exit(1);
		}
	}
	TTLOG_PROBE(child_ended, INFO, "Child ended", "kind", kind, "number", number, "status",
		    status);
	failed_cnt += status != 0;
}

/* Returns true in the child, after it has logged. */
static int child__fork(int number)
{
	pid_t pid = fork();

	if (pid < 0) {
		perror("children: fork");
		exit(1);
	}
	if (pid) {
		child__await(pid, "fork", number);
		return 0;
	}
	for (int event = 0; event < 3; event++)
		TTLOG_PROBE(fork_child, INFO, "Forked child", "number", number, "event", event);
	if (number % 2)
		_exit(0);
	return 1;
}

static void child__spawn(const char *kind, int number, const char *path, char **argv)
{
	pid_t pid;
	int err = posix_spawn(&pid, path, NULL, NULL, argv, environ);

	if (err) {
		fprintf(stderr, "children: can't start %s: %s\n", path, strerror(err));
		exit(1);
	}
	child__await(pid, kind, number);
}

static void child__exec(char **argv)
{
	pid_t pid = fork();

	if (pid < 0) {
		perror("children: fork");
		exit(1);
	}
	if (!pid) {
		execv(argv[0], argv);
		perror(argv[0]);
		_exit(127);
	}
	child__await(pid, "exec", 0);
}

int main(int argc, char **argv)
{
	char self[] = "/proc/self/exe";
	long forks, spawns;

	if (argc == 3 && !strcmp(argv[1], "--child")) {
		for (int event = 0; event < 3; event++)
			TTLOG_PROBE(spawn_child, INFO, "Spawned child", "number", atoi(argv[2]),
				    "event", event);
		return 0;
	}
	if (argc < 3)
		app__usage(USAGE);
	forks = app__number(argv[1], 10000, USAGE);
	spawns = app__number(argv[2], 10000, USAGE);

	TTLOG_PROBE(parent_begin, INFO, "Parent begins", "forks", forks, "spawns", spawns);
	for (int i = 0; i < forks; i++) {
		if (child__fork(i))
			return 0;
	}
	for (int i = 0; i < spawns; i++) {
		char option[] = "--child";
		char number[16];
		char *child_argv[] = { argv[0], option, number, NULL };

		snprintf(number, sizeof(number), "%d", i);
		child__spawn("spawn", i, self, child_argv);
	}
	if (argc > 3)
		child__exec(argv + 3);
	TTLOG_PROBE(parent_end, INFO, "Parent ends", "failed", failed_cnt);
	return failed_cnt != 0;
}
