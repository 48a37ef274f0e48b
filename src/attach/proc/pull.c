/* SPDX-License-Identifier: MIT */
/*
 * A process can make a reader of its memory wait for ever for a missing page (userfaultfd, FUSE).
 * Then only its death ends process_vm_readv(). So the thread of the broker that serves us is the
 * reader, and we wait with a limit. If the reader does not come back, its connection is left behind
 * until it does. While it waits, no other thread reads that process.
 *
 * A reader counts as stuck if it sleeps in the call. If it is slow because the machine or this
 * process is, we wait: what counts is how often we have waited, and whether the reader could run,
 * not the clock.
 */
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "wire.h"
#include "broker.h"
#include "proc_file.h"
#include "pull.h"

#define LIMIT_MS     250  /* for one read: far more than a page from disk takes */
#define RUNNING_MS   5000 /* if the reader runs, or is ready to run */
#define MEANWHILE_MS 2

/* A connection whose reader still waits for a process. */
struct left {
	struct broker_connection *connection;
	pid_t pid;
	struct left *next;
};

static pthread_mutex_t left_lock = PTHREAD_MUTEX_INITIALIZER;
static struct left *left_readers;

/* Frees what has come back. */
static bool is_waited_for(pid_t pid)
{
	bool is_left = false;

	pthread_mutex_lock(&left_lock);
	for (struct left **at = &left_readers, *left; (left = *at);) {
		if (broker_connection__wait(left->connection, 0)) {
			*at = left->next;
			broker_connection__free(left->connection);
			free(left);
			continue;
		}
		is_left |= left->pid == pid;
		at = &left->next;
	}
	pthread_mutex_unlock(&left_lock);
	return is_left;
}

static void leave_behind(struct broker_connection *connection, pid_t pid)
{
	struct left *left = malloc(sizeof(*left));

	broker_connection__leave(connection);
	if (!left) {
		broker_connection__free(connection);
		return;
	}
	*left = (struct left){ .connection = connection, .pid = pid };
	pthread_mutex_lock(&left_lock);
	left->next = left_readers;
	left_readers = left;
	pthread_mutex_unlock(&left_lock);
}

/* Whether the reader is ready to run. */
static bool is_runnable(const struct broker_connection *connection)
{
	char stat[128];
	const char *state;

	(void)proc_file__read(stat, sizeof(stat), "%d/task/%d/stat", (int)broker__pid(),
			      (int)broker_connection__server(connection));
	state = strrchr(stat, ')');
	return state && state[1] == ' ' && state[2] == 'R';
}

/* Waits; returns whether there is an answer. */
static bool wait_for(struct broker_connection *connection, const struct pull_meanwhile *meanwhile)
{
	for (int ms = 0; ms < LIMIT_MS || (ms < RUNNING_MS && is_runnable(connection));
	     ms += MEANWHILE_MS) {
		if (broker_connection__wait(connection, MEANWHILE_MS))
			return true;
		if (meanwhile)
			meanwhile->act(meanwhile->ctx);
	}
	return broker_connection__wait(connection, 0);
}

/* The answer, in *ret, is valid until the thread's next question. */
static int ask(struct broker_call *call, const struct pull_meanwhile *meanwhile, const void **ret)
{
	struct broker_connection *connection;
	int err;

	if (is_waited_for(call->request.pid))
		return -ETIMEDOUT;
	connection = broker_connection__own();
	if (!connection)
		return -errno;
	*ret = broker_connection__shared(connection);
	if (!*ret)
		return -errno;
	err = broker_connection__ask(connection, call);
	if (err)
		return err;
	if (wait_for(connection, meanwhile))
		return broker_connection__take(connection, call);
	leave_behind(connection, call->request.pid);
	return -ETIMEDOUT;
}

static int ask_memory(pid_t pid, uint64_t address, size_t len,
		      const struct pull_meanwhile *meanwhile, const void **ret)
{
	struct broker_call call = {
		.request = { .op = BROKER_READ_MEMORY, .pid = pid, .args = { address, len } },
	};

	return ask(&call, meanwhile, ret);
}

/* Returns what the answer says: how many could be read, or -errno. */
static ssize_t ask_batches(enum broker_op op, pid_t pid, const uint64_t *addresses, size_t cnt,
			   const struct pull_meanwhile *meanwhile, const void **ret)
{
	struct broker_call call = {
		.request = { .op = op, .pid = pid },
		.payload = addresses,
		.payload_bytes = cnt * sizeof(*addresses),
	};
	int err = ask(&call, meanwhile, ret);

	return err ? err : (ssize_t)call.ret_value;
}

int pull__memory(pid_t pid, uint64_t address, void *ret, size_t len,
		 const struct pull_meanwhile *meanwhile)
{
	int err = 0;

	for (size_t at = 0; !err && at < len; at += PULL_BUFFER_BYTES) {
		const size_t part = len - at < PULL_BUFFER_BYTES ? len - at : PULL_BUFFER_BYTES;
		const void *answer;

		err = ask_memory(pid, address + at, part, meanwhile, &answer);
		if (!err)
			memcpy((char *)ret + at, answer, part);
	}
	return err;
}

int pull__batch(pid_t pid, uint64_t address, struct wire_batch *ret,
		const struct pull_meanwhile *meanwhile)
{
	const void *answer;
	ssize_t cnt = ask_batches(BROKER_READ_BATCH, pid, &address, 1, meanwhile, &answer);

	if (cnt < 0)
		return (int)cnt;
	memcpy(ret, answer, ((const struct wire_batch *)answer)->head.bytes);
	return 0;
}

struct wire_batch *pull__next(struct wire_batch *batch)
{
	size_t bytes = batch->head.bytes ? batch->head.bytes : sizeof(*batch);

	return (struct wire_batch *)((char *)batch + ((bytes + 7) & ~(size_t)7));
}

ssize_t pull__batches(pid_t pid, const uint64_t *addresses, size_t cnt, struct wire_batch *ret,
		      const struct pull_meanwhile *meanwhile)
{
	const void *answer;
	ssize_t got = ask_batches(BROKER_READ_BATCHES, pid, addresses, cnt, meanwhile, &answer);
	const struct wire_batch *end = answer;

	for (ssize_t i = 0; i < got; i++)
		end = pull__next((struct wire_batch *)end);
	if (got > 0)
		memcpy(ret, answer, (size_t)((const char *)end - (const char *)answer));
	return got;
}

ssize_t pull__heads(pid_t pid, const uint64_t *addresses, size_t cnt, struct ttlog_batch *ret,
		    const struct pull_meanwhile *meanwhile)
{
	const void *answer;
	ssize_t got = ask_batches(BROKER_READ_HEADS, pid, addresses, cnt, meanwhile, &answer);

	if (got > 0)
		memcpy(ret, answer, (size_t)got * sizeof(*ret));
	return got;
}
