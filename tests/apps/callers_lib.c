/* SPDX-License-Identifier: MIT */
/* A library without sites, in which callers.c may crash. */
#include "callers_lib.h"

static __attribute__((noinline)) int lib_inner(volatile char *room)
{
	room[0] = 1;
	*(volatile int *)(long)(room[0] - 1) = 1; /* here: lib_inner */
	return room[0];
}

int lib_outer(volatile char *room)
{
	int result = lib_inner(room); /* here: lib_outer */

	__asm__ volatile("");
	return result + 1;
}
