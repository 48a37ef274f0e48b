/* SPDX-License-Identifier: MIT */
/*
 * A program without marks that LeakSanitizer finds a leak in at its end, with status 23.
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
