/* SPDX-License-Identifier: MIT */
#define TTLOG_SERVICE "contexts"
#include <ttlog/ttlog.h>

#include "contextslib.h"

void contextslib__log(int n, int times)
{
	for (int i = 0; i < times; i++)
		TTLOG_PROBE(lib, INFO, "Lib", "n", n, "i", i);
}

void contextslib__call(const unsigned char *trace_id, const unsigned char *span_id,
		       void (*call)(void))
{
	TTLOG_CONTEXT(trace_id, span_id);
	call();
}
