/* SPDX-License-Identifier: MIT */
/*
 * The pager has the terminal until the user leaves it. This process must not end before that, or a
 * shell would read keys at the same time. So it waits, even when it is told to end.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pager.h"
#include "terminal.h"

/* As git: quit if all fits on the screen, colours, no alternate screen. */
#define LESS_OPTIONS "FRX"

/* For a signal's handler. There is one terminal. */
static volatile pid_t pager_pid;
static volatile int pager_fd = -1;

static const int ENDING[] = { SIGTERM, SIGHUP };
static const int KEYS[] = { SIGINT, SIGQUIT };

static bool is_installed(const char *name)
{
	const char *path = getenv("PATH");
	char file[4096];

	for (path = path ? path : "/usr/bin:/bin"; *path; path += strspn(path, ":")) {
		size_t len = strcspn(path, ":");

		snprintf(file, sizeof(file), "%.*s/%s", (int)len, path, name);
		if (!access(file, X_OK))
			return true;
		path += len;
	}
	return false;
}

const char *pager__command(void)
{
	const char *command = getenv("TTLOG_PAGER");

	if (!command)
		command = getenv("PAGER");
	if (!command)
		command = terminal__is_capable() && is_installed("less") ? "less" : "";
	return !*command || !strcmp(command, "cat") ? NULL : command;
}

void pager__finish(void)
{
	if (pager_fd >= 0)
		(void)close(pager_fd);
	pager_fd = -1;
	/* signal() restarts interrupted calls */
	if (pager_pid > 0)
		(void)waitpid(pager_pid, NULL, 0);
	pager_pid = 0;
}

static void end_after_it(int signal_number)
{
	pager__finish();
	(void)signal(signal_number, SIG_DFL);
	(void)raise(signal_number);
}

/* The pager gets default signals: this process ignores some. */
static int spawn(const char *command, int input)
{
	char *argv[] = { "sh", "-c", (char *)command, NULL };
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t defaults;
	pid_t pid;
	int err;

	(void)sigemptyset(&defaults);
	(void)sigaddset(&defaults, SIGPIPE);
	for (size_t i = 0; i < sizeof(KEYS) / sizeof(KEYS[0]); i++)
		(void)sigaddset(&defaults, KEYS[i]);
	if (posix_spawn_file_actions_init(&actions))
		return -ENOMEM;
	if (posix_spawnattr_init(&attributes)) {
		(void)posix_spawn_file_actions_destroy(&actions);
		return -ENOMEM;
	}
	err = posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
	if (!err)
		err = posix_spawnattr_setsigdefault(&attributes, &defaults);
	if (!err)
		err = posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
	if (!err)
		err = posix_spawn(&pid, "/bin/sh", &actions, &attributes, argv, environ);
	(void)posix_spawn_file_actions_destroy(&actions);
	(void)posix_spawnattr_destroy(&attributes);
	if (!err)
		pager_pid = pid;
	return -err;
}

static void set_keys(void (*action)(int))
{
	for (size_t i = 0; i < sizeof(KEYS) / sizeof(KEYS[0]); i++)
		(void)signal(KEYS[i], action);
}

int pager__start(const char *command)
{
	int ends[2], err;

	if (pipe2(ends, O_CLOEXEC))
		return -errno;
	(void)setenv("LESS", LESS_OPTIONS, 0);
	/* the first key may come as soon as the pager does */
	set_keys(SIG_IGN);
	err = spawn(command, ends[0]);
	(void)close(ends[0]);
	if (err) {
		set_keys(SIG_DFL);
		(void)close(ends[1]);
		return err;
	}
	pager_fd = ends[1];
	for (size_t i = 0; i < sizeof(ENDING) / sizeof(ENDING[0]); i++)
		(void)signal(ENDING[i], end_after_it);
	return ends[1];
}
