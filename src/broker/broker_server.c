/* SPDX-License-Identifier: MIT */
/*
 * A thread for each connection. The end of the recorder closes them all, and ends the process.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "broker_message.h"
#include "broker_server.h"

/* Address space, not memory: execvp() of a script copies the addresses of all its arguments. */
#define STACK_BYTES (4u << 20)

struct request_buffer {
	struct broker_request request;
	char payload[BROKER_PAYLOAD_BYTES + 1];
};

static int handle(const struct broker_task *task, struct broker_result *ret)
{
	const uint32_t op = task->request->op;

	if (op >= BROKER_OP_CNT || !broker_handlers[op])
		return -ENOSYS;
	return broker_handlers[op](task, ret);
}

/* False: the other end is closed. */
static bool answer_one(struct broker_peer *peer, struct request_buffer *buffer,
		       struct broker_result *result)
{
	struct broker_message asked = {
		.head = &buffer->request,
		.head_bytes = sizeof(buffer->request),
		.payload = buffer->payload,
		.payload_bytes = BROKER_PAYLOAD_BYTES,
	};
	struct broker_answer answer = { 0 };
	struct broker_message told = {
		.head = &answer,
		.head_bytes = sizeof(answer),
		.payload = result->payload,
	};
	int err = broker_message__receive(peer->fd, &asked);

	if (err && err != -EMFILE)
		return false;
	result->value = result->bytes = 0;
	result->fd = -1;
	buffer->payload[err ? 0 : asked.payload_bytes] = '\0';
	answer.err = err ? err
			 : handle(&(const struct broker_task){ peer, &buffer->request,
							       buffer->payload, asked.payload_bytes,
							       asked.fds, asked.fd_cnt },
				  result);
	answer.value = result->value;
	told.payload_bytes = result->bytes;
	told.fds[0] = result->fd;
	told.fd_cnt = result->fd >= 0;
	err = broker_message__send(peer->fd, &told);
	if (result->fd >= 0)
		(void)close(result->fd);
	while (asked.fd_cnt)
		(void)close(asked.fds[--asked.fd_cnt]);
	return !err;
}

void broker_server__serve(const struct broker_policy *policy, int fd)
{
	struct broker_peer peer = { .policy = policy, .fd = fd };
	struct request_buffer *buffer = malloc(sizeof(*buffer));
	struct broker_result *result = malloc(sizeof(*result));

	while (buffer && result && answer_one(&peer, buffer, result))
		continue;
	if (peer.shared)
		(void)munmap(peer.shared, BROKER_SHARED_BYTES);
	free(buffer);
	free(result);
	(void)close(fd);
}

struct start {
	const struct broker_policy *policy;
	int fd;
};

static void *run_thread(void *arg)
{
	const struct start start = *(struct start *)arg;

	free(arg);
	broker_server__serve(start.policy, start.fd);
	return NULL;
}

int broker_server__start_thread(const struct broker_policy *policy, int fd)
{
	struct start *start = malloc(sizeof(*start));
	pthread_attr_t attr;
	pthread_t thread;
	sigset_t all, before;
	int err;

	if (!start)
		return -ENOMEM;
	*start = (struct start){ policy, fd };
	(void)pthread_attr_init(&attr);
	(void)pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	(void)pthread_attr_setstacksize(&attr, STACK_BYTES);
	sigfillset(&all);
	(void)pthread_sigmask(SIG_BLOCK, &all, &before);
	err = -pthread_create(&thread, &attr, run_thread, start);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	(void)pthread_attr_destroy(&attr);
	if (err)
		free(start);
	return err;
}

_Noreturn void broker_server__run(const struct broker_policy *policy, int main_fd)
{
	sigset_t all;
	int err = 0;

	sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, NULL);
	while (err != -EPIPE) {
		char head;
		struct broker_message message = { .head = &head, .head_bytes = 1 };

		err = broker_message__receive(main_fd, &message);
		for (size_t i = 0; !err && i < message.fd_cnt; i++) {
			/* the other end is closed with this one, which the recorder sees */
			if (broker_server__start_thread(policy, message.fds[i]))
				(void)close(message.fds[i]);
		}
	}
	_exit(0);
}
