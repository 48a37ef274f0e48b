/* SPDX-License-Identifier: MIT */
/*
 * Compares a process's accounts and snapshot with the counts of its threads.
 */
#ifndef STRESS_VERIFY_H
#define STRESS_VERIFY_H

#include <stddef.h>
#include <stdint.h>

struct lanes;
struct lanes_process;

struct verify_result {
	uint64_t events, lost;
	char file[256]; /* the snapshot; "": there is none */
	char why[512];  /* what is wrong */
};

/*
 * line: the collector's line for the process. with_libraries: lanes of libraries are recorded, too.
 * Returns 0, or -1 with result->why.
 */
int verify__process(const struct lanes *lanes, const struct lanes_process *expected,
		    const char *line, int with_libraries, struct verify_result *result);

#endif /* STRESS_VERIFY_H */
