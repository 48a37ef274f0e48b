/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "array.h"
#include "fleet_program.h"

#define NOT_STARTED 127

static const char *const places[] = { "ttlog-fleet", "../libexec/ttlog/ttlog-fleet" };

static int find(char ret[PATH_MAX])
{
	char own[PATH_MAX], *slash;
	const ssize_t len = readlink("/proc/self/exe", own, sizeof(own) - 1);

	own[len > 0 ? len : 0] = '\0';
	slash = strrchr(own, '/');
	if (!slash)
		return -ENOENT;
	slash[1] = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		if (snprintf(ret, PATH_MAX, "%s%s", own, places[i]) < PATH_MAX &&
		    !access(ret, X_OK))
			return 0;
	}
	return -ENOENT;
}

static void run(const char *path, char *const argv[], int out)
{
	const int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	(void)dup2(null, STDIN_FILENO);
	(void)dup2(out, STDOUT_FILENO);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)signal(SIGPIPE, SIG_DFL);
	(void)execv(path, argv);
	_exit(NOT_STARTED);
}

int fleet_program__start(struct fleet_program *ret, char *const argv[])
{
	char path[PATH_MAX];
	int ends[2], err = find(path);

	if (err)
		return err;
	if (pipe2(ends, O_CLOEXEC))
		return -errno;
	ret->out = fdopen(ends[0], "re");
	ret->pid = ret->out ? fork() : -1;
	if (!ret->pid)
		run(path, argv, ends[1]);
	err = ret->pid < 0 ? -errno : 0;
	(void)close(ends[1]);
	if (!ret->out)
		(void)close(ends[0]);
	else if (err)
		(void)fclose(ret->out);
	return err;
}

int fleet_program__end(struct fleet_program *program)
{
	int status = 0;

	(void)fclose(program->out);
	while (waitpid(program->pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
