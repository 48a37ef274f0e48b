/* SPDX-License-Identifier: MIT */
/* --at: the same of many machines. ttlog-fleet asks them, as a child; this prints what they answer. */
#ifndef TTLOG_CTL_MACHINES_H
#define TTLOG_CTL_MACHINES_H

struct ctl_options;

/* Returns the exit status. */
int machines__ask(const struct ctl_options *options);

#endif /* TTLOG_CTL_MACHINES_H */
