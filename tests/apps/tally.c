/* SPDX-License-Identifier: MIT */
/*
 * Threads that log while one of them ends the program, and a count that outlives the program.
 *
 * usage: tally FILE THREADS EVENTS HOW
 *
 * THREADS threads log `tallied` (thread from 0, event from 0) without end. When the last thread has
 * logged EVENTS of them, it ends the program by HOW, while the others log:
 *	SEGV ABRT KILL TERM	by that signal (SEGV by a real fault, ABRT by abort())
 *	exit _exit		exit(3), _exit(4)
 *	exit_group		the system call
 *	exec			exec of /bin/true
 * FILE is mapped and holds two uint64_t for each thread: how many events it began to log, and how
 * many it has logged. These differ by at most one.
 */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#define TTLOG_SERVICE "tally"
#include <ttlog/ttlog.h>

#include "app.h"

#define USAGE "tally FILE THREADS EVENTS HOW"

struct tally {
	volatile uint64_t begun, logged;
};

static struct tally *tallies;
static long threads_cnt;
static long events_cnt;
static const char *how;
static volatile int zero;
static pthread_barrier_t begin;

static void tally__end(void)
{
	if (!strcmp(how, "SEGV"))
		*(volatile int *)(intptr_t)zero = 1;
	else if (!strcmp(how, "ABRT"))
		abort();
	else if (!strcmp(how, "KILL"))
		raise(SIGKILL);
	else if (!strcmp(how, "TERM"))
		kill(getpid(), SIGTERM);
	else if (!strcmp(how, "exit"))
		exit(3);
	else if (!strcmp(how, "_exit"))
		_exit(4);
	else if (!strcmp(how, "exit_group"))
		syscall(SYS_exit_group, 6);
	else if (!strcmp(how, "exec"))
		execl("/bin/true", "true", (char *)NULL);
	else
		app__usage(USAGE);
}

static void *tally__run(void *arg)
{
	int thread = (int)(intptr_t)arg;
	struct tally *tally = &tallies[thread];

	pthread_barrier_wait(&begin);
	for (uint64_t event = 0;; event++) {
		if (thread == threads_cnt - 1 && event == (uint64_t)events_cnt)
			tally__end();
		tally->begun = event + 1;
		TTLOG_PROBE(tallied, INFO, "Tallied", "thread", thread, "event", event);
		tally->logged = event + 1;
	}
	return NULL;
}

static void tally__map(const char *path)
{
	size_t bytes = (size_t)threads_cnt * sizeof(*tallies);
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || ftruncate(fd, (off_t)bytes)) {
		perror(path);
		exit(1);
	}
	tallies = (struct tally *)mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (tallies == MAP_FAILED) {
		perror("tally: mmap");
		exit(1);
	}
}

int main(int argc, char **argv)
{
	pthread_t thread;

	if (argc != 5)
		app__usage(USAGE);
	threads_cnt = app__number(argv[2], APP_MAX_THREADS, USAGE);
	events_cnt = app__number(argv[3], INT32_MAX, USAGE);
	how = argv[4];
	if (threads_cnt < 1)
		app__usage(USAGE);
	tally__map(argv[1]);
	pthread_barrier_init(&begin, NULL, (unsigned int)threads_cnt);
	for (long i = 0; i < threads_cnt; i++) {
		if (pthread_create(&thread, NULL, tally__run, (void *)(intptr_t)i)) {
			fprintf(stderr, "tally: can't start thread %ld\n", i);
			return 1;
		}
	}
	for (;;)
		pause();
}
