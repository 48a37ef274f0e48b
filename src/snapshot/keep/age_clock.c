/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "age_clock.h"
#include "clock.h"
#include "dir_calls.h"
#include "kept_file.h"
#include "out_name.h"

#define NS_PER_S    1000000000ull
#define MIN_JUMP_NS ((int64_t)(60 * NS_PER_S))
#define DAY_NS      (24 * 3600 * NS_PER_S)
#define MAX_NS      ((uint64_t)INT64_MAX / 4)
#define VERSION     "ttlog-age 1"

void age_clock__now(struct age_clock_time *ret)
{
	struct timespec boot = { 0 };

	*ret = (struct age_clock_time){ .real_ns = clock__now_real_ns() };
	(void)clock_gettime(CLOCK_BOOTTIME, &boot);
	ret->boot_ns = (uint64_t)boot.tv_sec * NS_PER_S + (uint64_t)boot.tv_nsec;
	(void)boot__read_id(ret->boot_id);
}

/* How long it really was; over a reboot as much of it as can be. */
static int64_t passed_ns(const struct age_clock_time *last, const struct age_clock_time *now)
{
	const int64_t wall = (int64_t)now->real_ns - (int64_t)last->real_ns;
	const int64_t off = (int64_t)(now->boot_ns + DAY_NS);

	if (strcmp(last->boot_id, now->boot_id) == 0 && now->boot_ns >= last->boot_ns)
		return (int64_t)(now->boot_ns - last->boot_ns);
	if (wall < 0)
		return (int64_t)now->boot_ns;
	return wall < off ? wall : off;
}

int64_t age_clock__advance(struct age_clock *clock, const struct age_clock_time *now)
{
	const struct age_clock_time last = clock->last;
	int64_t passed, jump;

	clock->last = *now;
	if (!last.real_ns)
		return 0;
	passed = passed_ns(&last, now);
	jump = (int64_t)now->real_ns - (int64_t)last.real_ns - passed;
	if (jump > -MIN_JUMP_NS && jump < MIN_JUMP_NS)
		jump = 0;
	clock->behind_ns = clock->ahead_ns < 0 ? clock->behind_ns + (uint64_t)passed : 0;
	clock->ahead_ns += jump;
	if (jump)
		clock->jumped_ns = now->real_ns;
	if (clock->ahead_ns >= 0 || clock->behind_ns > DAY_NS) {
		clock->behind_ns = 0;
		if (clock->ahead_ns < 0)
			clock->ahead_ns = 0;
	}
	return jump;
}

static int compare_newest(const void *a, const void *b)
{
	const struct kept_file *one = *(struct kept_file *const *)a;
	const struct kept_file *other = *(struct kept_file *const *)b;

	return one->order > other->order ? -1 : one->order < other->order;
}

int age_clock__find_old(struct age_clock *clock, struct kept_file *files, size_t cnt,
			uint64_t max_age_ns, size_t *ret_held_cnt)
{
	struct kept_file **newest = malloc((cnt + 1) * sizeof(*newest));
	const int64_t real = (int64_t)clock->last.real_ns, oldest = real - (int64_t)max_age_ns;
	const int64_t ahead = clock->ahead_ns > 0 ? clock->ahead_ns : 0;
	int64_t made, later = real;
	size_t held = 0;

	if (!newest)
		return -ENOMEM;
	for (size_t i = 0; i < cnt; i++)
		newest[i] = &files[i];
	qsort(newest, cnt, sizeof(*newest), compare_newest);
	for (size_t i = 0; i < cnt; i++) {
		made = (int64_t)newest[i]->real_ns;
		/* the clock was ahead: it was made before all those that were written later */
		if (made > real)
			made = later;
		else if (made < later)
			later = made;
		if (newest[i]->is_open || made >= oldest)
			continue;
		if (made < oldest - ahead || made >= (int64_t)clock->jumped_ns)
			newest[i]->why = KEPT_MAX_AGE;
		else
			held++;
	}
	if (!held && clock->ahead_ns > 0)
		clock->ahead_ns = 0;
	*ret_held_cnt = held;
	free(newest);
	return 0;
}

/* ---- The file ---- */

static bool parse(struct age_clock *clock, const char *text)
{
	struct age_clock read = { .ahead_ns = 0 };
	int len = 0;

	if (sscanf(text,
		   VERSION " boot %36[0-9a-f-] real %" SCNu64 " boottime %" SCNu64 " ahead %" SCNd64
			   " jumped %" SCNu64 " behind %" SCNu64 "%n",
		   read.last.boot_id, &read.last.real_ns, &read.last.boot_ns, &read.ahead_ns,
		   &read.jumped_ns, &read.behind_ns, &len) != 6 ||
	    strcmp(text + len, "\n") != 0)
		return false;
	if (read.last.real_ns > MAX_NS * 2 || read.jumped_ns > MAX_NS * 2 ||
	    read.last.boot_ns > MAX_NS || read.behind_ns > MAX_NS ||
	    llabs(read.ahead_ns) > (int64_t)MAX_NS)
		return false;
	*clock = read;
	return true;
}

void age_clock__load(struct age_clock *clock, int dir_fd)
{
	const int fd = dir_calls__open(dir_fd, OUT_NAME_AGE, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0);
	char text[256];
	ssize_t len;

	*clock = (struct age_clock){ .ahead_ns = 0 };
	if (fd < 0)
		return;
	len = read(fd, text, sizeof(text) - 1);
	(void)close(fd);
	text[len > 0 ? len : 0] = '\0';
	(void)parse(clock, text);
}

/* Whatever has the name goes: a file that a killed collector left, or one that was planted. */
static int open_new(int dir_fd)
{
	int fd;

	(void)dir_calls__unlink(dir_fd, OUT_NAME_NEW_AGE);
	fd = dir_calls__open(dir_fd, OUT_NAME_NEW_AGE, O_WRONLY | O_CREAT | O_EXCL, 0600);
	return fd < 0 ? -errno : fd;
}

/* A new file takes its place: after a kill it is this one or the last one. */
int age_clock__save(const struct age_clock *clock, int dir_fd)
{
	const int fd = open_new(dir_fd);
	int err = 0;

	if (fd < 0)
		return fd;
	if (dprintf(fd,
		    VERSION " boot %s real %" PRIu64 " boottime %" PRIu64 " ahead %" PRId64
			    " jumped %" PRIu64 " behind %" PRIu64 "\n",
		    clock->last.boot_id, clock->last.real_ns, clock->last.boot_ns, clock->ahead_ns,
		    clock->jumped_ns, clock->behind_ns) < 0 ||
	    fsync(fd) || dir_calls__rename(dir_fd, OUT_NAME_NEW_AGE, OUT_NAME_AGE, 0))
		err = -errno;
	(void)close(fd);
	if (err)
		(void)dir_calls__unlink(dir_fd, OUT_NAME_NEW_AGE);
	return err;
}
