/* SPDX-License-Identifier: MIT */
/*
 * A module has one link: to the control probe, and to all gates. When we are killed the kernel
 * takes back the semaphores of a link at once, but lets the next one wait for a grace period, which
 * takes some 0.5 s on a busy machine. A program records while both the site's gate and `listening`
 * are on, so it does not matter which of them comes first. When we end in peace the gates go before
 * the control probe does, which another link holds meanwhile.
 */
#include <errno.h>
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "arrival.h"
#include "attach.h"
#include "kernel.h"
#include "linkers.h"
#include "maps.h"
#include "module.h"
#include "plain_file.h"
#include "select.h"
#include "site.h"
#include "task.h"

struct links {
	pid_t pid;                   /* 0: all */
	struct kernel_link *all;     /* control probe and gates */
	struct kernel_link *control; /* alone, once the gates are closed */
	struct links *next;
};

struct attach {
	struct attach_options options;
	pthread_mutex_t turn; /* one attaches at a time; taken before `lock` */
	pthread_mutex_t lock; /* what follows; the drain thread takes it */
	struct modules modules;
	struct linkers linkers;
};

struct attach *attach__new(const struct attach_options *options)
{
	struct attach *attach = calloc(1, sizeof(*attach));

	if (!attach)
		return NULL;
	attach->options = *options;
	pthread_mutex_init(&attach->turn, NULL);
	pthread_mutex_init(&attach->lock, NULL);
	return attach;
}

/* Links on their way out, to be closed together. */
struct leaving {
	struct kernel_link **links;
	size_t cnt, cap;
};

static void leave(struct leaving *leaving, struct kernel_link **link)
{
	size_t cap = leaving->cap ? leaving->cap * 2 : 64;
	struct kernel_link **links = leaving->links;

	if (*link && leaving->cnt == leaving->cap) {
		links = reallocarray(links, cap, sizeof(struct kernel_link *));
		if (links) {
			leaving->links = links;
			leaving->cap = cap;
		}
	}
	if (*link && links)
		leaving->links[leaving->cnt++] = *link;
	else
		kernel_link__free(*link);
	*link = NULL;
}

static void close_leaving(struct leaving *leaving)
{
	kernel_link__free_all(leaving->links, leaving->cnt);
	free(leaving->links);
	*leaving = (struct leaving){ 0 };
}

static void free_links(struct links *links, struct leaving *leaving)
{
	while (links) {
		struct links *next = links->next;

		leave(leaving, &links->all);
		leave(leaving, &links->control);
		free(links);
		links = next;
	}
}

static void leave_linker(void *ctx, struct kernel_link **link)
{
	leave(ctx, link);
}

void attach__free(struct attach *attach)
{
	struct leaving leaving = { 0 };

	if (!attach)
		return;
	for (uint32_t i = 1; i < attach->modules.end; i++)
		free_links(attach->modules.by_number[i]->links, &leaving);
	linkers__fini(&attach->linkers, leave_linker, &leaving);
	close_leaving(&leaving);
	modules__fini(&attach->modules);
	pthread_mutex_destroy(&attach->turn);
	pthread_mutex_destroy(&attach->lock);
	free(attach);
}

/* ---- links ---- */

static struct links *find_links(struct links *links, pid_t pid)
{
	while (links && links->pid != pid)
		links = links->next;
	return links;
}

/* Links serve one process or all. The kernel knows a process by its first thread's memory: where that
 * is gone, for main called pthread_exit(), sites are enabled wherever their file runs. What is not
 * to be recorded is told apart by the BPF program all the same. */
static pid_t filter_of(const struct attach *attach, pid_t pid)
{
	return attach->options.for_all || !task__has_memory((uint32_t)pid) ? 0 : pid;
}

/* Those that serve the process: its own, from before its main ended too, or those for all. */
static struct links *links_of(struct links *links, pid_t pid)
{
	struct links *own = find_links(links, pid);

	return own ? own : find_links(links, 0);
}

static struct kernel_link *link_one(struct attach *attach, enum kernel_program program,
				    const char *path, unsigned long offset, unsigned long semaphore,
				    uint32_t cookie, pid_t pid)
{
	const struct kernel_places places = {
		.path = path,
		.offsets = &offset,
		.semaphores = semaphore ? &semaphore : NULL,
		.cnt = 1,
	};

	return kernel__link(attach->options.kernel, program, &places, cookie, pid);
}

/* Where the kernel is to look at, with what it is to raise, for all that is enabled in a module. */
static void choose_places(const struct attach *attach, const struct site_table *table,
			  unsigned long *offsets, unsigned long *semaphores, size_t *ret_cnt)
{
	size_t cnt = 0;

	offsets[cnt] = table->control_offset;
	semaphores[cnt++] = table->listening_offset;
	if (attach->options.immediate) {
		offsets[cnt] = table->immediate_gate_offset;
		semaphores[cnt++] = table->immediate_offset;
	}
	for (size_t i = 0; i < table->cnt; i++) {
		const struct site *site = &table->sites[i];

		if (!selection__matches(attach->options.selection, site))
			continue;
		offsets[cnt] = site->gate_offset;
		semaphores[cnt++] = site->semaphore_offset;
	}
	*ret_cnt = cnt;
}

/* The program at the gates is never run. */
static struct kernel_link *link_all(struct attach *attach, uint32_t number, const char *path,
				    pid_t pid)
{
	const struct module *module = attach->modules.by_number[number];
	size_t max = module->enabled_cnt + 2, cnt;
	unsigned long *offsets = calloc(2 * max, sizeof(*offsets));
	struct kernel_link *link;
	int err;

	if (!offsets)
		return NULL;
	choose_places(attach, module->table, offsets, offsets + max, &cnt);
	link = kernel__link(
		attach->options.kernel, KERNEL_CONTROL,
		&(struct kernel_places){
			.path = path, .offsets = offsets, .semaphores = offsets + max, .cnt = cnt },
		number, pid);
	err = errno;
	free(offsets);
	errno = err;
	return link;
}

static int link_module(struct attach *attach, uint32_t number, const char *path, pid_t pid)
{
	struct module *module = attach->modules.by_number[number];
	struct links *links;

	if (find_links(module->links, pid))
		return 0;
	links = calloc(1, sizeof(*links));
	if (!links)
		return -ENOMEM;
	links->pid = pid;
	links->all = link_all(attach, number, path, pid);
	if (!links->all) {
		int err = -errno;

		free(links);
		return err;
	}
	links->next = module->links;
	module->links = links;
	return 0;
}

/* The same place and semaphore as in the link that goes, so that the kernel leaves both alone. */
static void keep_control(struct attach *attach, uint32_t number, struct links *links)
{
	const struct module *module = attach->modules.by_number[number];
	char path[32];

	if (links->control || module->fd < 0)
		return;
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", module->fd);
	links->control = link_one(attach, KERNEL_CONTROL, path, module->table->control_offset,
				  module->table->listening_offset, number, links->pid);
}

void attach__close_gates(struct attach *attach)
{
	struct leaving leaving = { 0 };

	pthread_mutex_lock(&attach->lock);
	for (uint32_t i = 1; i < attach->modules.end; i++) {
		for (struct links *links = attach->modules.by_number[i]->links; links;
		     links = links->next) {
			keep_control(attach, i, links);
			leave(&leaving, &links->all);
		}
	}
	close_leaving(&leaving);
	pthread_mutex_unlock(&attach->lock);
}

/* ---- processes ---- */

/* The address of the mapping of a file's first byte that goes with this one. */
static uint64_t find_base(const struct maps *maps, const struct maps_entry *entry)
{
	uint64_t base = 0;

	for (size_t i = 0; i < maps->cnt && maps->entries[i].start <= entry->start; i++) {
		const struct maps_entry *other = &maps->entries[i];

		if (other->inode == entry->inode && other->dev == entry->dev && other->offset == 0)
			base = other->start;
	}
	return base;
}

/* Returns the number where it has sites, 0 where it has none. */
static uint32_t take_module(struct attach *attach, uint32_t number, uint64_t base,
			    struct arrival *arrival, struct attach_result *ret)
{
	const struct module *module = attach->modules.by_number[number];
	const struct site_table *table = module->table;

	ret->malformed_cnt += table ? table->malformed_cnt : 0;
	if (!table || !table->has_module)
		return 0;
	if (base) {
		const struct process_anchor anchor = {
			.address = base - table->load_vaddr + table->module_vaddr,
			.module = number,
		};

		arrival__add_anchor(arrival, &anchor);
		if (!links_of(module->links, arrival->pid))
			(void)arrival__add_batches(arrival, &anchor);
	}
	return number;
}

/* The numbers of the modules with sites among a process's files, each with a path for the
 * kernel. */
struct found {
	size_t cnt;
	struct {
		uint32_t number;
		int fd;
		char kernel_path[MAPS_PATH_BYTES];
	} modules[64];
};

static bool is_found(const struct found *found, uint32_t number)
{
	for (size_t i = 0; i < found->cnt; i++) {
		if (found->modules[i].number == number)
			return true;
	}
	return false;
}

static void note_failed(struct attach_result *ret, const char *path, bool unread)
{
	if (ret->failed_path[0])
		return;
	(void)snprintf(ret->failed_path, sizeof(ret->failed_path), "%s", path);
	ret->unread = unread;
}

/*
 * The number of the module that an entry is of, or -errno. ret_file->fd is -1 where the file was
 * not opened: then there is nothing to link.
 */
static int64_t find_module(struct attach *attach, pid_t pid, const struct maps_entry *entry,
			   struct mapped_file *ret_file)
{
	uint32_t kept = modules__find_kept(&attach->modules, entry);
	const struct module *module = kept ? attach->modules.by_number[kept] : NULL;
	struct mapped_file file = { .fd = -1, .path = entry->path, .entry = entry };

	*ret_file = file;
	if (module && (!module->table->has_module || links_of(module->links, pid)))
		return kept;
	file.fd = maps__open(pid, entry, file.kernel_path);
	if (file.fd < 0)
		return file.fd;
	*ret_file = file;
	return modules__find(&attach->modules, &file, attach->options.selection,
			     attach->options.journal);
}

static void close_file(int fd)
{
	if (fd >= 0)
		(void)close(fd);
}

static bool looks_for_leaks(struct attach *attach, int64_t number, int fd)
{
	struct module *module = attach->modules.by_number[number];

	return attach->options.traces && module__looks_for_leaks(module, fd >= 0 ? fd : module->fd);
}

static int find_modules(struct attach *attach, const struct maps *maps, struct arrival *arrival,
			struct found *found, struct attach_result *ret)
{
	int first_err = 0;

	for (size_t i = 0; i < maps->cnt; i++) {
		const struct maps_entry *entry = &maps->entries[i];
		struct mapped_file file;
		int64_t number;

		if (!entry->executable || !entry->inode || entry->path[0] != '/')
			continue;
		number = find_module(attach, arrival->pid, entry, &file);
		if (number < 0) {
			note_failed(ret, entry->path, true);
			first_err = first_err ? first_err : (int)number;
		} else {
			ret->looks_for_leaks |= looks_for_leaks(attach, number, file.fd);
			number = take_module(attach, number, find_base(maps, entry), arrival, ret);
		}
		if (number <= 0 || is_found(found, number) || found->cnt == 64) {
			close_file(file.fd);
			continue;
		}
		found->modules[found->cnt].number = number;
		found->modules[found->cnt].fd = file.fd;
		memcpy(found->modules[found->cnt++].kernel_path, file.kernel_path,
		       sizeof(file.kernel_path));
	}
	return first_err;
}

static int link_found(struct attach *attach, pid_t pid, struct found *found,
		      struct attach_result *ret)
{
	int first_err = 0;

	for (size_t i = 0; i < found->cnt; i++) {
		const struct module *module = attach->modules.by_number[found->modules[i].number];
		int err = 0;

		if (!links_of(module->links, pid))
			err = link_module(attach, found->modules[i].number,
					  found->modules[i].kernel_path, filter_of(attach, pid));
		ret->marked_cnt += module->table->cnt;
		if (err) {
			note_failed(ret, module->path, false);
			first_err = first_err ? first_err : err;
			continue;
		}
		ret->module_cnt++;
		ret->site_cnt += module->enabled_cnt;
	}
	return first_err;
}

static bool has_unlinked(struct attach *attach, pid_t pid, const struct found *found)
{
	for (size_t i = 0; i < found->cnt; i++) {
		uint32_t number = found->modules[i].number;

		if (!links_of(attach->modules.by_number[number]->links, pid))
			return true;
	}
	return false;
}

static void close_found(struct found *found)
{
	for (size_t i = 0; i < found->cnt; i++)
		close_file(found->modules[i].fd);
}

struct attaching {
	pid_t pid;
	bool has_linked; /* all of its libraries are there */
	attach_before_fn before;
	void *ctx;
};

/* Takes ownership of both. */
static int attach_found(struct attach *attach, const struct attaching *what, struct maps *maps,
			struct arrival *arrival, struct attach_result *ret)
{
	struct found found = { 0 };
	struct linker linker;
	bool hooked;
	int err, link_err;

	pthread_mutex_lock(&attach->lock);
	arrival->maps = maps;
	err = find_modules(attach, maps, arrival, &found, ret);
	if (!what->has_linked && !has_unlinked(attach, what->pid, &found)) {
		pthread_mutex_unlock(&attach->lock);
		close_found(&found);
		arrival__free(arrival);
		return err;
	}
	/* before the sites: what was opened last the kernel closes first, when we are killed */
	if (what->has_linked)
		(void)linkers__find(&attach->linkers, attach->options.kernel,
				    filter_of(attach, what->pid), what->pid, maps, &linker,
				    &hooked);
	/* it waits for the drain thread */
	pthread_mutex_unlock(&attach->lock);
	what->before(what->ctx, arrival);
	pthread_mutex_lock(&attach->lock);
	link_err = link_found(attach, what->pid, &found, ret);
	pthread_mutex_unlock(&attach->lock);
	close_found(&found);
	return err ? err : link_err;
}

static int attach_process(struct attach *attach, const struct attaching *what,
			  struct attach_result *ret)
{
	struct arrival *arrival = arrival__new(what->pid);
	struct maps *maps;
	int err;

	*ret = (struct attach_result){ 0 };
	if (!arrival)
		return -ENOMEM;
	pthread_mutex_lock(&attach->turn);
	maps = maps__read(what->pid);
	/* one that is no more than a number, until its parent has heard of its end, has none */
	if (!maps || !maps->cnt) {
		err = maps || errno == ENOENT ? -ESRCH : -errno;
		maps__free(maps);
		arrival__free(arrival);
	} else {
		err = attach_found(attach, what, maps, arrival, ret);
	}
	pthread_mutex_unlock(&attach->turn);
	return err;
}

int attach__process(struct attach *attach, pid_t pid, attach_before_fn before, void *ctx,
		    struct attach_result *ret)
{
	const struct attaching what = {
		.pid = pid,
		.has_linked = true,
		.before = before,
		.ctx = ctx,
	};

	return attach_process(attach, &what, ret);
}

int attach__starting(struct attach *attach, pid_t pid, attach_before_fn before, void *ctx,
		     struct attach_result *ret)
{
	const struct attaching what = { .pid = pid, .before = before, .ctx = ctx };

	return attach_process(attach, &what, ret);
}

/* ---- programs that are being linked ---- */

int attach__begin_linking(struct attach *attach, pid_t pid, struct linker *ret_linker,
			  bool *ret_stops)
{
	struct maps *maps = maps__read(pid);
	struct linker linker;
	bool hooked = false;
	int err;

	if (!maps)
		return -errno;
	pthread_mutex_lock(&attach->lock);
	err = linkers__find(&attach->linkers, attach->options.kernel, filter_of(attach, pid), pid,
			    maps, &linker, &hooked);
	pthread_mutex_unlock(&attach->lock);
	maps__free(maps);
	if (err)
		return err;
	*ret_linker = linker;
	*ret_stops = hooked && linker__is_probed(&linker, pid) &&
		     !kernel__begin_linking(attach->options.kernel, pid, linker.debug);
	return 0;
}

/* musl's linker tells only when all is done. */
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

/* ---- files ---- */

/* Opens what the process maps and was not seen before; locked. */
static void keep_files(struct attach *attach, pid_t pid, const struct maps *maps)
{
	for (size_t i = 0; i < maps->cnt; i++) {
		const struct maps_entry *entry = &maps->entries[i];
		struct mapped_file file = { .path = entry->path, .entry = entry };

		if (!entry->executable || !entry->inode || entry->path[0] != '/' ||
		    modules__find_mapped(&attach->modules, entry->dev, entry->inode))
			continue;
		file.fd = maps__open(pid, entry, file.kernel_path);
		if (file.fd < 0)
			continue;
		(void)modules__find(&attach->modules, &file, attach->options.selection,
				    attach->options.journal);
		(void)close(file.fd);
	}
}

/* One file with sites, and who is told of the processes that have it mapped. */
struct visit {
	struct attach *attach;
	struct stat file;
	uint32_t number;
	const struct site_table *table;
	attach_before_fn before;
	void *ctx;
};

/* On some file systems maps has other numbers than stat(2), and these may be another file's. */
static bool is_visited(const struct visit *visit, pid_t pid, const struct maps_entry *entry)
{
	struct stat file;
	bool same = true;
	int fd;

	if (!entry->executable || entry->inode != visit->file.st_ino)
		return false;
	fd = maps__open(pid, entry, NULL);
	if (fd < 0)
		return true;
	if (fstat(fd, &file) == 0)
		same = file.st_dev == visit->file.st_dev && file.st_ino == visit->file.st_ino;
	(void)close(fd);
	return same;
}

/* Where a process has the file mapped: its arrival, with what it had in its batches. */
static void visit_process(const struct visit *visit, pid_t pid)
{
	struct maps *maps = maps__read(pid);
	struct arrival *arrival;

	for (size_t i = 0; maps && i < maps->cnt; i++) {
		const struct maps_entry *entry = &maps->entries[i];
		struct process_anchor anchor = { .module = visit->number };
		uint64_t base;

		if (!is_visited(visit, pid, entry))
			continue;
		base = find_base(maps, entry);
		arrival = base ? arrival__new(pid) : NULL;
		if (!arrival)
			break;
		anchor.address = base - visit->table->load_vaddr + visit->table->module_vaddr;
		arrival__add_anchor(arrival, &anchor);
		(void)arrival__add_batches(arrival, &anchor);
		arrival->maps = maps__read(pid);
		visit->before(visit->ctx, arrival);
		pthread_mutex_lock(&visit->attach->lock);
		keep_files(visit->attach, pid, maps);
		pthread_mutex_unlock(&visit->attach->lock);
		break;
	}
	maps__free(maps);
}

static void visit_processes(const struct visit *visit)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		pid_t pid = strtoul(entry->d_name, NULL, 10);

		if (pid > 0 && pid != getpid())
			visit_process(visit, pid);
	}
	if (dir)
		(void)closedir(dir);
}

/* The module's number where it has sites, or -errno. */
static int64_t find_with_sites(struct attach *attach, const struct mapped_file *file,
			       struct stat *ret_status, struct attach_result *ret)
{
	const struct site_table *table;
	int64_t number;

	if (fstat(file->fd, ret_status))
		return -errno;
	number = modules__find(&attach->modules, file, attach->options.selection,
			       attach->options.journal);
	if (number < 0)
		return number;
	table = attach->modules.by_number[number]->table;
	if (!table)
		return -ENOEXEC;
	ret->malformed_cnt = table->malformed_cnt;
	return table->has_module ? number : -ENOENT;
}

int attach__file(struct attach *attach, const char *path, attach_before_fn before, void *ctx,
		 struct attach_result *ret)
{
	struct visit visit = { .attach = attach, .before = before, .ctx = ctx };
	struct mapped_file file = { .path = path };
	int64_t number;
	int err = 0;

	*ret = (struct attach_result){ 0 };
	file.fd = plain_file__open(path);
	if (file.fd < 0)
		return file.fd == -ENODEV ? -ENOEXEC : file.fd;
	(void)snprintf(file.kernel_path, sizeof(file.kernel_path), "/proc/self/fd/%d", file.fd);
	pthread_mutex_lock(&attach->turn);
	pthread_mutex_lock(&attach->lock);
	number = find_with_sites(attach, &file, &visit.file, ret);
	if (number > 0 && !find_links(attach->modules.by_number[number]->links, 0)) {
		visit.number = number;
		visit.table = attach->modules.by_number[number]->table;
		pthread_mutex_unlock(&attach->lock);
		visit_processes(&visit);
		pthread_mutex_lock(&attach->lock);
		err = link_module(attach, number, file.kernel_path, 0);
		ret->marked_cnt = visit.table->cnt;
		if (err)
			note_failed(ret, path, false);
		else
			ret->module_cnt = 1;
		ret->site_cnt = err ? 0 : attach->modules.by_number[number]->enabled_cnt;
	}
	pthread_mutex_unlock(&attach->lock);
	pthread_mutex_unlock(&attach->turn);
	(void)close(file.fd);
	return number < 0 ? number : err;
}

/* ---- questions ---- */

void attach__keep_files(struct attach *attach, pid_t pid)
{
	struct maps *maps = maps__read(pid);

	if (!maps)
		return;
	pthread_mutex_lock(&attach->lock);
	keep_files(attach, pid, maps);
	pthread_mutex_unlock(&attach->lock);
	maps__free(maps);
}

int attach__find_build_id(struct attach *attach, dev_t dev, uint64_t inode, char ret_build_id[41])
{
	const struct module *module;
	int err = -ENOENT;

	pthread_mutex_lock(&attach->lock);
	module = inode ? modules__find_mapped(&attach->modules, dev, inode) : NULL;
	/* without a descriptor the file may be gone, and its number another's */
	if (module && module->fd >= 0) {
		memcpy(ret_build_id, module->table->build_id, sizeof(module->table->build_id));
		err = 0;
	}
	pthread_mutex_unlock(&attach->lock);
	return err;
}

static struct module *get(struct attach *attach, uint32_t number)
{
	struct module *module = NULL;

	pthread_mutex_lock(&attach->lock);
	if (number && number < attach->modules.end)
		module = attach->modules.by_number[number];
	pthread_mutex_unlock(&attach->lock);
	return module;
}

const struct site_table *attach__table(struct attach *attach, uint32_t module)
{
	const struct module *found = get(attach, module);

	return found ? found->table : NULL;
}

int attach__open(struct attach *attach, const char *build_id)
{
	int fd;

	pthread_mutex_lock(&attach->lock);
	fd = modules__open(&attach->modules, build_id);
	pthread_mutex_unlock(&attach->lock);
	return fd;
}

const char *attach__service(struct attach *attach, const char *build_id)
{
	const char *service;

	pthread_mutex_lock(&attach->lock);
	service = modules__service(&attach->modules, build_id);
	pthread_mutex_unlock(&attach->lock);
	return service;
}

uint32_t attach__end(struct attach *attach)
{
	uint32_t end;

	pthread_mutex_lock(&attach->lock);
	end = attach->modules.end;
	pthread_mutex_unlock(&attach->lock);
	return end;
}

size_t attach__enabled_cnt(struct attach *attach, uint32_t module)
{
	const struct module *found = get(attach, module);

	return found ? found->enabled_cnt : 0;
}
