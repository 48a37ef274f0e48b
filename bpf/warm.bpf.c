/* SPDX-License-Identifier: Dual MIT/GPL */
/*
 * Reserves and discards messages of a page each, so that the kernel touches the pages of a ring
 * buffer before a program has to wait for that: src/attach/kernel/warm.c. This is an object of its
 * own that names no type of the kernel: so it loads in no time.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#include "warm_wire.h"

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096); /* the collector puts another ring buffer in its place */
} ring SEC(".maps");

char LICENSE[] SEC("license") = "Dual MIT/GPL";

/* Returns the number of pages that were touched. */
SEC("syscall")
int touch(void *ctx)
{
	int cnt = 0;

	while (cnt < WARM_PAGES) {
		void *message = bpf_ringbuf_reserve(&ring, WARM_PAGE_BYTES - WARM_HEAD_BYTES, 0);

		if (!message)
			break;
		bpf_ringbuf_discard(message, BPF_RB_NO_WAKEUP);
		cnt++;
	}
	return cnt;
}
