/* SPDX-License-Identifier: MIT */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "elf_file.h"
#include "library_cache.h"
#include "needed_files.h"
#include "process_files.h"

/* Of a file's dynamic section; more are not read. */
#define MAX_DYNAMIC       4096u
#define MAX_NEEDED        128u
#define DYNAMIC_MAX_BYTES 4096u

struct dynamic {
	char rpath[DYNAMIC_MAX_BYTES], runpath[DYNAMIC_MAX_BYTES];
	uint64_t needed[MAX_NEEDED]; /* in the string table */
	size_t needed_cnt;
	uint64_t names_offset, names_bytes;
};

struct walk {
	char *paths[NEEDED_MAX_FILES];
	struct {
		dev_t dev;
		ino_t inode;
	} ids[NEEDED_MAX_FILES];
	size_t cnt;
	struct library_cache *cache;
};

static void read_name(struct elf_file *file, const struct dynamic *dynamic, uint64_t at, char *ret,
		      size_t size)
{
	size_t len = 0;

	if (at < dynamic->names_bytes)
		for (; len + 1 < size && at + len < dynamic->names_bytes; len++)
			if (elf_file__read(file, dynamic->names_offset + at + len, ret + len, 1) ||
			    !ret[len])
				break;
	ret[len] = '\0';
}

static void read_dynamic(struct elf_file *file, struct dynamic *ret)
{
	ElfW(Shdr) section, names;
	uint64_t number = 0;
	ElfW(Dyn) entry;

	*ret = (struct dynamic){ 0 };
	if (elf_file__next_section(file, &number, SHT_DYNAMIC, NULL, &section) <= 0 ||
	    elf_file__section(file, section.sh_link, &names))
		return;
	ret->names_offset = names.sh_offset;
	ret->names_bytes = names.sh_size;
	for (uint64_t i = 0; i < section.sh_size / sizeof(entry) && i < MAX_DYNAMIC; i++) {
		if (elf_file__read(file, section.sh_offset + i * sizeof(entry), &entry,
				   sizeof(entry)) ||
		    entry.d_tag == DT_NULL)
			return;
		if (entry.d_tag == DT_RPATH)
			read_name(file, ret, entry.d_un.d_val, ret->rpath, sizeof(ret->rpath));
		else if (entry.d_tag == DT_RUNPATH)
			read_name(file, ret, entry.d_un.d_val, ret->runpath, sizeof(ret->runpath));
		else if (entry.d_tag == DT_NEEDED && ret->needed_cnt < MAX_NEEDED)
			ret->needed[ret->needed_cnt++] = entry.d_un.d_val;
	}
}

static int open_at(const char *path)
{
	const struct code_file file = { .place = CODE_AT_PATH, .path = path };

	return process_files__open_code(&file);
}

/* Adds a file that is not there yet. */
static bool add(struct walk *walk, const char *path)
{
	const int fd = open_at(path);
	struct stat status = { 0 };

	if (fd < 0)
		return false;
	(void)fstat(fd, &status);
	(void)close(fd);
	for (size_t i = 0; i < walk->cnt; i++)
		if (walk->ids[i].dev == status.st_dev && walk->ids[i].inode == status.st_ino)
			return true;
	if (walk->cnt == NEEDED_MAX_FILES)
		return true;
	walk->paths[walk->cnt] = strdup(path);
	if (!walk->paths[walk->cnt])
		return true;
	walk->ids[walk->cnt].dev = status.st_dev;
	walk->ids[walk->cnt++].inode = status.st_ino;
	return true;
}

/* "$ORIGIN/../lib" of a file. */
static void expand(char ret[PATH_MAX], const char *dir, int dir_len, const char *of,
		   const char *name)
{
	static const char *const words[] = { "$ORIGIN", "${ORIGIN}" };
	const char *slash = strrchr(of, '/');

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		const int len = (int)strlen(words[i]);

		if (dir_len < len || strncmp(dir, words[i], (size_t)len) != 0)
			continue;
		(void)snprintf(ret, PATH_MAX, "%.*s%.*s/%s", slash ? (int)(slash - of) : 1,
			       slash ? of : ".", dir_len - len, dir + len, name);
		return;
	}
	(void)snprintf(ret, PATH_MAX, "%.*s/%s", dir_len, dir, name);
}

static bool find_in(struct walk *walk, const char *dirs, const char *of, const char *name)
{
	char path[PATH_MAX];

	while (dirs && *dirs) {
		const size_t len = strcspn(dirs, ":;");

		if (len) {
			expand(path, dirs, (int)len, of, name);
			if (add(walk, path))
				return true;
		}
		dirs += len + (dirs[len] != '\0');
	}
	return false;
}

static void find_library(struct walk *walk, const struct dynamic *dynamic, const char *of,
			 const char *name)
{
	char path[PATH_MAX];

	if (strchr(name, '/')) {
		(void)add(walk, name);
		return;
	}
	if (!*dynamic->runpath && find_in(walk, dynamic->rpath, of, name))
		return;
	if (find_in(walk, getenv("LD_LIBRARY_PATH"), of, name) ||
	    find_in(walk, dynamic->runpath, of, name))
		return;
	if (library_cache__find(walk->cache, name, path) && add(walk, path))
		return;
	(void)find_in(walk, "/lib64:/usr/lib64:/lib:/usr/lib", of, name);
}

/* 0, or what visit returned. The file's own libraries follow in the list. */
static int visit_file(struct walk *walk, const char *path,
		      int (*visit)(int fd, const char *path, void *ctx), void *ctx)
{
	const int fd = open_at(path);
	struct elf_file *file;
	struct dynamic *dynamic;
	char name[NAME_MAX + 1];
	int err;

	if (fd < 0)
		return 0;
	err = visit(fd, path, ctx);
	file = elf_file__new(fd);
	dynamic = malloc(sizeof(*dynamic));
	if (!err && file && dynamic) {
		read_dynamic(file, dynamic);
		for (size_t i = 0; i < dynamic->needed_cnt; i++) {
			read_name(file, dynamic, dynamic->needed[i], name, sizeof(name));
			if (*name)
				find_library(walk, dynamic, path, name);
		}
	}
	free(dynamic);
	elf_file__free(file);
	(void)close(fd);
	return err;
}

int needed_files__each(const char *path, int (*visit)(int fd, const char *path, void *ctx),
		       void *ctx)
{
	struct walk walk = { 0 };
	const int fd = open_at(path);
	int err = 0;

	if (fd < 0)
		return fd == -ENODEV ? -ENOEXEC : fd;
	(void)close(fd);
	walk.cache = library_cache__new(LIBRARY_CACHE_PATH);
	(void)add(&walk, path);
	for (size_t i = 0; !err && i < walk.cnt; i++)
		err = visit_file(&walk, walk.paths[i], visit, ctx);
	for (size_t i = 0; i < walk.cnt; i++)
		free(walk.paths[i]);
	library_cache__free(walk.cache);
	return err;
}
