/* SPDX-License-Identifier: MIT */
/*
 * A child that logs and crashes at once.
 *
 * usage: forks
 *
 * Logs `parent`, says "ready" and waits; then forks a child that logs `child` and dies of a fault;
 * says "done" when it is gone, waits, and ends.
 */
#define _GNU_SOURCE
#include <sys/wait.h>

#define TTLOG_SERVICE "forks"
#include <ttlog/ttlog.h>

#include "app.h"

static volatile int zero;

int main(void)
{
	pid_t pid;

	TTLOG_PROBE(parent, INFO, "Parent");
	app__say("ready");
	app__wait();
	pid = fork();
	if (pid < 0)
		return 1;
	if (!pid) {
		TTLOG_PROBE(child, INFO, "Child");
		*(volatile int *)(intptr_t)zero = 1;
	}
	if (waitpid(pid, NULL, 0) != pid)
		return 1;
	app__say("done");
	app__wait();
	return 0;
}
