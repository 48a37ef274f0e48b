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
 * losses_only: not where nothing was lost. */
void report__process(const struct process *process, const struct kernel *kernel, bool losses_only);

/* "ttlog-collect: WHAT ON: MESSAGE"; on: NULL for none. Returns err. */
int report__error(const char *what, const char *on, int err);

/* "ttlog-collect: <format with pid>: <what err means>"; err: negative errno. */
void report__failure(uint32_t pid, int err, const char *what);

/*
 * Why nothing of a process or file is recorded, or not all: what attach__process() and
 * attach__file() gave. "has no ttlog sites" is said only where that is known.
 */
void report__unattached(const char *subject, const struct attach_result *result, int err);
/* Whether what was given as a process is a thread of another one: then that is said. */
bool report__thread(pid_t pid);
/* It had loaded what was attached to, and run on. */
void report__late(uint32_t pid, const struct attach_result *result);
/* "recording pid", and where no site of it was chosen, that. */
void report__recording(pid_t pid, const struct attach_result *result);
/* Of what is attached to, that no site was chosen, and which could be. */
void report__none_chosen(const char *subject, const struct attach_result *result);

#endif /* TTLOG_REPORT_H */
