/* SPDX-License-Identifier: MIT */
/* expects: type */
/* A long double: ttlog has no type for it. */
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
