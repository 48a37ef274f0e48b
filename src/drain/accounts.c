/* SPDX-License-Identifier: MIT */
#include <stddef.h>

#include "wire.h"
#include "accounts.h"
#include "process.h"
#include "ring.h"

static uint64_t min_u64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

void accounts__of(const struct process *process, const struct wire_process *kernel,
		  struct accounts *ret)
{
	struct accounts accounts = { .recorded = process->recorded };
	uint64_t left;

	accounts.emitted =
		process->alone + process->emitted_earlier + process->dropped + process->refused;
	for (size_t i = 0; i < process->source_cap; i++)
		accounts.emitted += process->sources[i].emitted - process->sources[i].base;
	if (kernel)
		accounts.emitted += kernel->lost_alone_events;
	accounts.overwritten = process->ring ? ring__overwritten(process->ring) : 0;
	if (accounts.emitted < accounts.recorded)
		accounts.emitted = accounts.recorded;
	left = accounts.emitted - accounts.recorded;
	accounts.lost_total = left;
	accounts.lost.memory = min_u64(left, process->dropped + process->no_memory);
	left -= accounts.lost.memory;
	accounts.lost.table_full = min_u64(left, process->refused);
	left -= accounts.lost.table_full;
	accounts.lost.corrupt = min_u64(left, process->corrupt);
	left -= accounts.lost.corrupt;
	accounts.lost.fault = kernel ? min_u64(left, kernel->lost_fault_events) : 0;
	left -= accounts.lost.fault;
	/* what nothing explains is how a program counts that counts wrong */
	accounts.lost.kernel_ring = kernel ? min_u64(left, kernel->lost_ring_events) : left;
	accounts.lost.corrupt += left - accounts.lost.kernel_ring;
	*ret = accounts;
}

void accounts__add_corrupt(struct accounts *accounts, uint64_t cnt)
{
	cnt = min_u64(cnt, accounts->recorded);
	accounts->recorded -= cnt;
	accounts->lost_total += cnt;
	accounts->lost.corrupt += cnt;
}
