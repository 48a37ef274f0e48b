/* SPDX-License-Identifier: MIT */
/* One of two files with the same name, with the same function on the same line; see ../main.c. */
#define TTLOG_SERVICE "twins"
#include <ttlog/ttlog.h>

extern int header_test__evaluated;
void util__a(void);

static __attribute__((noinline)) void work(void)
{
	TTLOG_INFO("Payment accepted", "n", ++header_test__evaluated);
}

void util__a(void)
{
	work();
}
