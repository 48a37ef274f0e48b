/* SPDX-License-Identifier: MIT */
/*
 * The forms that gcc and clang write:
 *
 *	ldrb w1,[table,index]; adr x2,base; add x1,x2,w1,sxtb #2; br x1      a switch
 *	ldr x1,[x0,#24]; br x1; adrp x16,..; ldr x17,[x16,..]; br x17        a function
 *	br x1, where the caller gave x1                                      likewise
 *	ldr x1,[table,index,lsl #3]; br x1                    labels in a table, or functions
 */
#include "indirect_jump.h"

/* A register by its number, whatever its width; -1: none that matters here. */
static int number_of(unsigned int reg)
{
	if (reg >= ARM64_REG_X0 && reg <= ARM64_REG_X28)
		return (int)(reg - ARM64_REG_X0);
	if (reg >= ARM64_REG_W0 && reg <= ARM64_REG_W30)
		return (int)(reg - ARM64_REG_W0);
	if (reg == ARM64_REG_X29)
		return 29;
	return reg == ARM64_REG_X30 ? 30 : -1;
}

/* The tables of switches hold offsets, which are added to an address. */
static enum indirect_verdict judge_write(const cs_insn *insn, int *wanted)
{
	const cs_arm64 *arm = &insn->detail->arm64;
	const cs_arm64_op *last = arm->op_count ? &arm->operands[arm->op_count - 1] : NULL;

	switch (insn->id) {
	case ARM64_INS_ADD:
		/* an address in two parts */
		if (arm->op_count == 3 && last->type == ARM64_OP_IMM)
			return INDIRECT_LEAVES;
		return arm->op_count == 3 && last->type == ARM64_OP_REG ? INDIRECT_STAYS
									: INDIRECT_UNKNOWN;
	case ARM64_INS_LDR:
	case ARM64_INS_LDUR:
		if (last->type == ARM64_OP_IMM) /* its place is in the instruction */
			return INDIRECT_LEAVES;
		return last->type == ARM64_OP_MEM && last->mem.index == ARM64_REG_INVALID
			       ? INDIRECT_LEAVES
			       : INDIRECT_UNKNOWN;
	case ARM64_INS_MOV:
		*wanted = last && last->type == ARM64_OP_REG ? number_of(last->reg) : -1;
		return INDIRECT_UNKNOWN;
	default:
		*wanted = -1;
		return INDIRECT_UNKNOWN;
	}
}

static bool writes(const cs_insn *insn, int wanted)
{
	const cs_arm64 *arm = &insn->detail->arm64;

	for (uint8_t i = 0; i < arm->op_count; i++) {
		if (arm->operands[i].type == ARM64_OP_REG &&
		    (arm->operands[i].access & CS_AC_WRITE) &&
		    number_of(arm->operands[i].reg) == wanted)
			return true;
	}
	return false;
}

enum indirect_verdict indirect_arm64__judge(struct decoder *decoder,
					    const struct indirect_path *path, uint64_t *ret_vaddr)
{
	uint32_t word = 0;
	int wanted;

	(void)ret_vaddr;
	for (size_t i = 0; path->cnt && i < sizeof(word); i++)
		word |= (uint32_t)path->steps[0].code[i] << (8 * i);
	wanted = (int)(word >> 5 & 31);
	for (size_t i = 1; i < path->cnt; i++) {
		const struct indirect_step *step = &path->steps[i];
		const cs_insn *insn = decoder__look(decoder, step->code, step->bytes, step->vaddr);
		enum indirect_verdict verdict;

		/* what libcapstone does not know are instructions on vectors */
		if (!insn)
			continue;
		if (insn->id == ARM64_INS_BL || insn->id == ARM64_INS_BLR) {
			if (wanted == 0)
				return INDIRECT_LEAVES;
			if (wanted < 19)
				return INDIRECT_UNKNOWN;
			continue;
		}
		if (!writes(insn, wanted))
			continue;
		verdict = judge_write(insn, &wanted);
		if (verdict != INDIRECT_UNKNOWN || wanted < 0)
			return verdict;
		if (insn->id != ARM64_INS_MOV)
			return INDIRECT_UNKNOWN;
	}
	return path->is_from_start ? INDIRECT_LEAVES : INDIRECT_UNKNOWN;
}
