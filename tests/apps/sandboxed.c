/* SPDX-License-Identifier: MIT */
/*
 * A program that gives up all system calls but read, write, exit and sigreturn, and then logs.
 *
 * usage: sandboxed MODE WHEN EVENTS END
 *
 * MODE: strict (seccomp's own), filter (the same by a filter), unprepared (as filter, without
 * TTLOG_PREPARE). It says "start" and waits for a byte: WHEN `inside` the sandbox, or `outside`,
 * before it enters. Then it logs: `step` (count from 0), EVENTS of them; one event `large`, larger
 * than a new buffer; `beat` (count from 0), BEATS of them, from the handler of a timer, so slowly
 * that a grown buffer gets small again; `alone` (count from 0), ALONE of them, as from handlers
 * that interrupted an append which never goes on. `beat` and `alone` have a text of 2,000 bytes.
 * Then it says "logged". END: `exit`, `call` (a forbidden system call), `crash`.
 */
#define _GNU_SOURCE
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/time.h>

#define TTLOG_SERVICE "sandboxed"
#include <ttlog/ttlog.h>

#include "app.h"

#define USAGE      "sandboxed strict|filter|unprepared inside|outside EVENTS exit|call|crash"
#define TEXT_BYTES 4000
#define ALONE      20  /* after 16 of them the thread gets another buffer */
#define BEATS      100 /* 32 KiB of them take longer than 128 ms; so a larger buffer does, too */
#define PERIOD_US  10000

static char text[TEXT_BYTES + 1];
static volatile sig_atomic_t beat_cnt, beats;

/* Not by stdio, which makes a system call to look at the file. */
static void sandboxed__say(const char *word)
{
	if (write(1, word, strlen(word)) < 0)
		syscall(SYS_exit, 3);
}

static void sandboxed__beat(int number)
{
	(void)number;
	if (!beats || beat_cnt == BEATS)
		return;
	TTLOG_PROBE(beat, INFO, "Beat", "count", (int)beat_cnt, "text",
		    TTLOG_STRN(text, TEXT_BYTES / 2));
	beat_cnt = beat_cnt + 1;
}

static void sandboxed__start_timer(void)
{
	const struct itimerval timer = { .it_interval = { .tv_usec = PERIOD_US },
					 .it_value = { .tv_usec = PERIOD_US } };
	struct sigaction action = { .sa_handler = sandboxed__beat, .sa_flags = SA_RESTART };

	if (sigaction(SIGALRM, &action, NULL) || setitimer(ITIMER_REAL, &timer, NULL))
		abort();
}

static int sandboxed__filter(void)
{
#define ALLOW(call)                                                                                \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_##call, 0, 1),                                     \
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		ALLOW(read),
		ALLOW(write),
		ALLOW(exit),
		ALLOW(rt_sigreturn),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
	};
	const struct sock_fprog program = { sizeof(filter) / sizeof(*filter), filter };

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

static void sandboxed__enter(const char *mode)
{
	int err;

	sandboxed__start_timer();
	if (strcmp(mode, "strict") == 0)
		err = prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT);
	else
		err = sandboxed__filter();
	if (err)
		abort();
}

static void sandboxed__log(long events_cnt)
{
	for (long i = 0; i < events_cnt; i++)
		TTLOG_PROBE(step, INFO, "Step", "count", i);
	TTLOG_PROBE(large, INFO, "Larger than a buffer", "a", text, "b", text, "c", text, "d", text,
		    "e", text, "f", text, "g", text, "h", text, "i", text);
	beats = 1;
	while (beat_cnt < BEATS)
		continue;
	beats = 0;
	ttlog__batch->limit_bytes = 0;
	for (int i = 0; i < ALONE; i++)
		TTLOG_PROBE(alone, INFO, "Alone", "count", i, "text",
			    TTLOG_STRN(text, TEXT_BYTES / 2));
	sandboxed__say("logged\n");
}

static void sandboxed__end(const char *how)
{
	volatile int *volatile nowhere = NULL;

	if (strcmp(how, "crash") == 0)
		*nowhere = 1;
	if (strcmp(how, "call") == 0)
		syscall(SYS_getppid);
	syscall(SYS_exit, 0);
}

int main(int argc, char **argv)
{
	const int is_inside = argc == 5 && strcmp(argv[2], "inside") == 0;

	if (argc != 5)
		app__usage(USAGE);
	memset(text, 'x', TEXT_BYTES);
	if (strcmp(argv[1], "strict") == 0)
		TTLOG_PREPARE();
	else if (strcmp(argv[1], "filter") == 0)
		TTLOG_PREPARE_FOR_FILTER();
	if (is_inside)
		sandboxed__enter(argv[1]);
	sandboxed__say("start\n");
	app__wait();
	if (!is_inside)
		sandboxed__enter(argv[1]);
	sandboxed__log(app__number(argv[3], 1000000, USAGE));
	sandboxed__end(argv[4]);
	return 0;
}
