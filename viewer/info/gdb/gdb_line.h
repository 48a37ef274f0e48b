/* SPDX-License-Identifier: MIT */
/*
 * --gdb: the command line of gdb for a crash: the program that crashed, known by its build id, and
 * the core dump of the same death, as far as this machine has them.
 */
#ifndef TTLOG_VIEW_GDB_LINE_H
#define TTLOG_VIEW_GDB_LINE_H

#include <stdbool.h>
#include <stddef.h>

struct core_dump_places;
struct out;
struct ttlog_info;

#define GDB_LINE_MAX_PROBLEMS 4u

/* Texts are owned. */
struct gdb_line {
	char *program; /* has the build id that crashed, or the program had none; NULL: not found */
	bool is_debug_file; /* the program itself was not found, but its debug information */
	char *core;         /* NULL: there is none */
	char *problems[GDB_LINE_MAX_PROBLEMS]; /* what is missing, why, and what to do */
	size_t problem_cnt;
};

/* 0 or -ENOMEM; then ret is empty. */
int gdb_line__find(struct gdb_line *ret, const struct ttlog_info *info);
/* The same, for tests. debug_dir: /usr/lib/debug */
int gdb_line__find_in(struct gdb_line *ret, const struct ttlog_info *info, const char *debug_dir,
		      const struct core_dump_places *places);
void gdb_line__fini(struct gdb_line *line);

/* Nothing if it has neither program nor core. debuginfod: the servers that gdb shall ask; NULL: what
 * its user has set. */
void gdb_line__print(struct out *out, const struct gdb_line *line, const char *debuginfod);

#endif /* TTLOG_VIEW_GDB_LINE_H */
