/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "wire.h"
#include "broker.h"
#include "broker_server.h"
#include "process_files.h"
#include "process_memory.h"

#define TRIES   8
#define MAX_CNT 256u

static ssize_t read_parts(pid_t pid, const struct iovec *to, const struct iovec *from, size_t cnt)
{
	ssize_t got = process_vm_readv(pid, to, 1, from, cnt, 0);
	pid_t living;

	if (got >= 0 || errno != ESRCH)
		return got;
	/* main may have called pthread_exit(): its thread has no memory any more */
	living = (pid_t)process_files__find_living((uint32_t)pid);
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
	ssize_t got = read_parts(pid, &to, &from, 1);

	if (got < 0)
		return -errno;
	return (size_t)got == len ? 0 : -EFAULT;
}

/* ---- shared memory ---- */

int process_memory__serve_share(const struct broker_task *task, struct broker_result *ret)
{
	struct broker_peer *peer = task->peer;
	struct stat status;
	void *at;

	(void)ret;
	if (peer->shared || task->fd_cnt != 1 || fstat(task->fds[0], &status) ||
	    status.st_size < (off_t)BROKER_SHARED_BYTES)
		return -EINVAL;
	at = mmap(NULL, BROKER_SHARED_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, task->fds[0], 0);
	if (at == MAP_FAILED)
		return -errno;
	peer->shared = at;
	return 0;
}

/* ---- memory ---- */

/* What a policy that allows no memory gives all the same: the head of a batch, or a module. */
static bool is_of_ttlog(const void *memory, size_t len)
{
	union {
		struct ttlog_batch batch;
		struct ttlog_module module;
	} is;

	if (len != sizeof(is))
		return false;
	memcpy(&is, memory, sizeof(is));
	return is.batch.magic == TTLOG_BATCH_MAGIC || TTLOG_ABI_IS_KNOWN(is.module.version);
}

int process_memory__serve_memory(const struct broker_task *task, struct broker_result *ret)
{
	const struct broker_request *request = task->request;
	const struct broker_policy *policy = task->peer->policy;
	const size_t len = request->args[1];
	char head[sizeof(struct ttlog_batch)];
	int err;

	(void)ret;
	if (!task->peer->shared || len > BROKER_SHARED_BYTES)
		return -EINVAL;
	if (!policy->is_strict || policy->allows_memory)
		return read_now(request->pid, request->args[0], task->peer->shared, len);
	if (len != sizeof(head))
		return -EPERM;
	/* looked at where the recorder can't see it yet */
	err = read_now(request->pid, request->args[0], head, len);
	if (!err && !is_of_ttlog(head, len))
		err = -EBADMSG;
	if (!err)
		memcpy(task->peer->shared, head, len);
	return err;
}

/* ---- batches ---- */

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
	/* a level's flag may have come after its byte was read, and before `committed` was */
	ret->batch.flags |= after.flags & TTLOG_BATCH_LEVELS;
	return 0;
}

static int try_batch(pid_t pid, uint64_t address, struct wire_batch *ret, size_t room)
{
	int err = -EAGAIN;

	for (int i = 0; err == -EAGAIN && i < TRIES; i++)
		err = read_batch(pid, address, ret, room);
	return err;
}

/* The addresses of a task; false: there are none, or no room for answers. */
static bool take_addresses(const struct broker_task *task, uint64_t ret[MAX_CNT], size_t *ret_cnt)
{
	const size_t cnt = task->bytes / sizeof(*ret);

	if (!task->peer->shared || !cnt || cnt > MAX_CNT)
		return false;
	memcpy(ret, task->payload, cnt * sizeof(*ret));
	*ret_cnt = cnt;
	return true;
}

int process_memory__serve_batch(const struct broker_task *task, struct broker_result *ret)
{
	uint64_t addresses[MAX_CNT];
	size_t cnt;

	if (!take_addresses(task, addresses, &cnt))
		return -EINVAL;
	ret->value = 1;
	return try_batch(task->request->pid, addresses[0], task->peer->shared,
			 BROKER_SHARED_BYTES - sizeof(struct wire_batch));
}

int process_memory__serve_batches(const struct broker_task *task, struct broker_result *ret)
{
	const pid_t pid = task->request->pid;
	char *const begin = task->peer->shared;
	uint64_t addresses[MAX_CNT];
	size_t cnt, done = 0, used = 0;

	if (!take_addresses(task, addresses, &cnt))
		return -EINVAL;
	while (done < cnt) {
		struct wire_batch *batch = (struct wire_batch *)(begin + used);
		size_t bytes = sizeof(*batch);
		int err = -EMSGSIZE;

		if (used + bytes > BROKER_SHARED_BYTES)
			break;
		err = try_batch(pid, addresses[done], batch, BROKER_SHARED_BYTES - used - bytes);
		if (err == -ESRCH || err == -EPERM)
			return err;
		if (err == -EMSGSIZE && done)
			break;
		if (err)
			batch->head.bytes = 0;
		else
			bytes += (uint32_t)batch->batch.committed;
		used += (bytes + 7) & ~(size_t)7;
		done++;
	}
	ret->value = done;
	return 0;
}

int process_memory__serve_heads(const struct broker_task *task, struct broker_result *ret)
{
	struct ttlog_batch heads[MAX_CNT];
	uint64_t addresses[MAX_CNT];
	struct iovec from[MAX_CNT], to = { .iov_base = heads };
	size_t cnt;
	ssize_t got;

	if (!take_addresses(task, addresses, &cnt))
		return -EINVAL;
	to.iov_len = cnt * sizeof(heads[0]);
	for (size_t i = 0; i < cnt; i++)
		from[i] = (struct iovec){ .iov_base = (void *)(uintptr_t)addresses[i],
					  .iov_len = sizeof(heads[0]) };
	got = read_parts(task->request->pid, &to, from, cnt);
	if (got < 0 && errno != EFAULT)
		return -errno;
	cnt = got < 0 ? 0 : (size_t)got / sizeof(heads[0]);
	for (size_t i = 0; i < cnt; i++) {
		if (heads[i].magic != TTLOG_BATCH_MAGIC)
			memset(&heads[i], 0, sizeof(heads[i]));
	}
	memcpy(task->peer->shared, heads, cnt * sizeof(heads[0]));
	ret->value = cnt;
	return 0;
}
