/* SPDX-License-Identifier: MIT */
/*
 * A collector in the program itself: catches what a program hands over at the probe ttlog:control.
 *
 * It finds the probe's nop by the module note of its own file, as the collector does, and puts a
 * breakpoint there, as the kernel does for a uprobe. The handler keeps the values of the three
 * argument registers and a copy of the memory that they name. Needs x86-64.
 */
#ifndef FLUSH_TRAP_H
#define FLUSH_TRAP_H

#include <fcntl.h>
#include <linux/elf.h> /* <elf.h> would find the header of that name in src/ */
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include "ttlog/abi.h"

#if defined(__x86_64__)
#define FLUSH_TRAP_WORKS 1
#endif

struct flush {
	enum ttlog_op op;
	const void *address;
	size_t bytes;
	const void *copy; /* of the memory at the address */
};

/* The handler writes it, in any thread; the tests read it when those threads are done. */
static struct {
	struct flush flushes[8192];
	uint32_t cnt;
	uint64_t used_bytes;
	int interrupt; /* the signal to raise during each flush of a batch; 0: none */
	char room[24 << 20] __attribute__((aligned(8)));
} flush_trap;

#ifdef FLUSH_TRAP_WORKS
static inline void flush_trap__handle(int number, siginfo_t *info, void *context)
{
	const greg_t *registers = ((const ucontext_t *)context)->uc_mcontext.gregs;
	size_t bytes = (size_t)registers[REG_RSI];
	uint32_t i = __atomic_fetch_add(&flush_trap.cnt, 1, __ATOMIC_RELAXED);
	uint64_t at =
		__atomic_fetch_add(&flush_trap.used_bytes, (bytes + 7) & ~7ul, __ATOMIC_RELAXED);
	struct flush flush = {
		.op = (enum ttlog_op)registers[REG_RDX],
		.address = (const void *)registers[REG_RDI],
		.bytes = bytes,
		.copy = flush_trap.room + at,
	};

	(void)number;
	(void)info;
	if (i >= sizeof(flush_trap.flushes) / sizeof(*flush_trap.flushes) ||
	    at + bytes > sizeof(flush_trap.room))
		abort();
	memcpy(flush_trap.room + at, flush.address, bytes);
	flush_trap.flushes[i] = flush;
	if (flush_trap.interrupt && flush.op == TTLOG_OP_FLUSH &&
	    !(((const struct ttlog_batch *)flush.copy)->flags & TTLOG_BATCH_ALONE))
		(void)raise(flush_trap.interrupt); /* blocked in the handler */
}

/* The description of the first module note in the file; NULL if there is none. */
static inline const struct ttlog_note_module *flush_trap__find_note(const char *file)
{
	const Elf64_Ehdr *head = (const Elf64_Ehdr *)file;
	const Elf64_Shdr *sections = (const Elf64_Shdr *)(file + head->e_shoff);
	const char *names = file + sections[head->e_shstrndx].sh_offset;

	for (int i = 0; i < head->e_shnum; i++) {
		const char *at = file + sections[i].sh_offset;
		const char *end = at + sections[i].sh_size;

		if (strcmp(names + sections[i].sh_name, ".note.ttlog"))
			continue;
		while (at < end) {
			const Elf64_Nhdr *note = (const Elf64_Nhdr *)at;

			at += sizeof(*note) + ((note->n_namesz + 3) & ~3u);
			if (note->n_type == TTLOG_NOTE_MODULE)
				return (const struct ttlog_note_module *)at;
			at += (note->n_descsz + 3) & ~3u;
		}
	}
	return NULL;
}

/* The address of the probe's nop, from the module's address. */
static inline unsigned char *flush_trap__find_control(const struct ttlog_module *module)
{
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	off_t bytes = fd < 0 ? 0 : lseek(fd, 0, SEEK_END);
	const char *file = (const char *)mmap(NULL, (size_t)bytes, PROT_READ, MAP_PRIVATE, fd, 0);
	const struct ttlog_note_module *note;
	struct ttlog_note_module copy;

	if (file == MAP_FAILED)
		return NULL;
	(void)close(fd);
	note = flush_trap__find_note(file);
	if (!note)
		return NULL;
	memcpy(&copy, note, sizeof(copy));
	(void)munmap((void *)(uintptr_t)file, (size_t)bytes);
	return (unsigned char *)((uintptr_t)module - copy.module + copy.control);
}

/* 0, or -1 if there is no nop at that address. */
static inline int flush_trap__install(const struct ttlog_module *module)
{
	struct sigaction action = { .sa_sigaction = flush_trap__handle, .sa_flags = SA_SIGINFO };
	unsigned char *control = flush_trap__find_control(module);
	uintptr_t page = (uintptr_t)control & ~4095ul;

	if (!control || *control != 0x90)
		return -1;
	/* a handler of another signal that logs meanwhile would trap, and a trap is fatal here */
	sigfillset(&action.sa_mask);
	if (sigaction(SIGTRAP, &action, NULL))
		return -1;
	if (mprotect((void *)page, 4096, PROT_READ | PROT_WRITE | PROT_EXEC))
		return -1;
	*control = 0xcc;
	return mprotect((void *)page, 4096, PROT_READ | PROT_EXEC);
}
#endif

static inline void flush_trap__clear(void)
{
	flush_trap.cnt = 0;
	flush_trap.used_bytes = 0;
}

/* Flush number i of this kind, from 0; NULL if there are fewer. */
static inline const struct flush *flush_trap__get(enum ttlog_op op, uint32_t i)
{
	for (uint32_t at = 0; at < flush_trap.cnt; at++) {
		if (flush_trap.flushes[at].op == op && !i--)
			return &flush_trap.flushes[at];
	}
	return NULL;
}

static inline const struct ttlog_batch *flush__batch(const struct flush *flush)
{
	return (const struct ttlog_batch *)flush->copy;
}

#endif /* FLUSH_TRAP_H */
