/* SPDX-License-Identifier: MIT */
/* expects: LOUD */
/* A level that there is not. */
#include <ttlog/ttlog.h>

int main(void)
{
#ifdef GOOD
	TTLOG_PROBE(probe, INFO, "message");
#else
	TTLOG_PROBE(probe, LOUD, "message");
#endif
	return 0;
}
