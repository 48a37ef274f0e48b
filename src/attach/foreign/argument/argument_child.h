/* SPDX-License-Identifier: MIT */
/*
 * The child that reads the debug information of one file, with elfutils, which a file can be made
 * to crash or to keep busy. It gets the file, then functions, and answers each with its arguments.
 */
#ifndef TTLOG_ARGUMENT_CHILD_H
#define TTLOG_ARGUMENT_CHILD_H

#include <stdbool.h>
#include <stdint.h>

/* The first message has the file's descriptor; the answer to it says whether there is debug
 * information. Then struct function_wish, answered by struct function_arguments. */
struct argument_hello {
	uint32_t has_debug;
};

/* For main(): whether this process is a child. */
bool argument_child__is_asked(int argc, char **argv);
/* All that a child does. */
_Noreturn void argument_child__run(void);

#endif /* TTLOG_ARGUMENT_CHILD_H */
