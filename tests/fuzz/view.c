/* SPDX-License-Identifier: MIT */
/*
 * Runs the whole of ttlog-view over one file, in this process, so that any mistake crashes.
 * tests/view/view_hostile.py compares the table with --help.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "fuzz.h"

/* main() of viewer/main.c */
int view_main(int argc, char **argv);

/* A sound chunk of 200 bytes may hold 65,536 events: to show them all would take too long. */
#define MOST_EVENTS "--head=300"

static const char *const WAYS[FUZZ_WAYS][2] = {
	{ "--format=text", MOST_EVENTS },
	{ "--format=json", MOST_EVENTS },
	{ "--format=csv", MOST_EVENTS },
	{ "--format=logfmt", MOST_EVENTS },
	{ "--format=chrome", MOST_EVENTS },
	{ "--format=otlp-json", MOST_EVENTS },
	{ "--format=html", MOST_EVENTS },
	{ "--format=perfetto", MOST_EVENTS },
	{ "--format=sentry", MOST_EVENTS },
	{ "--diff", "tests/golden/golden.bin" },
	{ "--stats", "--group-by=n,level,comm,symbol" },
	{ "--stats", "--format=json" },
	{ "--histogram=n", "--group-by=comm" },
	{ "--histogram=duration", "--format=json" },
	{ "--timeline", "--format=text" },
	{ "--timeline", "--format=json" },
	{ "--info", "--format=text" },
	{ "--info", "--format=json" },
	{ "--gdb", "--format=text" },
	{ "--sql=SELECT level, max(tid), min(msg) FROM events GROUP BY 1", "--format=json" },
	{ "--limit=20", "--filter=n>1 or tid<9 and text~a" },
};

unsigned fuzz__view(int fd)
{
	unsigned unreadable = 0;
	char name[] = "ttlog-view", output[] = "--output=/dev/null", path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	for (size_t i = 0; i < sizeof(WAYS) / sizeof(WAYS[0]); i++) {
		char way[2][64];
		char *argv[] = { name, output, way[0], way[1], path, NULL };
		int status;

		snprintf(way[0], sizeof(way[0]), "%s", WAYS[i][0]);
		snprintf(way[1], sizeof(way[1]), "%s", WAYS[i][1]);
		optind = 0;
		status = view_main(5, argv);
		FUZZ_CHECK(status == 0 || status == 1);
		/* that is 1 also if another program has its path now */
		if (strcmp(WAYS[i][0], "--gdb"))
			unreadable += (unsigned)status;
	}
	close(fd);
	return unreadable;
}
