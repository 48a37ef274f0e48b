/* SPDX-License-Identifier: MIT */
/*
 * Takes batches, counts events.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include "wire.h"
#include "accounts.h"
#include "crash.h"
#include "facts.h"
#include "process.h"
#include "ring.h"
#include "source.h"
#include "thread.h"
#include "thread_index.h"

/* Batches in one process: as many as map `threads` has room for. */
#define SOURCES_MAX (1u << 18)
/* Of batches: what a ring's entry has room for, and more than any thread ever fills. */
#define SEQ_MAX     ((UINT64_C(1) << 48) - 1)

/* For two snapshots at a time, a look, a reader. */
#define SPARE_DESCRIPTORS 16

struct process *process__new(const struct wire_head *head)
{
	struct process *process = calloc(1, sizeof(*process));

	if (!process)
		return NULL;
	process->facts_fd = -1;
	process->pid = head->tgid;
	process->ns_pid = head->ns_tgid;
	process->uid = head->uid;
	process->start_ns = head->start_ns;
	process->cgroup = head->cgroup;
	memcpy(process->comm, head->comm, sizeof(process->comm));
	return process;
}

void process__free(struct process *process)
{
	if (!process)
		return;
	ring__free(process->ring);
	if (process->facts_path)
		(void)unlink(process->facts_path);
	if (process->facts_fd >= 0)
		(void)close(process->facts_fd);
	free(process->facts_path);
	crash__fini(&process->crash);
	for (size_t i = 0; i < process->file_cnt; i++)
		free(process->files[i]);
	free(process->files);
	free(process->owed_reason);
	free(process->threads);
	free(process->thread_notes);
	thread_index__fini(&process->thread_index);
	free(process->sources);
	free(process->exe);
	free(process->anchors);
	free(process->modules);
	free(process);
}

int process__leave(struct process *process, const struct accounts *accounts,
		   const struct crash_ending *ending)
{
	int err = -ENOENT;

	if (process->facts_path && ring__has_file(process->ring))
		err = facts__add_kept(process->facts_fd, accounts, ending);
	if (err)
		return err;
	ring__leave(process->ring);
	free(process->facts_path);
	process->facts_path = NULL;
	return 0;
}

void process__open_facts(struct process *process, const char *dir)
{
	char path[PATH_MAX];

	if (!dir || process->facts_fd >= 0 ||
	    snprintf(path, sizeof(path), "%s/%u-%llu.facts", dir, process->pid,
		     (unsigned long long)process->start_ns) >= (int)sizeof(path))
		return;
	/* first, or what is made could not be removed */
	process->facts_path = strdup(path);
	if (!process->facts_path)
		return;
	process->facts_fd = facts__open(path, process);
	if (process->facts_fd < 0) {
		free(process->facts_path);
		process->facts_path = NULL;
	}
}

/* Whoever has too few descriptors for snapshots can't give any back either: rings wait for those. */
static bool has_spare_descriptors(void)
{
	struct rlimit limit;
	int fd = eventfd(0, EFD_CLOEXEC);

	if (fd < 0)
		return false;
	(void)close(fd);
	return getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur == RLIM_INFINITY ||
	       (rlim_t)fd + SPARE_DESCRIPTORS < limit.rlim_cur;
}

int process__open_ring(struct process *process, struct ring_budget *budget, const char *dir,
		       size_t bytes)
{
	char path[PATH_MAX];
	int len, err;

	if (process->ring)
		return 0;
	if (!dir || !has_spare_descriptors()) {
		process->ring = ring__new_within(budget, NULL, bytes);
		return !process->ring ? -errno : dir ? -EMFILE : 0;
	}
	/* the facts first: nobody can read a ring without them */
	if (process->facts_fd >= 0)
		facts__add_process(process->facts_fd, process);
	else
		process__open_facts(process, dir);
	if (process->facts_path)
		len = snprintf(path, sizeof(path), "%s", process->facts_path);
	else
		len = snprintf(path, sizeof(path), "%s/%u-%llu.facts", dir, process->pid,
			       (unsigned long long)process->start_ns);
	if (len >= (int)sizeof(path))
		return -ENAMETOOLONG;
	memcpy(path + len - strlen("facts"), "ring", sizeof("ring"));
	process->ring = ring__new_within(budget, path, bytes);
	if (process->ring)
		return 0;
	/* one that nobody can recover is better than none */
	err = -errno;
	process->ring = ring__new_within(budget, NULL, bytes);
	return process->ring || err == -ENOBUFS ? err : -errno;
}

static size_t slot_of(const struct process *process, uint64_t address)
{
	/* batches are page-aligned but for those on stacks, which have no slot */
	size_t slot = (address >> 12) * 0x9e3779b97f4a7c15ull >> 20 & (process->source_cap - 1);

	while (process->sources[slot].address && process->sources[slot].address != address)
		slot = (slot + 1) & (process->source_cap - 1);
	return slot;
}

static int grow_sources(struct process *process)
{
	struct source *old = process->sources;
	size_t old_cap = process->source_cap;
	size_t cap = old_cap ? old_cap * 2 : 16;
	struct source *sources = calloc(cap, sizeof(*sources));

	if (!sources)
		return -ENOMEM;
	process->sources = sources;
	process->source_cap = cap;
	for (size_t i = 0; i < old_cap; i++) {
		if (old[i].address)
			sources[slot_of(process, old[i].address)] = old[i];
	}
	free(old);
	return 0;
}

/* The source of that address, made where there is none; NULL without memory, or where there are too
 * many. */
static struct source *find_source(struct process *process, uint64_t address, uint32_t module,
				  uint32_t exec)
{
	struct source *source;

	if (process->source_cnt * 2 >= process->source_cap && grow_sources(process))
		return NULL;
	source = &process->sources[slot_of(process, address)];
	if (source->address && source->exec == SOURCE_ANY_EXEC)
		source->exec = exec;
	if (source->address && (source->exec == exec || exec == SOURCE_ANY_EXEC))
		return source;
	if (source->address)
		process->emitted_earlier += source->emitted - source->base;
	else if (process->source_cnt >= SOURCES_MAX)
		return NULL;
	else
		process->source_cnt++;
	*source = (struct source){
		.address = address,
		.module = module,
		.exec = exec,
		.thread = UINT32_MAX,
	};
	facts__add_source(process->facts_fd, source);
	return source;
}

static void set_source_owner(struct source *source, uint32_t tid, uint32_t own_tid)
{
	source->tid = tid;
	source->own_tid = own_tid;
}

/* By the program's own count, which it carries from batch to batch: what was lost shows in it. */
static void count_emitted(struct source *source, const struct ttlog_batch *batch)
{
	uint64_t emitted = batch->events_before + (batch->committed >> 32);

	if (emitted > source->emitted && emitted < UINT64_MAX / 2)
		source->emitted = emitted;
}

static int write_events(struct process *process, const struct wire_batch *message, uint32_t from,
			uint32_t place, uint32_t events, uint32_t *thread)
{
	const struct ttlog_batch *batch = &message->batch;
	const struct ring_entry entry = {
		.bytes = (uint32_t)batch->committed - from,
		.events = events,
		.thread = *thread,
		.module = message->head.module,
		.base_ticks = batch->base_ticks,
		.stamp_ns = message->head.stamp_ns,
		.seq = batch->seq,
		.place = place,
		.clock = batch->clock,
		.page = message->address >> 12,
		.words = from / sizeof(uint32_t),
	};
	int err = -ENOMEM;

	if (process->ring)
		err = ring__write(process->ring, &entry, (const char *)(batch + 1) + from);

	if (err)
		process->no_memory += events;
	else
		process->recorded += events;
	if (!err && process->thread_notes)
		process->thread_notes[*thread].written = ring__written_bytes(process->ring);
	return err;
}

/* A record outside of its thread's batch: it comes once, and alone. */
static int64_t take_alone(struct process *process, const struct wire_batch *message)
{
	int64_t thread = process__thread_number(process, &message->head, UINT32_MAX);
	uint32_t number = thread;
	int err;

	if (thread < 0)
		return thread;
	process->alone++;
	err = write_events(process, message, 0, 0, 1, &number);
	return err ? err : 1;
}

/* Valid as far as the copy goes; the records themselves are checked when they are decoded. */
static bool is_valid(const struct wire_batch *message)
{
	const struct ttlog_batch *batch = &message->batch;
	uint64_t bytes = (uint32_t)batch->committed;
	uint64_t events = batch->committed >> 32;

	return message->head.bytes >= sizeof(*message) && batch->magic == TTLOG_BATCH_MAGIC &&
	       TTLOG_ABI_IS_KNOWN(batch->version) &&
	       bytes == message->head.bytes - sizeof(*message) && bytes % TTLOG_RECORD_ALIGN == 0 &&
	       events <= bytes / sizeof(struct ttlog_record) && batch->seq <= SEQ_MAX &&
	       batch->events_before < UINT64_MAX / 2;
}

static int64_t take_from(struct process *process, struct source *source,
			 const struct wire_batch *message)
{
	const struct ttlog_batch *batch = &message->batch;
	uint32_t bytes = batch->committed, events = batch->committed >> 32;
	int64_t thread, fresh;
	int err;

	if (batch->seq < source->seq)
		return 0;
	if (batch->seq > source->seq) {
		source->seq = batch->seq;
		source->taken_bytes = 0;
		source->taken_events = 0;
	}
	if (bytes <= source->taken_bytes || events <= source->taken_events)
		return 0;
	thread = process__thread_number(process, &message->head, source->thread);
	if (thread < 0)
		return thread;
	source->thread = thread;
	fresh = events - source->taken_events;
	err = write_events(process, message, source->taken_bytes, source->taken_events, fresh,
			   &source->thread);
	source->taken_bytes = bytes;
	source->taken_events = events;
	return err ? err : fresh;
}

int64_t process__take(struct process *process, const struct wire_batch *message)
{
	const struct ttlog_batch *batch = &message->batch;
	struct source *source;

	if (!is_valid(message)) {
		/* what it claims, as far as so many bytes can hold it */
		const uint64_t claimed = batch->committed >> 32;
		const uint64_t room = message->head.bytes / sizeof(struct ttlog_record);

		process->corrupt += claimed < room ? claimed : room;
		return -EBADMSG;
	}
	if (batch->flags & TTLOG_BATCH_ALONE)
		return take_alone(process, message);
	source = find_source(process, message->address, message->head.module, message->head.exec);
	if (!source) {
		process->refused += batch->committed >> 32;
		return -ENOMEM;
	}
	if (message->head.kind == WIRE_TAIL)
		source->tid = 0;
	else if (!source->tid && !source->seq)
		set_source_owner(source, message->head.tid, batch->tid); /* of that no word came */
	count_emitted(source, batch);
	return take_from(process, source, message);
}

int process__add_source(struct process *process, const struct source *known,
			const struct ttlog_batch *head)
{
	struct source *source = find_source(process, known->address, known->module, known->exec);

	if (!source)
		return -ENOMEM;
	set_source_owner(source, known->tid, head->tid);
	source->seq = head->seq;
	source->taken_bytes = head->committed;
	source->taken_events = head->committed >> 32;
	source->base = head->events_before + (head->committed >> 32);
	source->emitted = source->base;
	facts__add_source(process->facts_fd, source);
	return 0;
}

void process__set_owner(struct process *process, const struct wire_thread *message, bool owns)
{
	const struct wire_head *head = &message->head;
	struct source *source;

	/* nothing to be read there, now or later */
	if (owns && message->batch.magic != TTLOG_BATCH_MAGIC)
		return;
	source = find_source(process, message->address, head->module, head->exec);
	if (!source)
		return;
	set_source_owner(source, owns ? head->tid : 0, message->batch.tid);
	if (message->batch.magic == TTLOG_BATCH_MAGIC)
		count_emitted(source, &message->batch);
}

/* ---- after the death of a collector ---- */

static struct source *known_source(struct process *process, uint64_t address)
{
	struct source *source;

	if (!process->source_cap)
		return NULL;
	source = &process->sources[slot_of(process, address)];
	return source->address ? source : NULL;
}

void process__set_base(struct process *process, uint64_t address, uint64_t base)
{
	struct source *source = known_source(process, address);

	if (!source)
		return;
	source->base = base;
	source->emitted = base;
}

bool process__has_source(const struct process *process, uint64_t address)
{
	return process->source_cnt && process->sources[slot_of(process, address)].address;
}

void process__forget_others(struct process *process, uint32_t exec)
{
	struct source *old = process->sources;
	size_t cap = process->source_cap;

	process->sources = NULL;
	process->source_cap = 0;
	process->source_cnt = 0;
	for (size_t i = 0; i < cap; i++) {
		if (!old[i].address || old[i].exec != exec)
			continue;
		if (process->source_cnt * 2 >= process->source_cap && grow_sources(process))
			break;
		process->sources[slot_of(process, old[i].address)] = old[i];
		process->source_cnt++;
	}
	free(old);
}

void process__mark_taken(struct process *process, const struct ring_entry *entry)
{
	struct source *source = known_source(process, (uint64_t)entry->page << 12);

	if (!source || !entry->seq || entry->seq < source->seq)
		return;
	source->seq = entry->seq;
	source->thread = entry->thread;
	source->taken_bytes = entry->words * (uint32_t)sizeof(uint32_t) + entry->bytes;
}

/* Walks records until `events` or `bytes` of them are behind; tells how far that was. */
static void skip_records(const struct wire_batch *message, uint64_t events, uint32_t bytes,
			 struct source *source)
{
	const unsigned char *records = (const unsigned char *)(message + 1);
	struct ttlog_record record;
	uint32_t at = 0, len;

	source->taken_events = 0;
	while (source->taken_events < events && at + sizeof(record) <= bytes) {
		memcpy(&record, records + at, sizeof(record));
		len = (record.site_len & TTLOG_RECORD_LEN_MASK) * TTLOG_RECORD_ALIGN;
		if (!len)
			break;
		at += len;
		source->taken_events++;
	}
	source->taken_bytes = at;
}

void process__count_taken(struct process *process, const struct wire_batch *message)
{
	const struct ttlog_batch *batch = &message->batch;
	struct source *source = known_source(process, message->address);
	uint32_t bytes = batch->committed;

	if (!source)
		return;
	if (batch->seq == source->seq) {
		if (source->taken_bytes < bytes)
			bytes = source->taken_bytes;
		skip_records(message, UINT64_MAX, bytes, source);
	} else if (batch->events_before < source->base) {
		/* nothing of it was taken, but its first events are from before the recording */
		source->seq = batch->seq;
		skip_records(message, source->base - batch->events_before, bytes, source);
	}
}

void process__lose_tail(struct process *process, uint64_t address, uint32_t module, uint64_t events)
{
	struct source *source = find_source(process, address, module, SOURCE_ANY_EXEC);

	if (!source)
		return;
	source->tid = 0;
	if (events > source->emitted && events < UINT64_MAX / 2)
		source->emitted = events;
}

bool process__has_owners(const struct process *process)
{
	for (size_t i = 0; i < process->source_cap; i++) {
		if (process->sources[i].tid)
			return true;
	}
	return false;
}

void process__exec(struct process *process, const struct wire_head *head)
{
	uint64_t emitted;

	/* the next program counts its own from 0 */
	process->emitted_earlier += process->dropped;
	process->no_memory += process->dropped;
	process->dropped = 0;
	emitted = process->emitted_earlier;
	for (size_t i = 0; i < process->source_cap; i++) {
		struct source *source = &process->sources[i];

		if (!source->address || source->exec == head->exec)
			continue;
		source->tid = 0;
		emitted += source->emitted - source->base;
	}
	process->anchor_cnt = 0;
	memcpy(process->comm, head->comm, sizeof(process->comm));
	facts__add_exec(process->facts_fd, head->exec, emitted);
}

void process__fill_head(const struct process *process, const struct source *source,
			struct wire_head *ret)
{
	ret->kind = WIRE_BATCH;
	ret->start_ns = process->start_ns;
	ret->cgroup = process->cgroup;
	ret->tgid = process->pid;
	ret->tid = source->tid;
	ret->ns_tgid = process->ns_pid;
	ret->ns_tid = source->tid;
	ret->uid = process->uid;
	ret->module = source->module;
	ret->exec = source->exec;
	/* its number may be another's by now */
	if (source->thread < process->thread_cnt &&
	    process->threads[source->thread].tid == source->tid) {
		const struct thread *thread = &process->threads[source->thread];

		if (thread->ns_tid)
			ret->ns_tid = thread->ns_tid;
		memcpy(ret->comm, thread->comm, sizeof(ret->comm));
	} else {
		memcpy(ret->comm, process->comm, sizeof(ret->comm));
	}
}

int process__add_file(struct process *process, const char *path)
{
	char **files = reallocarray(process->files, process->file_cnt + 1, sizeof(*files));

	if (!files)
		return -ENOMEM;
	process->files = files;
	files[process->file_cnt] = strdup(path);
	if (!files[process->file_cnt])
		return -ENOMEM;
	process->file_cnt++;
	return 0;
}

int process__replace_file(struct process *process, const char *path)
{
	if (process->file_cnt)
		free(process->files[--process->file_cnt]);
	return process__add_file(process, path);
}
