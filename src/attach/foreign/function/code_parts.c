/* SPDX-License-Identifier: MIT */
#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "code_parts.h"
#include "elf_file.h"

int code_parts__add(struct code_parts *parts, struct elf_file *file, uint64_t vaddr, uint64_t bytes)
{
	struct code_part part = { .vaddr = vaddr, .bytes = bytes };
	int err;

	if (parts->cnt == CODE_MAX_PARTS)
		return -E2BIG;
	if (!bytes || elf_file__offset(file, vaddr, bytes, PF_X, &part.offset))
		return -EINVAL;
	for (size_t i = 0; i < parts->cnt; i++) {
		const struct code_part *other = &parts->items[i];

		if (vaddr < other->vaddr + other->bytes && other->vaddr < vaddr + bytes)
			return -EINVAL;
	}
	part.code = malloc(2 * bytes);
	if (!part.code)
		return -ENOMEM;
	part.marks = part.code + bytes;
	memset(part.marks, CODE_UNKNOWN, bytes);
	err = elf_file__read(file, part.offset, part.code, bytes);
	if (err) {
		free(part.code);
		return err;
	}
	parts->items[parts->cnt++] = part;
	return 0;
}

struct code_part *code_parts__find(struct code_parts *parts, uint64_t vaddr)
{
	for (size_t i = 0; i < parts->cnt; i++) {
		if (vaddr - parts->items[i].vaddr < parts->items[i].bytes)
			return &parts->items[i];
	}
	return NULL;
}

void code_parts__clear(struct code_parts *parts)
{
	for (size_t i = 0; i < parts->cnt; i++)
		free(parts->items[i].code);
	parts->cnt = 0;
}

int code_part__mark(struct code_part *part, uint64_t vaddr, uint32_t bytes, int is_prefixed)
{
	const uint64_t at = vaddr - part->vaddr;
	const int shares = at && part->code[at - 1] == 0xf0 && part->marks[at - 1] == CODE_START;

	for (uint32_t i = 0; i < bytes; i++) {
		const uint8_t mark = part->marks[at + i];

		if (mark != CODE_UNKNOWN && !(shares && mark == CODE_INSIDE) &&
		    !(is_prefixed && i && (mark == CODE_INSIDE || i == 1)))
			return -EINVAL;
	}
	part->marks[at] = CODE_START;
	for (uint32_t i = 1; i < bytes; i++) {
		if (!is_prefixed || part->marks[at + i] == CODE_UNKNOWN)
			part->marks[at + i] = CODE_INSIDE;
	}
	return 0;
}

uint64_t code_part__before(const struct code_part *part, uint64_t vaddr)
{
	uint64_t at = vaddr - part->vaddr;

	while (at && part->marks[at - 1] == CODE_INSIDE)
		at--;
	if (!at || part->marks[at - 1] != CODE_START)
		return UINT64_MAX;
	return part->vaddr + at - 1;
}
