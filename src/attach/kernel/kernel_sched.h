/* SPDX-License-Identifier: MIT */
/*
 * bpf/sched.bpf.c in the kernel (--sched). Part of kernel.h, which owns it.
 */
#ifndef TTLOG_KERNEL_SCHED_H
#define TTLOG_KERNEL_SCHED_H

#include <stdint.h>

struct bpf_object;
struct kernel_sched;
struct wire_ring;

/* Loads the programs with the maps of `main`, and attaches them. NULL with errno. */
struct kernel_sched *kernel_sched__new(const struct bpf_object *main, uint64_t least_ns);
/* NULL is fine. */
void kernel_sched__free(struct kernel_sched *sched);
/* Messages are struct sched_message; `sched` owns it. */
struct wire_ring *kernel_sched__ring(const struct kernel_sched *sched);
int kernel_sched__fd(const struct kernel_sched *sched);
/* Which of enum sched_site are recorded, a bit each; at first none. Any thread. */
void kernel_sched__switch_on(struct kernel_sched *sched, uint32_t sites);
/* As kernel__each_program(). */
const struct bpf_object *kernel_sched__object(const struct kernel_sched *sched);

#endif /* TTLOG_KERNEL_SCHED_H */
