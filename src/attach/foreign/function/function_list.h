/* SPDX-License-Identifier: MIT */
/*
 * The functions of an ELF file that have a name: from .symtab and .dynsym, of the file itself or of
 * the one with its debug information. A file is hostile, see elf_file.h. One thread.
 */
#ifndef TTLOG_FUNCTION_LIST_H
#define TTLOG_FUNCTION_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "function_name.h"

struct elf_file;

struct function {
	uint64_t vaddr;  /* link-time address of its first instruction */
	uint64_t offset; /* in the file */
	uint64_t bytes;  /* 0: not known */
	const char *symbol;
	uint32_t base_len; /* of the symbol: the bytes that name the function */
	uint8_t clone;     /* enum function_clone */
	bool is_local;     /* its symbol is one of this file alone */
	bool is_resolver;  /* it chooses another one when the file is loaded (IFUNC) */
};

struct function_list {
	struct elf_file *file; /* its code */
	char *names[4];        /* of each table of symbols */
	size_t table_cnt;
	bool has_clones;  /* false: Go, whose names have dots */
	bool has_all;     /* it has .symtab; else only what other files may use is known */
	bool is_doubtful; /* symbols come from a server, which may lie about addresses */
	/* ascending by address; a function with several names is there several times */
	struct function *items;
	size_t cnt, cap;
	uint32_t *cold; /* the numbers of those that are cold code, by name */
	size_t cold_cnt;
};

/* One function, by the name that was wanted. */
struct function_match {
	const struct function *function;
	char *name; /* as the source has it, without parameters */
};

/* NULL with errno: as elf_file__new(). */
struct function_list *function_list__new(int fd);
/* Adds the symbols of another file about the same code. 0 or -errno. */
int function_list__add(struct function_list *list, int fd);
/* NULL is fine. */
void function_list__free(struct function_list *list);

/*
 * The functions whose names match a glob: as demangled, with parameters only if the glob has a
 * parenthesis; a glob that begins with _Z is one of symbols. Each address is there once. A part is
 * taken only if no whole function matches. ret_resolvers: how many were left out because they are
 * resolvers. 0, -E2BIG: more than max, or -ENOMEM. The caller frees with function_matches__free().
 */
int function_list__match(const struct function_list *list, const char *glob, size_t max,
			 struct function_match **ret, size_t *ret_cnt, size_t *ret_resolvers);
void function_matches__free(struct function_match *matches, size_t cnt);

/* The function that begins there, not its cold part. NULL: none. */
const struct function *function_list__at(const struct function_list *list, uint64_t vaddr);
/* All symbols at the address of a function: the first, and how many. */
const struct function *function_list__aliases(const struct function_list *list,
					      const struct function *function, size_t *ret_cnt);

/* Calls take for each piece of cold code that may be the function's, until it returns something
 * other than 0, which is returned. */
int function_list__each_cold(const struct function_list *list, const struct function *function,
			     int (*take)(void *ctx, const struct function *cold), void *ctx);

#endif /* TTLOG_FUNCTION_LIST_H */
