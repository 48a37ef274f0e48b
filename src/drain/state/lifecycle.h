/* SPDX-License-Identifier: MIT */
/*
 * How far a process has come between its first sign and its end. The recorder sets all of this.
 */
#ifndef TTLOG_LIFECYCLE_H
#define TTLOG_LIFECYCLE_H

#include <stdbool.h>

struct lifecycle {
	bool given;        /* on the command line: the collector ends when all of these have */
	bool announced;    /* "recording pid" was said */
	bool has_file;     /* -e: it runs the file, even if it never logs */
	bool is_looked_at; /* it crashes, and a thread reads its mappings */
	bool exiting;      /* its end was reported, and tails of threads are still missing */
	bool ended;        /* its last thread is gone */
	unsigned missing;  /* sweeps that found it gone, with no report of its end */
};

#endif /* TTLOG_LIFECYCLE_H */
