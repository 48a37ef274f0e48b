/* SPDX-License-Identifier: MIT */
/*
 * A child that stops at the places of a site table, and what a wire_value reads there: as the BPF
 * program does it, in a few lines.
 */
#ifndef TTLOG_TESTS_WIRE_READER_H
#define TTLOG_TESTS_WIRE_READER_H

#include <elf.h>
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "foreign_wire.h"

struct wire_reader {
	pid_t pid;
	uint64_t words[64]; /* of the kernel's struct pt_regs */
};

/* The program, stopped after its exec. */
static inline void wire_reader__start(struct wire_reader *reader, const char *path)
{
	int status;

	reader->pid = fork();
	assert_true(reader->pid >= 0);
	if (!reader->pid) {
		(void)ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		(void)execl(path, path, NULL);
		_exit(127);
	}
	assert_int_equal(waitpid(reader->pid, &status, 0), reader->pid);
	assert_true(WIFSTOPPED(status));
}

/* Runs it to that address. Must come there. */
static inline void wire_reader__run_to(struct wire_reader *reader, uint64_t address)
{
	struct iovec registers = { reader->words, sizeof(reader->words) };
	long before;
	int status;

	errno = 0;
	before = ptrace(PTRACE_PEEKTEXT, reader->pid, (void *)address, NULL);
	assert_int_equal(errno, 0);
#if defined(__aarch64__)
	assert_int_equal(ptrace(PTRACE_POKETEXT, reader->pid, (void *)address,
				(void *)((before & ~0xffffffffl) | 0xd4200000)),
			 0);
#else
	assert_int_equal(ptrace(PTRACE_POKETEXT, reader->pid, (void *)address,
				(void *)((before & ~0xffl) | 0xcc)),
			 0);
#endif
	assert_int_equal(ptrace(PTRACE_CONT, reader->pid, NULL, NULL), 0);
	assert_int_equal(waitpid(reader->pid, &status, 0), reader->pid);
	if (!WIFSTOPPED(status) || WSTOPSIG(status) != SIGTRAP)
		fail_msg("status 0x%x", (unsigned int)status);
	assert_int_equal(ptrace(PTRACE_POKETEXT, reader->pid, (void *)address, (void *)before), 0);
	assert_int_equal(ptrace(PTRACE_GETREGSET, reader->pid, (void *)NT_PRSTATUS, &registers), 0);
#if !defined(__aarch64__)
	reader->words[16] = address;
	assert_int_equal(ptrace(PTRACE_SETREGSET, reader->pid, (void *)NT_PRSTATUS, &registers), 0);
#endif
}

static inline void wire_reader__end(const struct wire_reader *reader)
{
	(void)kill(reader->pid, SIGKILL);
	(void)waitpid(reader->pid, NULL, 0);
}

static inline int wire_reader__load(const struct wire_reader *reader, uint64_t address,
				    uint64_t bytes, uint64_t *ret)
{
	struct iovec own = { ret, bytes }, other = { (void *)address, bytes };

	*ret = 0;
	return process_vm_readv(reader->pid, &own, 1, &other, 1, 0) == (ssize_t)bytes ? 0 : -EFAULT;
}

/* 0 or -EFAULT: null. */
static inline int wire_reader__value(const struct wire_reader *reader,
				     const struct wire_value *value, uint64_t *ret)
{
	uint64_t at = (uint64_t)value->offset;
	uint64_t bytes = value->step_cnt ? 8 : value->bytes;
	int err = 0;

	if (value->from == WIRE_NOTHING)
		return -EFAULT;
	if (value->from == WIRE_REGISTER)
		at += reader->words[value->base] >> value->shift;
	if (value->from == WIRE_MEMORY) {
		at += reader->words[value->base];
		if (value->index != WIRE_NO_REGISTER)
			at += reader->words[value->index] << value->shift;
		err = wire_reader__load(reader, at, bytes, &at);
	}
	for (uint8_t i = 0; !err && i < value->step_cnt; i++) {
		at += (uint64_t)(int64_t)value->steps[i];
		bytes = i + 1 == value->step_cnt ? value->bytes : 8;
		if (i + 1 < value->step_cnt || value->text != WIRE_TEXT_AT)
			err = wire_reader__load(reader, at, bytes, &at);
	}
	if (!value->text && value->bytes < 8) {
		const unsigned int drop = 64 - 8u * value->bytes;

		at = value->is_signed ? (uint64_t)((int64_t)(at << drop) >> drop)
				      : at << drop >> drop;
	}
	*ret = at;
	return err;
}

/* As text: a number, a text in quotes, or null. */
static inline void wire_reader__print(const struct wire_reader *reader,
				      const struct wire_value *value, char *ret, size_t size)
{
	char text[64] = "";
	uint64_t found;

	if (wire_reader__value(reader, value, &found)) {
		(void)snprintf(ret, size, "null");
		return;
	}
	if (!value->text) {
		(void)snprintf(ret, size, value->is_signed ? "%ld" : "%lu", (unsigned long)found);
		return;
	}
	for (size_t i = 0; i + 1 < sizeof(text); i++) {
		uint64_t byte;

		if (wire_reader__load(reader, found + i, 1, &byte) || !byte)
			break;
		text[i] = (char)byte;
	}
	(void)snprintf(ret, size, "\"%s\"", text);
}

#endif /* TTLOG_TESTS_WIRE_READER_H */
