/* SPDX-License-Identifier: MIT */
/* The other file of cxx_a.cc. */
#define TTLOG_SERVICE "cxx"
#include <ttlog/ttlog.h>

#include "header_test.h"
#include "cxx.h"

void cxx_b__run()
{
	cxx__struct object;

	cxx__inline(2);
	cxx__template(2);
	cxx__template(3.5);
	object.member(2);
	object.member_template<7>();
}
