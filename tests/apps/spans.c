/* SPDX-License-Identifier: MIT */
/*
 * Spans: nested, in several threads, left by every way out of a scope.
 *
 * usage: spans [THREADS]		(default 2)
 *
 * Each thread handles 12 requests. Request r (from 0) is a span `handle_request` with fields
 * thread and request; inside it:
 *	a span `parse` in all;
 *	r % 4 == 0: returns early, with no more spans;
 *	r % 4 == 1: leaves a span `lookup` by goto;
 *	r % 4 == 2: three spans `step` in a loop, the first left by continue, the last by break;
 *	r % 4 == 3: a span `outer` with a span `inner` in it, each with an event `work`.
 * So a thread's 12 requests have 12 handle_request, 12 parse, 3 lookup, 9 step, 3 outer, 3 inner,
 * 6 work.
 */
#include <pthread.h>
#include <stdint.h>

#define TTLOG_SERVICE "spans"
#include <ttlog/ttlog.h>

#include "app.h"

#define USAGE    "spans [THREADS]"
#define REQUESTS 12

static void request__parse(int request)
{
	TTLOG_SPAN(parse, DEBUG, "request", request);
}

static int request__lookup(int request)
{
	{
		TTLOG_SPAN(lookup, DEBUG, "request", request);
		if (request >= 0)
			goto out;
		return -1;
	}
out:
	return 1;
}

static void request__step(int request)
{
	for (int step = 0;; step++) {
		TTLOG_SPAN(step, DEBUG, "request", request, "step", step);
		if (step == 0)
			continue;
		if (step == 2)
			break;
	}
}

static void request__nest(int request)
{
	TTLOG_SPAN(outer, DEBUG, "request", request);
	TTLOG_PROBE(work, INFO, "Work", "depth", 1);
	{
		TTLOG_SPAN(inner, DEBUG, "request", request);
		TTLOG_PROBE(work, INFO, "Work", "depth", 2);
	}
}

static int request__handle(int thread, int request)
{
	TTLOG_SPAN(handle_request, INFO, "thread", thread, "request", request);

	request__parse(request);
	switch (request % 4) {
	case 0:
		return 0;
	case 1:
		return request__lookup(request);
	case 2:
		request__step(request);
		break;
	default:
		request__nest(request);
	}
	return 2;
}

static void *spans__run(void *arg)
{
	int thread = (int)(intptr_t)arg;

	for (int request = 0; request < REQUESTS; request++)
		request__handle(thread, request);
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t threads[APP_MAX_THREADS];
	long cnt = argc > 1 ? app__number(argv[1], APP_MAX_THREADS, USAGE) : 2;

	for (long i = 0; i < cnt; i++) {
		if (pthread_create(&threads[i], NULL, spans__run, (void *)(intptr_t)i)) {
			fprintf(stderr, "spans: can't start thread %ld\n", i);
			return 1;
		}
	}
	for (long i = 0; i < cnt; i++)
		pthread_join(threads[i], NULL);
	return 0;
}
