/* SPDX-License-Identifier: MIT */
/*
 * Processes that crash together.
 *
 * usage: storm CHILDREN EVENTS
 *
 * CHILDREN children are forked, each of which logs EVENTS events `stormy` (child from 0, event from
 * 0), which stay in its batch as long as they fit. When all have, the program says "ready" and
 * waits for a byte; then all children write to a null pointer in inner, called by middle, called by
 * outer. When a child is gone, the program says its pid and the time, in nanoseconds of
 * CLOCK_REALTIME.
 */
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <sys/wait.h>
#include <time.h>

#define TTLOG_SERVICE "storm"
#include <ttlog/ttlog.h>

#include "app.h"

#define USAGE "storm CHILDREN EVENTS"

static volatile int zero;

int outer(void);
int middle(void);
int inner(void);

/* The empty asm after each call keeps it from being a tail call. */
__attribute__((noinline)) int inner(void)
{
	*(volatile int *)(intptr_t)zero = 1;
	__asm__ volatile("");
	return zero;
}

__attribute__((noinline)) int middle(void)
{
	int result = inner();

	__asm__ volatile("");
	return result + 1;
}

__attribute__((noinline)) int outer(void)
{
	int result = middle();

	__asm__ volatile("");
	return result + 1;
}

static void child__run(int child, long events, int done_fd, int go_fd)
{
	char byte = 0;

	for (int event = 0; event < events; event++)
		TTLOG_PROBE(stormy, INFO, "Stormy", "child", child, "event", event);
	if (write(done_fd, &byte, 1) != 1)
		_exit(1);
	while (read(go_fd, &byte, 1) < 0 && errno == EINTR)
		;
	_exit(outer());
}

/* Waits until all children have logged, or one could not. */
static int storm__gather(long children, int done_fd)
{
	char bytes[256];

	while (children > 0) {
		ssize_t cnt = read(done_fd, bytes, sizeof(bytes));

		if (cnt <= 0)
			return -1;
		children -= cnt;
	}
	return 0;
}

static void storm__watch(void)
{
	struct timespec now;
	int status;
	pid_t pid;

	while ((pid = wait(&status)) > 0) {
		(void)clock_gettime(CLOCK_REALTIME, &now);
		if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV)
			printf("%d %lld\n", (int)pid,
			       now.tv_sec * 1000000000LL + (long long)now.tv_nsec);
	}
	(void)fflush(stdout);
}

int main(int argc, char **argv)
{
	int done[2], go[2];
	long children, events;

	if (argc != 3)
		app__usage(USAGE);
	children = app__number(argv[1], 10000, USAGE);
	events = app__number(argv[2], 10000, USAGE);
	if (pipe(done) || pipe(go)) {
		perror("storm: pipe");
		return 1;
	}
	for (long i = 0; i < children; i++) {
		pid_t pid = fork();

		if (pid < 0) {
			perror("storm: fork");
			return 1;
		}
		if (pid == 0) {
			(void)close(go[1]);
			child__run((int)i, events, done[1], go[0]);
		}
	}
	(void)close(done[1]);
	if (storm__gather(children, done[0]))
		return 1;
	app__say("ready");
	app__wait();
	(void)close(go[1]);
	storm__watch();
	return 0;
}
