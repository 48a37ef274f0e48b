/* SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "wire.h"
#include "array.h"
#include "attached_process.h"
#include "attach.h"
#include "build_id.h"
#include "start_time.h"
#include "clock.h"
#include "maps.h"
#include "pull.h"
#include "side_record.h"
#include "source.h"
#include "proc_thread.h"
#include "process_files.h"

/* The program's list may be a loop, or too long to wait for: ten thousand batches take half a
 * second. */
#define LIST_MAX_NS (2 * 1000000000ull)

/* To read what changes meanwhile. */
#define TRIES 8

/* Some 2,000 mappings, a millisecond or two. */
#define LAST_LOOK_BYTES ((size_t)192 << 10)

struct attached_process *attached_process__new(uint32_t pid)
{
	struct attached_process *attached = calloc(1, sizeof(*attached));

	if (attached)
		attached->pid = pid;
	return attached;
}

void attached_process__free(struct attached_process *attached)
{
	if (!attached)
		return;
	free(attached->sources);
	free(attached->heads);
	for (size_t i = 0; i < attached->source_cnt; i++)
		free(attached->rates[i]);
	free(attached->rates);
	free(attached->anchors);
	free(attached->shared);
	mappings__fini(&attached->seen);
	if (attached->module_cnt)
		attach__release(attached->attach, attached->modules, attached->module_cnt);
	free(attached->modules);
	free(attached);
}

static void read_build_id(struct attached_process *attached)
{
	int fd = proc_thread__open_exe(attached->pid);

	if (fd < 0 || build_id__read(fd, attached->build_id))
		attached->build_id[0] = '\0';
	if (fd >= 0)
		(void)close(fd);
}

void attached_process__add_module(struct attached_process *attached, struct attach *attach,
				  uint32_t module)
{
	attached->attach = attach;
	for (size_t i = 0; i < attached->module_cnt; i++) {
		if (attached->modules[i] == module) {
			attach__release(attach, &module, 1);
			return;
		}
	}
	if (array__reserve(attached->modules, attached->module_cnt + 1, &attached->module_cap))
		attach__release(attach, &module, 1);
	else
		attached->modules[attached->module_cnt++] = module;
}

void attached_process__look_up(struct attached_process *attached, const struct maps *maps)
{
	(void)mappings__take(&attached->seen, maps);
	read_build_id(attached);
}

/* Whether the pid is still that process: a later one may have its number. */
static bool is_it(const struct attached_process *attached)
{
	return !attached->start_ns || start_time__is((pid_t)attached->pid, attached->start_ns);
}

/* If a process ends while maps(5) is read, the end of the list is missing. Its stack is the last
 * mapping that matters. */
static bool is_whole(const struct maps *maps, uint32_t pid)
{
	for (size_t i = maps->cnt; i-- > 0;) {
		if (!strcmp(maps->entries[i].path, "[stack]"))
			return true;
	}
	return maps->cnt && process_files__has_memory(process_files__living_thread(pid));
}

static struct attached_process *new_look(uint32_t pid, uint64_t start_ns, uint32_t look,
					 const struct maps *maps)
{
	struct attached_process *attached = attached_process__new(pid);

	if (!attached)
		return NULL;
	attached->look = look;
	attached->start_ns = start_ns;
	if (maps && is_it(attached) && is_whole(maps, pid))
		(void)mappings__take(&attached->seen, maps);
	return attached;
}

struct attached_process *attached_process__new_last_look(uint32_t pid, uint64_t start_ns)
{
	struct maps *maps = maps__read_at_most((pid_t)pid, LAST_LOOK_BYTES);
	struct attached_process *attached = maps ? new_look(pid, start_ns, ATTACH_LOOK_CRASH, maps)
						 : NULL;

	maps__free(maps);
	if (attached && attached->seen.cnt)
		return attached;
	attached_process__free(attached);
	return NULL;
}

struct attached_process *attached_process__new_look(uint32_t pid, uint64_t start_ns, uint32_t look)
{
	struct maps *maps = maps__read((pid_t)pid);
	struct attached_process *attached = new_look(pid, start_ns, look, maps);

	maps__free(maps);
	if (attached && attached->seen.cnt && look & ~ATTACH_LOOK_CRASH)
		read_build_id(attached);
	if (attached && !is_it(attached))
		attached->build_id[0] = '\0';
	return attached;
}

static bool shares_namespace(uint32_t pid)
{
	char path[64], theirs[64], ours[64];
	ssize_t their_len, our_len;

	(void)snprintf(path, sizeof(path), "%u/ns/pid", pid);
	their_len = process_files__read_link(path, theirs, sizeof(theirs));
	our_len = readlink("/proc/self/ns/pid", ours, sizeof(ours));
	return their_len > 0 && their_len == our_len && memcmp(theirs, ours, our_len) == 0;
}

/* The tid in our namespace of a tid in the process's own; 0: there is no such thread. */
static uint32_t global_tid(uint32_t pid, uint32_t own)
{
	char path[64];
	struct dirent *entry;
	uint32_t found = 0;
	DIR *dir;

	(void)snprintf(path, sizeof(path), "/proc/%u/task", pid);
	dir = opendir(path);
	if (!dir)
		return 0;
	while (!found && (entry = readdir(dir))) {
		uint32_t tid = strtoul(entry->d_name, NULL, 10);
		struct proc_thread thread;

		if (tid && proc_thread__read(pid, tid, &thread) == 0 && thread.ns_tid == own)
			found = tid;
	}
	(void)closedir(dir);
	return found;
}

/* Takes over rates. */
static int add_source(struct attached_process *attached, const struct source *source,
		      const struct ttlog_batch *head, struct wire_batch *rates)
{
	size_t head_cap = attached->source_cap, cap = attached->source_cap;
	size_t rates_cap = attached->source_cap;

	if (array__reserve(attached->heads, attached->source_cnt + 1, &head_cap) ||
	    array__reserve(attached->rates, attached->source_cnt + 1, &rates_cap) ||
	    array__reserve(attached->sources, attached->source_cnt + 1, &cap)) {
		free(rates);
		return -ENOMEM;
	}
	attached->source_cap = cap;
	attached->rates[attached->source_cnt] = rates;
	attached->sources[attached->source_cnt] = *source;
	attached->heads[attached->source_cnt++] = *head;
	return 0;
}

void attached_process__add_anchor(struct attached_process *attached, const struct anchor *anchor)
{
	if (!array__reserve(attached->anchors, attached->anchor_cnt + 1, &attached->anchor_cap))
		attached->anchors[attached->anchor_cnt++] = *anchor;
}

static void add_shared(struct attached_process *attached, const struct anchor *anchor)
{
	if (!array__reserve(attached->shared, attached->shared_cnt + 1, &attached->shared_cap))
		attached->shared[attached->shared_cnt++] = *anchor;
}

/* A batch, or what has its head. NULL: it could not be read. */
static struct wire_batch *read_batch(uint32_t pid, uint64_t address)
{
	struct wire_batch *buffer = malloc(PULL_BUFFER_BYTES), *batch;

	if (buffer && pull__batch((pid_t)pid, address, buffer, NULL)) {
		free(buffer);
		return NULL;
	}
	batch = buffer ? realloc(buffer, buffer->head.bytes) : NULL;
	return batch ? batch : buffer;
}

static bool is_same(const struct wire_batch *a, const struct wire_batch *b)
{
	return a && b && a->head.bytes == b->head.bytes &&
	       memcmp(a + 1, b + 1, a->head.bytes - sizeof(*a)) == 0;
}

/* The batch's total, and what no event has said yet, of one moment: if another collector records
 * the process, its thread goes on meanwhile. */
static void read_left_out(uint32_t pid, struct source *source, struct ttlog_batch *head,
			  struct wire_batch **ret_rates)
{
	struct wire_batch *before = NULL, *rates = NULL;
	struct ttlog_side_total total = { 0 };

	for (int i = 0; i < TRIES && (!i || !is_same(before, rates)); i++) {
		struct wire_batch *batch = read_batch(pid, source->address);
		const bool has_total =
			batch &&
			side_record__total(batch + 1, (uint32_t)batch->batch.committed, &total);

		if (has_total)
			*head = batch->batch;
		free(batch);
		free(before);
		before = rates;
		rates = has_total ? read_batch(pid, source->address + total.rates_bytes) : NULL;
		if (!rates)
			break;
	}
	free(before);
	source->suppressed = total.total;
	*ret_rates = rates;
}

int attached_process__add_batches(struct attached_process *attached, const struct anchor *anchor)
{
	bool same = shares_namespace(attached->pid);
	const uint64_t end_ns = clock__now_mono_ns() + LIST_MAX_NS;
	struct ttlog_module own;
	struct ttlog_batch head;
	struct wire_batch *rates;
	uint64_t address, seen = 0;
	int err = pull__memory(attached->pid, anchor->address, &own, sizeof(own), NULL);

	if (!err && own.listening)
		add_shared(attached, anchor);
	address = own.batches;
	for (uint32_t i = 1; !err && address; i++) {
		struct source source = {
			.address = address,
			.module = anchor->module,
			.exec = SOURCE_ANY_EXEC,
		};

		/* Brent 1980: a loop comes back to an address that was kept at a power of two */
		if (address == seen)
			return -ELOOP;
		if ((i & (i - 1)) == 0)
			seen = address;
		if (clock__now_mono_ns() > end_ns)
			return -ETIMEDOUT;
		err = pull__memory(attached->pid, address, &head, sizeof(head), NULL);
		if (err || head.magic != TTLOG_BATCH_MAGIC)
			break;
		rates = NULL;
		if (head.flags & TTLOG_BATCH_SIDE)
			read_left_out(attached->pid, &source, &head, &rates);
		source.tid = same || !head.tid ? head.tid : global_tid(attached->pid, head.tid);
		err = add_source(attached, &source, &head, rates);
		address = head.next;
	}
	return err;
}

struct attached_process *attached_process__new_second(struct attached_process *first)
{
	struct attached_process *second = first->shared_cnt ? attached_process__new(first->pid)
							    : NULL;

	if (!second)
		return NULL;
	second->look = ATTACH_LOOK_BATCHES;
	second->anchors = first->shared;
	second->anchor_cnt = first->shared_cnt;
	first->shared = NULL;
	first->shared_cnt = first->shared_cap = 0;
	first->joins = true;
	return second;
}

void attached_process__look_again(struct attached_process *second)
{
	for (size_t i = 0; i < second->anchor_cnt; i++)
		(void)attached_process__add_batches(second, &second->anchors[i]);
}
