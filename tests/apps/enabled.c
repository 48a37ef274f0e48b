/* SPDX-License-Identifier: MIT */
/*
 * TTLOG_ENABLED in expressions, and field expressions that must run only for enabled sites.
 *
 * usage: enabled
 *
 * Says on stdout, a line each:
 *	debug D, info I, warn W		whether TTLOG_ENABLED of that level holds, 0 or 1
 *	net N				that of INFO under the target net.http
 *	evaluated E			how often field expressions ran: once for each of the five
 *					events that is recorded (one DEBUG, two INFO, two WARN)
 */
#define TTLOG_SERVICE "enabled"
#include <ttlog/ttlog.h>

#include "app.h"

static int evaluated_cnt;

static int costly(void)
{
	return ++evaluated_cnt;
}

static void enabled__log(int which)
{
	if (which)
		TTLOG_INFO("Either", "evaluated", costly());
	else
		TTLOG_WARN("Or", "evaluated", costly());
}

int main(void)
{
	int debug = TTLOG_ENABLED(DEBUG);
	int info = TTLOG_ENABLED(INFO) && !0;

	enabled__log(0);
	enabled__log(1);
	if (TTLOG_ENABLED(DEBUG))
		TTLOG_DEBUG("Debug", "evaluated", costly());
	if (!TTLOG_ENABLED(INFO))
		puts("no info");
	else
		TTLOG_INFO("Info", "evaluated", costly());
	TTLOG_WARN("Warn", "evaluated", costly());

	printf("debug %d\ninfo %d\nwarn %d\n", debug, info, TTLOG_ENABLED(WARN) ? 1 : 0);
#undef TTLOG_TARGET
#define TTLOG_TARGET "net.http"
	printf("net %d\n", TTLOG_ENABLED(INFO) ? 1 : 0);
	printf("evaluated %d\n", evaluated_cnt);
	return 0;
}
