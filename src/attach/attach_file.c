/* SPDX-License-Identifier: MIT */
/*
 * One file, for every process that runs or maps it.
 */
#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "attached_process.h"
#include "attach.h"
#include "attach_parts.h"
#include "maps.h"
#include "module.h"
#include "plain_file.h"
#include "site.h"
#include "source.h"

/* One file with sites, and the function to call for processes that have it mapped. */
struct visit {
	struct attach *attach;
	uint32_t number;
	const struct module *module;
	attach_before_fn before;
	void *ctx;
};

/* On some file systems, maps(5) has other numbers than stat(2), which may be those of another
 * file. */
static bool is_visited(const struct visit *visit, pid_t pid, const struct maps_entry *entry)
{
	const struct stat *own = &visit->module->status;
	struct stat file;
	bool same = true;
	int fd;

	if (!entry->executable || entry->inode != own->st_ino)
		return false;
	fd = maps__open(pid, entry, NULL);
	if (fd < 0)
		return true;
	if (fstat(fd, &file) == 0)
		same = file.st_dev == own->st_dev && file.st_ino == own->st_ino;
	(void)close(fd);
	return same;
}

/* Calls before() for a process that has the file mapped, with the batches that it had. */
static void visit_process(const struct visit *visit, pid_t pid)
{
	const struct site_table *table = visit->module->table;
	struct maps *maps = maps__read(pid);
	struct attached_process *attached;

	for (size_t i = 0; maps && i < maps->cnt; i++) {
		const struct maps_entry *entry = &maps->entries[i];
		struct anchor anchor = { .module = visit->number };
		uint64_t base;

		if (!is_visited(visit, pid, entry))
			continue;
		base = attach__find_base(maps, entry);
		attached = base ? attached_process__new(pid) : NULL;
		if (!attached)
			break;
		anchor.address = base - table->load_vaddr + table->module_vaddr;
		attached_process__add_anchor(attached, &anchor);
		(void)attached_process__add_batches(attached, &anchor);
		if (attach__hold(visit->attach, visit->number))
			attached_process__add_module(attached, visit->attach, visit->number);
		attached_process__look_up(attached, maps);
		visit->before(visit->ctx, attached);
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

/* The number of the module, held, if it has sites; else -errno. */
static int64_t find_with_sites(struct attach *attach, const struct mapped_file *file,
			       struct attach_result *ret)
{
	const struct site_table *table;
	int64_t number = attach__find_file(attach, file);
	uint32_t held;

	if (number < 0)
		return number;
	held = (uint32_t)number;
	table = attach__module(attach, held)->table;
	if (table)
		ret->malformed_cnt = table->malformed_cnt;
	if (!table)
		number = -ENOEXEC;
	else if (!table->has_module)
		number = -ENOENT;
	if (number < 0)
		attach__release(attach, &held, 1);
	return number;
}

/* Runs when it is its turn. */
static int link_for_all(const struct visit *visit, const struct mapped_file *file,
			struct attach_result *ret)
{
	const struct module *module = visit->module;
	int err;

	if (attach__is_linked(visit->attach, visit->number, 0))
		return 0;
	attach__warm(visit->attach, module, file->fd);
	visit_processes(visit);
	err = attach__link(visit->attach, visit->number, file->kernel_path, 0);
	ret->marked_cnt = module->table->cnt;
	if (err)
		attach_result__fail(ret, file->path, false);
	else
		ret->module_cnt = 1;
	ret->site_cnt = err ? 0 : module->enabled_cnt;
	if (!err && !ret->site_cnt)
		attach_result__offer(ret, module);
	return err;
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
	number = find_with_sites(attach, &file, ret);
	if (number > 0) {
		visit.number = (uint32_t)number;
		visit.module = attach__module(attach, visit.number);
		pthread_mutex_lock(&attach->turn);
		err = link_for_all(&visit, &file, ret);
		pthread_mutex_unlock(&attach->turn);
		/* else it stays held, even while no process has it mapped */
		if (err)
			attach__release(attach, &visit.number, 1);
	}
	(void)close(file.fd);
	return number < 0 ? (int)number : err;
}
