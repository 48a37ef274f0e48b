/* SPDX-License-Identifier: MIT */
/*
 * Many processes of one program.
 *
 * usage: herd COUNT
 *        herd --one
 *
 * COUNT processes of this program are started; when all run, it says "ready". For each byte on stdin
 * each of them logs an event, and when all have, it says "logged". At the end of stdin they end, and
 * so does it. A process says what it does by one byte on stdout, and is told by signals.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mark.h"

extern char **environ;

static void say(const char *byte)
{
	if (write(STDOUT_FILENO, byte, 1) != 1)
		_exit(1);
}

static int run_one(void)
{
	uint64_t cnt = 0;
	sigset_t set;
	int signal = 0;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGTERM);
	say("r");
	while (sigwait(&set, &signal) == 0 && signal == SIGUSR1) {
		MARK_TWO(cnt, cnt + 1);
		cnt++;
		say("l");
	}
	return 0;
}

/* Signals are blocked before it begins. */
static pid_t start_one(char *path, int out, const sigset_t *mask)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	char one[] = "--one";
	char *argv[] = { path, one, NULL };
	pid_t pid;
	int err;

	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_adddup2(&files, out, STDOUT_FILENO);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setsigmask(&attr, mask);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK);
	err = posix_spawn(&pid, path, &files, &attr, argv, environ);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&files);
	errno = err;
	return err ? -1 : pid;
}

static bool read_all(int fd, size_t cnt)
{
	char bytes[4096];

	while (cnt) {
		const ssize_t len = read(fd, bytes, cnt < sizeof(bytes) ? cnt : sizeof(bytes));

		if (len <= 0)
			return false;
		cnt -= (size_t)len;
	}
	return true;
}

static void signal_all(const pid_t *pids, size_t cnt, int signal)
{
	for (size_t i = 0; i < cnt; i++)
		(void)kill(pids[i], signal);
}

static int command(const pid_t *pids, size_t cnt, int from)
{
	char byte;

	if (!read_all(from, cnt))
		return 1;
	puts("ready");
	(void)fflush(stdout);
	while (read(STDIN_FILENO, &byte, 1) == 1) {
		signal_all(pids, cnt, SIGUSR1);
		if (!read_all(from, cnt))
			return 1;
		puts("logged");
		(void)fflush(stdout);
	}
	return 0;
}

int main(int argc, char **argv)
{
	char self[] = "/proc/self/exe";
	size_t cnt, started = 0;
	sigset_t mask;
	pid_t *pids;
	int ends[2], status = 1;

	if (argc == 2 && !strcmp(argv[1], "--one"))
		return run_one();
	cnt = argc == 2 ? strtoul(argv[1], NULL, 10) : 0;
	pids = calloc(cnt + 1, sizeof(*pids));
	if (!cnt || !pids || pipe2(ends, O_CLOEXEC)) {
		fputs("usage: herd COUNT\n", stderr);
		return 2;
	}
	sigemptyset(&mask);
	sigaddset(&mask, SIGUSR1);
	sigaddset(&mask, SIGTERM);
	while (started < cnt && (pids[started] = start_one(self, ends[1], &mask)) > 0)
		started++;
	if (started == cnt)
		status = command(pids, cnt, ends[0]);
	else
		fprintf(stderr, "herd: process %zu: %s\n", started, strerror(errno));
	signal_all(pids, started, SIGTERM);
	while (wait(NULL) > 0)
		continue;
	free(pids);
	return status;
}
