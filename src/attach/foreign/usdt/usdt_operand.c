/* SPDX-License-Identifier: MIT */
/* What both machines have in common: "SIZE@", numbers, symbols. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ascii.h"
#include "usdt_operand.h"
#include "usdt_operand_parts.h"

int usdt_operand__refuse(struct usdt_operand *operand, const char *why)
{
	operand->why = why;
	return -EINVAL;
}

int usdt_operand__refuse_form(struct usdt_operand *operand)
{
	return usdt_operand__refuse(operand, "its place is in no known form");
}

bool usdt_operand__number(const char **text, int64_t *ret_number)
{
	const char *digits = *text + (**text == '-' || **text == '+');
	const bool is_hex = digits[0] == '0' && (digits[1] == 'x' || digits[1] == 'X');
	uint64_t number;
	char *end;

	if (!ascii__is_digit(*digits))
		return false;
	errno = 0;
	number = strtoull(digits, &end, is_hex ? 16 : 10);
	if (errno)
		return false;
	*ret_number = (int64_t)(**text == '-' ? 0 - number : number);
	*text = end;
	return true;
}

static bool is_symbol_char(char c)
{
	return ascii__is_letter(c) || ascii__is_digit(c) || c == '_' || c == '.' || c == '$' ||
	       c == '@';
}

/* One symbol, and any numbers. */
int usdt_operand__symbol(const struct usdt_scope *scope, const char *text, uint64_t *ret_vaddr,
			 struct usdt_operand *ret)
{
	char name[OPERAND_MAX_BYTES];
	uint64_t sum = 0, vaddr;
	bool found = false;
	int64_t number;

	while (*text) {
		size_t len = 0;

		if (usdt_operand__number(&text, &number)) {
			sum += (uint64_t)number;
			continue;
		}
		text += *text == '+';
		while (is_symbol_char(text[len]))
			len++;
		if (!len || len >= sizeof(name) || ascii__is_digit(*text) || *text == '@')
			return usdt_operand__refuse_form(ret);
		memcpy(name, text, len);
		name[len] = '\0';
		text += len;
		if (found || strchr(name, '@'))
			return usdt_operand__refuse(ret,
						    "it is at an address that the loader makes");
		found = true;
		if (!scope->find_symbol || scope->find_symbol(scope->ctx, name, &vaddr))
			return usdt_operand__refuse(ret, "the file does not have its symbol");
		sum += vaddr;
	}
	if (!found)
		return usdt_operand__refuse_form(ret);
	*ret_vaddr = sum;
	return 0;
}

void usdt_operand__set_register(struct usdt_operand *operand, uint8_t word, uint8_t bytes,
				uint8_t shift)
{
	operand->value.from = WIRE_REGISTER;
	operand->value.base = word;
	operand->value.shift = shift;
	if (operand->value.bytes > bytes)
		operand->value.bytes = bytes;
}

/* "-4@", "8f@"; without it, an argument has the width of a register. Returns what follows. */
static char *parse_size(char *text, struct usdt_operand *ret)
{
	const char *at = text;
	int64_t size;
	bool is_float;

	ret->bytes = 8;
	if (!usdt_operand__number(&at, &size))
		return text;
	is_float = *at == 'f';
	at += is_float;
	if (*at != '@')
		return text;
	ret->is_signed = size < 0;
	ret->is_float = is_float;
	size = size < 0 ? -size : size;
	if (size == 1 || size == 2 || size == 4 || size == 8)
		ret->bytes = (uint8_t)size;
	else
		(void)usdt_operand__refuse(ret, "it has a size that no field has");
	return text + (at + 1 - text);
}

static void parse(const struct usdt_scope *scope, char *text, struct usdt_operand *ret)
{
	const struct wire_value nothing = { .from = WIRE_NOTHING,
					    .base = WIRE_NO_REGISTER,
					    .index = WIRE_NO_REGISTER };
	int err;

	*ret = (struct usdt_operand){ .value = nothing };
	text = parse_size(text, ret);
	if (ret->why)
		return;
	ret->value.bytes = ret->bytes;
	ret->value.is_signed = ret->is_signed;
	if (scope->machine == USDT_ARM64)
		err = usdt_operand__parse_arm64(scope, text, ret);
	else
		err = usdt_operand__parse_x86(scope, text, ret);
	if (err)
		ret->value = nothing;
}

/* Up to a space that is in no brackets, nor after a comma: "[x0], 16" is one. */
static size_t measure(const char *text)
{
	size_t len = 0, depth = 0;

	for (; text[len]; len++) {
		if (text[len] == ' ' && !depth && text[len - 1] != ',')
			break;
		if (text[len] == '(' || text[len] == '[')
			depth++;
		else if ((text[len] == ')' || text[len] == ']') && depth)
			depth--;
	}
	return len;
}

bool usdt_operand__next(const struct usdt_scope *scope, const char **text, struct usdt_operand *ret)
{
	char operand[OPERAND_MAX_BYTES];
	size_t len;

	while (**text == ' ')
		++*text;
	if (!**text)
		return false;
	len = measure(*text);
	if (len < sizeof(operand)) {
		memcpy(operand, *text, len);
		operand[len] = '\0';
	} else {
		operand[0] = '\0';
	}
	*text += len;
	parse(scope, operand, ret);
	return true;
}
