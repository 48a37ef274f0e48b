/* SPDX-License-Identifier: MIT */
/*
 * A file, maybe with its separate debug information, as elfutils sees it, for names and places of
 * its code. It may be made to crash a reader or to keep it busy: only for a process of its own
 * (parser_rights.h).
 */
#ifndef TTLOG_DWARF_FILE_H
#define TTLOG_DWARF_FILE_H

#include <elfutils/libdwfl.h>
#include <stdint.h>

struct dwarf_names;

struct dwarf_file {
	int fd;
	int debug_fd; /* of the debug information; -1: it is looked for beside the file and under
		       * /usr/lib/debug */
	Elf *elf;     /* for its program headers; NULL: it is no ELF file */
	Dwfl *dwfl;   /* of this file alone, at its link-time addresses: so it is read once */
	struct dwarf_names *names; /* NULL: it has none */
};

/* For views of several files, too. */
extern const Dwfl_Callbacks dwarf_file_callbacks;

/* Does not move after this. Takes ownership of both descriptors, also on failure. path: debug
 * information is looked for beside it. 0 or -ENOMEM. */
int dwarf_file__init(struct dwarf_file *ret, const char *path, int fd, int debug_fd);

/* Adds a file to a view, at its link-time address plus bias. The descriptor stays the caller's.
 * NULL: it is no ELF file. */
Dwfl_Module *dwarf_file__report(Dwfl *dwfl, const char *path, int fd, uint64_t bias);

/* The link-time address of a place in the file that is in code, or in a page of code. 0 or
 * -ENOEXEC. */
int dwarf_file__address(const struct dwarf_file *file, uint64_t offset, uint64_t *ret_address);
/* The same if the file itself is only debug information, whose program headers have no offsets: as
 * if the linker had given all parts the same distance in the file and in memory, as GNU ld does;
 * it is not sure for a linker that begins code in the middle of a page. */
int dwarf_file__address_by_debug(const struct dwarf_file *file, uint64_t offset,
				 uint64_t *ret_address);

#endif /* TTLOG_DWARF_FILE_H */
