/* SPDX-License-Identifier: MIT */
/* Every macro in every place of a statement or an expression; C and C++. */
/* sites: 46 */
#define TTLOG_SERVICE "positions"
#include <ttlog/ttlog.h>

#include "header_test.h"

static volatile int yes = 1;
static volatile int no;

static void every_macro(void)
{
	TTLOG_TRACE("trace", "n", EVAL());
	TTLOG_DEBUG("debug", "n", EVAL());
	TTLOG_INFO("info", "n", EVAL());
	TTLOG_WARN("warn", "n", EVAL());
	TTLOG_ERROR("error", "n", EVAL());
	TTLOG_FATAL("fatal", "n", EVAL());
	TTLOG_PROBE(probe, INFO, "probe", "n", EVAL());
	TTLOG_SPAN(span, INFO, "n", EVAL());
	TTLOG_SNAPSHOT("checkpoint");
} /* 9 events, 8 evaluations, 8 sites */

static void in_if_else(void)
{
	if (yes)
		TTLOG_INFO("then", "n", EVAL());
	else
		TTLOG_INFO("else", "n", EVAL());
	if (no)
		TTLOG_INFO("then", "n", EVAL());
	else if (yes)
		TTLOG_INFO("else if", "n", EVAL());
	else
		TTLOG_SNAPSHOT("never");
	if (no)
		TTLOG_SNAPSHOT("never");
	else
		TTLOG_PROBE(otherwise, WARN, "else", "n", EVAL());
	if (TTLOG_ENABLED(INFO))
		TTLOG_INFO("enabled", "n", EVAL());
	if (TTLOG_ENABLED(INFO) && yes && !TTLOG_ENABLED(WARN))
		TTLOG_INFO("never", "n", EVAL());
} /* 4 events; 10 sites, 3 of them enabled */

static void in_switch(int which)
{
	switch (which) {
	case 0:
		TTLOG_INFO("case 0", "n", EVAL());
		break;
	case 1: {
		TTLOG_SPAN(in_case, INFO, "n", EVAL());
		break;
	}
	default:
		TTLOG_INFO("default", "n", EVAL());
	}
} /* 1, 2, 1 events; 3 sites */

static void in_loops(void)
{
	int i;

	for (i = 0; i < 3; i++)
		TTLOG_INFO("for", "n", EVAL(), "i", i);
	while (i-- > 0)
		TTLOG_INFO("while", "n", EVAL(), "i", i);
	do
		TTLOG_INFO("do", "n", EVAL());
	while (no);
	for (i = 0; i < 3; i++) {
		TTLOG_SPAN(loop_body, INFO, "n", EVAL());
		if (i == 0)
			continue;
		if (i == 1)
			break;
	}
} /* 3 + 3 + 1 + 4 events, 9 evaluations; 4 sites */

/* clang-format off */
static void on_one_line(void)
{
	TTLOG_INFO("first", "n", EVAL()); TTLOG_INFO("second", "n", EVAL()); { TTLOG_SPAN(third, INFO, "n", EVAL()); TTLOG_SPAN(fourth, INFO, "n", EVAL()); }
} /* 6 events, 4 evaluations; 4 sites */
/* clang-format on */

static int in_expressions(void)
{
	int sum = __extension__({
		TTLOG_INFO("in a statement expression", "n", EVAL());
		1;
	});

	sum += TTLOG_ENABLED(ERROR) ? 1 : 0;
	sum += yes && TTLOG_ENABLED(TRACE);
	(void)TTLOG_ENABLED(FATAL);
	return sum;
} /* 1 event; 4 sites, 3 of them enabled */

static void fields(void)
{
	const char *volatile missing = NULL;

	TTLOG_INFO("none but this", "n", EVAL());
	TTLOG_PROBE(sixteen, INFO, "sixteen", "n", EVAL(), "b", 2u, "c", 3l, "d", 4ul, "e", 5.5,
		    "f", 6.5f, "g", "seven", "h", (short)8, "i", missing, "j", (signed char)10, "k",
		    (unsigned char)11, "l", 12, "m", TTLOG_CHAR('m'), "n", 14, "o", TTLOG_HEX(15),
		    "p", TTLOG_DECIMAL(16, 0));
} /* 2 events; 2 sites */

static int with_goto(int again)
{
	TTLOG_SPAN(with_goto, INFO, "n", EVAL());
again:
	TTLOG_INFO("label", "n", EVAL());
	if (again--)
		goto again;
	return again;
} /* 2 + 2 events, 3 evaluations; 2 sites */

static int in_contexts(int which)
{
	static const unsigned char trace_id[16] = { 1 }, span_id[8] = { 2 };
	const char *text = yes ? "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01" : NULL;

	TTLOG_CONTEXT(trace_id, span_id);
	TTLOG_CONTEXT_W3C(text);
	for (int i = 0; i < 3; i++) {
		TTLOG_CONTEXT(trace_id + 0, NULL);
		TTLOG_INFO("for", "n", EVAL());
		if (i == which)
			break;
	}
	switch (which) {
	case 0: {
		TTLOG_CONTEXT_W3C(NULL);
		return 0;
	}
	default:
		TTLOG_INFO("default", "n", EVAL());
	}
	return which;
} /* 1, 2 + 1 events; 2 sites */

/* Of each of these all calls are recorded, so that expressions are counted once. */
static void rated(void)
{
	if (yes)
		TTLOG_PROBE_EVERY(1, every, INFO, "then", "n", EVAL());
	else
		TTLOG_PROBE_EVERY(1, every, INFO, "else", "n", EVAL());
	for (int i = 0; i < 3; i++)
		TTLOG_PROBE_EVERY(yes - 1, every, WARN, "every", "n", EVAL(), "text", "a text");
	if (no)
		TTLOG_PROBE_LIMIT(5, limit, INFO, "then", "n", EVAL());
	else
		TTLOG_PROBE_LIMIT(1000000u + (unsigned)yes, limit, INFO, "else", "n", EVAL());
	TTLOG_PROBE_LIMIT(~0ull, limit, ERROR, "limit", "n", EVAL(), "string", (const char *)0);
	TTLOG_PROBE_EVERY(0, every, INFO, "without fields");
} /* 1 + 3 + 1 + 1 + 1 events, 6 evaluations; 7 sites */

static void run(void)
{
	in_contexts(0);
	in_contexts(1);
	every_macro();
	in_if_else();
	in_switch(0);
	in_switch(1);
	in_switch(2);
	in_loops();
	on_one_line();
	in_expressions();
	fields();
	with_goto(1);
	rated();
}

HEADER_TEST_MAIN(run, 9 + 4 + 4 + 11 + 6 + 1 + 2 + 4 + 4 + 7, 8 + 4 + 3 + 9 + 4 + 1 + 2 + 3 + 4 + 6)
