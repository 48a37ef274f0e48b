/* SPDX-License-Identifier: MIT */
#include <fnmatch.h>
#include <unistd.h>

#include "answer.h"
#include "cgroup.h"
#include "json_out.h"
#include "start_time.h"
#include "status.h"

bool selector__takes_process(const struct selector *selector, const struct status_process *process)
{
	if (selector->pid && selector->pid != process->pid)
		return false;
	return !selector->service[0] ||
	       !fnmatch(selector->service, process->service ? process->service : "", 0);
}

void answer__begin(struct json_out *json)
{
	json_out__open(json, NULL, '{');
	json_out__u64(json, "version", ANSWER_VERSION);
}

static void write_lost(struct json_out *json, const struct accounts *accounts)
{
	json_out__open(json, "lost", '{');
	json_out__u64(json, "total", accounts->lost_total);
	json_out__u64(json, "memory", accounts->lost.memory);
	json_out__u64(json, "kernel_ring", accounts->lost.kernel_ring);
	json_out__u64(json, "fault", accounts->lost.fault);
	json_out__u64(json, "corrupt", accounts->lost.corrupt);
	json_out__u64(json, "table_full", accounts->lost.table_full);
	json_out__close(json, '}');
}

static void write_accounts(struct json_out *json, const struct accounts *accounts, uint64_t bytes,
			   uint64_t flushes)
{
	json_out__u64(json, "emitted", accounts->emitted);
	json_out__u64(json, "recorded", accounts->recorded);
	json_out__u64(json, "overwritten", accounts->overwritten);
	write_lost(json, accounts);
	json_out__u64(json, "bytes", bytes);
	json_out__u64(json, "flushes", flushes);
}

static void write_buffer(struct json_out *json, const char *key, const struct status_buffer *buffer)
{
	json_out__open(json, key, '{');
	json_out__u64(json, "bytes", buffer->bytes);
	json_out__u64(json, "used_bytes", buffer->used_bytes);
	json_out__close(json, '}');
}

static void write_programs(struct json_out *json, const struct status *status)
{
	json_out__open(json, "programs", '[');
	for (size_t i = 0; i < status->program_cnt; i++) {
		const struct status_program *program = &status->programs[i];

		json_out__open(json, NULL, '{');
		json_out__text(json, "name", program->name);
		json_out__u64(json, "runs", program->run_cnt);
		json_out__u64(json, "run_ns", program->run_ns);
		json_out__u64(json, "missed", program->missed_cnt);
		json_out__close(json, '}');
	}
	json_out__close(json, ']');
}

static void write_snapshots(struct json_out *json, const struct status *status)
{
	json_out__open(json, "snapshots", '{');
	json_out__u64(json, "open", status->snapshots_open);
	json_out__open(json, "by_reason", '{');
	for (int i = 0; i < SNAPSHOT_REASON_CNT; i++) {
		const struct snapshot_count *count = &status->snapshots.by_reason[i];

		if (!count->made && !count->failed && !count->suppressed)
			continue;
		json_out__open(json, snapshot_reason__name((enum snapshot_reason)i), '{');
		json_out__u64(json, "made", count->made);
		json_out__u64(json, "failed", count->failed);
		json_out__u64(json, "suppressed", count->suppressed);
		json_out__u64(json, "events", count->events);
		json_out__u64(json, "bytes", count->bytes);
		json_out__u64(json, "duration_ns", count->took_ns);
		json_out__u64(json, "longest_ns", count->longest_ns);
		json_out__close(json, '}');
	}
	json_out__close(json, '}');
	json_out__close(json, '}');
}

static void write_collector(struct json_out *json, const struct status *status)
{
	json_out__open(json, "collector", '{');
	json_out__u64(json, "pid", (uint64_t)getpid());
	json_out__text(json, "version", TTLOG_VERSION);
	json_out__time(json, "started_at", status->start_real_ns);
	json_out__u64(json, "uptime_ns", status->mono_ns - status->start_mono_ns);
	json_out__u64(json, "cpu_ns", status->cpu_ns);
	json_out__u64(json, "resident_bytes", status->resident_bytes);
	json_out__u64(json, "ring_memory_bytes", status->ring_memory_bytes);
	if (status->ring_budget_bytes != UINT64_MAX)
		json_out__u64(json, "ring_memory_limit_bytes", status->ring_budget_bytes);
	write_buffer(json, "batches", &status->batches);
	write_buffer(json, "lifecycle", &status->lifecycle);
	json_out__u64(json, "untracked", status->untracked_cnt);
	write_programs(json, status);
	json_out__close(json, '}');
}

/* As in snapshots. */
static void write_group(struct json_out *json, const char *path)
{
	char name[CGROUP_NAME_BYTES];

	if (!path)
		return;
	json_out__text(json, "cgroup", path);
	cgroup__unit(path, name);
	json_out__text(json, "unit", name[0] ? name : NULL);
	cgroup__container(path, name);
	json_out__text(json, "container", name[0] ? name : NULL);
}

static void write_identity(struct json_out *json, const struct status_process *process)
{
	json_out__u64(json, "pid", process->pid);
	if (process->ns_pid && process->ns_pid != process->pid)
		json_out__u64(json, "ns_pid", process->ns_pid);
	/* as /proc has it: the exact time is known only when the first events come */
	json_out__u64(json, "start_ns", start_time__ticks(process->start_ns) * 10000000);
	json_out__u64(json, "uid", process->uid);
	json_out__text(json, "service", process->service);
	json_out__text(json, "comm", process->comm);
	json_out__text(json, "exe", process->exe);
	if (process->build_id[0])
		json_out__text(json, "build_id", process->build_id);
	write_group(json, process->cgroup_path);
	json_out__bool(json, "ended", process->ended);
	json_out__u64(json, "sites", process->site_cnt);
	json_out__u64(json, "enabled_sites", process->enabled_cnt);
}

static void write_stream(struct json_out *json, const struct status_process *process)
{
	if (!process->is_streamed)
		return;
	json_out__u64(json, "durable_mono_ns", process->durable_ns);
	json_out__u64(json, "streamed", process->streamed);
	json_out__u64(json, "missed", process->missed);
}

static void write_process(struct json_out *json, const struct status *status,
			  const struct status_process *process)
{
	json_out__open(json, NULL, '{');
	write_identity(json, process);
	write_accounts(json, &process->accounts, process->bytes, process->flushes);
	json_out__u64(json, "threads", process->threads);
	json_out__u64(json, "snapshots", process->snapshots);
	json_out__u64(json, "ring_bytes", process->ring_bytes);
	json_out__u64(json, "ring_used_bytes", process->ring_used_bytes);
	json_out__u64(json, "unsaved_bytes", process->unsaved_bytes);
	write_stream(json, process);
	if (process->newest_ns)
		json_out__u64(json, "newest_age_ns",
			      process->newest_ns < status->mono_ns
				      ? status->mono_ns - process->newest_ns
				      : 0);
	json_out__close(json, '}');
}

static void write_ended(struct json_out *json, const struct service_totals *totals)
{
	json_out__open(json, "ended", '[');
	for (size_t i = 0; i < totals->cnt; i++) {
		const struct service_total *total = &totals->items[i];

		json_out__open(json, NULL, '{');
		if (total->name[0])
			json_out__text(json, "service", total->name);
		json_out__u64(json, "processes", total->processes);
		write_accounts(json, &total->accounts, total->bytes, total->flushes);
		json_out__close(json, '}');
	}
	json_out__close(json, ']');
}

void answer__status(struct json_out *json, const struct status *status,
		    const struct selector *selector)
{
	json_out__time(json, "at", status->real_ns);
	json_out__u64(json, "mono_ns", status->mono_ns);
	write_collector(json, status);
	write_snapshots(json, status);
	json_out__open(json, "processes", '[');
	for (size_t i = 0; i < status->process_cnt; i++) {
		if (selector__takes_process(selector, &status->processes[i]))
			write_process(json, status, &status->processes[i]);
	}
	json_out__close(json, ']');
	write_ended(json, &status->ended);
}

void answer__collector(struct json_out *json)
{
	json_out__open(json, "collector", '{');
	json_out__u64(json, "pid", (uint64_t)getpid());
	json_out__close(json, '}');
}

void answer__list(struct json_out *json, const struct status *status,
		  const struct selector *selector)
{
	answer__collector(json);
	json_out__open(json, "processes", '[');
	for (size_t i = 0; i < status->process_cnt; i++) {
		const struct status_process *process = &status->processes[i];

		if (!selector__takes_process(selector, process))
			continue;
		json_out__open(json, NULL, '{');
		write_identity(json, process);
		json_out__close(json, '}');
	}
	json_out__close(json, ']');
}
