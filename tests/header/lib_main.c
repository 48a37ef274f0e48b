/* SPDX-License-Identifier: MIT */
/* A program and a shared library (lib.c), both marked: neither sees the other's semaphores. */
/* sites: 2 */
#define TTLOG_SERVICE "lib_main"
#include <ttlog/ttlog.h>

#include "header_test.h"
#include "lib.h"

static int evaluated;

int main(void)
{
	TTLOG_INFO("in a program", "n", ++evaluated);
	if (evaluated || lib__check())
		return 1;
	header_test__raise(1);
	TTLOG_INFO("in a program", "n", ++evaluated);
	return evaluated != 1 || header_test__count() != 1;
}
