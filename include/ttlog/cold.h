/* SPDX-License-Identifier: MIT */
/*
 * Functions for the rare paths of marks. Only files with marks emit them, and the linker keeps one
 * copy.
 *
 * In C++ an inline function is just that. C has no such function, neither with gcc nor with clang:
 * a weak function is emitted in every file that includes this, with marks or without; a static
 * function is emitted once per file with marks. So in C it is a static function, which vanishes if
 * ttlog__keep() does not name it. It lies in a section .gnu.linkonce.t.NAME, of which GNU ld and
 * gold keep one. There it defines the weak symbol NAME, and all calls go to that symbol, which any
 * copy defines. So link-time optimisation may make copies in as many files as it likes. (lld keeps
 * all copies, unless --gc-sections drops those that are never called.)
 *
 *	TTLOG__COLD(void, ttlog__name, (int argument))
 *	{
 *		TTLOG__SHARE(ttlog__name);
 *		...
 *	}
 *
 * Other sections may refer to such a function only by its symbol. So it contains no `switch`, and
 * nothing else that becomes a table of jumps, which compilers put into .rodata. One such function
 * does not keep another: every caller has ttlog__keep(), which keeps all.
 */
#ifndef TTLOG_COLD_H
#define TTLOG_COLD_H

#include "macro.h"

/* An operand: the address of a text or a function. */
#if defined(__aarch64__)
#define TTLOG__TEXT "Si" /* gcc takes no symbol for "i" in position-independent code */
#else
#define TTLOG__TEXT "i"
#endif

/* Not static: in C, an inline function must not refer to a static one. Never emitted by itself. */
#define TTLOG__INLINE                                                                              \
	extern __inline__ __attribute__((gnu_inline, always_inline, no_instrument_function))

/* For their declarations. */
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
