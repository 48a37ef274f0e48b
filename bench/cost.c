/* SPDX-License-Identifier: MIT */
/*
 * The cost of a mark for the thread that passes it: a loop of marks.
 *
 * usage: cost empty|two|scattered|trade|varied|every|limit EVENTS [THREADS]
 *
 * EVENTS counts per thread. The site is enabled if the program runs under ttlog-collect. With one
 * thread, the first event makes the thread's batch and is not timed. With several, time runs from
 * the moment when all wait before their first event, to the end of the last thread; it includes
 * making the batches.
 *
 * Prints one JSON object: ns of wall time and of CPU time per event, over all threads; `marks`: how
 * many all threads passed.
 */
#include <pthread.h>

#include "mark.h"

struct thread {
	pthread_t id;
	const struct mark_kind *kind;
	uint64_t events;
	uint64_t begin_ns, end_ns, cpu_ns;
};

static pthread_barrier_t all_stand;

static void *run_thread(void *arg)
{
	struct thread *thread = (struct thread *)arg;
	uint64_t cpu;

	(void)pthread_barrier_wait(&all_stand);
	thread->begin_ns = bench__now_ns(CLOCK_MONOTONIC);
	cpu = bench__now_ns(CLOCK_THREAD_CPUTIME_ID);
	thread->kind->run(0, thread->events);
	thread->cpu_ns = bench__now_ns(CLOCK_THREAD_CPUTIME_ID) - cpu;
	thread->end_ns = bench__now_ns(CLOCK_MONOTONIC);
	return NULL;
}

static int run_threads(struct thread *threads, size_t cnt)
{
	if (pthread_barrier_init(&all_stand, NULL, (unsigned int)cnt))
		return -1;
	if (cnt == 1) {
		threads[0].kind->run(0, 1);
		(void)run_thread(&threads[0]);
		return 0;
	}
	for (size_t i = 0; i < cnt; i++) {
		if (pthread_create(&threads[i].id, NULL, run_thread, &threads[i])) {
			fprintf(stderr, "cost: can't start thread %zu\n", i);
			return -1;
		}
	}
	for (size_t i = 0; i < cnt; i++)
		(void)pthread_join(threads[i].id, NULL);
	return 0;
}

static void print_result(const struct thread *threads, size_t cnt, uint64_t lost)
{
	uint64_t begin_ns = threads[0].begin_ns, end_ns = threads[0].end_ns, cpu_ns = 0;
	uint64_t events = threads[0].events * cnt;

	for (size_t i = 0; i < cnt; i++) {
		if (threads[i].begin_ns < begin_ns)
			begin_ns = threads[i].begin_ns;
		if (threads[i].end_ns > end_ns)
			end_ns = threads[i].end_ns;
		cpu_ns += threads[i].cpu_ns;
	}
	printf("{\"recorder\": \"" MARK_RECORDER "\", \"what\": \"%s\", \"threads\": %zu, "
	       "\"events\": %" PRIu64 ", \"marks\": %" PRIu64 ", \"seconds\": %.6f, "
	       "\"wall_ns_per_event\": %.4f, \"cpu_ns_per_event\": %.4f, \"lost\": %" PRIu64 "}\n",
	       threads[0].kind->name, cnt, events, events + (cnt == 1),
	       (double)(end_ns - begin_ns) / NS_PER_S, (double)(end_ns - begin_ns) / (double)events,
	       (double)cpu_ns / (double)events, lost);
}

int main(int argc, char **argv)
{
	const struct mark_kind *kind = mark__find(argc, argv);
	uint64_t events = bench__number(argc, argv, 2, 0);
	size_t cnt = bench__number(argc, argv, 3, 1);
	struct thread *threads;
	int err;

	if (!kind || !events || !cnt) {
		fputs("usage: cost " MARK_KINDS " EVENTS [THREADS]\n", stderr);
		return 2;
	}
	threads = (struct thread *)calloc(cnt, sizeof(*threads));
	if (!threads)
		return 1;
	for (size_t i = 0; i < cnt; i++) {
		threads[i].kind = kind;
		threads[i].events = events;
	}
	mark__begin();
	err = run_threads(threads, cnt);
	if (!err)
		print_result(threads, cnt, mark__end());
	free(threads);
	return err ? 1 : 0;
}
