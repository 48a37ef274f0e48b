/* SPDX-License-Identifier: MIT */
#include <elf.h>
#include <errno.h>
#include <string.h>

#include "elf_file.h"
#include "usdt_notes.h"

#define NOTE_SECTION ".note.stapsdt"
#define NOTE_OWNER   "stapsdt"
#define NOTE_TYPE    3

/* A note begins with this; three texts follow. */
struct note_head {
	ElfW(Addr) instruction, base, semaphore;
};

struct walk {
	int (*visit)(const struct usdt_note *note, void *ctx);
	void *ctx;
	uint64_t base_vaddr; /* of the section .stapsdt.base; 0: the file has none */
	size_t cnt, malformed_cnt;
	char texts[USDT_NOTE_MAX_BYTES + 1];
};

enum usdt_machine usdt__machine(const struct elf_file *file)
{
	switch (file->header.e_machine) {
	case EM_X86_64:
		return USDT_X86_64;
	case EM_AARCH64:
		return USDT_ARM64;
	default:
		return 0;
	}
}

/* Three texts in a row, each with its zero byte. */
static int split(char *texts, size_t bytes, struct usdt_note *ret)
{
	const char **const parts[] = { &ret->provider, &ret->name, &ret->arguments };

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		const size_t len = strnlen(texts, bytes);

		if (len == bytes)
			return -ENODATA;
		*parts[i] = texts;
		texts += len + 1;
		bytes -= len + 1;
	}
	return *ret->provider && *ret->name ? 0 : -ENODATA;
}

/* The kernel refuses a semaphore at an odd offset. */
static int find_places(const struct elf_file *file, const struct note_head *head, uint64_t moved,
		       struct usdt_note *ret)
{
	ret->vaddr = head->instruction + moved;
	if (elf_file__offset(file, ret->vaddr, 1, PF_X, &ret->offset))
		return -ENODATA;
	ret->semaphore_offset = 0;
	if (!head->semaphore)
		return 0;
	if (elf_file__offset(file, head->semaphore + moved, sizeof(uint16_t), PF_W,
			     &ret->semaphore_offset) ||
	    ret->semaphore_offset % 2)
		return -ENODATA;
	return 0;
}

/* 0; -ENODATA: it is invalid; else as read(2). */
static int read_note(struct elf_file *file, const struct elf_note *elf_note, struct walk *walk,
		     struct usdt_note *ret)
{
	struct note_head head;
	size_t bytes;
	int err;

	if (elf_note->desc_bytes < sizeof(head) ||
	    elf_note->desc_bytes - sizeof(head) > USDT_NOTE_MAX_BYTES)
		return -ENODATA;
	bytes = elf_note->desc_bytes - sizeof(head);
	err = elf_file__read(file, elf_note->desc_offset, &head, sizeof(head));
	if (!err)
		err = elf_file__read(file, elf_note->desc_offset + sizeof(head), walk->texts,
				     bytes);
	if (err)
		return err;
	if (!head.instruction) {
		*ret = (struct usdt_note){ 0 };
		return 0;
	}
	err = split(walk->texts, bytes, ret);
	if (err)
		return err;
	return find_places(file, &head,
			   walk->base_vaddr && head.base ? walk->base_vaddr - head.base : 0, ret);
}

static int visit_note(struct elf_file *file, const struct elf_note *elf_note, void *ctx)
{
	struct walk *walk = ctx;
	struct usdt_note note;
	int err;

	if (elf_note->type != NOTE_TYPE)
		return 0;
	if (walk->cnt++ == USDT_MAX_NOTES)
		return -E2BIG;
	err = read_note(file, elf_note, walk, &note);
	if (err == -ENODATA) {
		walk->malformed_cnt++;
		return 0;
	}
	if (err || !note.vaddr)
		return err;
	return walk->visit(&note, walk->ctx);
}

int usdt_notes__each(struct elf_file *file, int (*visit)(const struct usdt_note *note, void *ctx),
		     void *ctx, size_t *ret_malformed)
{
	struct walk walk = { .visit = visit, .ctx = ctx };
	uint64_t number = 0;
	size_t damaged = 0;
	ElfW(Shdr) base;
	int err = elf_file__next_section(file, &number, SHT_PROGBITS, ".stapsdt.base", &base);

	if (err < 0)
		return err;
	walk.base_vaddr = err ? base.sh_addr : 0;
	err = elf_file__each_note(file, NOTE_SECTION, NOTE_OWNER, visit_note, &walk, &damaged);
	*ret_malformed = walk.malformed_cnt + damaged;
	return err;
}
