/* SPDX-License-Identifier: MIT */
/* expects: key */
/* A key without a value, in TTLOG_PROBE_EVERY. */
#include <ttlog/ttlog.h>

int main(void)
{
#ifdef GOOD
	TTLOG_PROBE_EVERY(10, probe, INFO, "message", "key", 1);
#else
	TTLOG_PROBE_EVERY(10, probe, INFO, "message", "key");
#endif
	return 0;
}
