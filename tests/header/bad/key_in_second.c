/* SPDX-License-Identifier: MIT */
/* expects: string literal */
/* The second key is not a literal. */
#include <ttlog/ttlog.h>

int main(void)
{
#ifdef GOOD
	TTLOG_INFO("message", "key", 1, "other", 2);
#else
	const char other[] = "other";

	TTLOG_INFO("message", "key", 1, other, 2);
#endif
	return 0;
}
