/* SPDX-License-Identifier: MIT */
/*
 * Functions of x86-64 in the forms that compilers write, for test_function_exits.c. Section
 * `expected` says what there is: a function, the address of an exit, and 0: a return, 1: a jump;
 * 2: the function is refused.
 */
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

	.text
	.globl	_start
	begin	_start
	endbr64
	call	plain
	ud2
	finish	_start
	expect	_start, 0, 3

	begin	plain
	push	%rbp
	mov	%edi, %eax
	test	%eax, %eax
	je	2f
	pop	%rbp
1:	ret
2:	pop	%rbp
3:	repz ret
	finish	plain
	expect	plain, 1b, 0
	expect	plain, 3b, 0

	begin	tails
	cmp	$1, %edi
	jb	2f
	ja	3f
	sub	$8, %rsp
	call	plain
	add	$8, %rsp
1:	jmp	plain
2:	jmp	*pointer(%rip)
3:	mov	(%rsi), %rax
	cmp	$2, %edi
	je	4f
	mov	16(%rax), %rdx
5:	jmp	*%rdx
4:	jmp	*24(%rax)
	finish	tails
	expect	tails, 1b, 1
	expect	tails, 2b, 1
	expect	tails, 4b, 1
	expect	tails, 5b, 1

	/* the address is an argument */
	begin	argument
	mov	%rsi, %rax
	mov	%rdx, %rdi
1:	jmp	*%rax
	finish	argument
	expect	argument, 1b, 1

	/* a switch of position-independent code; no instruction shows its cases */
	begin	switch_offsets
	cmp	$2, %edi
	ja	2f
	lea	offsets(%rip), %rdx
	movslq	(%rdx, %rdi, 4), %rax
	add	%rdx, %rax
	notrack jmp *%rax
1:	mov	$1, %eax
	ret
2:	xor	%eax, %eax
3:	ret
4:	mov	$2, %eax
	ret
	nop
	finish	switch_offsets
	expect	switch_offsets, 1b + 5, 0
	expect	switch_offsets, 3b, 0
	expect	switch_offsets, 4b + 5, 0
	.pushsection .rodata
	.p2align 2
offsets:
	.long	1b - offsets, 4b - offsets, 1b - offsets
	.popsection

	begin	switch_addresses
	cmp	$1, %edi
	ja	2f
	mov	%edi, %edi
	jmp	*addresses(, %rdi, 8)
1:	mov	$1, %eax
	ret
2:	xor	%eax, %eax
3:	ret
	finish	switch_addresses
	expect	switch_addresses, 1b + 5, 0
	expect	switch_addresses, 3b, 0

	/* the same form, but its table has functions */
	begin	table_of_functions
	mov	%edi, %edi
1:	jmp	*functions(, %rdi, 8)
	finish	table_of_functions
	expect	table_of_functions, 1b, 1
	.pushsection .rodata
	.p2align 3
addresses:
	.quad	switch_addresses + 14, switch_addresses + 20
functions:
	.quad	plain, tails
	.popsection

	/* in a case of the switch, the way from its start is not known */
	begin	switch_then_tail
	push	%r12
	mov	%rsi, %r12
	lea	more_offsets(%rip), %rdx
	movslq	(%rdx, %rdi, 4), %rax
	add	%rdx, %rax
	jmp	*%rax
1:	mov	%r12, %rax
	pop	%r12
	mov	%rbx, %rdi
2:	jmp	*%rax
	finish	switch_then_tail
	expect	switch_then_tail, 2b, 1
	.pushsection .rodata
	.p2align 2
more_offsets:
	.long	1b - more_offsets
	.popsection

	/* cold code lies elsewhere, and comes back */
	begin	warm
	test	%edi, %edi
	js	warm.cold
1:	ret
2:	xor	%eax, %eax
3:	ret
	finish	warm
	.section .text.unlikely, "ax"
	.p2align 4
	nop
	.type	warm.cold, @function
warm.cold:
	.cfi_startproc
	cmp	$-1, %edi
	je	2b
	mov	$5, %eax
4:	ret
	finish	warm.cold
	.text
	expect	warm, 1b, 0
	expect	warm, 3b, 0
	expect	warm, 4b, 0

	/* cold code without a symbol */
	begin	unnamed
	test	%edi, %edi
	js	3f
1:	ret
2:	xor	%eax, %eax
	ret
	finish	unnamed
	.section .text.unlikely, "ax"
	.cfi_startproc
	nop
3:	cmp	$-1, %edi
	je	2b
4:	ret
	.cfi_endproc
	.text
	expect	unnamed, 1b, 0
	expect	unnamed, 2b + 2, 0
	expect	unnamed, 4b, 0

	/* a loop, and a call of itself in its own place */
	begin	itself
	dec	%edi
	je	1f
2:	jmp	itself
1:	ret
	finish	itself
	expect	itself, 2b, 1
	expect	itself, 1b, 0

	/* a jump over a prefix; nothing follows a call that does not return */
	begin	prefixed
	test	%edi, %edi
	je	1f
	.byte	0xf0
1:	incl	(%rsi)
	test	%esi, %esi
	je	2f
3:	ret
2:	call	_start
	finish	prefixed
	expect	prefixed, 3b, 0

	/* where control never comes, the compiler may jump to the end */
	begin	never
	test	%edi, %edi
	je	1f
2:	ret
1:	call	_start
	jmp	3f
	finish	never
3:	nop
	expect	never, 2b, 0

	begin	conditional
	test	%edi, %edi
	je	plain
	ret
	finish	conditional
	expect	conditional, 0, 2

	begin	computed
	mov	(%rdi), %rax
	shl	$4, %rax
	jmp	*%rax
	finish	computed
	expect	computed, 0, 2

	begin	falls_through
	inc	%edi
	finish	falls_through
	expect	falls_through, 0, 2

	begin	into_the_middle
	test	%edi, %edi
	je	1f
	jmp	1f + 1
1:	mov	$0xc3c3c3, %eax
	ret
	finish	into_the_middle
	expect	into_the_middle, 0, 2

	begin	no_code
	test	%edi, %edi
	je	1f
	ret
1:	.byte	0x06, 0x06
	finish	no_code
	expect	no_code, 0, 2

	/* data that nothing leads to, between the code of a function without a switch */
	begin	with_data
	jmp	1f
	.byte	0xc3, 0x06, 0xc3
1:	ret
	finish	with_data
	expect	with_data, 1b, 0

	begin	locked
	lock incl (%rdi)
	ret
	finish	locked
	expect	locked, 0, 2

	.type	no_size, @function
no_size:
	ret
	expect	no_size, 0, 2

	.data
	.p2align 3
pointer:
	.quad	plain
	.section .note.GNU-stack, "", @progbits
