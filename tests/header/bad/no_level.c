/* SPDX-License-Identifier: MIT */
/* expects: LOUD */
/* An unknown level. */
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
