/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "array.h"
#include "clock.h"
#include "kept_file.h"
#include "metric.h"
#include "metrics_page.h"
#include "process_series.h"
#include "service_sums.h"
#include "status.h"
#include "storage_fault.h"

struct metrics_page {
	struct metrics_page_options options;
	struct service_sums sums;
	uint64_t stream_written, stream_missed;
};

struct metrics_page *metrics_page__new(const struct metrics_page_options *options)
{
	struct metrics_page *page = calloc(1, sizeof(*page));

	if (page)
		page->options = *options;
	return page;
}

void metrics_page__free(struct metrics_page *page)
{
	free(page);
}

static double seconds(uint64_t ns)
{
	return (double)ns / 1e9;
}

/* A family of one sample. */
static void write_count(FILE *out, enum metric metric, uint64_t value)
{
	exposition__begin(out, &metrics[metric]);
	exposition__count(out, &metrics[metric], NULL, 0, value);
}

static void write_seconds(FILE *out, enum metric metric, uint64_t ns)
{
	exposition__begin(out, &metrics[metric]);
	exposition__real(out, &metrics[metric], NULL, 0, seconds(ns));
}

/* ---- by service ---- */

static const struct {
	enum service_count count;
	const char *name;
} causes[] = {
	{ SERVICE_LOST_MEMORY, "memory" },         { SERVICE_LOST_KERNEL_RING, "kernel_ring" },
	{ SERVICE_LOST_FAULT, "fault" },           { SERVICE_LOST_CORRUPT, "corrupt" },
	{ SERVICE_LOST_TABLE_FULL, "table_full" },
};

/* Not the program's own count: that is ahead of the other two while events are on their way. */
static uint64_t emitted(const struct service_sum *sum)
{
	uint64_t cnt = sum->counts[SERVICE_RECORDED];

	for (size_t i = 0; i < ARRAY_SIZE(causes); i++)
		cnt += sum->counts[causes[i].count];
	return cnt;
}

static uint64_t value_of(const struct service_sum *sum, enum metric metric)
{
	switch (metric) {
	case METRIC_EMITTED:
		return emitted(sum);
	case METRIC_RECORDED:
		return sum->counts[SERVICE_RECORDED];
	case METRIC_OVERWRITTEN:
		return sum->counts[SERVICE_OVERWRITTEN];
	case METRIC_RECORDED_BYTES:
		return sum->counts[SERVICE_BYTES];
	case METRIC_FLUSHES:
		return sum->counts[SERVICE_FLUSHES];
	case METRIC_ENDED:
		return sum->counts[SERVICE_ENDED];
	case METRIC_PROCESSES:
		return sum->process_cnt;
	case METRIC_RING_USED:
		return sum->ring_used_bytes;
	case METRIC_RING_SIZE:
		return sum->ring_bytes;
	default: /* METRIC_RING_UNSAVED */
		return sum->unsaved_bytes;
	}
}

static void write_lost(FILE *out, const struct service_sum *sum)
{
	for (size_t i = 0; i < ARRAY_SIZE(causes); i++) {
		const struct exposition_label labels[] = { { "service", sum->name },
							   { "cause", causes[i].name } };

		exposition__count(out, &metrics[METRIC_LOST], labels, ARRAY_SIZE(labels),
				  sum->counts[causes[i].count]);
	}
}

/* A program that logs right now may be ahead of the status. */
static void write_age(FILE *out, const struct service_sum *sum, uint64_t now_ns)
{
	const struct exposition_label label = { "service", sum->name };
	const uint64_t age_ns = now_ns > sum->newest_ns ? now_ns - sum->newest_ns : 0;

	if (sum->newest_ns)
		exposition__real(out, &metrics[METRIC_EVENT_AGE], &label, 1, seconds(age_ns));
}

static void write_lag(FILE *out, const struct service_sum *sum, uint64_t now_ns)
{
	const struct exposition_label label = { "service", sum->name };
	const uint64_t since_ns = sum->not_durable_ns;

	exposition__real(out, &metrics[METRIC_STREAM_LAG], &label, 1,
			 since_ns && now_ns > since_ns ? seconds(now_ns - since_ns) : 0);
}

static void write_services(FILE *out, const struct service_sums *sums, bool has_streams,
			   uint64_t now_ns)
{
	const enum metric last = has_streams ? METRIC_STREAM_LAG : METRIC_EVENT_AGE;

	for (enum metric metric = METRIC_EMITTED; metric <= last; metric++) {
		exposition__begin(out, &metrics[metric]);
		for (size_t i = service_sums__has_rest(sums) ? 0 : 1; i < sums->cnt; i++) {
			const struct service_sum *sum = &sums->items[i];
			const struct exposition_label label = { "service", sum->name };

			if (metric == METRIC_LOST)
				write_lost(out, sum);
			else if (metric == METRIC_EVENT_AGE)
				write_age(out, sum, now_ns);
			else if (metric == METRIC_STREAM_LAG)
				write_lag(out, sum, now_ns);
			else
				exposition__count(out, &metrics[metric], &label, 1,
						  value_of(sum, metric));
		}
	}
}

/* ---- snapshots ---- */

static uint64_t count_of(const struct snapshot_count *count, enum metric metric)
{
	switch (metric) {
	case METRIC_SNAPSHOTS:
		return count->made;
	case METRIC_SNAPSHOT_FAILURES:
		return count->failed;
	case METRIC_SNAPSHOTS_SUPPRESSED:
		return count->suppressed;
	default: /* METRIC_SNAPSHOT_BYTES */
		return count->bytes;
	}
}

static void write_reasons(FILE *out, const struct snapshot_counts *counts)
{
	for (enum metric metric = METRIC_SNAPSHOTS; metric <= METRIC_SNAPSHOT_BYTES; metric++) {
		exposition__begin(out, &metrics[metric]);
		for (enum snapshot_reason reason = 0; reason < SNAPSHOT_REASON_CNT; reason++) {
			const struct exposition_label label = { "reason",
								snapshot_reason__name(reason) };

			exposition__count(out, &metrics[metric], &label, 1,
					  count_of(&counts->by_reason[reason], metric));
		}
	}
}

static void write_faults(FILE *out, const struct snapshot_counts *counts)
{
	const struct exposition_family *family = &metrics[METRIC_STORAGE_FAULTS];

	exposition__begin(out, family);
	for (enum storage_fault fault = 0; fault < STORAGE_FAULT_CNT; fault++) {
		const struct exposition_label label = { "fault", storage_fault__name(fault) };

		exposition__count(out, family, &label, 1, counts->faults[fault]);
	}
}

static void write_deleted(FILE *out, const struct status *status)
{
	const struct exposition_family *family = &metrics[METRIC_FILES_DELETED];

	exposition__begin(out, family);
	for (enum kept_why why = KEPT_STAYS + 1; why < KEPT_WHY_CNT; why++) {
		const struct exposition_label label = { "reason", kept_file__why(why) };

		exposition__count(out, family, &label, 1, status->deleted_cnt[why]);
	}
}

static void write_durations(FILE *out, const struct snapshot_counts *counts)
{
	const struct exposition_family *family = &metrics[METRIC_SNAPSHOT_DURATION];
	struct exposition_bucket buckets[SNAPSHOT_DURATION_CNT] = { 0 };
	uint64_t took_ns = 0;

	for (unsigned int i = 0; i < SNAPSHOT_DURATION_CNT; i++) {
		buckets[i].bound = seconds(snapshot_counts__duration_ns(i));
		for (size_t reason = 0; reason < SNAPSHOT_REASON_CNT; reason++)
			buckets[i].cnt += counts->by_reason[reason].durations[i];
	}
	for (size_t reason = 0; reason < SNAPSHOT_REASON_CNT; reason++)
		took_ns += counts->by_reason[reason].took_ns;
	exposition__begin(out, family);
	exposition__histogram(out, family, buckets, SNAPSHOT_DURATION_CNT, seconds(took_ns));
}

/* ---- the kernel ---- */

static void write_buffers(FILE *out, const struct status *status)
{
	const struct {
		const char *name;
		const struct status_buffer *buffer;
	} buffers[] = { { "batches", &status->batches }, { "lifecycle", &status->lifecycle } };

	for (enum metric metric = METRIC_BUFFER_PEAK; metric <= METRIC_BUFFER_SIZE; metric++) {
		exposition__begin(out, &metrics[metric]);
		for (size_t i = 0; i < ARRAY_SIZE(buffers); i++) {
			const struct exposition_label label = { "buffer", buffers[i].name };

			exposition__count(out, &metrics[metric], &label, 1,
					  metric == METRIC_BUFFER_PEAK
						  ? buffers[i].buffer->peak_bytes
						  : buffers[i].buffer->bytes);
		}
	}
}

/* The kernel counts runs only if it was told to. */
static bool has(const struct status_program *program, enum metric metric)
{
	return metric == METRIC_BPF_MISSES || program->run_cnt;
}

static void write_programs(FILE *out, const struct status *status)
{
	for (enum metric metric = METRIC_BPF_MISSES; metric <= METRIC_BPF_RUN_TIME; metric++) {
		const struct exposition_family *family = &metrics[metric];

		exposition__begin(out, family);
		for (size_t i = 0; i < status->program_cnt; i++) {
			const struct status_program *program = &status->programs[i];
			const struct exposition_label label = { "program", program->name };

			if (!has(program, metric))
				continue;
			if (metric == METRIC_BPF_RUN_TIME)
				exposition__real(out, family, &label, 1, seconds(program->run_ns));
			else
				exposition__count(out, family, &label, 1,
						  metric == METRIC_BPF_RUNS ? program->run_cnt
									    : program->missed_cnt);
		}
	}
}

/* ---- the collector ---- */

static void write_collector(FILE *out, const struct status *status, uint64_t trap_ns)
{
	const struct exposition_label version = { "version", TTLOG_VERSION };

	write_count(out, METRIC_SNAPSHOTS_PENDING, status->snapshots_open);
	write_count(out, METRIC_RING_MEMORY, status->ring_memory_bytes);
	if (status->ring_budget_bytes != UINT64_MAX)
		write_count(out, METRIC_RING_MEMORY_LIMIT, status->ring_budget_bytes);
	write_count(out, METRIC_UNTRACKED, status->untracked_cnt);
	if (trap_ns)
		write_seconds(out, METRIC_TRAP_DURATION, trap_ns);
	write_seconds(out, METRIC_CPU, status->cpu_ns);
	write_count(out, METRIC_RESIDENT, status->resident_bytes);
	write_seconds(out, METRIC_START_TIME, status->start_real_ns);
	exposition__begin(out, &metrics[METRIC_BUILD_INFO]);
	exposition__count(out, &metrics[METRIC_BUILD_INFO], &version, 1, 1);
}

/* Of a stream that just ends, nothing is counted for a moment. */
static void write_streams(FILE *out, struct metrics_page *page, const struct status *status)
{
	if (status->stream_written > page->stream_written)
		page->stream_written = status->stream_written;
	if (status->stream_missed > page->stream_missed)
		page->stream_missed = status->stream_missed;
	write_count(out, METRIC_STREAM_WRITTEN, page->stream_written);
	write_count(out, METRIC_STREAM_MISSED, page->stream_missed);
}

int metrics_page__write(struct metrics_page *page, const struct status *status, char **ret_text,
			size_t *ret_bytes)
{
	char *text = NULL;
	size_t bytes;
	FILE *out = open_memstream(&text, &bytes);
	const uint64_t now_ns = clock__now_mono_ns();
	int err = 0;

	if (!out)
		return -ENOMEM;
	service_sums__take(&page->sums, status);
	write_services(out, &page->sums, status->has_streams, now_ns);
	if (status->has_streams)
		write_streams(out, page, status);
	write_reasons(out, &status->snapshots);
	write_faults(out, &status->snapshots);
	write_deleted(out, status);
	write_durations(out, &status->snapshots);
	write_collector(out, status, page->options.trap_ns);
	write_buffers(out, status);
	write_programs(out, status);
	if (page->options.by_pid)
		err = process_series__write(out, status, now_ns);
	if (ferror(out))
		err = -ENOMEM;
	if (fclose(out))
		err = -ENOMEM;
	if (err) {
		free(text);
		return err;
	}
	*ret_text = text;
	*ret_bytes = bytes;
	return 0;
}
