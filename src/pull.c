/* SPDX-License-Identifier: MIT */
/*
 * A page that is not there may keep its reader waiting for ever, where its process wants that
 * (userfaultfd, FUSE), and nothing but death ends process_vm_readv() then. So each thread that
 * reads has another do it. That one is left behind when it does not come back, and ends when it
 * does.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <time.h>

#include "../bpf/wire.h"
#include "pull.h"

#define PULL_TRIES   8
#define LIMIT_MS     250 /* of one read: far more than a page from disk takes */
#define MEANWHILE_MS 2
#define NS_PER_MS    1000000L
#define NS_PER_S     1000000000L
#define STACK_BYTES  (64u << 10)

enum reader_state {
	READER_IDLE,
	READER_ASKED,
	READER_DONE,
	READER_LEFT, /* its thread, when it comes back, frees it */
};

struct reader {
	pthread_mutex_t
		lock; /* what follows, but that `bytes` are its thread's while it is asked */
	pthread_cond_t changed;
	enum reader_state state;
	pid_t pid;
	uint64_t address;
	size_t len; /* 0: a batch */
	size_t head_cnt; /* not 0: heads, of those addresses; how many were read */
	uint64_t head_addresses[PULL_MAX_HEADS];
	int err;
	union {
		unsigned char bytes[PULL_BUFFER_BYTES];
		struct wire_batch batch;
		struct ttlog_batch heads[PULL_MAX_HEADS];
	};
};

static __thread struct reader *own_reader;

/* ---- its thread ---- */

static int read_now(pid_t pid, uint64_t address, void *ret, size_t len)
{
	struct iovec to = { .iov_base = ret, .iov_len = len };
	/* an address in the other process, never followed here */
	struct iovec from = { .iov_base = (void *)(uintptr_t)address, .iov_len = len };
	ssize_t got = process_vm_readv(pid, &to, 1, &from, 1, 0);

	if (got < 0)
		return -errno;
	return (size_t)got == len ? 0 : -EFAULT;
}

/* In one go: its thread flushes meanwhile. */
static int read_batch(pid_t pid, uint64_t address, struct wire_batch *ret)
{
	struct ttlog_batch before, after;
	uint64_t bytes;
	int err = read_now(pid, address, &before, sizeof(before));

	if (err)
		return err;
	bytes = (uint32_t)before.committed;
	if (before.magic != TTLOG_BATCH_MAGIC || bytes > TTLOG_BATCH_MAX_BYTES)
		return -EBADMSG;
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

static int read_heads(struct reader *reader)
{
	struct iovec to = { .iov_base = reader->heads,
			    .iov_len = reader->head_cnt * sizeof(reader->heads[0]) };
	struct iovec from[PULL_MAX_HEADS];
	ssize_t got;

	for (size_t i = 0; i < reader->head_cnt; i++)
		from[i] = (struct iovec){ .iov_base = (void *)(uintptr_t)reader->head_addresses[i],
					  .iov_len = sizeof(reader->heads[0]) };
	got = process_vm_readv(reader->pid, &to, 1, from, reader->head_cnt, 0);
	if (got < 0 && errno != EFAULT)
		return -errno;
	reader->head_cnt = got < 0 ? 0 : (size_t)got / sizeof(reader->heads[0]);
	return 0;
}

static int read_asked(struct reader *reader)
{
	int err = -EAGAIN;

	if (reader->head_cnt)
		return read_heads(reader);
	if (reader->len)
		return read_now(reader->pid, reader->address, reader->bytes, reader->len);
	for (int i = 0; err == -EAGAIN && i < PULL_TRIES; i++)
		err = read_batch(reader->pid, reader->address, &reader->batch);
	return err;
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
	pthread_condattr_t attr;
	int err;

	if (!reader)
		return NULL;
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_mutex_init(&reader->lock, NULL);
	pthread_cond_init(&reader->changed, &attr);
	pthread_condattr_destroy(&attr);
	err = start_thread(reader);
	if (err) {
		reader__free(reader);
		errno = -err;
		return NULL;
	}
	return reader;
}

/* ---- who asks it ---- */

static void add_ms(struct timespec *time, long ms)
{
	time->tv_nsec += ms * NS_PER_MS;
	time->tv_sec += time->tv_nsec / NS_PER_S;
	time->tv_nsec %= NS_PER_S;
}

/* Whether it is done by now. The lock is held. */
static bool wait_for(struct reader *reader, const struct pull_meanwhile *meanwhile)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	for (int i = 0; reader->state == READER_ASKED && i < LIMIT_MS / MEANWHILE_MS; i++) {
		add_ms(&until, MEANWHILE_MS);
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

/* The reader, locked, to be told what is wanted; NULL with errno. */
static struct reader *begin(pid_t pid)
{
	struct reader *reader = own_reader ? own_reader : reader__new();

	if (!reader)
		return NULL;
	own_reader = reader;
	pthread_mutex_lock(&reader->lock);
	reader->pid = pid;
	reader->head_cnt = 0;
	return reader;
}

/* Unlocks it when it has done what it was told. */
static int finish(struct reader *reader, const struct pull_meanwhile *meanwhile)
{
	int err;

	reader->state = READER_ASKED;
	pthread_cond_signal(&reader->changed);
	if (!wait_for(reader, meanwhile)) {
		reader->state = READER_LEFT;
		own_reader = NULL;
		pthread_mutex_unlock(&reader->lock);
		return -ETIMEDOUT;
	}
	err = reader->err;
	reader->state = READER_IDLE;
	pthread_mutex_unlock(&reader->lock);
	return err;
}

/* Into the reader's bytes. len: at most PULL_BUFFER_BYTES; 0 for a batch. */
static int ask(pid_t pid, uint64_t address, size_t len, const struct pull_meanwhile *meanwhile)
{
	struct reader *reader = begin(pid);

	if (!reader)
		return -errno;
	reader->address = address;
	reader->len = len;
	return finish(reader, meanwhile);
}

int pull__memory(pid_t pid, uint64_t address, void *ret, size_t len,
		 const struct pull_meanwhile *meanwhile)
{
	int err = 0;

	for (size_t at = 0; !err && at < len; at += PULL_BUFFER_BYTES) {
		size_t part = len - at < PULL_BUFFER_BYTES ? len - at : PULL_BUFFER_BYTES;

		err = ask(pid, address + at, part, meanwhile);
		if (!err)
			memcpy((char *)ret + at, own_reader->bytes, part);
	}
	return err;
}

int pull__batch(pid_t pid, uint64_t address, struct wire_batch *ret,
		const struct pull_meanwhile *meanwhile)
{
	int err = ask(pid, address, 0, meanwhile);

	if (!err)
		memcpy(ret, own_reader->bytes, own_reader->batch.head.bytes);
	return err;
}

ssize_t pull__heads(pid_t pid, const uint64_t *addresses, size_t cnt, struct ttlog_batch *ret,
		    const struct pull_meanwhile *meanwhile)
{
	struct reader *reader = cnt ? begin(pid) : NULL;
	int err;

	if (!reader)
		return cnt ? -errno : 0;
	reader->head_cnt = cnt;
	memcpy(reader->head_addresses, addresses, cnt * sizeof(*addresses));
	err = finish(reader, meanwhile);
	if (err)
		return err;
	memcpy(ret, own_reader->heads, own_reader->head_cnt * sizeof(*ret));
	return (ssize_t)own_reader->head_cnt;
}
