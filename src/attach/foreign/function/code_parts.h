/* SPDX-License-Identifier: MIT */
/*
 * The code of one function: its bytes, in one part or several, and for each byte whether an
 * instruction begins there.
 */
#ifndef TTLOG_CODE_PARTS_H
#define TTLOG_CODE_PARTS_H

#include <stddef.h>
#include <stdint.h>

struct elf_file;

#define CODE_MAX_PARTS 32u

enum code_mark {
	CODE_UNKNOWN = 0,
	CODE_START = 1,  /* an instruction begins */
	CODE_INSIDE = 2, /* of an instruction */
};

struct code_part {
	uint64_t vaddr, bytes;
	uint64_t offset; /* in the file */
	uint8_t *code;
	uint8_t *marks; /* enum code_mark */
};

struct code_parts {
	struct code_part items[CODE_MAX_PARTS];
	size_t cnt;
};

/* Reads a part. 0; -EINVAL: there is no code, or it overlaps another part; -E2BIG: too many;
 * -ENOMEM; or as elf_file__read(). */
int code_parts__add(struct code_parts *parts, struct elf_file *file, uint64_t vaddr,
		    uint64_t bytes);
/* NULL: none. */
struct code_part *code_parts__find(struct code_parts *parts, uint64_t vaddr);
void code_parts__clear(struct code_parts *parts);

/* Marks an instruction. 0, or -EINVAL: it overlaps one that begins elsewhere. is_prefixed: another
 * one may begin at its second byte, as if it had no prefix. */
int code_part__mark(struct code_part *part, uint64_t vaddr, uint32_t bytes, int is_prefixed);
/* The one before it, if that is known and ends there. UINT64_MAX: there is none. */
uint64_t code_part__before(const struct code_part *part, uint64_t vaddr);

#endif /* TTLOG_CODE_PARTS_H */
