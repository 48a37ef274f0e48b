/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file_copy.h"
#include "file_place.h"
#include "percent.h"

#define FOLDER_FLAGS (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

/* ---- the URL ---- */

static int check_text(const char *path, struct fleet_error *error)
{
	if (path[0] != '/')
		return fleet_error__set(error, -EINVAL,
					"it has a host: " FILE_PLACE_SCHEME
					"/DIR with three slashes is a directory of this machine");
	if (strcspn(path, "?#") != strlen(path))
		return fleet_error__set(error, -EINVAL, "'%s' means nothing here",
					path + strcspn(path, "?#"));
	return 0;
}

/* The path. */
static void *parse(const char *text, struct fleet_error *error)
{
	int err = check_text(text + strlen(FILE_PLACE_SCHEME), error);
	char *path;

	if (err) {
		errno = -err;
		return NULL;
	}
	path = strdup(text + strlen(FILE_PLACE_SCHEME));
	if (!path) {
		(void)fleet_error__set(error, -ENOMEM, "out of memory");
		return NULL;
	}
	if (!percent__decode(path))
		return path;
	(void)fleet_error__set(error, -EINVAL, "a %% needs two hexadecimal digits after it");
	free(path);
	errno = EINVAL;
	return NULL;
}

static const char *folder(const void *url)
{
	return url;
}

/* It is not made: where a disk is not mounted, the files would fill another one. */
static int check(const void *url, const struct place_options *options, struct fleet_error *error)
{
	struct stat status;

	(void)options;
	if (stat(url, &status))
		return fleet_error__set(error, -EINVAL, "%s%s", strerror(errno),
					errno == ENOENT ? ": make it first" : "");
	return S_ISDIR(status.st_mode) ? 0
				       : fleet_error__set(error, -EINVAL, "%s", strerror(ENOTDIR));
}

/* ---- the directory ---- */

static struct place *make(const struct place_setting *setting)
{
	struct file_place *place = calloc(1, sizeof(*place));

	if (!place)
		return NULL;
	place->base.ops = &file_place__ops;
	place->base.setting = setting;
	place->path = setting->url;
	place->dir_fd = -1;
	(void)snprintf(place->base.server, sizeof(place->base.server), "%s", place->path);
	return &place->base;
}

static void close_place(struct place *base)
{
	struct file_place *place = (struct file_place *)base;

	if (place->dir_fd >= 0)
		(void)close(place->dir_fd);
	place->dir_fd = -1;
}

static void free_place(struct place *base)
{
	if (base)
		close_place(base);
	free(base);
}

/* The rights of this program are for what was there at its start. */
static int open_place(struct place *base, struct fleet_error *error)
{
	struct file_place *place = (struct file_place *)base;

	place->dir_fd = open(place->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (place->dir_fd >= 0)
		return 0;
	return fleet_error__set(
		error, -errno, "%s: %s%s", place->path, strerror(errno),
		errno == EACCES ? " (if it was mounted anew, start ttlog-ship again)" : "");
}

/* Another disk may have been mounted there, or this one may be gone. */
static int look(struct place *base, struct fleet_error *error)
{
	const struct file_place *place = (const struct file_place *)base;
	struct stat now, own;

	if (stat(place->path, &now) || fstat(place->dir_fd, &own))
		return fleet_error__set(error, -errno, "%s: %s", place->path, strerror(errno));
	if (now.st_dev == own.st_dev && now.st_ino == own.st_ino)
		return 0;
	return fleet_error__set(error, -ESTALE, "%s is another directory now", place->path);
}

/* Its name is on the disk before a file in it counts as sent. */
static int make_folder(int dir_fd, const char *name)
{
	if (mkdirat(dir_fd, name, 0750))
		return errno == EEXIST ? 0 : -errno;
	return fsync(dir_fd) ? -errno : 0;
}

/* Takes the directory that it is in, and closes it. */
static int enter(int dir_fd, const char *name, size_t len, bool can_make)
{
	char text[FLEET_NAME_BYTES];
	int fd, err = 0;

	(void)snprintf(text, sizeof(text), "%.*s", (int)len, name);
	if (can_make)
		err = make_folder(dir_fd, text);
	fd = err ? err : openat(dir_fd, text, FOLDER_FLAGS);
	if (!err && fd < 0)
		fd = -errno;
	(void)close(dir_fd);
	return fd;
}

int file_place__open_folder(const struct file_place *place, const char *object, bool can_make,
			    const char **ret_file, struct fleet_error *error)
{
	int fd = fcntl(place->dir_fd, F_DUPFD_CLOEXEC, 0);
	const char *slash;

	if (fd < 0)
		fd = -errno;
	while (fd >= 0 && (slash = strchr(object, '/'))) {
		fd = enter(fd, object, (size_t)(slash - object), can_make);
		object = slash + 1;
	}
	if (fd < 0)
		return fleet_error__set(error, fd, "%s: %s", place->path, strerror(-fd));
	*ret_file = object;
	return fd;
}

const struct place_ops file_place__ops = {
	.scheme = FILE_PLACE_SCHEME,
	.may_forget = true,
	.parse = parse,
	.free_url = free,
	.folder = folder,
	.check = check,
	.make = make,
	.free = free_place,
	.open = open_place,
	.close = close_place,
	.look = look,
	.send = file_copy__send,
	.audit = file_copy__audit,
	.clean = file_copy__clean,
};
