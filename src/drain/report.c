/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "wire.h"
#include "accounts.h"
#include "attach.h"
#include "kernel.h"
#include "process.h"
#include "report.h"
#include "proc_thread.h"

static void print_causes(const struct accounts_lost *lost)
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

static void print_accounts(const struct process *process, const struct accounts *accounts)
{
	fprintf(stderr, "pid %u: %" PRIu64 " emitted, %" PRIu64 " recorded, %" PRIu64 " lost",
		process->id.pid, accounts->emitted, accounts->recorded, accounts->lost_total);
	print_causes(&accounts->lost);
	fprintf(stderr, ", %" PRIu64 " overwritten, ", accounts->overwritten);
	for (size_t i = 0; i < process->snapshots.file_cnt; i++)
		fprintf(stderr, "%s%s", i ? " " : "", process->snapshots.files[i]);
	fputs(process->snapshots.file_cnt ? "\n" : "no snapshot\n", stderr);
}

void report__process(const struct process *process, const struct kernel *kernel, bool losses_only)
{
	struct accounts accounts;
	struct wire_process counters;
	int err = kernel__read_process(kernel, process->id.pid, process->id.start_ns, &counters);

	process__accounts(process, err ? NULL : &counters, &accounts);
	accounts__add_corrupt(&accounts, process->counts.unreadable);
	flockfile(stderr);
	if (accounts.lost_total || !losses_only)
		print_accounts(process, &accounts);
	if (!err && counters.table_full)
		fprintf(stderr,
			"ttlog-collect: pid %u: %" PRIu64
			" of its threads had no room in the kernel's table: what they had not "
			"flushed at their end is lost, and not counted\n",
			process->id.pid, counters.table_full);
	funlockfile(stderr);
}

int report__error(const char *what, const char *on, int err)
{
	fprintf(stderr, "ttlog-collect: %s%s%s: %s\n", what, on ? " " : "", on ? on : "",
		strerror(-err));
	return err;
}

void report__failure(uint32_t pid, int err, const char *what)
{
	fprintf(stderr, "ttlog-collect: pid %u: %s: %s\n", pid, what, strerror(-err));
}

void report__late(uint32_t pid, const struct attach_result *result)
{
	const size_t more = result->new_cnt - 1;

	flockfile(stderr);
	fprintf(stderr, "ttlog-collect: pid %u: attached to %s", pid, result->new_path);
	if (more)
		fprintf(stderr, " and %zu more", more);
	fprintf(stderr, " after loading: what was logged there before is not recorded\n");
	funlockfile(stderr);
}

void report__unattached(const char *subject, const struct attach_result *result, int err)
{
	const char *why = strerror(-err);

	flockfile(stderr);
	fprintf(stderr, "ttlog-collect: ");
	if (result->failed_path[0] && result->unread)
		fprintf(stderr, "can't tell whether %s has ttlog sites: can't read %s: %s\n",
			subject, result->failed_path, why);
	else if (result->failed_path[0] && !result->module_cnt)
		fprintf(stderr,
			"%s has %zu ttlog sites, and none could be switched on: %s "
			"(see ttlog-collect --check)\n",
			subject, result->marked_cnt, why);
	else if (result->failed_path[0])
		fprintf(stderr,
			"%s has ttlog sites in %s that could not be switched on: %s "
			"(see ttlog-collect --check)\n",
			subject, result->failed_path, why);
	else if (result->malformed_cnt)
		fprintf(stderr,
			"%s has %zu ttlog sites that this ttlog-collect does not understand: it was built "
			"with another version of <ttlog/ttlog.h>\n",
			subject, result->malformed_cnt);
	else if (!err || err == -ENOENT)
		fprintf(stderr, "%s has no ttlog sites: it was not built with <ttlog/ttlog.h>\n",
			subject);
	else
		fprintf(stderr, "can't attach to %s: %s\n", subject, why);
	funlockfile(stderr);
}

bool report__thread(pid_t pid)
{
	const uint32_t process = proc_thread__pid((uint32_t)pid);

	if (!process || process == (uint32_t)pid)
		return false;
	fprintf(stderr, "ttlog-collect: %d is no process, but a thread of process %u: give -p %u\n",
		(int)pid, process, process);
	return true;
}

void report__none_chosen(const char *subject, const struct attach_result *result)
{
	fprintf(stderr,
		"ttlog-collect: %s has %zu ttlog sites, and none of them is chosen by --level and "
		"--filter%s%s",
		subject, result->marked_cnt, result->choices[0] ? "; there is:\n" : "\n",
		result->choices);
}

void report__recording(pid_t pid, const struct attach_result *result)
{
	char subject[32];

	fprintf(stderr, "ttlog-collect: recording pid %d (%zu sites)\n", (int)pid,
		result->site_cnt);
	if (result->site_cnt)
		return;
	(void)snprintf(subject, sizeof(subject), "pid %d", (int)pid);
	report__none_chosen(subject, result);
}
