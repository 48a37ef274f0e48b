/* SPDX-License-Identifier: MIT */
/*
 * The sites of --sched: no file has them.
 */
#ifndef TTLOG_SCHED_SITES_H
#define TTLOG_SCHED_SITES_H

#include <stdint.h>

struct site_choice;
struct site_table;

#define SCHED_TARGET "sched"

/* A table as of a file; has_module is 0. The index of a site is its enum sched_site. NULL: no
 * memory. */
struct site_table *sched_sites__new(void);
/* The sites that are on in all processes: a bit for each of enum sched_site. */
uint32_t sched_sites__on(const struct site_table *table, const struct site_choice *choice);

#endif /* TTLOG_SCHED_SITES_H */
