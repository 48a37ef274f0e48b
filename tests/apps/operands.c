/* SPDX-License-Identifier: MIT */
/*
 * USDT probes whose arguments lie in all the places that compilers think of: the test builds it with
 * several of them. Without ttlog's marks. On stdout, a line for each hit: the probe's name, then the
 * values.
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <sys/sdt.h>

struct item {
	char tag;
	short small;
	int cnt;
	long total;
	const char *name;
};

struct item operands_items[8];
int operands_table[64];
long operands_count = -123456789012;
const char operands_text[] = "at a symbol";

__attribute__((noinline)) static void hit_registers(int i, long n, unsigned char byte, short small,
						    unsigned int word)
{
	STAP_PROBE5(operands, registers, i, n, byte, small, word);
	printf("registers %d %ld %u %d %u\n", i, n, byte, small, word);
}

__attribute__((noinline)) static void hit_memory(int i, const struct item *item)
{
	STAP_PROBE6(operands, memory, item->tag, item->small, operands_items[i].cnt, item->total,
		    operands_table[i * 2], operands_count);
	printf("memory %d %d %d %ld %d %ld\n", item->tag, item->small, operands_items[i].cnt,
	       item->total, operands_table[i * 2], operands_count);
}

__attribute__((noinline)) static void hit_locals(int i)
{
	volatile int64_t first = i * -7L;
	volatile uint16_t second = (uint16_t)(i + 65530);
	volatile signed char third = (signed char)-i;
	char name[16] = "local ";

	name[6] = (char)('0' + i);
	STAP_PROBE4(operands, locals, first, second, third, name);
	printf("locals %ld %u %d %s\n", (long)first, second, third, name);
}

__attribute__((noinline)) static void hit_constants(void)
{
	STAP_PROBE6(operands, constants, 7, -1, 4096L, (signed char)-5, (unsigned short)65535,
		    0x123456789abcL);
	printf("constants 7 -1 4096 -5 65535 %ld\n", 0x123456789abcL);
}

/* One probe, in as many places as it is used. */
__attribute__((always_inline)) static inline void hit_inlined(long n, const char *name)
{
	STAP_PROBE2(operands, inlined, n, name);
	printf("inlined %ld %s\n", n, name);
}

/* A note of probe operands:exact at this instruction. */
#define NOTE(arguments)                                                                            \
	"990:	nop\n"                                                                               \
	"	.pushsection .note.stapsdt, \"\", \"note\"\n"                                            \
	"	.balign 4\n"                                                                             \
	"	.4byte 992f - 991f, 994f - 993f, 3\n"                                                    \
	"991:	.asciz \"stapsdt\"\n"                                                                \
	"992:	.balign 4\n"                                                                         \
	"993:	.8byte 990b, 0, 0\n"                                                                 \
	"	.asciz \"operands\"\n"                                                                   \
	"	.asciz \"exact\"\n"                                                                      \
	"	.asciz \"" arguments "\"\n"                                                        \
	"994:	.balign 4\n"                                                                         \
	"	.popsection"

/* As assembly code has them: also what compilers emit only now and then. */
__attribute__((noinline)) static void hit_exact(void)
{
	static const long array[] = { 10, 20, -30, 40 };
	const uint64_t bits = 0x8877665544332211;
#if defined(__x86_64__)
	__asm__ volatile(NOTE("8@%%rax -4@%%eax 2@%%ax 1@%%al 1@%%ah -8@8(%%rbx,%%rcx,8) "
			      "-8@(%%rbx) -8@operands_count(%%rip) -4@4+operands_table(%%rip) "
			      "-4@$-77 8@$operands_text")
			 :
			 : "a"(bits), "b"(array), "c"(1L));
#elif defined(__aarch64__)
	register uint64_t x0 __asm__("x0") = bits;
	register const long *x1 __asm__("x1") = array;
	register long x2 __asm__("x2") = 2;
	register const int *x3 __asm__("x3") = operands_table;
	register const long *x4 __asm__("x4") = &operands_count;

	__asm__ volatile(NOTE("8@x0 -4@w0 2@w0 1@w0 1@34 -8@[x1, x2, lsl 3] -8@[x1] -8@[x4] "
			      "-4@[x3, 4] -4@-77 8@operands_text")
			 :
			 : "r"(x0), "r"(x1), "r"(x2), "r"(x3), "r"(x4));
#endif
	printf("exact %lu %d %u %u %u %ld %ld %ld %d -77 %s\n", (unsigned long)bits, (int32_t)bits,
	       (uint16_t)bits, (uint8_t)bits, (uint8_t)(bits >> 8), array[2], array[0],
	       operands_count, operands_table[1], operands_text);
}

int main(int argc, char **argv)
{
	(void)argv;
	for (int i = 0; i < 8; i++)
		operands_items[i] = (struct item){ (char)('a' + i), (short)(i - 4), i * 1000000,
						   i * -10000000000, "item" };
	for (int i = 0; i < 64; i++)
		operands_table[i] = i * 3 - 50;
	for (int i = argc; i < 5; i++) {
		hit_registers(-i, i * 5000000000, (unsigned char)(250 + i), (short)-i,
			      4000000000U + (unsigned int)i);
		hit_memory(i, &operands_items[i + 1]);
		hit_locals(i);
	}
	hit_constants();
	hit_inlined(argc, "first");
	hit_inlined(-2, argv[0] ? "second" : NULL);
	hit_inlined(operands_count, operands_text);
	hit_exact();
	return 0;
}
