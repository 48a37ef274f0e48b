/* SPDX-License-Identifier: MIT */
/* TTLOG_OFF: no argument is evaluated or reported as unused, and nothing of the marks is left. */
#define TTLOG_OFF
#define TTLOG_SERVICE "off"
#include <ttlog/ttlog.h>

static int evaluated;

static const char *reason(void)
{
	evaluated++;
	return "reason";
}

static int marks(int used_by_a_mark_alone)
{
	const char *text = reason();

	evaluated = 0;
	TTLOG_CONTEXT(reason(), reason());
	TTLOG_CONTEXT_W3C(reason());
	TTLOG_SPAN(span, INFO, "n", ++evaluated, "text", text);
	TTLOG_PROBE(probe, WARN, "Probe", "n", ++evaluated, "v", used_by_a_mark_alone);
	TTLOG_PROBE_EVERY(++evaluated, every, WARN, "Probe", "n", ++evaluated);
	TTLOG_PROBE_LIMIT(++evaluated, limit, INFO, "Probe");
	TTLOG_TRACE("none");
	TTLOG_ERROR("all", "n", ++evaluated, "strn", TTLOG_STRN(text, 2), "bytes",
		    TTLOG_BYTES(text, 2), "hex", TTLOG_HEX(++evaluated), "decimal",
		    TTLOG_DECIMAL(++evaluated, 2), "char", TTLOG_CHAR('c'), "double", 1.5);
	if (TTLOG_ENABLED(FATAL))
		evaluated++;
	else
		TTLOG_SNAPSHOT(reason());
	TTLOG_PREPARE();
	return evaluated;
}

int main(void)
{
	return marks(1);
}
