/* SPDX-License-Identifier: MIT */
/*
 * Writes records, each by one write(2).
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "birth.h"
#include "boot.h"
#include "clock.h"
#include "journal.h"
#include "process.h"
#include "site.h"
#include "snapshot.h"

/* ---- records ---- */

struct payload {
	char *bytes;
	size_t len, cap;
	int err;
};

static void put(struct payload *payload, const void *bytes, size_t len)
{
	size_t cap = payload->cap ? payload->cap : 256;
	char *grown;

	while (cap - payload->len < len)
		cap *= 2;
	if (cap != payload->cap) {
		grown = payload->err ? NULL : realloc(payload->bytes, cap);
		if (!grown) {
			payload->err = -ENOMEM;
			return;
		}
		payload->bytes = grown;
		payload->cap = cap;
	}
	if (len)
		memcpy(payload->bytes + payload->len, bytes, len);
	payload->len += len;
}

static void put_u32(struct payload *payload, uint32_t value)
{
	put(payload, &value, sizeof(value));
}

static void put_u64(struct payload *payload, uint64_t value)
{
	put(payload, &value, sizeof(value));
}

static void put_text(struct payload *payload, const char *text)
{
	size_t len = text ? strlen(text) : 0;

	put_u32(payload, (uint32_t)len);
	put(payload, text, len);
}

static struct payload begin(enum journal_kind kind)
{
	const struct journal_record record = { .kind = kind | JOURNAL_VERSION << 16 };
	struct payload payload = { 0 };

	put(&payload, &record, sizeof(record));
	return payload;
}

/* Writes it, and frees the payload. Where it is now, or -1. */
static int64_t end(struct payload *payload, int fd)
{
	static const char padding[8];
	uint32_t bytes = (uint32_t)(payload->len - sizeof(struct journal_record));
	off_t before = -1;

	put(payload, padding, -payload->len % 8);
	if (!payload->err) {
		memcpy(payload->bytes + offsetof(struct journal_record, bytes), &bytes,
		       sizeof(bytes));
		before = lseek(fd, 0, SEEK_END);
		/* half a record would be in the way of all that come */
		if (write(fd, payload->bytes, payload->len) != (ssize_t)payload->len) {
			if (before >= 0)
				(void)!ftruncate(fd, before);
			before = -1;
		}
	}
	free(payload->bytes);
	return before;
}

/* ---- the directory ---- */

/* On the directory itself: nothing is left behind. */
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

void journal__leave(struct journal *journal)
{
	journal->stays = true;
}

static void remove_dir(const struct journal *journal)
{
	static const char *const names[] = { "boot", "modules", "clock" };
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

/* ---- what is written ---- */

static void put_site(struct payload *payload, const struct site *site)
{
	put_u32(payload, site->index);
	put_u32(payload, site->line);
	put_u32(payload, site->level);
	put_u32(payload, site->kind);
	put_u32(payload, site->nfields);
	put(payload, site->types, sizeof(site->types));
	put_text(payload, site->service);
	put_text(payload, site->target);
	put_text(payload, site->name);
	put_text(payload, site->message);
	put_text(payload, site->file);
	put_text(payload, site->function);
	for (size_t i = 0; i < site->nfields && i < TTLOG_MAX_FIELDS; i++)
		put_text(payload, site->keys[i]);
}

int64_t journal__add_module(struct journal *journal, uint32_t number,
			    const struct site_table *table)
{
	struct payload payload = begin(JOURNAL_MODULE);

	put_u32(&payload, number);
	put_text(&payload, table->build_id);
	put_u64(&payload, table->cnt);
	for (size_t i = 0; i < table->cnt; i++)
		put_site(&payload, &table->sites[i]);
	return end(&payload, journal->modules_fd);
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

void journal__add_process(int fd, const struct process *process)
{
	/* before its first batch, on which the kernel stamps it, /proc knows */
	uint64_t start_ns = process->start_ns ? process->start_ns : birth__read_ns(process->pid);
	struct payload payload;

	if (fd < 0)
		return;
	payload = begin(JOURNAL_PROCESS);
	put_u32(&payload, process->pid);
	put_u32(&payload, process->ns_pid);
	put_u32(&payload, process->uid);
	put_u64(&payload, start_ns);
	put_u64(&payload, process->cgroup);
	put(&payload, process->comm, sizeof(process->comm));
	put_text(&payload, process->exe);
	put_text(&payload, process->build_id);
	(void)end(&payload, fd);
}

int64_t journal__add_thread(int fd, const struct snapshot_thread *thread)
{
	struct payload payload;

	if (fd < 0)
		return -1;
	payload = begin(JOURNAL_THREAD);
	put(&payload, thread, sizeof(*thread));
	return end(&payload, fd);
}

int journal__replace_thread(int fd, int64_t place, const struct snapshot_thread *thread)
{
	const off_t at = place + (off_t)sizeof(struct journal_record);

	return pwrite(fd, thread, sizeof(*thread), at) == sizeof(*thread) ? 0 : -EIO;
}

void journal__add_source(int fd, const struct source *source)
{
	struct payload payload;

	if (fd < 0)
		return;
	payload = begin(JOURNAL_SOURCE);
	put_u64(&payload, source->address);
	put_u32(&payload, source->module);
	put_u32(&payload, source->exec);
	put_u64(&payload, source->base);
	(void)end(&payload, fd);
}

void journal__add_anchor(int fd, const struct process_anchor *anchor)
{
	struct payload payload;

	if (fd < 0)
		return;
	payload = begin(JOURNAL_ANCHOR);
	put_u64(&payload, anchor->address);
	put_u32(&payload, anchor->module);
	(void)end(&payload, fd);
}

void journal__add_exec(int fd, uint32_t exec, uint64_t emitted)
{
	struct payload payload;

	if (fd < 0)
		return;
	payload = begin(JOURNAL_EXEC);
	put_u32(&payload, exec);
	put_u64(&payload, emitted);
	(void)end(&payload, fd);
}

void journal__add_settled(int fd, uint64_t emitted)
{
	struct payload payload;

	if (fd < 0)
		return;
	payload = begin(JOURNAL_SETTLED);
	put_u64(&payload, emitted);
	(void)end(&payload, fd);
}

int journal__add_kept(int fd, const struct snapshot_source *source,
		      const struct snapshot_ending *ending)
{
	struct payload payload;

	if (fd < 0)
		return -EBADF;
	payload = begin(JOURNAL_KEPT);
	put_u64(&payload, source->emitted);
	put_u64(&payload, source->lost.memory);
	put_u64(&payload, source->lost.kernel_ring);
	put_u64(&payload, source->lost.fault);
	put_u64(&payload, source->lost.corrupt);
	put_u64(&payload, source->lost.table_full);
	put_u32(&payload, (uint32_t)ending->pair_cnt);
	put_u32(&payload, (uint32_t)ending->len);
	put(&payload, ending->bytes, ending->len);
	return end(&payload, fd) < 0 ? -EIO : 0;
}

int journal__open_process(const char *path, struct process *process)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return -errno;
	journal__add_process(fd, process);
	for (size_t i = 0; i < process->thread_cnt; i++)
		process->thread_notes[i].place = journal__add_thread(fd, &process->threads[i]);
	for (size_t i = 0; i < process->source_cap; i++) {
		if (process->sources[i].address)
			journal__add_source(fd, &process->sources[i]);
	}
	for (size_t i = 0; i < process->anchor_cnt; i++)
		journal__add_anchor(fd, &process->anchors[i]);
	return fd;
}
