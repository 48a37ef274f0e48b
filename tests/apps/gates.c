/* SPDX-License-Identifier: MIT */
/*
 * Tells the values of its semaphores.
 *
 * usage: gates
 *
 * For each byte on stdin it says "gates S L I": whether a site is enabled, 0 or 1, and the values
 * of the semaphores `listening` and `immediate`. Ends at the end of stdin.
 */
#define TTLOG_SERVICE "gates"
#include <ttlog/ttlog.h>

#include "app.h"

int main(void)
{
	const volatile struct ttlog_module *module = &ttlog_module;
	char byte;

	while (read(0, &byte, 1) == 1) {
		int enabled = TTLOG_ENABLED(INFO) != 0;

		printf("gates %d %d %d\n", enabled, module->listening, module->immediate);
		fflush(stdout);
	}
	return 0;
}
