/* SPDX-License-Identifier: MIT */
/*
 * One broker a process: what a thread asks for is asked of whatever serves this process.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "broker.h"
#include "broker_message.h"
#include "broker_server.h"

#define END_WAIT_MS 1000

struct broker_connection {
	int fd;
	pid_t server;
	void *shared;
};

/* Written before there are threads. */
static struct {
	int fd; /* connections are sent here; 0: this process serves itself */
	pid_t pid;
} broker;

static __thread struct broker_connection *own;
static pthread_key_t own_key;
static pthread_once_t own_once = PTHREAD_ONCE_INIT;

/* ---- connections ---- */

static void free_own(void *arg)
{
	broker_connection__free(arg);
}

/* The thread that serves the parent does not serve its child. */
static void forget_own(void)
{
	broker_connection__free(own);
	own = NULL;
}

static void make_key(void)
{
	(void)pthread_key_create(&own_key, free_own);
	(void)pthread_atfork(NULL, NULL, forget_own);
}

static void set_own(struct broker_connection *connection)
{
	(void)pthread_once(&own_once, make_key);
	own = connection;
	(void)pthread_setspecific(own_key, connection);
}

void broker_connection__free(struct broker_connection *connection)
{
	if (!connection)
		return;
	if (connection->shared)
		(void)munmap(connection->shared, BROKER_SHARED_BYTES);
	(void)close(connection->fd);
	free(connection);
}

void broker_connection__leave(struct broker_connection *connection)
{
	if (connection == own)
		set_own(NULL);
}

/* Gives an end of a connection to whatever will serve it. Takes ownership of fd. */
static int hand_over(int fd)
{
	static struct broker_policy trusting;
	struct broker_message message = { .head = "", .head_bytes = 1, .fds = { fd }, .fd_cnt = 1 };
	int err;

	if (!broker.fd) {
		trusting.client = getpid();
		err = broker_server__start_thread(&trusting, fd);
		if (err)
			(void)close(fd);
		return err;
	}
	err = broker_message__send(broker.fd, &message);
	(void)close(fd);
	return err;
}

static int greet(struct broker_connection *connection)
{
	struct broker_call call = { .request.op = BROKER_HELLO };
	int err = broker_connection__ask(connection, &call);

	if (!err)
		err = broker_connection__take(connection, &call);
	connection->server = (pid_t)call.ret_value;
	return err;
}

static struct broker_connection *connect_own(void)
{
	struct broker_connection *connection = calloc(1, sizeof(*connection));
	int ends[2], err;

	if (!connection)
		return NULL;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends)) {
		free(connection);
		return NULL;
	}
	connection->fd = ends[0];
	err = hand_over(ends[1]);
	if (!err)
		err = greet(connection);
	if (!err)
		return connection;
	broker_connection__free(connection);
	errno = -err;
	return NULL;
}

struct broker_connection *broker_connection__own(void)
{
	if (!own) {
		struct broker_connection *connection = connect_own();

		if (!connection)
			return NULL;
		set_own(connection);
	}
	return own;
}

pid_t broker_connection__server(const struct broker_connection *connection)
{
	return connection->server;
}

static int share(struct broker_connection *connection, int memory)
{
	struct broker_call call = {
		.request.op = BROKER_SHARE,
		.fds = { memory },
		.fd_cnt = 1,
	};
	int err;

	if (ftruncate(memory, BROKER_SHARED_BYTES))
		return -errno;
	connection->shared =
		mmap(NULL, BROKER_SHARED_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
	if (connection->shared == MAP_FAILED) {
		connection->shared = NULL;
		return -errno;
	}
	err = broker_connection__ask(connection, &call);
	if (!err)
		err = broker_connection__take(connection, &call);
	if (err) {
		(void)munmap(connection->shared, BROKER_SHARED_BYTES);
		connection->shared = NULL;
	}
	return err;
}

void *broker_connection__shared(struct broker_connection *connection)
{
	int memory, err;

	if (connection->shared)
		return connection->shared;
	memory = memfd_create("ttlog-broker", MFD_CLOEXEC);
	if (memory < 0)
		return NULL;
	err = share(connection, memory);
	(void)close(memory);
	errno = -err;
	return connection->shared;
}

/* ---- calls ---- */

int broker_connection__ask(struct broker_connection *connection, const struct broker_call *call)
{
	struct broker_message message = {
		.head = (void *)&call->request,
		.head_bytes = sizeof(call->request),
		.payload = (void *)call->payload,
		.payload_bytes = call->payload_bytes,
		.fd_cnt = call->fd_cnt,
	};

	if (call->payload_bytes > BROKER_PAYLOAD_BYTES)
		return -EMSGSIZE;
	memcpy(message.fds, call->fds, sizeof(message.fds));
	return broker_message__send(connection->fd, &message);
}

bool broker_connection__wait(struct broker_connection *connection, int ms)
{
	struct pollfd fd = { .fd = connection->fd, .events = POLLIN };

	return poll(&fd, 1, ms) > 0;
}

int broker_connection__take(struct broker_connection *connection, struct broker_call *call)
{
	struct broker_answer answer = { 0 };
	struct broker_message message = {
		.head = &answer,
		.head_bytes = sizeof(answer),
		.payload = call->ret,
		.payload_bytes = call->ret_room,
	};
	int err = broker_message__receive(connection->fd, &message);

	call->ret_fd = -1;
	if (err)
		return err;
	call->ret_bytes = message.payload_bytes;
	call->ret_value = answer.value;
	if (message.fd_cnt)
		call->ret_fd = message.fds[0];
	return answer.err;
}

int broker__call(struct broker_call *call)
{
	struct broker_connection *connection = broker_connection__own();
	int err;

	call->ret_fd = -1;
	if (!connection)
		return -errno;
	err = broker_connection__ask(connection, call);
	return err ? err : broker_connection__take(connection, call);
}

ssize_t broker__read_text(enum broker_op op, const char *path, char *ret, size_t room)
{
	struct broker_call call = {
		.request.op = op,
		.payload = path,
		.payload_bytes = strlen(path),
		.ret = ret,
		.ret_room = room - 1,
	};
	int err = broker__call(&call);

	if (err)
		return err;
	ret[call.ret_bytes] = '\0';
	return (ssize_t)call.ret_bytes;
}

/* ---- the process ---- */

static bool is_kept(const struct broker_policy *policy, int main_fd, int fd)
{
	bool is = fd == main_fd || (policy->command && fd == policy->loading_fd);

	for (size_t i = 0; i < policy->program_cnt; i++)
		is |= fd == policy->programs[i];
	/* what CMD inherits */
	return is || !(fcntl(fd, F_GETFD) & FD_CLOEXEC);
}

/* The recorder's descriptors: some tell others that it lives. */
static void close_others(const struct broker_policy *policy, int main_fd)
{
	DIR *dir = opendir("/proc/self/fd");
	const struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		const int fd = atoi(entry->d_name);

		if (fd > STDERR_FILENO && fd != dirfd(dir) && !is_kept(policy, main_fd, fd))
			(void)close(fd);
	}
	if (dir)
		(void)closedir(dir);
}

/* The thread that has served this process, with all privileges, ends with its connection. */
static int await_one_thread(void)
{
	const struct timespec step = { .tv_nsec = 1000000 };
	struct stat tasks;

	broker_connection__free(own);
	set_own(NULL);
	/* a link for each thread, and two */
	for (int i = 0; i < END_WAIT_MS; i++) {
		if (stat("/proc/self/task", &tasks))
			return -errno;
		if (tasks.st_nlink == 3)
			return 0;
		(void)nanosleep(&step, NULL);
	}
	return -EBUSY;
}

int broker__start(const struct broker_policy *policy)
{
	int ends[2], err = await_one_thread();

	if (err)
		return err;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends))
		return -errno;
	broker.pid = fork();
	if (broker.pid < 0) {
		err = -errno;
		(void)close(ends[0]);
		(void)close(ends[1]);
		return err;
	}
	if (!broker.pid) {
		(void)prctl(PR_SET_NAME, "ttlog-broker", 0, 0, 0);
		close_others(policy, ends[1]);
		broker_server__run(policy, ends[1]);
	}
	(void)close(ends[1]);
	broker.fd = ends[0];
	return 0;
}

pid_t broker__pid(void)
{
	return broker.fd ? broker.pid : getpid();
}

int broker__fd(void)
{
	return broker.fd ? broker.fd : -1;
}

void broker__end(void)
{
	struct pollfd ended = { .events = POLLIN };

	if (!broker.fd)
		return;
	(void)close(broker.fd);
	broker.fd = 0;
	ended.fd = (int)syscall(SYS_pidfd_open, broker.pid, 0);
	if (ended.fd < 0)
		return;
	if (poll(&ended, 1, END_WAIT_MS) > 0)
		(void)waitpid(broker.pid, NULL, 0);
	(void)close(ended.fd);
}
