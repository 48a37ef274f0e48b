/* SPDX-License-Identifier: MIT */
/*
 * The web server of --metrics: one thread, GET and HEAD of /metrics, nothing else.
 *
 * Clients are strangers. At most METRICS_MAX_CLIENTS are served at once; each has
 * METRICS_CLIENT_NS for its one request and its answer, whatever it sends meanwhile, and
 * METRICS_REQUEST_BYTES for its request. A page is made at most once in METRICS_PAGE_NS, so that
 * clients that ask in a loop cost next to nothing.
 */
#ifndef TTLOG_METRICS_SERVER_H
#define TTLOG_METRICS_SERVER_H

#include <stddef.h>
#include <stdint.h>

struct metrics_server;

#define METRICS_MAX_CLIENTS   16u
#define METRICS_REQUEST_BYTES 8192u
#define METRICS_CLIENT_NS     10000000000ull
#define METRICS_PAGE_NS       200000000ull

struct metrics_server_options {
	/* Makes the page, in the server's thread: text that the server frees, and its length. 0 or
	 * -errno: clients get status 503. */
	int (*page)(void *ctx, char **ret_text, size_t *ret_bytes);
	void *ctx;
};

/* Takes ownership of the socket, which listens, also if it fails. NULL with errno. */
struct metrics_server *metrics_server__new(int listen_fd,
					   const struct metrics_server_options *options);
/* Ends the thread; page() is not called any more. NULL is fine. */
void metrics_server__free(struct metrics_server *server);

#endif /* TTLOG_METRICS_SERVER_H */
