/* SPDX-License-Identifier: MIT */
/*
 * ELF files as the collector needs them: site notes, build ids, symbols, USDT probes. A file is
 * hostile: nothing in it is believed, see elf_file.h.
 */
#ifndef TTLOG_ELF_H
#define TTLOG_ELF_H

#include <stddef.h>
#include <stdbool.h>
#include <stdint.h>

struct elf_symbols;
struct site_table;

/* Longer texts of a site are cut here. */
#define ELF_TEXT_MAX_BYTES    8192u
/* Texts of one file that are looked at, all together. */
#define ELF_TEXT_BUDGET_BYTES (128u << 20)
#define ELF_MAX_SYMBOLS       (4u << 20)

/*
 * The sites of the ELF file that is open on fd. program_name: the default service; NULL leaves it
 * "". A file without ttlog's notes gives a table with has_module 0. Notes that make no sense are
 * counted in malformed_cnt; those that the linker emptied because their code went are not.
 * NULL with errno: ENOEXEC where it is no ELF file of this machine's class and byte order, E2BIG
 * where it was made to cost without end, else as read(2).
 */
struct site_table *elf__read_sites(int fd, const char *program_name);

/* Whether LeakSanitizer is in the file, which traces the threads of its process at the end. */
bool elf__looks_for_leaks(int fd);

/* Build id in hex (its first 20 bytes), or "" where it has none. 0 or -errno. */
int elf__read_build_id(int fd, char ret_build_id[41]);
/* The same of what stands at path now; ENOEXEC, unopened, where that is no regular file. For a
 * path out of a process's maps, maps__open() gives the file that it runs, this maybe another. */
int elf__open_build_id(const char *path, char ret_build_id[41]);

/* The segment of code that has this offset in the file: where it begins in it, and its bytes there.
 * 0, -ENOENT where none has it, or -errno. */
int elf__find_code(int fd, uint64_t offset, uint64_t *ret_start, uint64_t *ret_bytes);

/*
 * The functions of a file, from .symtab, else .dynsym, for any number of lookups. Names stay in the
 * file until they are asked for: it keeps a duplicate of fd. One thread. NULL with errno.
 */
struct elf_symbols *elf_symbols__new(int fd);
/* NULL is fine. */
void elf_symbols__free(struct elf_symbols *symbols);
/*
 * The name of the function at a file offset, demangled no further than the symbol table has it, as
 * "name+0x1f" in *ret_symbol (the caller frees). -ENOENT where none covers it.
 */
int elf_symbols__find(struct elf_symbols *symbols, uint64_t file_offset, char **ret_symbol);

#endif /* TTLOG_ELF_H */
