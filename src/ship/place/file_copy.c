/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file_copy.h"
#include "file_hash.h"
#include "file_place.h"
#include "leftovers.h"

#define CHUNK_BYTES (128u << 10)
#define NAME_BYTES  64
#define MODE        0640
#define PART        ".ttlog-ship-" /* before what makes it unique */

/* One file on its way. */
struct copy {
	const struct file_place *place;
	struct place_file *file;
	int folder_fd;
	const char *name;      /* in the folder */
	char part[NAME_BYTES]; /* that it has until it is whole */
	unsigned char hash[OBJECT_HASH_BYTES];
};

static int fail(const struct copy *copy, int err, struct fleet_error *error)
{
	return fleet_error__set(error, err, "%s: %s", copy->place->path, strerror(-err));
}

/* ---- bytes ---- */

static int write_all(int fd, const char *bytes, size_t len)
{
	while (len) {
		const ssize_t written = write(fd, bytes, len);

		if (written < 0 && errno != EINTR)
			return -errno;
		if (written > 0) {
			bytes += written;
			len -= (size_t)written;
		}
	}
	return 0;
}

/* Asks first. -EBADF: it can't be read, or is shorter; else of before_chunk(). */
static int read_chunk(const struct place_file *file, int fd, char *bytes, size_t len, uint64_t at)
{
	const int err = file->before_chunk(file->ctx, len);
	const ssize_t got = err ? 0 : pread(fd, bytes, len, (off_t)at);

	if (err)
		return err;
	return got == (ssize_t)len ? 0 : -EBADF;
}

/* to: -1: only the hash. */
static int copy_bytes(const struct copy *copy, int from, uint64_t size_bytes, int to, char *bytes,
		      struct object_hash *hash)
{
	int err = 0;

	for (uint64_t at = 0; !err && at < size_bytes;) {
		const uint64_t left = size_bytes - at;
		const size_t len = left < CHUNK_BYTES ? (size_t)left : CHUNK_BYTES;

		err = read_chunk(copy->file, from, bytes, len, at);
		if (!err)
			object_hash__add(hash, bytes, len);
		if (!err && to >= 0)
			err = write_all(to, bytes, len);
		at += len;
	}
	return err;
}

static int copy_all(struct copy *copy, int from, uint64_t size_bytes, int to)
{
	struct object_hash *hash = object_hash__new();
	char *bytes = malloc(CHUNK_BYTES);
	int err = -ENOMEM;

	if (hash && bytes)
		err = copy_bytes(copy, from, size_bytes, to, bytes, hash);
	if (!err)
		object_hash__end(hash, copy->hash);
	object_hash__free(hash);
	free(bytes);
	return err;
}

/* ---- sending ---- */

/* Whether it is there with the same content: then it has the hash. */
static bool is_there(struct copy *copy)
{
	const struct place_file *file = copy->file;
	const int fd =
		openat(copy->folder_fd, copy->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	unsigned char there[OBJECT_HASH_BYTES];
	struct stat status;
	bool is = fd >= 0 && !fstat(fd, &status) && S_ISREG(status.st_mode) &&
		  (uint64_t)status.st_size == file->size_bytes &&
		  !file_hash__read(file->fd, 0, file->size_bytes, copy->hash) &&
		  !file_hash__read(fd, 0, file->size_bytes, there) &&
		  !memcmp(there, copy->hash, sizeof(there));

	/* it may have been left by one that was killed before it was on the disk */
	if (is && fsync(fd))
		is = false;
	if (fd >= 0)
		(void)close(fd);
	return is;
}

/* As rsync does, it has the time of the file here. */
static int settle(const struct copy *copy, int fd)
{
	struct stat status;
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, { 0 } };

	if (fstat(copy->file->fd, &status))
		return -EBADF;
	times[1] = status.st_mtim;
	/* some file systems have no such times */
	(void)futimens(fd, times);
	return fsync(fd) ? -errno : 0;
}

static int write_part(struct copy *copy)
{
	const int fd = openat(copy->folder_fd, copy->part,
			      O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, MODE);
	int err;

	if (fd < 0)
		return -errno;
	err = copy_all(copy, copy->file->fd, copy->file->size_bytes, fd);
	if (!err)
		err = settle(copy, fd);
	/* also NFS's errors, which come late */
	if (close(fd) && !err)
		err = -errno;
	return err;
}

static int put(struct copy *copy, struct fleet_error *error)
{
	const struct place_setting *setting = copy->place->base.setting;
	struct place_note *note = &copy->file->note;
	int err;

	(void)snprintf(copy->part, sizeof(copy->part), PART "%08" PRIx32 "%08" PRIx32,
		       randombytes_random(), randombytes_random());
	(void)strcpy(note->nuid, copy->part);
	leftovers__begin(setting, copy->part, copy->file->object);
	copy->file->begin(copy->file->ctx);
	err = write_part(copy);
	if (!err && renameat(copy->folder_fd, copy->part, copy->folder_fd, copy->name))
		err = -errno;
	if (err && unlinkat(copy->folder_fd, copy->part, 0) && errno != ENOENT)
		return fail(copy, err, error); /* later */
	leftovers__end(setting, copy->part);
	return err ? fail(copy, err, error) : 0;
}

static int send_it(struct copy *copy, struct fleet_error *error)
{
	struct place_note *note = &copy->file->note;
	int err = is_there(copy) ? 0 : put(copy, error);

	if (err == -EBADF)
		return fleet_error__set(error, err, "can't read %s", copy->file->name);
	if (!err && fsync(copy->folder_fd))
		err = fail(copy, -errno, error);
	if (err)
		return err;
	(void)snprintf(note->object, sizeof(note->object), "%s", copy->file->object);
	object_meta__digest(note->digest, copy->hash);
	note->subject[0] = '\0';
	return 0;
}

int file_copy__send(struct place *base, struct place_file *file, struct fleet_error *error)
{
	struct copy copy = { .place = (const struct file_place *)base, .file = file };
	int err;

	copy.folder_fd = file_place__open_folder(copy.place, file->object, true, &copy.name, error);
	if (copy.folder_fd < 0)
		return copy.folder_fd;
	err = send_it(&copy, error);
	(void)close(copy.folder_fd);
	return err;
}

/* ---- the audit ---- */

static int compare(struct copy *copy, int fd, struct fleet_error *error)
{
	const struct place_note *note = &copy->file->note;
	char digest[OBJECT_DIGEST_BYTES];
	struct stat status;
	int err;

	(void)posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	err = fstat(fd, &status) ? -EBADF : copy_all(copy, fd, (uint64_t)status.st_size, -1);
	if (err == -EBADF)
		return fleet_error__set(error, -ENODATA, "%s can't be read there", note->object);
	if (err)
		return fail(copy, err, error);
	object_meta__digest(digest, copy->hash);
	if (!strcmp(digest, note->digest))
		return 0;
	return fleet_error__set(error, -ENODATA, "%s is another file there", note->object);
}

static int audit_in_folder(struct copy *copy, struct fleet_error *error)
{
	const int fd =
		openat(copy->folder_fd, copy->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	int err;

	if (fd < 0)
		return fail(copy, -errno, error);
	err = compare(copy, fd, error);
	(void)close(fd);
	return err;
}

int file_copy__audit(struct place *base, struct place_file *file, struct fleet_error *error)
{
	struct copy copy = { .place = (const struct file_place *)base, .file = file };
	int err;

	copy.folder_fd =
		file_place__open_folder(copy.place, file->note.object, false, &copy.name, error);
	err = copy.folder_fd < 0 ? copy.folder_fd : audit_in_folder(&copy, error);
	if (copy.folder_fd >= 0)
		(void)close(copy.folder_fd);
	if (err == -ENOENT || err == -ENOTDIR || err == -ELOOP)
		return fleet_error__set(error, -ENODATA, "%s is not there", file->note.object);
	return err;
}

/* ---- what was left ---- */

/* The ledger is a file that others may have changed. */
static bool is_part(const char *name)
{
	return !strncmp(name, PART, strlen(PART)) && !strchr(name, '/');
}

static void remove_part(const struct file_place *place, const struct leftover *leftover)
{
	struct fleet_error ignored;
	const char *name;
	const int fd = file_place__open_folder(place, leftover->object, false, &name, &ignored);
	bool is_gone = fd == -ENOENT;

	if (fd >= 0) {
		is_gone = !unlinkat(fd, leftover->nuid, 0) || errno == ENOENT;
		(void)close(fd);
	}
	if (is_gone)
		leftovers__end(place->base.setting, leftover->nuid);
}

int file_copy__clean(struct place *base, struct fleet_error *error)
{
	struct leftovers *all = leftovers__of(base->setting, NULL);

	(void)error;
	for (size_t i = 0; all && i < all->cnt; i++) {
		if (is_part(all->items[i].nuid))
			remove_part((const struct file_place *)base, &all->items[i]);
	}
	free(all);
	return 0;
}
