/* SPDX-License-Identifier: MIT */
/*
 * Logs what can't be packed.
 *
 * usage: bulk EVENTS_PER_SECOND
 *
 * Logs `bulk` (n from 0, 3,000 random bytes), says "ready" after the first one, and goes on until
 * the end of stdin; then says how many it logged, as "logged N", and ends.
 */
#define _GNU_SOURCE
#include <poll.h>
#include <stdint.h>

#define TTLOG_SERVICE "bulk"
#include <ttlog/ttlog.h>

#include "app.h"

#define USAGE "bulk EVENTS_PER_SECOND"
#define WORDS 375
#define PER_S 100 /* bursts */

static uint64_t words[WORDS];

/* xorshift64 */
static void bulk__shuffle(void)
{
	static uint64_t state = 88172645463325252u;

	for (int i = 0; i < WORDS; i++) {
		state ^= state << 13;
		state ^= state >> 7;
		state ^= state << 17;
		words[i] = state;
	}
}

int main(int argc, char **argv)
{
	const long rate = argc == 2 ? app__number(argv[1], 1000000, USAGE) : 0;
	struct pollfd in = { .fd = 0, .events = POLLIN };
	unsigned long n = 0;

	if (rate < PER_S)
		app__usage(USAGE);
	do {
		for (long i = 0; i < rate / PER_S; i++, n++) {
			bulk__shuffle();
			TTLOG_PROBE(bulk, INFO, "Bulk", "n", n, "bytes",
				    TTLOG_BYTES(words, sizeof(words)));
			if (!n)
				app__say("ready");
		}
	} while (poll(&in, 1, 1000 / PER_S) <= 0);
	printf("logged %lu\n", n);
	return 0;
}
