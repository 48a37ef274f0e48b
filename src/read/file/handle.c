/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "handle.h"

/* A quarter of the descriptors that the process may have is left for others, but at most this. */
#define SPARE_MAX 256u

/* A process has one table of descriptors, so it has one list of handles that could be closed. */
static struct {
	pthread_mutex_t lock;
	struct handle *newest, *oldest; /* by their last use */
	size_t cnt;
} held = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* ---- The list; the lock is held ---- */

static void add(struct handle *handle)
{
	handle->older = held.newest;
	handle->newer = NULL;
	if (held.newest)
		held.newest->newer = handle;
	else
		held.oldest = handle;
	held.newest = handle;
	held.cnt++;
}

static void take_out(struct handle *handle)
{
	if (handle->newer)
		handle->newer->older = handle->older;
	else
		held.newest = handle->older;
	if (handle->older)
		handle->older->newer = handle->newer;
	else
		held.oldest = handle->newer;
	held.cnt--;
}

/* Closes the least recently used one. False if all are in use. */
static bool close_oldest(void)
{
	struct handle *handle = held.oldest;

	while (handle && handle->use_cnt)
		handle = handle->newer;
	if (!handle)
		return false;
	take_out(handle);
	close(handle->fd);
	handle->fd = -1;
	return true;
}

static size_t most_held(void)
{
	struct rlimit limit;
	rlim_t spare;

	if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur == RLIM_INFINITY)
		return SIZE_MAX;
	spare = limit.rlim_cur / 4 < SPARE_MAX ? limit.rlim_cur / 4 : SPARE_MAX;
	return (size_t)(limit.rlim_cur - spare);
}

static int open_file(const char *path)
{
	const size_t most = most_held();
	int fd;

	while (held.cnt >= most && close_oldest())
		continue;
	do {
		/* O_NONBLOCK: else opening a FIFO would wait */
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	} while (fd < 0 &&
		 (errno == EINTR || ((errno == EMFILE || errno == ENFILE) && close_oldest())));
	return fd < 0 ? -errno : fd;
}

static bool is_same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static int open_again(struct handle *handle)
{
	int fd = open_file(handle->path);
	struct stat st;

	if (fd == -ENOENT || fd == -ENOTDIR)
		return -ESTALE;
	if (fd < 0)
		return fd;
	if (fstat(fd, &st) || !is_same_file(&st, &handle->st)) {
		close(fd);
		return -ESTALE;
	}
	handle->fd = fd;
	add(handle);
	return 0;
}

/* ---- For all ---- */

int handle__open(const char *path)
{
	int fd;

	pthread_mutex_lock(&held.lock);
	fd = open_file(path);
	pthread_mutex_unlock(&held.lock);
	return fd;
}

int handle__init(struct handle *ret, int fd, const char *path)
{
	int err = 0;

	*ret = (struct handle){ .fd = fd, .path = path ? strdup(path) : NULL };
	if (path && !ret->path)
		err = -ENOMEM;
	else if (fstat(fd, &ret->st))
		err = -errno;
	if (err) {
		free(ret->path);
		close(fd);
		*ret = (struct handle){ .fd = -1 };
	} else if (path) {
		pthread_mutex_lock(&held.lock);
		add(ret);
		pthread_mutex_unlock(&held.lock);
	}
	return err;
}

void handle__fini(struct handle *handle)
{
	pthread_mutex_lock(&held.lock);
	if (handle->fd >= 0 && handle->path)
		take_out(handle);
	pthread_mutex_unlock(&held.lock);
	if (handle->fd >= 0)
		close(handle->fd);
	free(handle->path);
	*handle = (struct handle){ .fd = -1 };
}

/* Makes the handle the newest, and keeps it open until put(). Returns 0 or -errno. */
static int use(struct handle *handle)
{
	int err = 0;

	pthread_mutex_lock(&held.lock);
	if (handle->fd < 0) {
		err = handle->path ? open_again(handle) : -EBADF;
	} else if (handle->path) {
		take_out(handle);
		add(handle);
	}
	handle->use_cnt += !err;
	pthread_mutex_unlock(&held.lock);
	return err;
}

static void put(struct handle *handle)
{
	pthread_mutex_lock(&held.lock);
	handle->use_cnt--;
	pthread_mutex_unlock(&held.lock);
}

ssize_t handle__read(struct handle *handle, void *to, size_t bytes, off_t offset)
{
	int err = use(handle);
	ssize_t got;

	if (err)
		return err;
	do {
		got = pread(handle->fd, to, bytes, offset);
	} while (got < 0 && errno == EINTR);
	err = errno;
	put(handle);
	return got < 0 ? -err : got;
}
