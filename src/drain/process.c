/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include "wire.h"
#include "event_stacks.h"
#include "left_out.h"
#include "process.h"
#include "ring.h"
#include "side_record.h"
#include "source.h"

/* What a ring's entry has room for. No thread ever fills so many batches. */
#define SEQ_MAX ((UINT64_C(1) << 48) - 1)

/* For two snapshots at a time, a look, a reader. */
#define SPARE_DESCRIPTORS 16

struct process *process__new(const struct wire_head *head)
{
	struct process *process = calloc(1, sizeof(*process));

	if (!process)
		return NULL;
	process_id__init(&process->id, head);
	process->facts.fd = -1;
	process->threads.facts = &process->facts;
	process->sources.facts = &process->facts;
	process->modules.facts = &process->facts;
	return process;
}

void process__free(struct process *process)
{
	if (!process)
		return;
	ring__free(process->ring);
	left_out__free(process->left_out);
	free(process->stacks);
	facts__fini(&process->facts);
	crash__fini(&process->crash);
	snapshot_state__fini(&process->snapshots);
	thread_table__fini(&process->threads);
	source_table__fini(&process->sources);
	module_set__fini(&process->modules);
	process_id__fini(&process->id);
	free(process);
}

int process__leave(struct process *process, const struct accounts *accounts,
		   const struct crash_ending *ending)
{
	int err = -ENOENT;

	if (process->facts.path && ring__has_file(process->ring))
		err = facts__add_kept(&process->facts, accounts, ending);
	if (err)
		return err;
	ring__leave(process->ring);
	facts__leave(&process->facts);
	return 0;
}

void process__open_facts(struct process *process, const char *dir)
{
	if (!dir || process->facts.fd >= 0 || facts__open(&process->facts, dir, &process->id))
		return;
	thread_table__add_facts(&process->threads);
	for (size_t i = 0; i < process->sources.cap; i++) {
		if (process->sources.slots[i].address)
			facts__add_source(&process->facts, &process->sources.slots[i]);
	}
	module_set__add_facts(&process->modules);
}

/* Rings keep their descriptor, so snapshots come first: a few stay for them. */
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
	int err;

	if (process->ring)
		return 0;
	if (!dir || !has_spare_descriptors()) {
		process->ring = ring__new_within(budget, NULL, bytes);
		return !process->ring ? -errno : dir ? -EMFILE : 0;
	}
	/* the facts first: without them a ring can't be read */
	if (process->facts.fd >= 0)
		facts__add_process(&process->facts, &process->id);
	else
		process__open_facts(process, dir);
	err = facts__ring_path(&process->facts, dir, &process->id, path);
	if (err)
		return err;
	process->ring = ring__new_within(budget, path, bytes);
	if (process->ring)
		return 0;
	/* a ring that can't be recovered is better than none */
	err = -errno;
	process->ring = ring__new_within(budget, NULL, bytes);
	return process->ring || err == -ENOBUFS ? err : -errno;
}

static int write_events(struct process *process, const struct wire_batch *message, uint32_t from,
			uint32_t place, uint32_t events, uint32_t thread)
{
	const struct ttlog_batch *batch = &message->batch;
	const struct ring_entry entry = {
		.bytes = (uint32_t)batch->committed - from,
		.events = events,
		.thread = thread,
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
		process->counts.no_memory += events;
	else
		process->counts.recorded += events;
	process->arrivals.newest_ns = message->head.stamp_ns;
	if (err)
		return err;
	thread_table__note_entry(&process->threads, thread, process->ring);
	process->taken.entry = entry;
	process->taken.flags = batch->flags;
	process->taken.records = (const unsigned char *)(batch + 1) + from;
	return 0;
}

/* Records outside of their thread's batch: they come once. */
static int64_t take_alone(struct process *process, const struct wire_batch *message)
{
	const uint32_t events = message->batch.committed >> 32;
	int64_t thread =
		thread_table__number(&process->threads, process->ring, &message->head, UINT32_MAX);
	int err;

	if (thread < 0)
		return thread;
	process->counts.alone += events;
	process->has_side |= (message->batch.flags & TTLOG_BATCH_SIDE) != 0;
	err = write_events(process, message, 0, 0, events, (uint32_t)thread);
	return err ? err : (int64_t)events;
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
		source->ticks = batch->base_ticks;
		source->taken_bytes = 0;
		source->taken_events = 0;
	}
	/* side records alone are new, too, but for the total */
	if (bytes <= source->taken_bytes || events < source->taken_events ||
	    (bytes <= SIDE_TOTAL_BYTES && !events))
		return 0;
	thread = thread_table__number(&process->threads, process->ring, &message->head,
				      source->thread);
	if (thread < 0)
		return thread;
	source->thread = thread;
	if (process->stacks)
		event_stacks__take_batch(process->stacks, message, source->thread);
	if (process->left_out)
		message = left_out__correct(process->left_out, message, source->taken_bytes);
	fresh = events - source->taken_events;
	err = write_events(process, message, source->taken_bytes, source->taken_events, fresh,
			   source->thread);
	source->taken_bytes = bytes;
	source->taken_events = events;
	return err ? err : fresh;
}

/* It came before all batches were ours. What was left out is: it may be said after that. */
static void pass(struct process *process, struct source *source, const struct wire_batch *message)
{
	const struct ttlog_batch *batch = &message->batch;

	(void)source_table__pass(&process->sources, source, batch);
	if (batch->flags & TTLOG_BATCH_SIDE)
		source__count_suppressed(source, batch + 1, (uint32_t)batch->committed);
}

int64_t process__take(struct process *process, const struct wire_batch *message)
{
	const struct ttlog_batch *batch = &message->batch;
	struct source *source;

	if (!is_valid(message)) {
		/* the events that it claims, if so many bytes can hold them */
		const uint64_t claimed = batch->committed >> 32;
		const uint64_t room = message->head.bytes / sizeof(struct ttlog_record);

		process->counts.corrupt += claimed < room ? claimed : room;
		return -EBADMSG;
	}
	if (batch->flags & TTLOG_BATCH_ALONE)
		return take_alone(process, message);
	source = source_table__get(&process->sources, message->address, message->head.module,
				   message->head.exec);
	if (!source) {
		process->counts.refused += batch->committed >> 32;
		return -ENOMEM;
	}
	if (message->head.kind == WIRE_TAIL)
		source->tid = 0;
	else if (!source->tid && !source->seq)
		source__set_owner(source, message->head.tid, batch->tid); /* WIRE_BEGIN was lost */
	if (source->is_joining) {
		pass(process, source, message);
		return 0;
	}
	source__count_emitted(source, batch);
	if (batch->flags & TTLOG_BATCH_SIDE) {
		process->has_side = true;
		source__count_suppressed(source, batch + 1, (uint32_t)batch->committed);
	}
	return take_from(process, source, message);
}

void process__refuse_event(struct process *process)
{
	process->counts.alone++;
	process->counts.corrupt++;
}

void process__exec(struct process *process, const struct wire_head *head)
{
	struct event_counts *counts = &process->counts;

	/* the next program counts its own from 0 */
	process->sources.emitted_earlier += counts->dropped;
	counts->no_memory += counts->dropped;
	counts->dropped = 0;
	process->modules.anchor_cnt = 0;
	event_stacks__exec(process->stacks);
	left_out__free(process->left_out);
	process->left_out = NULL;
	memcpy(process->id.comm, head->comm, sizeof(process->id.comm));
	facts__add_exec(&process->facts, head->exec,
			source_table__exec(&process->sources, head->exec),
			source_table__suppressed_before(&process->sources, head->exec));
}

void process__take_stack(struct process *process, const struct wire_event *message, uint64_t ticks)
{
	int64_t thread = -ENODATA;

	if (process->stacks && process->ring)
		thread = thread_table__number(&process->threads, process->ring, &message->head,
					      UINT32_MAX);
	if (thread >= 0)
		event_stacks__take_alone(process->stacks, message, ticks, (uint32_t)thread);
}

void process__accounts(const struct process *process, const struct wire_process *kernel,
		       struct accounts *ret)
{
	accounts__make(ret, &process->counts, source_table__emitted(&process->sources),
		       process->ring ? ring__overwritten(process->ring) : 0, kernel);
	ret->suppressed = source_table__suppressed(&process->sources);
}

void process__fill_head(const struct process *process, const struct source *source,
			struct wire_head *ret)
{
	const struct process_id *id = &process->id;
	const struct thread *thread =
		thread_table__of(&process->threads, source->thread, source->tid);

	ret->kind = WIRE_BATCH;
	ret->start_ns = id->start_ns;
	ret->cgroup = id->cgroup;
	ret->tgid = id->pid;
	ret->tid = source->tid;
	ret->ns_tgid = id->ns_pid;
	ret->ns_tid = thread && thread->ns_tid ? thread->ns_tid : source->tid;
	ret->uid = id->uid;
	ret->module = source->module;
	ret->exec = source->exec;
	memcpy(ret->comm, thread ? thread->comm : id->comm, sizeof(ret->comm));
}
