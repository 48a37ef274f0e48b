/* SPDX-License-Identifier: MIT */
/*
 * A process can make a reader of its memory wait for ever for a missing page (userfaultfd, FUSE).
 * Then only its death ends process_vm_readv(). So each thread that reads uses a second thread, the
 * reader. If the reader does not come back, it is left behind, and ends when it does. While it
 * waits, no other thread reads that process.
 *
 * A reader counts as stuck if it sleeps in the call. If it is slow because the machine or this
 * process is, we wait: what counts is how often we have waited, and whether the reader could run,
 * not the clock.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "wire.h"
#include "clock.h"
#include "proc_file.h"
#include "proc_thread.h"
#include "pull.h"

#define PULL_TRIES   8
#define LIMIT_MS     250  /* for one read: far more than a page from disk takes */
#define RUNNING_MS   5000 /* if the reader runs, or is ready to run */
#define MEANWHILE_MS 2
#define NS_PER_MS    1000000u
#define STACK_BYTES  (64u << 10)

enum reader_state {
	READER_IDLE,
	READER_ASKED,
	READER_DONE,
	READER_LEFT, /* its thread frees it when it comes back */
};

enum read_kind {
	READ_MEMORY,
	READ_BATCH,
	READ_BATCHES,
	READ_HEADS,
};

struct reader {
	pthread_mutex_t
		lock; /* of the fields below; `bytes` belong to its thread during a request */
	pthread_cond_t changed;
	enum reader_state state;
	pid_t pid, tid; /* the process to read; tid of the reader */
	enum read_kind kind;
	uint64_t addresses[PULL_MAX_CNT];
	size_t cnt; /* how many addresses; then how many were read */
	size_t len; /* of memory */
	int err;
	struct reader *next_left;
	union {
		unsigned char bytes[PULL_BUFFER_BYTES];
		struct wire_batch batch;
		struct ttlog_batch heads[PULL_MAX_CNT];
	};
};

static __thread struct reader *own_reader;

/* For readers that were left behind; taken with a reader's lock held, or none. */
static pthread_mutex_t left_lock = PTHREAD_MUTEX_INITIALIZER;
static struct reader *left_readers;

static bool is_waited_for(pid_t pid)
{
	const struct reader *reader;

	pthread_mutex_lock(&left_lock);
	for (reader = left_readers; reader && reader->pid != pid; reader = reader->next_left)
		continue;
	pthread_mutex_unlock(&left_lock);
	return reader;
}

static void leave_behind(struct reader *reader)
{
	pthread_mutex_lock(&left_lock);
	reader->next_left = left_readers;
	left_readers = reader;
	pthread_mutex_unlock(&left_lock);
}

static void come_back(struct reader *reader)
{
	struct reader **at;

	pthread_mutex_lock(&left_lock);
	for (at = &left_readers; *at != reader; at = &(*at)->next_left)
		continue;
	*at = reader->next_left;
	pthread_mutex_unlock(&left_lock);
}

/* ---- the reader thread ---- */

static ssize_t read_memory(pid_t pid, const struct iovec *to, const struct iovec *from, size_t cnt)
{
	ssize_t got = process_vm_readv(pid, to, 1, from, cnt, 0);
	pid_t living;

	if (got >= 0 || errno != ESRCH)
		return got;
	/* main may have called pthread_exit(): its thread has no memory any more */
	living = (pid_t)proc_thread__living((uint32_t)pid);
	if (living == pid) {
		errno = ESRCH;
		return -1;
	}
	return process_vm_readv(living, to, 1, from, cnt, 0);
}

static int read_now(pid_t pid, uint64_t address, void *ret, size_t len)
{
	struct iovec to = { .iov_base = ret, .iov_len = len };
	/* an address in the other process, never followed here */
	struct iovec from = { .iov_base = (void *)(uintptr_t)address, .iov_len = len };
	ssize_t got = read_memory(pid, &to, &from, 1);

	if (got < 0)
		return -errno;
	return (size_t)got == len ? 0 : -EFAULT;
}

/* In one call, because its thread may flush meanwhile. -EMSGSIZE: no room for its records. */
static int read_batch(pid_t pid, uint64_t address, struct wire_batch *ret, size_t room)
{
	struct ttlog_batch before, after;
	uint64_t bytes;
	int err = read_now(pid, address, &before, sizeof(before));

	if (err)
		return err;
	bytes = (uint32_t)before.committed;
	if (before.magic != TTLOG_BATCH_MAGIC || bytes > TTLOG_BATCH_MAX_BYTES - sizeof(before))
		return -EBADMSG;
	if (bytes > room)
		return -EMSGSIZE;
	err = read_now(pid, address + sizeof(before), ret + 1, bytes);
	if (!err)
		err = read_now(pid, address, &after, sizeof(after));
	if (err)
		return err;
	if (after.seq != before.seq)
		return -EAGAIN;
	memset(ret, 0, sizeof(*ret));
	ret->head.bytes = sizeof(*ret) + bytes;
	ret->address = address;
	ret->batch = before;
	return 0;
}

static int try_batch(pid_t pid, uint64_t address, struct wire_batch *ret, size_t room)
{
	int err = -EAGAIN;

	for (int i = 0; err == -EAGAIN && i < PULL_TRIES; i++)
		err = read_batch(pid, address, ret, room);
	return err;
}

static int read_batches(struct reader *reader)
{
	struct wire_batch *batch = &reader->batch;
	size_t cnt = 0;

	while (cnt < reader->cnt) {
		const size_t used = (size_t)((unsigned char *)(batch + 1) - reader->bytes);
		int err = -EMSGSIZE;

		if (used <= sizeof(reader->bytes))
			err = try_batch(reader->pid, reader->addresses[cnt], batch,
					sizeof(reader->bytes) - used);
		if (err == -ESRCH || err == -EPERM)
			return err;
		if (err == -EMSGSIZE && cnt)
			break;
		if (err)
			batch->head.bytes = 0;
		batch = pull__next(batch);
		cnt++;
	}
	reader->cnt = cnt;
	return 0;
}

static int read_heads(struct reader *reader)
{
	struct iovec to = { .iov_base = reader->heads,
			    .iov_len = reader->cnt * sizeof(reader->heads[0]) };
	struct iovec from[PULL_MAX_CNT];
	ssize_t got;

	for (size_t i = 0; i < reader->cnt; i++)
		from[i] = (struct iovec){ .iov_base = (void *)(uintptr_t)reader->addresses[i],
					  .iov_len = sizeof(reader->heads[0]) };
	got = read_memory(reader->pid, &to, from, reader->cnt);
	if (got < 0 && errno != EFAULT)
		return -errno;
	reader->cnt = got < 0 ? 0 : (size_t)got / sizeof(reader->heads[0]);
	return 0;
}

static int read_asked(struct reader *reader)
{
	const size_t room = sizeof(reader->bytes) - sizeof(reader->batch);

	switch (reader->kind) {
	case READ_MEMORY:
		return read_now(reader->pid, reader->addresses[0], reader->bytes, reader->len);
	case READ_BATCH:
		return try_batch(reader->pid, reader->addresses[0], &reader->batch, room);
	case READ_BATCHES:
		return read_batches(reader);
	case READ_HEADS:
		break;
	}
	return read_heads(reader);
}

static void reader__free(struct reader *reader)
{
	pthread_cond_destroy(&reader->changed);
	pthread_mutex_destroy(&reader->lock);
	free(reader);
}

static void *serve(void *arg)
{
	struct reader *reader = arg;

	pthread_mutex_lock(&reader->lock);
	reader->tid = gettid();
	while (reader->state != READER_LEFT) {
		if (reader->state != READER_ASKED) {
			pthread_cond_wait(&reader->changed, &reader->lock);
			continue;
		}
		pthread_mutex_unlock(&reader->lock);
		reader->err = read_asked(reader);
		pthread_mutex_lock(&reader->lock);
		if (reader->state == READER_ASKED)
			reader->state = READER_DONE;
		pthread_cond_signal(&reader->changed);
	}
	pthread_mutex_unlock(&reader->lock);
	come_back(reader);
	reader__free(reader);
	return NULL;
}

static int start_thread(struct reader *reader)
{
	pthread_attr_t attr;
	pthread_t thread;
	sigset_t all, before;
	int err;

	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	(void)pthread_attr_setstacksize(&attr, STACK_BYTES);
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	err = -pthread_create(&thread, &attr, serve, reader);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attr);
	return err;
}

static struct reader *reader__new(void)
{
	struct reader *reader = calloc(1, sizeof(*reader));
	int err;

	if (!reader)
		return NULL;
	pthread_mutex_init(&reader->lock, NULL);
	clock__init_condition(&reader->changed);
	err = start_thread(reader);
	if (err) {
		reader__free(reader);
		errno = -err;
		return NULL;
	}
	return reader;
}

/* ---- the asking thread ---- */

/* Whether the reader has yet to begin, or is ready to run. */
static bool is_runnable(pid_t tid)
{
	char stat[128];
	const char *state;

	if (!tid)
		return true;
	(void)proc_file__read(stat, sizeof(stat), "/proc/self/task/%d/stat", (int)tid);
	state = strrchr(stat, ')');
	return state && state[1] == ' ' && state[2] == 'R';
}

/* Whether to wait once more. The lock is held. */
static bool is_patient(const struct reader *reader, int waited_ms)
{
	return waited_ms < LIMIT_MS || (waited_ms < RUNNING_MS && is_runnable(reader->tid));
}

/* Waits; returns whether the request is done. The lock is held. */
static bool wait_for(struct reader *reader, const struct pull_meanwhile *meanwhile)
{
	struct timespec until;

	for (int ms = 0; reader->state == READER_ASKED && is_patient(reader, ms);
	     ms += MEANWHILE_MS) {
		until = clock__timespec(clock__now_mono_ns() + MEANWHILE_MS * NS_PER_MS);
		while (reader->state == READER_ASKED &&
		       pthread_cond_timedwait(&reader->changed, &reader->lock, &until) == 0)
			continue;
		if (reader->state != READER_ASKED || !meanwhile)
			continue;
		pthread_mutex_unlock(&reader->lock);
		meanwhile->act(meanwhile->ctx);
		pthread_mutex_lock(&reader->lock);
	}
	return reader->state != READER_ASKED;
}

/* The answer is in own_reader. */
static int ask(pid_t pid, enum read_kind kind, const uint64_t *addresses, size_t cnt, size_t len,
	       const struct pull_meanwhile *meanwhile)
{
	struct reader *reader = own_reader;
	int err;

	if (is_waited_for(pid))
		return -ETIMEDOUT;
	if (!reader)
		reader = reader__new();
	if (!reader)
		return -errno;
	own_reader = reader;
	pthread_mutex_lock(&reader->lock);
	reader->pid = pid;
	reader->kind = kind;
	memcpy(reader->addresses, addresses, cnt * sizeof(*addresses));
	reader->cnt = cnt;
	reader->len = len;
	reader->state = READER_ASKED;
	pthread_cond_signal(&reader->changed);
	if (!wait_for(reader, meanwhile)) {
		reader->state = READER_LEFT;
		leave_behind(reader);
		own_reader = NULL;
		pthread_mutex_unlock(&reader->lock);
		return -ETIMEDOUT;
	}
	err = reader->err;
	reader->state = READER_IDLE;
	pthread_mutex_unlock(&reader->lock);
	return err;
}

int pull__memory(pid_t pid, uint64_t address, void *ret, size_t len,
		 const struct pull_meanwhile *meanwhile)
{
	int err = 0;

	for (size_t at = 0; !err && at < len; at += PULL_BUFFER_BYTES) {
		size_t part = len - at < PULL_BUFFER_BYTES ? len - at : PULL_BUFFER_BYTES;
		uint64_t from = address + at;

		err = ask(pid, READ_MEMORY, &from, 1, part, meanwhile);
		if (!err)
			memcpy((char *)ret + at, own_reader->bytes, part);
	}
	return err;
}

int pull__batch(pid_t pid, uint64_t address, struct wire_batch *ret,
		const struct pull_meanwhile *meanwhile)
{
	int err = ask(pid, READ_BATCH, &address, 1, 0, meanwhile);

	if (!err)
		memcpy(ret, own_reader->bytes, own_reader->batch.head.bytes);
	return err;
}

struct wire_batch *pull__next(struct wire_batch *batch)
{
	size_t bytes = batch->head.bytes ? batch->head.bytes : sizeof(*batch);

	return (struct wire_batch *)((char *)batch + ((bytes + 7) & ~(size_t)7));
}

ssize_t pull__batches(pid_t pid, const uint64_t *addresses, size_t cnt, struct wire_batch *ret,
		      const struct pull_meanwhile *meanwhile)
{
	int err = ask(pid, READ_BATCHES, addresses, cnt, 0, meanwhile);
	const struct wire_batch *end;

	if (err)
		return err;
	end = &own_reader->batch;
	for (size_t i = 0; i < own_reader->cnt; i++)
		end = pull__next((struct wire_batch *)end);
	memcpy(ret, own_reader->bytes, (size_t)((const unsigned char *)end - own_reader->bytes));
	return (ssize_t)own_reader->cnt;
}

ssize_t pull__heads(pid_t pid, const uint64_t *addresses, size_t cnt, struct ttlog_batch *ret,
		    const struct pull_meanwhile *meanwhile)
{
	int err = ask(pid, READ_HEADS, addresses, cnt, 0, meanwhile);

	if (err)
		return err;
	memcpy(ret, own_reader->heads, own_reader->cnt * sizeof(*ret));
	return (ssize_t)own_reader->cnt;
}
