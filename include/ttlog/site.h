/* SPDX-License-Identifier: MIT */
/*
 * A site in assembly: its semaphore, its gate, its two notes.
 *
 * The compiler copies code (inlining, unrolling, templates) and drops it, so a site can't be a C
 * variable. Three separate asm statements of a use must refer to the same semaphore: the gate, the
 * USDT probe in the enabled path, and the index in the record. They name it by a symbol made of the
 * use's __COUNTER__, its field types (which differ between instances of a template) and the label
 * of its function's name. The first of them in the assembler's input defines the symbol. The
 * section of semaphores is in no COMDAT group, so that a copy in another group can refer to it.
 *
 * Link-time optimisation puts several translation units into one assembler input, and each begins
 * its counter anew. In gcc, __func__ is a variable of its own in each function. clang merges equal
 * texts, so there the symbol contains all that the note says (gcc allows only 30 operands, too few
 * for that). Uses that are equal in all of this are one site: their events have no difference.
 */
#ifndef TTLOG_SITE_ASM_H
#define TTLOG_SITE_ASM_H

#include "abi.h"
#include "cold.h"
#include "macro.h"

#define TTLOG__STRING_(x) #x
#define TTLOG__STRING(x)  TTLOG__STRING_(x)

#ifdef TTLOG_SERVICE
#define TTLOG__PROVIDER TTLOG_SERVICE
#else
#define TTLOG__PROVIDER "ttlog"
#endif

/* The assembly is formatted by hand. */
/* clang-format off */

/* ---- Differences between machines ---- */

#if defined(__x86_64__)
/* Each instruction in both syntaxes, the second for -masm=intel. A probe's arguments must be in
 * AT&T syntax, which the compiler does not write then: so the probe has none. */
#define TTLOG__ATT(text)      "{" text "|}"
#define TTLOG__GATE_TEXT(sem) "{cmpw $0, " sem "(%%rip)|cmp word ptr " sem "[rip], 0}\n"
#define TTLOG__GATE_OUTPUT "=@ccne"
#define TTLOG__ADDRESS_TEXT(sem)                                                                   \
	"{lea " sem "(%%rip), %[ttlog_address]|lea %[ttlog_address], " sem "[rip]}\n"
#define TTLOG__CONTROL_ARGUMENTS "8@%rdi 8@%rsi 8@%rdx"
#define TTLOG__TLS "@tls_object"
#elif defined(__aarch64__)
#define TTLOG__ATT(text) text
#define TTLOG__GATE_TEXT(sem)                                                                      \
	"adrp %x[ttlog_on], " sem "\n\tldrh %w[ttlog_on], [%x[ttlog_on], :lo12:" sem "]\n"
#define TTLOG__GATE_OUTPUT "=r"
#define TTLOG__ADDRESS_TEXT(sem)                                                                   \
	"adrp %[ttlog_address], " sem "\n\tadd %[ttlog_address], %[ttlog_address], :lo12:" sem "\n"
#define TTLOG__CONTROL_ARGUMENTS "8@x0 8@x1 8@x2"
#define TTLOG__TLS "%tls_object"
#endif

/* ---- Notes: owner, type, description; see abi.h and the systemtap wiki's
 * UserSpaceProbeImplementation ---- */

#define TTLOG__NOTE(flags, bytes, type)                                                            \
	".pushsection .note.ttlog,\"" flags "\n\t.balign 4\n\t.4byte 6, " bytes ", " type "\n"     \
	"\t.asciz \"ttlog\"\n\t.balign 4\n"

#define TTLOG__USDT_NOTE(flags, provider, name, location, semaphore, arguments)                    \
	".pushsection .note.stapsdt,\"" flags "\n\t.balign 4\n"                                    \
	"\t.4byte 996f - 995f, 998f - 997f, 3\n"                                                   \
	"995:\t.asciz \"stapsdt\"\n996:\t.balign 4\n"                                              \
	"997:\t.8byte " location ", _.stapsdt.base, " semaphore "\n"                               \
	"\t.asciz \"" provider "\"\n\t.asciz \"" name "\"\n\t.asciz \"" arguments "\"\n"           \
	"998:\t.balign 4\n\t.popsection\n"                                                         \
	".ifndef _.stapsdt.base\n"                                                                 \
	"\t.pushsection .stapsdt.base,\"aG\",\"progbits\",.stapsdt.base,comdat\n"                  \
	"\t.weak _.stapsdt.base\n\t.hidden _.stapsdt.base\n"                                       \
	"_.stapsdt.base:\t.space 1\n\t.size _.stapsdt.base, 1\n\t.popsection\n.endif\n"

#ifdef TTLOG__HAS_SITES

TTLOG__BEGIN_C

extern struct ttlog_module ttlog_module __attribute__((visibility("hidden")));
/* The section's first two bytes belong to no site, so that it exists even without sites. */
extern const char __start_ttlog_sites[] __attribute__((visibility("hidden")));

/* The probe ttlog:control; op is an enum ttlog_op. */
void ttlog_control(const volatile void *address, uint64_t bytes, uint32_t op)
	__attribute__((visibility("hidden")));
void ttlog__begin(void) TTLOG__FAR;
void ttlog__finish(void) TTLOG__FAR;

/* Never called. It contains what exists once per executable or library, in a COMDAT group.
 * ttlog__begin() runs when that is loaded, ttlog__finish() when it is unloaded. */
TTLOG__COLD(void, ttlog__module_anchor, (void))
{
/* a group of its own: files with an older header have an anchor without it */
__asm__(".ifndef ttlog__context\n"
	".pushsection .tbss.ttlog__context,\"awTG\",%nobits,ttlog__context,comdat\n"
	"\t.weak ttlog__context\n\t.hidden ttlog__context\n\t.type ttlog__context, " TTLOG__TLS "\n"
	"\t.size ttlog__context, 32\n\t.balign 8\nttlog__context:\n\t.zero 32\n\t.popsection\n"
	".endif\n"
	".ifndef ttlog_module\n"
	".pushsection ttlog_sites,\"aw\",%progbits\n\t.balign 2\n\t.2byte 0\n\t.popsection\n"
	/* bpftrace and perf use this section's place to find semaphores in the file */
	".pushsection .probes,\"aw\",%progbits\n\t.balign 2\n"
	".Lttlog_probes:\t.2byte 0\n\t.popsection\n"
	".pushsection .data.ttlog_module,\"awG\",%progbits,ttlog_module,comdat\n"
	"\t.weak ttlog_module\n\t.hidden ttlog_module\n\t.type ttlog_module, %object\n"
	"\t.size ttlog_module, 64\n\t.balign 64\n"
	"ttlog_module:\n\t.2byte 0, 0\n\t.4byte " TTLOG__STRING(TTLOG_ABI_VERSION) "\n\t.zero 56\n"
	"\t.popsection\n"
	".pushsection .bss.ttlog__no_batch,\"awG\",%nobits,ttlog_module,comdat\n"
	"\t.weak ttlog__no_batch\n\t.hidden ttlog__no_batch\n\t.type ttlog__no_batch, %object\n"
	"\t.size ttlog__no_batch, 128\n\t.balign 64\nttlog__no_batch:\n\t.zero 128\n\t.popsection\n"
	".pushsection .tdata.ttlog__batch,\"awTG\",%progbits,ttlog_module,comdat\n"
	"\t.weak ttlog__batch\n\t.hidden ttlog__batch\n\t.type ttlog__batch, " TTLOG__TLS "\n"
	"\t.size ttlog__batch, 8\n\t.balign 8\n"
	"ttlog__batch:\n\t.8byte ttlog__no_batch\n\t.popsection\n"
	".pushsection .init_array,\"awG\",%init_array,ttlog_module,comdat\n"
	"\t.balign 8\n\t.8byte ttlog__begin\n\t.popsection\n"
	".pushsection .fini_array,\"awG\",%fini_array,ttlog_module,comdat\n"
	"\t.balign 8\n\t.8byte ttlog__finish\n\t.popsection\n"
	".pushsection .text.ttlog_control,\"axG\",%progbits,ttlog_module,comdat\n\t.balign 16\n"
	"\t.weak ttlog_control\n\t.hidden ttlog_control\n\t.type ttlog_control, %function\n"
	"ttlog_control:\n\t.reloc ., BFD_RELOC_NONE, .Lttlog_probes\n\tnop\n\tret\n"
	"\t.size ttlog_control, . - ttlog_control\n"
	".Lttlog_immediate:\n\tnop\n\t.popsection\n" /* never executed */
	TTLOG__NOTE("G\",%note,ttlog_module,comdat", "40", "2")
	"\t.8byte ttlog_module, ttlog_control, .Lttlog_immediate, __start_ttlog_sites\n"
	"\t.4byte " TTLOG__STRING(TTLOG_ABI_VERSION) ", 0\n\t.popsection\n"
	TTLOG__USDT_NOTE("G\",%note,ttlog_module,comdat", "ttlog", "control", "ttlog_control",
			 "ttlog_module", TTLOG__CONTROL_ARGUMENTS)
	".endif\n");
}

TTLOG__END_C

/* ---- A use ---- */

#ifdef __clang__
#define TTLOG__TOLD_TEXT                                                                           \
	".%c[ttlog_line].%c[ttlog_level].%c[ttlog_name].%c[ttlog_message].%c[ttlog_keys]"          \
	".%c[ttlog_file].%c[ttlog_target].%c[ttlog_service]"
#define TTLOG__ALSO_NAMED_BY(is) , TTLOG__TOLD is
#else
#define TTLOG__TOLD_TEXT
#define TTLOG__ALSO_NAMED_BY(is)
#endif

#define TTLOG__SEMAPHORE(ctr)                                                                      \
	"\".Lttlog." TTLOG__STRING(ctr)                                                            \
	".%c[ttlog_t0].%c[ttlog_t1].%c[ttlog_t2].%c[ttlog_t3].%c[ttlog_func]" TTLOG__TOLD_TEXT "\""

#define TTLOG__DEFINE(ctr, bytes)                                                                  \
	".ifndef " TTLOG__SEMAPHORE(ctr) "\n"                                                      \
	"\t.pushsection ttlog_sites,\"aw\",%%progbits\n\t.balign 2\n"                              \
	TTLOG__SEMAPHORE(ctr) ":\t.zero " TTLOG__STRING(bytes) "\n\t.popsection\n.endif\n"

/* types: four numbers in parentheses, each with the types of four fields. */
#define TTLOG__NAMED_BY(t0, t1, t2, t3)                                                            \
	[ttlog_t0] "i"(t0), [ttlog_t1] "i"(t1), [ttlog_t2] "i"(t2), [ttlog_t3] "i"(t3),            \
		[ttlog_func] TTLOG__TEXT(__func__)

/* The other contents of the note. is: (name, level, message, keys). */
#define TTLOG__TOLD(name, level, message, keys)                                                    \
	[ttlog_name] TTLOG__TEXT(name), [ttlog_level] "i"(level),                                  \
		[ttlog_message] TTLOG__TEXT(message), [ttlog_keys] TTLOG__TEXT(keys),              \
		[ttlog_service] TTLOG__TEXT(TTLOG_SERVICE),                                        \
		[ttlog_target] TTLOG__TEXT(TTLOG_TARGET), [ttlog_file] TTLOG__TEXT(__FILE__),      \
		[ttlog_line] "i"(__LINE__)

/* With --gc-sections, lld drops texts that only notes refer to. This keeps them at no cost. */
#define TTLOG__KEEP(text) ".reloc ., BFD_RELOC_NONE, %c[ttlog_" text "]\n"

/*
 * Whether the site is enabled, as an int. bytes: size of the semaphore's entry; nf, types: number
 * and types of the fields. The gate's own instruction lies after the function, where it never runs.
 *
 * The output is the flag of the comparison, which both compilers turn into cmpw and jne. asm goto
 * would give the same code, but clang before 17 refuses it in functions that run destructors.
 */
#define TTLOG__GATE(ctr, bytes, is, kind, nf, types)                                               \
	__extension__({                                                                            \
		int ttlog_on;                                                                      \
		__asm__ volatile(                                                                  \
			TTLOG__DEFINE(ctr, bytes)                                                  \
			TTLOG__GATE_TEXT(TTLOG__SEMAPHORE(ctr))                                    \
			TTLOG__KEEP("name") TTLOG__KEEP("message") TTLOG__KEEP("file")             \
			TTLOG__KEEP("func") TTLOG__KEEP("keys") TTLOG__KEEP("service")             \
			TTLOG__KEEP("target")                                                      \
			".subsection 1\n992:\tnop\n\t.previous\n"                                  \
			TTLOG__NOTE("?\",%%note", "104", "1")                                      \
			"\t.8byte " TTLOG__SEMAPHORE(ctr) ", 992b\n"                               \
			"\t.8byte %c[ttlog_service], %c[ttlog_target], %c[ttlog_name]\n"           \
			"\t.8byte %c[ttlog_message], %c[ttlog_file], %c[ttlog_func]\n"             \
			"\t.8byte %c[ttlog_keys]\n"                                                \
			"\t.4byte %c[ttlog_t0], %c[ttlog_t1], %c[ttlog_t2], %c[ttlog_t3]\n"        \
			"\t.4byte %c[ttlog_line]\n"                                                \
			"\t.byte %c[ttlog_level], %c[ttlog_kind], %c[ttlog_nf], "                  \
			TTLOG__STRING(TTLOG_ABI_VERSION) "\n"                                      \
			"\t.4byte " TTLOG__STRING(TTLOG_SITE_FLAGS_BATCH) ", 0\n\t.popsection\n"   \
			: [ttlog_on] TTLOG__GATE_OUTPUT(ttlog_on)                                  \
			: TTLOG__NAMED_BY types, TTLOG__TOLD is, [ttlog_kind] "i"(kind),           \
			  [ttlog_nf] "i"(nf));                                                     \
		ttlog_on;                                                                          \
	})

/* The USDT probe: a nop, and the place of each argument at that moment. */
#define TTLOG__USDT(ctr, bytes, name, is, arguments, types, ...)                                   \
	__asm__ volatile(TTLOG__DEFINE(ctr, bytes) "993:\tnop\n"                                   \
			 TTLOG__USDT_NOTE("?\",%%note", TTLOG__PROVIDER, name, "993b",             \
					  TTLOG__SEMAPHORE(ctr), arguments)                        \
			 :                                                                         \
			 : TTLOG__NAMED_BY types TTLOG__ALSO_NAMED_BY(is) __VA_ARGS__)

/* Offset of the site's entry in the section: its index times 2. */
#define TTLOG__OFFSET(ctr, bytes, is, types)                                                       \
	__extension__({                                                                            \
		uintptr_t ttlog_at;                                                                \
		__asm__(TTLOG__DEFINE(ctr, bytes) TTLOG__ADDRESS_TEXT(TTLOG__SEMAPHORE(ctr))       \
			: [ttlog_address] "=r"(ttlog_at)                                           \
			: TTLOG__NAMED_BY types TTLOG__ALSO_NAMED_BY(is));                         \
		(uint32_t)(ttlog_at - (uintptr_t)__start_ttlog_sites);                             \
	})

/* clang-format on */

#endif /* TTLOG__HAS_SITES */
#endif /* TTLOG_SITE_ASM_H */
