/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>
#include <sys/uio.h>

#include "../bpf/wire.h"
#include "pull.h"

#define PULL_TRIES 8

int pull__memory(pid_t pid, uint64_t address, void *ret, size_t len)
{
	struct iovec to = { .iov_base = ret, .iov_len = len };
	/* an address in the other process, never followed here */
	struct iovec from = { .iov_base = (void *)(uintptr_t)address, .iov_len = len };
	ssize_t got = process_vm_readv(pid, &to, 1, &from, 1, 0);

	if (got < 0)
		return -errno;
	return (size_t)got == len ? 0 : -EFAULT;
}

static int read_once(pid_t pid, uint64_t address, struct wire_batch *ret)
{
	struct ttlog_batch before, after;
	uint64_t bytes;
	int err = pull__memory(pid, address, &before, sizeof(before));

	if (err)
		return err;
	bytes = (uint32_t)before.committed;
	if (before.magic != TTLOG_BATCH_MAGIC || bytes > TTLOG_BATCH_MAX_BYTES)
		return -EBADMSG;
	err = pull__memory(pid, address + sizeof(before), ret + 1, bytes);
	if (!err)
		err = pull__memory(pid, address, &after, sizeof(after));
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

int pull__batch(pid_t pid, uint64_t address, struct wire_batch *ret)
{
	int err = -EAGAIN;

	for (int i = 0; err == -EAGAIN && i < PULL_TRIES; i++)
		err = read_once(pid, address, ret);
	return err;
}
