/* SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arrival.h"
#include "attach.h"
#include "birth.h"
#include "clock.h"
#include "elf.h"
#include "maps.h"
#include "pull.h"
#include "source.h"
#include "task.h"

/* The list is the program's, maybe a loop, maybe longer than we care to wait for: ten thousand
 * batches take half a second. */
#define ARRIVAL_MAX_NS (2 * 1000000000ull)

/* Some 2,000 mappings, a millisecond or two. */
#define LAST_LOOK_BYTES ((size_t)192 << 10)

struct arrival *arrival__new(uint32_t pid)
{
	struct arrival *arrival = calloc(1, sizeof(*arrival));

	if (arrival)
		arrival->pid = pid;
	return arrival;
}

void arrival__free(struct arrival *arrival)
{
	if (!arrival)
		return;
	free(arrival->sources);
	free(arrival->heads);
	free(arrival->anchors);
	mappings__fini(&arrival->seen);
	if (arrival->module_cnt)
		attach__release(arrival->attach, arrival->modules, arrival->module_cnt);
	free(arrival->modules);
	free(arrival);
}

static void read_build_id(struct arrival *arrival)
{
	char link[32], exe[1];

	(void)snprintf(link, sizeof(link), "/proc/%u/exe", arrival->pid);
	if (readlink(link, exe, sizeof(exe)) < 0)
		(void)snprintf(link, sizeof(link), "/proc/%u/exe", task__living(arrival->pid));
	if (elf__open_build_id(link, arrival->build_id))
		arrival->build_id[0] = '\0';
}

void arrival__add_module(struct arrival *arrival, struct attach *attach, uint32_t module)
{
	size_t cap = arrival->module_cap ? arrival->module_cap * 2 : 16;
	uint32_t *modules;

	arrival->attach = attach;
	for (size_t i = 0; i < arrival->module_cnt; i++) {
		if (arrival->modules[i] == module) {
			attach__release(attach, &module, 1);
			return;
		}
	}
	if (arrival->module_cnt == arrival->module_cap) {
		modules = reallocarray(arrival->modules, cap, sizeof(*modules));
		if (!modules) {
			attach__release(attach, &module, 1);
			return;
		}
		arrival->modules = modules;
		arrival->module_cap = cap;
	}
	arrival->modules[arrival->module_cnt++] = module;
}

void arrival__look_up(struct arrival *arrival, const struct maps *maps)
{
	(void)mappings__take(&arrival->seen, maps);
	read_build_id(arrival);
}

/* Another one may have its number by now, or come to it. */
static bool is_it(const struct arrival *arrival)
{
	return !arrival->start_ns || birth__is((pid_t)arrival->pid, arrival->start_ns);
}

/* One that ends while it is read seems to have mapped less than it had. Its stack is the last of what
 * matters. */
static bool is_whole(const struct maps *maps, uint32_t pid)
{
	for (size_t i = maps->cnt; i-- > 0;) {
		if (!strcmp(maps->entries[i].path, "[stack]"))
			return true;
	}
	return maps->cnt && task__has_memory(task__living(pid));
}

static struct arrival *new_look(uint32_t pid, uint64_t start_ns, uint32_t look,
				const struct maps *maps)
{
	struct arrival *arrival = arrival__new(pid);

	if (!arrival)
		return NULL;
	arrival->look = look;
	arrival->start_ns = start_ns;
	if (maps && is_it(arrival) && is_whole(maps, pid))
		(void)mappings__take(&arrival->seen, maps);
	return arrival;
}

struct arrival *arrival__new_last_look(uint32_t pid, uint64_t start_ns)
{
	struct maps *maps = maps__read_at_most((pid_t)pid, LAST_LOOK_BYTES);
	struct arrival *arrival = maps ? new_look(pid, start_ns, ARRIVAL_LOOK_CRASH, maps) : NULL;

	maps__free(maps);
	if (arrival && arrival->seen.cnt)
		return arrival;
	arrival__free(arrival);
	return NULL;
}

struct arrival *arrival__new_look(uint32_t pid, uint64_t start_ns, uint32_t look)
{
	struct maps *maps = maps__read((pid_t)pid);
	struct arrival *arrival = new_look(pid, start_ns, look, maps);

	maps__free(maps);
	if (arrival && arrival->seen.cnt && look & ~ARRIVAL_LOOK_CRASH)
		read_build_id(arrival);
	if (arrival && !is_it(arrival))
		arrival->build_id[0] = '\0';
	return arrival;
}

static bool shares_namespace(uint32_t pid)
{
	char path[64], theirs[64], ours[64];
	ssize_t their_len, our_len;

	(void)snprintf(path, sizeof(path), "/proc/%u/ns/pid", pid);
	their_len = readlink(path, theirs, sizeof(theirs));
	our_len = readlink("/proc/self/ns/pid", ours, sizeof(ours));
	return their_len > 0 && their_len == our_len && memcmp(theirs, ours, our_len) == 0;
}

/* From a thread's own idea of its number to ours; 0 where there is no such thread. */
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
		struct task task;

		if (tid && task__read(pid, tid, &task) == 0 && task.ns_tid == own)
			found = tid;
	}
	(void)closedir(dir);
	return found;
}

static int add_source(struct arrival *arrival, const struct source *source,
		      const struct ttlog_batch *head)
{
	size_t cap = arrival->source_cap ? arrival->source_cap * 2 : 16;
	struct source *sources;
	struct ttlog_batch *heads;

	if (arrival->source_cnt == arrival->source_cap) {
		sources = reallocarray(arrival->sources, cap, sizeof(*sources));
		if (!sources)
			return -ENOMEM;
		arrival->sources = sources;
		heads = reallocarray(arrival->heads, cap, sizeof(*heads));
		if (!heads)
			return -ENOMEM;
		arrival->heads = heads;
		arrival->source_cap = cap;
	}
	arrival->sources[arrival->source_cnt] = *source;
	arrival->heads[arrival->source_cnt++] = *head;
	return 0;
}

void arrival__add_anchor(struct arrival *arrival, const struct anchor *anchor)
{
	size_t cap = arrival->anchor_cap ? arrival->anchor_cap * 2 : 16;
	struct anchor *anchors;

	if (arrival->anchor_cnt == arrival->anchor_cap) {
		anchors = reallocarray(arrival->anchors, cap, sizeof(*anchors));
		if (!anchors)
			return;
		arrival->anchors = anchors;
		arrival->anchor_cap = cap;
	}
	arrival->anchors[arrival->anchor_cnt++] = *anchor;
}

int arrival__add_batches(struct arrival *arrival, const struct anchor *anchor)
{
	bool same = shares_namespace(arrival->pid);
	const uint64_t end_ns = clock__now_mono_ns() + ARRIVAL_MAX_NS;
	struct ttlog_module own;
	struct ttlog_batch head;
	uint64_t address, seen = 0;
	int err = pull__memory(arrival->pid, anchor->address, &own, sizeof(own), NULL);

	address = own.batches;
	for (uint32_t i = 1; !err && address; i++) {
		struct source source = {
			.address = address,
			.module = anchor->module,
			.exec = SOURCE_ANY_EXEC,
		};

		/* Brent 1980: a loop comes back to where it was at some power of two */
		if (address == seen)
			return -ELOOP;
		if ((i & (i - 1)) == 0)
			seen = address;
		if (clock__now_mono_ns() > end_ns)
			return -ETIMEDOUT;
		err = pull__memory(arrival->pid, address, &head, sizeof(head), NULL);
		if (err || head.magic != TTLOG_BATCH_MAGIC)
			break;
		source.tid = same || !head.tid ? head.tid : global_tid(arrival->pid, head.tid);
		err = add_source(arrival, &source, &head);
		address = head.next;
	}
	return err;
}
