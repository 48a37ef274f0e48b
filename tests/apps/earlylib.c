/* SPDX-License-Identifier: MIT */
/*
 * A shared library that logs from its constructor, its functions and its destructor; early.c
 * uses it. Linked into a program statically (early_static) it is one module with it.
 */
#define TTLOG_SERVICE "earlylib"
#define TTLOG_TARGET  "early.lib"
#include <ttlog/ttlog.h>

#include "earlylib.h"

static __attribute__((constructor)) void earlylib__begin(void)
{
	TTLOG_PROBE(lib_constructor, INFO, "Library loaded", "order", 1);
}

static __attribute__((destructor)) void earlylib__end(void)
{
	TTLOG_PROBE(lib_destructor, INFO, "Library unloaded", "order", 9);
}

int earlylib__work(int value)
{
	TTLOG_PROBE(lib_work, INFO, "Library works", "value", value);
	return value + 1;
}
