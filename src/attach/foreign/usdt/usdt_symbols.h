/* SPDX-License-Identifier: MIT */
/*
 * Addresses of symbols by name, data too: operands have few different ones, so each is looked for
 * once, in .symtab and .dynsym, and remembered. One thread.
 */
#ifndef TTLOG_USDT_SYMBOLS_H
#define TTLOG_USDT_SYMBOLS_H

#include <stdint.h>

struct elf_file;
struct usdt_symbols;

/* Different names that are looked for in one file. */
#define USDT_MAX_SYMBOLS 256u

/* Keeps `file`. NULL with errno. */
struct usdt_symbols *usdt_symbols__new(struct elf_file *file);
/* NULL is fine. */
void usdt_symbols__free(struct usdt_symbols *symbols);

/* Link-time address. 0 or -ENOENT. ctx: struct usdt_symbols, as usdt_scope has it. */
int usdt_symbols__find(void *ctx, const char *name, uint64_t *ret_vaddr);

#endif /* TTLOG_USDT_SYMBOLS_H */
