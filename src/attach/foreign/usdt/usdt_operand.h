/* SPDX-License-Identifier: MIT */
/*
 * The argument strings of USDT probes: "-4@%esi 8@-24(%rbp) 4@$7" says where each argument is, in
 * the words of the assembler, because the compiler fills them into <sys/sdt.h>'s template.
 *
 * Forms that gcc and clang emit, for x86-64 (AT&T) and arm64:
 *
 *	%rax %eax %ax %al %ah %r8d    x0 w1 sp wzr                 a register, or the low part of it
 *	$7 $-1 $0x10                  7 -1 #7                      a constant
 *	-24(%rbp) (%rax,%rbx,8)       [sp, 16] [x0, x1, lsl 3]     memory
 *	                              [x0, w1, sxtw 3]             null: no way to say it
 *	foo(%rip) 8+foo(%rip) $foo    [x0, #:lo12:foo]             memory at a symbol, its address
 *	%xmm0 %st                     d0 v1 s2                     null: the kernel keeps none of these
 *	%fs:...                                                    null: thread-local
 *
 * The size is 1, 2, 4 or 8 bytes, negative if it is signed; "8f" is floating point (systemtap 5).
 */
#ifndef TTLOG_USDT_OPERAND_H
#define TTLOG_USDT_OPERAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "foreign_wire.h"

/* As <sys/sdt.h> has it. */
#define USDT_MAX_ARGUMENTS 12u

enum usdt_machine {
	USDT_X86_64 = 1,
	USDT_ARM64 = 2,
};

struct usdt_operand {
	uint8_t bytes; /* of the argument: 1, 2, 4, 8 */
	bool is_signed;
	bool is_float;
	struct wire_value value; /* WIRE_NOTHING: it can't be read */
	const char *why;         /* then: the reason, in words */
};

/* What the text of an operand may refer to. */
struct usdt_scope {
	enum usdt_machine machine;
	uint64_t place;   /* link-time address of the probe */
	bool is_absolute; /* the file is loaded where it was linked: no PIE, no library */
	/* Link-time address of a symbol. 0 or -ENOENT. NULL: there are no symbols. */
	int (*find_symbol)(void *ctx, const char *name, uint64_t *ret_vaddr);
	void *ctx;
};

/*
 * Parses the next argument of a string and moves *text past it. false: there is no more. A text
 * that is no operand is an argument that can't be read.
 */
bool usdt_operand__next(const struct usdt_scope *scope, const char **text,
			struct usdt_operand *ret);

#endif /* TTLOG_USDT_OPERAND_H */
