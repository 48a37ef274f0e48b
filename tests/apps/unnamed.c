/* SPDX-License-Identifier: MIT */
/*
 * A program that defines no service: it is called like its file.
 *
 * usage: unnamed
 *
 * Logs one event `ready`, hands it over, says "ready", and waits for a byte.
 */
#include <ttlog/ttlog.h>

#include "app.h"

int main(void)
{
	TTLOG_PROBE(ready, INFO, "Ready");
	app__say("ready");
	app__wait();
	return 0;
}
