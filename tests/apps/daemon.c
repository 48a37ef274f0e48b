/* SPDX-License-Identifier: MIT */
/*
 * A daemon: it forks twice, with a new session in between. So init becomes its parent when the
 * process that was started has ended.
 *
 * usage: daemon EVENTS
 *
 * The process that was started logs nothing, and ends with status 3 after the one in between. The
 * daemon says "ready PID", waits for a byte, logs `served` (request from 0) EVENTS times, says
 * "done", waits for another byte, and dies of SIGSEGV.
 */
#include <signal.h>
#include <sys/wait.h>

#define TTLOG_SERVICE "daemon"
#include <ttlog/ttlog.h>

#include "app.h"

#define USAGE "daemon EVENTS"

/* Returns only in the child: 0. */
static pid_t daemon__fork(void)
{
	pid_t pid = fork();

	if (pid < 0) {
		perror("daemon: fork");
		exit(1);
	}
	return pid;
}

int main(int argc, char **argv)
{
	long events = argc == 2 ? app__number(argv[1], 1000000, USAGE) : -1;
	char word[32];
	pid_t between;

	if (events < 0)
		app__usage(USAGE);
	between = daemon__fork();
	if (between) {
		waitpid(between, NULL, 0);
		_exit(3);
	}
	setsid();
	if (daemon__fork())
		_exit(0);

	snprintf(word, sizeof(word), "ready %d", (int)getpid());
	app__say(word);
	app__wait();
	for (long i = 0; i < events; i++)
		TTLOG_PROBE(served, INFO, "Request served", "request", i);
	app__say("done");
	app__wait();
	raise(SIGSEGV);
	return 0;
}
