/* SPDX-License-Identifier: MIT */
/* A mark in a field of a mark, in C. -Wshadow is off here: it rightly warns about that. */
/* sites: 4 */
#define TTLOG_SERVICE "nested"
#include <ttlog/ttlog.h>

#include "header_test.h"

static void run(void)
{
	TTLOG_INFO("outer", "n", EVAL(), "in", __extension__({
			   TTLOG_DEBUG("in a field", "n", EVAL());
			   2;
		   }));
	TTLOG_SPAN(span, INFO, "n", EVAL(), "in", TTLOG_ENABLED(WARN));
}

HEADER_TEST_MAIN(run, 4, 3)
