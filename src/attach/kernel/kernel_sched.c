/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <linux/perf_event.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "barrier.h"
#include "kernel_sched.h"
#include "sched.skel.h"
#include "wire_ring.h"

/* Some 25,000 messages: at the most what comes between two rounds of the drain thread. */
#define SCHED_BYTES (4u << 20)

struct kernel_sched {
	struct sched_bpf *skel;
	struct wire_ring *ring;
	struct bpf_link **faults; /* one a CPU */
	int fault_cnt;
};

/* Maps of the same name are the same. */
static int share_maps(const struct sched_bpf *skel, const struct bpf_object *main)
{
	struct bpf_map *map;
	int err = 0;

	bpf_object__for_each_map(map, skel->obj)
	{
		const char *name = bpf_map__name(map);
		const struct bpf_map *own = NULL;

		/* those of variables have the object's name */
		if (!bpf_map__is_internal(map))
			own = bpf_object__find_map_by_name(main, name);
		if (own && !err)
			err = bpf_map__reuse_fd(map, bpf_map__fd(own));
	}
	return err;
}

/* exact: the kernel shows whether it is in an interrupt. */
static int load(struct kernel_sched *sched, const struct bpf_object *main, uint64_t least_ns,
		bool exact)
{
	int err;

	sched->skel = sched_bpf__open();
	if (!sched->skel)
		return -errno;
	sched->skel->rodata->least_ns = least_ns;
	sched->skel->rodata->sched_bytes = SCHED_BYTES;
	bpf_map__set_max_entries(sched->skel->maps.sched, SCHED_BYTES);
	bpf_program__set_autoload(sched->skel->progs.waking, exact);
	bpf_program__set_autoload(sched->skel->progs.waking_by_stack, !exact);
	err = share_maps(sched->skel, main);
	if (!err)
		err = sched_bpf__load(sched->skel);
	if (err) {
		sched_bpf__destroy(sched->skel);
		sched->skel = NULL;
	}
	return err;
}

static int open_faults(int cpu)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.size = sizeof(attr),
		.config = PERF_COUNT_SW_PAGE_FAULTS_MAJ,
		.sample_period = 1,
	};

	return (int)syscall(SYS_perf_event_open, &attr, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC);
}

/* A CPU that is off has no events. */
static int attach_faults(struct kernel_sched *sched)
{
	const int cpu_cnt = libbpf_num_possible_cpus();

	if (cpu_cnt < 0)
		return cpu_cnt;
	sched->faults = calloc((size_t)cpu_cnt, sizeof(struct bpf_link *));
	if (!sched->faults)
		return -ENOMEM;
	for (int cpu = 0; cpu < cpu_cnt; cpu++) {
		const int fd = open_faults(cpu);
		struct bpf_link *link;

		if (fd < 0 && errno == ENODEV)
			continue;
		if (fd < 0)
			return -errno;
		link = bpf_program__attach_perf_event(sched->skel->progs.faulted, fd);
		if (!link) {
			const int err = -errno;

			(void)close(fd);
			return err;
		}
		sched->faults[sched->fault_cnt++] = link;
	}
	return 0;
}

struct kernel_sched *kernel_sched__new(const struct bpf_object *main, uint64_t least_ns)
{
	struct kernel_sched *sched = calloc(1, sizeof(*sched));
	libbpf_print_fn_t print;
	int err;

	if (!sched)
		return NULL;
	/* a failure here is expected on some kernels */
	print = libbpf_set_print(NULL);
	err = load(sched, main, least_ns, true);
	(void)libbpf_set_print(print);
	if (err)
		err = load(sched, main, least_ns, false);
	if (!err) {
		sched->ring = wire_ring__new(bpf_map__fd(sched->skel->maps.sched));
		err = sched->ring ? 0 : -errno;
	}
	if (!err)
		err = sched_bpf__attach(sched->skel);
	if (!err)
		err = attach_faults(sched);
	if (!err)
		return sched;
	kernel_sched__free(sched);
	errno = -err;
	return NULL;
}

void kernel_sched__free(struct kernel_sched *sched)
{
	if (!sched)
		return;
	for (int i = 0; i < sched->fault_cnt; i++)
		(void)bpf_link__destroy(sched->faults[i]);
	free(sched->faults);
	wire_ring__free(sched->ring);
	sched_bpf__destroy(sched->skel);
	free(sched);
}

struct wire_ring *kernel_sched__ring(const struct kernel_sched *sched)
{
	return sched->ring;
}

int kernel_sched__fd(const struct kernel_sched *sched)
{
	return bpf_map__fd(sched->skel->maps.sched);
}

void kernel_sched__switch_on(struct kernel_sched *sched, uint32_t sites)
{
	barrier__store_relaxed(&sched->skel->bss->sites_on, sites);
}

const struct bpf_object *kernel_sched__object(const struct kernel_sched *sched)
{
	return sched->skel->obj;
}
