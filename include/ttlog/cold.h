/* SPDX-License-Identifier: MIT */
/*
 * Functions that marks fall back to: emitted only in files with marks, kept once by the linker.
 *
 * In C++ an inline function is just that. C has no such function, neither gcc's nor clang's: what is
 * weak is there in every file that includes this, marks or not, and what is static is there once for
 * each. So in C it is a static function, which vanishes where ttlog__keep() does not name it, in a
 * section .gnu.linkonce.t.NAME, of which GNU ld and gold keep one, and which calls itself NAME by a
 * weak symbol. Everybody calls it by that symbol, which any copy defines: link-time optimisation may
 * then have a copy each, in as many files as it likes. (lld keeps all copies, unless --gc-sections
 * drops those that nobody calls.)
 *
 *	TTLOG__COLD(void, ttlog__name, (int argument))
 *	{
 *		TTLOG__SHARE(ttlog__name);
 *		...
 *	}
 *
 * No other section may refer into such a one but by its symbol: no `switch`, and nothing else that
 * becomes a table of jumps, which compilers put into .rodata. Nor does one keep another: whoever calls
 * one has ttlog__keep(), which keeps all.
 */
#ifndef TTLOG_COLD_H
#define TTLOG_COLD_H

#include "macro.h"

/* An operand that is the address of a text or a function. */
#if defined(__aarch64__)
#define TTLOG__TEXT "Si" /* gcc takes no symbol for "i" in position-independent code */
#else
#define TTLOG__TEXT "i"
#endif

/* Not static: an inline function of C must not refer to what is. Never emitted on its own. */
#define TTLOG__INLINE                                                                              \
	extern __inline__ __attribute__((gnu_inline, always_inline, no_instrument_function))

/* Of their declarations. */
#define TTLOG__FAR __attribute__((visibility("hidden"), cold))

#ifdef __cplusplus
#define TTLOG__BODY(name) name
#define TTLOG__COLD(type, name, arguments)                                                         \
	inline __attribute__((noinline, no_instrument_function)) TTLOG__FAR type name arguments
#define TTLOG__SHARE(name)
#else
#define TTLOG__BODY(name) name##_body
#define TTLOG__COLD(type, name, arguments)                                                         \
	static __inline__ __attribute__((section(".gnu.linkonce.t." #name), cold, unused,          \
					 no_instrument_function)) type                             \
	TTLOG__BODY(name) arguments
#define TTLOG__SHARE(name)                                                                         \
	__asm__ volatile(".ifndef " #name "\n"                                                     \
			 "\t.weak " #name "\n\t.hidden " #name "\n\t.type " #name ", %%function\n" \
			 "\t.set " #name ", %c[ttlog_body]\n.endif"                                \
			 :                                                                         \
			 : [ttlog_body] TTLOG__TEXT(TTLOG__BODY(name)))
#endif

#endif /* TTLOG_COLD_H */
