/* SPDX-License-Identifier: MIT */
/*
 * The library reads its other settings from the environment as ever: DEBUGINFOD_CACHE_PATH,
 * _MAXSIZE, _VERBOSE.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "debuginfod.h"
#include "fd_message.h"
#include "sandbox.h"

#define LIBRARY        "libdebuginfod.so.1"
#define PROCESS_NAME   "ttlog-fetch"
/* Without a byte for so long, a server is given up, unless the user says another time. */
#define TIMEOUT_S      "30"
#define CACHE_VARIABLE "DEBUGINFOD_CACHE_PATH"
#define OWN_CACHE      "/tmp/ttlog-debuginfod.XXXXXX"
#define OWN_MAX_BYTES  (1u << 30) /* of a file */
#define OWN_MAX_S      "120"
#define BUILD_ID_BYTES 41u
#define REASON_BYTES   200u
#define NS_PER_MS      1000000ull
/* After so many answers that did not come in time, none is waited for any more. */
#define MAX_LATE       3u

struct request {
	uint32_t number, what; /* enum debuginfod_what */
	char build_id[BUILD_ID_BYTES];
};

/* Also its first message, which says whether there is a library. A file comes with it. */
struct reply {
	uint32_t number; /* of the request */
	int32_t err;
	char reason[REASON_BYTES];
};

struct debuginfod {
	pid_t pid;
	int socket;
	bool has_rights; /* the child may be killed */
	pthread_mutex_t lock;
	uint32_t number; /* of the last request */
	unsigned int late_cnt;
};

bool debuginfod__are_urls(const char *urls)
{
	static const char *const SCHEMES[] = { "http://", "https://", "file://" };
	const char *at = urls + strspn(urls, " ");

	if (!*at)
		return false;
	for (; *at; at += strspn(at, " ")) {
		const size_t len = strcspn(at, " ");
		bool is_known = false;

		for (size_t i = 0; i < sizeof(SCHEMES) / sizeof(SCHEMES[0]); i++)
			is_known |= len > strlen(SCHEMES[i]) &&
				    !strncmp(at, SCHEMES[i], strlen(SCHEMES[i]));
		for (size_t i = 0; i < len; i++)
			is_known &= at[i] > ' ' && at[i] <= '~';
		if (!is_known)
			return false;
		at += len;
	}
	return true;
}

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

/* False: nothing listens any more. */
static bool answer(int socket, const struct reply *reply, int fd)
{
	const struct iovec part = { (void *)reply, sizeof(*reply) };

	return fd_message__send(socket, &part, 1, fd, 0) == sizeof(*reply);
}

static void *begin(struct library *library, int socket)
{
	struct reply reply = { .err = 0 };
	void *client = NULL;

	if (!load(library)) {
		reply.err = -ENOSYS;
		(void)snprintf(reply.reason, sizeof(reply.reason), "%.*s", (int)REASON_BYTES - 1,
			       dlerror());
	} else {
		client = library->begin();
		reply.err = client ? 0 : -ENOMEM;
	}
	return answer(socket, &reply, -1) ? client : NULL;
}

static void serve(const struct library *library, void *client, int socket)
{
	struct request request;
	bool is_heard = true;

	while (is_heard && recv(socket, &request, sizeof(request), 0) == sizeof(request)) {
		const unsigned char *id = (const unsigned char *)request.build_id;
		int fd = request.what == DEBUGINFOD_DEBUG
				 ? library->find_debuginfo(client, id, 0, NULL)
				 : library->find_executable(client, id, 0, NULL);
		struct reply reply = { .number = request.number, .err = fd < 0 ? fd : 0 };

		is_heard = answer(socket, &reply, fd);
		if (fd >= 0)
			(void)close(fd);
	}
}

/* Nothing of this process but the socket. Its number is returned. */
static int close_others(int socket)
{
	const int null = open("/dev/null", O_RDWR);
	const int kept = STDERR_FILENO + 1;

	if (null >= 0) {
		(void)dup2(null, STDIN_FILENO);
		(void)dup2(null, STDOUT_FILENO);
	}
	if (dup2(socket, kept) < 0)
		_exit(1);
	(void)close_range((unsigned)kept + 1, UINT32_MAX, 0);
	return kept;
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *at)
{
	(void)status;
	(void)type;
	(void)at;
	return remove(path);
}

/* A server must not fill the disk. Beyond that a write fails. */
static void limit_files(void)
{
	const struct rlimit limit = { OWN_MAX_BYTES, OWN_MAX_BYTES };
	char text[32];

	(void)signal(SIGXFSZ, SIG_IGN);
	(void)setrlimit(RLIMIT_FSIZE, &limit);
	(void)snprintf(text, sizeof(text), "%u", OWN_MAX_BYTES);
	if (setenv("DEBUGINFOD_MAXSIZE", text, 0) || setenv("DEBUGINFOD_MAXTIME", OWN_MAX_S, 0))
		_exit(1);
}

/* It ends when its socket does, and then removes what it kept. */
static void give_up_rights(char cache[sizeof(OWN_CACHE)])
{
	(void)signal(SIGINT, SIG_IGN);
	(void)signal(SIGTERM, SIG_IGN);
	(void)signal(SIGHUP, SIG_IGN);
	(void)umask(077);
	limit_files();
	if (sandbox__drop_privileges() || !mkdtemp(cache) || setenv(CACHE_VARIABLE, cache, 1))
		_exit(1);
}

_Noreturn static void run(const struct debuginfod_options *options, int socket)
{
	char cache[] = OWN_CACHE;
	struct library library;
	void *client;

	socket = close_others(socket);
	(void)prctl(PR_SET_NAME, PROCESS_NAME, 0, 0, 0);
	if (options->gives_up_rights)
		give_up_rights(cache);
	else
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	if (setenv("DEBUGINFOD_URLS", options->urls, 1) ||
	    setenv("DEBUGINFOD_TIMEOUT", TIMEOUT_S, 0))
		_exit(1);
	client = begin(&library, socket);
	if (client)
		serve(&library, client, socket);
	if (options->gives_up_rights)
		(void)nftw(cache, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	_exit(0);
}

/* ---- The parent ---- */

/* The next message, until that moment (0: at any time). ret_fd: -1 if no file came. 0, -ETIME or
 * -EPIPE. */
static int take(int socket, uint64_t until_ns, struct reply *ret, int *ret_fd)
{
	struct pollfd waiting = { .fd = socket, .events = POLLIN };
	ssize_t len;

	for (;;) {
		const uint64_t now_ns = clock__now_mono_ns();

		if (until_ns && now_ns >= until_ns)
			return -ETIME;
		if (poll(&waiting, 1, until_ns ? (int)((until_ns - now_ns) / NS_PER_MS) + 1 : -1) >
		    0)
			break;
	}
	len = fd_message__receive(socket, ret, sizeof(*ret), ret_fd, 0);
	return len == sizeof(*ret) ? 0 : -EPIPE;
}

static int start(struct debuginfod *debuginfod, const struct debuginfod_options *options)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends))
		return -errno;
	debuginfod->pid = fork();
	if (!debuginfod->pid)
		run(options, ends[1]);
	debuginfod->socket = ends[0];
	(void)close(ends[1]);
	return debuginfod->pid > 0 ? 0 : -EAGAIN;
}

struct debuginfod *debuginfod__new(const struct debuginfod_options *options, char *ret_why,
				   size_t why_size)
{
	struct debuginfod *debuginfod = calloc(1, sizeof(*debuginfod));
	struct reply reply = { .err = 0 };
	int err = -ENOMEM, fd;

	if (debuginfod) {
		*debuginfod = (struct debuginfod){ .socket = -1,
						   .has_rights = !options->gives_up_rights };
		(void)pthread_mutex_init(&debuginfod->lock, NULL);
		err = start(debuginfod, options);
	}
	if (!err)
		err = take(debuginfod->socket, 0, &reply, &fd);
	if (!err)
		err = reply.err;
	if (!err)
		return debuginfod;
	debuginfod__free(debuginfod);
	reply.reason[sizeof(reply.reason) - 1] = '\0';
	if (err == -ENOSYS)
		(void)snprintf(ret_why, why_size,
			       "%s: install libdebuginfod (Debian: libdebuginfod1)", reply.reason);
	else
		(void)snprintf(ret_why, why_size, "%s",
			       err == -EPIPE ? "the process that asks has failed" : strerror(-err));
	errno = -err;
	return NULL;
}

void debuginfod__free(struct debuginfod *debuginfod)
{
	if (!debuginfod)
		return;
	if (debuginfod->socket >= 0)
		(void)close(debuginfod->socket);
	if (debuginfod->pid > 0 && debuginfod->has_rights) {
		(void)kill(debuginfod->pid, SIGKILL);
		while (waitpid(debuginfod->pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	(void)pthread_mutex_destroy(&debuginfod->lock);
	free(debuginfod);
}

/* Answers that came too late are passed over. */
static int ask(struct debuginfod *debuginfod, struct request *request, uint64_t until_ns)
{
	struct reply reply;
	int fd = -1, err;

	request->number = ++debuginfod->number;
	if (send(debuginfod->socket, request, sizeof(*request), MSG_NOSIGNAL) != sizeof(*request))
		return -EPIPE;
	for (;;) {
		err = take(debuginfod->socket, until_ns, &reply, &fd);
		if (err || reply.number == request->number)
			break;
		if (fd >= 0)
			(void)close(fd);
	}
	debuginfod->late_cnt = err == -ETIME ? debuginfod->late_cnt + 1 : 0;
	if (!err)
		err = reply.err < 0 ? reply.err : fd < 0 ? -EBADMSG : 0;
	return err ? err : fd;
}

int debuginfod__find(struct debuginfod *debuginfod, const char *build_id, enum debuginfod_what what,
		     unsigned int max_ms)
{
	const uint64_t until_ns = max_ms ? clock__now_mono_ns() + max_ms * NS_PER_MS : 0;
	struct request request = { .what = what };
	struct stat status;
	int fd;

	(void)snprintf(request.build_id, sizeof(request.build_id), "%s", build_id);
	pthread_mutex_lock(&debuginfod->lock);
	fd = debuginfod->late_cnt < MAX_LATE ? ask(debuginfod, &request, until_ns) : -ETIME;
	pthread_mutex_unlock(&debuginfod->lock);
	if (fd < 0 || (!fstat(fd, &status) && S_ISREG(status.st_mode)))
		return fd;
	(void)close(fd);
	return -EBADMSG;
}
