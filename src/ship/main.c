/* SPDX-License-Identifier: MIT */
/*
 * ttlog-ship: sends the files of ttlog-collect to other machines.
 */
#include <sodium.h>
#include <stdio.h>

#include "http.h"
#include "ship.h"

int main(int argc, char **argv)
{
	struct ship_options options;
	int status;

	if (sodium_init() < 0) {
		fprintf(stderr, "ttlog-ship: can't start libsodium\n");
		return 1;
	}
	ship_options__parse(&options, argc, argv);
	if (http__start()) {
		fprintf(stderr, "ttlog-ship: can't start libcurl\n");
		return 1;
	}
	status = ship__run(&options);
	ship_options__fini(&options);
	return status;
}
