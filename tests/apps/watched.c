/* SPDX-License-Identifier: MIT */
/*
 * Does what stdin says, line by line, and answers each line with "ok".
 *
 *	info N		logs N events `step`, of level INFO, with count (from 0, over all lines)
 *	error N		logs `failed`, of level ERROR, with code N
 *	thread N	the same in a new thread, which then sleeps as long as the program runs
 *	ask REASON	asks for a snapshot
 *	begin		begins a span `request`, until the next `end`, or until the end of stdin
 *	end
 *	brief		a span `request` that ends at once
 *	exit		ends with 0; abort: dies of SIGABRT
 */
#include <pthread.h>
#include <stdint.h>

#define TTLOG_SERVICE "watched"
#include <ttlog/ttlog.h>

#include "app.h"

static long step_cnt;
static pthread_barrier_t logged;

static void watched__fail(long code)
{
	TTLOG_PROBE(failed, ERROR, "It failed", "code", code);
}

static void *watched__run(void *arg)
{
	watched__fail((long)(intptr_t)arg);
	pthread_barrier_wait(&logged);
	for (;;)
		pause();
	return NULL;
}

static void watched__start(long code)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, watched__run, (void *)(intptr_t)code))
		exit(1);
	pthread_barrier_wait(&logged);
}

static void watched__brief(void)
{
	TTLOG_SPAN(request, INFO, "kind", "brief");
}

static void watched__obey(int depth);

static void watched__begin(int depth)
{
	TTLOG_SPAN(request, INFO, "kind", "long", "depth", depth);
	app__say("ok");
	watched__obey(depth + 1);
}

static void watched__do(const char *word, const char *rest)
{
	if (!strcmp(word, "info")) {
		for (long left = atol(rest); left > 0; left--)
			TTLOG_PROBE(step, INFO, "A step", "count", step_cnt++);
	} else if (!strcmp(word, "error")) {
		watched__fail(atol(rest));
	} else if (!strcmp(word, "thread")) {
		watched__start(atol(rest));
	} else if (!strcmp(word, "ask")) {
		TTLOG_SNAPSHOT(rest);
	} else if (!strcmp(word, "brief")) {
		watched__brief();
	} else if (!strcmp(word, "exit")) {
		exit(0);
	} else if (!strcmp(word, "abort")) {
		abort();
	} else {
		app__usage("watched");
	}
}

static void watched__obey(int depth)
{
	char line[128], word[16], rest[100];

	while (fgets(line, sizeof(line), stdin)) {
		rest[0] = 0;
		if (sscanf(line, "%15s %99s", word, rest) < 1)
			continue;
		if (!strcmp(word, "begin")) {
			watched__begin(depth);
		} else if (!strcmp(word, "end")) {
			if (!depth)
				app__usage("watched");
			break;
		} else {
			watched__do(word, rest);
		}
		app__say("ok");
	}
}

int main(void)
{
	pthread_barrier_init(&logged, NULL, 2);
	app__say("ready");
	watched__obey(0);
	return 0;
}
