/* SPDX-License-Identifier: MIT */
/*
 * Sites in functions that --gc-sections drops. Nothing here names the section of the semaphores:
 * that would keep all of them. GNU ld keeps what notes refer to, which is also correct.
 */
/* sites: 2-3 */
#define TTLOG_SERVICE "gc"
#include <ttlog/ttlog.h>

static int evaluated;

int kept(int value);
int dropped(int value);

__attribute__((noinline)) int kept(int value)
{
	TTLOG_PROBE(kept, INFO, "Kept", "n", ++evaluated, "v", value);
	return value;
}

int dropped(int value)
{
	TTLOG_PROBE(dropped, INFO, "Dropped", "n", ++evaluated, "v", value);
	return value;
}

int main(void)
{
	TTLOG_PROBE(in_main, INFO, "In main", "n", ++evaluated);
	return kept(0) + evaluated;
}
