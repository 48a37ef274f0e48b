/* SPDX-License-Identifier: MIT */
/* expects: type */
/* A value of a type that can't be recorded. */
#include <ttlog/ttlog.h>

int main(void)
{
#ifdef GOOD
	struct point {
		int x, y;
	} point = { 1, 2 };

	TTLOG_INFO("message", "x", point.x, "y", point.y);
#else
	struct point {
		int x, y;
	} point = { 1, 2 };

	TTLOG_INFO("message", "point", point);
#endif
	return 0;
}
