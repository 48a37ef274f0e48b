/* SPDX-License-Identifier: MIT */
/*
 * Whether what the user asked for is there, before anything is attached. A name that no file has is
 * an error, with the names that are near; a glob that matches nothing, and a provider that the
 * catalogue knows, may be of a library that is loaded later, so they are only worth a warning; and a
 * program may start others, so there a provider, or a file, has to be near another name to be an
 * error.
 *
 *	check = foreign_check__new(probes);
 *	err = foreign_check__process(check, pid);
 *	foreign_check__judge(check, "pid 12", &errors, &warnings);
 */
#ifndef TTLOG_FOREIGN_CHECK_H
#define TTLOG_FOREIGN_CHECK_H

#include <sys/types.h>

struct foreign_check;
struct foreign_probes;
struct foreign_report;

/* Keeps the probes. NULL with errno. */
struct foreign_check *foreign_check__new(const struct foreign_probes *probes);
/* NULL is fine. */
void foreign_check__free(struct foreign_check *check);

/* What there is: one file; a program and the libraries that it needs; all that a process has mapped.
 * 0 or -errno: it can't be read. */
int foreign_check__file(struct foreign_check *check, const char *path);
int foreign_check__program(struct foreign_check *check, const char *path);
int foreign_check__process(struct foreign_check *check, pid_t pid);

/* What is wrong. subject: what was looked at, for messages. */
void foreign_check__judge(const struct foreign_check *check, const char *subject,
			  struct foreign_report *errors, struct foreign_report *warnings);

#endif /* TTLOG_FOREIGN_CHECK_H */
