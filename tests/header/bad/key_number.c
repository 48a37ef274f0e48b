/* SPDX-License-Identifier: MIT */
/* expects: string literal */
/* A key that is a number: key and value are swapped. */
#include <ttlog/ttlog.h>

int main(void)
{
#ifdef GOOD
	TTLOG_INFO("message", "key", 1);
#else
	TTLOG_INFO("message", 1, "key");
#endif
	return 0;
}
