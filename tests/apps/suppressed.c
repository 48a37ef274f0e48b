/* SPDX-License-Identifier: MIT */
/*
 * Calls of marks that leave some out: TTLOG_PROBE_EVERY, one of ten, and TTLOG_PROBE_LIMIT, five a
 * second.
 *
 * usage: suppressed FILE
 *
 * In FILE it keeps three counts of 64 bits, in shared memory: calls that began, calls that ended,
 * and those of them that a signal handler made. Says "ready", and does what each byte of stdin says:
 * `e` calls `every` 95 times, `o` another such mark once, `l` calls `limit` until ten calls are
 * recorded, `t` calls `every` in four threads, 1,000 times each, `f` in a child, 25 times; `s` calls
 * the other mark while a signal handler does so, too, `c` until it is killed. After each it says
 * "done".
 */
#define TTLOG_SERVICE "suppressed"
#include <ttlog/ttlog.h>

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>

#include "app.h"

#define USAGE "suppressed FILE"

static struct {
	uint64_t begun, ended, handled;
} * calls;

static void begin(void)
{
	__atomic_fetch_add(&calls->begun, 1, __ATOMIC_SEQ_CST);
}

static void end(void)
{
	__atomic_fetch_add(&calls->ended, 1, __ATOMIC_SEQ_CST);
}

static void call_every(int cnt)
{
	for (int i = 0; i < cnt; i++) {
		begin();
		TTLOG_PROBE_EVERY(10u, every, INFO, "Every", "i", i);
		end();
	}
}

static void call_other(void)
{
	begin();
	TTLOG_PROBE_EVERY(1000u, other, ERROR, "Other", "text", "once");
	end();
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void call_limit(void)
{
	int recorded = 0;

	while (recorded < 10) {
		begin();
		TTLOG_PROBE_LIMIT(5u, limit, WARN, "Limit", "ns", now_ns(), "n", ++recorded);
		end();
	}
}

static void *run_thread(void *arg)
{
	call_every(1000);
	return arg;
}

static void in_threads(void)
{
	pthread_t threads[4];

	for (int i = 0; i < 4; i++)
		if (pthread_create(&threads[i], NULL, run_thread, NULL))
			exit(1);
	for (int i = 0; i < 4; i++)
		(void)pthread_join(threads[i], NULL);
}

static void handle(int number)
{
	(void)number;
	for (int i = 0; i < 3; i++)
		call_other();
	calls->handled += 3;
}

static volatile int stop;

static void *interrupt(void *arg)
{
	uint64_t handled;

	while (!stop) {
		handled = __atomic_load_n(&calls->handled, __ATOMIC_RELAXED);
		(void)pthread_kill(*(pthread_t *)arg, SIGUSR1);
		while (!stop && __atomic_load_n(&calls->handled, __ATOMIC_RELAXED) == handled)
			(void)sched_yield();
	}
	return NULL;
}

static void in_handlers(void)
{
	const struct sigaction action = { .sa_handler = handle };
	const uint64_t until = calls->handled + 300;
	pthread_t self = pthread_self(), other;

	(void)sigaction(SIGUSR1, &action, NULL);
	stop = 0;
	if (pthread_create(&other, NULL, interrupt, &self))
		exit(1);
	while (__atomic_load_n(&calls->handled, __ATOMIC_RELAXED) < until)
		call_other();
	stop = 1;
	(void)pthread_join(other, NULL);
}

static void in_child(void)
{
	const pid_t pid = fork();

	if (pid == 0) {
		call_every(25);
		exit(0);
	}
	(void)waitpid(pid, NULL, 0);
}

static void obey(char command)
{
	if (command == 'e')
		call_every(95);
	else if (command == 'o')
		call_other();
	else if (command == 'l')
		call_limit();
	else if (command == 't')
		in_threads();
	else if (command == 's')
		in_handlers();
	else if (command == 'f')
		in_child();
	while (command == 'c')
		call_other();
}

int main(int argc, char **argv)
{
	const int fd = argc == 2 ? open(argv[1], O_RDWR | O_CREAT | O_CLOEXEC, 0600) : -1;
	char byte;

	if (fd < 0 || ftruncate(fd, sizeof(*calls)))
		app__usage(USAGE);
	calls = mmap(NULL, sizeof(*calls), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (calls == MAP_FAILED)
		return 1;
	app__say("ready");
	while (read(0, &byte, 1) == 1) {
		obey(byte);
		app__say("done");
	}
	return 0;
}
