/* SPDX-License-Identifier: MIT */
/* expects: key */
/* A key without a value, in TTLOG_SPAN. */
#include <ttlog/ttlog.h>

int main(void)
{
#ifdef GOOD
	TTLOG_SPAN(span, INFO, "key", 1);
#else
	TTLOG_SPAN(span, INFO, "key");
#endif
	return 0;
}
