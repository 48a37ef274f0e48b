/* SPDX-License-Identifier: MIT */
/*
 * The source of elf_fixture.h's files: notes as the macros make them, written by hand, so that each
 * value in them is known. Sites by index: 0 with everything (two notes), 1 a span (and 2, its end),
 * 3 with defaults, 4 the last one, whose note comes first. Notes are of several lengths: headers
 * added to them.
 *
 * -DPLAIN: no notes at all. -DNONSENSE: also one of each kind of note that makes no sense.
 */
	.globl main
	.type main, %function
	.text
main:	ret
	.size main, . - main
	.section .note.GNU-stack, "", %progbits

#ifndef PLAIN
	.section ttlog_sites, "aw"
	.balign 2
sites:	.2byte 0, 0, 0, 0, 0

	.data
	.balign 64
module:	.zero 64

	.text
gates:	nop
	nop
	nop
	nop
	nop
	ret
	.globl fixture_function
	.type fixture_function, %function
fixture_function:
	nop
	nop
	nop
	ret
	.size fixture_function, . - fixture_function

	.section .rodata
svc:	.asciz "shop"
tgt:	.asciz "net.http"
name:	.asciz "trade_executed"
msg:	.asciz "50% \"done\"\n"
path:	.asciz "src/net.http.c"
func:	.asciz "handle"
keys:	.asciz "symbol"
	.asciz "quantity"

	.macro head bytes, type
	.balign 4
	.4byte 6, \bytes, \type
	.asciz "ttlog"
	.balign 4
	.endm

	.macro site semaphore, gate, service=0, target=0, name=0, message=0, file=0, function=0, \
		keys=0, types=0, line=1, level=2, kind=0, fields=0, version=1, \
		more=0, traits=0
	head 96+\more, 1
	.8byte \semaphore, \gate, \service, \target, \name, \message, \file, \function, \keys
	.8byte \types, 0
	.4byte \line
	.byte \level, \kind, \fields, \version
	.if \more
	.4byte \traits
	.fill \more - 4
	.endif
	.endm

	.section .note.ttlog, "", %note
	site sites+8, gates+4, name=name, line=5, level=5, kind=2, more=8, traits=1
	site sites, gates, svc, tgt, name, msg, path, func, keys, 0x090e, 42, fields=2
	site sites, gates+1, svc, tgt, name, msg, path, func, keys, 0x090e, 42, fields=2
	site sites+2, gates+2, svc, tgt, name, msg, path, func, line=43, level=1, kind=1, more=8, traits=1
	site sites+6, gates+3, name=name, message=msg, file=path, function=func, line=44, level=4, more=24, traits=0x81
	/* a file with an older header has the same site */
	site sites+8, gates+4, name=name, line=5, level=5, kind=2, more=8
	/* code that the linker dropped */
	site 0, gates+3, name=name
	site sites+4, 0, name=name

#ifdef NONSENSE
	site sites+4, gates, level=6
	site sites+4, gates, kind=3
	site sites+4, gates, keys=keys, types=0x090e, fields=17
	site sites+4, gates, keys=keys, types=0x120e, fields=2
	site sites+4, gates, version=99
	site sites+5, gates /* between two semaphores */
	site sites-2, gates /* before the first */
	site sites+4, module /* a gate in data */
	site gates, gates /* a semaphore in code */
	site sites+0x200000, gates
	site sites+4, gates, name=0x7f0000000000
	head 8, 1 /* too short */
	.8byte 1
	head 8, 7 /* a type to come: no complaint */
	.8byte 1
#endif

	head 40, 2
	.8byte module, gates+5, gates+4, sites
	.4byte 1, 0
#endif
