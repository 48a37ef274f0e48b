/* SPDX-License-Identifier: MIT */
#include <elf.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "build_id.h"
#include "debug_file.h"
#include "elf_file.h"
#include "process_files.h"

#define ROOT "/usr/lib/debug"

/* A descriptor, if it is a file with that build id; else -ENOENT. */
static int open_checked(const char *path, const char *wanted)
{
	const struct code_file file = { .place = CODE_AT_PATH, .path = path };
	int fd = process_files__open_code(&file);
	char build_id[41];

	if (fd < 0)
		return -ENOENT;
	if (!build_id__read(fd, build_id) && !strcmp(build_id, wanted))
		return fd;
	(void)close(fd);
	return -ENOENT;
}

/* The name in .gnu_debuglink. False: there is none. */
static bool read_link_name(int fd, char *ret, size_t size)
{
	struct elf_file *file = elf_file__new(fd);
	uint64_t number = 0;
	ElfW(Shdr) section;
	bool has_name = false;

	if (file &&
	    elf_file__next_section(file, &number, SHT_PROGBITS, ".gnu_debuglink", &section) == 1) {
		if (section.sh_size < size)
			size = section.sh_size;
		has_name = size > 1 && !elf_file__read(file, section.sh_offset, ret, size) &&
			   memchr(ret, 0, size) && ret[0] && !strchr(ret, '/');
	}
	elf_file__free(file);
	return has_name;
}

int debug_file__open(int fd, const char *path)
{
	static const char *const places[] = { "", "/.debug", ROOT };
	const char *slash = strrchr(path, '/');
	char build_id[41], name[256], at[PATH_MAX];
	int found;

	if (build_id__read(fd, build_id) || strlen(build_id) < 4)
		return -ENOENT;
	(void)snprintf(at, sizeof(at), ROOT "/.build-id/%.2s/%s.debug", build_id, build_id + 2);
	found = open_checked(at, build_id);
	if (found >= 0 || !slash || path[0] != '/' || !read_link_name(fd, name, sizeof(name)))
		return found;
	for (size_t i = 0; found < 0 && i < sizeof(places) / sizeof(*places); i++) {
		const bool is_root = places[i][0] == '/' && places[i][1] != '.';

		(void)snprintf(at, sizeof(at), "%s%.*s%s/%s", is_root ? places[i] : "",
			       (int)(slash - path), path, is_root ? "" : places[i], name);
		found = open_checked(at, build_id);
	}
	return found;
}
