/* SPDX-License-Identifier: MIT */
/*
 * ttlog-fleet: talks to a fleet's servers for programs that shall not, which start it.
 */
#include <signal.h>
#include <sodium.h>
#include <stdio.h>

#include "client_options.h"
#include "fleet_ask.h"
#include "fleet_fetch.h"
#include "fleet_list.h"

int main(int argc, char **argv)
{
	struct client_options options;
	int status = 1;

	if (sodium_init() < 0) {
		fprintf(stderr, "ttlog-fleet: can't start libsodium\n");
		return 1;
	}
	(void)signal(SIGPIPE, SIG_IGN);
	client_options__parse(&options, argc, argv);
	switch (options.command) {
	case CLIENT_LIST:
		status = fleet_list__run(&options);
		break;
	case CLIENT_FETCH:
		status = fleet_fetch__run(&options);
		break;
	case CLIENT_ASK:
		status = fleet_ask__run(&options);
		break;
	}
	client_options__fini(&options);
	return status;
}
