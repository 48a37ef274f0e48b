/* SPDX-License-Identifier: MIT */
/*
 * A program without marks. At its end LeakSanitizer finds a leak, and exits with status 23.
 *
 * usage: leaks
 */
#include <stdlib.h>

static void *volatile lost;

int main(void)
{
	lost = malloc(10);
	lost = NULL;
	return 0;
}
