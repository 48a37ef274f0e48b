/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <ttlog/read.h>
#include "diagnostics.h"
#include "format.h"
#include "new_output.h"
#include "options.h"
#include "out.h"
#include "recompress.h"
#include "repack.h"

#define MAX_ATTRIBUTES 65536u /* the kernel's limit of a list and of a value */

struct recompress {
	const char *path;
	int fd; /* of the old file */
	struct stat old;
	struct new_output file;
	uint64_t new_bytes;
};

static int refuse(const struct recompress *recompress, const char *why)
{
	char text[TTLOG_WHY_BYTES + 128];

	(void)snprintf(text, sizeof(text), "left as it is: %s", why);
	diagnostics__print(recompress->path, text);
	return -EBADMSG;
}

static int fail(const struct recompress *recompress, int err)
{
	return refuse(recompress, strerror(-err));
}

/* A segment of a stream; its collector knows the file, not its name. */
static bool is_open_segment(const char *path)
{
	const size_t len = strlen(path), end_len = strlen(".part");

	return len >= end_len && !strcmp(path + len - end_len, ".part");
}

static bool is_encrypted(int fd)
{
	char magic[FORMAT_SEAL_MAGIC_BYTES];

	return pread(fd, magic, sizeof(magic), 0) == (ssize_t)sizeof(magic) &&
	       !memcmp(magic, FORMAT_SEAL_MAGIC, sizeof(magic));
}

static int open_old(struct recompress *recompress)
{
	if (is_open_segment(recompress->path))
		return refuse(recompress,
			      "it is being written, or was when its collector was killed");
	recompress->fd = open(recompress->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (recompress->fd < 0 || fstat(recompress->fd, &recompress->old))
		return fail(recompress, -errno);
	if (!S_ISREG(recompress->old.st_mode))
		return refuse(recompress, "it is no regular file");
	if (recompress->old.st_nlink > 1)
		return refuse(recompress, "it has other names (hard links), which would keep it");
	if (is_encrypted(recompress->fd))
		return refuse(recompress, "it is encrypted, and can't be packed like that");
	return 0;
}

/* Whether all of it can be read, to the last value. */
static int check(const struct recompress *recompress, const char *path, const char *what)
{
	char why[TTLOG_WHY_BYTES], text[TTLOG_WHY_BYTES + 64];
	struct ttlog_snapshot *snapshot = ttlog_snapshot_open(path, why, sizeof(why));
	const struct ttlog_contents *contents;
	int err = 0;

	if (!snapshot)
		return refuse(recompress, why);
	contents = ttlog_snapshot_contents(snapshot);
	for (size_t i = 0; !err && !contents->problem_cnt && i < contents->chunk_cnt; i++)
		err = ttlog_snapshot_load(snapshot, i);
	if (err == -ENOMEM) {
		(void)fail(recompress, err);
	} else if (contents->problem_cnt) {
		(void)snprintf(text, sizeof(text), "%s%s", what, contents->problems[0]);
		err = refuse(recompress, text);
	}
	ttlog_snapshot_close(snapshot);
	return err;
}

/* What the new file may not have, it has not: as on another file system. */
static void copy_attributes(const struct recompress *recompress)
{
	char *names = malloc(MAX_ATTRIBUTES), *value = malloc(MAX_ATTRIBUTES);
	ssize_t len = names && value ? flistxattr(recompress->fd, names, MAX_ATTRIBUTES) : 0;

	for (char *name = names; len > 0 && name < names + len; name += strlen(name) + 1) {
		const ssize_t bytes = fgetxattr(recompress->fd, name, value, MAX_ATTRIBUTES);

		if (bytes >= 0)
			(void)fsetxattr(recompress->file.fd, name, value, (size_t)bytes, 0);
	}
	free(names);
	free(value);
}

static int write_new(struct recompress *recompress)
{
	const struct timespec times[2] = { recompress->old.st_atim, recompress->old.st_mtim };
	const int fd = recompress->file.fd;
	struct stat st;
	int err = repack__copy(recompress->fd, fd);

	if (err == -EBADMSG)
		return refuse(recompress, "it is damaged");
	if (err)
		return fail(recompress, err);
	copy_attributes(recompress);
	if (futimens(fd, times) || fsync(fd) || fstat(fd, &st))
		return fail(recompress, -errno);
	recompress->new_bytes = (uint64_t)st.st_size;
	if (st.st_uid != recompress->old.st_uid || st.st_gid != recompress->old.st_gid ||
	    st.st_mode != recompress->old.st_mode)
		return refuse(recompress, "you may not give a new file its owner and its mode");
	return 0;
}

/* What is on the disk, not what was meant to be written. */
static int verify(const struct recompress *recompress)
{
	const int fd = open(recompress->file.hidden, O_RDONLY | O_CLOEXEC);
	bool is_equal = false;
	int err = fd < 0 ? -errno : repack__compare(recompress->fd, fd, &is_equal);

	if (fd >= 0)
		(void)close(fd);
	if (err)
		return fail(recompress, err);
	if (!is_equal)
		return refuse(recompress, "the new file has another content");
	return check(recompress, recompress->file.hidden, "the new file: ");
}

static void sync_directory(const char *path)
{
	char *copy = strdup(path);
	const int fd = copy ? open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

	if (fd >= 0) {
		(void)fsync(fd);
		(void)close(fd);
	}
	free(copy);
}

/* It may have been deleted, or another one may have its name. */
static int replace(struct recompress *recompress)
{
	const struct stat *old = &recompress->old;
	char *real = strdup(recompress->file.path);
	struct stat now;
	int err = real ? 0 : fail(recompress, -ENOMEM);

	if (!err && (stat(recompress->path, &now) || now.st_ino != old->st_ino ||
		     now.st_dev != old->st_dev || now.st_size != old->st_size ||
		     now.st_mtim.tv_sec != old->st_mtim.tv_sec ||
		     now.st_mtim.tv_nsec != old->st_mtim.tv_nsec))
		err = refuse(recompress, "it was changed meanwhile");
	if (!err) {
		err = new_output__publish(&recompress->file);
		if (err)
			err = fail(recompress, err);
		else
			sync_directory(real);
	}
	free(real);
	return err;
}

static int pack(struct recompress *recompress)
{
	int err = open_old(recompress);

	if (!err)
		err = check(recompress, recompress->path, "");
	if (err)
		return err;
	err = new_output__open(&recompress->file, recompress->path, false);
	if (err)
		return fail(recompress, err);
	err = write_new(recompress);
	if (err || recompress->new_bytes >= (uint64_t)recompress->old.st_size)
		return err;
	err = verify(recompress);
	return err ? err : replace(recompress);
}

static void tell(const struct recompress *recompress, struct out *out)
{
	const uint64_t old_bytes = (uint64_t)recompress->old.st_size;

	out__plain(out, ttlog_text_of(recompress->path));
	out__text(out, ": ");
	out__grouped(out, old_bytes);
	if (recompress->new_bytes < old_bytes) {
		out__text(out, " -> ");
		out__grouped(out, recompress->new_bytes);
		out__format(out, " bytes, %.0f %%",
			    100.0 * (double)recompress->new_bytes / (double)old_bytes);
	} else {
		out__text(out, " bytes, as small as it gets");
	}
	out__char(out, '\n');
}

int recompress__main(const struct options *options)
{
	int status = EXIT_SUCCESS;
	struct out out;

	if (out__init(&out, STDOUT_FILENO)) {
		(void)diagnostics__print_errno("output", ENOMEM);
		return EXIT_UNREADABLE;
	}
	for (size_t i = 0; i < options->file_cnt; i++) {
		struct recompress recompress = { .path = options->files[i], .fd = -1 };

		recompress.file.fd = -1;
		if (pack(&recompress))
			status = EXIT_UNREADABLE;
		else
			tell(&recompress, &out);
		new_output__fini(&recompress.file);
		if (recompress.fd >= 0)
			(void)close(recompress.fd);
	}
	if (out__flush(&out))
		status = EXIT_UNREADABLE;
	out__fini(&out);
	return status;
}
