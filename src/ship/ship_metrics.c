/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "barrier.h"
#include "clock.h"
#include "destination.h"
#include "exposition.h"
#include "listen_address.h"
#include "metrics_server.h"
#include "ship_metrics.h"

#define SECOND_NS 1e9

struct ship_metrics {
	const struct destination *destinations;
	size_t cnt;
	struct metrics_server *server;
	size_t dropped[SPOOL_MAX_DESTINATIONS]; /* as it was shown last */
};

/* ---- the page ---- */

/* What a number in struct ship_figures is. */
enum kind {
	COUNT,
	NS,  /* as seconds */
	AGE, /* the time since then, as seconds; 0: none */
};

struct metric {
	struct exposition_family family;
	enum kind kind;
	size_t at, size;   /* of struct ship_figures */
	const char *label; /* NULL: only the destination */
	const char *value;
};

#define AT(member)                                                                                 \
	offsetof(struct ship_figures, member), sizeof(((struct ship_figures *)NULL)->member)

/* Their names are an interface: dashboards and alerts use them. man/ttlog-ship.1 lists them. One after
 * the other with the same name are one family. */
/* clang-format off */
static const struct metric metrics[] = {
	{ { "ttlog_ship_connected", EXPOSITION_GAUGE, "Whether it is connected to a server." },
	  COUNT, AT(counts.is_connected), NULL, NULL },
	{ { "ttlog_ship_backlog_files", EXPOSITION_GAUGE, "Files that wait to be sent." },
	  COUNT, AT(spool.waiting), NULL, NULL },
	{ { "ttlog_ship_backlog_bytes", EXPOSITION_GAUGE, "Bytes of these." },
	  COUNT, AT(spool.waiting_bytes), NULL, NULL },
	{ { "ttlog_ship_lag_seconds", EXPOSITION_GAUGE,
	    "Age of the oldest file that waits to be sent; 0: none does." },
	  AGE, AT(spool.oldest_ns), NULL, NULL },
	{ { "ttlog_ship_unaudited_files", EXPOSITION_GAUGE,
	    "Files that were sent and not read back yet." },
	  COUNT, AT(spool.unaudited), NULL, NULL },
	{ { "ttlog_ship_crash_latency_seconds", EXPOSITION_GAUGE,
	    "From the crash that was sent last until it was in the index; 0: none was." },
	  NS, AT(counts.crash_ns), NULL, NULL },
	{ { "ttlog_ship_sent_files_total", EXPOSITION_COUNTER, "Files that were sent." },
	  COUNT, AT(counts.sent_files), NULL, NULL },
	{ { "ttlog_ship_sent_bytes_total", EXPOSITION_COUNTER,
	    "Bytes of files that were sent, also in vain." },
	  COUNT, AT(counts.sent_bytes), NULL, NULL },
	{ { "ttlog_ship_audits_total", EXPOSITION_COUNTER,
	    "Files that were read back and compared, by what was found." },
	  COUNT, AT(counts.whole), "result", "whole" },
	{ { "ttlog_ship_audits_total", EXPOSITION_COUNTER, NULL },
	  COUNT, AT(counts.not_whole), "result", "not_whole" },
	{ { "ttlog_ship_resends_total", EXPOSITION_COUNTER,
	    "Files that are sent again because they were not whole there." },
	  COUNT, AT(counts.resends), NULL, NULL },
	{ { "ttlog_ship_failures_total", EXPOSITION_COUNTER,
	    "Connections that could not be made, or that failed." },
	  COUNT, AT(counts.failures), NULL, NULL },
	{ { "ttlog_ship_refused_files_total", EXPOSITION_COUNTER,
	    "Files that the place does not want, which are given up." },
	  COUNT, AT(counts.refused), NULL, NULL },
	{ { "ttlog_ship_rejected_records_total", EXPOSITION_COUNTER,
	    "Log records and spans that the place did not take of files that it took." },
	  COUNT, AT(counts.rejected_records), NULL, NULL },
	{ { "ttlog_ship_dropped_files_total", EXPOSITION_COUNTER,
	    "Files that were gone before they were sent, or before they were read back." },
	  COUNT, AT(spool.dropped), "state", "unsent" },
	{ { "ttlog_ship_dropped_files_total", EXPOSITION_COUNTER, NULL },
	  COUNT, AT(spool.unproven), "state", "unaudited" },
};
/* clang-format on */

static uint64_t number_of(const struct metric *metric, const struct ship_figures *figures)
{
	uint64_t number = 0;

	_Static_assert(sizeof(size_t) == sizeof(uint64_t), "one type of numbers");
	memcpy(&number, (const char *)figures + metric->at, metric->size);
	return number;
}

static void write_sample(FILE *out, const struct metric *metric, const struct ship_figures *figures,
			 uint64_t now_ns)
{
	const struct exposition_label labels[] = { { "destination", figures->destination },
						   { metric->label, metric->value } };
	const size_t cnt = metric->label ? 2 : 1;
	uint64_t number = number_of(metric, figures);

	if (metric->kind == COUNT) {
		exposition__count(out, &metric->family, labels, cnt, number);
		return;
	}
	if (metric->kind == AGE)
		number = number && number < now_ns ? now_ns - number : 0;
	exposition__real(out, &metric->family, labels, cnt, (double)number / SECOND_NS);
}

int ship_metrics__write(const struct ship_figures *figures, size_t cnt, uint64_t now_ns,
			char **ret_text, size_t *ret_bytes)
{
	const char *name = "";
	char *text = NULL;
	size_t bytes;
	FILE *out = open_memstream(&text, &bytes);

	for (size_t i = 0; out && i < ARRAY_SIZE(metrics); i++) {
		if (strcmp(name, metrics[i].family.name) != 0)
			exposition__begin(out, &metrics[i].family);
		name = metrics[i].family.name;
		for (size_t j = 0; j < cnt; j++)
			write_sample(out, &metrics[i], &figures[j], now_ns);
	}
	if (!out || fclose(out)) {
		free(text);
		return -ENOMEM;
	}
	*ret_text = text;
	*ret_bytes = bytes;
	return 0;
}

/* ---- the server ---- */

static void load(struct ship_counts *ret, const struct ship_counts *counts)
{
	const uint64_t *from = (const uint64_t *)counts;
	uint64_t *to = (uint64_t *)ret;

	for (size_t i = 0; i < sizeof(*ret) / sizeof(*to); i++)
		to[i] = barrier__load_relaxed(&from[i]);
}

static int write_page(void *ctx, char **ret_text, size_t *ret_bytes)
{
	struct ship_metrics *metrics_of = ctx;
	struct ship_figures figures[SPOOL_MAX_DESTINATIONS];

	for (size_t i = 0; i < metrics_of->cnt; i++) {
		const struct destination *destination = &metrics_of->destinations[i];

		figures[i].destination = destination->setting.text;
		load(&figures[i].counts, &destination->counts);
		spool__count(destination->setting.spool, destination->setting.number,
			     &figures[i].spool);
		/* a counter never falls */
		if (figures[i].spool.dropped < metrics_of->dropped[i])
			figures[i].spool.dropped = metrics_of->dropped[i];
		metrics_of->dropped[i] = figures[i].spool.dropped;
	}
	return ship_metrics__write(figures, metrics_of->cnt, clock__now_real_ns(), ret_text,
				   ret_bytes);
}

int ship_metrics__listen(const struct listen_address *address)
{
	const int fd = listen_address__open(address);
	char printed[LISTEN_ADDRESS_BYTES];

	listen_address__print(address, printed);
	if (fd < 0)
		fprintf(stderr, "ttlog-ship: --metrics: can't listen on %s: %s%s\n", printed,
			strerror(-fd), listen_address__advice(fd));
	else
		fprintf(stderr, "ttlog-ship: metrics at http://%s/metrics%s\n", printed,
			listen_address__is_loopback(address) ? "" : ", for all who can reach it");
	return fd;
}

struct ship_metrics *ship_metrics__start(int listen_fd, const struct destination *destinations,
					 size_t cnt)
{
	struct ship_metrics *started = calloc(1, sizeof(*started));
	const struct metrics_server_options options = { .page = write_page, .ctx = started };
	int err;

	if (!started)
		return NULL;
	started->destinations = destinations;
	started->cnt = cnt;
	started->server = metrics_server__new(listen_fd, &options);
	if (started->server)
		return started;
	err = errno;
	free(started);
	errno = err;
	return NULL;
}

void ship_metrics__end(struct ship_metrics *metrics_of)
{
	if (!metrics_of)
		return;
	metrics_server__free(metrics_of->server);
	free(metrics_of);
}
