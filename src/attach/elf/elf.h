/* SPDX-License-Identifier: MIT */
/*
 * Reads ELF files: site notes, symbols, USDT probes. A file is hostile: all of it is
 * checked, see elf_file.h.
 */
#ifndef TTLOG_ELF_H
#define TTLOG_ELF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct elf_symbols;
struct site_table;

/* Longer texts of a site are cut here. */
#define ELF_TEXT_MAX_BYTES    8192u
/* The most text of one file that is read in all. */
#define ELF_TEXT_BUDGET_BYTES (128u << 20)
#define ELF_MAX_SYMBOLS       (4u << 20)

/*
 * The sites of the ELF file that is open on fd. program_name: the default service; NULL leaves it
 * "". A file without ttlog's notes gives a table with has_module 0. malformed_cnt counts invalid
 * notes, but not notes that the linker emptied when it dropped their code. NULL with errno:
 * ENOEXEC: not an ELF file of this machine's class and byte order; E2BIG: it would cost too much to
 * read; else as read(2).
 */
struct site_table *elf__read_sites(int fd, const char *program_name);

/* Sets table->start_offset of a file without ttlog's notes: elf__read_sites() leaves it at 0. */
void elf__find_start(int fd, struct site_table *table);
/* Whether the file has LeakSanitizer, which traces the threads of its process at the end. */
bool elf__looks_for_leaks(int fd);

/* The code segment that contains this offset of the file: where it begins in the file, and its
 * bytes there. 0, -ENOENT: none, or -errno. */
int elf__find_code(int fd, uint64_t offset, uint64_t *ret_start, uint64_t *ret_bytes);

/*
 * Looks up what the file exports (.dynsym) by exact names. ret_distances: from the file's first
 * byte in memory to each, modulo 2^64; 0: no such symbol. The file may lie: a distance may lead out
 * of its mappings. 0; -E2BIG: the table has more than 1 MiB; else as above.
 */
int elf__find_exports(int fd, const char *const names[], size_t cnt, uint64_t ret_distances[]);

/*
 * The functions of a file, from .symtab, else .dynsym, for any number of lookups. It keeps a
 * duplicate of fd, and reads names from the file when they are needed. One thread. NULL with errno.
 */
struct elf_symbols *elf_symbols__new(int fd);
/* NULL is fine. */
void elf_symbols__free(struct elf_symbols *symbols);
/*
 * The name of the function at a file offset, as in the symbol table (not demangled): "name+0x1f" in
 * *ret_symbol (the caller frees it). -ENOENT: no function covers it.
 */
int elf_symbols__find(struct elf_symbols *symbols, uint64_t file_offset, char **ret_symbol);

#endif /* TTLOG_ELF_H */
