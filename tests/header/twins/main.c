/* SPDX-License-Identifier: MIT */
/* Link-time optimisation of a/util.c and b/util.c, both compiled as util.c: still two sites. */
/* sites: 2 */
#define TTLOG_SERVICE "twins"
#include <ttlog/ttlog.h>

#include "../header_test.h"

void util__a(void);
void util__b(void);

static void run(void)
{
	util__a();
	util__b();
}

HEADER_TEST_MAIN(run, 2, 2)
