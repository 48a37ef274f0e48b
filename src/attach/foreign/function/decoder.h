/* SPDX-License-Identifier: MIT */
/*
 * Machine code, one instruction after another, by libcapstone. One thread.
 */
#ifndef TTLOG_DECODER_H
#define TTLOG_DECODER_H

#include <capstone/capstone.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where control goes after an instruction. */
enum code_kind {
	CODE_PLAIN = 0,    /* to the next one */
	CODE_NOP = 1,      /* likewise, and it does nothing */
	CODE_CALL = 2,     /* likewise, unless the function that it calls does not return */
	CODE_BRANCH = 3,   /* to the next one or to the target */
	CODE_JUMP = 4,     /* to the target */
	CODE_INDIRECT = 5, /* to an address that is in a register or in memory */
	CODE_RETURN = 6,
	CODE_STOP = 7, /* nowhere: a trap */
};

struct code_instruction {
	enum code_kind kind;
	uint32_t bytes;
	uint64_t target;   /* link-time address */
	bool has_lock;     /* x86: its first byte is a prefix that some code jumps over */
	bool is_bad_place; /* the kernel puts no uprobe on it, see probeable.h */
};

struct decoder {
	uint16_t machine; /* EM_X86_64 or EM_AARCH64 */
	csh quick;        /* without operands, which take half of the time */
	csh handle;
	cs_insn *quick_insn, *insn;
};

/* 0; -ENOTSUP: a machine that it does not know; -ENOMEM. */
int decoder__init(struct decoder *decoder, uint16_t machine);
void decoder__fini(struct decoder *decoder);

/* The instruction at vaddr, from its first bytes. False: there is none. */
bool decoder__next(struct decoder *decoder, const uint8_t *code, size_t len, uint64_t vaddr,
		   struct code_instruction *ret);
/* The same one with its operands; valid until the next call. NULL: there is none. */
const cs_insn *decoder__look(struct decoder *decoder, const uint8_t *code, size_t len,
			     uint64_t vaddr);

#endif /* TTLOG_DECODER_H */
