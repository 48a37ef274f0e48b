/* SPDX-License-Identifier: MIT */
/* expects: key */
/* A key without a value. */
#include <ttlog/ttlog.h>

int main(void)
{
#ifdef GOOD
	TTLOG_INFO("message", "key", 1);
#else
	TTLOG_INFO("message", "key");
#endif
	return 0;
}
