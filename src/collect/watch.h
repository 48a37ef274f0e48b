/* SPDX-License-Identifier: MIT */
/*
 * Tells when another file may stand at a path: an upgrade has renamed one over it, or has moved a
 * directory on the way, or has pointed a symbolic link elsewhere. One thread.
 */
#ifndef TTLOG_WATCH_H
#define TTLOG_WATCH_H

#include <stdbool.h>

struct watch;

/* NULL with errno. The path need not be there. */
struct watch *watch__new(const char *path);
/* NULL is fine. */
void watch__free(struct watch *watch);
/* Readable when watch__changed() has something to look at. */
int watch__fd(const struct watch *watch);
/* Whether a file stands there, and anything has happened on the way to it since it was asked last. */
bool watch__changed(struct watch *watch);

#endif /* TTLOG_WATCH_H */
