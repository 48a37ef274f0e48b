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
#include "output_dir.h"
#include "probe_links.h"
#include "process_files.h"
#include "process_memory.h"
#include "traced_command.h"
#include "tracer.h"

/* Address space, not memory: execvp() of a script copies the addresses of all its arguments. */
#define STACK_BYTES (4u << 20)

static int hello(const struct broker_task *task, struct broker_result *ret)
{
	(void)task;
	ret->value = (uint64_t)gettid();
	return 0;
}

static const broker_handler handlers[BROKER_OP_CNT] = {
	[BROKER_HELLO] = hello,
	[BROKER_OPEN_PROC] = process_files__serve_open,
	[BROKER_READ_LINK] = process_files__serve_link,
	[BROKER_OPEN_CODE] = process_files__serve_code,
	[BROKER_LIVING_THREAD] = process_files__serve_living,
	[BROKER_SHARE] = process_memory__serve_share,
	[BROKER_READ_MEMORY] = process_memory__serve_memory,
	[BROKER_READ_BATCH] = process_memory__serve_batch,
	[BROKER_READ_BATCHES] = process_memory__serve_batches,
	[BROKER_READ_HEADS] = process_memory__serve_heads,
	[BROKER_LINK_ALL] = probe_links__serve_all,
	[BROKER_LINK_ONE] = probe_links__serve_one,
	[BROKER_OPEN_CPU] = probe_links__serve_cpu,
	[BROKER_START_COMMAND] = traced_command__serve_start,
	[BROKER_SIGNAL_COMMAND] = traced_command__serve_signal,
	[BROKER_SEIZE] = tracer__serve_seize,
	[BROKER_WAIT] = tracer__serve_wait,
	[BROKER_INTERRUPT] = tracer__serve_interrupt,
	[BROKER_WAKE] = tracer__serve_wake,
	[BROKER_OUT_OPEN_DIR] = output_dir__serve_open_dir,
	[BROKER_OUT_FIND_NEW] = output_dir__serve_find_new,
	[BROKER_OUT_OPEN] = output_dir__serve_open,
	[BROKER_OUT_LOOK] = output_dir__serve_look,
	[BROKER_OUT_UNLINK] = output_dir__serve_unlink,
	[BROKER_OUT_LINK] = output_dir__serve_link,
	[BROKER_OUT_LINK_UNNAMED] = output_dir__serve_link_unnamed,
	[BROKER_OUT_RENAME] = output_dir__serve_rename,
	[BROKER_OUT_SET_ATTRIBUTE] = output_dir__serve_set_attribute,
	[BROKER_OUT_SHARE] = output_dir__serve_share,
};

struct request_buffer {
	struct broker_request request;
	char payload[BROKER_PAYLOAD_BYTES + 1];
};

static int handle(const struct broker_task *task, struct broker_result *ret)
{
	const uint32_t op = task->request->op;

	if (op >= BROKER_OP_CNT || !handlers[op])
		return -ENOSYS;
	return handlers[op](task, ret);
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

	if (err)
		return false;
	buffer->payload[asked.payload_bytes] = '\0';
	result->value = result->bytes = 0;
	result->fd = -1;
	answer.err =
		handle(&(const struct broker_task){ peer, &buffer->request, buffer->payload,
						    asked.payload_bytes, asked.fds, asked.fd_cnt },
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
