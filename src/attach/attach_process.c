/* SPDX-License-Identifier: MIT */
/*
 * A process is attached to in two steps. First its files are found, which may take long. Then, in
 * turn, what no other thread may come between: the look at its batches, its accounts, its links.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "array.h"
#include "attach.h"
#include "attach_parts.h"
#include "attached_process.h"
#include "kernel.h"
#include "linkers.h"
#include "maps.h"
#include "module.h"
#include "site.h"
#include "source.h"
#include "wire.h"

/* The number, held; 0 for none. */
static uint32_t keep_file(struct attach *attach, pid_t pid, const struct maps_entry *entry)
{
	struct mapped_file file = { .path = entry->path, .entry = entry };
	int64_t number = attach__hold_mapped(attach, entry);

	if (number)
		return number;
	file.fd = maps__open(pid, entry);
	if (file.fd < 0)
		return 0;
	number = attach__find_file(attach, &file);
	(void)close(file.fd);
	return number > 0 ? number : 0;
}

void attach__keep_files(struct attach *attach, pid_t pid, struct attached_process *attached)
{
	struct maps *maps = maps__read(pid);

	for (size_t i = 0; maps && i < maps->cnt; i++) {
		const struct maps_entry *entry = &maps->entries[i];
		uint32_t number;

		if (!entry->executable || !entry->inode || entry->path[0] != '/')
			continue;
		number = keep_file(attach, pid, entry);
		if (number)
			attached_process__add_module(attached, attach, number);
	}
	maps__free(maps);
}

/* ---- processes ---- */

/* The modules with sites among a process's files, each with a path for the kernel. */
struct found_module {
	uint32_t number;
	uint64_t base; /* address of its mapping; 0: unknown */
	int fd;        /* -1: it has links already, and was not opened */
};

/* Starts with zeroes. */
struct found {
	struct found_module *modules;
	size_t cnt, cap;
};

static bool is_found(const struct found *found, uint32_t number)
{
	for (size_t i = 0; i < found->cnt; i++) {
		if (found->modules[i].number == number)
			return true;
	}
	return false;
}

static void close_file(int fd)
{
	if (fd >= 0)
		(void)close(fd);
}

struct attaching {
	pid_t pid;
	pid_t filter;                   /* attach__filter() of it */
	const struct site_filter *base; /* attach_options.filter_of() it; NULL: as all */
	bool has_linked;                /* all its libraries are mapped */
	attach_before_fn before;
	void *ctx;
};

/*
 * The number of an entry's module, held, or -errno. ret_file->fd is -1 if the file was not opened:
 * then there is nothing to link.
 */
static int64_t find_module(struct attach *attach, const struct attaching *what,
			   const struct maps_entry *entry, struct mapped_file *ret_file)
{
	uint32_t known = attach__hold_mapped(attach, entry);
	const struct module *module = known ? attach__module(attach, known) : NULL;

	*ret_file = (struct mapped_file){ .fd = -1, .path = entry->path, .entry = entry };
	if (module && module__is_unchanged(module) &&
	    (!site_table__has_sites(module->table) ||
	     attach__is_linked(attach, known, what->filter)))
		return known;
	if (known)
		attach__release(attach, &known, 1);
	ret_file->fd = maps__open(what->pid, entry);
	return ret_file->fd < 0 ? ret_file->fd : attach__find_file(attach, ret_file);
}

/* Two threads may do this at once; both find the same. */
static bool looks_for_leaks(struct attach *attach, struct module *module, int fd)
{
	enum module_leaks leaks;

	if (!attach->options.traces)
		return false;
	pthread_mutex_lock(&attach->lock);
	leaks = module->leaks;
	pthread_mutex_unlock(&attach->lock);
	if (leaks == MODULE_UNASKED) {
		leaks = module__look_for_leaks(module, fd);
		pthread_mutex_lock(&attach->lock);
		module->leaks = leaks;
		pthread_mutex_unlock(&attach->lock);
	}
	return leaks == MODULE_LEAKS;
}

/* Returns 1: the descriptor is kept, 0: it is not, or -ENOMEM. */
static int add_found(struct attach *attach, uint32_t number, const struct mapped_file *file,
		     uint64_t base, struct found *found)
{
	const struct module *module = attach__module(attach, number);
	struct found_module *own;

	if (!module->table || !site_table__has_sites(module->table) || is_found(found, number))
		return 0;
	if (array__reserve(found->modules, found->cnt + 1, &found->cap))
		return -ENOMEM;
	own = &found->modules[found->cnt++];
	if (file->fd >= 0)
		attach__warm(attach, module, file->fd);
	(void)attach__hold(attach, number);
	*own = (struct found_module){ .number = number, .base = base, .fd = file->fd };
	return 1;
}

static void fail_to_find(struct attach_result *ret, const struct maps_entry *entry, int err,
			 int *first_err)
{
	attach_result__fail(ret, entry->path, true);
	*first_err = *first_err ? *first_err : err;
}

static int find_modules(struct attach *attach, const struct attaching *what,
			const struct maps *maps, struct attached_process *attached,
			struct found *found, struct attach_result *ret)
{
	int first_err = 0, kept;

	for (size_t i = 0; i < maps->cnt; i++) {
		const struct maps_entry *entry = &maps->entries[i];
		struct mapped_file file;
		struct module *module;
		int64_t number;

		if (!entry->executable || !entry->inode || entry->path[0] != '/')
			continue;
		number = find_module(attach, what, entry, &file);
		if (number < 0) {
			fail_to_find(ret, entry, (int)number, &first_err);
			close_file(file.fd);
			continue;
		}
		module = attach__module(attach, number);
		ret->looks_for_leaks |= looks_for_leaks(attach, module, file.fd);
		ret->malformed_cnt += module->table ? module->table->malformed_cnt : 0;
		kept = add_found(attach, number, &file, attach__find_base(maps, entry), found);
		if (kept < 0)
			fail_to_find(ret, entry, kept, &first_err);
		if (kept <= 0)
			close_file(file.fd);
		attached_process__add_module(attached, attach, number);
	}
	return first_err;
}

/* Whether the kernel side records what it logs, if its sites are on. */
static bool is_tracked(const struct attach *attach, pid_t pid)
{
	struct wire_process process;

	return !kernel__read_process(attach->options.kernel, pid, 0, &process);
}

/*
 * Events that are in batches before a module is enabled are not ours. Of links for all, a module may
 * have been enabled before the process was recorded.
 */
static void add_anchors(struct attach *attach, const struct found *found,
			struct attached_process *attached)
{
	const bool is_new = attach__shares(attach) && !is_tracked(attach, (pid_t)attached->pid);

	for (size_t i = 0; i < found->cnt; i++) {
		const struct module *module = attach__module(attach, found->modules[i].number);
		const struct site_table *table = module->table;
		const struct anchor anchor = {
			.address = found->modules[i].base - table->load_vaddr + table->module_vaddr,
			.module = found->modules[i].number,
		};

		if (!found->modules[i].base || !table->has_module)
			continue;
		attached_process__add_anchor(attached, &anchor);
		if (is_new || !attach__is_linked(attach, anchor.module, attached->pid))
			(void)attached_process__add_batches(attached, &anchor);
	}
}

static int link_one(struct attach *attach, const struct attaching *what,
		    const struct found_module *own, struct attach_result *ret)
{
	bool was_linked = attach__is_linked(attach, own->number, what->pid);
	int err;

	/* it was linked when its file was looked at: it has ended since */
	if (own->fd < 0)
		return -ESRCH;
	err = attach__link(attach, own->number, own->fd, what->filter, what->base);
	if (!err && !was_linked && !ret->new_cnt++)
		(void)snprintf(ret->new_path, sizeof(ret->new_path), "%s",
			       attach__module(attach, own->number)->path);
	return err;
}

static int link_found(struct attach *attach, const struct attaching *what, struct found *found,
		      struct attach_result *ret)
{
	int first_err = 0;

	for (size_t i = 0; i < found->cnt; i++) {
		const uint32_t number = found->modules[i].number;
		const struct module *module = attach__module(attach, number);
		int err = 0;

		if (!attach__is_linked(attach, number, what->filter))
			err = link_one(attach, what, &found->modules[i], ret);
		ret->marked_cnt += module->table->cnt;
		if (err) {
			attach_result__fail(ret, module->path, false);
			first_err = first_err ? first_err : err;
			continue;
		}
		ret->module_cnt++;
		ret->site_cnt += attach__linked_cnt(attach, module, what->filter);
	}
	for (size_t i = 0; !ret->site_cnt && i < found->cnt; i++)
		attach_result__offer(ret, attach__module(attach, found->modules[i].number));
	return first_err;
}

static bool has_unlinked(struct attach *attach, pid_t filter, const struct found *found)
{
	for (size_t i = 0; i < found->cnt; i++) {
		if (!attach__is_linked(attach, found->modules[i].number, filter))
			return true;
	}
	return false;
}

static void close_found(struct attach *attach, struct found *found)
{
	for (size_t i = 0; i < found->cnt; i++) {
		close_file(found->modules[i].fd);
		attach__release(attach, &found->modules[i].number, 1);
	}
	free(found->modules);
}

/*
 * Takes ownership of attached. Links for one process work for the files that it had mapped, but not
 * for mappings that are made after its first thread has ended. Then links for all processes replace
 * them.
 */
static int attach_found(struct attach *attach, const struct attaching *what, struct found *found,
			struct attached_process *attached, struct attach_result *ret)
{
	struct attached_process *second;
	int err, track_err;

	pthread_mutex_lock(&attach->turn);
	attached->has_sites = found->cnt > 0;
	add_anchors(attach, found, attached);
	/* not earlier: its sites may be on */
	track_err = kernel__track(attach->options.kernel, what->pid);
	second = attached_process__new_second(attached);
	/* it waits for the drain thread */
	what->before(what->ctx, attached);
	err = link_found(attach, what, found, ret);
	if (second) {
		attached_process__look_again(second);
		what->before(what->ctx, second);
	}
	pthread_mutex_unlock(&attach->turn);
	if (!err && !what->filter)
		attach__unlink(attach, what->pid);
	if (!err && attach__shares(attach))
		attach__share(attach);
	return track_err ? track_err : err;
}

/* Takes ownership of both. */
static int attach_mapped(struct attach *attach, const struct attaching *what, struct maps *maps,
			 struct attached_process *attached, struct attach_result *ret)
{
	struct found found = { 0 };
	struct linker linker;
	bool hooked;
	int err, link_err = 0;

	attached_process__look_up(attached, maps);
	err = find_modules(attach, what, maps, attached, &found, ret);
	/* before the sites: when we are killed, the kernel first closes what was opened last */
	if (what->has_linked)
		(void)linkers__find(&attach->linkers, attach->options.kernel, what->filter,
				    what->pid, maps, &linker, &hooked);
	maps__free(maps);
	if (what->has_linked || has_unlinked(attach, what->filter, &found))
		link_err = attach_found(attach, what, &found, attached, ret);
	else
		attached_process__free(attached);
	close_found(attach, &found);
	return err ? err : link_err;
}

static int attach_process(struct attach *attach, pid_t pid, bool has_linked,
			  attach_before_fn before, void *ctx, struct attach_result *ret)
{
	const struct attach_options *options = &attach->options;
	const pid_t filter = attach__filter(attach, pid);
	const struct attaching what = {
		.pid = pid,
		.filter = filter,
		.base = filter && options->filter_of ? options->filter_of(options->filter_ctx, pid)
						     : NULL,
		.has_linked = has_linked,
		.before = before,
		.ctx = ctx,
	};
	struct attached_process *attached = attached_process__new(pid);
	struct maps *maps;
	int err;

	*ret = (struct attach_result){ 0 };
	if (!attached)
		return -ENOMEM;
	maps = maps__read(pid);
	/* a zombie has no mappings */
	if (maps && maps->cnt)
		return attach_mapped(attach, &what, maps, attached, ret);
	err = maps || errno == ENOENT ? -ESRCH : -errno;
	maps__free(maps);
	attached_process__free(attached);
	return err;
}

int attach__process(struct attach *attach, pid_t pid, attach_before_fn before, void *ctx,
		    struct attach_result *ret)
{
	return attach_process(attach, pid, true, before, ctx, ret);
}

int attach__starting(struct attach *attach, pid_t pid, attach_before_fn before, void *ctx,
		     struct attach_result *ret)
{
	return attach_process(attach, pid, false, before, ctx, ret);
}

/* ---- programs that are being linked ---- */

int attach__begin_linking(struct attach *attach, pid_t pid, struct linker *ret_linker,
			  bool *ret_stops)
{
	struct maps *maps = maps__read(pid);
	bool hooked;
	int err;

	if (!maps)
		return -errno;
	err = linkers__find(&attach->linkers, attach->options.kernel, attach__filter(attach, pid),
			    pid, maps, ret_linker, &hooked);
	maps__free(maps);
	if (!err)
		*ret_stops = hooked && linker__is_probed(ret_linker, pid) &&
			     !kernel__begin_linking(attach->options.kernel, pid, ret_linker->debug);
	return err;
}

/* musl's linker only reports when all is done. */
bool attach__has_linked(struct attach *attach, pid_t pid, struct linker *linker)
{
	if (linker->debug)
		return kernel__has_linked(attach->options.kernel, pid);
	return linker__is_ready(linker, pid);
}

void attach__end_linking(struct attach *attach, pid_t pid)
{
	kernel__end_linking(attach->options.kernel, pid);
}
