/* SPDX-License-Identifier: MIT */
/*
 * Directories are watched, not files: a file gets no event when another one takes its name, when a
 * directory above it is moved, or when a symbolic link on the way ("current", in many deployments)
 * is changed. So the path is looked up step by step, as the kernel does it, and each directory is
 * watched before the next name is looked up in it.
 */
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "watch.h"
#include "given_path.h"

/* A name means another file now; and at the end of the path, the file is complete. */
#define WATCHED    (IN_CREATE | IN_MOVED_TO | IN_MASK_ADD)
#define AT_ITS_END IN_CLOSE_WRITE
#define MAX_STEPS  256u
/* The same as the kernel's. */
#define MAX_LINKS  40u

/* A name that is looked up in a directory. */
struct step {
	int dir; /* watch descriptor */
	char name[NAME_MAX + 1];
};

struct steps {
	struct step list[MAX_STEPS];
	size_t cnt;
};

struct watch {
	int fd;
	char path[PATH_MAX];
	struct steps steps;
};

/* The state of a look-up. */
struct walk {
	char dir[PATH_MAX], left[PATH_MAX];
	size_t link_cnt;
	bool reached; /* its last name; the rest is the target of a link */
};

/* Takes the first name of what is left; false if nothing is left. */
static bool take_name(struct walk *walk, char ret_name[NAME_MAX + 1])
{
	const size_t slashes = strspn(walk->left, "/");
	const size_t len = strcspn(walk->left + slashes, "/");
	const size_t rest = slashes + len + strspn(walk->left + slashes + len, "/");

	if (!len || len > NAME_MAX)
		return false;
	memcpy(ret_name, walk->left + slashes, len);
	ret_name[len] = '\0';
	memmove(walk->left, walk->left + rest, strlen(walk->left + rest) + 1);
	return true;
}

static int add_step(struct watch *watch, struct steps *steps, const struct walk *walk,
		    const char *name)
{
	const bool is_last = !walk->left[0];
	struct step *step = &steps->list[steps->cnt];

	/* another file can't get these names */
	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return 0;
	if (steps->cnt == MAX_STEPS)
		return -ELOOP;
	step->dir = given_path__watch(watch->fd, walk->dir, WATCHED | (is_last ? AT_ITS_END : 0));
	/* a directory may allow a look-up but no reading: then it is not watched */
	if (step->dir < 0)
		return step->dir == -EACCES && !is_last ? 0 : step->dir;
	strcpy(step->name, name);
	steps->cnt++;
	return 0;
}

/* Enters what has that name: a link's target comes before what is left. */
static int go_on(struct walk *walk, const char *name)
{
	char child[2 * PATH_MAX], target[PATH_MAX], left[2 * PATH_MAX + 2];
	ssize_t len;

	(void)snprintf(child, sizeof(child), "%s/%s", walk->dir, name);
	len = given_path__read_link(child, target, sizeof(target));
	if (len < 0) {
		if (strlen(child) >= sizeof(walk->dir))
			return -ENAMETOOLONG;
		strcpy(walk->dir, child);
		return 0;
	}
	(void)snprintf(left, sizeof(left), "%s/%s", target, walk->left);
	if (++walk->link_cnt > MAX_LINKS || strlen(left) >= sizeof(walk->left))
		return -ELOOP;
	strcpy(walk->left, left);
	if (target[0] == '/')
		strcpy(walk->dir, "/");
	return 0;
}

/* Fills steps as far as the path leads. 0 if that is to its last name, or -errno. */
static int look_up(struct watch *watch, struct steps *steps)
{
	struct walk walk = { .reached = false };
	char name[NAME_MAX + 1];
	int err = 0;

	strcpy(walk.left, watch->path);
	strcpy(walk.dir, watch->path[0] == '/' ? "/" : ".");
	while (!err && take_name(&walk, name)) {
		err = add_step(watch, steps, &walk, name);
		walk.reached |= !err && !walk.left[0];
		if (!err)
			err = go_on(&walk, name);
	}
	return walk.reached ? 0 : err ? err : -ENOENT;
}

static bool has_dir(const struct steps *steps, int dir)
{
	for (size_t i = 0; i < steps->cnt; i++) {
		if (steps->list[i].dir == dir)
			return true;
	}
	return false;
}

/* The path may lead through other directories than before. */
static int look_up_again(struct watch *watch)
{
	struct steps *steps = calloc(1, sizeof(*steps));
	int err;

	if (!steps)
		return -ENOMEM;
	err = look_up(watch, steps);
	for (size_t i = 0; i < watch->steps.cnt; i++) {
		const int dir = watch->steps.list[i].dir;

		/* twice does no harm: watch descriptors are not reused */
		if (!has_dir(steps, dir))
			(void)inotify_rm_watch(watch->fd, dir);
	}
	watch->steps = *steps;
	free(steps);
	return err;
}

struct watch *watch__new(const char *path)
{
	struct watch *watch = calloc(1, sizeof(*watch));
	int err = 0;

	if (!watch)
		return NULL;
	watch->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (watch->fd < 0)
		err = -errno;
	else if (strlen(path) >= sizeof(watch->path))
		err = -ENAMETOOLONG;
	if (!err) {
		strcpy(watch->path, path);
		err = look_up_again(watch);
	}
	if (err) {
		watch__free(watch);
		errno = -err;
		return NULL;
	}
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
	/* events were dropped, maybe of this path */
	if (event->mask & IN_Q_OVERFLOW)
		return true;
	for (size_t i = 0; event->len && i < watch->steps.cnt; i++) {
		if (event->wd == watch->steps.list[i].dir &&
		    strcmp(event->name, watch->steps.list[i].name) == 0)
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
	/* while a part of the path is missing, there is no new file */
	return changed && look_up_again(watch) == 0 && given_path__exists(watch->path);
}
