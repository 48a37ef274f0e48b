/* SPDX-License-Identifier: MIT */
/* expects: void */
/* A value of type void. */
#include <ttlog/ttlog.h>

static void nothing(void)
{
}

int main(void)
{
	nothing();
#ifdef GOOD
	TTLOG_INFO("message", "value", 1);
#else
	TTLOG_INFO("message", "value", nothing());
#endif
	return 0;
}
