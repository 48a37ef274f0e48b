/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "../bpf/wire.h"
#include "kernel.h"
#include "process.h"
#include "report.h"

static void print_causes(const struct snapshot_lost *lost)
{
	const struct {
		const char *name;
		uint64_t cnt;
	} causes[] = {
		{ "memory", lost->memory },         { "kernel_ring", lost->kernel_ring },
		{ "fault", lost->fault },           { "corrupt", lost->corrupt },
		{ "table_full", lost->table_full },
	};
	const char *before = " (";

	for (size_t i = 0; i < sizeof(causes) / sizeof(*causes); i++) {
		if (!causes[i].cnt)
			continue;
		fprintf(stderr, "%s%s %" PRIu64, before, causes[i].name, causes[i].cnt);
		before = ", ";
	}
	if (before[0] == ',')
		fputc(')', stderr);
}

void report__process(const struct process *process, const struct kernel *kernel)
{
	struct process_accounts accounts;
	struct wire_process counters;
	int err = kernel__read_process(kernel, process->pid, process->start_ns, &counters);

	process__accounts(process, err ? NULL : &counters, &accounts);
	process_accounts__add_corrupt(&accounts, process->unreadable);
	flockfile(stderr);
	fprintf(stderr, "pid %u: %" PRIu64 " emitted, %" PRIu64 " recorded, %" PRIu64 " lost",
		process->pid, accounts.emitted, accounts.recorded, accounts.lost_total);
	print_causes(&accounts.lost);
	fprintf(stderr, ", %" PRIu64 " overwritten, ", accounts.overwritten);
	for (size_t i = 0; i < process->file_cnt; i++)
		fprintf(stderr, "%s%s", i ? " " : "", process->files[i]);
	fputs(process->file_cnt ? "\n" : "no snapshot\n", stderr);
	if (!err && counters.table_full)
		fprintf(stderr,
			"ttlog-collect: pid %u: %" PRIu64
			" of its threads had no room in the kernel's table: what they had not "
			"flushed at their end is lost, and not counted\n",
			process->pid, counters.table_full);
	funlockfile(stderr);
}

void report__failure(uint32_t pid, int err, const char *what)
{
	fprintf(stderr, "ttlog-collect: pid %u: %s: %s\n", pid, what, strerror(-err));
}
