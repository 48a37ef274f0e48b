/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "wire.h"
#include "array.h"
#include "attach.h"
#include "barrier.h"
#include "clock.h"
#include "kernel.h"
#include "process.h"
#include "process_table.h"
#include "ring.h"
#include "ring_budget.h"
#include "status.h"
#include "streams.h"

/* ---- in the drain thread: memory only, no lock, no system call ---- */

static void copy_ring(struct status_process *copy, const struct process *process)
{
	const struct ring *ring = process->ring;
	uint64_t unsaved;

	if (!ring)
		return;
	copy->bytes = ring__written_bytes(ring);
	copy->ring_bytes = ring__data_bytes(ring);
	copy->ring_used_bytes = ring__used_bytes(ring);
	copy->overwritten = ring__overwritten(ring);
	/* a mark of UINT64_MAX: the last snapshot failed */
	unsaved = process->snapshots.mark > copy->bytes ? copy->bytes
							: copy->bytes - process->snapshots.mark;
	copy->unsaved_bytes = unsaved < copy->ring_used_bytes ? unsaved : copy->ring_used_bytes;
}

static void copy_stream(struct status_process *copy, const struct process *process)
{
	const struct stream *stream = process->stream;

	copy->is_streamed = stream != NULL;
	if (!stream)
		return;
	copy->durable_ns = stream__durable_mono_ns(stream);
	if (process->streamed.durable_ns > copy->durable_ns)
		copy->durable_ns = process->streamed.durable_ns;
	copy->streamed = stream__written(stream);
	copy->missed = stream__missed(stream);
}

static void copy_process(struct status_process *copy, const struct process *process)
{
	const struct process_id *id = &process->id;

	*copy = (struct status_process){
		.pid = id->pid,
		.ns_pid = id->ns_pid,
		.uid = id->uid,
		.start_ns = process_id__start_ns(id),
		.cgroup = id->cgroup,
		.ended = process->lifecycle.ended,
		.flushes = process->arrivals.flushes,
		.newest_ns = process->arrivals.newest_ns,
		.threads = (uint32_t)process->threads.cnt,
		.snapshots = (uint32_t)process->snapshots.file_cnt,
		.counts = process->counts,
		.emitted_in_batches = source_table__emitted(&process->sources),
	};
	memcpy(copy->comm, id->comm, sizeof(id->comm));
	memcpy(copy->build_id, id->build_id, sizeof(copy->build_id));
	copy->exe = id->exe ? strdup(id->exe) : NULL;
	copy->cgroup_path = id->cgroup_path ? strdup(id->cgroup_path) : NULL;
	copy_ring(copy, process);
	copy_stream(copy, process);
	copy->modules = calloc(process->modules.cnt + 1, sizeof(*copy->modules));
	if (!copy->modules || !process->modules.cnt)
		return;
	copy->module_cnt = (uint32_t)process->modules.cnt;
	memcpy(copy->modules, process->modules.items,
	       process->modules.cnt * sizeof(*copy->modules));
}

struct status *status__new(const struct process_table *table, uint64_t mono_ns)
{
	struct status *status = calloc(1, sizeof(*status));
	struct process *process = NULL;

	if (!status)
		return NULL;
	status->processes = calloc(table->cnt + 1, sizeof(*status->processes));
	if (!status->processes) {
		free(status);
		return NULL;
	}
	while (status->process_cnt < table->cnt &&
	       (process = process_table__next(table, process))) {
		copy_process(&status->processes[status->process_cnt++], process);
		if (!process->stream)
			continue;
		status->stream_written += stream__written(process->stream);
		status->stream_missed += stream__missed(process->stream);
	}
	status->mono_ns = mono_ns;
	status->real_ns = clock__now_real_ns();
	return status;
}

void status__free(struct status *status)
{
	if (!status)
		return;
	for (size_t i = 0; i < status->process_cnt; i++) {
		free(status->processes[i].exe);
		free(status->processes[i].cgroup_path);
		free(status->processes[i].service);
		free(status->processes[i].modules);
	}
	free(status->processes);
	service_totals__fini(&status->ended);
	free(status);
}

/* ---- in the thread that asked ---- */

static void complete_process(struct status_process *process, const struct status_sources *sources)
{
	struct wire_process counters;
	int err = -1;

	if (sources->kernel)
		err = kernel__read_process(sources->kernel, (pid_t)process->pid, process->start_ns,
					   &counters);
	accounts__make(&process->accounts, &process->counts, process->emitted_in_batches,
		       process->overwritten, err ? NULL : &counters);
	if (!sources->attach)
		return;
	process->service = attach__service(sources->attach, process->build_id, process->modules,
					   process->module_cnt);
	for (size_t i = 0; i < process->module_cnt; i++) {
		process->site_cnt += attach__site_cnt(sources->attach, process->modules[i]);
		process->enabled_cnt += attach__enabled_in(sources->attach, process->modules[i],
							   (pid_t)process->pid);
	}
}

static uint64_t read_resident_bytes(void)
{
	unsigned long long pages = 0;
	FILE *file = fopen("/proc/self/statm", "re");

	if (!file)
		return 0;
	if (fscanf(file, "%*u %llu", &pages) != 1)
		pages = 0;
	(void)fclose(file);
	return (uint64_t)pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

static uint64_t read_cpu_ns(void)
{
	struct rusage usage;

	if (getrusage(RUSAGE_SELF, &usage))
		return 0;
	return (uint64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000000u +
	       (uint64_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1000u;
}

static void add_program(void *ctx, const struct kernel_program_info *info)
{
	struct status *status = ctx;
	struct status_program *program;

	if (status->program_cnt == STATUS_PROGRAM_MAX)
		return;
	program = &status->programs[status->program_cnt++];
	(void)snprintf(program->name, sizeof(program->name), "%s", info->name);
	program->run_cnt = info->run_cnt;
	program->run_ns = info->run_ns;
	program->missed_cnt = info->missed_cnt;
}

void status__complete(struct status *status, const struct status_sources *sources)
{
	for (size_t i = 0; i < status->process_cnt; i++)
		complete_process(&status->processes[i], sources);
	if (sources->recovered_cnt)
		status->snapshots.by_reason[SNAPSHOT_RECOVERED].made =
			barrier__load_relaxed(sources->recovered_cnt);
	for (size_t i = 0; sources->deleted_cnt && i < KEPT_WHY_CNT; i++)
		status->deleted_cnt[i] = barrier__load_relaxed(&sources->deleted_cnt[i]);
	ring_budget__read(sources->budget, &status->ring_memory_bytes, &status->ring_budget_bytes);
	status->cpu_ns = read_cpu_ns();
	status->resident_bytes = read_resident_bytes();
	if (sources->kernel) {
		status->untracked_cnt = kernel__untracked_cnt(sources->kernel);
		kernel__each_program(sources->kernel, add_program, status);
	}
	status->is_complete = true;
}
