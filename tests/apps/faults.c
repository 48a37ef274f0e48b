/* SPDX-License-Identifier: MIT */
/*
 * Signals that are handled, that come twice, or that hit several threads: some of these are one
 * crash, some are none.
 *
 * usage: faults HOW
 *
 * Logs `before` ten times, then, with HOW
 *	raise_again	a handler of SIGABRT logs `handled` and raises it again with its default action
 *	fault_again	a handler of SIGSEGV logs `handled`, gives it up and returns into the fault
 *	together	eight threads write to a null pointer at the same time, each having logged
 *			`thread` ten times
 *	handler_exits	a handler of SIGSEGV logs `handled` and calls _exit(7)
 *	goes_on		a handler of SIGSEGV logs `handled` and jumps out; the program logs `after` and
 *			ends with 0
 */
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>

#define TTLOG_SERVICE "faults"
#include <ttlog/ttlog.h>

#include "app.h"

#define THREADS 8

static volatile int zero;
static const char *how;
static sigjmp_buf out;
static pthread_barrier_t barrier;

int cause(void);

__attribute__((noinline)) int cause(void)
{
	if (!strcmp(how, "raise_again"))
		abort();
	*(volatile int *)(intptr_t)zero = 1;
	__asm__ volatile("");
	return zero;
}

static void take_signal(int number)
{
	TTLOG_PROBE(handled, WARN, "Handled", "number", number);
	if (!strcmp(how, "handler_exits"))
		_exit(7);
	if (!strcmp(how, "goes_on"))
		siglongjmp(out, 1);
	(void)signal(number, SIG_DFL);
	if (!strcmp(how, "raise_again"))
		raise(number);
}

static void *run(void *arg)
{
	int thread = (int)(intptr_t)arg;

	for (int event = 0; event < 10; event++)
		TTLOG_PROBE(thread, INFO, "Thread", "thread", thread, "event", event);
	pthread_barrier_wait(&barrier);
	return (void *)(intptr_t)cause();
}

static void crash_together(void)
{
	pthread_t threads[THREADS];

	pthread_barrier_init(&barrier, NULL, THREADS);
	for (int i = 0; i < THREADS; i++) {
		if (pthread_create(&threads[i], NULL, run, (void *)(intptr_t)i))
			exit(1);
	}
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
}

int main(int argc, char **argv)
{
	if (argc != 2)
		app__usage("faults HOW");
	how = argv[1];
	for (int event = 0; event < 10; event++)
		TTLOG_PROBE(before, INFO, "Before", "event", event);
	if (!strcmp(how, "together")) {
		crash_together();
		return 1;
	}
	(void)signal(SIGSEGV, take_signal);
	(void)signal(SIGABRT, take_signal);
	if (!sigsetjmp(out, 1))
		return cause();
	TTLOG_PROBE(after, INFO, "After");
	return 0;
}
