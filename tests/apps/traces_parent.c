/* SPDX-License-Identifier: MIT */
/*
 * A child of vfork() asks to trace its parent, which waits for it and can't be stopped.
 *
 * usage: traces_parent
 *
 * Says "over" when the child has ended. No marks.
 */
#define _GNU_SOURCE
#include <sys/ptrace.h>
#include <sys/wait.h>

#include "app.h"

int main(void)
{
	const pid_t child = vfork();
	int status;

	if (!child) {
		(void)ptrace(PTRACE_SEIZE, getppid(), NULL, NULL);
		_exit(0);
	}
	if (waitpid(child, &status, 0) != child)
		return 1;
	app__say("over");
	return status;
}
