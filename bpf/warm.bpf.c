/* SPDX-License-Identifier: Dual MIT/GPL */
/*
 * Begins and gives up messages of a page each, so that the kernel touches the pages of a ring
 * buffer before anybody has to wait for that: src/attach/kernel/warm.c. An object of its own, which names no type
 * of the kernel: it is loaded in no time.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#include "warm_wire.h"

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096); /* another one takes its place */
} ring SEC(".maps");

char LICENSE[] SEC("license") = "Dual MIT/GPL";

/* Returns how many there were. */
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
