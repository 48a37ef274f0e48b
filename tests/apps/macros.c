/* SPDX-License-Identifier: MIT */
/*
 * A program with its own macros: they have the names of levels, and names that headers like to use.
 *
 * usage: macros
 *
 * Logs an event `level_<name>` of each level, from TRACE to FATAL, value 0 to 5, then `span_info`,
 * a span; each of them once.
 */
#define TRACE 100
#define DEBUG
#define INFO    "an info"
#define WARN(x) x
#define WORD    nothing_of_that_name
#define MAX     nothing_of_that_name
#define PROBE   nothing_of_that_name
#define TYPE    nothing_of_that_name
#define LEVEL   nothing_of_that_name

#define TTLOG_SERVICE "macros"
#include <ttlog/ttlog.h>

#define ERROR   -1
#define FATAL   abort()
#define level   nothing_of_that_name
#define name    nothing_of_that_name
#define message nothing_of_that_name
#define key     nothing_of_that_name
#define value   nothing_of_that_name
#define site    nothing_of_that_name
#define probe   nothing_of_that_name

int main(void)
{
	TTLOG_SPAN(span_info, INFO, "name", 1);
	TTLOG_PROBE(level_trace, TRACE, "Trace", "value", 0);
	TTLOG_PROBE(level_debug, DEBUG, "Debug", "value", 1);
	TTLOG_PROBE(level_info, INFO, "Info", "value", 2);
	TTLOG_PROBE(level_warn, WARN, "Warn", "value", 3);
	TTLOG_PROBE(level_error, ERROR, "Error", "value", 4);
	TTLOG_PROBE(level_fatal, FATAL, "Fatal", "value", 5);
	return TTLOG_ENABLED(TRACE) && TTLOG_ENABLED(ERROR) && 0;
}
