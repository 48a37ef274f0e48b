/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <microhttpd.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "array.h"
#include "clock.h"
#include "exposition.h"
#include "metrics_server.h"

/* How often clients that are served are looked at. */
#define LOOK_MS 500
#define IDLE_MS 10000

struct client {
	int fd; /* the library's own; -1: free */
	uint64_t since_ns;
};

struct metrics_server {
	struct metrics_server_options options;
	struct MHD_Daemon *daemon;
	struct client clients[METRICS_MAX_CLIENTS];
	bool has_closed;           /* a client, since the last MHD_run() */
	struct MHD_Response *page; /* the last one; NULL: none yet, or it failed */
	uint64_t made_ns;
	int stop_fd; /* eventfd */
	pthread_t thread;
	bool has_thread;
};

/* ---- answers ---- */

static struct MHD_Response *make_page(struct metrics_server *server)
{
	struct MHD_Response *page;
	char *text;
	size_t bytes;

	if (server->options.page(server->options.ctx, &text, &bytes))
		return NULL;
	page = MHD_create_response_from_buffer(bytes, text, MHD_RESPMEM_MUST_FREE);
	if (!page)
		free(text);
	else if (MHD_add_response_header(page, MHD_HTTP_HEADER_CONTENT_TYPE, EXPOSITION_TYPE) ==
		 MHD_YES)
		(void)MHD_add_response_header(page, MHD_HTTP_HEADER_CONNECTION, "close");
	return page;
}

/* Clients that still get the last page keep it. */
static void renew_page(struct metrics_server *server)
{
	const uint64_t now_ns = clock__now_mono_ns();

	if (server->page && now_ns - server->made_ns < METRICS_PAGE_NS)
		return;
	if (server->page)
		MHD_destroy_response(server->page);
	server->page = make_page(server);
	server->made_ns = clock__now_mono_ns();
}

static enum MHD_Result refuse(struct MHD_Connection *connection, unsigned int status,
			      const char *why)
{
	struct MHD_Response *response =
		MHD_create_response_from_buffer(strlen(why), (void *)why, MHD_RESPMEM_PERSISTENT);
	enum MHD_Result queued;

	if (!response)
		return MHD_NO;
	(void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "text/plain");
	(void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
	if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
		(void)MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
	queued = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return queued;
}

/* At the first call, before a body is read: that is never wanted. */
static enum MHD_Result answer(void *ctx, struct MHD_Connection *connection, const char *url,
			      const char *method, const char *version, const char *upload,
			      size_t *upload_bytes, void **request)
{
	struct metrics_server *server = ctx;

	(void)version;
	(void)upload;
	(void)upload_bytes;
	(void)request;
	if (strcmp(url, "/metrics") != 0)
		return refuse(connection, MHD_HTTP_NOT_FOUND, "There is only /metrics.\n");
	if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
		return refuse(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "Only GET and HEAD.\n");
	renew_page(server);
	if (!server->page)
		return refuse(connection, MHD_HTTP_SERVICE_UNAVAILABLE,
			      "There are no figures now.\n");
	return MHD_queue_response(connection, MHD_HTTP_OK, server->page);
}

/* ---- clients ---- */

static int fd_of(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);

	return info ? info->connect_fd : -1;
}

static void note_client(void *ctx, struct MHD_Connection *connection, void **socket_context,
			enum MHD_ConnectionNotificationCode what)
{
	struct metrics_server *server = ctx;
	struct client *client = *socket_context;

	if (what == MHD_CONNECTION_NOTIFY_CLOSED) {
		if (client)
			client->fd = -1;
		server->has_closed = true;
		return;
	}
	for (size_t i = 0; !client && i < ARRAY_SIZE(server->clients); i++) {
		if (server->clients[i].fd < 0)
			client = &server->clients[i];
	}
	*socket_context = client;
	if (client)
		*client = (struct client){ fd_of(connection), clock__now_mono_ns() };
}

/* The library's own time limit begins anew with each byte. Returns whether a client is left. */
static bool cut_off_clients(const struct metrics_server *server)
{
	const uint64_t now_ns = clock__now_mono_ns();
	bool has_clients = false;

	for (size_t i = 0; i < ARRAY_SIZE(server->clients); i++) {
		const struct client *client = &server->clients[i];

		has_clients |= client->fd >= 0;
		if (client->fd >= 0 && now_ns - client->since_ns > METRICS_CLIENT_NS)
			(void)shutdown(client->fd, SHUT_RDWR);
	}
	return has_clients;
}

/* ---- the thread ---- */

static int wait_ms(const struct metrics_server *server)
{
	const int longest = cut_off_clients(server) ? LOOK_MS : IDLE_MS;
	MHD_UNSIGNED_LONG_LONG asked;

	if (MHD_get_timeout(server->daemon, &asked) != MHD_YES)
		return longest;
	return asked < (unsigned int)longest ? (int)asked : longest;
}

/* With as many clients as it serves, the library does not listen. It begins to listen again in the
 * run after the one in which a client goes, which nothing else may cause. */
static void serve(struct metrics_server *server)
{
	do {
		server->has_closed = false;
		(void)MHD_run(server->daemon);
	} while (server->has_closed);
}

static void *run(void *arg)
{
	struct metrics_server *server = arg;
	const union MHD_DaemonInfo *info =
		MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	struct pollfd polls[] = {
		{ .fd = server->stop_fd, .events = POLLIN },
		{ .fd = info->epoll_fd, .events = POLLIN },
	};

	(void)pthread_setname_np(pthread_self(), "ttlog-metrics");
	while (!polls[0].revents) {
		(void)poll(polls, ARRAY_SIZE(polls), wait_ms(server));
		serve(server);
	}
	return NULL;
}

static int start(struct metrics_server *server, int listen_fd)
{
	server->stop_fd = eventfd(0, EFD_CLOEXEC);
	if (server->stop_fd < 0)
		return -errno;
	server->daemon = MHD_start_daemon(
		MHD_USE_EPOLL, 0, NULL, NULL, answer, server, MHD_OPTION_LISTEN_SOCKET, listen_fd,
		MHD_OPTION_CONNECTION_LIMIT, METRICS_MAX_CLIENTS,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)METRICS_REQUEST_BYTES,
		MHD_OPTION_CONNECTION_TIMEOUT, (unsigned int)(METRICS_CLIENT_NS / 1000000000u),
		MHD_OPTION_NOTIFY_CONNECTION, note_client, server, MHD_OPTION_END);
	if (!server->daemon)
		return -ENOMEM;
	return -pthread_create(&server->thread, NULL, run, server);
}

struct metrics_server *metrics_server__new(int listen_fd,
					   const struct metrics_server_options *options)
{
	struct metrics_server *server = calloc(1, sizeof(*server));
	int err = -ENOMEM;

	if (server) {
		server->options = *options;
		for (size_t i = 0; i < ARRAY_SIZE(server->clients); i++)
			server->clients[i].fd = -1;
		err = start(server, listen_fd);
		server->has_thread = !err;
	}
	/* otherwise the library closes it */
	if (!server || !server->daemon)
		(void)close(listen_fd);
	if (!err)
		return server;
	metrics_server__free(server);
	errno = -err;
	return NULL;
}

void metrics_server__free(struct metrics_server *server)
{
	if (!server)
		return;
	if (server->has_thread) {
		(void)eventfd_write(server->stop_fd, 1);
		pthread_join(server->thread, NULL);
	}
	if (server->daemon)
		MHD_stop_daemon(server->daemon);
	if (server->page)
		MHD_destroy_response(server->page);
	if (server->stop_fd >= 0)
		(void)close(server->stop_fd);
	free(server);
}
