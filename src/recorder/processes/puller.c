/* SPDX-License-Identifier: MIT */
/*
 * While a process is read, the ring buffers are emptied, and that may end it: after each batch
 * processes.pulled tells whether it is still there.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wire.h"
#include "clock.h"
#include "paging.h"
#include "proc_thread.h"
#include "process.h"
#include "processes.h"
#include "pull.h"
#include "puller.h"
#include "report.h"

/* If the machine takes pages away: this often, and at most a twentieth of the time. */
#define IDLE_NS    1000000000ull
#define IDLE_SHARE 20u

int puller__init(struct puller *puller, struct processes *processes)
{
	*puller = (struct puller){
		.processes = processes,
		.buffer = malloc(PULL_BUFFER_BYTES),
	};
	return puller->buffer ? 0 : -ENOMEM;
}

void puller__fini(struct puller *puller)
{
	free(puller->buffer);
}

struct sources {
	struct source *items;
	size_t cnt;
};

/* Its anchors count the events that the program had no memory for. */
static void pull_dropped(struct puller *puller, struct process *process,
			 const struct pull_meanwhile *meanwhile)
{
	struct ttlog_module module;
	uint64_t dropped = 0;

	for (size_t i = 0; i < process->modules.anchor_cnt; i++) {
		int err = pull__memory(process->id.pid, process->modules.anchors[i].address,
				       &module, sizeof(module), meanwhile);

		if (puller->processes->pulled != process)
			return;
		if (err == 0 && TTLOG_ABI_IS_KNOWN(module.version))
			dropped += module.dropped;
		if (err == -ETIMEDOUT)
			break;
	}
	if (dropped > process->counts.dropped)
		process->counts.dropped = dropped;
}

/* If the thread is known, only its name may have changed. */
static bool is_known(const struct process *process, const struct source *source)
{
	return source->thread < process->threads.cnt &&
	       process->threads.items[source->thread].tid == source->tid;
}

/*
 * A batch is handed from a thread that ends to one that begins, and the message about that may be
 * on its way. Returns whether the owner is known, and stamps it.
 */
static bool find_owner(const struct process *process, const struct source *source,
		       struct wire_batch *batch)
{
	const uint32_t own_tid = batch->batch.tid;

	if (!source->own_tid || source->own_tid == own_tid)
		return true;
	/* in another namespace, or the program lies */
	if (source->own_tid != source->tid ||
	    proc_thread__read_comm(process->id.pid, own_tid, batch->head.comm))
		return false;
	batch->head.tid = own_tid;
	batch->head.ns_tid = own_tid;
	return true;
}

/* Stamps a batch as the kernel would. */
static void stamp(const struct process *process, const struct source *source,
		  struct wire_batch *batch, uint64_t stamp_ns)
{
	process__fill_head(process, source, &batch->head);
	batch->head.stamp_ns = stamp_ns;
	if (!find_owner(process, source, batch))
		batch->head.tid = 0;
	else if (is_known(process, source) && batch->head.tid == source->tid)
		(void)proc_thread__read_comm(process->id.pid, source->tid, batch->head.comm);
	else
		process_id__stamp_thread(&batch->head);
}

static void stamp_all(const struct process *process, const struct source *sources,
		      struct wire_batch *batch, ssize_t cnt)
{
	const uint64_t stamp_ns = clock__now_mono_ns();

	for (ssize_t i = 0; i < cnt; i++) {
		struct wire_batch *next = pull__next(batch);

		if (batch->head.bytes)
			stamp(process, &sources[i], batch, stamp_ns);
		batch = next;
	}
}

/* A batch that was read. False if the process is gone from the pull. */
static bool take_pulled(struct puller *puller, struct process *process, struct wire_batch *batch)
{
	/* a message that came meanwhile may have had it */
	batch->head.start_ns = process->id.start_ns;
	/* makes its ring, if these are its first events */
	if (processes__find_recording(puller->processes, &batch->head) == process)
		processes__take(puller->processes, process, batch);
	return puller->processes->pulled == process;
}

/* As many as can be read at once. -ENOMEM: memory is missing; another error: it can't go on.
 * ret_has_all: cleared if one of them was not taken. */
static ssize_t pull_some(struct puller *puller, struct process *process,
			 const struct source *sources, size_t cnt,
			 const struct pull_meanwhile *meanwhile, bool *ret_has_all)
{
	struct wire_batch *batch = puller->buffer;
	uint64_t addresses[PULL_MAX_CNT];
	ssize_t got;

	if (cnt > PULL_MAX_CNT)
		cnt = PULL_MAX_CNT;
	for (size_t i = 0; i < cnt; i++)
		addresses[i] = sources[i].address;
	got = pull__batches(process->id.pid, addresses, cnt, batch, meanwhile);
	if (puller->processes->pulled != process)
		return -ESRCH;
	if (got < 0)
		return got == -EAGAIN ? -ENOMEM : got; /* no thread for it */
	/* first: when a thread changes its name, it flushes under the old one */
	stamp_all(process, sources, batch, got);
	if (!meanwhile->act(meanwhile->ctx))
		return -EBUSY;
	for (ssize_t i = 0; i < got && puller->processes->pulled == process; i++) {
		struct wire_batch *next = pull__next(batch);

		if (batch->head.bytes && !batch->head.tid)
			*ret_has_all = false;
		else if (batch->head.bytes && !take_pulled(puller, process, batch))
			return -ESRCH;
		batch = next;
	}
	return puller->processes->pulled == process ? got : -ESRCH;
}

/* A copy: taking messages may move the sources. */
static int list_sources(const struct process *process, struct sources *ret)
{
	ret->cnt = 0;
	ret->items = calloc(process->sources.cnt + 1, sizeof(*ret->items));
	if (!ret->items)
		return -ENOMEM;
	for (size_t i = 0; i < process->sources.cap; i++) {
		if (process->sources.slots[i].address && process->sources.slots[i].tid)
			ret->items[ret->cnt++] = process->sources.slots[i];
	}
	return 0;
}

/* 0 if all were taken, or -errno; -EAGAIN: some were not. */
static int pull_sources(struct puller *puller, struct process *process,
			const struct sources *sources, const struct pull_meanwhile *meanwhile)
{
	bool has_all = true;

	for (size_t at = 0; at < sources->cnt;) {
		const ssize_t got = pull_some(puller, process, sources->items + at,
					      sources->cnt - at, meanwhile, &has_all);

		if (got < 0)
			return (int)got;
		at += (size_t)got;
	}
	return has_all ? 0 : -EAGAIN;
}

static void end_pull(struct puller *puller, struct process *process)
{
	if (puller->processes->pulled != process)
		return;
	puller->processes->pulled = NULL;
	processes__finish(puller->processes, process);
}

/* 0 or -ENOMEM, as the next three. */
static int pull_all(struct puller *puller, struct process *process, uint64_t young_ns,
		    const struct pull_meanwhile *meanwhile)
{
	struct sources sources;
	int err;

	(void)young_ns;
	/* another process may have its pid */
	if (!process_id__is_running(&process->id))
		return 0;
	err = list_sources(process, &sources);
	if (err)
		return err;
	puller->processes->pulled = process;
	err = pull_sources(puller, process, &sources, meanwhile);
	free(sources.items);
	if (puller->processes->pulled == process)
		pull_dropped(puller, process, meanwhile);
	end_pull(puller, process);
	return err == -ENOMEM ? err : 0;
}

/* ---- only what is new ---- */

static bool has_new(const struct source *source, const struct ttlog_batch *head)
{
	const uint32_t bytes = (uint32_t)head->committed;

	/* process__take() refuses what is no batch */
	if (head->magic != TTLOG_BATCH_MAGIC || head->seq < source->seq)
		return true;
	return bytes > (head->seq == source->seq ? source->taken_bytes : 0);
}

/* When a batch began is what the program says: a lie delays its own events. */
static bool is_young(const struct puller *puller, const struct ttlog_batch *head, uint64_t now_ns,
		     uint64_t young_ns)
{
	struct clock_span span;
	uint64_t begun_ns;

	if (!young_ns)
		return false;
	clock__find_span(puller->processes->options->job.clock, head->clock, head->base_ticks,
			 now_ns, &span);
	begun_ns = clock_span__mono_ns(&span, head->base_ticks);
	return begun_ns <= now_ns && now_ns - begun_ns < young_ns;
}

/* Reads many heads at once: a thousand idle threads cost a fraction of a millisecond. */
static int keep_new(const struct puller *puller, struct process *process, struct sources *sources,
		    uint64_t young_ns, const struct pull_meanwhile *meanwhile)
{
	const uint64_t now_ns = clock__now_mono_ns();
	struct ttlog_batch heads[PULL_MAX_CNT];
	uint64_t addresses[PULL_MAX_CNT];
	size_t kept = 0;

	for (size_t at = 0; at < sources->cnt; at += PULL_MAX_CNT) {
		const size_t left = sources->cnt - at;
		const size_t cnt = left < PULL_MAX_CNT ? left : PULL_MAX_CNT;
		ssize_t got;

		for (size_t i = 0; i < cnt; i++)
			addresses[i] = sources->items[at + i].address;
		got = pull__heads(process->id.pid, addresses, cnt, heads, meanwhile);
		if (got < 0)
			return (int)got;
		/* what could not be read is pulled, to be read alone */
		for (size_t i = 0; i < cnt; i++) {
			if (i >= (size_t)got || (has_new(&sources->items[at + i], &heads[i]) &&
						 !is_young(puller, &heads[i], now_ns, young_ns)))
				sources->items[kept++] = sources->items[at + i];
		}
	}
	sources->cnt = kept;
	return 0;
}

static int pull_new(struct puller *puller, struct process *process, uint64_t young_ns,
		    const struct pull_meanwhile *meanwhile)
{
	const uint64_t begun_ns = clock__now_mono_ns();
	struct sources sources;
	int err = list_sources(process, &sources);

	if (err)
		return err;
	puller->processes->pulled = process;
	err = keep_new(puller, process, &sources, young_ns, meanwhile);
	if (puller->processes->pulled == process) {
		if (!err && sources.cnt)
			err = process_id__is_running(&process->id)
				      ? pull_sources(puller, process, &sources, meanwhile)
				      : -ESRCH;
		if (!err && !young_ns && puller->processes->pulled == process)
			process->arrivals.read_ns = begun_ns;
		end_pull(puller, process);
	}
	free(sources.items);
	return err == -ENOMEM ? err : 0;
}

/* ---- of all ---- */

typedef int (*pull_fn)(struct puller *puller, struct process *process, uint64_t young_ns,
		       const struct pull_meanwhile *meanwhile);

/* A list, because messages that come meanwhile may add and remove processes. */
static uint32_t *list_pids(const struct puller *puller, uint32_t pid, size_t *ret_cnt)
{
	struct process *process = NULL;
	uint32_t *pids = calloc(puller->processes->table.cnt + 1, sizeof(*pids));

	*ret_cnt = 0;
	while (pids && (process = process_table__next(&puller->processes->table, process))) {
		if (!process->lifecycle.ended && (!pid || process->id.pid == pid))
			pids[(*ret_cnt)++] = process->id.pid;
	}
	return pids;
}

/* Without memory it is tried once more: what is not pulled is in no account. */
static void pull_one(struct puller *puller, uint32_t pid, pull_fn pull, uint64_t young_ns,
		     const struct pull_meanwhile *meanwhile)
{
	int err = -ENOMEM;

	for (int tries = 0; err && tries < 2; tries++) {
		struct process *process = process_table__find(&puller->processes->table, pid);

		err = process && !process->lifecycle.ended
			      ? pull(puller, process, young_ns, meanwhile)
			      : 0;
	}
	if (err)
		report__failure(pid, err, "what it has not flushed could not be read");
}

static void pull_each(struct puller *puller, uint32_t pid, pull_fn pull, uint64_t young_ns,
		      const struct pull_meanwhile *meanwhile)
{
	size_t cnt;
	uint32_t *pids = list_pids(puller, pid, &cnt);

	if (!pids)
		pids = list_pids(puller, pid, &cnt);
	if (!pids)
		fprintf(stderr, "ttlog-collect: what is not flushed could not be read: %s\n",
			strerror(ENOMEM));
	for (size_t i = 0; i < cnt; i++)
		pull_one(puller, pids[i], pull, young_ns, meanwhile);
	free(pids);
}

void puller__pull(struct puller *puller, uint32_t pid, const struct pull_meanwhile *meanwhile)
{
	pull_each(puller, pid, pull_all, 0, meanwhile);
}

void puller__pull_new(struct puller *puller, const struct pull_meanwhile *meanwhile)
{
	pull_each(puller, 0, pull_new, 0, meanwhile);
}

void puller__pull_older(struct puller *puller, uint64_t young_ns,
			const struct pull_meanwhile *meanwhile)
{
	pull_each(puller, 0, pull_new, young_ns, meanwhile);
}

void puller__pull_idle(struct puller *puller, const struct pull_meanwhile *meanwhile)
{
	const uint64_t start_ns = clock__now_mono_ns();
	uint64_t took_ns;

	if (start_ns < puller->idle_due_ns)
		return;
	if (paging__takes_pages())
		puller__pull_new(puller, meanwhile);
	took_ns = clock__now_mono_ns() - start_ns;
	puller->idle_due_ns =
		start_ns + (took_ns * IDLE_SHARE > IDLE_NS ? took_ns * IDLE_SHARE : IDLE_NS);
}
