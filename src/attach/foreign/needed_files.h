/* SPDX-License-Identifier: MIT */
/*
 * A program and the libraries that the dynamic linker loads before it starts: DT_NEEDED, looked for
 * where glibc's linker looks (RPATH, LD_LIBRARY_PATH, RUNPATH, /etc/ld.so.cache, the directories of
 * the system). It is a guess: what a program loads later is not there, and another linker looks
 * elsewhere.
 */
#ifndef TTLOG_NEEDED_FILES_H
#define TTLOG_NEEDED_FILES_H

/* Of one program. */
#define NEEDED_MAX_FILES 256

/*
 * Calls visit for the program, then for each library, until it returns something other than 0, which
 * is returned. A library that is not found is passed over. 0; -ENOEXEC: it is no ELF file; or -errno:
 * the program can't be read.
 */
int needed_files__each(const char *path, int (*visit)(int fd, const char *path, void *ctx),
		       void *ctx);

#endif /* TTLOG_NEEDED_FILES_H */
