/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "service_sums.h"
#include "status.h"
#include "utf8.h"

/* As the totals of processes that have ended are called, when there are too many. */
static bool is_rest(const char *name)
{
	return !strcmp(name, SERVICE_REST) || !strcmp(name, SERVICE_TOTALS_REST);
}

/*
 * Two names that look alike must be one: Prometheus refuses a page with the same labels twice. So
 * what is no character, or controls a terminal, becomes a question mark. The cut comes first, as in
 * the totals of processes that have ended.
 */
void service_sums__name(const char *service, char ret_name[SERVICE_SUM_BYTES])
{
	const char *from = service && service[0] ? service : SERVICE_UNKNOWN;
	const size_t len = strnlen(from, SERVICE_SUM_BYTES - 1);
	uint32_t point;

	for (size_t at = 0, bytes; at < len; at += bytes) {
		bytes = utf8__next(from + at, from + len, &point);
		memcpy(ret_name + at, from + at, bytes);
		if (point == UTF8_INVALID || point < ' ' || point == 0x7f)
			ret_name[at] = '?';
	}
	ret_name[len] = '\0';
}

static struct service_sum *find(struct service_sums *sums, const char *service)
{
	char name[SERVICE_SUM_BYTES];
	struct service_sum *sum;

	service_sums__name(service, name);
	for (size_t i = 1; i < sums->cnt; i++) {
		if (strcmp(sums->items[i].name, name) == 0)
			return &sums->items[i];
	}
	if (sums->cnt > SERVICE_SUM_MAX || is_rest(name))
		return &sums->items[0];
	sum = &sums->items[sums->cnt++];
	memcpy(sum->name, name, sizeof(name));
	return sum;
}

static void forget_now(struct service_sums *sums)
{
	if (!sums->cnt) {
		memcpy(sums->items[0].name, SERVICE_REST, sizeof(SERVICE_REST));
		sums->cnt = 1;
	}
	for (size_t i = 0; i < sums->cnt; i++) {
		struct service_sum *sum = &sums->items[i];

		memset(sum->now, 0, sizeof(sum->now));
		sum->process_cnt = 0;
		sum->not_durable_ns = 0;
		sum->ring_used_bytes = sum->ring_bytes = sum->unsaved_bytes = 0;
	}
}

static void add_counts(struct service_sum *sum, const struct accounts *accounts, uint64_t bytes,
		       uint64_t flushes)
{
	sum->now[SERVICE_RECORDED] += accounts->recorded;
	sum->now[SERVICE_OVERWRITTEN] += accounts->overwritten;
	sum->now[SERVICE_LOST_MEMORY] += accounts->lost.memory;
	sum->now[SERVICE_LOST_KERNEL_RING] += accounts->lost.kernel_ring;
	sum->now[SERVICE_LOST_FAULT] += accounts->lost.fault;
	sum->now[SERVICE_LOST_CORRUPT] += accounts->lost.corrupt;
	sum->now[SERVICE_LOST_TABLE_FULL] += accounts->lost.table_full;
	sum->now[SERVICE_BYTES] += bytes;
	sum->now[SERVICE_FLUSHES] += flushes;
}

/* A shell between CMD and a marked program is followed, and has nothing to record. */
static bool is_unmarked(const char *service, const struct accounts *accounts)
{
	return (!service || !service[0]) && !accounts->emitted;
}

/* A stream is looked at when something comes: one that is behind nothing needs not be recent. */
static void add_stream(struct service_sum *sum, const struct status_process *process)
{
	const uint64_t since_ns = process->durable_ns ? process->durable_ns : process->newest_ns;

	if (!process->is_streamed || process->durable_ns >= process->newest_ns)
		return;
	if (!sum->not_durable_ns || since_ns < sum->not_durable_ns)
		sum->not_durable_ns = since_ns;
}

static void add_process(struct service_sums *sums, const struct status_process *process)
{
	struct service_sum *sum;

	if (is_unmarked(process->service, &process->accounts))
		return;
	sum = find(sums, process->service);
	add_counts(sum, &process->accounts, process->bytes, process->flushes);
	sum->process_cnt += !process->ended;
	sum->now[SERVICE_ENDED] += process->ended;
	sum->ring_used_bytes += process->ring_used_bytes;
	sum->ring_bytes += process->ring_bytes;
	sum->unsaved_bytes += process->unsaved_bytes;
	add_stream(sum, process);
	if (process->newest_ns > sum->newest_ns)
		sum->newest_ns = process->newest_ns;
}

static void add_ended(struct service_sums *sums, const struct service_total *total)
{
	struct service_sum *sum;

	if (is_unmarked(total->name, &total->accounts))
		return;
	sum = find(sums, total->name);
	add_counts(sum, &total->accounts, total->bytes, total->flushes);
	sum->now[SERVICE_ENDED] += total->processes;
}

void service_sums__take(struct service_sums *sums, const struct status *status)
{
	forget_now(sums);
	for (size_t i = 0; i < status->ended.cnt; i++)
		add_ended(sums, &status->ended.items[i]);
	for (size_t i = 0; i < status->process_cnt; i++)
		add_process(sums, &status->processes[i]);
	for (size_t i = 0; i < sums->cnt; i++) {
		struct service_sum *sum = &sums->items[i];

		for (size_t count = 0; count < SERVICE_COUNT_CNT; count++) {
			if (sum->now[count] > sum->counts[count])
				sum->counts[count] = sum->now[count];
		}
	}
}

bool service_sums__has_rest(const struct service_sums *sums)
{
	const struct service_sum *rest = &sums->items[0];

	return rest->process_cnt || rest->counts[SERVICE_ENDED];
}
