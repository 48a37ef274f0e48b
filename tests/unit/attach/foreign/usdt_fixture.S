/* SPDX-License-Identifier: MIT */
/*
 * A file with USDT probes, written by hand, so that each value in their notes is known: places 0 to
 * 7 are one-byte (arm64: four-byte) instructions from `places` on. -DMOVED: notes that say that all
 * was 0x100 lower when they were made. -DSOUND: no invalid notes.
 */
	.globl main
	.type main, %function
	.text
main:	ret
	.size main, . - main
places:	nop
	nop
	nop
	nop
	nop
	nop
	nop
	nop
#if defined(__x86_64__)
long:	.byte 0x0f, 0x1f, 0x44, 0, 0
#endif
	.section .note.GNU-stack, "", %progbits

	.section .probes, "aw"
	.balign 2
	.2byte 0
sema:	.2byte 0
odd:	.byte 0, 0

	.section .stapsdt.base, "a"
_.stapsdt.base:	.space 1

	.data
	.balign 64
	.globl counters
	.type counters, %object
counters:	.zero 64
	.size counters, 64

#ifdef MOVED
#define MOVE 0x100
#else
#define MOVE 0
#endif

	.macro probe place, semaphore, provider, name, arguments:vararg
	.pushsection .note.stapsdt, "", %note
	.balign 4
	.4byte 992f - 991f, 994f - 993f, 3
991:	.asciz "stapsdt"
992:	.balign 4
993:	.8byte \place - MOVE, _.stapsdt.base - MOVE, \semaphore
	.asciz "\provider"
	.asciz "\name"
	.asciz \arguments
994:	.balign 4
	.popsection
	.endm

#if defined(__aarch64__)
#define STEP 4
#define INLINED0 "-4@w0 8@[x1, 8] 4@7"
#define INLINED1 "-4@3 8@x2 4@[sp, 16]"
#define FLOATS	 "8f@d0 4f@[sp, 4] 8f@[sp]"
#define SYMBOL	 "-4@[x3, #:lo12:counters+4] 8@[x3, #:lo12:nowhere]"
#define WORDS	 "8@x0 8@[sp] 2@w1 -1@w2"
#else
#define STEP 1
#define INLINED0 "-4@%edi 8@8(%rsi) 4@$7"
#define INLINED1 "-4@$3 8@%rdx 4@16(%rsp)"
#define FLOATS	 "8f@%xmm0 4f@4(%rsp) 8f@(%rsp)"
#define SYMBOL	 "-4@4+counters(%rip) 8@nowhere(%rip)"
#define WORDS	 "8@%rdi 8@(%rsp) 2@%ax -1@%bl"
#endif
	/* out of order, and one twice */
	probe places+2*STEP, sema-MOVE, shop, inlined, INLINED1
	probe places+0*STEP, sema-MOVE, shop, inlined, INLINED0
	probe places+0*STEP, sema-MOVE, shop, inlined, INLINED0
	probe places+1*STEP, 0, shop, nothing, ""
	probe places+3*STEP, 0, shop, floats, FLOATS
	probe places+4*STEP, 0, shop, symbol, SYMBOL
	probe places+5*STEP, 0, bank, words, WORDS
#if defined(__x86_64__)
	probe long, 0, shop, long, ""
#endif
	/* dropped by the linker */
	probe MOVE, 0, shop, dropped, ""
#ifndef SOUND
	/* outside of code; a semaphore outside of data, at an odd place; no name */
	probe counters, 0, shop, data, ""
	probe places+6*STEP, main-MOVE, shop, semaphore, ""
	probe places+6*STEP, odd+1-MOVE, shop, odd, ""
	probe places+6*STEP, 0, shop, , ""
	/* too short */
	.section .note.stapsdt, "", %note
	.balign 4
	.4byte 8, 8, 3
	.asciz "stapsdt"
	.8byte 0
	/* a text without an end */
	.4byte 8, 28, 3
	.asciz "stapsdt"
	.8byte places, 0, 0
	.ascii "shop"
#endif
