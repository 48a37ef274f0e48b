/* SPDX-License-Identifier: MIT */
/* expects: 16 fields */
/* A seventeenth field, in TTLOG_PROBE_LIMIT. */
#include <ttlog/ttlog.h>

int main(void)
{
#ifdef GOOD
	TTLOG_PROBE_LIMIT(10, probe, INFO, "message", "a", 1, "b", 2, "c", 3, "d", 4, "e", 5, "f",
			  6, "g", 7, "h", 8, "i", 9, "j", 10, "k", 11, "l", 12, "m", 13, "n", 14,
			  "o", 15, "p", 16);
#else
	TTLOG_PROBE_LIMIT(10, probe, INFO, "message", "a", 1, "b", 2, "c", 3, "d", 4, "e", 5, "f",
			  6, "g", 7, "h", 8, "i", 9, "j", 10, "k", 11, "l", 12, "m", 13, "n", 14,
			  "o", 15, "p", 16, "q", 17);
#endif
	return 0;
}
