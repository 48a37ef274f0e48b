/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>

#include "metric.h"
#include "process_series.h"
#include "service_sums.h"
#include "status.h"

/* By pid; of several with one pid, the one that runs now comes first. */
static int compare(const void *left, const void *right)
{
	const struct status_process *a = *(const struct status_process *const *)left;
	const struct status_process *b = *(const struct status_process *const *)right;

	if (a->pid != b->pid)
		return a->pid < b->pid ? -1 : 1;
	return a->start_ns > b->start_ns ? -1 : a->start_ns < b->start_ns;
}

/* Each pid once, or Prometheus refuses the page. Returns how many there are. */
static size_t choose(const struct status *status, const struct status_process **ret)
{
	size_t cnt = 0, kept = 0;

	for (size_t i = 0; i < status->process_cnt; i++) {
		const struct status_process *process = &status->processes[i];

		if (!process->ended && process->accounts.emitted)
			ret[cnt++] = process;
	}
	qsort(ret, cnt, sizeof(const struct status_process *), compare);
	for (size_t i = 0; i < cnt && kept < PROCESS_SERIES_MAX; i++) {
		if (!kept || ret[kept - 1]->pid != ret[i]->pid)
			ret[kept++] = ret[i];
	}
	return kept;
}

static uint64_t value_of(const struct status_process *process, enum metric metric)
{
	switch (metric) {
	case METRIC_PROCESS_RECORDED:
		return process->accounts.recorded;
	case METRIC_PROCESS_LOST:
		return process->accounts.lost_total;
	case METRIC_PROCESS_OVERWRITTEN:
		return process->accounts.overwritten;
	case METRIC_PROCESS_BYTES:
		return process->bytes;
	case METRIC_PROCESS_FLUSHES:
		return process->flushes;
	default: /* METRIC_PROCESS_RING_USED */
		return process->ring_used_bytes;
	}
}

static void write_one(FILE *out, const struct status_process *process, enum metric metric,
		      uint64_t now_ns)
{
	const struct exposition_family *family = &metrics[metric];
	char service[SERVICE_SUM_BYTES], pid[16];
	const struct exposition_label labels[] = { { "service", service }, { "pid", pid } };

	service_sums__name(process->service, service);
	(void)snprintf(pid, sizeof(pid), "%" PRIu32, process->pid);
	if (metric != METRIC_PROCESS_EVENT_AGE)
		exposition__count(out, family, labels, 2, value_of(process, metric));
	else if (process->newest_ns)
		exposition__real(out, family, labels, 2,
				 now_ns > process->newest_ns
					 ? (double)(now_ns - process->newest_ns) / 1e9
					 : 0);
}

int process_series__write(FILE *out, const struct status *status, uint64_t now_ns)
{
	const struct status_process **chosen =
		calloc(status->process_cnt + 1, sizeof(const struct status_process *));
	size_t cnt;

	if (!chosen)
		return -ENOMEM;
	cnt = choose(status, chosen);
	for (enum metric metric = METRIC_PROCESS_FIRST; metric <= METRIC_PROCESS_LAST; metric++) {
		exposition__begin(out, &metrics[metric]);
		for (size_t i = 0; i < cnt; i++)
			write_one(out, chosen[i], metric, now_ns);
	}
	free((void *)chosen);
	return 0;
}
