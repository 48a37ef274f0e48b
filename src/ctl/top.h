/* SPDX-License-Identifier: MIT */
/* `ttlog-ctl top`: a live screen, or, where stdout is no terminal, one table after another. */
#ifndef TTLOG_CTL_TOP_H
#define TTLOG_CTL_TOP_H

struct ctl_options;

/* The exit status. */
int top__run(const struct ctl_options *options);

#endif /* TTLOG_CTL_TOP_H */
