/* SPDX-License-Identifier: MIT */
/*
 * Crashes whose callers a test asks for: outer calls middle, middle calls inner, and inner dies in
 * another function. Built without frame pointers; `here: WORD` marks the lines of that test.
 *
 * usage: callers [--wait] HOW
 *
 *	strlen		gives a null pointer to libc
 *	abort		abort()
 *	free		frees memory that malloc never gave
 *	call		calls through a null pointer
 *	handler		abort() in the handler of a signal that interrupts inner
 *	library		in a library without sites: see callers_lib.c
 *	deep		with more stack than is copied
 * --wait: first says "start" and waits for a byte.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define TTLOG_SERVICE "callers"
#include <ttlog/ttlog.h>

#include "app.h"
#include "callers_lib.h"

static const char *volatile nothing;
static long long some_memory[8];
static void *volatile never_given = some_memory + 1;
static void (*volatile nowhere)(void);
static const char *how;
static volatile int depth;

int outer(void);
int middle(void);
int inner(void);
int deeper(volatile char *above);

/* The empty asm after each call keeps it from being a tail call. */
#define STAY __asm__ volatile("")

static void take_signal(int number)
{
	(void)number;
	abort(); /* here: in_handler */
}

__attribute__((noinline)) int deeper(volatile char *above)
{
	volatile char room[4096];
	int result = 0;

	room[0] = above[0];
	if (depth-- > 0)
		result = deeper(room) + room[0]; /* here: deeper */
	else if (*how)
		abort(); /* here: deepest */
	STAY;
	return result;
}

__attribute__((noinline)) int inner(void)
{
	volatile char room[1] = { 0 };
	int result = 0;

	if (!strcmp(how, "strlen"))
		result = (int)strlen(nothing); /* here: strlen */
	else if (!strcmp(how, "free"))
		free(never_given); /* here: free */
	else if (!strcmp(how, "call"))
		nowhere(); /* here: call */
	else if (!strcmp(how, "handler"))
		raise(SIGUSR1); /* here: handler */
	else if (!strcmp(how, "library"))
		result = lib_outer(room); /* here: library */
	else if (!strcmp(how, "deep"))
		result = deeper(room); /* here: deep */
	else
		abort(); /* here: abort */
	STAY;
	return result;
}

__attribute__((noinline)) int middle(void)
{
	int result = inner(); /* here: middle */

	STAY;
	return result + 1;
}

__attribute__((noinline)) int outer(void)
{
	int result = middle(); /* here: outer */

	STAY;
	return result + 1;
}

int main(int argc, char **argv)
{
	int wait = argc > 1 && !strcmp(argv[1], "--wait");
	int result;

	if (argc != 2 + wait)
		app__usage("callers [--wait] HOW");
	how = argv[1 + wait];
	depth = 30;
	signal(SIGUSR1, take_signal);
	if (wait) {
		app__say("start");
		app__wait();
	}
	for (int event = 0; event < 30; event++)
		TTLOG_PROBE(step, INFO, "Step", "event", event);
	result = outer(); /* here: main */
	STAY;
	return result;
}
