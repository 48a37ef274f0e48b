/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "attach.h"
#include "build_id.h"
#include "crash.h"
#include "crash_files.h"
#include "elf.h"
#include "maps.h"
#include "process_files.h"

void crash_files__fini(struct crash_files *files)
{
	for (size_t i = 0; i < CRASH_FILES_RECENT; i++)
		elf_symbols__free(files->recent[i].symbols);
}

/* ---- mappings that could not be read ---- */

/* The kernel tells which file a frame is in, and at which offset. So the mapping can be worked
 * out. */
static int place_file(struct crash *crash, const struct crash_frame *frame, struct attach *attach)
{
	const uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	int fd = attach__open(attach, frame->build_id), err;
	struct mapping *items, *mapping;
	uint64_t offset, bytes;
	char *path;

	if (fd < 0)
		return fd;
	err = elf__find_code(fd, frame->offset, &offset, &bytes);
	(void)close(fd);
	if (err)
		return err;
	bytes += offset % page;
	offset -= offset % page;
	items = reallocarray(crash->mappings.items, crash->mappings.cnt + 1, sizeof(*items));
	if (!items)
		return -ENOMEM;
	crash->mappings.items = items;
	path = attach__path(attach, frame->build_id);
	if (!path)
		return -ENOMEM;
	mapping = &items[crash->mappings.cnt++];
	*mapping = (struct mapping){ .offset = offset, .path = path };
	mapping->start = frame->ip - (frame->offset - offset);
	mapping->end = mapping->start + (bytes + page - 1) / page * page;
	memcpy(mapping->build_id, frame->build_id, sizeof(mapping->build_id));
	return 0;
}

void crash_files__place(struct crash_files *files, struct crash *crash, const struct crash *of)
{
	for (size_t i = 0; i < of->frame_cnt; i++) {
		const struct crash_frame *frame = &of->frames[i];

		/* a frame without a mapping stays as it is */
		if (frame->build_id[0] && !mappings__find(&crash->mappings, frame->ip))
			(void)place_file(crash, frame, files->attach);
	}
}

/* ---- build ids ---- */

/* From what stands at its path now, if that is what ran. */
static int read_build_id(struct mapping *mapping)
{
	const struct maps_entry entry = {
		.dev = mapping->dev,
		.inode = mapping->inode,
		.path = mapping->path,
	};
	int fd = maps__open_named(&entry), err;

	if (fd < 0)
		return fd;
	err = build_id__read(fd, mapping->build_id);
	(void)close(fd);
	return err;
}

void crash_files__read_build_ids(struct crash_files *files, struct crash *crash)
{
	for (size_t i = 0; i < crash->mappings.cnt; i++) {
		struct mapping *mapping = &crash->mappings.items[i];

		if (mapping->path[0] != '/' || mapping->build_id[0])
			continue;
		if (attach__find_build_id(files->attach, mapping->dev, mapping->inode,
					  mapping->build_id) &&
		    read_build_id(mapping))
			mapping->build_id[0] = '\0';
	}
}

static const struct mapping *find_mapping(const struct crash *crash,
					  const struct crash_frame *frame)
{
	const struct mapping *mapping = mappings__find(&crash->mappings, frame->ip);

	if (mapping)
		return mapping;
	/* mapped after the mappings were read: the kernel's build id tells which file it is */
	for (size_t i = 0; frame->build_id[0] && i < crash->mappings.cnt; i++) {
		if (strcmp(crash->mappings.items[i].build_id, frame->build_id) == 0)
			return &crash->mappings.items[i];
	}
	return NULL;
}

/* Takes ownership of fd; gives it back if it is that file. The names of another one would be
 * wrong. */
static int check_build_id(int fd, const char *build_id)
{
	char found[41];

	if (build_id__read(fd, found) == 0 && strcmp(found, build_id) == 0)
		return fd;
	(void)close(fd);
	return -ESTALE;
}

/* The file that ran: it is kept open, or it still stands at its path. */
static int open_file(const struct mapping *mapping, const char *build_id, struct attach *attach)
{
	int fd = attach__open(attach, build_id);

	if (fd >= 0)
		fd = check_build_id(fd, build_id);
	if (fd >= 0)
		return fd;
	if (mapping->path[0] != '/')
		return -ENOENT;
	fd = process_files__open_code(
		&(const struct code_file){ .place = CODE_AT_PATH, .path = mapping->path });
	return fd < 0 ? fd : check_build_id(fd, build_id);
}

int crash_files__open(void *files, const struct mapping *mapping)
{
	return open_file(mapping, mapping->build_id, ((struct crash_files *)files)->attach);
}

/* ---- names ---- */

/* To read a symbol table takes long, and it may be large: so a few are kept. NULL: there is
 * none. */
static struct elf_symbols *find_symbols(struct crash_files *files, const struct mapping *mapping,
					const char *build_id)
{
	struct crash_file *file;
	int fd;

	for (size_t i = 0; i < CRASH_FILES_RECENT; i++) {
		if (strcmp(files->recent[i].build_id, build_id) == 0)
			return files->recent[i].symbols;
	}
	file = &files->recent[files->next++ % CRASH_FILES_RECENT];
	elf_symbols__free(file->symbols);
	*file = (struct crash_file){ .symbols = NULL };
	memcpy(file->build_id, build_id, sizeof(file->build_id));
	fd = open_file(mapping, build_id, files->attach);
	if (fd < 0)
		return NULL;
	file->symbols = elf_symbols__new(fd);
	(void)close(fd);
	return file->symbols;
}

void crash_files__name(struct crash_files *files, const struct crash *crash,
		       struct crash_frame *frame, bool is_caller)
{
	const struct mapping *mapping = find_mapping(crash, frame);
	struct elf_symbols *symbols;

	if (!mapping)
		return;
	free(frame->module);
	frame->module = strdup(mapping->path);
	if (!frame->build_id[0]) {
		frame->offset = frame->ip - mapping->start + mapping->offset;
		memcpy(frame->build_id, mapping->build_id, sizeof(frame->build_id));
	}
	if (!frame->build_id[0] || frame->symbol)
		return;
	symbols = find_symbols(files, mapping, frame->build_id);
	/* A caller's address is that of the instruction after the call, which may be the next
	 * function's. */
	if (!symbols || elf_symbols__find(symbols, frame->offset - is_caller, &frame->symbol))
		frame->symbol = NULL;
}
