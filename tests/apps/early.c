/* SPDX-License-Identifier: MIT */
/*
 * Events before main and after it, from a program and from a library that it is linked with.
 *
 * usage: early [CALLS]		(default 3)
 *
 * In this order: lib_constructor, constructor, main, then CALLS times lib_work (value from 0) and
 * work (result from 1), at_exit, destructor, lib_destructor. In early_static the two constructors
 * and the two destructors may change places.
 */
#define TTLOG_SERVICE "early"
#define TTLOG_TARGET  "early.app"
#include <ttlog/ttlog.h>

#include "app.h"
#include "earlylib.h"

#define USAGE "early [CALLS]"

static __attribute__((constructor)) void early__begin(void)
{
	TTLOG_PROBE(constructor, INFO, "Program loaded", "order", 2);
}

static __attribute__((destructor)) void early__end(void)
{
	TTLOG_PROBE(destructor, INFO, "Program unloaded", "order", 8);
}

static void early__at_exit(void)
{
	TTLOG_PROBE(at_exit, INFO, "Program ends", "order", 7);
}

int main(int argc, char **argv)
{
	long calls = argc > 1 ? app__number(argv[1], 1000000, USAGE) : 3;

	atexit(early__at_exit);
	TTLOG_PROBE(main, INFO, "Main starts", "order", 3);
	for (int i = 0; i < calls; i++) {
		int result = earlylib__work(i);

		TTLOG_PROBE(work, INFO, "Program works", "result", result);
	}
	return 0;
}
