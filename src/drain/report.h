/* SPDX-License-Identifier: MIT */
/*
 * What the collector says on stderr while it records.
 */
#ifndef TTLOG_REPORT_H
#define TTLOG_REPORT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct attach_result;
struct kernel;
struct process;

/* The line of accounts: pid N: E emitted, R recorded, L lost, O overwritten, FILES.
 * losses_only: prints it only if something was lost. */
void report__process(const struct process *process, const struct kernel *kernel, bool losses_only);

/* "ttlog-collect: WHAT ON: MESSAGE"; on: NULL for none. Returns err. */
int report__error(const char *what, const char *on, int err);

/* "ttlog-collect: <format with pid>: <what err means>"; err: negative errno. */
void report__failure(uint32_t pid, int err, const char *what);

/*
 * Why nothing of a process or file is recorded, or not all: what attach__process() and
 * attach__file() gave. "has no ttlog sites" is printed only if that is known.
 */
void report__unattached(const char *subject, const struct attach_result *result, int err);
/* If the pid is a thread of another process, says so, and returns true. */
bool report__thread(pid_t pid);
/* A library was attached to after the process had begun to use it. */
void report__late(uint32_t pid, const struct attach_result *result);
/* "recording pid"; and if no site was chosen, a line about that. */
void report__recording(pid_t pid, const struct attach_result *result);
/* No site was chosen; lists those that could be. */
void report__none_chosen(const char *subject, const struct attach_result *result);

#endif /* TTLOG_REPORT_H */
