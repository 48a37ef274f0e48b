/* SPDX-License-Identifier: MIT */
/*
 * An array of files in no order. Choosing looks at all of them: ten thousand take some 20 us, which is
 * nothing beside sending one.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "array.h"
#include "clock.h"
#include "out_name.h"
#include "spool.h"

#define WATCHED                                                                                    \
	(IN_CREATE | IN_MOVED_TO | IN_DELETE | IN_MOVED_FROM | IN_DELETE_SELF | IN_MOVE_SELF |     \
	 IN_ONLYDIR)
#define CRASH "-crash.bin"

struct progress {
	enum spool_task next; /* SPOOL_SEND or SPOOL_AUDIT */
	uint64_t due_ns;
	bool is_proven;
};

struct file {
	char *name;
	uint64_t inode, size_bytes;
	uint64_t real_ns; /* the time in its name */
	bool is_crash;
	bool was_proven; /* at all: that was told */
	struct progress progress[SPOOL_MAX_DESTINATIONS];
};

struct spool {
	int dir_fd, watch_fd;
	size_t destination_cnt;
	struct spool_events events;
	pthread_mutex_t lock; /* of all below */
	pthread_cond_t changed;
	bool is_stopped;
	struct file *files;
	size_t cnt, cap;
	size_t known_cnt; /* of destinations that have said what they know */
	size_t dropped[SPOOL_MAX_DESTINATIONS], unproven[SPOOL_MAX_DESTINATIONS];
};

/* ---- the directory ---- */

static struct file *find(struct spool *spool, const char *name)
{
	for (size_t i = 0; i < spool->cnt; i++) {
		if (!strcmp(spool->files[i].name, name))
			return &spool->files[i];
	}
	return NULL;
}

static bool is_crash(const char *name)
{
	const size_t len = strlen(name);

	return len > strlen(CRASH) && !strcmp(name + len - strlen(CRASH), CRASH);
}

/* With the lock. It was there: it came, and went before it was looked at. */
static void count_dropped(struct spool *spool)
{
	for (size_t i = 0; i < spool->destination_cnt; i++)
		spool->dropped[i]++;
}

/* With the lock. */
static int add(struct spool *spool, const char *name)
{
	struct file file = { .real_ns = out_name__real_ns(name), .is_crash = is_crash(name) };
	struct stat status;

	if (fstatat(spool->dir_fd, name, &status, AT_SYMLINK_NOFOLLOW)) {
		if (errno != ENOENT)
			return -errno;
		count_dropped(spool);
		return 0;
	}
	if (!S_ISREG(status.st_mode))
		return 0;
	file.inode = status.st_ino;
	file.size_bytes = (uint64_t)status.st_size;
	file.name = strdup(name);
	if (!file.name || array__reserve(spool->files, spool->cnt + 1, &spool->cap)) {
		free(file.name);
		return -ENOMEM;
	}
	for (size_t i = 0; i < SPOOL_MAX_DESTINATIONS; i++)
		file.progress[i] = (struct progress){ .next = SPOOL_SEND };
	spool->files[spool->cnt++] = file;
	return 0;
}

static int appear(struct spool *spool, const char *name)
{
	int err = 0;

	if (out_name__kind(name) != OUT_NAME_FILE)
		return 0;
	(void)pthread_mutex_lock(&spool->lock);
	if (!find(spool, name)) {
		err = add(spool, name);
		(void)pthread_cond_broadcast(&spool->changed);
	}
	(void)pthread_mutex_unlock(&spool->lock);
	return err;
}

/* With the lock. */
static void drop(struct spool *spool, struct file *file)
{
	for (size_t i = 0; i < spool->destination_cnt; i++) {
		const struct progress *progress = &file->progress[i];

		spool->dropped[i] += progress->next == SPOOL_SEND;
		spool->unproven[i] += progress->next == SPOOL_AUDIT && !progress->is_proven;
	}
	free(file->name);
	*file = spool->files[--spool->cnt];
}

static void disappear(struct spool *spool, const char *name)
{
	struct file *file;

	(void)pthread_mutex_lock(&spool->lock);
	file = find(spool, name);
	if (file)
		drop(spool, file);
	(void)pthread_mutex_unlock(&spool->lock);
	if (file)
		spool->events.gone(spool->events.ctx, name);
}

static int read_directory(struct spool *spool)
{
	int fd = openat(spool->dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), err = 0;
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;

	if (!dir)
		return -errno;
	while (!err && (entry = readdir(dir)) != NULL)
		err = appear(spool, entry->d_name);
	(void)closedir(dir);
	return err;
}

/* Events were lost: what is gone is found by its name. */
static int look_again(struct spool *spool)
{
	struct stat status;
	char name[NAME_MAX + 1];
	size_t i = 0;

	for (;;) {
		(void)pthread_mutex_lock(&spool->lock);
		name[0] = '\0';
		if (i < spool->cnt)
			(void)snprintf(name, sizeof(name), "%s", spool->files[i++].name);
		(void)pthread_mutex_unlock(&spool->lock);
		if (!name[0])
			return read_directory(spool);
		if (fstatat(spool->dir_fd, name, &status, AT_SYMLINK_NOFOLLOW) && errno == ENOENT) {
			disappear(spool, name);
			i--;
		}
	}
}

static int take_change(struct spool *spool, const struct inotify_event *event)
{
	if (event->mask & IN_Q_OVERFLOW)
		return look_again(spool);
	if (event->mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED | IN_UNMOUNT))
		return -ESTALE;
	if (event->mask & (IN_DELETE | IN_MOVED_FROM))
		disappear(spool, event->name);
	if (event->mask & (IN_CREATE | IN_MOVED_TO))
		return appear(spool, event->name);
	return 0;
}

int spool__take_changes(struct spool *spool)
{
	char bytes[16384] __attribute__((aligned(__alignof__(struct inotify_event))));
	const struct inotify_event *event;
	int err = 0;

	for (;;) {
		const ssize_t len = read(spool->watch_fd, bytes, sizeof(bytes));

		if (len < 0)
			return errno == EAGAIN || errno == EINTR ? 0 : -errno;
		for (ssize_t at = 0; !err && at < len; at += (ssize_t)sizeof(*event) + event->len) {
			event = (const struct inotify_event *)(bytes + at);
			err = take_change(spool, event);
		}
		if (err)
			return err;
	}
}

/* ---- work ---- */

/* Whether a is more urgent than b, which may be NULL. */
static bool is_before(const struct file *a, const struct file *b, size_t destination)
{
	enum spool_task task;

	if (!b)
		return true;
	task = a->progress[destination].next;
	if (task != b->progress[destination].next)
		return task == SPOOL_SEND;
	if (task == SPOOL_AUDIT)
		return a->progress[destination].due_ns < b->progress[destination].due_ns;
	if (a->is_crash != b->is_crash)
		return a->is_crash;
	return a->is_crash ? a->real_ns > b->real_ns : a->real_ns < b->real_ns;
}

/* The file whose turn it is, or NULL; *ret_next_ns: when there is something to do, at the latest. */
static const struct file *choose(const struct spool *spool, size_t destination,
				 uint64_t *ret_next_ns)
{
	const uint64_t now_ns = clock__now_mono_ns();
	const struct file *best = NULL;

	for (size_t i = 0; i < spool->cnt; i++) {
		const struct file *file = &spool->files[i];
		const uint64_t due_ns = file->progress[destination].due_ns;

		if (due_ns > now_ns)
			*ret_next_ns = due_ns < *ret_next_ns ? due_ns : *ret_next_ns;
		else if (is_before(file, best, destination))
			best = file;
	}
	return best;
}

/* With the lock. */
static void sleep_until(struct spool *spool, uint64_t until_ns)
{
	const struct timespec until = clock__timespec(until_ns);

	if (until_ns == UINT64_MAX)
		(void)pthread_cond_wait(&spool->changed, &spool->lock);
	else
		(void)pthread_cond_timedwait(&spool->changed, &spool->lock, &until);
}

void spool__wait(struct spool *spool, size_t destination, uint64_t until_ns, struct spool_work *ret)
{
	const struct file *file = NULL;

	ret->task = SPOOL_NOTHING;
	(void)pthread_mutex_lock(&spool->lock);
	while (!spool->is_stopped) {
		uint64_t next_ns = until_ns;

		file = choose(spool, destination, &next_ns);
		if (file || clock__now_mono_ns() >= until_ns)
			break;
		sleep_until(spool, next_ns);
	}
	if (spool->is_stopped) {
		ret->task = SPOOL_STOP;
	} else if (file) {
		ret->task = file->progress[destination].next;
		ret->inode = file->inode;
		ret->is_crash = file->is_crash;
		(void)snprintf(ret->name, sizeof(ret->name), "%s", file->name);
	}
	(void)pthread_mutex_unlock(&spool->lock);
}

/* Puts it among those that are most urgent, which are in order. */
static void insert(const struct file *best[SPOOL_AHEAD_MOST], size_t *cnt, const struct file *file,
		   size_t destination)
{
	size_t at = *cnt;

	if (at < SPOOL_AHEAD_MOST)
		++*cnt;
	else if (!is_before(file, best[--at], destination))
		return;
	for (; at && is_before(file, best[at - 1], destination); at--)
		best[at] = best[at - 1];
	best[at] = file;
}

void spool__look_ahead(struct spool *spool, size_t destination, uint64_t most_bytes,
		       struct spool_names *ret)
{
	const struct file *best[SPOOL_AHEAD_MOST];
	const uint64_t now_ns = clock__now_mono_ns();
	size_t cnt = 0;
	uint64_t bytes = 0;

	(void)pthread_mutex_lock(&spool->lock);
	for (size_t i = 0; i < spool->cnt; i++) {
		const struct progress *progress = &spool->files[i].progress[destination];

		if (progress->next == SPOOL_SEND && progress->due_ns <= now_ns)
			insert(best, &cnt, &spool->files[i], destination);
	}
	ret->cnt = 0;
	while (ret->cnt < cnt && (!ret->cnt || bytes + best[ret->cnt]->size_bytes <= most_bytes)) {
		bytes += best[ret->cnt]->size_bytes;
		(void)strcpy(ret->names[ret->cnt], best[ret->cnt]->name);
		ret->cnt++;
	}
	(void)pthread_mutex_unlock(&spool->lock);
}

bool spool__rest(struct spool *spool, uint64_t until_ns)
{
	bool is_stopped;

	(void)pthread_mutex_lock(&spool->lock);
	while (!spool->is_stopped && clock__now_mono_ns() < until_ns)
		sleep_until(spool, until_ns);
	is_stopped = spool->is_stopped;
	(void)pthread_mutex_unlock(&spool->lock);
	return is_stopped;
}

static bool is_proven(const struct spool *spool, const struct file *file)
{
	for (size_t i = 0; i < spool->destination_cnt; i++) {
		if (!file->progress[i].is_proven)
			return false;
	}
	return true;
}

/* With the lock. */
static void tell_proven(const struct spool *spool, struct file *file)
{
	file->was_proven = is_proven(spool, file);
	spool->events.proven(spool->events.ctx, file->name, file->was_proven);
}

/* Whether the file is still there. */
static bool set(struct spool *spool, size_t destination, const char *name, uint64_t inode,
		struct progress progress)
{
	struct file *file;
	bool is_there;

	(void)pthread_mutex_lock(&spool->lock);
	file = find(spool, name);
	is_there = file && file->inode == inode;
	if (is_there) {
		file->progress[destination] = progress;
		if (spool->known_cnt == spool->destination_cnt &&
		    is_proven(spool, file) != file->was_proven)
			tell_proven(spool, file);
	}
	(void)pthread_mutex_unlock(&spool->lock);
	return is_there;
}

void spool__set(struct spool *spool, size_t destination, const char *name, uint64_t inode,
		enum spool_task next, uint64_t due_ns)
{
	(void)set(spool, destination, name, inode, (struct progress){ next, due_ns, false });
}

/* It was counted when it went, unless that was before this program began. */
static void move_count(struct spool *spool, size_t destination)
{
	(void)pthread_mutex_lock(&spool->lock);
	if (spool->dropped[destination]) {
		spool->dropped[destination]--;
		spool->unproven[destination]++;
	}
	(void)pthread_mutex_unlock(&spool->lock);
}

void spool__set_sent(struct spool *spool, size_t destination, const char *name, uint64_t inode,
		     uint64_t due_ns)
{
	if (!set(spool, destination, name, inode, (struct progress){ SPOOL_AUDIT, due_ns, false }))
		move_count(spool, destination);
}

void spool__set_proven(struct spool *spool, size_t destination, const char *name, uint64_t inode,
		       uint64_t due_ns)
{
	(void)set(spool, destination, name, inode, (struct progress){ SPOOL_AUDIT, due_ns, true });
}

/* What an earlier shipper told, which had other destinations, may be wrong. */
void spool__know(struct spool *spool)
{
	(void)pthread_mutex_lock(&spool->lock);
	spool->known_cnt++;
	for (size_t i = 0; spool->known_cnt == spool->destination_cnt && i < spool->cnt; i++)
		tell_proven(spool, &spool->files[i]);
	(void)pthread_mutex_unlock(&spool->lock);
}

void spool__audit_all(struct spool *spool, size_t destination)
{
	const uint64_t now_ns = clock__now_mono_ns();

	(void)pthread_mutex_lock(&spool->lock);
	for (size_t i = 0; i < spool->cnt; i++) {
		struct progress *progress = &spool->files[i].progress[destination];

		if (progress->next == SPOOL_AUDIT && progress->due_ns > now_ns)
			progress->due_ns = now_ns;
	}
	(void)pthread_mutex_unlock(&spool->lock);
}

bool spool__has(struct spool *spool, const char *name)
{
	bool has;

	(void)pthread_mutex_lock(&spool->lock);
	has = find(spool, name);
	(void)pthread_mutex_unlock(&spool->lock);
	return has;
}

bool spool__is_stopped(struct spool *spool)
{
	bool is_stopped;

	(void)pthread_mutex_lock(&spool->lock);
	is_stopped = spool->is_stopped;
	(void)pthread_mutex_unlock(&spool->lock);
	return is_stopped;
}

bool spool__is_urgent(struct spool *spool, size_t destination)
{
	uint64_t next_ns = UINT64_MAX;
	const struct file *file;
	bool is_urgent;

	(void)pthread_mutex_lock(&spool->lock);
	file = choose(spool, destination, &next_ns);
	is_urgent = spool->is_stopped ||
		    (file && file->is_crash && file->progress[destination].next == SPOOL_SEND);
	(void)pthread_mutex_unlock(&spool->lock);
	return is_urgent;
}

void spool__count(struct spool *spool, size_t destination, struct spool_counts *ret)
{
	*ret = (struct spool_counts){ 0 };
	(void)pthread_mutex_lock(&spool->lock);
	ret->dropped = spool->dropped[destination];
	ret->unproven = spool->unproven[destination];
	for (size_t i = 0; i < spool->cnt; i++) {
		const struct file *file = &spool->files[i];

		if (file->progress[destination].next == SPOOL_SEND) {
			ret->waiting++;
			ret->waiting_bytes += file->size_bytes;
			if (!ret->oldest_ns || file->real_ns < ret->oldest_ns)
				ret->oldest_ns = file->real_ns;
		} else {
			ret->unaudited += !file->progress[destination].is_proven &&
					  file->progress[destination].due_ns != UINT64_MAX;
		}
	}
	(void)pthread_mutex_unlock(&spool->lock);
}

/* ---- the whole ---- */

struct spool *spool__open(const char *path, size_t destination_cnt,
			  const struct spool_events *events)
{
	struct spool *spool = calloc(1, sizeof(*spool));
	int err;

	if (!spool)
		return NULL;
	spool->destination_cnt = destination_cnt;
	spool->events = *events;
	(void)pthread_mutex_init(&spool->lock, NULL);
	clock__init_condition(&spool->changed);
	spool->dir_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	spool->watch_fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	err = spool->dir_fd < 0 || spool->watch_fd < 0 ? -errno : 0;
	/* first the watch, so that no file is missed between */
	if (!err && inotify_add_watch(spool->watch_fd, path, WATCHED) < 0)
		err = -errno;
	if (!err)
		err = read_directory(spool);
	if (!err)
		return spool;
	spool__free(spool);
	errno = -err;
	return NULL;
}

void spool__free(struct spool *spool)
{
	if (!spool)
		return;
	for (size_t i = 0; i < spool->cnt; i++)
		free(spool->files[i].name);
	free(spool->files);
	if (spool->dir_fd >= 0)
		(void)close(spool->dir_fd);
	if (spool->watch_fd >= 0)
		(void)close(spool->watch_fd);
	(void)pthread_cond_destroy(&spool->changed);
	(void)pthread_mutex_destroy(&spool->lock);
	free(spool);
}

int spool__watch_fd(const struct spool *spool)
{
	return spool->watch_fd;
}

int spool__dir_fd(const struct spool *spool)
{
	return spool->dir_fd;
}

void spool__stop(struct spool *spool)
{
	(void)pthread_mutex_lock(&spool->lock);
	spool->is_stopped = true;
	(void)pthread_cond_broadcast(&spool->changed);
	(void)pthread_mutex_unlock(&spool->lock);
}
