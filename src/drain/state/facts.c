/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "accounts.h"
#include "crash.h"
#include "facts.h"
#include "journal.h"
#include "journal_out.h"
#include "process_id.h"
#include "source.h"
#include "start_time.h"
#include "thread.h"

void facts__fini(struct facts *facts)
{
	if (facts->path)
		(void)unlink(facts->path);
	if (facts->fd >= 0)
		(void)close(facts->fd);
	facts__leave(facts);
}

void facts__leave(struct facts *facts)
{
	free(facts->path);
	facts->path = NULL;
}

static int make_path(char ret[PATH_MAX], const char *dir, const struct process_id *id,
		     const char *suffix)
{
	return snprintf(ret, PATH_MAX, "%s/%u-%llu.%s", dir, id->pid,
			(unsigned long long)id->start_ns, suffix) < PATH_MAX
		       ? 0
		       : -ENAMETOOLONG;
}

int facts__open(struct facts *facts, const char *dir, const struct process_id *id)
{
	char path[PATH_MAX];
	int err = make_path(path, dir, id, "facts");

	if (err)
		return err;
	/* first: without it the file could not be removed */
	facts->path = strdup(path);
	if (!facts->path)
		return -ENOMEM;
	facts->fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (facts->fd < 0) {
		err = -errno;
		facts__leave(facts);
		return err;
	}
	facts__add_process(facts, id);
	return 0;
}

int facts__ring_path(const struct facts *facts, const char *dir, const struct process_id *id,
		     char ret[PATH_MAX])
{
	if (!facts->path)
		return make_path(ret, dir, id, "ring");
	/* the kernel's start time was maybe not known when the facts got their name */
	strcpy(ret, facts->path);
	strcpy(ret + strlen(ret) - strlen("facts"), "ring");
	return 0;
}

void facts__add_process(const struct facts *facts, const struct process_id *id)
{
	uint64_t start_ns = id->start_ns;
	struct journal_out out = journal_out__begin(JOURNAL_PROCESS, facts->fd);

	/* the kernel stamps it on the first batch; until then /proc has it */
	if (!start_ns && facts->fd >= 0)
		start_ns = start_time__read_ns((pid_t)id->pid);
	journal_out__u32(&out, id->pid);
	journal_out__u32(&out, id->ns_pid);
	journal_out__u32(&out, id->uid);
	journal_out__u64(&out, start_ns);
	journal_out__u64(&out, id->cgroup);
	journal_out__bytes(&out, id->comm, sizeof(id->comm));
	journal_out__text(&out, id->exe);
	journal_out__text(&out, id->build_id);
	journal_out__text(&out, id->cgroup_path);
	(void)journal_out__end(&out);
}

int64_t facts__add_thread(const struct facts *facts, const struct thread *thread)
{
	struct journal_out out = journal_out__begin(JOURNAL_THREAD, facts->fd);

	journal_out__bytes(&out, thread, sizeof(*thread));
	return journal_out__end(&out);
}

int facts__replace_thread(const struct facts *facts, int64_t place, const struct thread *thread)
{
	const off_t at = place + (off_t)sizeof(struct journal_record);

	return pwrite(facts->fd, thread, sizeof(*thread), at) == sizeof(*thread) ? 0 : -EIO;
}

void facts__add_source(const struct facts *facts, const struct source *source)
{
	struct journal_out out = journal_out__begin(JOURNAL_SOURCE, facts->fd);

	journal_out__u64(&out, source->address);
	journal_out__u32(&out, source->module);
	journal_out__u32(&out, source->exec);
	journal_out__u64(&out, source->base);
	journal_out__u64(&out, source->suppressed_base);
	(void)journal_out__end(&out);
}

void facts__add_anchor(const struct facts *facts, const struct anchor *anchor)
{
	struct journal_out out = journal_out__begin(JOURNAL_ANCHOR, facts->fd);

	journal_out__u64(&out, anchor->address);
	journal_out__u32(&out, anchor->module);
	(void)journal_out__end(&out);
}

void facts__add_exec(const struct facts *facts, uint32_t exec, uint64_t emitted,
		     uint64_t suppressed)
{
	struct journal_out out = journal_out__begin(JOURNAL_EXEC, facts->fd);

	journal_out__u32(&out, exec);
	journal_out__u64(&out, emitted);
	journal_out__u64(&out, suppressed);
	(void)journal_out__end(&out);
}

void facts__add_settled(const struct facts *facts, const struct accounts *accounts)
{
	struct journal_out out = journal_out__begin(JOURNAL_SETTLED, facts->fd);

	journal_out__u64(&out, accounts->emitted);
	journal_out__u64(&out, accounts->suppressed);
	(void)journal_out__end(&out);
}

int facts__add_kept(const struct facts *facts, const struct accounts *accounts,
		    const struct crash_ending *ending)
{
	struct journal_out out = journal_out__begin(JOURNAL_KEPT, facts->fd);

	journal_out__u64(&out, accounts->emitted);
	journal_out__bytes(&out, &accounts->lost, sizeof(accounts->lost));
	journal_out__u32(&out, (uint32_t)ending->pair_cnt);
	journal_out__u32(&out, (uint32_t)ending->len);
	journal_out__bytes(&out, ending->bytes, ending->len);
	journal_out__u64(&out, accounts->suppressed);
	return journal_out__end(&out) < 0 ? -EIO : 0;
}
