/* SPDX-License-Identifier: MIT */
/* As exits_x86.S, for arm64. */
	.macro	expect function, place, kind
	.pushsection expected, "a"
	.quad	\function, \place, \kind
	.popsection
	.endm
	.macro	begin name
	.p2align 4
	.type	\name, @function
\name:
	.cfi_startproc
	.endm
	.macro	finish name
	.cfi_endproc
	.size	\name, . - \name
	.endm

	.arch	armv8.3-a+pauth
	.text
	.globl	_start
	begin	_start
	bl	plain
	brk	#1
	finish	_start
	expect	_start, 0, 3

	begin	plain
	paciasp
	cbz	w0, 2f
	tbnz	w0, #3, 2f
	autiasp
1:	ret
2:	b.eq	3f
	ret
3:	ret	x3
	finish	plain
	expect	plain, 1b, 0
	expect	plain, 2b + 4, 0
	expect	plain, 3b, 0

	/* the kernel does not know how to do that */
	begin	authenticated
	paciasp
	retaa
	finish	authenticated
	expect	authenticated, 0, 2

	begin	tails
	cbz	w0, 2f
	cmp	w0, #1
	b.eq	3f
	b.hi	4f
1:	b	plain
2:	ldr	x1, [x0, #24]
	br	x1
3:	adrp	x16, pointer
	ldr	x17, [x16, :lo12:pointer]
	br	x17
4:	mov	x3, x2
	mov	x0, x1
5:	br	x3
	finish	tails
	expect	tails, 1b, 1
	expect	tails, 2b + 4, 1
	expect	tails, 3b + 8, 1
	expect	tails, 5b, 1

	begin	switch_offsets
	cmp	w0, #2
	b.hi	2f
	adrp	x1, offsets
	add	x1, x1, :lo12:offsets
	ldrb	w1, [x1, w0, uxtw]
	adr	x2, 1f
	add	x1, x2, w1, sxtb #2
	br	x1
1:	mov	w0, #1
	ret
2:	mov	w0, wzr
	ret
3:	mov	w0, #2
	ret
	finish	switch_offsets
	expect	switch_offsets, 1b + 4, 0
	expect	switch_offsets, 2b + 4, 0
	expect	switch_offsets, 3b + 4, 0
	.pushsection .rodata
offsets:
	.byte	0, 4, 0
	.popsection

	begin	conditional
	cbz	x0, plain
	ret
	finish	conditional
	expect	conditional, 0, 2

	begin	computed
	ldr	x1, [x0]
	lsl	x1, x1, #4
	br	x1
	finish	computed
	expect	computed, 0, 2

	begin	falls_through
	add	w0, w0, #1
	finish	falls_through
	expect	falls_through, 0, 2
	nop

	.data
	.p2align 3
pointer:
	.quad	plain
