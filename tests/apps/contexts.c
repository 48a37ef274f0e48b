/* SPDX-License-Identifier: MIT */
/*
 * Events that belong to traces: TTLOG_CONTEXT in a program and in its library.
 *
 * usage: contexts [TIMES]	(default 1)
 *
 * Says "ready", and does what each byte of stdin says: `e` enters a block with a context of its own
 * (trace_id 1, 1, ... 1; the byte is the number of the block), `w` one by a traceparent, `b` one by
 * a bad traceparent, `x` one of the library, `l` leaves the innermost block. `p` logs `app`, and
 * `i` logs `lib` in the library, TIMES times each, with the n of the command. `t` does the same as
 * `p` in a new thread, `f` in a child. `k` dies of SIGKILL. After each it says "done".
 */
#define TTLOG_SERVICE "contexts"
#include <ttlog/ttlog.h>

#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>

#include "app.h"
#include "contextslib.h"

#define USAGE "contexts [TIMES]"
#define W3C   "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

static int times = 1, commands;

static void log_app(void)
{
	for (int i = 0; i < times; i++)
		TTLOG_PROBE(app, INFO, "App", "n", commands, "i", i);
}

static void *run_thread(void *arg)
{
	log_app();
	return arg;
}

static void in_thread(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, run_thread, NULL) == 0)
		(void)pthread_join(thread, NULL);
}

static void in_child(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		log_app();
		exit(0);
	}
	(void)waitpid(pid, NULL, 0);
}

static int depth;
static void block(void);

static void enter(char command)
{
	unsigned char trace_id[16], span_id[8];

	memset(trace_id, ++depth, sizeof(trace_id));
	memset(span_id, depth, sizeof(span_id));
	if (command == 'x') {
		contextslib__call(trace_id, span_id, block);
	} else if (command == 'e') {
		TTLOG_CONTEXT(trace_id, span_id);
		block();
	} else {
		TTLOG_CONTEXT_W3C(command == 'w' ? W3C : "00-" W3C);
		block();
	}
	depth--;
}

/* Until it is left, or stdin ends. */
static void block(void)
{
	char byte;

	app__say("done");
	while (read(0, &byte, 1) == 1 && byte != 'l') {
		commands++;
		if (byte == 'p')
			log_app();
		else if (byte == 'i')
			contextslib__log(commands, times);
		else if (byte == 't')
			in_thread();
		else if (byte == 'f')
			in_child();
		else if (byte == 'k')
			raise(SIGKILL);
		else
			enter(byte);
		app__say("done");
	}
	commands++;
}

int main(int argc, char **argv)
{
	if (argc > 1)
		times = (int)app__number(argv[1], 1000000, USAGE);
	app__say("ready");
	block();
	return 0;
}
