/* SPDX-License-Identifier: MIT */
/* A shared library with sites and a batch of its own; lib_main.c uses it. */
/* sites: 2 */
#define TTLOG_SERVICE "lib"
#include <ttlog/ttlog.h>

#include "header_test.h"
#include "lib.h"

int header_test__evaluated;

static void run(void)
{
	TTLOG_SPAN(lib_span, INFO, "n", EVAL());
	TTLOG_INFO("in a library", "n", EVAL());
}

int lib__check(void)
{
	return header_test__main(run, 3, 2);
}
