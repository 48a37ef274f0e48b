/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "boot.h"
#include "clock.h"
#include "journal.h"

/* ---- the directory ---- */

/* A lock on the directory itself leaves no file behind. */
int journal__lock_dir(const char *dir, bool waits)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	int err;

	if (fd < 0)
		return -errno;
	while (flock(fd, LOCK_EX | (waits ? 0 : LOCK_NB))) {
		if (errno == EINTR)
			continue;
		err = -errno;
		(void)close(fd);
		return err;
	}
	return fd;
}

static int make_dir(struct journal *journal, const char *root)
{
	char path[PATH_MAX];

	if (snprintf(path, sizeof(path), "%s/%d-%llu", root, (int)getpid(),
		     (unsigned long long)clock__now_mono_ns()) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	if (mkdir(path, 0700))
		return -errno;
	memcpy(journal->dir, path, sizeof(path));
	journal->lock_fd = journal__lock_dir(path, false);
	return journal->lock_fd < 0 ? journal->lock_fd : 0;
}

static int write_boot(const struct journal *journal)
{
	int64_t offset_ns = (int64_t)(clock__now_real_ns() - clock__now_mono_ns());
	char path[PATH_MAX + 16], id[BOOT_ID_BYTES], line[80];
	int fd, len, err = boot__read_id(id);

	if (err)
		return err;
	(void)snprintf(path, sizeof(path), "%s/boot", journal->dir);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	len = snprintf(line, sizeof(line), "%s %" PRId64 "\n", id, offset_ns);
	if (write(fd, line, (size_t)len) != len)
		err = -EIO;
	(void)close(fd);
	return err;
}

int journal__read_boot(const char *dir, char ret_id[BOOT_ID_BYTES], int64_t *ret_offset_ns)
{
	char path[PATH_MAX + 16], id[BOOT_ID_BYTES], now[BOOT_ID_BYTES];
	int64_t offset_ns;
	int err = boot__read_id(now), found;
	FILE *file;

	if (err)
		return err;
	(void)snprintf(path, sizeof(path), "%s/boot", dir);
	file = fopen(path, "re");
	if (!file)
		return -errno;
	found = fscanf(file, "%36s %" SCNd64, id, &offset_ns);
	(void)fclose(file);
	if (found != 2)
		return -EBADMSG;
	memcpy(ret_id, id, sizeof(id));
	*ret_offset_ns = offset_ns;
	return strcmp(id, now) != 0;
}

int journal__write_note(const struct journal *journal, const char *name, const char *text)
{
	const size_t len = strlen(text);
	char path[PATH_MAX + 16];
	int fd, err = 0;

	(void)snprintf(path, sizeof(path), "%s/%s", journal->dir, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	if (write(fd, text, len) != (ssize_t)len)
		err = -ENOSPC;
	(void)close(fd);
	return err;
}

int journal__read_note(const char *dir, const char *name, char *ret_text, size_t bytes)
{
	char path[PATH_MAX + 16];
	ssize_t len;
	int fd, err = 0;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	ret_text[0] = '\0';
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	len = read(fd, ret_text, bytes);
	if (len < 0)
		err = -errno;
	else if ((size_t)len == bytes)
		err = -E2BIG;
	ret_text[err ? 0 : len] = '\0';
	(void)close(fd);
	return err;
}

int journal__init(struct journal *journal, const char *root)
{
	char path[PATH_MAX + 16];
	int root_fd, err;

	*journal = (struct journal){ .lock_fd = -1, .modules_fd = -1 };
	root_fd = journal__lock_dir(root, true);
	if (root_fd < 0)
		return root_fd;
	err = make_dir(journal, root);
	(void)close(root_fd);
	if (err)
		return err;
	err = write_boot(journal);
	if (err)
		return err;
	(void)snprintf(path, sizeof(path), "%s/modules", journal->dir);
	journal->modules_fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	return journal->modules_fd < 0 ? -errno : 0;
}

static void remove_dir(const struct journal *journal)
{
	static const char *const names[] = { "boot", "modules", "clock", "redact", "recipients" };
	char path[PATH_MAX + 16];

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", journal->dir, names[i]);
		(void)unlink(path);
	}
	(void)rmdir(journal->dir);
}

void journal__fini(struct journal *journal)
{
	if (!journal->dir[0])
		return;
	if (!journal->stays)
		remove_dir(journal);
	if (journal->modules_fd >= 0)
		(void)close(journal->modules_fd);
	if (journal->lock_fd >= 0)
		(void)close(journal->lock_fd);
	journal->dir[0] = '\0';
}

void journal__drop_module(const struct journal *journal, int64_t place)
{
	const uint32_t kind = JOURNAL_GONE | JOURNAL_VERSION << 16;
	struct journal_record record;

	/* what is left for the next collector may need it */
	if (journal->stays ||
	    pread(journal->modules_fd, &record, sizeof(record), place) != sizeof(record) ||
	    pwrite(journal->modules_fd, &kind, sizeof(kind), place) != sizeof(kind))
		return;
	(void)fallocate(journal->modules_fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			place + (off_t)sizeof(record), record.bytes);
}
