/* SPDX-License-Identifier: MIT */
/* ttlog-fleet as a child: it talks to servers for programs that shall not. */
#ifndef TTLOG_FLEET_PROGRAM_H
#define TTLOG_FLEET_PROGRAM_H

#include <stdio.h>
#include <sys/types.h>

#define FLEET_PROGRAM_MISSING                                                                      \
	"nats://: the program ttlog-fleet is not here: install the package ttlog-fleet"

struct fleet_program {
	FILE *out; /* what it writes */
	pid_t pid;
};

/* Starts what lies beside this program, as in a build tree, or in ../libexec/ttlog. argv[0] is passed over,
 * and NULL ends argv. stderr is shared. 0; -ENOENT: it is not here; or -errno. */
int fleet_program__start(struct fleet_program *ret, char *const argv[]);

/* Waits for its end; what it has not written by then is lost. Returns its exit status; 128 and more: that of
 * a signal. */
int fleet_program__end(struct fleet_program *program);

#endif /* TTLOG_FLEET_PROGRAM_H */
