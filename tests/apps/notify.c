/* SPDX-License-Identifier: MIT */
/*
 * Tells the collector again and again that its libraries have changed, while it has many mappings.
 *
 * usage: notify MAPPINGS
 *
 * Makes MAPPINGS mappings of its own file, and says "start". At a byte it logs `begin`, calls
 * 20,000 times the function by which the dynamic linker informs debuggers, and says "done". Then it
 * waits for another byte.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <link.h>
#include <sys/mman.h>

#define TTLOG_SERVICE "notify"
#include <ttlog/ttlog.h>

#include "app.h"

#define USAGE     "notify MAPPINGS"
#define CALLS     20000
#define MAP_BYTES 4096

int main(int argc, char **argv)
{
	int fd = open("/proc/self/exe", O_RDONLY);
	void (*notify)(void) = (void (*)(void))_r_debug.r_brk;
	long cnt;

	if (argc != 2)
		app__usage(USAGE);
	cnt = app__number(argv[1], 60000, USAGE);
	/* neighbours have different rights, so that the kernel does not merge them */
	for (long i = 0; i < cnt; i++) {
		if (mmap(NULL, MAP_BYTES, PROT_READ | (i % 2 ? PROT_EXEC : 0), MAP_PRIVATE, fd,
			 0) == MAP_FAILED)
			return 1;
	}
	app__say("start");
	app__wait();
	TTLOG_PROBE(begin, INFO, "Begin");
	for (int i = 0; i < CALLS; i++)
		notify();
	app__say("done");
	app__wait();
	return 0;
}
