/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "dir_calls.h"

#define GROUP_MODE 0640

static int plain_open(int dir_fd, const char *name, int flags, mode_t mode)
{
	return openat(dir_fd, name, flags, mode);
}

static int plain_look(int dir_fd, const char *name, struct stat *ret)
{
	return fstatat(dir_fd, name, ret, AT_SYMLINK_NOFOLLOW);
}

static int plain_unlink(int dir_fd, const char *name)
{
	return unlinkat(dir_fd, name, 0);
}

static int plain_link(int dir_fd, const char *from, const char *to)
{
	return linkat(dir_fd, from, dir_fd, to, 0);
}

static int plain_link_unnamed(int dir_fd, int fd, const char *name)
{
	char path[32];
	int err;

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (linkat(AT_FDCWD, path, dir_fd, name, AT_SYMLINK_FOLLOW) == 0)
		return 0;
	err = errno;
	if (err == EEXIST)
		return -1;
	/* without /proc; this way needs CAP_DAC_READ_SEARCH */
	if (linkat(fd, "", dir_fd, name, AT_EMPTY_PATH) == 0)
		return 0;
	if (errno != EEXIST)
		errno = err;
	return -1;
}

static int plain_rename(int dir_fd, const char *from, const char *to, unsigned flags)
{
	/* a file system, or a C library, may only have the simple one */
	return flags ? renameat2(dir_fd, from, dir_fd, to, flags)
		     : renameat(dir_fd, from, dir_fd, to);
}

static int plain_set_attribute(int fd, const char *name, const void *value, size_t bytes)
{
	return fsetxattr(fd, name, value, bytes, 0);
}

static int plain_share(int fd, gid_t group)
{
	return fchown(fd, (uid_t)-1, group) || fchmod(fd, GROUP_MODE) ? -1 : 0;
}

const struct dir_calls dir_calls__plain = {
	.open = plain_open,
	.look = plain_look,
	.unlink = plain_unlink,
	.link = plain_link,
	.link_unnamed = plain_link_unnamed,
	.rename = plain_rename,
	.set_attribute = plain_set_attribute,
	.share = plain_share,
};

/* Written before there are threads. */
static const struct dir_calls *used = &dir_calls__plain;

void dir_calls__use(const struct dir_calls *calls)
{
	used = calls;
}

const struct dir_calls *dir_calls__used(void)
{
	return used;
}

int dir_calls__open(int dir_fd, const char *name, int flags, mode_t mode)
{
	return used->open(dir_fd, name, flags | O_CLOEXEC, mode);
}

int dir_calls__look(int dir_fd, const char *name, struct stat *ret)
{
	return used->look(dir_fd, name, ret);
}

int dir_calls__unlink(int dir_fd, const char *name)
{
	return used->unlink(dir_fd, name);
}

int dir_calls__link(int dir_fd, const char *from, const char *to)
{
	return used->link(dir_fd, from, to);
}

int dir_calls__link_unnamed(int dir_fd, int fd, const char *name)
{
	return used->link_unnamed(dir_fd, fd, name);
}

int dir_calls__rename(int dir_fd, const char *from, const char *to, unsigned flags)
{
	return used->rename(dir_fd, from, to, flags);
}

int dir_calls__set_attribute(int fd, const char *name, const void *value, size_t bytes)
{
	return used->set_attribute(fd, name, value, bytes);
}

int dir_calls__share(int fd, gid_t group)
{
	return used->share(fd, group);
}
