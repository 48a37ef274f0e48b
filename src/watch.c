/* SPDX-License-Identifier: MIT */
/*
 * Directories are watched, not files: a file does not hear of what takes its name. Where the path
 * is a symbolic link there are two: that of the link and that of what it points to.
 */
#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "watch.h"

#define WATCHED (IN_CREATE | IN_MOVED_TO | IN_CLOSE_WRITE)

struct watch {
	int fd;
	int dirs[2]; /* watch descriptors; -1: none */
	char path[PATH_MAX], names[2][NAME_MAX + 1];
};

static int add(struct watch *watch, size_t which, const char *path)
{
	char dir[PATH_MAX], name[PATH_MAX];

	if (strlen(path) >= sizeof(dir))
		return -ENAMETOOLONG;
	strcpy(dir, path);
	strcpy(name, path);
	strncpy(watch->names[which], basename(name), NAME_MAX);
	watch->dirs[which] = inotify_add_watch(watch->fd, dirname(dir), WATCHED);
	return watch->dirs[which] < 0 ? -errno : 0;
}

/* What a link points to now; it may be another place than before. */
static void add_target(struct watch *watch)
{
	char target[PATH_MAX];

	if (realpath(watch->path, target))
		(void)add(watch, 1, target);
}

struct watch *watch__new(const char *path)
{
	struct watch *watch = calloc(1, sizeof(*watch));
	int err = 0;

	if (!watch)
		return NULL;
	watch->dirs[0] = -1;
	watch->dirs[1] = -1;
	watch->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (watch->fd < 0)
		err = -errno;
	else
		err = add(watch, 0, path);
	if (err) {
		watch__free(watch);
		errno = -err;
		return NULL;
	}
	strcpy(watch->path, path);
	add_target(watch);
	return watch;
}

void watch__free(struct watch *watch)
{
	if (!watch)
		return;
	if (watch->fd >= 0)
		(void)close(watch->fd);
	free(watch);
}

int watch__fd(const struct watch *watch)
{
	return watch->fd;
}

static bool is_ours(const struct watch *watch, const struct inotify_event *event)
{
	/* what did not fit may have been about it */
	if (event->mask & IN_Q_OVERFLOW)
		return true;
	for (size_t i = 0; i < 2; i++) {
		if (event->wd == watch->dirs[i] && event->len &&
		    strcmp(event->name, watch->names[i]) == 0)
			return true;
	}
	return false;
}

bool watch__changed(struct watch *watch)
{
	char events[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
	bool changed = false;
	ssize_t len;

	while ((len = read(watch->fd, events, sizeof(events))) > 0) {
		for (char *at = events; at < events + len;) {
			const struct inotify_event *event = (const struct inotify_event *)at;

			changed |= is_ours(watch, event);
			at += sizeof(*event) + event->len;
		}
	}
	if (changed)
		add_target(watch);
	return changed;
}
