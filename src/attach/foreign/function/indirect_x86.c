/* SPDX-License-Identifier: MIT */
/*
 * The forms that gcc and clang write:
 *
 *	movslq (table,index,4),r; add table,r; jmp *r     a switch; offsets from the table
 *	jmp *table(,index,8); mov table(,index,8),r; ...  a switch, or a table of functions
 *	notrack jmp *...                                  a switch, with -fcf-protection
 *	jmp *x(%rip); jmp *24(r); mov 24(r),s; jmp *s     a function whose address is in memory
 *	jmp *r, where the caller gave r                   likewise
 */
#include <elf.h>

#include "indirect_jump.h"

#define MAX_FAMILIES 16

/* A register whatever its width; -1: none that matters here. */
static int family(unsigned int reg)
{
	static const unsigned short names[MAX_FAMILIES][4] = {
		{ X86_REG_RAX, X86_REG_EAX, X86_REG_AX, X86_REG_AL },
		{ X86_REG_RBX, X86_REG_EBX, X86_REG_BX, X86_REG_BL },
		{ X86_REG_RCX, X86_REG_ECX, X86_REG_CX, X86_REG_CL },
		{ X86_REG_RDX, X86_REG_EDX, X86_REG_DX, X86_REG_DL },
		{ X86_REG_RSI, X86_REG_ESI, X86_REG_SI, X86_REG_SIL },
		{ X86_REG_RDI, X86_REG_EDI, X86_REG_DI, X86_REG_DIL },
		{ X86_REG_RBP, X86_REG_EBP, X86_REG_BP, X86_REG_BPL },
		{ X86_REG_RSP, X86_REG_ESP, X86_REG_SP, X86_REG_SPL },
		{ X86_REG_R8, X86_REG_R8D, X86_REG_R8W, X86_REG_R8B },
		{ X86_REG_R9, X86_REG_R9D, X86_REG_R9W, X86_REG_R9B },
		{ X86_REG_R10, X86_REG_R10D, X86_REG_R10W, X86_REG_R10B },
		{ X86_REG_R11, X86_REG_R11D, X86_REG_R11W, X86_REG_R11B },
		{ X86_REG_R12, X86_REG_R12D, X86_REG_R12W, X86_REG_R12B },
		{ X86_REG_R13, X86_REG_R13D, X86_REG_R13W, X86_REG_R13B },
		{ X86_REG_R14, X86_REG_R14D, X86_REG_R14W, X86_REG_R14B },
		{ X86_REG_R15, X86_REG_R15D, X86_REG_R15W, X86_REG_R15B },
	};

	for (int i = 0; i < MAX_FAMILIES; i++) {
		for (int k = 0; k < 4; k++) {
			if (names[i][k] == reg)
				return i;
		}
	}
	return -1;
}

#define FAMILY_RAX 0
#define FAMILY_RSP 7
/* What a function may change: rax, rcx, rdx, rsi, rdi, r8 to r11. */
#define VOLATILE   0x0f3du

struct trace {
	unsigned int wanted; /* a bit for each register that has the address, or a part of it */
	unsigned int base;   /* likewise: of a table that is found already */
	bool is_sum;         /* it is a sum: an offset and where that counts from */
	bool has_table;      /* `base` is of a table of addresses, with this distance: */
	int64_t table_distance;
};

static unsigned int bit_of(unsigned int reg)
{
	const int number = family(reg);

	return number < 0 ? 0 : 1u << number;
}

/* What the address comes from, if that is memory. */
static enum indirect_verdict judge_memory(struct trace *trace, const x86_op_mem *memory,
					  uint64_t *ret_vaddr)
{
	if (memory->index == X86_REG_INVALID)
		return trace->is_sum ? INDIRECT_UNKNOWN : INDIRECT_LEAVES;
	if (memory->scale == 4 && trace->is_sum)
		return INDIRECT_STAYS;
	/* a member function, at a distance that is known at run time */
	if (memory->scale == 1 && !trace->is_sum)
		return INDIRECT_LEAVES;
	if (memory->scale != 8 || trace->is_sum)
		return INDIRECT_UNKNOWN;
	if (memory->base == X86_REG_INVALID) {
		*ret_vaddr = (uint64_t)memory->disp;
		return INDIRECT_TABLE;
	}
	trace->has_table = true;
	trace->table_distance = memory->disp;
	trace->base = bit_of(memory->base);
	trace->wanted = 0;
	return INDIRECT_UNKNOWN;
}

static enum indirect_verdict judge_move(struct trace *trace, const cs_insn *insn,
					uint64_t *ret_vaddr, bool *ret_is_end)
{
	const cs_x86_op *to = &insn->detail->x86.operands[0], *from = to + 1;
	enum indirect_verdict verdict = INDIRECT_UNKNOWN;

	trace->wanted &= ~bit_of(to->reg);
	if (from->type == X86_OP_REG) {
		trace->wanted |= bit_of(from->reg);
		*ret_is_end = false;
	} else if (from->type == X86_OP_MEM) {
		verdict = judge_memory(trace, &from->mem, ret_vaddr);
		*ret_is_end = !trace->has_table;
		/* the other part of the sum may be the one with the offset */
		if (verdict == INDIRECT_UNKNOWN && trace->is_sum && trace->wanted)
			*ret_is_end = false;
	} else if (from->type == X86_OP_IMM && !trace->is_sum) {
		*ret_vaddr = (uint64_t)from->imm;
		verdict = INDIRECT_KNOWN;
	} else {
		*ret_is_end = !trace->wanted;
	}
	return verdict;
}

/* One instruction that writes a register that matters. INDIRECT_UNKNOWN with *ret_is_end false: look
 * further back. */
static enum indirect_verdict judge_write(struct trace *trace, const cs_insn *insn,
					 uint64_t *ret_vaddr, bool *ret_is_end)
{
	const cs_x86 *x86 = &insn->detail->x86;
	const cs_x86_op *to = &x86->operands[0], *from = &x86->operands[1];
	const unsigned int written = bit_of(to->reg);
	enum indirect_verdict verdict = INDIRECT_UNKNOWN;

	*ret_is_end = true;
	switch (insn->id) {
	case X86_INS_MOV:
	case X86_INS_MOVABS:
	case X86_INS_MOVSXD:
	case X86_INS_MOVSX:
	case X86_INS_MOVZX:
		verdict = judge_move(trace, insn, ret_vaddr, ret_is_end);
		break;
	case X86_INS_ADD:
		trace->is_sum = true;
		if (from->type == X86_OP_MEM)
			verdict = judge_memory(trace, &from->mem, ret_vaddr);
		else if (from->type == X86_OP_REG)
			trace->wanted |= bit_of(from->reg);
		*ret_is_end = verdict != INDIRECT_UNKNOWN;
		break;
	case X86_INS_LEA:
		trace->wanted &= ~written;
		if (from->mem.base == X86_REG_RIP && !trace->is_sum) {
			*ret_vaddr = insn->address + insn->size + (uint64_t)from->mem.disp;
			verdict = INDIRECT_KNOWN;
			break;
		}
		if (from->mem.base != X86_REG_RIP && from->mem.index != X86_REG_INVALID) {
			trace->is_sum = true;
			trace->wanted |= bit_of(from->mem.base) | bit_of(from->mem.index);
		}
		*ret_is_end = !trace->wanted;
		break;
	case X86_INS_ROR: /* glibc hides addresses so */
	case X86_INS_ROL:
	case X86_INS_XOR:
		*ret_is_end = from->type == X86_OP_REG;
		break;
	default:
		if (x86->op_count == 2 && from->type == X86_OP_REG && insn->id >= X86_INS_CMOVA &&
		    insn->id <= X86_INS_CMOVS) {
			trace->wanted |= bit_of(from->reg);
			*ret_is_end = false;
		}
	}
	return verdict;
}

/* The base of a table of addresses. */
static enum indirect_verdict judge_base(struct trace *trace, const cs_insn *insn,
					uint64_t *ret_vaddr, bool *ret_is_end)
{
	const cs_x86 *x86 = &insn->detail->x86;
	const cs_x86_op *from = &x86->operands[1];

	*ret_is_end = true;
	if (insn->id == X86_INS_LEA && from->mem.base == X86_REG_RIP) {
		*ret_vaddr = insn->address + insn->size + (uint64_t)from->mem.disp +
			     (uint64_t)trace->table_distance;
		return INDIRECT_TABLE;
	}
	if (insn->id == X86_INS_MOV && from->type == X86_OP_IMM) {
		*ret_vaddr = (uint64_t)from->imm + (uint64_t)trace->table_distance;
		return INDIRECT_TABLE;
	}
	/* a table that is found at run time is one of functions: that of a switch has its place;
	 * but it may be kept on the stack */
	if (insn->id == X86_INS_MOV && from->type == X86_OP_MEM &&
	    family(from->mem.base) != FAMILY_RSP && from->mem.base != X86_REG_RBP)
		return INDIRECT_LEAVES;
	if (insn->id == X86_INS_MOV && from->type == X86_OP_REG) {
		trace->base = bit_of(from->reg);
		*ret_is_end = false;
	}
	return INDIRECT_UNKNOWN;
}

/* The bit of the register that it writes. */
static unsigned int written_by(const cs_insn *insn)
{
	const cs_x86 *x86 = &insn->detail->x86;

	if (!x86->op_count || x86->operands[0].type != X86_OP_REG ||
	    !(x86->operands[0].access & CS_AC_WRITE))
		return 0;
	return bit_of(x86->operands[0].reg);
}

/* Whether what comes before the jump gives the caller its registers back. Nothing but a jump out of
 * the function follows that. */
static bool is_after_epilogue(struct decoder *decoder, const struct indirect_path *path)
{
	for (size_t i = 1; i < path->cnt; i++) {
		const struct indirect_step *step = &path->steps[i];
		const cs_insn *insn = decoder__look(decoder, step->code, step->bytes, step->vaddr);

		if (!insn)
			return false;
		if (insn->id == X86_INS_POP || insn->id == X86_INS_LEAVE)
			return true;
		/* the arguments of the function that it jumps to */
		if (insn->id != X86_INS_MOV && insn->id != X86_INS_XOR && insn->id != X86_INS_LEA)
			return false;
	}
	return false;
}

static enum indirect_verdict judge_start(const struct indirect_path *path,
					 const struct trace *trace)
{
	/* the address is an argument */
	if (path->is_from_start && !trace->is_sum && !trace->has_table && trace->wanted)
		return INDIRECT_LEAVES;
	return INDIRECT_UNKNOWN;
}

/* A call changes registers, and returns a value. */
static bool judge_call(const struct trace *trace, enum indirect_verdict *ret)
{
	const unsigned int bits = trace->wanted | trace->base;

	*ret = bits == 1u << FAMILY_RAX && !trace->is_sum && !trace->has_table ? INDIRECT_LEAVES
									       : INDIRECT_UNKNOWN;
	return bits & VOLATILE;
}

static enum indirect_verdict judge_jump(struct trace *trace, const cs_insn *insn,
					uint64_t *ret_vaddr, bool *ret_is_end)
{
	const cs_x86_op *to = &insn->detail->x86.operands[0];

	*ret_is_end = true;
	/* the prefix notrack, which is ds */
	if (insn->detail->x86.prefix[1] == X86_PREFIX_DS)
		return INDIRECT_STAYS;
	if (to->type == X86_OP_REG) {
		trace->wanted = bit_of(to->reg);
		*ret_is_end = false;
	} else if (to->type == X86_OP_MEM) {
		const enum indirect_verdict verdict = judge_memory(trace, &to->mem, ret_vaddr);

		*ret_is_end = !trace->has_table;
		return verdict;
	}
	return INDIRECT_UNKNOWN;
}

static enum indirect_verdict judge(struct decoder *decoder, const struct indirect_path *path,
				   uint64_t *ret_vaddr)
{
	struct trace trace = { .wanted = 0 };

	for (size_t i = 0; i < path->cnt; i++) {
		const struct indirect_step *step = &path->steps[i];
		const cs_insn *insn = decoder__look(decoder, step->code, step->bytes, step->vaddr);
		enum indirect_verdict verdict = INDIRECT_UNKNOWN;
		bool is_end = false;
		unsigned int written;

		if (!insn)
			return INDIRECT_UNKNOWN;
		written = i ? written_by(insn) : 0;
		if (!i)
			verdict = judge_jump(&trace, insn, ret_vaddr, &is_end);
		else if (insn->id == X86_INS_CALL)
			is_end = judge_call(&trace, &verdict);
		else if (trace.has_table && written & trace.base)
			verdict = judge_base(&trace, insn, ret_vaddr, &is_end);
		else if (written & trace.wanted)
			verdict = judge_write(&trace, insn, ret_vaddr, &is_end);
		if (is_end)
			return verdict;
	}
	return judge_start(path, &trace);
}

enum indirect_verdict indirect_x86__judge(struct decoder *decoder, const struct indirect_path *path,
					  uint64_t *ret_vaddr)
{
	const enum indirect_verdict verdict = judge(decoder, path, ret_vaddr);

	if (verdict == INDIRECT_UNKNOWN && is_after_epilogue(decoder, path))
		return INDIRECT_LEAVES;
	return verdict;
}

enum indirect_verdict indirect_jump__judge(struct decoder *decoder,
					   const struct indirect_path *path, uint64_t *ret_vaddr)
{
	return decoder->machine == EM_X86_64 ? indirect_x86__judge(decoder, path, ret_vaddr)
					     : indirect_arm64__judge(decoder, path, ret_vaddr);
}
