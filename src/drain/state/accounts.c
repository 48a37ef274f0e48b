/* SPDX-License-Identifier: MIT */
#include "wire.h"
#include "accounts.h"

static uint64_t min_u64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Takes up to cnt of what is left to explain. */
static uint64_t explain(uint64_t *left, uint64_t cnt)
{
	const uint64_t part = min_u64(*left, cnt);

	*left -= part;
	return part;
}

void accounts__make(struct accounts *ret, const struct event_counts *counts,
		    uint64_t emitted_in_batches, uint64_t overwritten,
		    const struct wire_process *kernel)
{
	struct accounts accounts = { .recorded = counts->recorded, .overwritten = overwritten };
	uint64_t left;

	accounts.emitted = emitted_in_batches + counts->alone + counts->dropped + counts->refused;
	if (kernel) {
		accounts.emitted += kernel->lost_alone_events;
		accounts.unread = kernel->nulls;
		accounts.lost_stacks = kernel->lost_stacks;
	}
	if (accounts.emitted < accounts.recorded)
		accounts.emitted = accounts.recorded;
	left = accounts.emitted - accounts.recorded;
	accounts.lost_total = left;
	accounts.lost.memory = explain(&left, counts->dropped + counts->no_memory);
	accounts.lost.table_full =
		explain(&left, counts->refused + (kernel ? kernel->lost_table_events : 0));
	accounts.lost.corrupt = explain(&left, counts->corrupt);
	accounts.lost.fault = explain(&left, kernel ? kernel->lost_fault_events : 0);
	accounts.lost.kernel_ring = explain(&left, kernel ? kernel->lost_ring_events : left);
	/* what nothing explains: a program that counts wrong */
	accounts.lost.corrupt += left;
	*ret = accounts;
}

void accounts__add_corrupt(struct accounts *accounts, uint64_t cnt)
{
	cnt = min_u64(cnt, accounts->recorded);
	accounts->recorded -= cnt;
	accounts->lost_total += cnt;
	accounts->lost.corrupt += cnt;
}
