/* SPDX-License-Identifier: MIT */
/*
 * Files, for every process that runs or maps them.
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
#include "process_files.h"
#include "site.h"
#include "source.h"

/* Files with sites, and the function to call for processes that have some of them mapped. */
struct visit {
	struct attach *attach;
	const struct attach_file *files;
	size_t cnt;
	attach_before_fn before;
	void *ctx;
	struct attached_process *seconds; /* of processes that another collector records */
};

static const struct module *module_of(const struct visit *visit, const struct attach_file *file)
{
	return attach__module(visit->attach, file->number);
}

/* On some file systems, maps(5) has other numbers than stat(2), which may be those of another
 * file. */
static bool is_visited(const struct visit *visit, const struct attach_file *file, pid_t pid,
		       const struct maps_entry *entry)
{
	const struct stat *own = &module_of(visit, file)->status;
	struct stat status;
	bool same = true;
	int fd;

	if (!file->is_new || entry->inode != own->st_ino)
		return false;
	fd = maps__open(pid, entry);
	if (fd < 0)
		return true;
	if (fstat(fd, &status) == 0)
		same = status.st_dev == own->st_dev && status.st_ino == own->st_ino;
	(void)close(fd);
	return same;
}

static bool has_module(const struct attached_process *attached, uint32_t number)
{
	for (size_t i = 0; attached && i < attached->module_cnt; i++) {
		if (attached->modules[i] == number)
			return true;
	}
	return false;
}

/* Adds a file that the process has mapped to *attached, which is made at the first one. */
static void add_visited(const struct visit *visit, const struct attach_file *file, pid_t pid,
			uint64_t base, struct attached_process **attached)
{
	const struct site_table *table = module_of(visit, file)->table;
	const struct anchor anchor = {
		.module = file->number,
		.address = base - table->load_vaddr + table->module_vaddr,
	};

	if (!*attached)
		*attached = attached_process__new(pid);
	if (!*attached)
		return;
	(*attached)->has_sites = true;
	if (table->has_module) {
		attached_process__add_anchor(*attached, &anchor);
		(void)attached_process__add_batches(*attached, &anchor);
	}
	if (attach__hold(visit->attach, anchor.module))
		attached_process__add_module(*attached, visit->attach, anchor.module);
}

/* Calls before() for a process that has some of the files mapped, with the batches that it had. */
static void visit_process(struct visit *visit, pid_t pid)
{
	struct maps *maps = maps__read(pid);
	struct attached_process *attached = NULL, *second;

	for (size_t i = 0; maps && i < maps->cnt; i++) {
		const struct maps_entry *entry = &maps->entries[i];
		uint64_t base = entry->executable ? attach__find_base(maps, entry) : 0;

		for (size_t at = 0; base && at < visit->cnt; at++) {
			const struct attach_file *file = &visit->files[at];

			if (!has_module(attached, file->number) &&
			    is_visited(visit, file, pid, entry))
				add_visited(visit, file, pid, base, &attached);
		}
	}
	if (attached) {
		attached_process__look_up(attached, maps);
		second = attached_process__new_second(attached);
		if (second) {
			second->next = visit->seconds;
			visit->seconds = second;
		}
		visit->before(visit->ctx, attached);
	}
	maps__free(maps);
}

static void visit_processes(struct visit *visit)
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

static void look_again(const struct visit *visit)
{
	struct attached_process *second = visit->seconds, *next;

	for (; second; second = next) {
		next = second->next;
		attached_process__look_again(second);
		visit->before(visit->ctx, second);
	}
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
	else if (!site_table__has_sites(table))
		number = -ENOENT;
	if (number < 0)
		attach__release(attach, &held, 1);
	return number;
}

static void find_module(struct attach *attach, struct attach_file *file)
{
	const struct mapped_file mapped = { .fd = file->fd, .path = file->path };
	int64_t number = find_with_sites(attach, &mapped, &file->result);

	file->err = number < 0 ? (int)number : 0;
	file->number = number < 0 ? 0 : (uint32_t)number;
	if (file->number)
		attach__warm(attach, attach__module(attach, file->number), file->fd);
}

/* A file that is held but not new was linked before. */
static size_t choose_new(struct attach *attach, struct attach_file *files, size_t cnt)
{
	size_t new_cnt = 0;

	for (size_t i = 0; i < cnt; i++) {
		files[i].is_new = files[i].number && !attach__is_linked(attach, files[i].number, 0);
		new_cnt += files[i].is_new;
	}
	return new_cnt;
}

static void link_for_all(struct attach *attach, struct attach_file *file)
{
	const struct module *module = attach__module(attach, file->number);
	struct attach_result *ret = &file->result;

	/* the same file was given twice */
	if (attach__is_linked(attach, file->number, 0)) {
		file->is_new = false;
		return;
	}
	file->err = attach__link(attach, file->number, file->fd, 0, NULL);
	ret->marked_cnt = module->table->cnt;
	if (file->err)
		attach_result__fail(ret, file->path, false);
	else
		ret->module_cnt = 1;
	ret->site_cnt = file->err ? 0 : module->enabled_cnt;
	if (!file->err && !ret->site_cnt)
		attach_result__offer(ret, module);
}

void attach__files(struct attach *attach, struct attach_file *files, size_t cnt,
		   attach_before_fn before, void *ctx)
{
	struct visit visit = { attach, files, cnt, before, ctx, NULL };

	for (size_t i = 0; i < cnt; i++)
		find_module(attach, &files[i]);
	pthread_mutex_lock(&attach->turn);
	if (choose_new(attach, files, cnt))
		visit_processes(&visit);
	for (size_t i = 0; i < cnt; i++) {
		if (files[i].is_new)
			link_for_all(attach, &files[i]);
	}
	look_again(&visit);
	pthread_mutex_unlock(&attach->turn);
	for (size_t i = 0; i < cnt; i++) {
		/* else it stays held, even while no process has it mapped */
		if (files[i].number && (files[i].err || !files[i].is_new))
			attach__release(attach, &files[i].number, 1);
	}
}

int attach__file(struct attach *attach, const char *path, attach_before_fn before, void *ctx,
		 struct attach_result *ret)
{
	const struct code_file given = { .place = CODE_AT_PATH, .path = path };
	struct attach_file file = { .fd = process_files__open_code(&given), .path = path };

	*ret = (struct attach_result){ 0 };
	if (file.fd < 0)
		return file.fd == -ENODEV ? -ENOEXEC : file.fd;
	attach__files(attach, &file, 1, before, ctx);
	(void)close(file.fd);
	*ret = file.result;
	return file.err;
}
