/* SPDX-License-Identifier: MIT */
/*
 * The marked program that --check records: this binary itself, with SUBJECT_OPTION.
 */
#ifndef TTLOG_SUBJECT_H
#define TTLOG_SUBJECT_H

#define SUBJECT_OPTION "--self-test-subject"

/*
 * Prints `ready` on stdout, waits for a byte or the end of stdin, logs, prints SUBJECT_SAYS, logs
 * more, and kills itself. Returns an exit status only if that failed.
 */
int subject__run(void);

/* Events; whether the sites were on; ns a trap; bytes and ns of the copy of a batch. */
#define SUBJECT_SAYS "events %u sites %d trap_ns %llu copy_bytes %llu copy_ns %llu\n"

#endif /* TTLOG_SUBJECT_H */
