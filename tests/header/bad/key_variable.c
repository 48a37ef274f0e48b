/* SPDX-License-Identifier: MIT */
/* expects: string literal */
/* A key that is not a literal. */
#include <ttlog/ttlog.h>

int main(void)
{
#ifdef GOOD
	TTLOG_INFO("message", "key", 1);
#else
	const char *key = "key";

	TTLOG_INFO("message", key, 1);
#endif
	return 0;
}
