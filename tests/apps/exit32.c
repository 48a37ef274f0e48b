/* SPDX-License-Identifier: MIT */
/*
 * A 32-bit program for x86, without a C library: ends with status 32.
 */
void _start(void);

void _start(void)
{
	__asm__ volatile("movl $1, %eax\n\tmovl $32, %ebx\n\tint $0x80");
}
