/* SPDX-License-Identifier: MIT */
#include <elf.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "build_id.h"
#include "elf_file.h"
#include "hex.h"
#include "plain_file.h"

int build_id__of(struct elf_file *file, char ret_build_id[41])
{
	unsigned char id[20];
	struct elf_notes notes;
	struct elf_note note;
	size_t bytes;
	int err = 0;

	ret_build_id[0] = 0;
	for (size_t i = 0; i < file->notes.cnt; i++) {
		const struct elf_segment *segment = &file->notes.list[i];
		uint64_t len = segment->file_bytes;

		if (len > ELF_FILE_MAX_NOTE_BYTES)
			len = ELF_FILE_MAX_NOTE_BYTES;
		elf_notes__init(&notes, segment->offset, len, segment->align);
		while ((err = elf_notes__next(&notes, file, &note)) > 0) {
			if (note.type != NT_GNU_BUILD_ID || strcmp(note.owner, "GNU"))
				continue;
			bytes = note.desc_bytes < sizeof(id) ? note.desc_bytes : sizeof(id);
			err = elf_file__read(file, note.desc_offset, id, bytes);
			if (err)
				break;
			*hex__bytes(ret_build_id, id, bytes) = '\0';
			return 0;
		}
		if (err && err != -ENODATA)
			return err;
	}
	return 0;
}

int build_id__read(int fd, char ret_build_id[41])
{
	struct elf_file *file = elf_file__new(fd);
	char build_id[41];
	int err;

	if (!file)
		return -errno;
	err = build_id__of(file, build_id);
	if (!err)
		memcpy(ret_build_id, build_id, sizeof(build_id));
	elf_file__free(file);
	return err;
}

int build_id__read_path(const char *path, char ret_build_id[41])
{
	int fd = plain_file__open(path), err;

	if (fd < 0)
		return fd == -ENODEV ? -ENOEXEC : fd;
	err = build_id__read(fd, ret_build_id);
	close(fd);
	return err;
}
