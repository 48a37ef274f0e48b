/* SPDX-License-Identifier: MIT */
#include <elf.h>
#include <errno.h>

#include "decoder.h"
#include "probeable.h"

int decoder__init(struct decoder *decoder, uint16_t machine)
{
	const cs_arch arch = machine == EM_X86_64 ? CS_ARCH_X86 : CS_ARCH_ARM64;
	const cs_mode mode = machine == EM_X86_64 ? CS_MODE_64 : CS_MODE_LITTLE_ENDIAN;

	*decoder = (struct decoder){ .machine = machine };
	if (machine != EM_X86_64 && machine != EM_AARCH64)
		return -ENOTSUP;
	if (cs_open(arch, mode, &decoder->quick) || cs_open(arch, mode, &decoder->handle) ||
	    cs_option(decoder->handle, CS_OPT_DETAIL, CS_OPT_ON))
		goto fail;
	decoder->quick_insn = cs_malloc(decoder->quick);
	decoder->insn = cs_malloc(decoder->handle);
	if (decoder->quick_insn && decoder->insn)
		return 0;
fail:
	decoder__fini(decoder);
	return -ENOMEM;
}

void decoder__fini(struct decoder *decoder)
{
	if (decoder->quick_insn)
		cs_free(decoder->quick_insn, 1);
	if (decoder->insn)
		cs_free(decoder->insn, 1);
	if (decoder->quick)
		(void)cs_close(&decoder->quick);
	if (decoder->handle)
		(void)cs_close(&decoder->handle);
	*decoder = (struct decoder){ .machine = EM_NONE };
}

const cs_insn *decoder__look(struct decoder *decoder, const uint8_t *code, size_t len,
			     uint64_t vaddr)
{
	return cs_disasm_iter(decoder->handle, &code, &len, &vaddr, decoder->insn) ? decoder->insn
										   : NULL;
}

/* ---- x86-64 ---- */

static enum code_kind x86_kind(unsigned int id)
{
	switch (id) {
	case X86_INS_RET:
		return CODE_RETURN;
	case X86_INS_JMP:
		return CODE_JUMP;
	case X86_INS_CALL:
	case X86_INS_SYSCALL: /* exit(2) does not return */
		return CODE_CALL;
	case X86_INS_UD2:
	case X86_INS_UD0:
	case X86_INS_UD2B:
	case X86_INS_HLT:
	case X86_INS_INT3:
	case X86_INS_LJMP:
	case X86_INS_RETF:
	case X86_INS_IRET:
	case X86_INS_IRETD:
	case X86_INS_IRETQ:
	case X86_INS_SYSRET:
	case X86_INS_SYSEXIT:
		return CODE_STOP;
	case X86_INS_NOP:
	case X86_INS_FNOP:
		return CODE_NOP;
	case X86_INS_JAE:
	case X86_INS_JA:
	case X86_INS_JBE:
	case X86_INS_JB:
	case X86_INS_JCXZ:
	case X86_INS_JECXZ:
	case X86_INS_JRCXZ:
	case X86_INS_JE:
	case X86_INS_JGE:
	case X86_INS_JG:
	case X86_INS_JLE:
	case X86_INS_JL:
	case X86_INS_JNE:
	case X86_INS_JNO:
	case X86_INS_JNP:
	case X86_INS_JNS:
	case X86_INS_JO:
	case X86_INS_JP:
	case X86_INS_JS:
	case X86_INS_LOOP:
	case X86_INS_LOOPE:
	case X86_INS_LOOPNE:
	case X86_INS_XBEGIN:
		return CODE_BRANCH;
	default:
		return CODE_PLAIN;
	}
}

static void classify_x86(struct decoder *decoder, const uint8_t *code, struct code_instruction *ret)
{
	const cs_insn *insn;

	ret->kind = x86_kind(decoder->quick_insn->id);
	ret->has_lock = code[0] == 0xf0;
	ret->is_bad_place = !probeable__x86(code, ret->bytes);
	if (ret->kind != CODE_JUMP && ret->kind != CODE_BRANCH)
		return;
	insn = decoder__look(decoder, code, ret->bytes, decoder->quick_insn->address);
	if (insn && insn->detail->x86.op_count == 1 &&
	    insn->detail->x86.operands[0].type == X86_OP_IMM)
		ret->target = (uint64_t)insn->detail->x86.operands[0].imm;
	else
		ret->kind = CODE_INDIRECT;
}

/* ---- arm64 ---- */

/* A distance of `bits` bits at `shift`, in instructions. */
static uint64_t arm64_target(uint64_t vaddr, uint32_t word, unsigned int shift, unsigned int bits)
{
	const uint32_t field = word >> shift << (32 - bits);

	return vaddr + (uint64_t)((int64_t)(int32_t)field >> (32 - bits)) * 4;
}

/*
 * By its bits: where control goes is in the top ones, and libcapstone 4 does not know those with
 * pointer authentication, which compilers write by now. So this does not need it.
 */
static void classify_arm64(uint32_t word, uint64_t vaddr, struct code_instruction *ret)
{
	ret->bytes = sizeof(word);
	if ((word & 0xfffffc1f) == 0xd65f0000 || (word & 0xfffffbff) == 0xd65f0bff) {
		ret->kind = CODE_RETURN; /* ret; retaa, retab */
	} else if ((word & 0xfffffc1f) == 0xd61f0000 || (word & 0xfefff800) == 0xd61f0800) {
		ret->kind = CODE_INDIRECT; /* br; braa and the like */
	} else if ((word & 0xfffffc1f) == 0xd63f0000 || (word & 0xfefff800) == 0xd63f0800 ||
		   word >> 26 == 0x25 || (word & 0xffe0001f) == 0xd4000001) {
		ret->kind = CODE_CALL; /* blr; blraa and the like; bl; svc */
	} else if (word >> 26 == 0x05) {
		ret->kind = CODE_JUMP;
		ret->target = arm64_target(vaddr, word, 0, 26);
	} else if (word >> 24 == 0x54 || (word & 0x7e000000) == 0x34000000) {
		ret->kind = CODE_BRANCH; /* b.cond; cbz, cbnz */
		ret->target = arm64_target(vaddr, word, 5, 19);
	} else if ((word & 0x7e000000) == 0x36000000) {
		ret->kind = CODE_BRANCH; /* tbz, tbnz */
		ret->target = arm64_target(vaddr, word, 5, 14);
	} else if (word >> 16 == 0 || (word & 0xffe0001f) == 0xd4200000) {
		ret->kind = CODE_STOP; /* udf, brk */
	} else if (word == 0xd503201f) {
		ret->kind = CODE_NOP;
	}
}

/* ---- both ---- */

bool decoder__next(struct decoder *decoder, const uint8_t *code, size_t len, uint64_t vaddr,
		   struct code_instruction *ret)
{
	const uint8_t *at = code;
	uint64_t address = vaddr;
	size_t left = len;
	uint32_t word;

	*ret = (struct code_instruction){ .kind = CODE_PLAIN };
	if (decoder->machine == EM_AARCH64) {
		if (len < 4 || vaddr % 4)
			return false;
		word = (uint32_t)code[0] | (uint32_t)code[1] << 8 | (uint32_t)code[2] << 16 |
		       (uint32_t)code[3] << 24;
		classify_arm64(word, vaddr, ret);
		ret->is_bad_place = !probeable__arm64(word);
		return true;
	}
	if (!cs_disasm_iter(decoder->quick, &at, &left, &address, decoder->quick_insn))
		return false;
	ret->bytes = decoder->quick_insn->size;
	classify_x86(decoder, code, ret);
	return true;
}
