/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>

#include "diagnostics.h"
#include "field.h"
#include "host_order.h"
#include "out.h"

/* More hosts are only counted in messages. */
#define SHOWN_HOSTS 4u
#define SUBJECT     "order across hosts"

struct host_of_file {
	uint32_t host; /* plus 1; 0: not known, or not how wrong its clock may be */
	uint64_t error_ns;
};

struct host {
	struct ttlog_text name;
	uint64_t most_ns; /* of its files */
	bool is_unsynchronised;
};

/* ---- The hosts ---- */

struct host_name {
	struct ttlog_text name;
	const struct ttlog_info *info;
	size_t reader;
};

static int by_name(const void *a, const void *b)
{
	const struct host_name *x = a, *y = b;

	return event_field__order(x->name, y->name);
}

/* The names of files that say how wrong their clock may be, sorted. */
static size_t sorted_names(struct host_name *names, struct ttlog_snapshot *const *readers,
			   size_t reader_cnt)
{
	size_t cnt = 0;

	for (size_t i = 0; i < reader_cnt; i++) {
		const struct ttlog_info *info = ttlog_snapshot_info(readers[i]);

		if (info->has_header && info->has_clock_error && info->host.len)
			names[cnt++] = (struct host_name){ info->host, info, i };
	}
	if (cnt)
		qsort(names, cnt, sizeof(*names), by_name);
	return cnt;
}

static void take_names(struct host_order *order, const struct host_name *names, size_t cnt)
{
	for (size_t i = 0; i < cnt; i++) {
		const struct ttlog_info *info = names[i].info;
		struct host *host;

		if (!i || by_name(&names[i - 1], &names[i]))
			order->hosts[order->host_cnt++] = (struct host){ .name = names[i].name };
		host = &order->hosts[order->host_cnt - 1];
		host->is_unsynchronised |= info->is_clock_unsynchronised;
		if (info->clock_error_ns > host->most_ns)
			host->most_ns = info->clock_error_ns;
		order->files[names[i].reader] = (struct host_of_file){
			.host = (uint32_t)order->host_cnt,
			.error_ns = info->clock_error_ns,
		};
	}
}

int host_order__init(struct host_order *ret, struct ttlog_snapshot *const *readers,
		     size_t reader_cnt)
{
	struct host_order order = { .host_cnt = 0 };
	struct host_name *names = calloc(reader_cnt + 1, sizeof(*names));
	size_t cnt = names ? sorted_names(names, readers, reader_cnt) : 0;
	int err = names ? 0 : -ENOMEM;

	/* one host is in the order of its clock */
	if (cnt && by_name(&names[0], &names[cnt - 1])) {
		order.files = calloc(reader_cnt, sizeof(*order.files));
		order.hosts = calloc(cnt, sizeof(*order.hosts));
		err = order.files && order.hosts
			      ? provenances__init(&order.provenances, readers, reader_cnt)
			      : -ENOMEM;
		if (!err)
			take_names(&order, names, cnt);
	}
	free(names);
	if (err)
		host_order__fini(&order);
	*ret = order;
	return err;
}

void host_order__fini(struct host_order *order)
{
	provenances__fini(&order->provenances);
	free(order->files);
	free(order->hosts);
	*order = (struct host_order){ .host_cnt = 0 };
}

/* ---- The events ---- */

static uint64_t sum_of(uint64_t a, uint64_t b)
{
	return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

/* Of the events so far only the two that reach furthest matter: one of them is of another host than
 * the next event. */
static void note(struct host_order *order, const struct host_reach *reach)
{
	struct host_reach *at = order->first.host == reach->host ? &order->first : &order->second;

	if (reach->until_ns <= at->until_ns)
		return;
	*at = *reach;
	if (order->second.until_ns > order->first.until_ns) {
		const struct host_reach further = order->second;

		order->second = order->first;
		order->first = further;
	}
}

uint64_t host_order__take(struct host_order *order, const struct ttlog_event *event)
{
	const struct host_of_file *file;
	const struct host_reach *other;
	uint64_t unsure_ns = 0;

	if (!order->files)
		return 0;
	file = &order->files[provenances__find(&order->provenances, event)->number];
	if (!file->host)
		return 0;
	order->event_cnt++;
	other = order->first.host == file->host ? &order->second : &order->first;
	if (other->host && sum_of(other->until_ns, file->error_ns) > event->real_ns) {
		unsure_ns = sum_of(other->error_ns, file->error_ns);
		order->unsure_cnt += unsure_ns > 0;
	}
	note(order, &(const struct host_reach){
			    .host = file->host,
			    .until_ns = sum_of(event->real_ns, file->error_ns),
			    .error_ns = file->error_ns,
		    });
	return unsure_ns;
}

uint64_t host_order__most_ns(const struct host_order *order)
{
	uint64_t first = 0, second = 0;

	for (size_t i = 0; i < order->host_cnt; i++) {
		const uint64_t ns = order->hosts[i].most_ns;

		if (ns > first) {
			second = first;
			first = ns;
		} else if (ns > second) {
			second = ns;
		}
	}
	return sum_of(first, second);
}

/* ---- Words ---- */

/* "db1 16.000s (not synchronised), web 1.200ms" */
static void put_hosts(struct out *out, const struct host_order *order)
{
	for (size_t i = 0; i < order->host_cnt && i < SHOWN_HOSTS; i++) {
		const struct host *host = &order->hosts[i];

		out__text(out, i ? ", " : "");
		out__plain(out, host->name);
		out__char(out, ' ');
		out__duration(out, host->most_ns);
		out__text(out, host->is_unsynchronised ? " (not synchronised)" : "");
	}
	if (order->host_cnt > SHOWN_HOSTS)
		out__format(out, " and %zu more", order->host_cnt - SHOWN_HOSTS);
}

static void say(struct out *out)
{
	out__char(out, '\0');
	if (!out->err)
		diagnostics__print(SUBJECT, out__written(out).p);
	out__fini(out);
}

void host_order__say(const struct host_order *order)
{
	struct out out;

	if (!order->unsure_cnt || out__init_memory(&out))
		return;
	out__format(&out,
		    "not certain for %llu of %llu events: one of another host is closer in time "
		    "than their clocks may be off: ",
		    (unsigned long long)order->unsure_cnt, (unsigned long long)order->event_cnt);
	put_hosts(&out, order);
	say(&out);
}

void host_order__say_times(const struct host_order *order)
{
	struct out out;

	if (!host_order__most_ns(order) || out__init_memory(&out))
		return;
	out__text(&out,
		  "times of two hosts that are closer than their clocks may be off do not tell "
		  "which was first (snapshots.clock_error_ns): ");
	put_hosts(&out, order);
	say(&out);
}

void host_order__say_interval(const struct host_order *order, uint64_t interval_ns)
{
	struct out out;

	if (host_order__most_ns(order) <= interval_ns || !interval_ns || out__init_memory(&out))
		return;
	out__text(&out, "events may belong to other intervals, as the clocks may be off by more: ");
	put_hosts(&out, order);
	say(&out);
}
