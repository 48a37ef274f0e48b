/* SPDX-License-Identifier: MIT */
/*
 * ttlog-collect as if a hostile file had taken it over: once it has given up its privileges, a thread of
 * it does what stdin tells it, and says on stdout what came of it. A line of stdin is a word and its
 * arguments; a line of stdout is an error number, 0, or what was read in hex. For test_rights.py.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "array.h"
#include "broker.h"

struct console;

/* The first thing that the collector calls after that (ld --wrap). */
struct console *__real_console__new(void);
struct console *__wrap_console__new(void);

static int result(long value)
{
	return value < 0 ? errno : 0;
}

static int try_open(char **args)
{
	const int fd = open(args[1], (int)strtol(args[2], NULL, 0) | O_CLOEXEC, 0600);
	const int err = result(fd);

	if (fd >= 0)
		(void)close(fd);
	return err;
}

static int try_unlink(char **args)
{
	return result(unlink(args[1]));
}

static int try_read(char **args)
{
	char byte;
	struct iovec to = { &byte, 1 };
	struct iovec from = { (void *)(uintptr_t)strtoull(args[2], NULL, 0), 1 };

	return result(process_vm_readv(atoi(args[1]), &to, 1, &from, 1, 0));
}

static int try_trace(char **args)
{
	return result(ptrace(PTRACE_SEIZE, atoi(args[1]), NULL, NULL));
}

static int try_kill(char **args)
{
	return result(kill(atoi(args[1]), atoi(args[2])));
}

static int try_exec(char **args)
{
	char *const argv[] = { args[1], NULL };

	return result(execv(args[1], argv));
}

static int try_fork(char **args)
{
	const pid_t pid = (pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);

	(void)args;
	if (!pid)
		_exit(0);
	return result(pid);
}

static int try_network(char **args)
{
	(void)args;
	return result(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
}

static int try_mount(char **args)
{
	return result(mount("none", args[1], "tmpfs", 0, NULL));
}

static int try_bpf(char **args)
{
	union bpf_attr attr = {
		.map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4, .max_entries = 1
	};

	(void)args;
	return result(syscall(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof(attr)));
}

static int try_perf(char **args)
{
	struct perf_event_attr attr = { .size = sizeof(attr),
					.type = PERF_TYPE_SOFTWARE,
					.config = PERF_COUNT_SW_DUMMY };

	return result(syscall(SYS_perf_event_open, &attr, atoi(args[1]), -1, -1, 0));
}

static int try_uid(char **args)
{
	return result(setresuid((uid_t)atoi(args[1]), (uid_t)-1, (uid_t)-1));
}

/* ---- the broker ---- */

/* "broker OP PID ARG ARG ARG ARG [PAYLOAD [FILE]]" */
static int try_broker(char **args)
{
	struct broker_call call = {
		.request = { .op = (uint32_t)atoi(args[1]), .pid = atoi(args[2]) },
		.payload = args[7],
		.payload_bytes = args[7] ? strlen(args[7]) : 0,
		.fds = { args[7] && args[8] ? open(args[8], O_RDONLY | O_CLOEXEC) : -1 },
	};
	int err;

	call.fd_cnt = call.fds[0] >= 0;
	for (size_t i = 0; i < ARRAY_SIZE(call.request.args); i++)
		call.request.args[i] = strtoull(args[3 + i], NULL, 0);
	err = broker__call(&call);
	if (call.ret_fd >= 0)
		(void)close(call.ret_fd);
	if (call.fds[0] >= 0)
		(void)close(call.fds[0]);
	return -err;
}

/* "memory PID ADDRESS BYTES": of any process, through the broker. */
static int try_memory(char **args)
{
	struct broker_call call = {
		.request = { .op = BROKER_READ_MEMORY,
			     .pid = atoi(args[1]),
			     .args = { strtoull(args[2], NULL, 0), strtoull(args[3], NULL, 0) } },
	};
	struct broker_connection *connection = broker_connection__own();

	return connection && broker_connection__shared(connection) ? -broker__call(&call) : EIO;
}

static const struct {
	const char *name;
	int (*try)(char **args);
} words[] = {
	{ "open", try_open },     { "unlink", try_unlink },   { "read", try_read },
	{ "trace", try_trace },   { "kill", try_kill },       { "exec", try_exec },
	{ "fork", try_fork },     { "network", try_network }, { "mount", try_mount },
	{ "bpf", try_bpf },       { "perf", try_perf },       { "uid", try_uid },
	{ "broker", try_broker }, { "memory", try_memory },
};

static int obey(char *line)
{
	char *args[16] = { NULL };
	size_t cnt = 0;

	for (char *word = strtok(line, " \n"); word && cnt < ARRAY_SIZE(args) - 1;
	     word = strtok(NULL, " \n"))
		args[cnt++] = word;
	for (size_t i = 0; cnt && i < ARRAY_SIZE(words); i++) {
		if (strcmp(args[0], words[i].name) == 0)
			return words[i].try(args);
	}
	return -1;
}

static void *listen_to_stdin(void *arg)
{
	char line[4096];

	while (fgets(line, sizeof(line), stdin)) {
		printf("%d\n", obey(line));
		(void)fflush(stdout);
	}
	return arg;
}

struct console *__wrap_console__new(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, listen_to_stdin, NULL))
		abort();
	(void)pthread_detach(thread);
	return __real_console__new();
}
