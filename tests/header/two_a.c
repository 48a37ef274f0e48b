/* SPDX-License-Identifier: MIT */
/* Two files, one service, sites in a common header; C. With two_b.c. */
/* sites: 8-10 */
#define TTLOG_SERVICE "two"
#include <ttlog/ttlog.h>

#include "header_test.h"
#include "inline.h"

extern inline int inline__folded(int value);

static void run(void)
{
	TTLOG_INFO("file a", "n", EVAL());
	inline__differs();
	inline__static(1);
	inline__folded(1);
	two_b__run();
}

HEADER_TEST_MAIN(run, 10, 10)
