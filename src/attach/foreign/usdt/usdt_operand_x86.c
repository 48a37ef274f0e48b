/* SPDX-License-Identifier: MIT */
/*
 * Operands of x86-64, in AT&T's syntax: %REG, $NUMBER, [DISPLACEMENT](BASE,INDEX,SCALE).
 *
 * While a uprobe runs, the register rip is the probe's own address. So the distance of a symbol from
 * rip is known from the file.
 */
#include <stdio.h>
#include <string.h>

#include "array.h"
#include "ascii.h"
#include "usdt_operand_parts.h"

/* Words of struct pt_regs. */
enum {
	WORD_RBP = 4,
	WORD_RBX = 5,
	WORD_RAX = 10,
	WORD_RCX = 11,
	WORD_RDX = 12,
	WORD_RSI = 13,
	WORD_RDI = 14,
	WORD_RIP = 16,
	WORD_RSP = 19,
};

struct part {
	uint8_t word, bytes, shift;
};

/* Of the old registers: by the two letters of their 16 bits. */
static const struct {
	char letters[3];
	uint8_t word;
} old_registers[] = {
	{ "ax", WORD_RAX }, { "bx", WORD_RBX }, { "cx", WORD_RCX },
	{ "dx", WORD_RDX }, { "si", WORD_RSI }, { "di", WORD_RDI },
	{ "bp", WORD_RBP }, { "sp", WORD_RSP }, { "ip", WORD_RIP },
};

/* "r8" to "r15", with d, w, b. */
static bool find_new(const char *name, struct part *ret)
{
	unsigned int number = 0;
	uint8_t bytes = 8;

	if (*name++ != 'r' || !ascii__is_digit(*name))
		return false;
	for (; ascii__is_digit(*name) && number < 16; name++)
		number = number * 10 + (unsigned int)(*name - '0');
	if (*name)
		bytes = *name == 'd' ? 4 : *name == 'w' ? 2 : *name == 'b' ? 1 : 0;
	if (number < 8 || number > 15 || !bytes || (*name && name[1]))
		return false;
	/* r8 is word 9, r11 is word 6, and r12 is word 3, after the two that are not new */
	*ret = (struct part){ .word = (uint8_t)(number < 12 ? 17 - number : 15 - number),
			      .bytes = bytes };
	return true;
}

/* "rax" "eax" "ax" "al" "ah", "sil". */
static bool find_old(const char *name, struct part *ret)
{
	const size_t len = strlen(name);

	for (size_t i = 0; i < ARRAY_SIZE(old_registers); i++) {
		const char *letters = old_registers[i].letters;
		const bool is_data = letters[1] == 'x';

		*ret = (struct part){ .word = old_registers[i].word };
		if (len == 3 && !strcmp(name + 1, letters))
			ret->bytes = name[0] == 'r' ? 8 : name[0] == 'e' ? 4 : 0;
		else if (len == 2 && !strcmp(name, letters))
			ret->bytes = 2;
		else if (len == (is_data ? 2 : 3) && name[0] == letters[0] &&
			 (is_data || name[1] == letters[1]))
			ret->bytes = name[len - 1] == 'l' || (is_data && name[1] == 'h');
		if (!ret->bytes)
			continue;
		ret->shift = is_data && name[len - 1] == 'h' ? 8 : 0;
		return true;
	}
	return false;
}

static bool find_register(const char *name, struct part *ret)
{
	return find_new(name, ret) || find_old(name, ret);
}

static int refuse_register(struct usdt_operand *ret, const char *name)
{
	static const char *const vectors[] = { "xmm", "ymm", "zmm", "st", "mm", "k" };

	for (size_t i = 0; i < ARRAY_SIZE(vectors); i++)
		if (!strncmp(name, vectors[i], strlen(vectors[i])))
			return usdt_operand__refuse(ret, "it is in a vector register");
	return usdt_operand__refuse_form(ret);
}

static int parse_register(const char *name, struct usdt_operand *ret)
{
	struct part part;

	if (strchr(name, ':'))
		return usdt_operand__refuse(ret, "it is in memory of its thread alone");
	if (!find_register(name, &part))
		return refuse_register(ret, name);
	usdt_operand__set_register(ret, part.word, part.bytes, part.shift);
	return 0;
}

/* "$7", "$foo". */
static int parse_constant(const struct usdt_scope *scope, const char *text,
			  struct usdt_operand *ret)
{
	const char *end = text;
	uint64_t vaddr;
	int64_t number;
	int err;

	if (usdt_operand__number(&end, &number) && !*end) {
		ret->value.from = WIRE_CONSTANT;
		ret->value.offset = number;
		return 0;
	}
	err = usdt_operand__symbol(scope, text, &vaddr, ret);
	if (err)
		return err;
	usdt_operand__set_register(ret, WORD_RIP, 8, 0);
	ret->value.offset = (int64_t)(vaddr - scope->place);
	return 0;
}

/* A register that is part of an address. *text: "%rax", or nothing. */
static int parse_address_register(const char *text, uint8_t *ret_word, struct usdt_operand *ret)
{
	struct part part;

	if (!*text) {
		*ret_word = WIRE_NO_REGISTER;
		return 0;
	}
	if (*text != '%' || !find_register(text + 1, &part))
		return usdt_operand__refuse_form(ret);
	if (part.bytes != 8)
		return usdt_operand__refuse(ret, "its address has 32 bits");
	*ret_word = part.word;
	return 0;
}

/* "BASE", "BASE,INDEX", ",INDEX,SCALE": what is between the parentheses. */
static int parse_registers(char *text, struct usdt_operand *ret)
{
	char *index = strchr(text, ','), *scale = index ? strchr(index + 1, ',') : NULL;
	int err;

	if (index)
		*index++ = '\0';
	if (scale)
		*scale++ = '\0';
	err = parse_address_register(ascii__trim(text), &ret->value.base, ret);
	if (!err && index)
		err = parse_address_register(ascii__trim(index), &ret->value.index, ret);
	if (err || !scale)
		return err;
	scale = ascii__trim(scale);
	if (!*scale || scale[1] || !strchr("1248", *scale))
		return usdt_operand__refuse_form(ret);
	ret->value.shift = *scale == '1' ? 0 : *scale == '2' ? 1 : *scale == '4' ? 2 : 3;
	return 0;
}

/* The displacement is an address in the file. */
static int add_symbol(const struct usdt_scope *scope, const char *text, struct usdt_operand *ret)
{
	const bool has_base = ret->value.base != WIRE_NO_REGISTER && ret->value.base != WORD_RIP;
	uint64_t vaddr;
	int err = usdt_operand__symbol(scope, text, &vaddr, ret);

	if (err)
		return err;
	if (has_base) {
		if (!scope->is_absolute)
			return usdt_operand__refuse(ret,
						    "it is at an address that the loader makes");
		ret->value.offset = (int64_t)vaddr;
		return 0;
	}
	ret->value.base = WORD_RIP;
	ret->value.offset = (int64_t)(vaddr - scope->place);
	return 0;
}

static int parse_memory(const struct usdt_scope *scope, char *text, struct usdt_operand *ret)
{
	char *open = strchr(text, '('), *close = open ? strchr(open, ')') : NULL;
	const char *end = text;
	int64_t number;
	int err;

	if (open) {
		if (!close || close[1])
			return usdt_operand__refuse_form(ret);
		*open = *close = '\0';
		err = parse_registers(open + 1, ret);
		if (err)
			return err;
	} else if (!*text) {
		return usdt_operand__refuse_form(ret);
	}
	ret->value.from = WIRE_MEMORY;
	if (*text && !(usdt_operand__number(&end, &number) && !*end))
		return add_symbol(scope, text, ret);
	/* the next instruction is not the compiler's: what the number counts from is unknown */
	if (ret->value.base == WORD_RIP)
		return usdt_operand__refuse(ret, "its address has no symbol");
	ret->value.offset = *text ? number : 0;
	return 0;
}

int usdt_operand__parse_x86(const struct usdt_scope *scope, char *text, struct usdt_operand *ret)
{
	text = ascii__trim(text);
	if (*text == '%')
		return parse_register(text + 1, ret);
	if (*text == '$')
		return parse_constant(scope, text + 1, ret);
	return parse_memory(scope, text, ret);
}
