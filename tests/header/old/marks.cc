/* SPDX-License-Identifier: MIT */
/* Compilers that can't have marks give one error, which says why. */
#include <ttlog/ttlog.h>

int marked(int value);

int marked(int value)
{
	TTLOG_SPAN(span, INFO, "value", value);
	TTLOG_PROBE(probe, INFO, "Probe", "value", value);
	TTLOG_INFO("value", "value", value);
	if (TTLOG_ENABLED(DEBUG))
		TTLOG_SNAPSHOT("reason");
	return value;
}
