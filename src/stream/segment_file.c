/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "dir_calls.h"
#include "file_order.h"
#include "format.h"
#include "label.h"
#include "new_file.h"
#include "out_dir.h"
#include "seal_out.h"
#include "segment_file.h"
#include "snapshot.h"

#define MODE           0600
#define NAME_TRIES     100000
#define MS_PER_S       1000u
#define PART           ".part"
#define TIME_DIGITS    17u
#define MIN_ROOM_BYTES ((uint64_t)256 << 10)
#define MAX_ROOM_BYTES ((uint64_t)8 << 20) /* ahead */

static int make_name(uint32_t pid, uint64_t real_ms, char ret_name[NAME_MAX + 1])
{
	const time_t seconds = (time_t)(real_ms / MS_PER_S);
	char second[32];
	struct tm utc;

	if (!gmtime_r(&seconds, &utc) || !strftime(second, sizeof(second), "%Y%m%d%H%M%S", &utc))
		return -EOVERFLOW;
	(void)snprintf(ret_name, NAME_MAX + 1,
		       "ttlog-%" PRIu32 "-%s%03u-" SEGMENT_FILE_REASON ".bin" PART, pid, second,
		       (unsigned)(real_ms % MS_PER_S));
	return 0;
}

/* Its name without .part. */
static void complete_name(const char *name, char ret_name[NAME_MAX + 1])
{
	const size_t len = strlen(name) - strlen(PART);

	memcpy(ret_name, name, len);
	ret_name[len] = '\0';
}

bool segment_file__is_open_name(const char *name)
{
	static const char end[] = "-" SEGMENT_FILE_REASON ".bin" PART;
	static const char digits[] = "0123456789";
	size_t len;

	if (strncmp(name, "ttlog-", 6) != 0)
		return false;
	name += 6;
	len = strspn(name, digits);
	if (!len || name[len] != '-')
		return false;
	name += len + 1;
	return strspn(name, digits) == TIME_DIGITS && !strcmp(name + TIME_DIGITS, end);
}

/* The umask may have removed bits. */
static int set_mode(const struct segment_file *file, gid_t group)
{
	if (group == OUT_DIR_NO_GROUP)
		return fchmod(file->fd, MODE) ? -errno : 0;
	return dir_calls__share(file->fd, group) ? -errno : 0;
}

/* A collector that looks for what is left (segment_recover.h) may have found it before it was locked.
 * A file system without locks is one on which no other collector looks for them. */
static int lock(struct segment_file *file)
{
	struct stat st;

	if (flock(file->fd, LOCK_EX | LOCK_NB) && errno == EWOULDBLOCK)
		return -EEXIST;
	return !fstat(file->fd, &st) && !st.st_nlink ? -EEXIST : 0;
}

static int open_name(struct segment_file *file, gid_t group)
{
	char name[NAME_MAX + 1];
	struct stat st;
	int err;

	complete_name(file->name, name);
	if (dir_calls__look(file->dir_fd, name, &st) == 0)
		return -EEXIST;
	file->fd = dir_calls__open(file->dir_fd, file->name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW,
				   MODE);
	if (file->fd < 0)
		return -errno;
	err = lock(file);
	if (err) {
		segment_file__leave(file);
		return err;
	}
	err = set_mode(file, group);
	if (err)
		segment_file__discard(file);
	return err;
}

int segment_file__open(struct segment_file *file, const struct snapshot_target *target,
		       uint32_t pid, uint64_t real_ms, uint64_t max_bytes)
{
	int err = -EEXIST;

	*file = (struct segment_file){
		.dir_fd = target->dir_fd,
		.fd = -1,
		.max_bytes = max_bytes,
		.can_have_room = true,
	};
	for (uint64_t i = 0; err == -EEXIST && i < NAME_TRIES; i++) {
		err = make_name(pid, real_ms + i, file->name);
		if (!err)
			err = open_name(file, target->group);
	}
	return err;
}

/* Sets room aside, more and more at a time: a small process takes little. */
static int make_room(struct segment_file *file, uint64_t wanted)
{
	uint64_t ahead = file->bytes;
	int err;

	if (!file->can_have_room || file->room_bytes >= wanted)
		return 0;
	if (ahead < MIN_ROOM_BYTES)
		ahead = MIN_ROOM_BYTES;
	if (ahead > MAX_ROOM_BYTES)
		ahead = MAX_ROOM_BYTES;
	if (wanted < file->max_bytes && wanted + ahead > file->max_bytes)
		ahead = file->max_bytes - wanted;
	/* its size stays that of what is in it: readers see no zeros */
	do
		err = fallocate(file->fd, FALLOC_FL_KEEP_SIZE, 0, (off_t)(wanted + ahead)) ? -errno
											   : 0;
	while (err == -EINTR);
	if (err == -ENOSPC && !fallocate(file->fd, FALLOC_FL_KEEP_SIZE, 0, (off_t)wanted)) {
		file->room_bytes = wanted;
		return 0;
	}
	if (err == -EOPNOTSUPP || err == -ENOSYS || err == -EINVAL) {
		file->can_have_room = false;
		return 0;
	}
	if (!err)
		file->room_bytes = wanted + ahead;
	return err;
}

/* Its end moves on by what that takes. */
static int write_sealed(struct segment_file *file, const unsigned char *bytes, size_t len)
{
	off_t end = lseek(file->fd, (off_t)file->bytes, SEEK_SET);
	int err;

	if (end < 0 || file->is_spoiled)
		return end < 0 ? -errno : -EIO;
	err = bytes ? seal_out__write(file->seal, file->fd, bytes, len)
		    : seal_out__end(file->seal, file->fd);
	end = err ? -1 : lseek(file->fd, 0, SEEK_CUR);
	if (end >= 0) {
		file->bytes = (uint64_t)end;
		return 0;
	}
	/* the next block could not be read without this one */
	file->is_spoiled = true;
	return err ? err : -errno;
}

static uint64_t sealed_bytes(uint64_t len)
{
	const uint64_t pieces = len / FORMAT_SEAL_PIECE_BYTES + 1;

	return len + pieces * (4 + FORMAT_SEAL_TAG_BYTES);
}

static int write_all(int fd, const unsigned char *bytes, size_t len, uint64_t at)
{
	while (len) {
		const ssize_t written = pwrite(fd, bytes, len, (off_t)at);

		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return written < 0 ? -errno : -EIO;
		bytes += written;
		len -= (size_t)written;
		at += (uint64_t)written;
	}
	return 0;
}

int segment_file__append(struct segment_file *file, const void *bytes, size_t len,
			 uint64_t spare_bytes)
{
	const uint64_t wanted = file->seal ? sealed_bytes(len) : len;
	int err = make_room(file, file->bytes + wanted + spare_bytes);

	if (err)
		return err;
	err = file->seal ? write_sealed(file, bytes, len)
			 : write_all(file->fd, bytes, len, file->bytes);
	if (err) {
		(void)!ftruncate(file->fd, (off_t)file->bytes);
		file->room_bytes = file->bytes;
		return err;
	}
	if (!file->seal)
		file->bytes += len;
	file->has_block = true;
	return 0;
}

int segment_file__seal(struct segment_file *file, const struct recipients *recipients,
		       const void *label, size_t label_bytes)
{
	off_t end;
	int err;

	file->seal = seal_out__new(recipients, label, label_bytes);
	if (!file->seal)
		return -errno;
	err = seal_out__head(file->seal, file->fd);
	end = err ? -1 : lseek(file->fd, 0, SEEK_CUR);
	if (end < 0)
		return err ? err : -errno;
	file->bytes = (uint64_t)end;
	return 0;
}

/* EINVAL: this file system has nothing to synchronise. */
static int sync_fd(int fd)
{
	return fsync(fd) && errno != EINVAL && errno != EROFS ? -errno : 0;
}

int segment_file__sync(const struct segment_file *file, bool with_name)
{
	if (fdatasync(file->fd) && errno != EINVAL && errno != EROFS)
		return -errno;
	return with_name ? sync_fd(file->dir_fd) : 0;
}

int segment_file__finish(struct segment_file *file, const char *service)
{
	const int err = file->seal && !file->is_spoiled ? write_sealed(file, NULL, 0) : 0;

	if (err)
		return err;
	/* also to the same size: that gives up what lies after it */
	(void)!ftruncate(file->fd, (off_t)file->bytes);
	if (service)
		label__put(file->fd, service, NULL);
	/* if this fails, the order of files is by the clock */
	(void)file_order__make_newest(file->dir_fd, file->fd);
	return sync_fd(file->fd);
}

void segment_file__leave(struct segment_file *file)
{
	if (file->fd >= 0)
		(void)close(file->fd);
	file->fd = -1;
	seal_out__free(file->seal);
	file->seal = NULL;
}

int segment_file__rename(struct segment_file *file, char ret_name[NAME_MAX + 1])
{
	int err;

	complete_name(file->name, ret_name);
	err = new_file__rename(file->dir_fd, file->name, ret_name);
	if (!err)
		err = sync_fd(file->dir_fd);
	segment_file__leave(file);
	return err;
}

void segment_file__discard(struct segment_file *file)
{
	if (file->fd < 0)
		return;
	(void)dir_calls__unlink(file->dir_fd, file->name);
	segment_file__leave(file);
}
