/* SPDX-License-Identifier: MIT */
/*
 * The least that an event can cost on this machine. Its parts are measured alone: one reading of
 * the clock, the event's share of a trap, and one copy of its bytes from a batch into a ring.
 *
 * usage: floor BYTES_PER_EVENT		under ttlog-collect, for its trap
 *
 * Prints one JSON object: the parts, and `floor_ns`, their sum for one event, with batches of the
 * largest size.
 */
#include "mark.h"

#define TICK_CNT   20000000u
#define TRAP_CNT   20000u
#define RING_BYTES ((size_t)64 << 20)
#define ROUND_CNT  8u

/* An unknown operation: BPF looks up the process, and does nothing else. */
#define NO_OP 99

static uint64_t now_ns(void)
{
	return bench__now_ns(CLOCK_MONOTONIC);
}

static double clock_ns(void)
{
	const uint8_t clock = ttlog__choose_clock();
	uint64_t begin = now_ns();

	for (uint32_t i = 0; i < TICK_CNT; i++) {
		uint64_t ticks = ttlog__clock_ticks(clock);

		BENCH_OPAQUE(ticks);
	}
	return (double)(now_ns() - begin) / TICK_CNT;
}

static double trap_ns(void)
{
	uint64_t begin = now_ns();

	for (uint32_t i = 0; i < TRAP_CNT; i++)
		ttlog_control(NULL, 0, NO_OP);
	return (double)(now_ns() - begin) / TRAP_CNT;
}

/* Time to copy one byte into a ring whose pages have been touched. */
static double copy_ns(char *ring, char *batch)
{
	uint64_t begin;

	memset(ring, 1, RING_BYTES);
	memset(batch, 2, TTLOG_BATCH_GROWN_BYTES);
	begin = now_ns();
	for (uint32_t round = 0; round < ROUND_CNT; round++) {
		for (size_t at = 0; at < RING_BYTES; at += TTLOG_BATCH_GROWN_BYTES) {
			memcpy(ring + at, batch, TTLOG_BATCH_GROWN_BYTES);
			BENCH_OPAQUE(ring);
		}
	}
	return (double)(now_ns() - begin) / ((double)RING_BYTES * ROUND_CNT);
}

int main(int argc, char **argv)
{
	const double bytes = (double)bench__number(argc, argv, 1, 0);
	char *ring = (char *)malloc(RING_BYTES), *batch = (char *)malloc(TTLOG_BATCH_GROWN_BYTES);
	double clock, trap, copy;

	if (bytes <= 0 || !ring || !batch) {
		fputs("usage: floor BYTES_PER_EVENT\n", stderr);
		return 2;
	}
	/* from its first event on, the process is recorded */
	mark__run_two(0, 1);
	clock = clock_ns();
	trap = trap_ns();
	copy = copy_ns(ring, batch);
	printf("{\"clock_ns\": %.3f, \"trap_ns\": %.1f, \"copy_ns_per_byte\": %.5f, "
	       "\"floor_ns\": %.4f}\n",
	       clock, trap, copy,
	       clock + trap * bytes / (TTLOG_BATCH_GROWN_BYTES - TTLOG__BATCH_REST) + copy * bytes);
	free(ring);
	free(batch);
	return 0;
}
