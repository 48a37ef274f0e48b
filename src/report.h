/* SPDX-License-Identifier: MIT */
/*
 * What the collector says on stderr while it records.
 */
#ifndef TTLOG_REPORT_H
#define TTLOG_REPORT_H

#include <stdint.h>

struct kernel;
struct process;

/* The line of accounts: pid N: E emitted, R recorded, L lost, O overwritten, FILES. */
void report__process(const struct process *process, const struct kernel *kernel);

/* "ttlog-collect: <format with pid>: <what err means>"; err: negative errno. */
void report__failure(uint32_t pid, int err, const char *what);

#endif /* TTLOG_REPORT_H */
