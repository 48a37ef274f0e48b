/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "attach.h"
#include "catalogue.h"
#include "command_line.h"
#include "elf.h"
#include "foreign_list.h"
#include "foreign_probes.h"
#include "foreign_sites.h"
#include "inspect.h"
#include "site_list.h"
#include "maps.h"
#include "plain_file.h"
#include "report.h"
#include "site.h"

#define INSPECT_MAX_MODULES 256

/* Each file has two tables: of its own sites, and with foreign ones after these. */
struct inspection {
	const struct foreign_probes *probes;
	struct foreign_probes *own_probes; /* NULL: they are the caller's */
	struct list_module modules[INSPECT_MAX_MODULES];
	size_t module_cnt;
	struct site_table *tables[2 * INSPECT_MAX_MODULES];
	size_t table_cnt;
	struct foreign_list_file files[INSPECT_MAX_MODULES];
	size_t file_cnt;
	struct attach_result found;
};

/* All USDT probes, with the catalogue. NULL: stderr says why. */
static struct foreign_probes *choose_all(int *ret_status)
{
	char error[CATALOGUE_ERROR_BYTES] = "out of memory";
	struct foreign_probes *probes = foreign_probes__new();
	struct foreign_probe *probe =
		foreign_probe__parse(FOREIGN_USDT, "*:*", error, sizeof(error));
	int err = -ENOMEM;

	if (probes && probe) {
		err = foreign_probes__add(probes, probe);
		if (!err)
			err = catalogue__read(probes, error, sizeof(error));
	} else {
		foreign_probe__free(probe);
	}
	if (!err)
		return probes;
	fprintf(stderr, "ttlog-collect: %s\n", error);
	*ret_status = err == -EINVAL ? EXIT_USAGE : 1;
	foreign_probes__free(probes);
	return NULL;
}

/* 0, or the exit status. */
static int begin(struct inspection *all, const struct foreign_probes *chosen)
{
	int status = 0;

	*all = (struct inspection){ .probes = chosen };
	if (!chosen)
		all->probes = all->own_probes = choose_all(&status);
	return status;
}

static void end(struct inspection *all)
{
	for (size_t i = 0; i < all->table_cnt; i++)
		site_table__free(all->tables[i]);
	foreign_probes__free(all->own_probes);
}

/* Notes that this ttlog-collect does not understand may be of sites that would look foreign. */
static void add_foreign(struct inspection *all, int fd, const char *path)
{
	struct site_table *table = elf__read_sites(fd, NULL);
	size_t own_cnt;

	if (!table)
		return;
	all->tables[all->table_cnt++] = table;
	own_cnt = table->cnt;
	if ((table->malformed_cnt && !table->has_module) ||
	    foreign_sites__add(table, all->probes, fd, path, NULL) || table->cnt == own_cnt)
		return;
	all->files[all->file_cnt++] = (struct foreign_list_file){ path, table, own_cnt };
}

/* Takes ownership of the table. */
static void add_file(struct inspection *all, int fd, const char *path, struct site_table *table)
{
	all->tables[all->table_cnt++] = table;
	all->found.malformed_cnt += table->malformed_cnt;
	if (table->has_module)
		all->modules[all->module_cnt++] = (struct list_module){ path, table };
	add_foreign(all, fd, path);
}

static int print(const struct inspection *all, const char *subject, int found_err)
{
	size_t lines = 0;
	int err = 0;

	if (!all->module_cnt && !all->file_cnt) {
		report__unattached(subject, &all->found, found_err);
		return 1;
	}
	if (all->module_cnt)
		err = site_list__print(stdout, all->modules, all->module_cnt, &lines);
	if (!err && all->module_cnt && all->file_cnt)
		putchar('\n');
	if (!err)
		err = foreign_list__print(stdout, all->files, all->file_cnt, &lines);
	if (err)
		fprintf(stderr, "ttlog-collect: can't print the sites of %s: %s\n", subject,
			strerror(-err));
	return err ? 1 : 0;
}

int inspect__file(const char *path, const struct foreign_probes *chosen)
{
	int fd = plain_file__open(path), status, err;
	struct site_table *table;
	struct inspection all;

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
	status = begin(&all, chosen);
	if (status)
		site_table__free(table);
	else
		add_file(&all, fd, path, table);
	if (!status)
		status = print(&all, path, 0);
	end(&all);
	(void)close(fd);
	return status;
}

/* The files with sites among the mappings, each once. Returns the last error. */
static int add_process(struct inspection *all, pid_t pid, const struct maps *maps)
{
	ino_t last = 0;
	int err = 0;

	for (size_t i = 0; i < maps->cnt && all->table_cnt + 1 < 2 * INSPECT_MAX_MODULES; i++) {
		const struct maps_entry *entry = &maps->entries[i];
		struct site_table *table;
		int fd;

		if (!entry->executable || !entry->inode || entry->inode == last)
			continue;
		last = entry->inode;
		fd = maps__open(pid, entry);
		if (fd < 0) {
			/* a device file has no sites */
			if (fd != -ENODEV && !all->found.unread) {
				(void)snprintf(all->found.failed_path,
					       sizeof(all->found.failed_path), "%s", entry->path);
				all->found.unread = true;
				err = fd;
			}
			continue;
		}
		table = elf__read_sites(fd, basename(entry->path));
		if (table)
			add_file(all, fd, entry->path, table);
		(void)close(fd);
	}
	return err;
}

int inspect__process(pid_t pid, const struct foreign_probes *chosen)
{
	struct inspection all;
	char subject[32];
	struct maps *maps;
	int status, err;

	if (report__thread(pid))
		return 1;
	(void)snprintf(subject, sizeof(subject), "pid %d", (int)pid);
	maps = maps__read(pid);
	if (!maps) {
		fprintf(stderr, "ttlog-collect: can't read the mappings of %s: %s\n", subject,
			strerror(errno));
		return 1;
	}
	status = begin(&all, chosen);
	if (!status) {
		err = add_process(&all, pid, maps);
		/* a zombie, or a kernel thread */
		status = print(&all, subject, maps->cnt ? err : -ESRCH);
	}
	end(&all);
	maps__free(maps);
	return status;
}
