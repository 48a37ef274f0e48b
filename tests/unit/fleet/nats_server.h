/* SPDX-License-Identifier: MIT */
/*
 * A nats-server of the test's own, on a port of loopback that the kernel chose, with its data in a
 * directory of the test. It ends with the test, also if that crashes.
 */
#ifndef TTLOG_TESTS_NATS_SERVER_H
#define TTLOG_TESTS_NATS_SERVER_H

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "nats_link.h"
#include "temp_dir.h"

#define NATS_SERVER "/usr/sbin/nats-server"

struct nats_server {
	char dir[64];
	pid_t pid;
	uint16_t port;
};

/* The server writes {"nats":["nats://127.0.0.1:PORT"]} once it listens. 0: not yet. */
static inline uint16_t nats_server__read_port(const struct nats_server *server)
{
	char path[128], text[256] = "";
	const char *at;
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/nats-server_%d.ports", server->dir, server->pid);
	file = fopen(path, "re");
	if (!file)
		return 0;
	text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
	(void)fclose(file);
	at = strstr(text, "127.0.0.1:");
	return at && strchr(text, '}') ? (uint16_t)strtoul(at + 10, NULL, 10) : 0;
}

static inline void nats_server__exec(const struct nats_server *server, const char *config)
{
	char log[80];

	(void)snprintf(log, sizeof(log), "%s/log", server->dir);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (config)
		(void)execl(NATS_SERVER, NATS_SERVER, "-a", "127.0.0.1", "-p", "-1", "-sd",
			    server->dir, "-l", log, "--ports_file_dir", server->dir, "-js", "-c",
			    config, NULL);
	else
		(void)execl(NATS_SERVER, NATS_SERVER, "-a", "127.0.0.1", "-p", "-1", "-sd",
			    server->dir, "-l", log, "--ports_file_dir", server->dir, "-js", NULL);
	_exit(127);
}

/* Again after nats_server__kill(), with the data that it has. config: a file, or NULL. */
static inline void nats_server__start(struct nats_server *server, const char *config)
{
	char event[1024];
	const int watch = inotify_init1(IN_CLOEXEC);

	assert_true(inotify_add_watch(watch, server->dir, IN_CLOSE_WRITE) >= 0);
	server->pid = fork();
	assert_true(server->pid >= 0);
	if (!server->pid)
		nats_server__exec(server, config);
	for (server->port = 0; !server->port; server->port = nats_server__read_port(server))
		assert_true(read(watch, event, sizeof(event)) > 0);
	(void)close(watch);
}

/* Skips the test if there is no nats-server. */
static inline void nats_server__make_dir(struct nats_server *server)
{
	if (access(NATS_SERVER, X_OK)) {
		print_message("no " NATS_SERVER ": apt-get install nats-server\n");
		skip();
	}
	(void)strcpy(server->dir, "/tmp/ttlog-nats-XXXXXX");
	assert_non_null(mkdtemp(server->dir));
}

static inline void nats_server__kill(struct nats_server *server)
{
	assert_int_equal(kill(server->pid, SIGKILL), 0);
	assert_int_equal(waitpid(server->pid, NULL, 0), server->pid);
}

static inline void nats_server__end(struct nats_server *server)
{
	nats_server__kill(server);
	assert_int_equal(temp_dir__remove(server->dir), 0);
}

static inline struct nats_link *nats_server__connect(const struct nats_server *server)
{
	const struct fleet_server at = { .host = "127.0.0.1", .port = server->port };
	const struct nats_link_options options = { .servers = &at,
						   .server_cnt = 1,
						   .name = "test" };
	struct fleet_error error = { "" };
	struct nats_link *link = nats_link__open(&options, &error);

	if (!link)
		fail_msg("%s", error.text);
	return link;
}

#endif /* TTLOG_TESTS_NATS_SERVER_H */
