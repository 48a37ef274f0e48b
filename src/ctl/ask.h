/* SPDX-License-Identifier: MIT */
/* One request to all collectors on this machine, and what is said of their replies. */
#ifndef TTLOG_CTL_ASK_H
#define TTLOG_CTL_ASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "control_ask.h"

struct ctl_options;

struct replies {
	bool quiet; /* that none can be asked is not printed */
	struct control_places places;
	struct control_ask ask;
};

/* 0; -errno, which is printed: no collector can be asked. After both, replies__fini(). */
int ask__all(struct replies *replies, const void *request, size_t request_len);
void replies__fini(struct replies *replies);

/* A command of the options, with their selector. argument: NULL: none, else zero-terminated texts,
 * of so many bytes. 0 or -errno, which is printed. */
int ask__command(struct replies *replies, const struct ctl_options *options,
		 enum control_command command, const char *argument, size_t argument_bytes);

/* Prints what went wrong, as the collectors say. That one does not have the process is no failure
 * if another one has it. Returns the exit status. */
int replies__tell(const struct replies *replies, const struct ctl_options *options);

#endif /* TTLOG_CTL_ASK_H */
