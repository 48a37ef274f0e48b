/* SPDX-License-Identifier: MIT */
/*
 * fork(), PTRACE_SEIZE, then `go`, which the recorder sends, then exec. One socket carries `go` to
 * the child and the errno of its exec back; a successful exec closes it.
 */
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "broker.h"
#include "broker_message.h"
#include "broker_server.h"
#include "traced_command.h"
#include "tracer.h"

#define EXIT_NOT_FOUND 127
#define EXIT_NOT_RUN   126
#define EXIT_FAILED    125

/* The payload if this process serves itself. */
struct command_request {
	char *const *argv;
	struct command_signals signals;
};

struct start_answer {
	int32_t pid;
	int32_t trace_err;
};

/* Of the last one that was started. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static bool is_started;
static int pidfd = -1;

/* ---- the broker's side ---- */

/* In the child of a fork() with threads: async-signal-safe calls only. */
static _Noreturn void run(const struct command_request *command, int fd)
{
	struct sigaction action = { .sa_handler = SIG_DFL };
	char go;
	int err;

	if (read(fd, &go, 1) != 1)
		_exit(EXIT_FAILED);
	for (int sig = 1; sig < NSIG; sig++) {
		if (sigismember(&command->signals.defaults, sig) == 1)
			(void)sigaction(sig, &action, NULL);
	}
	(void)sigprocmask(SIG_SETMASK, &command->signals.mask, NULL);
	(void)execvp(command->argv[0], command->argv);
	err = errno;
	if (write(fd, &err, sizeof(err)) != sizeof(err))
		_exit(EXIT_FAILED);
	_exit(err == ENOENT ? EXIT_NOT_FOUND : EXIT_NOT_RUN);
}

/* Its pid or -errno. *ret_fd: the end of the socket for the recorder. */
static pid_t fork_child(const struct command_request *command, int *ret_fd)
{
	int ends[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends))
		return -errno;
	pid = fork();
	if (!pid) {
		(void)close(ends[0]); /* else it would wait for itself if the recorder died */
		run(command, ends[1]);
	}
	if (pid < 0)
		pid = -errno;
	(void)close(ends[1]);
	if (pid < 0)
		(void)close(ends[0]);
	else
		*ret_fd = ends[0];
	return pid;
}

/* The caller has the lock. */
static int start(const struct command_request *command, struct broker_result *ret)
{
	struct start_answer answer = { 0 };
	int fd = -1, command_pidfd, err;

	answer.pid = fork_child(command, &fd);
	if (answer.pid < 0)
		return answer.pid;
	command_pidfd = (int)syscall(SYS_pidfd_open, answer.pid, 0);
	if (command_pidfd < 0) {
		err = -errno;
		/* the child reads the end, and exits */
		(void)close(fd);
		(void)waitpid(answer.pid, NULL, __WALL | __WNOTHREAD);
		return err;
	}
	if (pidfd >= 0)
		(void)close(pidfd);
	pidfd = command_pidfd;
	answer.trace_err = tracer__begin(answer.pid);
	ret->fd = fd;
	ret->bytes = sizeof(answer);
	memcpy(ret->payload, &answer, sizeof(answer));
	return 0;
}

int traced_command__serve_start(const struct broker_task *task, struct broker_result *ret)
{
	const struct broker_policy *policy = task->peer->policy;
	struct command_request command = {
		.argv = policy->command,
		.signals = policy->command_signals,
	};
	int err;

	if (!policy->is_strict) {
		if (task->bytes != sizeof(command))
			return -EINVAL;
		memcpy(&command, task->payload, sizeof(command));
	}
	pthread_mutex_lock(&lock);
	if (policy->is_strict && (!policy->command || is_started))
		err = -EPERM;
	else
		err = start(&command, ret);
	is_started |= !err;
	pthread_mutex_unlock(&lock);
	return err;
}

int traced_command__serve_signal(const struct broker_task *task, struct broker_result *ret)
{
	int err;

	(void)ret;
	/* only one that it has started */
	pthread_mutex_lock(&lock);
	err = syscall(SYS_pidfd_send_signal, pidfd, (int)task->request->args[0], NULL, 0) ? -errno
											  : 0;
	pthread_mutex_unlock(&lock);
	return err == -EBADF ? -EPERM : err;
}

/* ---- the recorder's side ---- */

int traced_command__start(struct tracer *tracer, char *const argv[],
			  const struct command_signals *signals, struct traced_command *ret)
{
	const struct command_request command = { .argv = argv, .signals = *signals };
	struct start_answer answer;
	struct broker_call call = {
		.request.op = BROKER_START_COMMAND,
		.payload = &command,
		.payload_bytes = broker__fd() < 0 ? sizeof(command) : 0,
		.ret = &answer,
		.ret_room = sizeof(answer),
	};
	int err = tracer__call(tracer, &call);

	if (err)
		return err;
	*ret = (struct traced_command){ answer.pid, answer.trace_err, call.ret_fd };
	return 0;
}

int traced_command__go(int fd)
{
	const struct broker_message go = { .head = "", .head_bytes = 1 };

	return broker_message__send(fd, &go);
}

int traced_command__exec_error(int fd)
{
	int err = 0;
	struct broker_message message = { .head = &err, .head_bytes = sizeof(err) };

	return broker_message__receive(fd, &message) ? 0 : err;
}

int traced_command__signal(int sig)
{
	struct broker_call call = {
		.request = { .op = BROKER_SIGNAL_COMMAND, .args = { (uint64_t)sig } },
	};

	return broker__call(&call);
}
