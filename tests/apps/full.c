/* SPDX-License-Identifier: MIT */
/*
 * A program that logs more than a stopped collector's ring buffers hold, then ends.
 *
 * usage: full HOW
 *
 * Says "ready", waits for a byte, asks for 200,000 snapshots, logs 500,000 times `much` (n from 0)
 * in each of two threads, with the last events unflushed, says "done", waits for a byte. Then the
 * second thread ends the program: exec (of /bin/true), exit (of 3), exit_group (4), SEGV, KILL; or
 * gone: both threads end by the bare exit system call.
 */
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <sys/syscall.h>

#define TTLOG_SERVICE "full"
#include <ttlog/ttlog.h>

#include "app.h"

#define USAGE       "full exec|exit|exit_group|SEGV|KILL|gone"
#define REQUEST_CNT 200000
#define EVENT_CNT   500000

static volatile int zero;
static pthread_barrier_t logged;

static void full__log(void)
{
	for (int n = 0; n < EVENT_CNT; n++)
		TTLOG_PROBE(much, INFO, "Too much", "n", n);
}

static void full__end(const char *how)
{
	if (!strcmp(how, "exec"))
		execl("/bin/true", "true", (char *)NULL);
	else if (!strcmp(how, "exit"))
		exit(3);
	else if (!strcmp(how, "exit_group"))
		syscall(SYS_exit_group, 4);
	else if (!strcmp(how, "SEGV"))
		*(volatile int *)(intptr_t)zero = 1;
	else if (!strcmp(how, "KILL"))
		kill(getpid(), SIGKILL);
	else if (!strcmp(how, "gone"))
		syscall(SYS_exit, 0);
	app__usage(USAGE);
}

static void *full__run(void *how)
{
	full__log();
	pthread_barrier_wait(&logged);
	pthread_barrier_wait(&logged);
	full__end((const char *)how);
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t thread;

	if (argc != 2)
		app__usage(USAGE);
	pthread_barrier_init(&logged, NULL, 2);
	app__say("ready");
	app__wait();
	for (int i = 0; i < REQUEST_CNT; i++)
		TTLOG_SNAPSHOT("again");
	if (pthread_create(&thread, NULL, full__run, argv[1]))
		return 1;
	full__log();
	pthread_barrier_wait(&logged);
	app__say("done");
	app__wait();
	pthread_barrier_wait(&logged);
	if (!strcmp(argv[1], "gone"))
		syscall(SYS_exit, 0);
	for (;;)
		pause();
}
