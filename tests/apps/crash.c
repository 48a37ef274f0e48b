/* SPDX-License-Identifier: MIT */
/*
 * Threads that log, then an end of the program that the command line chooses.
 *
 * usage: crash [--wait] THREADS EVENTS [HOW]
 *
 * Each of THREADS threads logs EVENTS events `step` (thread from 0, event from 0) that stay in its
 * batch as long as they fit. Then the program says "ready" and waits to be killed. With HOW, its
 * last thread calls level1, which calls level2, which calls level3, which ends the program:
 *	SEGV ABRT FPE ILL BUS	by a real fault (abort() for ABRT)
 *	STACK			SIGSEGV by running out of stack
 *	TRAP QUIT TERM KILL ...	raised
 *	SIG<n>			signal number n, raised
 *	OOM			takes 1 GiB, unless it is killed before that
 *	exit _exit exec		exit(3), _exit(4), exec of /bin/true; by that thread
 *	main_exit		return from main with 5 while the threads idle
 * --wait: says "start" when all threads exist, and waits for a byte before the first event; and
 * waits for another byte after "ready".
 */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define TTLOG_SERVICE "crash"
#include <ttlog/ttlog.h>

#include "app.h"

#define USAGE "crash [--wait] THREADS EVENTS [HOW]"

static const struct {
	const char *name;
	int number;
} raised[] = {
	{ "HUP", SIGHUP },   { "INT", SIGINT },   { "QUIT", SIGQUIT }, { "TRAP", SIGTRAP },
	{ "KILL", SIGKILL }, { "USR1", SIGUSR1 }, { "USR2", SIGUSR2 }, { "PIPE", SIGPIPE },
	{ "ALRM", SIGALRM }, { "TERM", SIGTERM }, { "SYS", SIGSYS },
};

static long threads_cnt;
static long events_cnt;
static const char *how = "";
static pthread_barrier_t barrier;
static volatile int zero, many = 100;

static void cause__bus(void)
{
	char path[] = "/tmp/ttlog-crash-XXXXXX";
	int fd = mkstemp(path);
	volatile char *map;

	if (fd < 0)
		return;
	unlink(path);
	map = (volatile char *)mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
	if (map != MAP_FAILED)
		(void)*map;
}

static void cause__illegal(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__asm__ volatile("ud2");
#elif defined(__aarch64__)
	__asm__ volatile("udf #0");
#else
	raise(SIGILL);
#endif
}

static void cause__divide(void)
{
	zero = many / zero;
	/* not every machine traps on a division by 0 */
	raise(SIGFPE);
}

static __attribute__((noinline)) int cause__deep(volatile char *above)
{
	volatile char room[4096];

	room[0] = above[0];
	if (zero)
		return 0;
	return cause__deep(room) + room[0];
}

static void cause__raise(void)
{
	int number = strncmp(how, "SIG", 3) ? 0 : atoi(how + 3);

	for (size_t i = 0; i < sizeof(raised) / sizeof(*raised); i++) {
		if (!strcmp(how, raised[i].name))
			number = raised[i].number;
	}
	/* the parent may have ignored it */
	(void)signal(number, SIG_DFL);
	raise(number);
}

static void cause__out_of_memory(void)
{
	const size_t bytes = (size_t)1 << 20;

	for (int i = 0; i < 1024; i++) {
		char *memory = malloc(bytes);

		if (memory)
			memset(memory, i + 1, bytes);
		/* the compiler must take it as used */
		__asm__ volatile("" : : "r"(memory) : "memory");
	}
}

static void cause__do(void)
{
	volatile char room[1] = { 0 };

	if (!strcmp(how, "SEGV"))
		*(volatile int *)(intptr_t)zero = 1;
	else if (!strcmp(how, "ABRT"))
		abort();
	else if (!strcmp(how, "FPE"))
		cause__divide();
	else if (!strcmp(how, "ILL"))
		cause__illegal();
	else if (!strcmp(how, "BUS"))
		cause__bus();
	else if (!strcmp(how, "STACK"))
		zero = cause__deep(room);
	else if (!strcmp(how, "OOM"))
		cause__out_of_memory();
	else if (!strcmp(how, "exit"))
		exit(3);
	else if (!strcmp(how, "_exit"))
		_exit(4);
	else if (!strcmp(how, "exec"))
		execl("/bin/true", "true", (char *)NULL);
	else
		cause__raise();
}

/* The stack that a crash record must show; the empty asm keeps the calls from being tail calls. */
int level1(void);
int level2(void);
int level3(void);

__attribute__((noinline)) int level3(void)
{
	cause__do();
	__asm__ volatile("");
	return zero;
}

__attribute__((noinline)) int level2(void)
{
	int result = level3();

	__asm__ volatile("");
	return result + 1;
}

__attribute__((noinline)) int level1(void)
{
	int result = level2();

	__asm__ volatile("");
	return result + 1;
}

static void *crash__run(void *arg)
{
	int thread = (int)(intptr_t)arg;

	pthread_barrier_wait(&barrier);
	for (int event = 0; event < events_cnt; event++)
		TTLOG_PROBE(step, INFO, "Step", "thread", thread, "event", event);
	/* all threads have logged; the main thread says so */
	pthread_barrier_wait(&barrier);
	pthread_barrier_wait(&barrier);
	if (thread == threads_cnt - 1 && *how && strcmp(how, "main_exit"))
		level1();
	for (;;)
		pause();
	return NULL;
}

int main(int argc, char **argv)
{
	int wait = argc > 1 && !strcmp(argv[1], "--wait");
	pthread_t thread;

	argc -= wait;
	argv += wait;
	if (argc < 3 || argc > 4)
		app__usage(USAGE);
	threads_cnt = app__number(argv[1], APP_MAX_THREADS, USAGE);
	events_cnt = app__number(argv[2], INT32_MAX, USAGE);
	if (argc == 4)
		how = argv[3];

	pthread_barrier_init(&barrier, NULL, (unsigned int)threads_cnt + 1);
	for (long i = 0; i < threads_cnt; i++) {
		if (pthread_create(&thread, NULL, crash__run, (void *)(intptr_t)i)) {
			fprintf(stderr, "crash: can't start thread %ld\n", i);
			return 1;
		}
	}
	if (wait) {
		app__say("start");
		app__wait();
	}
	pthread_barrier_wait(&barrier);
	pthread_barrier_wait(&barrier);
	app__say("ready");
	if (wait)
		app__wait();
	pthread_barrier_wait(&barrier);
	if (!strcmp(how, "main_exit"))
		return 5;
	for (;;)
		pause();
}
