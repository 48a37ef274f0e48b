/* SPDX-License-Identifier: MIT */
/* The other file of two_a.c, with another target. */
#define TTLOG_SERVICE "two"
#define HEADER_TEST_B
#define TTLOG_TARGET "two.b"
#include <ttlog/ttlog.h>

#include "header_test.h"
#include "inline.h"

void two_b__run(void)
{
	TTLOG_INFO("file b", "n", EVAL());
	inline__differs();
	inline__static(2);
	inline__folded(2);
}
