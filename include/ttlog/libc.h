/* SPDX-License-Identifier: MIT */
/*
 * The functions of libc that marks call, under our own names, and constants of the kernel.
 *
 * This includes no header of libc. The first such header fixes what _GNU_SOURCE and the like
 * choose, and a program may include its config.h, which defines them, after this. Declarations
 * under the usual names would conflict with those of libc's headers (noexcept, other names for
 * large files). So these are other names for the same symbols.
 */
#ifndef TTLOG_LIBC_H
#define TTLOG_LIBC_H

#include "abi.h"
#include "macro.h"

#ifdef TTLOG__HAS_SITES

#include <asm/unistd.h>

TTLOG__BEGIN_C

/* As on all 64-bit Linux systems, in glibc and musl. */
typedef unsigned ttlog__thread_key_t;
struct ttlog__timespec {
	long tv_sec;
	long tv_nsec;
};

extern int *ttlog__errno_location(void) __asm__("__errno_location");
extern long ttlog__syscall(long number, ...) __asm__("syscall");
extern void *ttlog__mmap(void *at, size_t bytes, int protection, int flags, int fd,
			 long offset) __asm__("mmap");
extern int ttlog__munmap(void *at, size_t bytes) __asm__("munmap");
extern int ttlog__getpagesize(void) __asm__("getpagesize");
extern int ttlog__clock_gettime(int clock, struct ttlog__timespec *now) __asm__("clock_gettime");
extern int ttlog__key_create(ttlog__thread_key_t *ret_key,
			     void (*at_end)(void *)) __asm__("pthread_key_create");
extern int ttlog__key_delete(ttlog__thread_key_t key) __asm__("pthread_key_delete");
extern int ttlog__setspecific(ttlog__thread_key_t key,
			      const void *value) __asm__("pthread_setspecific");

/* The same on x86 and arm64. */
enum ttlog__linux {
	TTLOG__CLOCK_MONOTONIC = 1,
	TTLOG__PROT_READ_WRITE = 3,
	TTLOG__MAP_PRIVATE_ANONYMOUS = 0x22,
	TTLOG__MADV_DONTNEED = 4,
	TTLOG__MADV_NOHUGEPAGE = 15,
	TTLOG__MADV_WIPEONFORK = 18,
	TTLOG__MADV_POPULATE_WRITE = 23, /* from 5.14; before, pages come when they are written */
};

#define TTLOG__MAP_FAILED ((void *)-1)
#define TTLOG__ERRNO      (*ttlog__errno_location())

TTLOG__END_C

#endif /* TTLOG__HAS_SITES */
#endif /* TTLOG_LIBC_H */
