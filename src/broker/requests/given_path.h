/* SPDX-License-Identifier: MIT */
/*
 * Paths that the command line names. The way to the file of -e PATH, for src/collect/watch.c: only
 * the broker may look into each directory on the way. And what ttlog-ship says is shipped: its
 * directory is another user's.
 */
#ifndef TTLOG_GIVEN_PATH_H
#define TTLOG_GIVEN_PATH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct broker_result;
struct broker_task;

/* As inotify_add_watch(2): a watch descriptor or -errno. */
int given_path__watch(int inotify_fd, const char *dir, uint32_t mask);
/* As readlink(2), with a zero byte after it: the length or -errno. */
ssize_t given_path__read_link(const char *path, char *ret, size_t room);
bool given_path__exists(const char *path);
/* The directory of shipped_dir.h, to list; no link is followed to it, and no other file system. state:
 * ttlog-ship's directory; the policy has its own. A descriptor or -errno. */
int given_path__open_shipped(const char *state);

/* The broker's side. */
int given_path__serve_watch(const struct broker_task *task, struct broker_result *ret);
int given_path__serve_link(const struct broker_task *task, struct broker_result *ret);
int given_path__serve_exists(const struct broker_task *task, struct broker_result *ret);
int given_path__serve_shipped(const struct broker_task *task, struct broker_result *ret);

#endif /* TTLOG_GIVEN_PATH_H */
