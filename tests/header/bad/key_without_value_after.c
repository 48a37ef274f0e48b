/* SPDX-License-Identifier: MIT */
/* expects: key */
/* A key without a value, after a field. */
#include <ttlog/ttlog.h>

int main(void)
{
#ifdef GOOD
	TTLOG_INFO("message", "key", 1, "other", 2);
#else
	TTLOG_INFO("message", "key", 1, "other");
#endif
	return 0;
}
