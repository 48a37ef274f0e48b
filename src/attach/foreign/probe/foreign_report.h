/* SPDX-License-Identifier: MIT */
/*
 * What went wrong with foreign probes of a file: one line each, in plain words, each line once.
 * The caller prints it. Bounded: a hostile file may have much to complain about.
 */
#ifndef TTLOG_FOREIGN_REPORT_H
#define TTLOG_FOREIGN_REPORT_H

#include <stddef.h>

#define FOREIGN_REPORT_MAX_LINES  32u
#define FOREIGN_REPORT_LINE_BYTES 512u

/* Starts as zeroes. */
struct foreign_report {
	char *lines[FOREIGN_REPORT_MAX_LINES];
	size_t cnt;
	size_t more_cnt; /* lines that it has no room for */
};

/* A longer line is cut. A report of NULL takes it, and drops it. */
__attribute__((format(printf, 2, 3))) void foreign_report__add(struct foreign_report *report,
							       const char *format, ...);
void foreign_report__fini(struct foreign_report *report);

#endif /* TTLOG_FOREIGN_REPORT_H */
