/* SPDX-License-Identifier: MIT */
/*
 * Facts of arch/x86/kernel/uprobes.c (good_insns_64, good_2byte_insns, is_prefix_bad) and
 * arch/arm64/kernel/probes/decode-insn.c. Kernels differ in a few instructions; what any of them
 * refuses is refused here.
 */
#include <string.h>

#include "array.h"
#include "probeable.h"

/* ---- x86-64 ---- */

struct opcodes {
	uint8_t first, last;
};

/* Of one byte. Instructions with a VEX prefix, too, are looked up here, by the byte after it. */
static const struct opcodes refused[] = {
	{ 0x06, 0x07 }, { 0x0e, 0x0f }, { 0x16, 0x17 }, { 0x1e, 0x1f }, { 0x26, 0x27 },
	{ 0x2e, 0x2f }, { 0x36, 0x37 }, { 0x3e, 0x4f }, { 0x60, 0x62 }, { 0x66, 0x67 },
	{ 0x6c, 0x6f }, { 0x82, 0x82 }, { 0xc4, 0xc5 }, { 0xcc, 0xcf }, { 0xd4, 0xd6 },
	{ 0xe4, 0xe7 }, { 0xec, 0xf1 }, { 0xf4, 0xf4 }, { 0xfa, 0xfb },
};

/* After 0f. Those of three bytes begin with 0f 38 and 0f 3a. */
static const struct opcodes refused_two[] = {
	{ 0x00, 0x0d }, { 0x18, 0x18 }, { 0x24, 0x27 }, { 0x30, 0x30 },
	{ 0x34, 0x3f }, { 0x78, 0x7d }, { 0xa6, 0xa7 }, { 0xae, 0xae },
	{ 0xb8, 0xb8 }, { 0xd0, 0xd0 }, { 0xf0, 0xf0 }, { 0xff, 0xff },
};

static bool has(const struct opcodes *opcodes, size_t cnt, uint8_t code)
{
	for (size_t i = 0; i < cnt; i++) {
		if (code >= opcodes[i].first && code <= opcodes[i].last)
			return true;
	}
	return false;
}

/* The bytes of prefixes; SIZE_MAX: one of them is refused. */
static size_t prefixes(const uint8_t *code, size_t len)
{
	size_t at = 0;

	for (; at < len; at++) {
		switch (code[at]) {
		case 0x26: /* es, cs, ss, ds, lock */
		case 0x2e:
		case 0x36:
		case 0x3e:
		case 0xf0:
			return SIZE_MAX;
		case 0x64:
		case 0x65:
		case 0x66:
		case 0x67:
		case 0xf2:
		case 0xf3:
			continue;
		default:
			return at;
		}
	}
	return at;
}

/* VEX of 2 and 3 bytes, EVEX: their own bytes; 0: none of them. */
static size_t vex_bytes(uint8_t code)
{
	switch (code) {
	case 0xc5:
		return 2;
	case 0xc4:
		return 3;
	case 0x62:
		return 4;
	default:
		return 0;
	}
}

/*
 * What the kernel takes, and harms the program with.
 *
 * 49 90 is no nop: it exchanges rax and r8. Kernels (seen: 6.18) look at the 90 alone, and do nothing.
 * Go's runtime has functions that begin so, and died of it.
 *
 * 0f 1f 44 00 00: a nop of five bytes is made a call since 6.18, which overwrites the red zone, and
 * which children of fork() die of.
 */
static bool is_harmful(const uint8_t *code, size_t len)
{
	static const uint8_t nop5[] = { 0x0f, 0x1f, 0x44, 0x00, 0x00 };

	return (len >= 2 && (code[0] & 0xf1) == 0x41 && code[1] == 0x90) ||
	       (len >= sizeof(nop5) && !memcmp(code, nop5, sizeof(nop5)));
}

bool probeable__x86(const uint8_t *code, size_t len)
{
	size_t at = prefixes(code, len), vex;

	if (at >= len || is_harmful(code + at, len - at))
		return false;
	vex = vex_bytes(code[at]);
	if (vex)
		return at + vex < len && !has(refused, ARRAY_SIZE(refused), code[at + vex]);
	if ((code[at] & 0xf0) == 0x40 && ++at == len) /* REX */
		return false;
	if (code[at] == 0x0f)
		return at + 1 < len && !has(refused_two, ARRAY_SIZE(refused_two), code[at + 1]);
	return !has(refused, ARRAY_SIZE(refused), code[at]);
}

/* ---- arm64 ---- */

struct pattern {
	uint32_t mask, value;
};

static const struct pattern refused_words[] = {
	{ 0xfffffbff, 0xd65f0bff }, /* retaa, retab */
	{ 0xfedff800, 0xd61f0800 }, /* braa, blraa and the like */
	{ 0xff000000, 0xd4000000 }, /* svc, brk, hlt and the like */
	{ 0xfff80000, 0xd5000000 }, /* msr of an immediate, hints: but those below */
	{ 0xfff00000, 0xd5100000 }, /* msr */
	{ 0xfff00000, 0xd5300000 }, /* mrs */
	{ 0x3b000000, 0x18000000 }, /* loads of literals */
	{ 0x3f000000, 0x08000000 }, /* exclusive ones */
	{ 0xffff0000, 0x00000000 }, /* udf */
};

/* Hints that are run: nop, bti, pac*sp and pac*z, aut*sp and aut*z, xpaclri, pacia1716 and the
 * like. */
static bool is_good_hint(uint32_t word)
{
	const uint32_t number = word >> 5 & 0x7f;

	if ((word & 0xfffff01f) != 0xd503201f)
		return false;
	return number == 0 || (number >= 7 && number <= 15) || (number >= 24 && number <= 31) ||
	       number == 32 || number == 34 || number == 36 || number == 38;
}

bool probeable__arm64(uint32_t word)
{
	if (is_good_hint(word))
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(refused_words); i++) {
		if ((word & refused_words[i].mask) == refused_words[i].value)
			return false;
	}
	return true;
}
