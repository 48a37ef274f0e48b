/* SPDX-License-Identifier: MIT */
/*
 * --metrics: opens its port before anything is recorded, and gives the recorder's status to pages.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "capability.h"
#include "collect_parts.h"
#include "drain.h"
#include "env.h"
#include "listen_address.h"
#include "metrics_page.h"
#include "metrics_server.h"
#include "report.h"
#include "status_board.h"

/* Prometheus waits 10 s unless told otherwise. */
#define STATUS_TIMEOUT_MS 5000

int collect__open_metrics(struct collector *collector)
{
	const struct listen_address *address = &collector->env->metrics;
	char printed[LISTEN_ADDRESS_BYTES];
	int fd;

	if (!address->len)
		return 0;
	collector->trap_ns = capability__trap_ns();
	fd = listen_address__open(address);
	if (fd >= 0) {
		collector->metrics_fd = fd;
		return 0;
	}
	listen_address__print(address, printed);
	fprintf(stderr, "ttlog-collect: --metrics: can't listen on %s: %s%s\n", printed,
		strerror(-fd), listen_address__advice(fd));
	return fd;
}

static int write_page(void *ctx, char **ret_text, size_t *ret_bytes)
{
	struct collector *collector = ctx;
	const struct status *status = drain__ask_status(collector->drain, 0, STATUS_TIMEOUT_MS);
	int err;

	if (!status)
		return -errno;
	err = metrics_page__write(collector->metrics_page, status, ret_text, ret_bytes);
	status_board__release(collector->status, status);
	return err;
}

int collect__start_metrics(struct collector *collector)
{
	const struct listen_address *address = &collector->env->metrics;
	struct metrics_page_options page = { .by_pid = collector->env->metrics_by_pid };
	const struct metrics_server_options options = { .page = write_page, .ctx = collector };
	char printed[LISTEN_ADDRESS_BYTES];

	if (!address->len)
		return 0;
	page.trap_ns = collector->trap_ns;
	collector->metrics_page = metrics_page__new(&page);
	if (!collector->metrics_page)
		return report__error("can't start --metrics", NULL, -ENOMEM);
	collector->metrics = metrics_server__new(collector->metrics_fd, &options);
	collector->metrics_fd = -1;
	if (!collector->metrics)
		return report__error("can't start --metrics", NULL, -errno);
	listen_address__print(address, printed);
	if (!collector->env->quiet)
		fprintf(stderr, "ttlog-collect: metrics at http://%s/metrics%s\n", printed,
			listen_address__is_loopback(address) ? "" : ", for all who can reach it");
	return 0;
}
