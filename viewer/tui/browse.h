/* SPDX-License-Identifier: MIT */
/* The full screen, --interactive: a loop of keys, work and drawing. */
#ifndef TTLOG_VIEW_BROWSE_H
#define TTLOG_VIEW_BROWSE_H

struct options;

/* The whole of it. Takes ownership of what the options hold. Returns the exit status. */
int browse__main(struct options *options);

#endif /* TTLOG_VIEW_BROWSE_H */
