/* SPDX-License-Identifier: MIT */
/*
 * The functions of debug information by the address of their first instruction. Units are read when
 * they are needed, each once. One thread.
 */
#ifndef TTLOG_DWARF_INDEX_H
#define TTLOG_DWARF_INDEX_H

#include <elfutils/libdw.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hash_table.h"

struct dwarf_place {
	Dwarf_Addr start;
	Dwarf_Off die;
};

struct dwarf_unit {
	Dwarf_Off die;
	bool is_read;
};

struct dwarf_unit_range {
	Dwarf_Addr start, end;
	uint32_t unit;
};

struct dwarf_index {
	Dwarf *dwarf; /* of the caller */
	struct dwarf_unit *units;
	size_t unit_cnt, unit_cap;
	struct dwarf_unit_range *ranges; /* ascending */
	size_t range_cnt, range_cap;
	struct dwarf_place *places;
	size_t cnt, cap;
	struct hash_table by_start;
	uint32_t budget; /* entries that may still be read */
};

/* 0 or -errno. After an error, too, dwarf_index__fini() frees all. */
int dwarf_index__init(struct dwarf_index *index, Dwarf *dwarf);
void dwarf_index__fini(struct dwarf_index *index);

/* 0, -ENOENT, -ENOMEM, or -E2BIG: the file has cost too much. */
int dwarf_index__find(struct dwarf_index *index, Dwarf_Addr start, Dwarf_Die *ret);

#endif /* TTLOG_DWARF_INDEX_H */
