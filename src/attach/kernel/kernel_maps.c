/* SPDX-License-Identifier: MIT */
/*
 * What the BPF programs know of processes, threads and places: maps, which are read and written by
 * system calls.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "barrier.h"
#include "kernel_parts.h"
#include "start_time.h"
#include "wire.h"

/* BPF sets bits of that map, too. */
static void mark_recorded(struct kernel *kernel, pid_t pid, bool is_recorded)
{
	const uint64_t bit = UINT64_C(1) << (pid & 63);
	uint64_t *word;

	if (!kernel->recorded || pid < 0 || (uint32_t)pid / 64 >= WIRE_RECORDED_WORDS)
		return;
	word = &kernel->recorded[(uint32_t)pid / 64];
	if (is_recorded)
		(void)__atomic_fetch_or(word, bit, __ATOMIC_SEQ_CST);
	else
		(void)__atomic_fetch_and(word, ~bit, __ATOMIC_SEQ_CST);
}

/* Sets a value in a map with pids as keys. */
static int put_of(struct bpf_map *map, pid_t pid, const void *value, uint64_t flags)
{
	const uint32_t key = pid;

	return bpf_map_update_elem(bpf_map__fd(map), &key, value, flags) ? -errno : 0;
}

int kernel__track(struct kernel *kernel, pid_t pid)
{
	const struct ttlog_bpf__rodata *own = kernel->skel->rodata;
	/* with -e and --unit, a process is recorded because of its file */
	const struct wire_process fresh = { .has_file = own->track_all || own->tell_children };
	const int err = put_of(kernel->skel->maps.processes, pid, &fresh, BPF_NOEXIST);

	if (!err || err == -EEXIST)
		mark_recorded(kernel, pid, true);
	return err == -EEXIST ? 0 : err;
}

/* Whether entries of its threads may be left. They are removed when threads end, except those whose
 * tail could not be sent. To look for them means to walk the whole table. */
static bool may_have_threads(const struct wire_process *process)
{
	return process->lost_tails || !process->exits;
}

static void forget_threads(struct kernel *kernel, pid_t pid)
{
	int fd = bpf_map__fd(kernel->skel->maps.threads);
	uint64_t key, next, *from = NULL;

	while (bpf_map_get_next_key(fd, from, &next) == 0) {
		if (from && key >> 32 == (uint32_t)pid)
			(void)bpf_map_delete_elem(fd, &key);
		key = next;
		from = &key;
	}
	if (from && key >> 32 == (uint32_t)pid)
		(void)bpf_map_delete_elem(fd, &key);
}

void kernel__untrack(struct kernel *kernel, pid_t pid, uint64_t start_ns)
{
	struct wire_process now;
	uint32_t key = pid;
	int err = kernel__read_process(kernel, pid, start_ns, &now);

	if (err == -ESRCH)
		return;
	if (err || may_have_threads(&now))
		forget_threads(kernel, pid);
	(void)bpf_map_delete_elem(bpf_map__fd(kernel->skel->maps.processes), &key);
	(void)bpf_map_delete_elem(bpf_map__fd(kernel->skel->maps.consumed), &key);
	/* its threads, if there are any, look again whether it is recorded */
	barrier__add_relaxed(&kernel->skel->bss->forgotten_cnt, 1);
	mark_recorded(kernel, pid, false);
	/* a later process may have got its pid meanwhile */
	if (kernel->recorded && !kernel__read_process(kernel, pid, 0, &now))
		mark_recorded(kernel, pid, true);
}

int kernel__read_process(const struct kernel *kernel, pid_t pid, uint64_t start_ns,
			 struct wire_process *ret)
{
	uint32_t key = pid;

	if (bpf_map_lookup_elem(bpf_map__fd(kernel->skel->maps.processes), &key, ret))
		return -errno;
	return start_ns && ret->start_ns && start_ns != ret->start_ns ? -ESRCH : 0;
}

void kernel__each_left(const struct kernel *kernel, pid_t pid,
		       void (*each)(void *ctx, uint64_t address, uint32_t module, uint64_t events),
		       void *ctx)
{
	int fd = bpf_map__fd(kernel->skel->maps.threads);
	struct wire_thread_batches own;
	uint64_t key, *from = NULL;

	while (bpf_map_get_next_key(fd, from, &key) == 0) {
		from = &key;
		if (key >> 32 != (uint32_t)pid || bpf_map_lookup_elem(fd, &key, &own))
			continue;
		for (size_t i = 0; i < WIRE_MAX_MODULES; i++) {
			if (own.left[i])
				each(ctx, own.address[i], own.module[i],
				     own.left[i] & ~WIRE_LEFT_GONE);
		}
	}
}

/* From 0 on. If a process is deleted meanwhile, this may begin again. */
static bool next_process(const struct kernel *kernel, pid_t *pid)
{
	const int fd = bpf_map__fd(kernel->skel->maps.processes);

	return !bpf_map_get_next_key(fd, *pid ? pid : NULL, pid);
}

pid_t *kernel__list_processes(const struct kernel *kernel, size_t *ret_cnt)
{
	size_t cap = bpf_map__max_entries(kernel->skel->maps.processes), cnt = 0;
	pid_t *pids = calloc(cap, sizeof(*pids));
	pid_t pid = 0;

	while (pids && cnt < cap && next_process(kernel, &pid))
		pids[cnt++] = pid;
	*ret_cnt = cnt;
	return pids;
}

static bool lives(const struct kernel *kernel, pid_t pid)
{
	struct wire_process process;

	if (kernel__read_process(kernel, pid, 0, &process) || process.exits)
		return false;
	if (process.start_ns)
		return start_time__is(pid, process.start_ns);
	return kill(pid, 0) == 0 || errno != ESRCH;
}

/* Counted after they are in the map. */
static uint64_t tracked_cnt(const struct kernel *kernel)
{
	return barrier__load_acquire(&kernel->skel->bss->tracked_cnt);
}

size_t kernel__living_cnt(const struct kernel *kernel, size_t max)
{
	uint64_t before;
	size_t cnt;

	/* a child may begin at a place that was already passed, while its parent ends */
	do {
		pid_t pid = 0;

		before = tracked_cnt(kernel);
		cnt = 0;
		while (cnt < max && next_process(kernel, &pid))
			cnt += lives(kernel, pid);
	} while (!cnt && before != tracked_cnt(kernel));
	return cnt;
}

int kernel__set_consumed(struct kernel *kernel, pid_t pid, uint64_t bytes)
{
	return put_of(kernel->skel->maps.consumed, pid, &bytes, BPF_ANY);
}

/* The slot of that place, as BPF finds it. 0 or -errno. */
static int read_slot(const struct kernel *kernel, uint64_t cookie, struct wire_place_slot *ret)
{
	const uint32_t index = WIRE_PLACE_SLOT(cookie);

	return bpf_map_lookup_elem(bpf_map__fd(kernel->skel->maps.place_slots), &index, ret)
		       ? -errno
		       : 0;
}

static int write_slot(struct kernel *kernel, uint64_t cookie, const struct wire_place_slot *slot)
{
	const uint32_t index = WIRE_PLACE_SLOT(cookie);

	return bpf_map_update_elem(bpf_map__fd(kernel->skel->maps.place_slots), &index, slot,
				   BPF_ANY)
		       ? -errno
		       : 0;
}

int kernel__put_place(struct kernel *kernel, uint64_t cookie, const struct wire_place *plan)
{
	struct wire_place_slot slot, own = { cookie, *plan };
	struct wire_place *place = &own.place;

	place->text_cnt = 0;
	for (uint8_t i = 0; i < place->value_cnt; i++)
		place->text_cnt += place->values[i].text != WIRE_NO_TEXT;
	if (!read_slot(kernel, cookie, &slot) && (!slot.cookie || slot.cookie == cookie))
		return write_slot(kernel, cookie, &own);
	return bpf_map_update_elem(bpf_map__fd(kernel->skel->maps.places), &cookie, place, BPF_ANY)
		       ? -errno
		       : 0;
}

void kernel__remove_place(struct kernel *kernel, uint64_t cookie)
{
	static const struct wire_place_slot none;
	struct wire_place_slot slot;

	if (!read_slot(kernel, cookie, &slot) && slot.cookie == cookie)
		(void)write_slot(kernel, cookie, &none);
	(void)bpf_map_delete_elem(bpf_map__fd(kernel->skel->maps.places), &cookie);
}

int kernel__register_batch(struct kernel *kernel, pid_t pid, pid_t tid, uint64_t address,
			   uint32_t module)
{
	int fd = bpf_map__fd(kernel->skel->maps.threads);
	uint64_t key = (uint64_t)pid << 32 | (uint32_t)tid;
	struct wire_thread_batches own = { 0 };
	size_t i = 0;

	(void)bpf_map_lookup_elem(fd, &key, &own);
	while (i < WIRE_MAX_MODULES && own.address[i] && own.address[i] != address)
		i++;
	if (i == WIRE_MAX_MODULES)
		return -ENOSPC;
	own.address[i] = address;
	own.module[i] = module;
	return bpf_map_update_elem(fd, &key, &own, BPF_ANY) ? -errno : 0;
}

int kernel__begin_linking(struct kernel *kernel, pid_t pid, uint64_t debug)
{
	const struct wire_linking linking = { .debug = debug };

	return put_of(kernel->skel->maps.linking, pid, &linking, BPF_ANY);
}

bool kernel__has_linked(const struct kernel *kernel, pid_t pid)
{
	struct wire_linking linking;
	uint32_t key = pid;

	return !bpf_map_lookup_elem(bpf_map__fd(kernel->skel->maps.linking), &key, &linking) &&
	       linking.has_linked;
}

void kernel__end_linking(struct kernel *kernel, pid_t pid)
{
	uint32_t key = pid;

	(void)bpf_map_delete_elem(bpf_map__fd(kernel->skel->maps.linking), &key);
}

uint64_t kernel__untracked_cnt(const struct kernel *kernel)
{
	return kernel->skel->bss->untracked_cnt;
}
