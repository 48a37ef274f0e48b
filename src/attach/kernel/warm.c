/* SPDX-License-Identifier: MIT */
/*
 * A BPF program (bpf/warm.bpf.c) reserves and discards messages of one page each, and this side
 * skips them like any discarded message: so both sides touch the first word of each page. It is
 * done before any process is recorded, and one round through the ring leaves it unchanged.
 */
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "barrier.h"
#include "warm.h"
#include "warm.skel.h"
#include "wire_ring.h"
#include "warm_wire.h"

#define MAX_RINGS 2

/* Runs after all other work of the start. */
#define NICE 19

struct warm {
	struct warm_ring rings[MAX_RINGS];
	size_t cnt;
	pthread_t thread;
	bool ending; /* atomic */
};

static int nothing_taken(void *ctx, void *message, size_t bytes)
{
	(void)ctx;
	(void)message;
	(void)bytes;
	return 0;
}

static struct warm_bpf *load(int ring_fd)
{
	struct warm_bpf *skel = warm_bpf__open();

	if (!skel)
		return NULL;
	if (bpf_map__reuse_fd(skel->maps.ring, ring_fd) || warm_bpf__load(skel)) {
		warm_bpf__destroy(skel);
		return NULL;
	}
	return skel;
}

static void touch(const struct warm *warm, const struct warm_ring *ring)
{
	LIBBPF_OPTS(bpf_test_run_opts, run);
	struct warm_bpf *skel = load(ring->fd);
	size_t touched = 0;

	while (skel && touched < ring->bytes && !barrier__load_relaxed(&warm->ending)) {
		if (bpf_prog_test_run_opts(bpf_program__fd(skel->progs.touch), &run) || !run.retval)
			break;
		touched += (size_t)run.retval * WARM_PAGE_BYTES;
		(void)wire_ring__take(ring->reader, nothing_taken, NULL, 0);
	}
	warm_bpf__destroy(skel);
}

static void *run(void *arg)
{
	const struct warm *warm = arg;

	(void)setpriority(PRIO_PROCESS, gettid(), NICE);
	for (size_t i = 0; i < warm->cnt; i++)
		touch(warm, &warm->rings[i]);
	return NULL;
}

struct warm *warm__start(const struct warm_ring *rings, size_t cnt)
{
	struct warm *warm = calloc(1, sizeof(*warm));

	if (!warm)
		return NULL;
	for (size_t i = 0; i < cnt && i < MAX_RINGS; i++)
		warm->rings[warm->cnt++] = rings[i];
	if (pthread_create(&warm->thread, NULL, run, warm)) {
		free(warm);
		return NULL;
	}
	return warm;
}

void warm__end(struct warm *warm)
{
	if (!warm)
		return;
	barrier__store_relaxed(&warm->ending, true);
	pthread_join(warm->thread, NULL);
	free(warm);
}
