/* SPDX-License-Identifier: MIT */
/* The build id of an ELF file, in hex (its first 20 bytes); "": it has none. All: 0 or -errno. */
#ifndef TTLOG_BUILD_ID_H
#define TTLOG_BUILD_ID_H

struct elf_file;

int build_id__of(struct elf_file *file, char ret_build_id[41]);
/* ENOEXEC: not an ELF file of this machine's class and byte order. */
int build_id__read(int fd, char ret_build_id[41]);
/* The same for the file that is at `path` now; ENOEXEC, without opening it, if it is not a regular
 * file. For a path from a process's maps, this may be another file; maps__open() gives the right
 * one. */
int build_id__read_path(const char *path, char ret_build_id[41]);

#endif /* TTLOG_BUILD_ID_H */
