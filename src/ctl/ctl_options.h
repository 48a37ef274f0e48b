/* SPDX-License-Identifier: MIT */
/* The command line of ttlog-ctl, checked. */
#ifndef TTLOG_CTL_OPTIONS_H
#define TTLOG_CTL_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "login_files.h"

enum ctl_command {
	CTL_STATUS = 1,
	CTL_LIST,
	CTL_TRIGGER,
	CTL_LEVEL,
	CTL_FILTER,
	CTL_RELOAD,
	CTL_TOP,
};

struct ctl_options {
	enum ctl_command command;
	const char *name; /* of the command */
	char **arguments; /* of the command: reason; level; expressions */
	size_t argument_cnt;
	uint32_t pid;        /* 0: all */
	const char *service; /* globs; "": all */
	const char *target;
	uint64_t for_ns; /* of level; 0: it stays */
	bool json;
	uint64_t delay_ns; /* of top */
	uint64_t count;    /* of top; 0: until it is ended */
	const char *at;    /* URL of a fleet; NULL: this machine */
	/* of --at, as they were given, for ttlog-fleet; NULL: not given */
	const char *as, *wait;
	struct login_files login;
};

/* Does not return if the user asked for help or the version (exit status 0), or if the command line
 * is wrong: then it prints an error, and exits with 2. */
void ctl_options__parse(struct ctl_options *ret, int argc, char **argv);
/* The caller frees the arguments. */

#endif /* TTLOG_CTL_OPTIONS_H */
