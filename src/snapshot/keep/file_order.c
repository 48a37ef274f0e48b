/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "dir_calls.h"
#include "file_order.h"
#include "shelf.h"

#define NS_PER_S    1000000000ll
#define NEWEST      "user.ttlog.newest"
#define TEXT_BYTES  32
#define MAX_NEWEST  (INT64_MAX / 2)
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

static int read_newest(int dir_fd, int64_t *ret_newest)
{
	char text[TEXT_BYTES];
	const ssize_t len = fgetxattr(dir_fd, NEWEST, text, sizeof(text) - 1);
	long long newest;
	char *end;

	if (len <= 0)
		return shelf__newest(dir_fd, ret_newest);
	text[len] = '\0';
	errno = 0;
	newest = strtoll(text, &end, 10);
	if (*end || errno || newest < 0 || newest > MAX_NEWEST)
		return shelf__newest(dir_fd, ret_newest);
	*ret_newest = newest;
	return 0;
}

static void write_newest(int dir_fd, int64_t newest)
{
	char text[TEXT_BYTES];
	const int len = snprintf(text, sizeof(text), "%" PRId64, newest);

	(void)dir_calls__set_attribute(dir_fd, NEWEST, text, (size_t)len);
}

int file_order__make_newest(int dir_fd, int fd)
{
	int64_t newest, order = 0;
	struct stat st;
	int err = read_newest(dir_fd, &newest);

	if (!err && fstat(fd, &st))
		err = -errno;
	if (err)
		return err;
	order = file_order__of(&st);
	if (order <= newest)
		err = set_order(fd, newest + STEP_NS, &order);
	if (!err && order <= newest)
		err = set_order(fd, newest + MAX_STEP_NS, &order);
	if (!err)
		write_newest(dir_fd, order);
	return err;
}
