/* SPDX-License-Identifier: Dual MIT/GPL */
/*
 * The values of events of probes that are not ours: a place's plan says what to read.
 */
#ifndef TTLOG_FOREIGN_VALUE_BPF_H
#define TTLOG_FOREIGN_VALUE_BPF_H

#include "batch.bpf.h"

static __always_inline u64 register_of(u8 word)
{
	const char *registers = (const char *)bpf_task_pt_regs(bpf_get_current_task_btf());
	u64 value = 0;

	if (word != WIRE_NO_REGISTER)
		bpf_probe_read_kernel(&value, sizeof(value), registers + word * sizeof(value));
	return value;
}

static __always_inline u64 widen(u64 value, u8 bytes, bool is_signed)
{
	const u32 shift = (64 - bytes * 8) & 63;

	return is_signed ? (u64)((s64)(value << shift) >> shift) : value << shift >> shift;
}

/* 0, or an error: then the value is unknown. */
static __always_inline int load(u64 address, u8 bytes, u64 *ret)
{
	u64 value = 0, some = bytes & 7;
	int err;

	/* one register from here on, for the verifier of 6.1 */
	barrier_var(some);
	if (some)
		err = bpf_probe_read_user(&value, some, (void *)address);
	else
		err = bpf_probe_read_user(&value, sizeof(value), (void *)address);
	*ret = value;
	return err;
}

/* 0, or an error: it could not be read. Of a text, its address. A global function, which the verifier
 * walks once. */
__attribute__((noinline)) int foreign__read_value(const struct wire_value *plan, u64 *ret)
{
	u64 value;
	int err = 0;

	if (!plan || !ret)
		return -EFAULT;
	value = plan->offset;
	if (plan->from == WIRE_REGISTER)
		value += register_of(plan->base) >> (plan->shift & 63);
	else if (plan->from == WIRE_MEMORY)
		err = load(value + register_of(plan->base) +
				   (register_of(plan->index) << (plan->shift & 63)),
			   plan->step_cnt ? 8 : plan->bytes, &value);
	else if (plan->from != WIRE_CONSTANT)
		return -EFAULT;
	for (u32 i = 0; i < WIRE_MAX_STEPS && !err; i++) {
		const bool is_last = i + 1 == plan->step_cnt;

		if (i >= plan->step_cnt)
			break;
		value += plan->steps[i];
		if (!is_last || plan->text != WIRE_TEXT_AT)
			err = load(value, is_last ? plan->bytes : 8, &value);
	}
	*ret = plan->text ? value : widen(value, plan->bytes, plan->is_signed);
	return err;
}

/* Numbers, and addresses of texts. (What is in a message is no known value to the verifier, so it
 * walks the loop once.) */
__attribute__((noinline)) int foreign__read_values(const struct wire_place *place,
						   struct wire_values *ret)
{
	if (!place || !ret)
		return 0;
	for (u32 i = 0; i < TTLOG_MAX_FIELDS; i++) {
		if (i >= place->value_cnt)
			break;
		if (foreign__read_value(&place->values[i], &ret->list[i]))
			ret->missing |= 1u << i;
	}
	return 0;
}

/* The verifier wants a constant offset. One of these costs a few compares; bpf_probe_read_kernel()
 * would cost as much as the rest of a value. */
#define WORD(n)                                                                                    \
	case n:                                                                                    \
		asm volatile("%0 = *(u64 *)(%1 + %2)" : "=r"(word) : "r"(registers), "i"((n)*8));  \
		break;
#define WORDS(a) WORD(a) WORD(a + 1) WORD(a + 2) WORD(a + 3) WORD(a + 4)

static __always_inline u64 word_of(const void *registers, u8 number)
{
	u64 word = 0;

	switch (number) {
		WORDS(0)
		WORDS(5)
		WORDS(10)
		WORDS(15)
		WORD(20)
#ifdef __TARGET_ARCH_arm64
		WORDS(21) WORDS(26) WORD(31) WORD(32) WORD(33)
#endif
	}
	return word;
}

/* Most values are in registers, as they are, or at an address that is in one. */
static __always_inline int read_quickly(const void *registers, const struct wire_value *plan,
					u64 *to)
{
	u64 value;
	int err = 0;

	if (plan->step_cnt || plan->from < WIRE_REGISTER)
		return foreign__read_value(plan, to);
	value = word_of(registers, plan->base);
	if (plan->from == WIRE_REGISTER) {
		value = (value >> (plan->shift & 63)) + plan->offset;
	} else {
		value += (word_of(registers, plan->index) << (plan->shift & 63)) + plan->offset;
		err = load(value, plan->bytes, &value);
	}
	*to = plan->text ? value : widen(value, plan->bytes, plan->is_signed);
	return err;
}

/* What the verifier of 6.1 takes for the context of a uprobe, as an argument of a global function. */
struct bpf_user_pt_regs_t {
};

/* A record, as large as one without texts gets. */
struct record_room {
	struct wire_chunk_record record;
	u64 numbers[1 + TTLOG_MAX_FIELDS]; /* first, at the end of a span, when it began */
};

static __always_inline bool ends_span(u8 kind)
{
	return kind == WIRE_PLACE_RETURN || kind == WIRE_PLACE_JUMP;
}

/* As foreign__read_values(), into a record. */
__attribute__((noinline)) int foreign__read_quickly(struct bpf_user_pt_regs_t *ctx,
						    const struct wire_place *place,
						    struct record_room *ret)
{
	if (!place || !ret)
		return 0;
	for (u32 i = 0; i < TTLOG_MAX_FIELDS; i++) {
		u64 *to = &ret->numbers[i];

		if (i >= place->value_cnt)
			break;
		if (ends_span(place->kind))
			to++;
		if (read_quickly(ctx, &place->values[i], to))
			ret->record.missing |= 1u << i;
	}
	return 0;
}

#endif /* TTLOG_FOREIGN_VALUE_BPF_H */
