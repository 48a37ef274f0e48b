/* SPDX-License-Identifier: MIT */
/* expects: LOUD */
/* An unknown level in TTLOG_ENABLED. */
#include <ttlog/ttlog.h>

int main(void)
{
#ifdef GOOD
	return TTLOG_ENABLED(INFO);
#else
	return TTLOG_ENABLED(LOUD);
#endif
	return 0;
}
