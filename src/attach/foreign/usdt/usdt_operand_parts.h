/* SPDX-License-Identifier: MIT */
/* What usdt_operand.c and its two machines share. */
#ifndef TTLOG_USDT_OPERAND_PARTS_H
#define TTLOG_USDT_OPERAND_PARTS_H

#include <stdbool.h>
#include <stdint.h>

#include "usdt_operand.h"

/* Of one operand; "-4@" is not part of it. No compiler makes a longer one, but a symbol of C++ may
 * be long. */
#define OPERAND_MAX_BYTES 1024u

/* The parser of a machine: fills ret->value. 0, or -EINVAL: ret->why says what is wrong. `text` is
 * changed. */
int usdt_operand__parse_x86(const struct usdt_scope *scope, char *text, struct usdt_operand *ret);
int usdt_operand__parse_arm64(const struct usdt_scope *scope, char *text, struct usdt_operand *ret);

/* -EINVAL, with a reason (a literal). */
int usdt_operand__refuse(struct usdt_operand *operand, const char *why);
int usdt_operand__refuse_form(struct usdt_operand *operand);

/* A number at *text, "-12" or "0x1f"; moves past it. */
bool usdt_operand__number(const char **text, int64_t *ret_number);

/*
 * "foo", "foo+8", "8+foo", "-4+foo": the link-time address of the sum; `text` is all of it.
 * ret->why says what is wrong.
 */
int usdt_operand__symbol(const struct usdt_scope *scope, const char *text, uint64_t *ret_vaddr,
			 struct usdt_operand *ret);

/* The value of a register, or its low bytes. */
void usdt_operand__set_register(struct usdt_operand *operand, uint8_t word, uint8_t bytes,
				uint8_t shift);

#endif /* TTLOG_USDT_OPERAND_PARTS_H */
