/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "accounts.h"
#include "start_time.h"
#include "crash.h"
#include "facts.h"
#include "journal.h"
#include "journal_out.h"
#include "process.h"
#include "thread.h"

void facts__add_process(int fd, const struct process *process)
{
	/* before its first batch, on which the kernel stamps it, /proc knows */
	uint64_t start_ns = process->start_ns ? process->start_ns
					      : start_time__read_ns(process->pid);
	struct journal_out out;

	if (fd < 0)
		return;
	out = journal_out__begin(JOURNAL_PROCESS);
	journal_out__u32(&out, process->pid);
	journal_out__u32(&out, process->ns_pid);
	journal_out__u32(&out, process->uid);
	journal_out__u64(&out, start_ns);
	journal_out__u64(&out, process->cgroup);
	journal_out__bytes(&out, process->comm, sizeof(process->comm));
	journal_out__text(&out, process->exe);
	journal_out__text(&out, process->build_id);
	(void)journal_out__end(&out, fd);
}

int64_t facts__add_thread(int fd, const struct thread *thread)
{
	struct journal_out out;

	if (fd < 0)
		return -1;
	out = journal_out__begin(JOURNAL_THREAD);
	journal_out__bytes(&out, thread, sizeof(*thread));
	return journal_out__end(&out, fd);
}

int facts__replace_thread(int fd, int64_t place, const struct thread *thread)
{
	const off_t at = place + (off_t)sizeof(struct journal_record);

	return pwrite(fd, thread, sizeof(*thread), at) == sizeof(*thread) ? 0 : -EIO;
}

void facts__add_source(int fd, const struct source *source)
{
	struct journal_out out;

	if (fd < 0)
		return;
	out = journal_out__begin(JOURNAL_SOURCE);
	journal_out__u64(&out, source->address);
	journal_out__u32(&out, source->module);
	journal_out__u32(&out, source->exec);
	journal_out__u64(&out, source->base);
	(void)journal_out__end(&out, fd);
}

void facts__add_anchor(int fd, const struct anchor *anchor)
{
	struct journal_out out;

	if (fd < 0)
		return;
	out = journal_out__begin(JOURNAL_ANCHOR);
	journal_out__u64(&out, anchor->address);
	journal_out__u32(&out, anchor->module);
	(void)journal_out__end(&out, fd);
}

void facts__add_exec(int fd, uint32_t exec, uint64_t emitted)
{
	struct journal_out out;

	if (fd < 0)
		return;
	out = journal_out__begin(JOURNAL_EXEC);
	journal_out__u32(&out, exec);
	journal_out__u64(&out, emitted);
	(void)journal_out__end(&out, fd);
}

void facts__add_settled(int fd, uint64_t emitted)
{
	struct journal_out out;

	if (fd < 0)
		return;
	out = journal_out__begin(JOURNAL_SETTLED);
	journal_out__u64(&out, emitted);
	(void)journal_out__end(&out, fd);
}

int facts__add_kept(int fd, const struct accounts *accounts, const struct crash_ending *ending)
{
	struct journal_out out;

	if (fd < 0)
		return -EBADF;
	out = journal_out__begin(JOURNAL_KEPT);
	journal_out__u64(&out, accounts->emitted);
	journal_out__u64(&out, accounts->lost.memory);
	journal_out__u64(&out, accounts->lost.kernel_ring);
	journal_out__u64(&out, accounts->lost.fault);
	journal_out__u64(&out, accounts->lost.corrupt);
	journal_out__u64(&out, accounts->lost.table_full);
	journal_out__u32(&out, (uint32_t)ending->pair_cnt);
	journal_out__u32(&out, (uint32_t)ending->len);
	journal_out__bytes(&out, ending->bytes, ending->len);
	return journal_out__end(&out, fd) < 0 ? -EIO : 0;
}

int facts__open(const char *path, struct process *process)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return -errno;
	facts__add_process(fd, process);
	for (size_t i = 0; i < process->thread_cnt; i++)
		process->thread_notes[i].place = facts__add_thread(fd, &process->threads[i]);
	for (size_t i = 0; i < process->source_cap; i++) {
		if (process->sources[i].address)
			facts__add_source(fd, &process->sources[i]);
	}
	for (size_t i = 0; i < process->anchor_cnt; i++)
		facts__add_anchor(fd, &process->anchors[i]);
	return fd;
}
