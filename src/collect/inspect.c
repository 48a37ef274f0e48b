/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "attach.h"
#include "elf.h"
#include "inspect.h"
#include "site_list.h"
#include "maps.h"
#include "plain_file.h"
#include "report.h"
#include "site.h"

#define INSPECT_MAX_MODULES 256

static int print(const char *subject, const struct list_module *modules, size_t cnt,
		 const struct attach_result *found, int found_err)
{
	size_t lines = 0;
	int err;

	if (!cnt) {
		report__unattached(subject, found, found_err);
		return 1;
	}
	err = site_list__print(stdout, modules, cnt, &lines);
	if (err)
		fprintf(stderr, "ttlog-collect: can't print the sites of %s: %s\n", subject,
			strerror(-err));
	return err ? 1 : 0;
}

int inspect__file(const char *path)
{
	struct list_module module = { .path = path };
	struct attach_result found = { 0 };
	struct site_table *table;
	int fd = plain_file__open(path);
	int status, err;

	table = fd < 0 ? NULL : elf__read_sites(fd, basename(path));
	if (!table) {
		err = fd < 0 ? -fd : errno;
		fprintf(stderr, "ttlog-collect: can't read %s: %s\n", path,
			err == ENOEXEC || err == ENODEV ? "not an ELF file of this machine"
							: strerror(err));
		if (fd >= 0)
			(void)close(fd);
		return 1;
	}
	module.table = table;
	found.malformed_cnt = table->malformed_cnt;
	status = print(path, &module, table->has_module ? 1 : 0, &found, 0);
	site_table__free(table);
	(void)close(fd);
	return status;
}

/* The tables of the files with sites among the mappings, each once. */
static size_t read_modules(pid_t pid, const struct maps *maps,
			   struct site_table *tables[INSPECT_MAX_MODULES],
			   struct list_module modules[INSPECT_MAX_MODULES],
			   struct attach_result *found, int *ret_err)
{
	ino_t last = 0;
	size_t cnt = 0;

	for (size_t i = 0; i < maps->cnt && cnt < INSPECT_MAX_MODULES; i++) {
		const struct maps_entry *entry = &maps->entries[i];
		int fd;

		if (!entry->executable || !entry->inode || entry->inode == last)
			continue;
		last = entry->inode;
		fd = maps__open(pid, entry);
		if (fd < 0) {
			/* a device file has no sites */
			if (fd != -ENODEV && !found->unread) {
				(void)snprintf(found->failed_path, sizeof(found->failed_path), "%s",
					       entry->path);
				found->unread = true;
				*ret_err = fd;
			}
			continue;
		}
		tables[cnt] = elf__read_sites(fd, basename(entry->path));
		(void)close(fd);
		found->malformed_cnt += tables[cnt] ? tables[cnt]->malformed_cnt : 0;
		if (!tables[cnt] || !tables[cnt]->has_module) {
			site_table__free(tables[cnt]);
			continue;
		}
		modules[cnt] = (struct list_module){ .path = entry->path, .table = tables[cnt] };
		cnt++;
	}
	return cnt;
}

int inspect__process(pid_t pid)
{
	struct site_table *tables[INSPECT_MAX_MODULES];
	struct list_module modules[INSPECT_MAX_MODULES];
	struct attach_result found = { 0 };
	int status, err = 0;
	char subject[32];
	struct maps *maps;
	size_t cnt;

	if (report__thread(pid))
		return 1;
	maps = maps__read(pid);
	(void)snprintf(subject, sizeof(subject), "pid %d", (int)pid);
	if (!maps) {
		fprintf(stderr, "ttlog-collect: can't read the mappings of %s: %s\n", subject,
			strerror(errno));
		return 1;
	}
	cnt = read_modules(pid, maps, tables, modules, &found, &err);
	/* a zombie, or a kernel thread */
	if (!maps->cnt)
		err = -ESRCH;
	status = print(subject, modules, cnt, &found, err);
	for (size_t i = 0; i < cnt; i++)
		site_table__free(tables[i]);
	maps__free(maps);
	return status;
}
