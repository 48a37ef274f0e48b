/* SPDX-License-Identifier: MIT */
/*
 * Events of every level under three targets, for filters.
 *
 * usage: levels [--wait] [ROUNDS]		(default 1)
 *
 * Each round (from 0) logs one event of each of the six levels, by the level macros, under each of
 * three targets: net.http, net.dns and levels (the default); 18 in all. Then it logs `net_open`
 * (INFO, net.http) and `disk_full` (ERROR, disk). All have the field round.
 * --wait: says "ready", and waits for a byte before the first event.
 */
#include <string.h>

#define TTLOG_SERVICE "levels"
#include <ttlog/ttlog.h>

#include "app.h"

#define USAGE "levels [--wait] [ROUNDS]"

static void levels__log_default(int round)
{
	TTLOG_TRACE("trace", "round", round);
	TTLOG_DEBUG("debug", "round", round);
	TTLOG_INFO("info", "round", round);
	TTLOG_WARN("warn", "round", round);
	TTLOG_ERROR("error", "round", round);
	TTLOG_FATAL("fatal", "round", round);
}

#undef TTLOG_TARGET
#define TTLOG_TARGET "net.http"
static void levels__log_http(int round)
{
	TTLOG_TRACE("trace", "round", round);
	TTLOG_DEBUG("debug", "round", round);
	TTLOG_INFO("info", "round", round);
	TTLOG_WARN("warn", "round", round);
	TTLOG_ERROR("error", "round", round);
	TTLOG_FATAL("fatal", "round", round);
	TTLOG_PROBE(net_open, INFO, "Connection opened", "round", round);
}

#undef TTLOG_TARGET
#define TTLOG_TARGET "net.dns"
static void levels__log_dns(int round)
{
	TTLOG_TRACE("trace", "round", round);
	TTLOG_DEBUG("debug", "round", round);
	TTLOG_INFO("info", "round", round);
	TTLOG_WARN("warn", "round", round);
	TTLOG_ERROR("error", "round", round);
	TTLOG_FATAL("fatal", "round", round);
}

#undef TTLOG_TARGET
#define TTLOG_TARGET "disk"
static void levels__log_disk(int round)
{
	TTLOG_PROBE(disk_full, ERROR, "Disk is full", "round", round);
}

int main(int argc, char **argv)
{
	const int waits = argc > 1 && strcmp(argv[1], "--wait") == 0;
	const long rounds = argc > 1 + waits ? app__number(argv[1 + waits], 1000000000, USAGE) : 1;

	if (waits) {
		app__say("ready");
		app__wait();
	}
	for (int round = 0; round < rounds; round++) {
		levels__log_default(round);
		levels__log_http(round);
		levels__log_dns(round);
		levels__log_disk(round);
	}
	return 0;
}
