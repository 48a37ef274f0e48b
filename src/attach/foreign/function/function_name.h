/* SPDX-License-Identifier: MIT */
/*
 * Names of functions: from the symbols of a linker to what a user writes.
 */
#ifndef TTLOG_FUNCTION_NAME_H
#define TTLOG_FUNCTION_NAME_H

#include <stdbool.h>
#include <stddef.h>

/* What the compiler made of a function. */
enum function_clone {
	FUNCTION_WHOLE = 0,
	FUNCTION_CHANGED = 1, /* .isra, .constprop: all of it, with other arguments */
	FUNCTION_PART = 2,    /* .part: what is left of it where its start is inlined */
	FUNCTION_COLD = 3,    /* .cold: code that rarely runs, which it jumps to */
};

/* Longer ones are not demangled. */
#define FUNCTION_SYMBOL_MAX_BYTES 4096u
/* What is demangled is cut here. */
#define FUNCTION_NAME_MAX_BYTES   8192u

/* The bytes of a symbol that name the function: without "@VERSION" and what the compiler puts after
 * the names of clones. */
size_t function_name__base(const char *symbol, enum function_clone *ret_clone);

/*
 * The first `len` bytes of a symbol as the source has that name, if it is one of C++ or Rust; else
 * as they are. The name of a template has its arguments; parameters only if they are asked for. The
 * caller frees. NULL: no memory.
 */
char *function_name__readable(const char *symbol, size_t len, bool has_parameters);

/* The same of a name in an event: that of a type, as std::type_info has it, or of a function. NULL
 * with errno, EINVAL: it is none. */
char *function_name__of_type(const char *name, size_t len);

#endif /* TTLOG_FUNCTION_NAME_H */
