/* SPDX-License-Identifier: MIT */
/*
 * Logs at a command, at two levels, under two targets.
 *
 * usage: talk
 *
 * Says "ready". For each byte on stdin it logs `chat` (DEBUG) and `word` (INFO) under the targets
 * net.http and db, four events with the same n from 0 on, and says "talk". Ends at the end of stdin.
 */
#define TTLOG_SERVICE "talk"
#define TTLOG_TARGET  "net.http"
#include <ttlog/ttlog.h>

#include "app.h"

static void talk__net(int n)
{
	TTLOG_PROBE(chat, DEBUG, "Chat", "n", n);
	TTLOG_PROBE(word, INFO, "Word", "n", n);
}

#undef TTLOG_TARGET
#define TTLOG_TARGET "db"
static void talk__db(int n)
{
	TTLOG_PROBE(chat, DEBUG, "Chat", "n", n);
	TTLOG_PROBE(word, INFO, "Word", "n", n);
}

int main(void)
{
	char byte;

	app__say("ready");
	for (int n = 0; read(0, &byte, 1) == 1; n++) {
		talk__net(n);
		talk__db(n);
		app__say("talk");
	}
	return 0;
}
