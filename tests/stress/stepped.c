/* SPDX-License-Identifier: MIT */
/*
 * A program that logs a few events, and then takes one more action between two breakpoints. steps.c
 * stops and kills it there.
 *
 * usage: stepped FD KIND
 */
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define TTLOG_SERVICE "stepped"
#include <ttlog/ttlog.h>

#include "stepped.h"

/* The kernel writes int3 into programs, too, for its probes, but not before these nops. */
#define BREAKPOINT() __asm__ volatile("int3\n\tnop\n\tnop\n\tnop" : : : "memory")
#define PAIR_BYTES   24u

static struct stepped *stepped;

static __attribute__((noinline)) void log_pair(uint64_t n)
{
	TTLOG_PROBE(pair, INFO, "Two integers", "n", n, "twice", n * 2);
}

static __attribute__((noinline)) void log_trade(uint64_t n)
{
	const char *symbol = stepped__symbol(n), *side = stepped__side(n);

	TTLOG_PROBE(trade, INFO, "Trade executed", "n", n, "symbol", symbol, "price",
		    stepped__price(n), "side", side, "latency_us", (int)n);
}

/* The span ends at the second breakpoint. */
static __attribute__((noinline)) void log_span(uint64_t n)
{
	TTLOG_SPAN(work, INFO, "n", n, "twice", n * 2);

	stepped->before = (uint32_t)n;
	stepped->after = (uint32_t)n + 1;
	BREAKPOINT();
}

static void log_pairs(uint32_t cnt)
{
	for (uint32_t n = 1; n <= cnt; n++)
		log_pair(n);
	stepped->before = cnt;
	stepped->after = cnt + 1;
}

static void *run_other(void *started)
{
	log_pairs(STEPPED_PREFIX);
	pthread_barrier_wait((pthread_barrier_t *)started);
	for (;;)
		pause();
	return NULL;
}

static void let_other_log(void)
{
	pthread_barrier_t started;
	pthread_t other;

	pthread_barrier_init(&started, NULL, 2);
	if (pthread_create(&other, NULL, run_other, &started))
		exit(2);
	pthread_barrier_wait(&started);
}

static void step_trade(void)
{
	for (uint32_t n = 1; n <= STEPPED_PREFIX; n++)
		log_trade(n);
	stepped->before = STEPPED_PREFIX;
	stepped->after = STEPPED_PREFIX + 1;
	BREAKPOINT();
	log_trade(STEPPED_PREFIX + 1);
}

static void step_flush(void)
{
	uint32_t n = 1;

	do
		log_pair(n);
	while ((uint32_t)ttlog__batch->committed + PAIR_BYTES <= ttlog__batch->limit_bytes && n++);
	stepped->before = n;
	stepped->after = n + 1;
	BREAKPOINT();
	log_pair(n + 1);
}

static void step_pair(const char *kind)
{
	if (strcmp(kind, "first") == 0)
		let_other_log();
	else
		log_pairs(STEPPED_PREFIX);
	if (strcmp(kind, "alone") == 0)
		ttlog__batch->limit_bytes = 0;
	BREAKPOINT();
	log_pair(STEPPED_PREFIX + 1);
}

static void step_end(void)
{
	log_pairs(STEPPED_PREFIX);
	stepped->after = STEPPED_PREFIX;
	BREAKPOINT();
	ttlog__end_thread(ttlog__batch);
}

int main(int argc, char **argv)
{
	const char *kind = argc == 3 ? argv[2] : "";

	if (argc != 3)
		return 2;
	stepped = (struct stepped *)mmap(NULL, sizeof(*stepped), PROT_READ | PROT_WRITE, MAP_SHARED,
					 atoi(argv[1]), 0);
	if (stepped == MAP_FAILED)
		return 2;
	stepped->module = (uintptr_t)&ttlog_module;
	if (strcmp(kind, "trade") == 0) {
		step_trade();
	} else if (strcmp(kind, "flush") == 0) {
		step_flush();
	} else if (strcmp(kind, "span") == 0) {
		log_pairs(STEPPED_PREFIX);
		log_span(STEPPED_PREFIX + 1);
	} else if (strcmp(kind, "end") == 0) {
		step_end();
	} else {
		step_pair(kind);
	}
	BREAKPOINT();
	return 0;
}
