/* SPDX-License-Identifier: MIT */
/*
 * The child answers with the path in libdebuginfod's cache (~/.cache/debuginfod_client). The library
 * reads its other settings from the environment as ever: DEBUGINFOD_CACHE_PATH, _MAXSIZE, _VERBOSE.
 */
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "debuginfod.h"
#include "plain_file.h"

#define LIBRARY        "libdebuginfod.so.1"
#define PROCESS_NAME   "ttlog-fetch"
/* Without a byte for so long, a server is given up, unless the user says another time. */
#define TIMEOUT_S      "30"
#define BUILD_ID_BYTES 41u

struct request {
	int what; /* enum debuginfod_what */
	char build_id[BUILD_ID_BYTES];
};

/* Also its first message, which says whether there is a library. */
struct reply {
	int err;
	char text[PATH_MAX]; /* the path, or the reason */
};

/* ---- The child ---- */

/* What is used of the library (elfutils/debuginfod.h). */
struct library {
	void *(*begin)(void);
	int (*find_debuginfo)(void *client, const unsigned char *build_id, int len, char **path);
	int (*find_executable)(void *client, const unsigned char *build_id, int len, char **path);
};

static bool load(struct library *ret)
{
	void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);

	if (!library)
		return false;
	*(void **)&ret->begin = dlsym(library, "debuginfod_begin");
	*(void **)&ret->find_debuginfo = dlsym(library, "debuginfod_find_debuginfo");
	*(void **)&ret->find_executable = dlsym(library, "debuginfod_find_executable");
	return ret->begin && ret->find_debuginfo && ret->find_executable;
}

static void answer(int socket, int err, const char *text)
{
	struct reply reply = { .err = err };

	(void)snprintf(reply.text, sizeof(reply.text), "%s", text ? text : "");
	if (send(socket, &reply, sizeof(reply), MSG_NOSIGNAL) != sizeof(reply))
		_exit(1);
}

static void *begin(struct library *library, int socket)
{
	void *client;

	if (!load(library)) {
		answer(socket, -ENOSYS, dlerror());
		_exit(0);
	}
	client = library->begin();
	answer(socket, client ? 0 : -ENOMEM, client ? "" : "it can't begin");
	return client;
}

static void serve(const struct library *library, void *client, int socket)
{
	struct request request;

	while (recv(socket, &request, sizeof(request), 0) == sizeof(request)) {
		const unsigned char *id = (const unsigned char *)request.build_id;
		char *path = NULL;
		int fd = request.what == DEBUGINFOD_DEBUG
				 ? library->find_debuginfo(client, id, 0, &path)
				 : library->find_executable(client, id, 0, &path);

		answer(socket, fd < 0 ? fd : 0, path);
		if (fd >= 0)
			(void)close(fd);
		free(path);
	}
}

_Noreturn static void run(const char *urls, int socket)
{
	struct library library;
	void *client;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	(void)prctl(PR_SET_NAME, PROCESS_NAME, 0, 0, 0);
	if (setenv("DEBUGINFOD_URLS", urls, 1) || setenv("DEBUGINFOD_TIMEOUT", TIMEOUT_S, 0))
		_exit(1);
	client = begin(&library, socket);
	if (client)
		serve(&library, client, socket);
	_exit(0);
}

/* ---- The parent ---- */

static int take(const struct debuginfod *debuginfod, struct reply *ret)
{
	ssize_t len;

	do
		len = recv(debuginfod->socket, ret, sizeof(*ret), 0);
	while (len < 0 && errno == EINTR);
	if (len != sizeof(*ret))
		return -EPIPE;
	ret->text[sizeof(ret->text) - 1] = '\0';
	return 0;
}

static int start(struct debuginfod *ret, const char *urls)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends))
		return -errno;
	ret->pid = fork();
	if (!ret->pid) {
		(void)close(ends[0]);
		run(urls, ends[1]);
	}
	ret->socket = ends[0];
	(void)close(ends[1]);
	if (ret->pid > 0)
		return 0;
	(void)close(ends[0]);
	return -EAGAIN;
}

int debuginfod__open(struct debuginfod *ret, const char *urls, char *ret_why, size_t why_size)
{
	struct debuginfod debuginfod = { .socket = -1 };
	struct reply reply;
	int err = start(&debuginfod, urls);

	if (err) {
		(void)snprintf(ret_why, why_size, "%s", strerror(-err));
		return err;
	}
	err = take(&debuginfod, &reply);
	if (!err)
		err = reply.err;
	if (!err) {
		*ret = debuginfod;
		return 0;
	}
	debuginfod__close(&debuginfod);
	(void)snprintf(ret_why, why_size, "%.*s: install libdebuginfod (Debian: libdebuginfod1)",
		       (int)why_size / 2, err == -ENOSYS ? reply.text : strerror(-err));
	return err;
}

void debuginfod__close(struct debuginfod *debuginfod)
{
	(void)kill(debuginfod->pid, SIGKILL);
	(void)close(debuginfod->socket);
	while (waitpid(debuginfod->pid, NULL, 0) < 0 && errno == EINTR)
		;
}

int debuginfod__find(const struct debuginfod *debuginfod, const char *build_id,
		     enum debuginfod_what what)
{
	struct request request = { .what = what };
	struct reply reply;
	int err;

	(void)snprintf(request.build_id, sizeof(request.build_id), "%s", build_id);
	if (send(debuginfod->socket, &request, sizeof(request), MSG_NOSIGNAL) != sizeof(request))
		return -EPIPE;
	err = take(debuginfod, &reply);
	if (!err)
		err = reply.err;
	return err ? err : plain_file__open(reply.text);
}
