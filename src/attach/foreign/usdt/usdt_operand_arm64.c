/* SPDX-License-Identifier: MIT */
/* Operands of arm64: xN, wN, sp, NUMBER, [BASE, OFFSET], [BASE, INDEX, lsl SHIFT]. */
#include <string.h>

#include "ascii.h"
#include "usdt_operand_parts.h"

/* Words of struct user_pt_regs: x0 to x30, then these. */
enum {
	WORD_FP = 29,
	WORD_LR = 30,
	WORD_SP = 31,
	WORD_PC = 32,
	WORD_ZERO = 0xfe, /* the register that is always 0 */
};

/* "x0", "w30", "sp". ret_bytes: 4 or 8. */
static bool find_register(const char *name, uint8_t *ret_word, uint8_t *ret_bytes)
{
	unsigned int number = 0;

	*ret_bytes = *name == 'w' ? 4 : 8;
	if (!strcmp(name, "sp") || !strcmp(name, "wsp"))
		*ret_word = WORD_SP;
	else if (!strcmp(name, "xzr") || !strcmp(name, "wzr"))
		*ret_word = WORD_ZERO;
	else if (!strcmp(name, "fp"))
		*ret_word = WORD_FP;
	else if (!strcmp(name, "lr"))
		*ret_word = WORD_LR;
	else if (!strcmp(name, "pc"))
		*ret_word = WORD_PC;
	else {
		if ((*name != 'x' && *name != 'w') || !ascii__is_digit(name[1]))
			return false;
		for (name++; ascii__is_digit(*name) && number <= 30; name++)
			number = number * 10 + (unsigned int)(*name - '0');
		if (*name || number > 30)
			return false;
		*ret_word = (uint8_t)number;
	}
	return true;
}

/* "d0", "v1.16b": registers for floating point. */
static bool is_vector(const char *name)
{
	return *name && strchr("bhsdqvz", *name) && ascii__is_digit(name[1]);
}

/* The number after an optional '#', which is all of the text. */
static bool parse_number(const char *text, int64_t *ret_number)
{
	text += *text == '#';
	return usdt_operand__number(&text, ret_number) && !*text;
}

static void set_constant(struct usdt_operand *ret, int64_t number)
{
	ret->value.from = WIRE_CONSTANT;
	ret->value.offset = number;
}

/* "#:lo12:foo": the base is the page of that symbol, and pages stay what they are when the file is
 * loaded. */
static int add_low_bits(const struct usdt_scope *scope, const char *text, struct usdt_operand *ret)
{
	uint64_t vaddr;
	int err;

	text += *text == '#';
	if (strncmp(text, ":lo12:", 6))
		return usdt_operand__refuse_form(ret);
	err = usdt_operand__symbol(scope, text + 6, &vaddr, ret);
	if (err)
		return err;
	ret->value.offset = (int64_t)(vaddr & 0xfff);
	return 0;
}

/* "lsl 3"; `text` is changed. */
static int add_shift(char *text, struct usdt_operand *ret)
{
	int64_t shift = 0;

	if (strncmp(text, "lsl", 3) && strncmp(text, "sxtx", 4))
		return usdt_operand__refuse(ret, "its index is widened on the way");
	text = ascii__trim(text + (*text == 'l' ? 3 : 4));
	if (*text && (!parse_number(text, &shift) || shift < 0 || shift > 3))
		return usdt_operand__refuse_form(ret);
	ret->value.shift = (uint8_t)shift;
	return 0;
}

/* What follows the base. */
static int parse_offset(const struct usdt_scope *scope, char *text, struct usdt_operand *ret)
{
	char *shift = strchr(text, ',');
	uint8_t bytes;
	int64_t number;

	if (shift)
		*shift++ = '\0';
	text = ascii__trim(text);
	if (!shift && parse_number(text, &number)) {
		ret->value.offset = number;
		return 0;
	}
	if (!find_register(text, &ret->value.index, &bytes))
		return shift ? usdt_operand__refuse_form(ret) : add_low_bits(scope, text, ret);
	if (ret->value.index == WORD_ZERO)
		ret->value.index = WIRE_NO_REGISTER;
	if (shift && bytes == 8)
		return add_shift(ascii__trim(shift), ret);
	return bytes == 8 ? 0 : usdt_operand__refuse(ret, "its index is widened on the way");
}

/* "[x0, 8]", "[x0, 8]!" and "[x0], 8", where the 8 counts only afterwards. */
static int parse_memory(const struct usdt_scope *scope, char *text, struct usdt_operand *ret)
{
	char *close = strchr(text, ']'), *offset, *rest;
	uint8_t bytes;
	int64_t number;

	if (!close)
		return usdt_operand__refuse_form(ret);
	*close = '\0';
	rest = ascii__trim(close + 1);
	if (*rest && strcmp(rest, "!") &&
	    (*rest != ',' || !parse_number(ascii__trim(rest + 1), &number)))
		return usdt_operand__refuse_form(ret);
	offset = strchr(text, ',');
	if (offset)
		*offset++ = '\0';
	if (!find_register(ascii__trim(text), &ret->value.base, &bytes) || bytes != 8 ||
	    ret->value.base == WORD_ZERO)
		return usdt_operand__refuse_form(ret);
	ret->value.from = WIRE_MEMORY;
	return offset ? parse_offset(scope, offset, ret) : 0;
}

int usdt_operand__parse_arm64(const struct usdt_scope *scope, char *text, struct usdt_operand *ret)
{
	uint8_t word, bytes;
	uint64_t vaddr;
	int64_t number;
	int err;

	text = ascii__trim(text);
	if (*text == '[')
		return parse_memory(scope, text + 1, ret);
	if (parse_number(text, &number)) {
		set_constant(ret, number);
		return 0;
	}
	if (find_register(text, &word, &bytes)) {
		if (word == WORD_ZERO)
			set_constant(ret, 0);
		else
			usdt_operand__set_register(ret, word, bytes, 0);
		return 0;
	}
	if (is_vector(text))
		return usdt_operand__refuse(ret, "it is in a vector register");
	err = usdt_operand__symbol(scope, text, &vaddr, ret);
	if (err)
		return err;
	usdt_operand__set_register(ret, WORD_PC, 8, 0);
	ret->value.offset = (int64_t)(vaddr - scope->place);
	return 0;
}
