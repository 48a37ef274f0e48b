/* SPDX-License-Identifier: MIT */
/*
 * Passes marks for a time: as fast as it can, or at a rate, in a burst every millisecond, like a
 * program that handles requests.
 *
 * usage: rate empty|two|trade|varied SECONDS [EVENTS_PER_SECOND [THREADS]]
 *
 * EVENTS_PER_SECOND is for all threads together; 0: as fast as it can. SIGTERM ends it early.
 * Prints one JSON object: marks passed, seconds, CPU seconds of the whole program.
 */
#include <pthread.h>
#include <signal.h>

#include "mark.h"

#define BURST_NS     1000000ull
#define CHUNK_EVENTS 10000ull

struct thread {
	pthread_t id;
	const struct mark_kind *kind;
	uint64_t begin_ns, end_ns;
	double events_per_ns; /* 0: no limit */
	uint64_t events;
};

static volatile sig_atomic_t stopped;

static void stop(int signal_number)
{
	(void)signal_number;
	stopped = 1;
}

static void sleep_until(uint64_t ns)
{
	struct timespec until = { (time_t)(ns / NS_PER_S), (long)(ns % NS_PER_S) };

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) && !stopped)
		continue;
}

static void *run_thread(void *arg)
{
	struct thread *thread = (struct thread *)arg;
	uint64_t now = thread->begin_ns, burst = now, cnt;

	while (now < thread->end_ns && !stopped) {
		cnt = CHUNK_EVENTS;
		if (thread->events_per_ns > 0) {
			burst += BURST_NS;
			sleep_until(burst);
			now = bench__now_ns(CLOCK_MONOTONIC);
			cnt = (uint64_t)((double)(now - thread->begin_ns) * thread->events_per_ns);
			cnt -= thread->events;
		}
		thread->kind->run(thread->events, cnt);
		if (stopped > 1)
			MARK_FAILURE();
		thread->events += cnt;
		now = bench__now_ns(CLOCK_MONOTONIC);
	}
	thread->end_ns = now;
	return NULL;
}

static int run_threads(struct thread *threads, size_t cnt)
{
	for (size_t i = 0; i < cnt; i++) {
		if (pthread_create(&threads[i].id, NULL, run_thread, &threads[i])) {
			fprintf(stderr, "rate: can't start thread %zu\n", i);
			return -1;
		}
	}
	for (size_t i = 0; i < cnt; i++)
		(void)pthread_join(threads[i].id, NULL);
	return 0;
}

static void print_result(const struct thread *threads, size_t cnt, uint64_t begin_ns, uint64_t lost)
{
	uint64_t end_ns = begin_ns, marks = 0;
	double seconds;

	for (size_t i = 0; i < cnt; i++) {
		marks += threads[i].events;
		if (threads[i].end_ns > end_ns)
			end_ns = threads[i].end_ns;
	}
	seconds = (double)(end_ns - begin_ns) / NS_PER_S;
	printf("{\"recorder\": \"" MARK_RECORDER "\", \"what\": \"%s\", \"threads\": %zu, "
	       "\"marks\": %" PRIu64 ", \"seconds\": %.4f, \"events_per_s\": %.0f, "
	       "\"cpu_s\": %.4f, \"lost\": %" PRIu64 "}\n",
	       threads[0].kind->name, cnt, marks, seconds, (double)marks / seconds,
	       (double)bench__now_ns(CLOCK_PROCESS_CPUTIME_ID) / NS_PER_S, lost);
}

int main(int argc, char **argv)
{
	const struct mark_kind *kind = mark__find(argc, argv);
	double seconds = argc > 2 ? strtod(argv[2], NULL) : 0;
	uint64_t rate = bench__number(argc, argv, 3, 0);
	size_t cnt = bench__number(argc, argv, 4, 1);
	struct thread *threads;
	uint64_t begin_ns;
	int err;

	if (!kind || seconds <= 0 || !cnt) {
		fputs("usage: rate " MARK_KINDS " SECONDS [EVENTS_PER_SECOND [THREADS]]\n", stderr);
		return 2;
	}
	threads = (struct thread *)calloc(cnt, sizeof(*threads));
	if (!threads)
		return 1;
	(void)signal(SIGTERM, stop);
	mark__begin();
	begin_ns = bench__now_ns(CLOCK_MONOTONIC);
	for (size_t i = 0; i < cnt; i++) {
		threads[i].kind = kind;
		threads[i].begin_ns = begin_ns;
		threads[i].end_ns = begin_ns + (uint64_t)(seconds * (double)NS_PER_S);
		threads[i].events_per_ns = (double)rate / (double)cnt / NS_PER_S;
	}
	err = run_threads(threads, cnt);
	if (!err)
		print_result(threads, cnt, begin_ns, mark__end());
	free(threads);
	return err ? 1 : 0;
}
