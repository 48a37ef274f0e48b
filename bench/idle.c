/* SPDX-License-Identifier: MIT */
/*
 * A program for a collector to attach to: it says "ready", waits for the end of its stdin, logs one
 * event, and ends.
 */
#include <unistd.h>

#include "mark.h"

int main(void)
{
	char byte;

	puts("ready");
	(void)fflush(stdout);
	while (read(0, &byte, 1) > 0)
		continue;
	mark__two(1);
	return 0;
}
