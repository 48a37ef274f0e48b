/* SPDX-License-Identifier: MIT */
/*
 * The handler only makes system calls, because it may have interrupted anything; readdir()
 * allocates.
 */
#include <dirent.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "leftover.h"

static const int SIGNALS[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGXFSZ, SIGXCPU };
#define SIGNAL_CNT (sizeof(SIGNALS) / sizeof(SIGNALS[0]))

/* For the handler. It is set before the handler is, and changed after that is removed. */
static struct {
	const char *path; /* NULL: none */
	int dir_fd;
	struct sigaction old[SIGNAL_CNT];
	sigset_t held; /* signals that were blocked before */
} leftover;

char *leftover__hidden_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	int before = slash ? (int)(slash - path) + 1 : 0;
	char *hidden;

	return asprintf(&hidden, "%.*s.%s.XXXXXX", before, path, path + before) < 0 ? NULL : hidden;
}

void leftover__hold(void)
{
	sigset_t all;

	(void)sigfillset(&all);
	(void)sigprocmask(SIG_BLOCK, &all, &leftover.held);
}

void leftover__release(void)
{
	(void)sigprocmask(SIG_SETMASK, &leftover.held, NULL);
}

/* Removing files may change the order of the others: so begins again until none is left. */
void leftover__remove_files(int dir_fd)
{
	_Alignas(struct dirent64) char buf[4096];
	bool any = true;

	while (any) {
		long len;

		any = false;
		(void)lseek(dir_fd, 0, SEEK_SET);
		while ((len = syscall(SYS_getdents64, dir_fd, buf, sizeof(buf))) > 0) {
			for (long at = 0; at < len;) {
				const struct dirent64 *entry = (const void *)(buf + at);

				any |= !unlinkat(dir_fd, entry->d_name, 0);
				at += entry->d_reclen;
			}
		}
	}
}

/* SA_RESETHAND: the default action follows when this returns. */
static void end(int number)
{
	if (leftover.dir_fd >= 0) {
		leftover__remove_files(leftover.dir_fd);
		(void)rmdir(leftover.path);
	} else {
		(void)unlink(leftover.path);
	}
	(void)raise(number);
}

void leftover__note(const char *path, int dir_fd)
{
	struct sigaction action = { .sa_handler = end, .sa_flags = SA_RESETHAND };

	leftover.path = path;
	leftover.dir_fd = dir_fd;
	(void)sigfillset(&action.sa_mask);
	for (size_t i = 0; i < SIGNAL_CNT; i++) {
		if (!sigaction(SIGNALS[i], NULL, &leftover.old[i]) &&
		    leftover.old[i].sa_handler == SIG_DFL)
			(void)sigaction(SIGNALS[i], &action, NULL);
	}
}

void leftover__forget(void)
{
	for (size_t i = 0; leftover.path && i < SIGNAL_CNT; i++)
		(void)sigaction(SIGNALS[i], &leftover.old[i], NULL);
	leftover.path = NULL;
}
