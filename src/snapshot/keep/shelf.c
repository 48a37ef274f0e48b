/* SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "array.h"
#include "dir_calls.h"
#include "file_order.h"
#include "hash.h"
#include "kept_file.h"
#include "label.h"
#include "shelf.h"

#define BLOCK_BYTES 512u /* of st_blocks */

static int compare_names(const void *a, const void *b)
{
	const struct kept_file *one = a, *other = b;

	return strcmp(one->name, other->name);
}

/* A descriptor of its own, because readdir() moves its position and closedir() closes it. */
static DIR *open_dir(int dir_fd)
{
	const int fd = dir_calls__open(dir_fd, ".", O_RDONLY | O_DIRECTORY, 0);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const int err = errno;

	if (!dir && fd >= 0)
		(void)close(fd);
	errno = err;
	return dir;
}

static void hash_label(const struct shelf *shelf, const struct label *label, struct kept_file *file)
{
	if (label->service[0])
		file->service = hash__bytes(shelf->secret, label->service, strlen(label->service));
	if (label->signature[0])
		file->signature =
			hash__bytes(file->service, label->signature, strlen(label->signature));
}

static void set_size(struct kept_file *file, const struct stat *st)
{
	file->order = file_order__of(st);
	file->bytes = (uint64_t)st->st_size;
	/* its blocks are reserved before they are written */
	if (file->is_open && (uint64_t)st->st_blocks * BLOCK_BYTES > file->bytes)
		file->bytes = (uint64_t)st->st_blocks * BLOCK_BYTES;
}

/* Another file may be in its place by now. */
static int look_at(const struct shelf *shelf, int dir_fd, struct kept_file *file)
{
	const int fd = dir_calls__open(dir_fd, file->name,
				       O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0);
	struct label label = { "", "" };
	struct stat st;
	int err = 0;

	/* one that may not be read still takes room */
	if (fd < 0 ? dir_calls__look(dir_fd, file->name, &st) : fstat(fd, &st))
		err = -errno;
	else if (!S_ISREG(st.st_mode))
		err = -ENOENT;
	else if (fd >= 0)
		label__get(fd, &label);
	if (fd >= 0)
		(void)close(fd);
	if (err)
		return err;
	file->inode = st.st_ino;
	set_size(file, &st);
	hash_label(shelf, &label, file);
	return 0;
}

/* One that is being written grows; until it has a header, it is asked again whose it is. */
static bool is_as_it_was(int dir_fd, struct kept_file *known)
{
	struct stat st;

	if (!known->is_open)
		return true;
	if (!known->service || dir_calls__look(dir_fd, known->name, &st) || !S_ISREG(st.st_mode) ||
	    st.st_ino != known->inode)
		return false;
	set_size(known, &st);
	return true;
}

/* A file that is gone or is none of ours is passed over. */
static int add(struct shelf *shelf, int dir_fd, struct kept_file *file)
{
	if (look_at(shelf, dir_fd, file))
		return 0;
	if (array__reserve(shelf->files, shelf->cnt + 1, &shelf->capacity))
		return -ENOMEM;
	file->name = strdup(file->name);
	if (!file->name)
		return -ENOMEM;
	shelf->files[shelf->cnt++] = *file;
	return 0;
}

/* The files that were there before are the first known_cnt. */
static int add_file(struct shelf *shelf, size_t known_cnt, int dir_fd, const struct dirent *entry)
{
	struct kept_file file = { .name = (char *)entry->d_name, .is_seen = true }, *known;

	if (!kept_file__parse(&file, entry->d_name))
		return 0;
	known = known_cnt ? bsearch(&file, shelf->files, known_cnt, sizeof(file), compare_names)
			  : NULL;
	if (known && known->inode == entry->d_ino && is_as_it_was(dir_fd, known)) {
		known->is_seen = true;
		return 0;
	}
	return add(shelf, dir_fd, &file);
}

static void sort(struct shelf *shelf)
{
	if (shelf->sorted_cnt != shelf->cnt)
		qsort(shelf->files, shelf->cnt, sizeof(*shelf->files), compare_names);
	shelf->sorted_cnt = shelf->cnt;
}

struct kept_file *shelf__find(struct shelf *shelf, const char *name)
{
	const struct kept_file wanted = { .name = (char *)name };

	sort(shelf);
	return shelf->cnt
		       ? bsearch(&wanted, shelf->files, shelf->cnt, sizeof(wanted), compare_names)
		       : NULL;
}

static void drop_unseen(struct shelf *shelf)
{
	size_t cnt = 0;

	for (size_t i = 0; i < shelf->cnt; i++) {
		if (shelf->files[i].is_seen)
			shelf->files[cnt++] = shelf->files[i];
		else
			free(shelf->files[i].name);
	}
	shelf->cnt = cnt;
	shelf->sorted_cnt = 0;
}

void shelf__drop_deleted(struct shelf *shelf)
{
	for (size_t i = 0; i < shelf->cnt; i++)
		shelf->files[i].is_seen = shelf->files[i].why == KEPT_STAYS;
	drop_unseen(shelf);
}

int shelf__add(struct shelf *shelf, int dir_fd, const char *name)
{
	struct kept_file file = { .name = (char *)name };

	if (!kept_file__parse(&file, name))
		return 0;
	for (size_t i = 0; i < shelf->cnt; i++) {
		if (strcmp(shelf->files[i].name, name) == 0)
			return 0;
	}
	return add(shelf, dir_fd, &file);
}

int shelf__read(struct shelf *shelf, int dir_fd)
{
	DIR *dir = open_dir(dir_fd);
	const size_t known_cnt = shelf->cnt;
	struct dirent *entry;
	int err = 0;

	if (!dir)
		return -errno;
	if (!shelf->secret)
		shelf->secret = hash__new_secret();
	sort(shelf);
	for (size_t i = 0; i < known_cnt; i++)
		shelf->files[i].is_seen = false;
	for (errno = 0; !err && (entry = readdir(dir)); errno = 0)
		err = add_file(shelf, known_cnt, dir_fd, entry);
	if (!err)
		err = -errno;
	(void)closedir(dir);
	drop_unseen(shelf);
	return err;
}

void shelf__fini(struct shelf *shelf)
{
	for (size_t i = 0; i < shelf->cnt; i++)
		free(shelf->files[i].name);
	free(shelf->files);
	*shelf = (struct shelf){ .files = NULL };
}

int shelf__newest(int dir_fd, int64_t *ret_order)
{
	DIR *dir = open_dir(dir_fd);
	struct kept_file file;
	struct dirent *entry;
	int64_t newest = 0;
	struct stat st;
	int err;

	if (!dir)
		return -errno;
	for (errno = 0; (entry = readdir(dir)); errno = 0) {
		if (kept_file__parse(&file, entry->d_name) &&
		    !dir_calls__look(dirfd(dir), entry->d_name, &st) && S_ISREG(st.st_mode) &&
		    file_order__of(&st) > newest)
			newest = file_order__of(&st);
	}
	err = -errno;
	(void)closedir(dir);
	if (!err)
		*ret_order = newest;
	return err;
}
