/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "sched_wire.h"
#include "sched_sites.h"
#include "site.h"
#include "site_choice.h"
#include "text_pool.h"

/* The order of fields is that of sched_records.c. */
static const struct site sites[SCHED_SITES] = {
	[SCHED_OFF_CPU] = {
		.index = SCHED_OFF_CPU,
		.name = "off_cpu",
		.message = "Off the CPU",
		.nfields = 8,
		.keys = { "duration_ns", "reason", "syscall", "cpu", "woken_from", "waker",
			  "waker_pid", "waker_tid" },
		.types = { TTLOG_TYPE_U64, TTLOG_TYPE_STR, TTLOG_TYPE_STR, TTLOG_TYPE_U32,
			   TTLOG_TYPE_STR, TTLOG_TYPE_STR, TTLOG_TYPE_U32, TTLOG_TYPE_U32 },
	},
	[SCHED_MAJOR_FAULT] = {
		.index = SCHED_MAJOR_FAULT,
		.name = "major_fault",
		.message = "Major page fault",
		.nfields = 2,
		.keys = { "address", "ip" },
		.types = { TTLOG_TYPE_PTR, TTLOG_TYPE_PTR },
	},
	[SCHED_SIGNAL] = {
		.index = SCHED_SIGNAL,
		.name = "signal",
		.message = "Signal",
		.nfields = 5,
		.keys = { "signal", "number", "handled", "sender", "sender_pid" },
		.types = { TTLOG_TYPE_STR, TTLOG_TYPE_I32, TTLOG_TYPE_BOOL, TTLOG_TYPE_STR,
			   TTLOG_TYPE_U32 },
	},
};

struct site_table *sched_sites__new(void)
{
	struct site_table *table = calloc(1, sizeof(*table));

	if (!table)
		return NULL;
	table->pool = text_pool__new();
	table->sites = calloc(SCHED_SITES, sizeof(*table->sites));
	if (!table->pool || !table->sites) {
		site_table__free(table);
		return NULL;
	}
	memcpy(table->sites, sites, sizeof(sites));
	table->cnt = SCHED_SITES;
	for (size_t i = 0; i < SCHED_SITES; i++) {
		struct site *site = &table->sites[i];

		site->level = TTLOG_LEVEL_INFO;
		site->kind = TTLOG_SITE_EVENT;
		site->target = SCHED_TARGET;
		site->service = site->file = site->function = "";
	}
	return table;
}

uint32_t sched_sites__on(const struct site_table *table, const struct site_choice *choice)
{
	uint32_t on = 0;

	for (size_t i = 0; i < table->cnt; i++)
		on |= (uint32_t)site_choice__matches(choice, &table->sites[i]) << i;
	return on;
}
