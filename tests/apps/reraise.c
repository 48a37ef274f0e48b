/* SPDX-License-Identifier: MIT */
/*
 * Faults with handlers that do what real ones do: reraise HOW.
 *
 * kill, raise, abort   the handler reports, and ends the process in this way
 * pending              it raises a signal that is blocked until it returns
 * stack                as kill, but the handler has its own stack
 * chain                as kill, but another handler takes that signal first
 * jump                 it leaves by siglongjmp(); abort() follows later, deeper, over the old frame
 * asked                no fault: the program signals itself; the handler, on its own stack, aborts
 * again                as jump, but then a second fault's handler ends the process
 *
 * A second thread has the fault, and the first one dies of the signal that its handler sends:
 * thread, main         it sends the same signal to the process, or to the first thread
 * other                it sends another signal
 * survived             it jumps out, and later the first thread kills the process
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#define TTLOG_SERVICE "reraise"
#include <ttlog/ttlog.h>

#include "app.h"

#define USAGE "reraise HOW"

static const char *how = "";
static volatile int zero;
static sigjmp_buf back;
static sem_t survived;

static void set_handler(int number, void (*handler)(int), int flags)
{
	struct sigaction action = { .sa_handler = handler, .sa_flags = flags };

	sigaction(number, &action, NULL);
}

__attribute__((noinline)) static void handler__report(int number)
{
	TTLOG_PROBE(report, ERROR, "Fault", "signal", number);
	if (!strcmp(how, "abort"))
		abort();
	if (!strcmp(how, "chain"))
		set_handler(number, handler__report, SA_RESETHAND | SA_NODEFER);
	else
		set_handler(number, SIG_DFL, 0);
	if (!strcmp(how, "chain"))
		how = "kill";
	if (!strcmp(how, "raise") || !strcmp(how, "pending"))
		raise(number);
	else if (!strcmp(how, "main"))
		syscall(SYS_tgkill, getpid(), getpid(), number);
	else
		kill(getpid(), strcmp(how, "other") ? number : SIGBUS);
	while (gettid() != getpid())
		pause();
}

__attribute__((noinline)) static void handler__abort(int number)
{
	TTLOG_PROBE(report, ERROR, "Asked to abort", "signal", number);
	abort();
}

/* So that the stack has other callers than the handler's. */
__attribute__((noinline)) static int ask__send(void)
{
	raise(SIGUSR1);
	return zero;
}

static void handler__jump(int number)
{
	(void)number;
	siglongjmp(back, 1);
}

__attribute__((noinline)) static int fault__write(void)
{
	*(volatile int *)(intptr_t)zero = 1;
	return zero;
}

/* Its frame lies over that of the signal whose handler jumped, but does not overwrite it. */
__attribute__((noinline)) static int die_later(void)
{
	volatile char room[16384];

	room[0] = (char)zero;
	if (!zero)
		abort();
	return room[0];
}

static void jump_out(void)
{
	set_handler(SIGSEGV, handler__jump, 0);
	if (!sigsetjmp(back, 1))
		fault__write();
	TTLOG_PROBE(survived, INFO, "Went on");
}

static void *run_worker(void *unused)
{
	(void)unused;
	pthread_setname_np(pthread_self(), "worker");
	if (strcmp(how, "survived")) {
		set_handler(SIGSEGV, handler__report, 0);
		fault__write();
	}
	jump_out();
	sem_post(&survived);
	pause();
	return NULL;
}

/* The kernel prefers this thread for a signal to the process. */
static void wait_for_worker(void)
{
	pthread_t worker;

	sem_init(&survived, 0, 0);
	pthread_create(&worker, NULL, run_worker, NULL);
	while (sem_wait(&survived))
		continue;
	set_handler(SIGSEGV, SIG_DFL, 0);
	kill(getpid(), SIGSEGV);
}

static void use_own_stack(void)
{
	static char room[65536];
	stack_t stack = { .ss_sp = room, .ss_size = sizeof(room) };

	sigaltstack(&stack, NULL);
}

int main(int argc, char **argv)
{
	int flags = SA_NODEFER;

	if (argc != 2)
		app__usage(USAGE);
	how = argv[1];
	app__say("start");
	app__wait();
	TTLOG_PROBE(begin, INFO, "Begin");
	if (!strcmp(how, "jump")) {
		jump_out();
		return die_later() + 1; /* no tail call */
	}
	if (!strcmp(how, "thread") || !strcmp(how, "main") || !strcmp(how, "other") ||
	    !strcmp(how, "survived"))
		wait_for_worker();
	if (!strcmp(how, "again"))
		jump_out();
	if (!strcmp(how, "pending"))
		flags = 0;
	if (!strcmp(how, "stack")) {
		use_own_stack();
		flags |= SA_ONSTACK;
	}
	if (!strcmp(how, "asked")) {
		use_own_stack();
		set_handler(SIGUSR1, handler__abort, SA_ONSTACK);
		return ask__send() + 1;
	}
	set_handler(SIGSEGV, handler__report, flags);
	return fault__write() + 1;
}
