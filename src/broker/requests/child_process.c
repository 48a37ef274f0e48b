/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "broker.h"
#include "broker_server.h"
#include "child_process.h"

#define MAX_LD_VARIABLES 32
/* One for each thread that writes snapshots, and more than that. */
#define MAX_CHILDREN     16

/* What this process has started, and nothing else may be killed; 0: none. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pid_t children[MAX_CHILDREN];

static bool replace(pid_t old, pid_t with)
{
	bool found = false;

	pthread_mutex_lock(&lock);
	for (size_t i = 0; !found && i < MAX_CHILDREN; i++) {
		found = children[i] == old;
		if (found)
			children[i] = with;
	}
	pthread_mutex_unlock(&lock);
	return found;
}

/* What the dynamic linker may need of the environment. */
static void choose_environment(char **ret, size_t max)
{
	size_t cnt = 0;

	for (char **entry = environ; *entry && cnt < max; entry++) {
		if (!strncmp(*entry, "LD_", 3))
			ret[cnt++] = *entry;
	}
	ret[cnt] = NULL;
}

/* From the start the child has no descriptor but its end of the socket: those that keep a program's
 * semaphores raised must go when the collector goes. No signal reaches it but SIGKILL. */
static int spawn(int socket, enum child_kind kind, pid_t *ret)
{
	char *unwind[] = { CHILD_PROCESS_NAME, CHILD_PROCESS_OPTION, NULL };
	char *arguments[] = { ARGUMENT_PROCESS_NAME, ARGUMENT_PROCESS_OPTION, NULL };
	char **argv = kind == CHILD_UNWIND ? unwind : arguments;
	char *env[MAX_LD_VARIABLES + 1];
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t all;
	int err;

	choose_environment(env, MAX_LD_VARIABLES);
	(void)sigfillset(&all);
	err = posix_spawnattr_init(&attributes);
	if (err)
		return -err;
	err = posix_spawn_file_actions_init(&actions);
	if (!err) {
		(void)posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
		(void)posix_spawnattr_setsigmask(&attributes, &all);
		err = posix_spawn_file_actions_adddup2(&actions, socket, STDIN_FILENO);
		if (!err)
			err = posix_spawn_file_actions_addclosefrom_np(&actions, STDIN_FILENO + 1);
		if (!err)
			err = posix_spawn(ret, "/proc/self/exe", &actions, &attributes, argv, env);
		(void)posix_spawn_file_actions_destroy(&actions);
	}
	(void)posix_spawnattr_destroy(&attributes);
	return -err;
}

static void kill_child(pid_t pid)
{
	(void)kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		continue;
}

int child_process__serve_start(const struct broker_task *task, struct broker_result *ret)
{
	const uint64_t kind = task->request->args[0];
	pid_t pid;
	int ends[2], err;

	if (kind > CHILD_ARGUMENTS)
		return -EINVAL;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends))
		return -errno;
	err = spawn(ends[1], (enum child_kind)kind, &pid);
	(void)close(ends[1]);
	if (!err && !replace(0, pid)) {
		kill_child(pid);
		err = -EAGAIN;
	}
	if (err) {
		(void)close(ends[0]);
		return err;
	}
	ret->fd = ends[0];
	ret->value = (uint64_t)pid;
	return 0;
}

int child_process__serve_end(const struct broker_task *task, struct broker_result *ret)
{
	const pid_t pid = task->request->pid;

	(void)ret;
	if (pid <= 0 || !replace(pid, 0))
		return -EPERM;
	kill_child(pid);
	return 0;
}

int child_process__start(struct child_process *child, enum child_kind kind)
{
	struct broker_call call = { .request = { .op = BROKER_START_CHILD, .args = { kind } } };
	int err = broker__call(&call);

	if (err)
		return err;
	*child = (struct child_process){ .pid = (pid_t)call.ret_value, .socket = call.ret_fd };
	return 0;
}

void child_process__end(const struct child_process *child)
{
	struct broker_call call = { .request = { .op = BROKER_END_CHILD, .pid = child->pid } };

	(void)close(child->socket);
	(void)broker__call(&call);
}
