/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <sys/stat.h>

#include "file_order.h"
#include "shelf.h"

#define NS_PER_S    1000000000ll
#define STEP_NS     1000
/* The coarsest modification times are FAT's. */
#define MAX_STEP_NS (2 * NS_PER_S)

int64_t file_order__of(const struct stat *st)
{
	return st->st_mtim.tv_sec * NS_PER_S + st->st_mtim.tv_nsec;
}

/* Sets the modification time, and returns what the file system made of it. */
static int set_order(int fd, int64_t order, int64_t *ret_order)
{
	const struct timespec times[2] = {
		{ .tv_nsec = UTIME_OMIT },
		{ .tv_sec = order / NS_PER_S, .tv_nsec = order % NS_PER_S },
	};
	struct stat st;

	if (futimens(fd, times) || fstat(fd, &st))
		return -errno;
	*ret_order = file_order__of(&st);
	return 0;
}

int file_order__make_newest(int dir_fd, int fd)
{
	int64_t newest, order;
	struct stat st;
	int err = shelf__newest(dir_fd, &newest);

	if (!err && fstat(fd, &st))
		err = -errno;
	if (err || file_order__of(&st) > newest)
		return err;
	err = set_order(fd, newest + STEP_NS, &order);
	return err || order > newest ? err : set_order(fd, newest + MAX_STEP_NS, &order);
}
