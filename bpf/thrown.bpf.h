/* SPDX-License-Identifier: Dual MIT/GPL */
/*
 * The exception that a C++ program threw before it aborts: std::terminate() gets no reason.
 *
 * Each thread has a pointer to the exception that it handles. std::terminate() counts as a handler
 * of an uncaught exception. The pointer lies in thread-local storage: that of libstdc++, or of the
 * program if libstdc++ is linked into it. Only __cxa_get_globals() knows the place. But each head
 * of an exception has a mark, and no other word in this storage points to such a head. So we search
 * the beginning of each module's storage for such a word. Of the first module, the program, we
 * search more, because libstdc++ may be part of it.
 *
 * what() is code of the program, which we can't run here. But most of these functions only return a
 * member or a constant, and two instructions show which.
 *
 * All of it comes from the program: each read may fail, and the number of reads is limited.
 */
#ifndef TTLOG_THROWN_BPF_H
#define TTLOG_THROWN_BPF_H

#include "death.bpf.h"

/* The C++ ABI for Itanium, "Exception Handling": the class is "GNUCC++\0", or "GNUCC++\1" for an
 * exception that std::rethrow_exception() throws (a dependent one). */
#define CLASS_DEPENDENT 0x474e5543432b2b01ull
/* The head (__cxa_exception in libstdc++'s unwind-cxx.h). Its first field is the type; of a
 * dependent exception, the object of the first one. */
#define HEAD_BYTES      112 /* the object follows */
#define HEAD_AT_CLASS   80

/* A thread's table of its modules' storage (dtv_t of glibc, or musl's): some of its words are the
 * addresses of that storage. */
#define DTV_WORDS       128
#define BLOCK_WORDS     16
#define BLOCK_BYTES     (BLOCK_WORDS * sizeof(u64))
#define PROGRAM_BLOCKS  64
/* An entry of glibc's table. The number of entries stands before the first one. */
#define DTV_ENTRY_BYTES 16
/* The usual vm.mmap_min_addr; hardly any machine has less. */
#define LOWEST_ADDRESS  65536
/* How many steps from base to base; in one of them a type may have several bases. */
#define MAX_BASES       8
#define MAX_SIDE_BASES  3

static __always_inline bool read_word(u64 address, u64 *ret)
{
	return !bpf_probe_read_user(ret, sizeof(*ret), (void *)address);
}

/* ---- the exception ---- */

struct head_scan {
	u64 dtv;
	u64 program; /* storage of the first module */
	u64 head;    /* the result; 0: not found */
};

/* The thread pointer comes from the kernel. On arm64 a program sets it itself: there the kernel
 * knows it only after another thread had the CPU. */
static __always_inline u64 dtv_address(void)
{
	struct task_struct *task = bpf_get_current_task_btf();
	u64 dtv;

#if defined(__TARGET_ARCH_x86)
	const u64 place = BPF_CORE_READ(task, thread.fsbase) + sizeof(u64);
#else
	const u64 place = BPF_CORE_READ(task, thread.uw.tp_value);
#endif
	return read_word(place, &dtv) ? dtv : 0;
}

/* Finds a head that a word of the block points to. False: the block can't be read. Reads that fail
 * are slow, so words that can't be addresses are not tried. */
static __always_inline bool find_head(u64 block, u64 *ret_head)
{
	u64 words[BLOCK_WORDS], mark;

	if (bpf_probe_read_user(words, sizeof(words), (void *)block))
		return false;
	for (int i = 0; i < BLOCK_WORDS; i++) {
		if (words[i] < LOWEST_ADDRESS || words[i] % 16)
			continue;
		if (read_word(words[i] + HEAD_AT_CLASS, &mark) && (mark | 1) == CLASS_DEPENDENT) {
			*ret_head = words[i];
			break;
		}
	}
	return true;
}

/* For bpf_loop(). */
static long scan_module(u32 i, void *ctx)
{
	struct head_scan *scan = ctx;
	u64 block;

	if (!read_word(scan->dtv + i * sizeof(u64), &block))
		return 1;
	/* other words are counts, marks, and the end */
	if (block % sizeof(u64) || block < LOWEST_ADDRESS)
		return 0;
	if (!scan->program)
		scan->program = block;
	find_head(block, &scan->head);
	return scan->head != 0;
}

/* For bpf_loop(). */
static long scan_program(u32 i, void *ctx)
{
	struct head_scan *scan = ctx;

	return !find_head(scan->program + i * BLOCK_BYTES, &scan->head) || scan->head;
}

/* The thrown object and its type; false: the thread handles no exception. */
static __always_inline bool find_thrown(u64 *ret_object, u64 *ret_type)
{
	struct head_scan scan = { .dtv = dtv_address(), .program = none, .head = none };
	u64 mark, cnt;

	if (!scan.dtv)
		return false;
	/* the number leaves out the first entry */
	if (!read_word(scan.dtv - DTV_ENTRY_BYTES, &cnt) || cnt >= DTV_WORDS / 2)
		cnt = DTV_WORDS / 2 - 1;
	bpf_loop((cnt + 1) * 2, scan_module, &scan, 0);
	if (!scan.head && scan.program)
		bpf_loop(PROGRAM_BLOCKS, scan_program, &scan, 0);
	if (!scan.head || !read_word(scan.head + HEAD_AT_CLASS, &mark))
		return false;
	*ret_object = scan.head + HEAD_BYTES;
	if (mark == CLASS_DEPENDENT && !read_word(scan.head, ret_object))
		return false;
	return read_word(*ret_object - HEAD_BYTES, ret_type);
}

/* ---- its type ---- */

/* A std::type_info: its functions, its name, and, if it has one base, that base, at offset 0. If it
 * has several: flags and their number, then for each base its type, and its offset and flags. */
#define TYPE_AT_NAME    8
#define TYPE_AT_BASE    16
#define TYPE_AT_BASES   24
#define TYPE_BASE_BYTES 16
#define BASE_IS_VIRTUAL 1
#define BASE_OFFSET_BIT 8

struct base_walk {
	u64 type;
	bool is_exception;
};

static __always_inline bool is_named_exception(u64 type)
{
	static const char name[] = "St9exception";
	char found[sizeof(name)];
	u64 address;

	if (!read_word(type + TYPE_AT_NAME, &address) ||
	    bpf_probe_read_user(found, sizeof(found), (void *)address))
		return false;
	for (int i = 0; i < (int)sizeof(name); i++) {
		if (found[i] != name[i])
			return false;
	}
	return true;
}

/* For bpf_loop(). Only the address of its functions tells which kind of type it is. So a word that
 * may be no base is read as one: that does not lead to std::exception. */
static long step_to_base(u32 i, void *ctx)
{
	struct base_walk *walk = ctx;
	u64 base;

	if (is_named_exception(walk->type)) {
		walk->is_exception = true;
		return 1;
	}
	if (!read_word(walk->type + TYPE_AT_BASE, &base) || base < WIRE_STACK_PAGE_BYTES)
		return 1;
	/* flags are less than 4, and the number of bases is in the upper half */
	if ((u32)base < 4 && base >> 32 < 64)
		return 1;
	walk->type = base;
	return 0;
}

/* Whether base `i` of a type with several bases derives from std::exception. */
static __always_inline bool is_side_exception(u64 type, u32 i, u64 *ret_offset)
{
	const u64 at = type + TYPE_AT_BASES + i * TYPE_BASE_BYTES;
	struct base_walk walk = {};
	u64 offset;

	if (!read_word(at, &walk.type) || !read_word(at + sizeof(u64), &offset) ||
	    offset & BASE_IS_VIRTUAL)
		return false;
	bpf_loop(MAX_BASES, step_to_base, &walk, 0);
	*ret_offset = offset >> BASE_OFFSET_BIT;
	return walk.is_exception;
}

/* Whether the type derives from std::exception, and at which offset in the object. */
static __always_inline bool is_exception(u64 type, u64 *ret_offset)
{
	struct base_walk walk = { .type = type };
	u64 cnt;

	*ret_offset = 0;
	bpf_loop(MAX_BASES, step_to_base, &walk, 0);
	if (walk.is_exception)
		return true;
	if (!read_word(walk.type + TYPE_AT_BASE, &cnt))
		return false;
	cnt >>= 32;
	for (u32 i = 0; i < MAX_SIDE_BASES; i++) {
		if (i < cnt && is_side_exception(walk.type, i, ret_offset))
			return true;
	}
	return false;
}

/* ---- what it says ---- */

#define VTABLE_AT_TYPE -8 /* before the functions: two destructors, what() */
#define VTABLE_AT_WHAT 16

/* What a function returns, if it only returns a word of `object` or a constant. */
static __always_inline bool returned_by(u64 function, u64 object, u64 *ret)
{
#if defined(__TARGET_ARCH_x86)
	const u64 ends = 0xff00000000ffffffull;
	u64 code;

	if (!read_word(function, &code))
		return false;
	if ((u32)code == 0xfa1e0ff3) { /* endbr64 */
		function += 4;
		if (!read_word(function, &code))
			return false;
	}
	/* mov d8(%rdi), %rax; ret */
	if ((code & 0xff00ffffffull) == 0xc300478b48ull)
		return read_word(object + (s64)(signed char)(code >> 24), ret);
	/* mov d32(%rdi), %rax; ret */
	if ((code & ends) == 0xc300000000878b48ull)
		return read_word(object + (s64)(s32)(code >> 24), ret);
	/* lea d32(%rip), %rax; ret */
	*ret = function + 7 + (s64)(s32)(code >> 24);
	if ((code & ends) == 0xc300000000058d48ull)
		return true;
	/* mov $u32, %eax; ret */
	*ret = (u32)(code >> 8);
	return (code & 0xff00000000ffull) == 0xc300000000b8ull;
#else
	const u32 is_ret = 0xd65f03c0;
	u32 code[3];
	u64 page;

	if (bpf_probe_read_user(code, sizeof(code), (void *)function))
		return false;
	if (code[0] == 0xd503245f) { /* bti c */
		function += 4;
		if (bpf_probe_read_user(code, sizeof(code), (void *)function))
			return false;
	}
	/* ldr x0, [x0, #u12 * 8]; ret */
	if ((code[0] & 0xffc003ff) == 0xf9400000 && code[1] == is_ret)
		return read_word(object + (code[0] >> 10 & 0xfff) * 8, ret);
	/* adrp x0, s21 pages; add x0, x0, #u12; ret */
	page = (code[0] >> 5 & 0x7ffff) << 2 | (code[0] >> 29 & 3);
	*ret = (function & ~0xfffull) + ((s64)(page << 43) >> 31) + (code[1] >> 10 & 0xfff);
	return (code[0] & 0x9f00001f) == 0x90000000 && (code[1] & 0xffc003ff) == 0x91000000 &&
	       code[2] == is_ret;
#endif
}

static __always_inline bool find_what(u64 object, u64 type, u64 *ret)
{
	u64 offset, functions, of_type, what;

	if (!is_exception(type, &offset))
		return false;
	object += offset;
	if (!read_word(object, &functions) || !read_word(functions + VTABLE_AT_TYPE, &of_type) ||
	    of_type != type || !read_word(functions + VTABLE_AT_WHAT, &what))
		return false;
	return returned_by(what, object, ret);
}

/* Returns the bytes with the final zero; 0: the text can't be read. */
static __always_inline u32 copy_text(char *to, u64 address)
{
	long bytes = bpf_probe_read_user_str(to, WIRE_THROWN_BYTES, (void *)address);

	return bytes > 0 ? bytes : 0;
}

/*
 * Sends the exception that the calling thread handles. This is a help, not an account: it is not
 * sent if there is no room. A global function, so that the verifier walks it once.
 */
__attribute__((noinline)) int send_thrown(void)
{
	struct wire_thrown *message;
	u64 object, type, text;

	if (!lifecycle__has_room(2) || !find_thrown(&object, &type) ||
	    !read_word(type + TYPE_AT_NAME, &text))
		return -EFAULT;
	message = bpf_ringbuf_reserve(&lifecycle, sizeof(*message), 0);
	if (!message)
		return -ENOSPC;
	stamp(&message->head, WIRE_THROWN);
	message->type_bytes = copy_text(message->type, text);
	message->what_bytes = 0;
	if (find_what(object, type, &text))
		message->what_bytes = copy_text(message->what, text);
	message__submit(message);
	return 0;
}

#endif /* TTLOG_THROWN_BPF_H */
