/* SPDX-License-Identifier: MIT */
/*
 * Tells when a path may mean another file: an upgrade has renamed a file over it, moved a directory
 * on the way, or changed a symbolic link. One thread.
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
/* Whether a file is there, and anything on the way to it has changed since the last call. */
bool watch__changed(struct watch *watch);

#endif /* TTLOG_WATCH_H */
