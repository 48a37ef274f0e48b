/* SPDX-License-Identifier: MIT */
/* expects: type */
/* A long double: no type of ttlog's holds it. */
#include <ttlog/ttlog.h>

int main(void)
{
#ifdef GOOD
	long double value = 1;

	TTLOG_INFO("message", "value", (double)value);
#else
	long double value = 1;

	TTLOG_INFO("message", "value", value);
#endif
	return 0;
}
