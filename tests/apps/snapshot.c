/* SPDX-License-Identifier: MIT */
/*
 * Asks for snapshots.
 *
 * usage: snapshot [--wait] [REASON...]		(default "checkpoint")
 *
 * Logs `before` (count 0 to 9), asks for a snapshot with each REASON, logs `after` (count 0 to 9).
 * --wait: says "asked" after the requests, and waits for a byte before it goes on.
 */
#define TTLOG_SERVICE "snapshot"
#include <ttlog/ttlog.h>

#include "app.h"

int main(int argc, char **argv)
{
	int wait = argc > 1 && !strcmp(argv[1], "--wait");

	argc -= wait;
	argv += wait;
	for (int count = 0; count < 10; count++)
		TTLOG_PROBE(before, INFO, "Before", "count", count);
	for (int i = 1; i < argc; i++)
		TTLOG_SNAPSHOT(argv[i]);
	if (argc == 1)
		TTLOG_SNAPSHOT("checkpoint");
	if (wait) {
		app__say("asked");
		app__wait();
	}
	for (int count = 0; count < 10; count++)
		TTLOG_PROBE(after, INFO, "After", "count", count);
	return 0;
}
